//! Made-up data for tests: the same on every machine.

use std::collections::BTreeMap;

pub use super::random::Random;
use super::{
    EstimatorParameters, FeatureColumn, GradientBoostingParameters, KnnParameters,
    LogisticRegressionParameters, Matrix, RandomForestParameters,
};
use crate::definition::{Model, Preprocess, Value, estimator};

/// Numbers as they are; nulls refused.
pub fn preprocess() -> Preprocess {
    Preprocess::default()
}

/// An estimator with the defaults of its parameters.
pub fn model(kind: &str) -> Model {
    let estimator = estimator::find(kind).unwrap();
    let default = |parameter: &estimator::Parameter| {
        let value = parameter.default.value();
        (parameter.name.to_string(), value)
    };
    Model {
        kind: estimator.name,
        parameters: estimator.parameters.iter().map(default).collect(),
    }
}

/// The defaults.
pub fn random_forest() -> RandomForestParameters {
    match EstimatorParameters::of(&model("random_forest")) {
        Ok(EstimatorParameters::RandomForest(parameters)) => parameters,
        other => panic!("{other:?}"),
    }
}

/// The defaults.
pub fn gradient_boosting() -> GradientBoostingParameters {
    match EstimatorParameters::of(&model("gradient_boosting")) {
        Ok(EstimatorParameters::GradientBoosting(parameters)) => parameters,
        other => panic!("{other:?}"),
    }
}

/// The defaults.
pub fn logistic_regression() -> LogisticRegressionParameters {
    match EstimatorParameters::of(&model("logistic_regression")) {
        Ok(EstimatorParameters::LogisticRegression(parameters)) => parameters,
        other => panic!("{other:?}"),
    }
}

/// With both penalties.
pub fn elastic_net() -> LogisticRegressionParameters {
    LogisticRegressionParameters {
        l1: 20.0,
        ..logistic_regression()
    }
}

/// The defaults.
pub fn parameters(kind: &str) -> EstimatorParameters {
    EstimatorParameters::of(&model(kind)).unwrap()
}

/// Whole and other numbers for the parameters of these names, the defaults for the others.
pub fn parameters_with(
    kind: &str,
    numbers: &BTreeMap<String, serde_json::Number>,
) -> EstimatorParameters {
    let mut model = model(kind);
    for (name, number) in numbers {
        let value = match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64().unwrap()),
        };
        model.parameters.insert(name.clone(), value);
    }
    EstimatorParameters::of(&model).unwrap()
}

/// Works on so many threads.
pub fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

/// So many of the nearest rows.
pub fn neighbours(neighbors: u32) -> EstimatorParameters {
    match parameters("knn") {
        EstimatorParameters::Knn(parameters) => EstimatorParameters::Knn(KnnParameters {
            neighbors,
            ..parameters
        }),
        other => panic!("{other:?}"),
    }
}

/// A matrix whose first two columns decide the label, with noise; every third column is 0 or 1.
pub fn classification(rows: usize, columns: usize, seed: u64) -> (Matrix, Vec<bool>) {
    let mut random = Random::new(seed);
    let mut values = Vec::with_capacity(rows * columns);
    let mut labels = Vec::with_capacity(rows);
    for _ in 0..rows {
        let row: Vec<f64> = (0..columns)
            .map(|column| {
                let value = random.unit();
                if column % 3 == 2 {
                    value.round()
                } else {
                    value * 10.0
                }
            })
            .collect();
        let score = row[0] - row.get(1).copied().unwrap_or(5.0) + 6.0 * (random.unit() - 0.5);
        labels.push(score > 2.0);
        values.extend(row);
    }
    (Matrix::new(rows, columns, values), labels)
}

/// Two numeric and two categorical features with nulls here and there.
pub fn features(rows: usize) -> Vec<FeatureColumn> {
    let mut random = Random::new(7);
    let mut numeric = |name: &str, nulls: f64| {
        let value = |_| (random.unit() >= nulls).then(|| (random.unit() * 1000.0).round() / 8.0);
        FeatureColumn::numeric(name, (0..rows).map(value).collect())
    };
    let (fee, hours) = (numeric("billing.fee", 0.0), numeric("usage.hours", 0.1));
    let mut categorical = |name: &str, categories: &[&str], nulls: f64| {
        let value = |_| {
            let category = categories[(random.next() % categories.len() as u64) as usize];
            (random.unit() >= nulls).then(|| category.to_string())
        };
        FeatureColumn::categorical(name, (0..rows).map(value).collect())
    };
    vec![
        categorical("users.plan", &["gold", "basic", "Zoo"], 0.2),
        hours,
        categorical("users.active", &["true", "false"], 0.0),
        fee,
    ]
}
