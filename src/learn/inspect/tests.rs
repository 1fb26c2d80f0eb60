//! The laws of the questions, on models that are fitted here.

use super::*;
use crate::definition::{CalibrationMethod, MissingCategorical, MissingNumeric, Preprocess};
use crate::error::{Error, Result};
use crate::hash::{Digest, FeatureHash};
use crate::learn::testing::{self, Random, on_threads};
use crate::learn::{
    Calibration, Encoder, EstimatorParameters, Examples, FeatureColumn, FeatureValues, HeldOut,
    Model, Outcome, Scored, Target, evaluate,
};

/// A model of two numbers and two texts, and a number that every row has alike.
pub(super) fn fitted(kind: &str, rows: usize) -> (Model, Vec<FeatureColumn>, Vec<bool>) {
    let mut columns = testing::features(rows);
    columns.push(FeatureColumn::numeric("users.one", vec![Some(1.0); rows]));
    let labels = labels(&columns);
    (of_columns(kind, &columns, &labels), columns, labels)
}

fn labels(columns: &[FeatureColumn]) -> Vec<bool> {
    let mut random = Random::new(31);
    let FeatureValues::Numeric(fees) = &columns[3].values else {
        panic!("the fee is a number");
    };
    let FeatureValues::Categorical(plans) = &columns[0].values else {
        panic!("the plan is a text");
    };
    let rows = fees.iter().zip(plans);
    rows.map(|(fee, plan)| {
        let gold = f64::from(u8::from(plan.as_deref() == Some("gold")));
        3.0 * fee.unwrap_or(0.0) / 125.0 + gold / 2.0 + random.unit() > 2.0
    })
    .collect()
}

fn of_columns(kind: &str, columns: &[FeatureColumn], labels: &[bool]) -> Model {
    let parameters = testing::parameters(kind);
    of_target(parameters, columns, Outcome::Binary, Target::Binary(labels))
}

fn of_target(
    parameters: EstimatorParameters,
    columns: &[FeatureColumn],
    outcome: Outcome,
    target: Target<'_>,
) -> Model {
    let preprocess = Preprocess {
        missing_numeric: MissingNumeric::Median,
        missing_categorical: MissingCategorical::Category,
        ..testing::preprocess()
    };
    let train: Vec<usize> = (0..target.rows()).collect();
    let (encoder, _) = Encoder::fit(columns, &train, &preprocess, None).unwrap();
    let matrix = encoder.transform(columns).unwrap().matrix;
    let examples = Examples::new(&matrix, target);
    let (fitted, _) = crate::learn::fit(&parameters, &examples).unwrap();
    Model::new(outcome, encoder, parameters, fitted, |name| {
        FeatureHash::of(name)
    })
}

fn metric(labels: &[bool], name: &str, probabilities: &[f64]) -> f64 {
    evaluate(&Scored::Binary {
        labels,
        probabilities,
        threshold: 0.5,
    })
    .metrics[name]
}

fn importances(
    model: &Model,
    columns: &[FeatureColumn],
    labels: &[bool],
    permutations: Permutations,
) -> Vec<(String, PermutationImportance)> {
    let judge = |scores: Vec<f64>| Ok(metric(labels, "auc", &scores));
    let found = model
        .permutation_importances(columns, permutations, judge)
        .unwrap();
    let names = model.encoder.feature_names().map(ToString::to_string);
    names.zip(found).collect()
}

const TWICE: Permutations = Permutations {
    seed: 0,
    repeats: 2,
};

mod dependence;
mod permutation;
mod reference;
mod segment;
