//! Which estimator, and its hyper-parameters, in the form the model file keeps.
//!
//! What parameters there are, with their ranges and defaults, is declared in
//! [`crate::definition::estimator`]; here they become fields.

use serde::{Deserialize, Serialize};

use super::class_weight::ClassWeight;
use super::{
    DecisionTreeParameters, GaussianNbParameters, GradientBoostingParameters, KnnParameters,
    LassoParameters, LogisticRegressionParameters, RandomForestParameters, RidgeParameters,
    SvmParameters,
};
use crate::definition::estimator::{Estimator, find};
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};

const DECISION_TREE: &str = "decision_tree";
const EXTRA_TREES: &str = "extra_trees";
const RANDOM_FOREST: &str = "random_forest";
const GRADIENT_BOOSTING: &str = "gradient_boosting";
const LOGISTIC_REGRESSION: &str = "logistic_regression";
const GAUSSIAN_NB: &str = "gaussian_nb";
const KNN: &str = "knn";
const LASSO: &str = "lasso";
const LINEAR_REGRESSION: &str = "linear_regression";
const RIDGE: &str = "ridge";
const SVM: &str = "svm";
const PRIOR: &str = "prior";

/// Raised when the same rows and parameters give another forest, or it gives other probabilities.
///
/// 1: grown by smartcore 0.7, in chunks of trees. 2: grown by [`super::tree`]. 3: the same trees; the
/// model file says how many rows each leaf has seen.
pub const RANDOM_FOREST_VERSION: u32 = 3;
/// Raised when the same rows and parameters give another forest, or it gives other probabilities.
///
/// 1: the first. 2: the same trees; the model file says how many rows each leaf has seen.
pub const EXTRA_TREES_VERSION: u32 = 2;
/// Raised when the same rows and parameters give another tree, or it gives other probabilities.
///
/// 1: the first. 2: the same tree; the model file says how many rows each leaf has seen.
pub const DECISION_TREE_VERSION: u32 = 2;
/// Raised when the same rows and parameters give other trees, or they give other probabilities.
///
/// 1: the first. 2: the same trees; the model file says how many rows each leaf has seen.
pub const GRADIENT_BOOSTING_VERSION: u32 = 2;
/// Raised when the same rows and parameters give other coefficients or probabilities, or another file.
///
/// 1: the first. 2: the same coefficients; the file also keeps the means of the columns.
pub const LOGISTIC_REGRESSION_VERSION: u32 = 2;
/// Raised when the same rows and parameters give other distributions or probabilities.
pub const GAUSSIAN_NB_VERSION: u32 = 1;
/// Raised when the same rows and parameters give other probabilities.
pub const KNN_VERSION: u32 = 1;
/// Raised when the same rows and parameters give other coefficients.
pub const LASSO_VERSION: u32 = 1;
/// Raised when the same rows give other coefficients.
pub const LINEAR_REGRESSION_VERSION: u32 = 1;
/// Raised when the same rows and parameters give other coefficients.
pub const RIDGE_VERSION: u32 = 1;
/// Raised when the same rows and parameters give other vectors or probabilities.
pub const SVM_VERSION: u32 = 1;
/// Raised when the same labels give another probability.
pub const PRIOR_VERSION: u32 = 1;

/// The version of the estimator of that name, if there is one.
pub fn estimator_version(kind: &str) -> Option<u32> {
    match kind {
        DECISION_TREE => Some(DECISION_TREE_VERSION),
        EXTRA_TREES => Some(EXTRA_TREES_VERSION),
        RANDOM_FOREST => Some(RANDOM_FOREST_VERSION),
        GRADIENT_BOOSTING => Some(GRADIENT_BOOSTING_VERSION),
        LOGISTIC_REGRESSION => Some(LOGISTIC_REGRESSION_VERSION),
        GAUSSIAN_NB => Some(GAUSSIAN_NB_VERSION),
        KNN => Some(KNN_VERSION),
        LASSO => Some(LASSO_VERSION),
        LINEAR_REGRESSION => Some(LINEAR_REGRESSION_VERSION),
        RIDGE => Some(RIDGE_VERSION),
        SVM => Some(SVM_VERSION),
        PRIOR => Some(PRIOR_VERSION),
        _ => None,
    }
}

/// Which estimator, and its hyper-parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EstimatorParameters {
    RandomForest(RandomForestParameters),
    ExtraTrees(RandomForestParameters),
    DecisionTree(DecisionTreeParameters),
    GradientBoosting(GradientBoostingParameters),
    LogisticRegression(LogisticRegressionParameters),
    GaussianNb(GaussianNbParameters),
    Knn(KnnParameters),
    LinearRegression,
    Ridge(RidgeParameters),
    Lasso(LassoParameters),
    Svm(SvmParameters),
    /// The class rate of the train rows for everyone: what every model has to beat.
    Prior,
}

impl EstimatorParameters {
    /// Takes the parameters out of `[model]`. A definition file was checked when it was read; a
    /// lock may hold anything, so whatever does not fit is refused here too.
    pub fn of(model: &Model) -> Result<Self> {
        check(model)?;
        match model.kind {
            RANDOM_FOREST => RandomForestParameters::of(model).map(Self::RandomForest),
            EXTRA_TREES => RandomForestParameters::of(model).map(Self::ExtraTrees),
            DECISION_TREE => DecisionTreeParameters::of(model).map(Self::DecisionTree),
            GRADIENT_BOOSTING => GradientBoostingParameters::of(model).map(Self::GradientBoosting),
            LOGISTIC_REGRESSION => {
                LogisticRegressionParameters::of(model).map(Self::LogisticRegression)
            }
            GAUSSIAN_NB => GaussianNbParameters::of(model).map(Self::GaussianNb),
            KNN => KnnParameters::of(model).map(Self::Knn),
            LINEAR_REGRESSION => Ok(Self::LinearRegression),
            RIDGE => RidgeParameters::of(model).map(Self::Ridge),
            LASSO => LassoParameters::of(model).map(Self::Lasso),
            SVM => SvmParameters::of(model).map(Self::Svm),
            PRIOR => Ok(Self::Prior),
            kind => Err(unknown(kind)),
        }
    }

