//! The estimators: a matrix and labels → something that gives probabilities or numbers.

mod cholesky;
mod class_weight;
mod conjugate;
mod covers;
mod design;
mod forest;
mod gaussian_nb;
mod gradient_boosting;
mod knn;
mod lasso;
mod least_squares;
mod linear;
mod linear_regression;
mod log_loss;
mod logistic_regression;
mod moments;
mod newton;
mod parameters;
mod prior;
mod random_forest;
mod softmax_loss;
mod standardized;
mod svm;
pub(in crate::learn) mod tree;
mod vectors;
mod view;

use super::{Examples, Matrix, Output, Target, Warning};
use crate::definition::{Task, estimator};
use crate::error::{Error, Kind, Result};

pub use class_weight::ClassWeight;
pub use forest::{Forest, ForestDifference, ForestNode, TreeCounts};
pub use gaussian_nb::{GaussianNbModel, GaussianNbParameters};
pub use gradient_boosting::{BoostedTrees, GradientBoostingParameters};
pub(in crate::learn) use knn::Weights as NeighbourWeights;
pub use knn::{KnnModel, KnnParameters};
pub use lasso::LassoParameters;
pub use linear::{LinearFunction, LinearModel};
pub use linear_regression::RidgeParameters;
pub use logistic_regression::LogisticRegressionParameters;
pub use parameters::{
    DECISION_TREE_VERSION, EXTRA_TREES_VERSION, EstimatorParameters, GAUSSIAN_NB_VERSION,
    GRADIENT_BOOSTING_VERSION, KNN_VERSION, LASSO_VERSION, LINEAR_REGRESSION_VERSION,
    LOGISTIC_REGRESSION_VERSION, PRIOR_VERSION, RANDOM_FOREST_VERSION, RIDGE_VERSION, SVM_VERSION,
    estimator_version,
};
pub use prior::PriorModel;
pub use random_forest::{DecisionTreeParameters, MaxFeatures, RandomForestParameters};
pub(super) use svm::{LEAST_SHARE, pairs};
pub use svm::{PairFunction, SvmModel, SvmParameters};
pub use view::{NodeView, TreeView};

use super::bytes::{Reader, Writer};

/// An estimator that has learnt.
#[derive(Debug, Clone, PartialEq)]
pub enum FittedModel {
    /// Of `random_forest`, `extra_trees`, and `decision_tree`, which is one of one tree.
    Forest(Forest),
    GradientBoosting(BoostedTrees),
    LogisticRegression(LinearModel),
    /// Of `linear_regression`, `ridge`, and `lasso`.
    LinearRegression(LinearModel),
    GaussianNb(GaussianNbModel),
    Knn(KnnModel),
    Svm(SvmModel),
    Prior(PriorModel),
}

/// Learns from the train rows.
///
/// The result depends on the order of the rows: give them in canonical order.
///
/// # Errors
/// [`Kind::Definition`] where the estimator does not learn such a target or takes no weights;
/// [`Kind::DataRefused`] where the rows allow no model.
pub fn fit(
    parameters: &EstimatorParameters,
    examples: &Examples<'_>,
) -> Result<(FittedModel, Vec<Warning>)> {
    parameters.check()?;
    examples.check()?;
    if examples.matrix.columns() == 0 && *parameters != EstimatorParameters::Prior {
        return Err(Error::new(
            Kind::Definition,
            format!("{} needs at least one feature", parameters.kind()),
        )
        .help("name features under [dataset], or set `kind = \"prior\"` under [model]"));
    }
    let weights = parameters.class_weight().weights(examples);
    let examples = &Examples {
        weights: weights.as_deref().or(examples.weights),
        ..*examples
    };
    if let Some(trees) = fit_trees(parameters, examples)? {
        return Ok((trees, Vec::new()));
    }
    match examples.target {
        Target::Binary(labels) => fit_binary(parameters, examples, labels),
        Target::Multiclass { classes, rows } => fit_classes(parameters, examples, classes, rows),
        Target::Regression(numbers) => fit_numbers(parameters, examples, numbers),
    }
}

