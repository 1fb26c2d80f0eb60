//! Real models taken apart.

use super::super::of_model::NOT_TAKEN_APART;
use super::*;
use crate::definition::estimator::ESTIMATORS;
use crate::definition::{MissingCategorical, MissingNumeric, Preprocess, Task};
use crate::error::Kind;
use crate::hash::{Digest, FeatureHash};
use crate::learn::{
    Encoder, EstimatorParameters, Examples, FeatureColumn, FittedModel, Model, Outcome, Target,
    fit, most_probable, testing,
};
use crate::math;

/// A model of the task: whether the fee is high, in which third it lies, or what it comes to.
fn train(kind: &str, task: Task, columns: &[FeatureColumn]) -> Model {
    let rows = columns[0].rows();
    let preprocess = Preprocess {
        missing_numeric: MissingNumeric::Mean,
        missing_categorical: MissingCategorical::Category,
        ..testing::preprocess()
    };
    let train: Vec<usize> = (0..rows).collect();
    let (encoder, _) = Encoder::fit(columns, &train, &preprocess, None).unwrap();
    let matrix = encoder.transform(columns).unwrap().matrix;
    let mut random = Random::new(5);
    let noisy = matrix.column(0).map(|fee| fee + 60.0 * random.unit());
    let numbers: Vec<f64> = noisy.collect();
    let labels: Vec<bool> = numbers.iter().map(|number| *number > 90.0).collect();
    let class = |number: &f64| u32::from(*number > 60.0) + u32::from(*number > 120.0);
    let classes: Vec<u32> = numbers.iter().map(class).collect();
    let (target, outcome) = match task {
        Task::Binary => (Target::Binary(&labels), Outcome::Binary),
        Task::Regression => (Target::Regression(&numbers), Outcome::Regression),
        Task::Multiclass => {
            let rows = classes.as_slice();
            let names = ["high", "low", "mid"].map(ToString::to_string);
            let target = Target::Multiclass { classes: 3, rows };
            (target, Outcome::Multiclass(names.to_vec()))
        }
    };
    let parameters: EstimatorParameters = testing::parameters(kind);
    let examples = Examples {
        target,
        ..Examples::binary(&matrix, &labels)
    };
    let (fitted, _) = fit(&parameters, &examples).unwrap();
    Model::new(outcome, encoder, parameters, fitted, FeatureHash::of)
}

/// What the sums of all outputs of a row say of it.
fn said(task: Task, scale: Scale, mut sums: Vec<f64>) -> Vec<f64> {
    match (task, scale) {
        (Task::Binary, Scale::LogOdds) => vec![math::sigmoid(sums[0])],
        (Task::Multiclass, Scale::LogOdds) => {
            math::softmax(&mut sums);
            sums
        }
        _ => sums,
    }
}

/// Of every estimator and task: base and contributions add up to what is said, or it says why not.
#[test]
fn what_is_taken_apart_adds_up() {
    let columns = testing::features(300);
    for (estimator, task) in ESTIMATORS
        .iter()
        .flat_map(|estimator| estimator.tasks.iter().map(move |task| (estimator, *task)))
    {
        let name = estimator.name;
        let model = train(name, task, &columns);
        let explainer = match model.explainer() {
            Ok(explainer) => explainer,
            Err(error) => {
                assert!(NOT_TAKEN_APART.contains(&name), "{name}: {error:?}");
                assert_eq!(error.kind(), Kind::Usage);
                continue;
            }
        };
        assert!(!NOT_TAKEN_APART.contains(&name), "{name}");
        let is_number = explainer.scale() == Scale::Number;
        assert_eq!(is_number, task == Task::Regression, "{name}");
        assert_adds_up(&model, &explainer, task, &columns);
    }
}

fn assert_adds_up(model: &Model, explainer: &Explainer, task: Task, columns: &[FeatureColumn]) {
    let name = model.parameters.kind();
    let scores = model.predict(columns).unwrap().scores;
    let matrix = model.encoder.transform(columns).unwrap().matrix;
    let width = model.outcome.output().width();
    let of_output = |output: usize| {
        explainer.explain(&matrix, &vec![output; matrix.rows()], |columns| {
            model.encoder.sums_by_feature(columns)
        })
    };
    let outputs: Vec<Vec<Explanation>> = (0..width).map(of_output).collect();
    let sum = |found: &Explanation| found.contributions.iter().fold(found.base, |a, b| a + b);
    for (row, scores) in scores.chunks(width).enumerate() {
        let sums = outputs.iter().map(|rows| sum(&rows[row]));
        let said = said(task, explainer.scale(), sums.collect());
        for (said, score) in said.iter().zip(scores) {
            let off = (said - score).abs();
            assert!(off < 1e-10, "{name} {task:?}: {said}, not {score}");
        }
    }
    let explained = model.explain(explainer, columns, &scores).unwrap();
    for (row, found) in explained.iter().enumerate() {
        assert_eq!(found.contributions.len(), 4);
        let best = most_probable(&scores[row * width..][..width]);
        assert_eq!(*found, outputs[best][row], "{name} {task:?}");
    }
    let moves = explained.iter().flat_map(|found| &found.contributions);
    let moves = moves.fold(0.0, |most: f64, part| most.max(part.abs()));
    assert_eq!(moves > 0.0, name != "prior", "{name}");
}

/// A tree that sees all rows says of them on average the share of true labels, which is its base.
#[test]
fn the_base_is_what_the_train_rows_come_to() {
    let columns = testing::features(300);
    for kind in ["decision_tree", "extra_trees", "prior"] {
        let model = train(kind, Task::Binary, &columns);
        let scores = model.predict(&columns).unwrap().scores;
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let explainer = model.explainer().unwrap();
        let explained = model.explain(&explainer, &columns, &scores).unwrap();
        let off = explained[0].base - mean;
        assert!(off.abs() < 1e-12, "{kind}: off by {off}");
    }
}

/// A file from before the means were kept answers, and says what it lacks.
#[test]
fn an_older_model_says_what_it_lacks() {
    let columns = testing::features(300);
    let mut model = train("logistic_regression", Task::Binary, &columns);
    let scores = model.predict(&columns).unwrap().scores;
    match &mut model.fitted {
        FittedModel::LogisticRegression(linear) => linear.means = None,
        other => panic!("{other:?}"),
    }
    assert_eq!(model.predict(&columns).unwrap().scores, scores);
    let error = model.explainer().unwrap_err();
    assert_eq!(error.kind(), Kind::MissingInput);
    assert!(
        error.message().contains("means of the train rows"),
        "{error:?}"
    );
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
    let (encoder, _) = Encoder::fit(&numbers, &train, &preprocess, None).unwrap();
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