    /// The same as `[model]` declares them.
    pub fn declared(&self) -> Model {
        let values = match self {
            Self::RandomForest(parameters) | Self::ExtraTrees(parameters) => parameters.values(),
            Self::DecisionTree(parameters) => parameters.values(),
            Self::GradientBoosting(parameters) => parameters.values(),
            Self::LogisticRegression(parameters) => parameters.values(),
            Self::GaussianNb(parameters) => parameters.values(),
            Self::Knn(parameters) => parameters.values(),
            Self::Ridge(parameters) => parameters.values(),
            Self::Lasso(parameters) => parameters.values(),
            Self::Svm(parameters) => parameters.values(),
            Self::LinearRegression | Self::Prior => Vec::new(),
        };
        let parameters = values
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect();
        Model {
            kind: self.kind(),
            parameters,
        }
    }

    /// The estimator's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RandomForest(_) => RANDOM_FOREST,
            Self::ExtraTrees(_) => EXTRA_TREES,
            Self::DecisionTree(_) => DECISION_TREE,
            Self::GradientBoosting(_) => GRADIENT_BOOSTING,
            Self::LogisticRegression(_) => LOGISTIC_REGRESSION,
            Self::GaussianNb(_) => GAUSSIAN_NB,
            Self::Knn(_) => KNN,
            Self::LinearRegression => LINEAR_REGRESSION,
            Self::Ridge(_) => RIDGE,
            Self::Lasso(_) => LASSO,
            Self::Svm(_) => SVM,
            Self::Prior => PRIOR,
        }
    }

    /// What [`estimator_version`] says of the kind.
    pub fn version(&self) -> u32 {
        match self {
            Self::RandomForest(_) => RANDOM_FOREST_VERSION,
            Self::ExtraTrees(_) => EXTRA_TREES_VERSION,
            Self::DecisionTree(_) => DECISION_TREE_VERSION,
            Self::GradientBoosting(_) => GRADIENT_BOOSTING_VERSION,
            Self::LogisticRegression(_) => LOGISTIC_REGRESSION_VERSION,
            Self::GaussianNb(_) => GAUSSIAN_NB_VERSION,
            Self::Knn(_) => KNN_VERSION,
            Self::LinearRegression => LINEAR_REGRESSION_VERSION,
            Self::Ridge(_) => RIDGE_VERSION,
            Self::Lasso(_) => LASSO_VERSION,
            Self::Svm(_) => SVM_VERSION,
            Self::Prior => PRIOR_VERSION,
        }
    }

    /// How the classes count; see [`ClassWeight`].
    pub(super) fn class_weight(&self) -> ClassWeight {
        match self {
            Self::RandomForest(parameters) | Self::ExtraTrees(parameters) => {
                parameters.class_weight
            }
            Self::DecisionTree(parameters) => parameters.class_weight,
            Self::GradientBoosting(parameters) => parameters.class_weight,
            Self::LogisticRegression(parameters) => parameters.class_weight,
            Self::GaussianNb(parameters) => parameters.class_weight,
            Self::Svm(parameters) => parameters.class_weight,
            _ => ClassWeight::None,
        }
    }

    /// Refuses values outside their declared ranges.
    pub fn check(&self) -> Result<()> {
        check(&self.declared())
    }
}

/// Refuses a model that has not exactly its estimator's parameters, each in its range.
fn check(model: &Model) -> Result<()> {
    let estimator = find(model.kind).ok_or_else(|| unknown(model.kind))?;
    for name in model.parameters.keys() {
        if estimator.parameter(name).is_none() {
            let message = format!("`{}` has no parameter `{name}`", model.kind);
            return Err(Error::new(Kind::Definition, message));
        }
    }
    check_ranges(model, estimator)
}

fn check_ranges(model: &Model, estimator: &Estimator) -> Result<()> {
    for parameter in estimator.parameters {
        let name = parameter.name;
        let message = match model.parameters.get(name) {
            Some(value) if parameter.range.contains(value) => continue,
            Some(value) => format!("model.{name} is {value}; it must be {}", parameter.range),
            None => format!("model.{name} is missing"),
        };
        return Err(Error::new(Kind::Definition, message));
    }
    Ok(())
}

/// The whole number `name` of a checked model.
pub(super) fn integer<T: TryFrom<i64>>(model: &Model, name: &str) -> Result<T> {
    match model.parameters.get(name) {
        Some(Value::Integer(value)) => T::try_from(*value).ok(),
        _ => None,
    }
    .ok_or_else(|| unusable(name))
}

/// The number `name` of a checked model.
pub(super) fn float(model: &Model, name: &str) -> Result<f64> {
    match model.parameters.get(name) {
        Some(Value::Float(value)) => Ok(*value),
        _ => Err(unusable(name)),
    }
}

/// A parameter in its declared range that its field cannot hold: a mistake of this program.
pub(super) fn unusable(name: &str) -> Error {
    Error::failure(format!("model.{name} cannot be used"))
}

fn unknown(kind: &str) -> Error {
    Error::new(
        Kind::Definition,
        format!("this program knows no estimator `{kind}`"),
    )
}