/// Trees learn whatever there is, with weights and without; none of another estimator.
fn fit_trees(
    parameters: &EstimatorParameters,
    examples: &Examples<'_>,
) -> Result<Option<FittedModel>> {
    let forest = match parameters {
        EstimatorParameters::RandomForest(parameters) => {
            random_forest::fit(random_forest::RANDOM_FOREST, parameters, examples)
        }
        EstimatorParameters::ExtraTrees(parameters) => {
            random_forest::fit(random_forest::EXTRA_TREES, parameters, examples)
        }
        EstimatorParameters::DecisionTree(parameters) => {
            let parameters = parameters.forest();
            random_forest::fit(random_forest::DECISION_TREE, &parameters, examples)
        }
        EstimatorParameters::GradientBoosting(parameters) => {
            let trees = gradient_boosting::fit(parameters, examples)?;
            return Ok(Some(FittedModel::GradientBoosting(trees)));
        }
        _ => return Ok(None),
    };
    Ok(Some(FittedModel::Forest(forest?)))
}

fn fit_binary(
    parameters: &EstimatorParameters,
    examples: &Examples<'_>,
    labels: &[bool],
) -> Result<(FittedModel, Vec<Warning>)> {
    let weights = examples.weights;
    if weights.is_some() && !takes_weights(parameters) {
        return Err(takes_no_weights(parameters));
    }
    match parameters {
        EstimatorParameters::Prior => {
            let model = PriorModel::binary(labels, weights);
            Ok((FittedModel::Prior(model), Vec::new()))
        }
        EstimatorParameters::LogisticRegression(parameters) => {
            let (model, warnings) = logistic_regression::fit(parameters, examples, labels);
            Ok((FittedModel::LogisticRegression(model), warnings))
        }
        _ => {
            let labels: Vec<u32> = labels.iter().map(|label| u32::from(*label)).collect();
            fit_numbered(parameters, examples, &labels)
        }
    }
}

fn fit_classes(
    parameters: &EstimatorParameters,
    examples: &Examples<'_>,
    classes: usize,
    labels: &[u32],
) -> Result<(FittedModel, Vec<Warning>)> {
    match parameters {
        EstimatorParameters::Prior => {
            let model = PriorModel::classes(labels, classes, examples.weights);
            Ok((FittedModel::Prior(model), Vec::new()))
        }
        EstimatorParameters::LogisticRegression(parameters) => {
            let (model, warnings) =
                logistic_regression::fit_classes(parameters, examples, classes, labels)?;
            Ok((FittedModel::LogisticRegression(model), warnings))
        }
        _ => fit_numbered(parameters, examples, labels),
    }
}

/// What learns two classes as it learns several.
fn fit_numbered(
    parameters: &EstimatorParameters,
    examples: &Examples<'_>,
    labels: &[u32],
) -> Result<(FittedModel, Vec<Warning>)> {
    match parameters {
        EstimatorParameters::GaussianNb(parameters) => {
            let model = gaussian_nb::fit(parameters, examples, labels)?;
            Ok((FittedModel::GaussianNb(model), Vec::new()))
        }
        EstimatorParameters::Knn(parameters) => nearest_neighbours(parameters, examples),
        EstimatorParameters::Svm(parameters) => {
            let (model, warnings) = svm::fit(parameters, examples, labels)?;
            Ok((FittedModel::Svm(model), warnings))
        }
        _ => Err(does_not_learn(parameters, examples.target.output().task())),
    }
}

fn fit_numbers(
    parameters: &EstimatorParameters,
    examples: &Examples<'_>,
    numbers: &[f64],
) -> Result<(FittedModel, Vec<Warning>)> {
    let least_squares = |alpha| {
        let model = linear_regression::fit(alpha, examples, numbers)?;
        Ok((FittedModel::LinearRegression(model), Vec::new()))
    };
    match parameters {
        EstimatorParameters::Prior => {
            let model = PriorModel::number(numbers, examples.weights);
            Ok((FittedModel::Prior(model), Vec::new()))
        }
        EstimatorParameters::LinearRegression => least_squares(0.0),
        EstimatorParameters::Ridge(parameters) => least_squares(parameters.alpha),
        EstimatorParameters::Lasso(parameters) => {
            let (model, warnings) = lasso::fit(parameters, examples, numbers)?;
            Ok((FittedModel::LinearRegression(model), warnings))
        }
        EstimatorParameters::Knn(parameters) => nearest_neighbours(parameters, examples),
        _ => Err(does_not_learn(parameters, Task::Regression)),
    }
}

fn nearest_neighbours(
    parameters: &KnnParameters,
    examples: &Examples<'_>,
) -> Result<(FittedModel, Vec<Warning>)> {
    if examples.weights.is_some() {
        return Err(takes_no_weights(&EstimatorParameters::Knn(
            parameters.clone(),
        )));
    }
    let labels = knn::Labels::of(&examples.target);
    let model = knn::fit(parameters, examples.matrix, labels)?;
    Ok((FittedModel::Knn(model), Vec::new()))
}

