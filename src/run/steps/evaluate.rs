//! Metrics of the scores, beside those of the class rate.

use super::split::TRAIN;
use super::{PROBABILITY, column, labels, rows_of};
use crate::error::{Error, Result};
use crate::learn::{self, Model};
use crate::plan::RunSpec;
use crate::run::artefact::Report;
use crate::table::{Cell, Frame};

/// Judges a model by its scores of the test rows.
pub fn evaluate(
    spec: &RunSpec,
    training_set: &Frame,
    split: &Frame,
    model: &Model,
    predictions: &Frame,
) -> Result<Report> {
    let truth = labels(predictions)?;
    let scores = column(predictions, PROBABILITY)?;
    let scores: Vec<f64> = (0..predictions.rows())
        .map(|row| match scores.cell(row) {
            Cell::F64(score) => Ok(score),
            _ => Err(Error::failure("a prediction holds no score")),
        })
        .collect::<Result<_>>()?;
    let found = learn::evaluate(&truth, &scores, spec.threshold);
    let train = rows_of(split, TRAIN)?;
    let all = labels(training_set)?;
    let rate = train.iter().filter(|row| all[**row]).count() as f64 / train.len().max(1) as f64;
    let prior = learn::evaluate(&truth, &vec![rate; truth.len()], spec.threshold);
    let mut importances = model.importances().unwrap_or_default();
    // The largest first; equal ones by name, as they come.
    importances.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(Report {
        metrics: found.metrics,
        prior_metrics: prior.metrics,
        confusion: found.confusion,
        threshold: spec.threshold,
        train: train.len() as u64,
        test: truth.len() as u64,
        prevalence: found.prevalence,
        importances,
        warnings: found.warnings.iter().map(ToString::to_string).collect(),
    })
}
