//! Metrics of the scores, beside those of the class rate or the mean.

use std::collections::BTreeMap;

use super::calibrate::{FoldScores, FoldThreshold};
use super::labels::Labels;
use super::predictions::Predictions;
use super::rows_of;
use super::split::TRAIN;
use crate::definition::CrossValidation;
use crate::error::Result;
use crate::learn::{self, Detail, Evaluation, Model};
use crate::plan::RunSpec;
use crate::run::artefact::{ClassTable, CrossValidated, FoldMetric, Report};
use crate::run::spread::Spread;
use crate::table::Frame;

/// What a model is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    pub training_set: &'a Frame,
    pub split: &'a Frame,
    pub model: &'a Model,
    pub predictions: &'a Frame,
    /// Scores of the train rows by fold, where the run has some.
    pub of_folds: Option<&'a Frame>,
}

/// Judges a model by its scores of the test rows.
pub fn evaluate(spec: &RunSpec, judged: &Judged<'_>) -> Result<Report> {
    let Judged {
        training_set,
        split,
        model,
        predictions,
        of_folds,
    } = *judged;
    let predictions = Predictions::of(predictions)?;
    let threshold = model.decides_from(spec.threshold);
    let found = learn::evaluate(&predictions.scored(threshold));
    let train = rows_of(split, TRAIN)?;
    let prior = predictions.by_prior(&Labels::of(training_set)?, &train);
    let prior = learn::evaluate(&prior.scored(threshold));
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
        threshold_picked: model.threshold.is_some(),
        train: train.len() as u64,
        test: predictions.rows() as u64,
        prevalence: None,
        classes: None,
        residuals: None,
        cross_validation: None,
        importances,
        warnings: warnings.iter().map(ToString::to_string).collect(),
    };
    match detail {
        Detail::Binary {
            confusion,
            prevalence,
        } => {
            report.confusion = Some(confusion);
            report.threshold = Some(threshold);
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
    if let (Some(of_folds), Some(rule)) = (of_folds, spec.cross_validation) {
        let found = cross_validated(spec, rule, of_folds)?;
        add_means(&mut report, &found);
        report.cross_validation = Some(found);
    }
    Ok(report)
}

/// Metrics that a threshold decides.
const DECIDED: [&str; 4] = ["accuracy", "f1", "precision", "recall"];

/// The metrics of each fold, and how they are spread.
fn cross_validated(
    spec: &RunSpec,
    rule: CrossValidation,
    of_folds: &Frame,
) -> Result<CrossValidated> {
    let scores = FoldScores::of(of_folds)?;
    let of_fold = |number: u32| {
        let (scored, threshold) = scores.judged(number, spec.calibrate.as_ref());
        let found = learn::evaluate(&scored.scored(match threshold {
            FoldThreshold::Declared | FoldThreshold::Unreached => spec.threshold,
            FoldThreshold::At(threshold) => threshold,
        }));
        let mut metrics = found.metrics;
        if threshold == FoldThreshold::Unreached {
            metrics.retain(|name, _| !DECIDED.contains(&name.as_str()));
        }
        (scored.rows() as u64, metrics)
    };
    let (rows, metrics): (Vec<u64>, Vec<BTreeMap<String, f64>>) =
        (1..=rule.folds).map(of_fold).unzip();
    let of_metric = |name: &&str| {
        let folds: Vec<Option<f64>> = metrics.iter().map(|of| of.get(*name).copied()).collect();
        // A mean of some of the folds would be another number than that of all.
        let all: Option<Vec<f64>> = folds.iter().copied().collect();
        let spread = all.and_then(|all| Spread::of(&all));
        let metric = FoldMetric {
            mean: spread.map(|spread| spread.mean),
            sd: spread.map(|spread| spread.sd),
            folds,
        };
        ((*name).to_string(), metric)
    };
    Ok(CrossValidated {
        method: rule.method.as_str().to_string(),
        rows,
        metrics: spec.label.task.metrics().iter().map(of_metric).collect(),
    })
}

/// The means stand among the metrics; one that a fold does not have is left out, with a warning.
fn add_means(report: &mut Report, found: &CrossValidated) {
    let mut undefined = Vec::new();
    for (name, metric) in &found.metrics {
        match metric.mean {
            Some(mean) => {
                let name = format!("{}{name}", CrossValidation::PREFIX);
                report.metrics.insert(name, mean);
            }
            None => undefined.push(name.as_str()),
        }
    }
    if !undefined.is_empty() {
        report.warnings.push(format!(
            "A fold has no {}: there is no mean of it over the folds.",
            undefined.join(", "),
        ));
    }
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