fn takes_weights(parameters: &EstimatorParameters) -> bool {
    estimator::find(parameters.kind()).is_some_and(|estimator| estimator.weighted)
}

fn learns(parameters: &EstimatorParameters, task: Task) -> bool {
    estimator::find(parameters.kind()).is_some_and(|estimator| estimator.tasks.contains(&task))
}

/// Definitions are held against [`crate::definition::estimator`] when they are read; this is for
/// locks, which may hold anything.
fn does_not_learn(parameters: &EstimatorParameters, task: Task) -> Error {
    let message = format!("{} does not learn {}", parameters.kind(), task.as_str());
    Error::new(Kind::Definition, message)
}

fn takes_no_weights(parameters: &EstimatorParameters) -> Error {
    let message = format!("{} takes no weights of rows", parameters.kind());
    Error::new(Kind::Definition, message)
}

impl FittedModel {
    /// What is said of each row, row after row: as many numbers a row as [`Output::width`] says.
    pub fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        match self {
            Self::Forest(forest) => forest.predict(matrix),
            Self::GradientBoosting(trees) => trees.predict(matrix),
            Self::LogisticRegression(model) => model.probabilities(matrix),
            Self::LinearRegression(model) => model.values(matrix),
            Self::GaussianNb(model) => model.predict(matrix),
            Self::Knn(model) => model.predict(matrix),
            Self::Svm(model) => model.predict(matrix),
            Self::Prior(model) => model.predict(matrix),
        }
    }

    /// How much each matrix column contributes; they add up to 1. None where the estimator has no
    /// such notion. [`super::Encoder::by_feature`] sums them over the columns of a feature.
    pub fn importances(&self) -> Option<&[f64]> {
        match self {
            Self::Forest(forest) => Some(forest.importances()),
            Self::GradientBoosting(trees) => Some(trees.importances()),
            Self::LogisticRegression(_)
            | Self::LinearRegression(_)
            | Self::GaussianNb(_)
            | Self::Knn(_)
            | Self::Svm(_)
            | Self::Prior(_) => None,
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Forest(forest) => forest.write(writer),
            Self::GradientBoosting(trees) => trees.write(writer),
            Self::LogisticRegression(model) | Self::LinearRegression(model) => model.write(writer),
            Self::GaussianNb(model) => model.write(writer),
            Self::Knn(model) => model.write(writer),
            Self::Svm(model) => model.write(writer),
            Self::Prior(model) => model.write(writer),
        }
    }

    /// Reads what [`FittedModel::write`] of this or an earlier version of the estimator wrote, for a
    /// matrix of `columns` columns and the `output` it gave.
    pub(super) fn read(
        parameters: &EstimatorParameters,
        version: u32,
        reader: &mut Reader<'_>,
        columns: usize,
        output: Output,
    ) -> Result<Self> {
        if !learns(parameters, output.task()) {
            return Err(does_not_learn(parameters, output.task()));
        }
        Ok(match parameters {
            EstimatorParameters::RandomForest(_) => {
                Self::Forest(Forest::read(reader, version, columns, output)?)
            }
            // They came with the second form of the file.
            EstimatorParameters::ExtraTrees(_) | EstimatorParameters::DecisionTree(_) => {
                Self::Forest(Forest::read(reader, version + 1, columns, output)?)
            }
            EstimatorParameters::GradientBoosting(_) => {
                Self::GradientBoosting(BoostedTrees::read(reader, version, columns, output)?)
            }
            EstimatorParameters::Prior => Self::Prior(PriorModel::read(reader, output)?),
            EstimatorParameters::LogisticRegression(_) => {
                let with_means = version >= 2;
                Self::LogisticRegression(LinearModel::read(reader, columns, output, with_means)?)
            }
            EstimatorParameters::LinearRegression
            | EstimatorParameters::Ridge(_)
            | EstimatorParameters::Lasso(_) => {
                Self::LinearRegression(LinearModel::read(reader, columns, output, true)?)
            }
            EstimatorParameters::GaussianNb(_) => {
                Self::GaussianNb(GaussianNbModel::read(reader, columns, output)?)
            }
            EstimatorParameters::Knn(parameters) => {
                Self::Knn(KnnModel::read(parameters, reader, columns, output)?)
            }
            EstimatorParameters::Svm(parameters) => {
                Self::Svm(SvmModel::read(parameters, reader, columns, output)?)
            }
        })
    }
}

#[cfg(test)]
mod tests;
