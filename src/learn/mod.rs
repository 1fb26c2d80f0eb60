//! From feature values to a model and its evaluation: pure functions, no files, no clock.
//!
//! The road a run takes through here:
//!
//! 1. [`split`] sends each row of the training set to the train or the test side.
//!    [`find_leakage`] looks at what both sides show before anything is fitted.
//! 2. [`Encoder::fit`] learns from the *train rows only* how raw values become numbers: fill values
//!    for nulls, means and scales, categories. [`Encoder::transform`] applies it; training and
//!    serving call the same function.
//! 3. [`fit`] makes a [`FittedModel`] of the encoded train rows; [`FittedModel::predict`] gives the
//!    probability of the positive class for each row.
//! 4. [`evaluate`] compares the probabilities of the test rows with their labels;
//!    [`curves()`] are what stands behind that, for pictures.
//! 5. [`Model`] keeps everything that answering a request takes, as one file of data.
//! 6. An [`Explainer`] takes predictions apart into what each feature contributes;
//!    [`Model::permutation_importances`] and its neighbours say what a model leans on.
//!
//! # Why the bits are the same everywhere
//!
//! A lock promises equal outputs on another machine, so every function here is a function of its
//! arguments alone. Floating-point sums run in a fixed order: threads share work in blocks whose
//! size depends on the shape of the data, never on the number of threads, and block results are
//! added in block order. `exp` and `ln` come from [`crate::math`]. Random numbers come from seeds
//! that are derived with BLAKE3 from the declared seed. Features stand in bytewise name order
//! before a model sees them, so that the order in a TOML file cannot matter.
//!
//! Each operation has a version (`SPLIT_VERSION`, [`estimator_version`], …) and a golden
//! vector among its tests. A change that alters an output must raise the version; the tests see to it.
//!
//! # Limits
//!
//! One-hot encoding writes a dense matrix, so [`MAX_COLUMNS`] bounds its width. A random forest
//! keeps each number of the train rows a second time, as a rank of one, two or four bytes.

mod blocks;
mod bytes;
mod calibration;
mod curve;
mod difference;
mod encode;
mod estimator;
mod exact;
mod explain;
mod feature;
mod folds;
mod inspect;
mod leakage;
mod matrix;
mod metric;
mod model;
mod noise;
mod onnx;
mod platt;
mod quantile;
mod random;
mod split;
mod target;
#[cfg(test)]
mod testing;
mod threshold;

use std::fmt;

pub use calibration::{CALIBRATE_VERSION, Calibration, HeldOut};
pub use curve::{
    BinaryCurves, ClassCurves, Curves, Dot, Histogram, MulticlassCurves, PrecisionRecallPoint,
    Quantile, Range, Ranking, RegressionCurves, RocPoint, curves, residual_range,
};
pub use difference::{ModelDifference, model_difference};
pub use encode::{ENCODE_VERSION, Encoded, Encoder, Imputed, MAX_COLUMNS, Supervision};
pub use estimator::{
    BoostedTrees, ClassWeight, DECISION_TREE_VERSION, EXTRA_TREES_VERSION, EstimatorParameters,
    FittedModel, Forest, GAUSSIAN_NB_VERSION, GRADIENT_BOOSTING_VERSION,
    GradientBoostingParameters, KNN_VERSION, KnnParameters, LASSO_VERSION,
    LINEAR_REGRESSION_VERSION, LOGISTIC_REGRESSION_VERSION, LassoParameters, LinearFunction,
    LinearModel, LogisticRegressionParameters, MaxFeatures, NodeView, PRIOR_VERSION, PriorModel,
    RANDOM_FOREST_VERSION, RIDGE_VERSION, RandomForestParameters, RidgeParameters, SVM_VERSION,
    SvmModel, SvmParameters, TreeCounts, TreeView, estimator_version, fit,
};
pub use explain::{Explainer, Explanation, Scale};
pub use feature::{FeatureColumn, FeatureKind, FeatureValues};
pub use folds::{FOLDS_VERSION, Fold, folds};
pub use inspect::{
    DependencePoint, FeatureValue, Grid, GridValue, PermutationImportance, Permutations, Segment,
    SegmentValues, segments,
};
pub use leakage::{
    FunctionForm, LEAKAGE_VERSION, LabelFunction, Leakage, STRONG, StrongFeature, find_leakage,
};
pub use matrix::Matrix;
pub use metric::{
    Confusion, Detail, EVALUATE_VERSION, Evaluation, Residuals, Scored, evaluate, most_probable,
};
pub use model::{MODEL_FORMAT, Model, ModelFeature, Prediction};
pub use noise::{AucTest, Interval, bootstrap, delong, intervals};
pub use onnx::{OnnxForm, OnnxModel, OnnxValue};
pub use split::{SPLIT_VERSION, Side, SplitRow, split};
pub use target::{Examples, Outcome, Output, Target};
pub use threshold::threshold;

/// Something a person should know about a result that stands nevertheless. One sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning(String);

impl Warning {
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
