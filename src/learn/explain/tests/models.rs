//! Real models taken apart.

use super::super::of_model::NOT_TAKEN_APART;
use super::*;
use crate::definition::estimator::ESTIMATORS;
use crate::definition::{MissingCategorical, MissingNumeric, Preprocess, Task};
use crate::error::Kind;
use crate::hash::{Digest, FeatureHash};
use crate::learn::{
    Encoder, EstimatorParameters, Examples, FeatureColumn, Model, Outcome, fit, testing,
};
use crate::math;

fn train(kind: &str, columns: &[FeatureColumn]) -> Model {
    let rows = columns[0].rows();
    let preprocess = Preprocess {
        missing_numeric: MissingNumeric::Mean,
        missing_categorical: MissingCategorical::Category,
        ..testing::preprocess()
    };
    let train: Vec<usize> = (0..rows).collect();
    let (encoder, _) = Encoder::fit(columns, &train, &preprocess).unwrap();
    let matrix = encoder.transform(columns).unwrap().matrix;
    let mut random = Random::new(5);
    let labels = matrix
        .column(0)
        .map(|fee| fee + 60.0 * random.unit() > 90.0);
    let labels: Vec<bool> = labels.collect();
    let parameters: EstimatorParameters = testing::parameters(kind);
    let (fitted, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
    Model::new(
        Outcome::Binary,
        encoder,
        parameters,
        fitted,
        FeatureHash::of,
    )
}

/// Of every estimator: base and contributions add up to the probability, or it says why not.
#[test]
fn what_is_taken_apart_adds_up() {
    let columns = testing::features(300);
    for estimator in ESTIMATORS {
        let name = estimator.name;
        if !estimator.tasks.contains(&Task::Binary) {
            continue;
        }
        let model = train(name, &columns);
        let explainer = match model.explainer() {
            Ok(explainer) => explainer,
            Err(error) => {
                assert!(NOT_TAKEN_APART.contains(&name), "{name}: {error:?}");
                assert_eq!(error.kind(), Kind::Usage);
                continue;
            }
        };
        assert!(!NOT_TAKEN_APART.contains(&name), "{name}");
        let scores = model.predict(&columns).unwrap().scores;
        let explained = model.explain(&explainer, &columns, &scores).unwrap();
        assert_eq!(explained.len(), scores.len());
        for (found, score) in explained.iter().zip(&scores) {
            assert_eq!(found.contributions.len(), 4);
            let sum = found.contributions.iter().fold(found.base, |a, b| a + b);
            let probability = match found.scale {
                Scale::LogOdds => math::sigmoid(sum),
                _ => sum,
            };
            assert!(
                (probability - score).abs() < 1e-12,
                "{name}: {probability}, not {score}"
            );
            assert_eq!(found.base.to_bits(), explained[0].base.to_bits());
        }
        let moves = explained.iter().flat_map(|found| &found.contributions);
        let moves = moves.fold(0.0, |most: f64, part| most.max(part.abs()));
        assert_eq!(moves > 0.0, name != "prior", "{name}");
    }
}

/// A tree that sees all rows says of them on average the share of true labels, which is its base.
#[test]
fn the_base_is_what_the_train_rows_come_to() {
    let columns = testing::features(300);
    for kind in ["decision_tree", "extra_trees", "prior"] {
        let model = train(kind, &columns);
        let scores = model.predict(&columns).unwrap().scores;
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let explainer = model.explainer().unwrap();
        let explained = model.explain(&explainer, &columns, &scores).unwrap();
        let off = explained[0].base - mean;
        assert!(off.abs() < 1e-12, "{kind}: off by {off}");
    }
}

/// How long a row takes; run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn figures_of_a_row() {
    let mut model = testing::model("random_forest");
    let trees = crate::definition::Value::Integer(300);
    model.parameters.insert("trees".into(), trees);
    let parameters = EstimatorParameters::of(&model).unwrap();
    let (matrix, labels) = testing::classification(5000, 20, 3);
    let (fitted, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
    let preprocess = testing::preprocess();
    let numbers = (0..20).map(|column| {
        let values = matrix.column(column).map(Some).collect();
        FeatureColumn::numeric(format!("t.c{column:02}"), values)
    });
    let numbers: Vec<FeatureColumn> = numbers.collect();
    let train: Vec<usize> = (0..5000).collect();
    let (encoder, _) = Encoder::fit(&numbers, &train, &preprocess).unwrap();
    let model = Model::new(
        Outcome::Binary,
        encoder,
        parameters,
        fitted,
        FeatureHash::of,
    );
    let start = std::time::Instant::now();
    let explainer = model.explainer().unwrap();
    println!("made ready in {:?}", start.elapsed());
    if let Sum::Trees(trees) = &explainer.sum {
        let nodes: usize = trees.trees.iter().map(|tree| tree.nodes.len()).sum();
        let ways = trees.trees.iter().map(|tree| tree.columns_on_a_way).max();
        println!("{nodes} nodes, {ways:?} columns on a way at most");
    }
    for rows in [1, 16, 200] {
        let some = matrix.select_rows(&(0..rows).collect::<Vec<_>>());
        let start = std::time::Instant::now();
        let found = explainer.explain(&some, &vec![0; rows], <[f64]>::to_vec);
        let each = start.elapsed() / rows as u32;
        println!("{} rows, each {each:?}", found.len());
    }
}
