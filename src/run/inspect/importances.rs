//! What a run's model leans on.

use super::Tested;
use crate::definition::LOSSES;
use crate::error::{Error, Result};
use crate::hash::Digest;
use crate::learn::{PermutationImportance, Permutations};
use crate::run::reference::KnownRun;
use crate::store::Store;

/// How often each feature is permuted where nothing else is asked for.
pub const DEFAULT_REPEATS: u16 = 10;

/// One seed for all runs: of equal test rows the same are exchanged, whatever the model.
const SEED: u64 = 0;

/// What each feature of a run is worth to its model.
#[derive(Debug, Clone, PartialEq)]
pub struct Importances {
    /// What is lost of it is a permutation's importance.
    pub metric: &'static str,
    /// Of the test rows as they are.
    pub score: f64,
    pub rows: u64,
    pub repeats: u16,
    /// By what their permutation costs, the most first; equal ones by name.
    pub features: Vec<FeatureImportance>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FeatureImportance {
    /// `table.feature`; the matrix columns of a category are one feature.
    pub feature: String,
    /// How much worse the metric gets: above 0 is worse, of losses too.
    pub permutation: PermutationImportance,
    /// The share of what splits on it took from the impurity of train rows; of trees alone.
    pub impurity: Option<f64>,
}

/// Permutes each feature among the test rows `repeats` times and looks what becomes of a metric: the
/// main one of the task where none is named.
///
/// # Errors
/// [`crate::error::Kind::MissingInput`] when the store does not have the run's outputs;
/// [`crate::error::Kind::Usage`] when the metric is none of the task's, or not defined on the rows.
pub fn importances(
    store: &Store,
    known: &KnownRun,
    metric: Option<&str>,
    repeats: u16,
) -> Result<Importances> {
    let repeats = repeats.max(1);
    let tested = Tested::of(store, known)?;
    let metric = tested.metric(metric)?;
    let score = score(&tested, metric)?;
    let sign = if LOSSES.contains(&metric) { -1.0 } else { 1.0 };
    let judge = |scores: Vec<f64>| {
        let judged = tested
            .predictions
            .with_scores(&tested.model.outcome, scores);
        let found = tested.evaluate(&judged).metrics.get(metric).copied();
        found
            .map(|value| sign * value)
            .ok_or_else(|| Error::failure(format!("`{metric}` leaves the range of an f64")))
    };
    let permutations = Permutations {
        seed: SEED,
        repeats: repeats.into(),
    };
    let columns = tested.columns()?;
    let found = tested
        .model
        .permutation_importances(&columns, permutations, judge)?;
    let impurities = tested.model.importances();
    let names = tested.model.encoder.feature_names().enumerate();
    let mut features: Vec<FeatureImportance> = names
        .zip(found)
        .map(|((at, name), permutation)| FeatureImportance {
            feature: name.to_string(),
            permutation,
            impurity: impurities.as_ref().map(|shares| shares[at].1),
        })
        .collect();
    features.sort_by(|a, b| b.permutation.mean.total_cmp(&a.permutation.mean));
    Ok(Importances {
        metric,
        score,
        rows: tested.rows.rows() as u64,
        repeats,
        features,
    })
}

/// The metric of the test rows as they are.
fn score(tested: &Tested, metric: &str) -> Result<f64> {
    let found = tested.evaluate(&tested.predictions);
    if let Some(score) = found.metrics.get(metric) {
        return Ok(*score);
    }
    let run = tested.run.short();
    let error = Error::usage(format!(
        "`{metric}` is not defined on the test rows of run {run}"
    ))
    .details(found.warnings.iter().map(ToString::to_string));
    let defined = tested.task().metrics().iter();
    let mut defined = defined.filter(|name| found.metrics.contains_key(**name));
    Err(match defined.next() {
        Some(other) => error.help(format!("`--metric {other}` can be asked for")),
        None => error,
    })
}
