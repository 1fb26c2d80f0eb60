//! Metrics of the scores, beside those of the class rate or the mean.

use super::labels::Labels;
use super::predictions::Predictions;
use super::rows_of;
use super::split::TRAIN;
use crate::error::Result;
use crate::learn::{self, Detail, Evaluation, Model};
use crate::plan::RunSpec;
use crate::run::artefact::{ClassTable, Report};
use crate::table::Frame;

/// Judges a model by its scores of the test rows.
pub fn evaluate(
    spec: &RunSpec,
    training_set: &Frame,
    split: &Frame,
    model: &Model,
    predictions: &Frame,
) -> Result<Report> {
    let predictions = Predictions::of(predictions)?;
    let found = learn::evaluate(&predictions.scored(spec.threshold));
    let train = rows_of(split, TRAIN)?;
    let prior = predictions.by_prior(&Labels::of(training_set)?, &train);
    let prior = learn::evaluate(&prior.scored(spec.threshold));
    let mut importances = model.importances().unwrap_or_default();
    // The largest first; equal ones by name, as they come.
    importances.sort_by(|a, b| b.1.total_cmp(&a.1));
    let Evaluation {
        metrics,
        detail,
        warnings,
    } = found;
    let mut report = Report {
        metrics,
        prior_metrics: prior.metrics,
        confusion: None,
        threshold: None,
        train: train.len() as u64,
        test: predictions.rows() as u64,
        prevalence: None,
        classes: None,
        residuals: None,
        importances,
        warnings: warnings.iter().map(ToString::to_string).collect(),
    };
    match detail {
        Detail::Binary {
            confusion,
            prevalence,
        } => {
            report.confusion = Some(confusion);
            report.threshold = Some(spec.threshold);
            report.prevalence = Some(prevalence);
        }
        Detail::Multiclass { confusion } => {
            report.warnings.extend(unknown_classes(model, &predictions));
            report.classes = Some(ClassTable {
                names: predictions.classes().to_vec(),
                confusion,
            });
        }
        Detail::Regression { residuals } => report.residuals = residuals,
    }
    Ok(report)
}

/// Classes that no train row has cannot be predicted.
fn unknown_classes(model: &Model, predictions: &Predictions) -> Option<String> {
    let learn::Outcome::Multiclass(known) = &model.outcome else {
        return None;
    };
    let classes = predictions.classes().iter();
    let unknown: Vec<String> = classes
        .filter(|class| !known.contains(class))
        .map(|class| format!("{class:?}"))
        .collect();
    (!unknown.is_empty()).then(|| {
        let names = unknown.join(", ");
        format!("No train row has the label {names}: test rows that have it count as wrong.")
    })
}
