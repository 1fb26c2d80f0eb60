//! `[cross_validation]`: how the train rows judge the model beside the test rows.

use super::InvalidName;
use super::experiment::words;

/// The train rows in parts, each scored by a model that has learnt from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossValidation {
    pub method: FoldMethod,
    /// How many parts are scored.
    pub folds: u32,
    /// Of the methods that draw; `time` has none.
    pub seed: i64,
}

words! {
    /// How the train rows are divided into folds. An entity is always in one fold alone, but for `time`.
    FoldMethod {
        /// By the entity's key alone: it never changes its fold when other rows come or go.
        Grouped = "grouped",
        /// Entities dealt out class by class: folds of one size and one share of each class.
        Stratified = "stratified",
        /// Dates in order: each part is scored by a model of all earlier ones.
        Time = "time",
    }
}

impl CrossValidation {
    pub const DEFAULT_FOLDS: u32 = 5;
    pub const MAX_FOLDS: u32 = 100;
    /// Before the name of a metric: its mean over the folds.
    pub const PREFIX: &'static str = "cv_";

    /// The metric that a mean over folds is of; none for any other metric.
    pub fn metric_of(name: &str) -> Option<&str> {
        name.strip_prefix(Self::PREFIX)
    }
}
