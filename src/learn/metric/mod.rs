//! How good predictions are, given what happened.
//!
//! Every value equals scikit-learn's function of the same name; `tests/peers/reference_learn.py`
//! makes the vectors that the tests compare with.

mod binary;
mod multiclass;
mod regression;

use std::collections::BTreeMap;

pub use binary::Confusion;
pub(super) use binary::{Steps, auc, row_brier, row_log_loss};
pub(super) use multiclass::WeighedClasses;
pub use regression::Residuals;
pub(super) use regression::WeighedNumbers;

use super::Warning;
use crate::definition::Task;

/// Raised when the same labels and predictions give other metrics than before.
pub const EVALUATE_VERSION: u32 = 1;

/// What a model says of some rows, beside what happened.
#[derive(Debug, Clone, Copy)]
pub enum Scored<'a> {
    Binary {
        labels: &'a [bool],
        /// Of the positive class.
        probabilities: &'a [f64],
        /// A probability of at least this is predicted positive.
        threshold: f64,
    },
    Multiclass {
        classes: usize,
        /// Each below `classes`.
        labels: &'a [u32],
        /// Row after row, as many a row as there are classes.
        probabilities: &'a [f64],
    },
    Regression {
        truth: &'a [f64],
        predictions: &'a [f64],
    },
}

impl Scored<'_> {
    pub fn task(&self) -> Task {
        match self {
            Self::Binary { .. } => Task::Binary,
            Self::Multiclass { .. } => Task::Multiclass,
            Self::Regression { .. } => Task::Regression,
        }
    }
}

/// The answer to "how good is it" on some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// By the names of [`Task::metrics`]. Always finite. Undefined ones are left out, and a warning
    /// says why.
    pub metrics: BTreeMap<String, f64>,
    pub detail: Detail,
    pub warnings: Vec<Warning>,
}

/// What stands behind the metrics.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    Binary {
        confusion: Confusion,
        /// Share of positive rows; 0 without rows.
        prevalence: f64,
    },
    Multiclass {
        /// For each class of the label, how many rows were predicted to be of each class.
        confusion: Vec<Vec<u64>>,
    },
    /// None without rows.
    Regression { residuals: Option<Residuals> },
}

/// Compares what a model says with what happened, row by row.
pub fn evaluate(scored: &Scored<'_>) -> Evaluation {
    match *scored {
        Scored::Binary {
            labels,
            probabilities,
            threshold,
        } => binary::evaluate(labels, probabilities, threshold),
        Scored::Multiclass {
            classes,
            labels,
            probabilities,
        } => multiclass::evaluate(&WeighedClasses::of(classes, labels, probabilities)),
        Scored::Regression { truth, predictions } => {
            regression::evaluate(&WeighedNumbers::of(truth, predictions))
        }
    }
}

/// The number of the largest probability, of equal ones the first.
pub fn most_probable(probabilities: &[f64]) -> usize {
    let larger = |best: usize, class: usize| match probabilities[class] > probabilities[best] {
        true => class,
        false => best,
    };
    (0..probabilities.len()).fold(0, larger)
}

/// The metrics of a task by name, the undefined left out.
fn named(task: Task, values: &[Option<f64>]) -> BTreeMap<String, f64> {
    let named = task.metrics().iter().zip(values);
    named
        .filter_map(|(name, value)| Some(((*name).to_string(), (*value)?)))
        .collect()
}

fn no_rows() -> Warning {
    Warning::new("There are no test rows, so there are no metrics.")
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
