//! The estimators: a matrix and labels → something that gives probabilities.

mod cholesky;
mod forest;
mod gaussian_nb;
mod gradient_boosting;
mod knn;
mod logistic_regression;
mod newton;
mod parameters;
mod prior;
mod random_forest;
pub(in crate::learn) mod tree;

use super::{Matrix, Warning};
use crate::error::{Error, Kind, Result};

pub use forest::{Forest, ForestDifference, ForestNode, TreeCounts};
pub use gaussian_nb::{GaussianNbModel, GaussianNbParameters};
pub use gradient_boosting::{BoostedTrees, GradientBoostingParameters};
pub use knn::{KnnModel, KnnParameters};
pub use logistic_regression::{LogisticRegressionModel, LogisticRegressionParameters};
pub use parameters::{
    DECISION_TREE_VERSION, EXTRA_TREES_VERSION, EstimatorParameters, GAUSSIAN_NB_VERSION,
    GRADIENT_BOOSTING_VERSION, KNN_VERSION, LOGISTIC_REGRESSION_VERSION, PRIOR_VERSION,
    RANDOM_FOREST_VERSION, estimator_version,
};
pub use prior::PriorModel;
pub use random_forest::{DecisionTreeParameters, MaxFeatures, RandomForestParameters};

use super::bytes::{Reader, Writer};

/// An estimator that has learnt.
#[derive(Debug, Clone, PartialEq)]
pub enum FittedModel {
    /// Of `random_forest`, `extra_trees`, and `decision_tree`, which is one of one tree.
    Forest(Forest),
    GradientBoosting(BoostedTrees),
    LogisticRegression(LogisticRegressionModel),
    GaussianNb(GaussianNbModel),
    Knn(KnnModel),
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
            let forest =
                random_forest::fit(random_forest::RANDOM_FOREST, parameters, matrix, labels)?;
            Ok((FittedModel::Forest(forest), Vec::new()))
        }
        EstimatorParameters::ExtraTrees(parameters) => {
            let forest =
                random_forest::fit(random_forest::EXTRA_TREES, parameters, matrix, labels)?;
            Ok((FittedModel::Forest(forest), Vec::new()))
        }
        EstimatorParameters::DecisionTree(parameters) => {
            let parameters = parameters.forest();
            let tree =
                random_forest::fit(random_forest::DECISION_TREE, &parameters, matrix, labels)?;
            Ok((FittedModel::Forest(tree), Vec::new()))
        }
        EstimatorParameters::GradientBoosting(parameters) => {
            let trees = gradient_boosting::fit(parameters, matrix, labels)?;
            Ok((FittedModel::GradientBoosting(trees), Vec::new()))
        }
        EstimatorParameters::LogisticRegression(parameters) => {
            let (model, warnings) = logistic_regression::fit(parameters, matrix, labels);
            Ok((FittedModel::LogisticRegression(model), warnings))
        }
        EstimatorParameters::GaussianNb(parameters) => {
            let model = gaussian_nb::fit(parameters, matrix, labels)?;
            Ok((FittedModel::GaussianNb(model), Vec::new()))
        }
        EstimatorParameters::Knn(parameters) => {
            let model = knn::fit(parameters, matrix, labels)?;
            Ok((FittedModel::Knn(model), Vec::new()))
        }
    }
}

impl FittedModel {
    /// The probability of the positive class for each row.
    pub fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        match self {
            Self::Forest(forest) => forest.predict(matrix),
            Self::GradientBoosting(trees) => trees.predict(matrix),
            Self::LogisticRegression(model) => model.predict(matrix),
            Self::GaussianNb(model) => model.predict(matrix),
            Self::Knn(model) => model.predict(matrix),
            Self::Prior(model) => model.predict(matrix),
        }
    }

    /// How much each matrix column contributes; they add up to 1. None where the estimator has no
    /// such notion. [`super::Encoder::by_feature`] sums them over the columns of a feature.
    pub fn importances(&self) -> Option<&[f64]> {
        match self {
            Self::Forest(forest) => Some(forest.importances()),
            Self::GradientBoosting(trees) => Some(trees.importances()),
            Self::LogisticRegression(_) | Self::GaussianNb(_) | Self::Knn(_) | Self::Prior(_) => {
                None
            }
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Forest(forest) => forest.write(writer),
            Self::GradientBoosting(trees) => trees.write(writer),
            Self::LogisticRegression(model) => model.write(writer),
            Self::GaussianNb(model) => model.write(writer),
            Self::Knn(model) => model.write(writer),
            Self::Prior(model) => model.write(writer),
        }
    }

    /// Reads what [`FittedModel::write`] of this or an earlier version of the estimator wrote, for a
    /// matrix of `columns` columns.
    pub(super) fn read(
        parameters: &EstimatorParameters,
        version: u32,
        reader: &mut Reader<'_>,
        columns: usize,
    ) -> Result<Self> {
        Ok(match parameters {
            EstimatorParameters::RandomForest(_) => {
                Self::Forest(Forest::read(reader, version, columns)?)
            }
            // They came with the second form of the file.
            EstimatorParameters::ExtraTrees(_) | EstimatorParameters::DecisionTree(_) => {
                Self::Forest(Forest::read(reader, RANDOM_FOREST_VERSION, columns)?)
            }
            EstimatorParameters::GradientBoosting(_) => {
                Self::GradientBoosting(BoostedTrees::read(reader, columns)?)
            }
            EstimatorParameters::LogisticRegression(_) => {
                Self::LogisticRegression(LogisticRegressionModel::read(reader, columns)?)
            }
            EstimatorParameters::GaussianNb(_) => {
                Self::GaussianNb(GaussianNbModel::read(reader, columns)?)
            }
            EstimatorParameters::Knn(parameters) => {
                Self::Knn(KnnModel::read(parameters, reader, columns)?)
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
    // A NaN has no rank.
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
