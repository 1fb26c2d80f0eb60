//! That every model is drawn, and drawn the same; what is computed of it `tests/peers/run` sees.

use super::*;
use crate::definition::estimator::ESTIMATORS;
use crate::definition::{
    CalibrationMethod, CategoricalEncoding, MissingCategorical, MissingNumeric, NumericEncoding,
    Preprocess, Task,
};
use crate::hash::{Digest, FeatureHash, ObjectId};
use crate::learn::{
    Calibration, Encoder, Examples, FeatureValues, HeldOut, Supervision, Target, fit, testing,
};

/// Nulls become something, and are refused.
fn preprocessings() -> [Preprocess; 3] {
    let filled = Preprocess {
        missing_numeric: MissingNumeric::Mean,
        missing_categorical: MissingCategorical::Category,
        ..testing::preprocess()
    };
    let numbers = Preprocess {
        numeric: NumericEncoding::Standardize,
        categorical: CategoricalEncoding::Ordinal,
        missing_categorical: MissingCategorical::MostFrequent,
        ..filled.clone()
    };
    let labels = Preprocess {
        categorical: CategoricalEncoding::Target,
        rare: Some(0.4),
        ..filled.clone()
    };
    [filled, numbers, labels]
}

/// A model of the four features of [`testing::features`]; of classes the second of four has no rows.
fn model(kind: &str, task: Task, preprocess: &Preprocess, rows: usize) -> Model {
    let columns = testing::features(rows);
    let fee = columns.iter().find(|column| column.name == "billing.fee");
    let Some(FeatureValues::Numeric(fees)) = fee.map(|column| &column.values) else {
        panic!("a fee is a number");
    };
    let fees: Vec<f64> = fees.iter().map(|fee| fee.unwrap()).collect();
    let yes: Vec<bool> = fees.iter().map(|fee| *fee > 70.0).collect();
    let class = |fee: &f64| [0, 2, 3][(*fee / 45.0) as usize % 3];
    let classes: Vec<u32> = fees.iter().map(class).collect();
    let names = ["a", "b", "c", "d"].map(String::from).to_vec();
    let (outcome, target) = match task {
        Task::Binary => (Outcome::Binary, Target::Binary(&yes)),
        Task::Regression => (Outcome::Regression, Target::Regression(&fees)),
        Task::Multiclass => {
            let target = Target::Multiclass {
                classes: 4,
                rows: &classes,
            };
            (Outcome::Multiclass(names), target)
        }
    };
    let folds: Vec<u8> = (0..rows).map(|row| (row % 5) as u8).collect();
    let labels = Supervision {
        target,
        weights: None,
        folds: &folds,
    };
    let train: Vec<usize> = (0..rows).collect();
    let (encoder, _) = Encoder::fit(&columns, &train, preprocess, Some(&labels)).unwrap();
    let matrix = encoder.transform(&columns).unwrap().matrix;
    let parameters = testing::parameters(kind);
    let (fitted, _) = fit(&parameters, &Examples::new(&matrix, target)).unwrap();
    Model::new(outcome, encoder, parameters, fitted, FeatureHash::of)
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len())
        .any(|found| found == text.as_bytes())
}

#[test]
fn every_model_is_drawn() {
    for estimator in ESTIMATORS {
        for task in estimator.tasks {
            // Of ten rows no tree of `gradient_boosting` is split.
            for (preprocess, rows) in preprocessings().iter().zip([80, 80, 10]) {
                let drawn = model(estimator.name, *task, preprocess, rows);
                let drawn = drawn
                    .to_onnx(OnnxForm::Columns, 0.5, &[("run", "r".into())])
                    .unwrap();
                let inputs: Vec<_> = drawn
                    .inputs
                    .iter()
                    .map(|i| (i.name.as_str(), i.kind))
                    .collect();
                assert_eq!(
                    inputs,
                    [
                        ("billing.fee", "double"),
                        ("usage.hours", "double"),
                        ("users.active", "string"),
                        ("users.plan", "string"),
                    ]
                );
                let outputs: Vec<_> = drawn
                    .outputs
                    .iter()
                    .map(|o| (o.name.as_str(), o.kind, o.columns))
                    .collect();
                let probability = ("probability", "double", 1);
                let expected = match task {
                    Task::Binary => vec![("prediction", "int64", 1), probability],
                    Task::Multiclass => vec![
                        ("prediction", "string", 1),
                        probability,
                        ("probabilities", "double", 4),
                    ],
                    Task::Regression => vec![("prediction", "double", 1)],
                };
                assert_eq!(outputs, expected);
                let forest = matches!(
                    estimator.name,
                    "decision_tree" | "extra_trees" | "random_forest"
                );
                let trees = forest || estimator.name == "gradient_boosting" && rows > 10;
                assert_eq!(
                    holds(&drawn.bytes, "TreeEnsemble"),
                    trees,
                    "{} {rows}",
                    estimator.name
                );
                assert!(holds(&drawn.bytes, "users.plan"));
            }
        }
    }
}

#[test]
fn a_calibrated_model_is_drawn_with_its_threshold() {
    let [filled, ..] = preprocessings();
    for (task, width) in [(Task::Binary, 1), (Task::Multiclass, 4)] {
        let plain = model("gaussian_nb", task, &filled, 80);
        let scores: Vec<f64> = (0..40 * width)
            .map(|at| (at * 7 % 40) as f64 / 40.0)
            .collect();
        let (yes, classes): (Vec<bool>, Vec<u32>) = (0..40)
            .map(|row: u32| (row.is_multiple_of(3), row % 4))
            .unzip();
        let target = match task {
            Task::Binary => Target::Binary(&yes),
            _ => Target::Multiclass {
                classes: 4,
                rows: &classes,
            },
        };
        let held_out = HeldOut {
            target,
            scores: &scores,
            weights: None,
        };
        for method in [CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
            let mut calibrated = plain.clone();
            calibrated.calibration = Some(Calibration::fit(method, &held_out));
            calibrated.threshold = (task == Task::Binary).then_some(0.3125);
            let drawn = calibrated.to_onnx(OnnxForm::Columns, 0.5, &[]).unwrap();
            assert_ne!(
                drawn.bytes,
                plain.to_onnx(OnnxForm::Columns, 0.5, &[]).unwrap().bytes
            );
            assert_eq!(holds(&drawn.bytes, "0.3125"), task == Task::Binary);
        }
    }
}

/// A change here changes the files that are made of runs there are.
#[test]
fn golden_vectors() {
    let [filled, numbers, labels] = preprocessings();
    let golden = [
        ("gradient_boosting", Task::Binary, filled),
        ("random_forest", Task::Multiclass, numbers),
        ("ridge", Task::Regression, labels),
    ]
    .map(|(kind, task, preprocess)| {
        let drawn = model(kind, task, &preprocess, 80)
            .to_onnx(OnnxForm::Columns, 0.5, &[])
            .unwrap();
        // The version of the program stands in it.
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        let at = drawn
            .bytes
            .windows(version.len())
            .position(|found| found == version);
        let after = at.unwrap() + version.len();
        ObjectId::of_bytes(&drawn.bytes[after..]).to_string()
    });
    assert_eq!(
        golden,
        [
            "793e869a2ced5d90872c4276e0dc8b7a58c30c58c34e804b56b565302a6342de",
            "fff3911cdaf11976bd611e3dc75c1158d4f0b6dd793613c3f9fb597e3a2bbac3",
            "c1213fe14ae58cf7b56fab9c8033ea12986a255fa06b7ca7c52408783829ea8b"
        ]
    );
}
