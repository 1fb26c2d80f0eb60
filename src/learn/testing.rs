//! Made-up data for tests: the same on every machine.

use super::{
    EstimatorParameters, FeatureColumn, GradientBoostingParameters, LogisticRegressionParameters,
    Matrix, RandomForestParameters,
};
use crate::definition::{
    MissingCategorical, MissingNumeric, Model, NumericEncoding, Preprocess, estimator,
};

/// Numbers as they are; nulls refused.
pub fn preprocess() -> Preprocess {
    Preprocess {
        numeric: NumericEncoding::Passthrough,
        missing_numeric: MissingNumeric::Error,
        missing_categorical: MissingCategorical::Error,
    }
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

/// SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, 1) with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
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
