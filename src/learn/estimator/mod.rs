//! The estimators: a matrix and labels → something that gives probabilities.

mod cholesky;
mod forest;
mod gradient_boosting;
mod logistic_regression;
mod newton;
mod parameters;
mod prior;
mod random_forest;
mod smartcore_forest;

use super::{Matrix, Warning};
use crate::error::{Error, Kind, Result};

pub use forest::{Forest, ForestDifference, ForestNode, TreeCounts};
pub use gradient_boosting::{BoostedTrees, GradientBoostingParameters};
pub use logistic_regression::{LogisticRegressionModel, LogisticRegressionParameters};
pub use parameters::{
    EstimatorParameters, GRADIENT_BOOSTING_VERSION, LOGISTIC_REGRESSION_VERSION, PRIOR_VERSION,
    RANDOM_FOREST_VERSION, estimator_version,
};
pub use prior::PriorModel;
pub use random_forest::{MaxFeatures, RandomForestParameters};

use super::bytes::{Reader, Writer};

/// An estimator that has learnt.
#[derive(Debug, Clone, PartialEq)]
pub enum FittedModel {
    RandomForest(Forest),
    GradientBoosting(BoostedTrees),
    LogisticRegression(LogisticRegressionModel),
    Prior(PriorModel),
}

/// Learns from the train rows. `labels` has one entry per row of `matrix`.
///
/// The result depends on the order of the rows: give them in canonical order.
pub fn fit(
    parameters: &EstimatorParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> Result<(FittedModel, Vec<Warning>)> {
    parameters.check()?;
    check_input(matrix, labels)?;
    match parameters {
        EstimatorParameters::Prior => Ok((FittedModel::Prior(PriorModel::fit(labels)), Vec::new())),
        _ if matrix.columns() == 0 => Err(Error::new(
            Kind::Definition,
            format!("{} needs at least one feature", parameters.kind()),
        )
        .help("name features under [dataset], or set `kind = \"prior\"` under [model]")),
        EstimatorParameters::RandomForest(parameters) => {
            let forest = random_forest::fit(parameters, matrix, labels)?;
            Ok((FittedModel::RandomForest(forest), Vec::new()))
        }
        EstimatorParameters::GradientBoosting(parameters) => {
            let trees = gradient_boosting::fit(parameters, matrix, labels)?;
            Ok((FittedModel::GradientBoosting(trees), Vec::new()))
        }
        EstimatorParameters::LogisticRegression(parameters) => {
            let (model, warnings) = logistic_regression::fit(parameters, matrix, labels);
            Ok((FittedModel::LogisticRegression(model), warnings))
        }
    }
}

impl FittedModel {
    /// The probability of the positive class for each row.
    pub fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        match self {
            Self::RandomForest(forest) => forest.predict(matrix),
            Self::GradientBoosting(trees) => trees.predict(matrix),
            Self::LogisticRegression(model) => model.predict(matrix),
            Self::Prior(model) => model.predict(matrix),
        }
    }

    /// How much each matrix column contributes; they add up to 1. None where the estimator has no
    /// such notion. [`super::Encoder::by_feature`] sums them over the columns of a feature.
    pub fn importances(&self) -> Option<&[f64]> {
        match self {
            Self::RandomForest(forest) => Some(forest.importances()),
            Self::GradientBoosting(trees) => Some(trees.importances()),
            Self::LogisticRegression(_) | Self::Prior(_) => None,
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::RandomForest(forest) => forest.write(writer),
            Self::GradientBoosting(trees) => trees.write(writer),
            Self::LogisticRegression(model) => model.write(writer),
            Self::Prior(model) => model.write(writer),
        }
    }

    /// Reads what [`FittedModel::write`] wrote, for a matrix of `columns` columns.
    pub(super) fn read(
        parameters: &EstimatorParameters,
        reader: &mut Reader<'_>,
        columns: usize,
    ) -> Result<Self> {
        Ok(match parameters {
            EstimatorParameters::RandomForest(_) => {
                Self::RandomForest(Forest::read(reader, columns)?)
            }
            EstimatorParameters::GradientBoosting(_) => {
                Self::GradientBoosting(BoostedTrees::read(reader, columns)?)
            }
            EstimatorParameters::LogisticRegression(_) => {
                Self::LogisticRegression(LogisticRegressionModel::read(reader, columns)?)
            }
            EstimatorParameters::Prior => Self::Prior(PriorModel::read(reader)?),
        })
    }
}

fn check_input(matrix: &Matrix, labels: &[bool]) -> Result<()> {
    if matrix.rows() != labels.len() {
        let message = format!("{} rows, but {} labels", matrix.rows(), labels.len());
        return Err(Error::failure(message));
    }
    if !labels.contains(&true) || !labels.contains(&false) {
        return Err(Error::new(
            Kind::DataRefused,
            format!(
                "the {} train rows do not hold both label classes",
                labels.len()
            ),
        )
        .help("a classifier needs examples of both; see that the label column holds both"));
    }
    // smartcore sorts columns by comparing; a NaN would lead it astray.
    if matrix.values().iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::new(
        Kind::DataRefused,
        "a feature leaves the range of an f64 when it is encoded",
    )
    .help("bring columns with huge or tiny numbers to another unit"))
}

#[cfg(test)]
mod tests;
