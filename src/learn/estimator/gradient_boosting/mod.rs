//! Gradient boosting: trees grown one after the other, each a Newton step of a loss: the logistic one of two
//! classes, the softmax loss of several with a tree for each, the squared error of numbers.
//!
//! The method is that of XGBoost (Chen & Guestrin, *XGBoost: A Scalable Tree Boosting System*, KDD
//! 2016): a tree is fitted to first and second derivatives of the loss, its gains and leaves
//! shrunken by an L2 penalty. How a tree is grown is LightGBM's (Ke et al., *LightGBM: A Highly
//! Efficient Gradient Boosting Decision Tree*, NIPS 2017): on histograms over at most 255 bins a
//! column, leaf by leaf in the order of gain, a histogram being its parent's less its sibling's.
//! The step of a tree is multiplied by the learning rate (Friedman, *Greedy Function
//! Approximation*, 2001), rows may be drawn for each tree (Friedman, *Stochastic Gradient
//! Boosting*, 2002).
//!
//! Other boosters differ from run to run or with the number of threads because sums of
//! floating-point gradients depend on their order. Here a gradient is a whole number of 2⁻²⁸ before
//! it is summed up ([`histogram`]): every sum is exact, so that no order can show.
//!
//! The encoder leaves no null in a matrix and makes texts columns of 0 and 1; a column needs no
//! branch for nulls and no order of categories.

mod bins;
mod histogram;
mod loss;
mod model;
mod partition;
mod random;
mod rounds;
mod split;
mod tree;

use serde::{Deserialize, Serialize};

pub use model::BoostedTrees;

use self::bins::Bins;
use self::histogram::ONE;
use self::loss::Loss;
use self::random::Random;
use self::rounds::{Draws, Patience, Rounds};
use self::split::Limits;
use self::tree::Grower;
use super::class_weight::ClassWeight;
use super::parameters::{float, integer};
use super::tree::check_range;
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::learn::{Examples, Target, exact};

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradientBoostingParameters {
    #[serde(default, skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    #[serde(with = "exact")]
    pub column_share: f64,
    #[serde(with = "exact")]
    pub l2: f64,
    #[serde(with = "exact")]
    pub learning_rate: f64,
    pub max_bins: u32,
    /// 0: as deep as the leaves allow.
    pub max_depth: u32,
    pub max_leaves: u32,
    #[serde(with = "exact")]
    pub min_gain: f64,
    #[serde(with = "exact")]
    pub min_hessian: f64,
    pub min_samples_leaf: u32,
    /// 0: all trees are grown, and no row is held out.
    pub patience: u32,
    #[serde(with = "exact")]
    pub row_share: f64,
    pub seed: i64,
    pub trees: u32,
    #[serde(with = "exact")]
    pub validation_share: f64,
}

impl GradientBoostingParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        Ok(Self {
            class_weight: ClassWeight::of(model)?,
            column_share: float(model, "column_share")?,
            l2: float(model, "l2")?,
            learning_rate: float(model, "learning_rate")?,
            max_bins: integer(model, "max_bins")?,
            max_depth: integer(model, "max_depth")?,
            max_leaves: integer(model, "max_leaves")?,
            min_gain: float(model, "min_gain")?,
            min_hessian: float(model, "min_hessian")?,
            min_samples_leaf: integer(model, "min_samples_leaf")?,
            patience: integer(model, "patience")?,
            row_share: float(model, "row_share")?,
            seed: integer(model, "seed")?,
            trees: integer(model, "trees")?,
            validation_share: float(model, "validation_share")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        let integer = |value: u32| Value::Integer(value.into());
        vec![
            self.class_weight.value(),
            ("column_share", Value::Float(self.column_share)),
            ("l2", Value::Float(self.l2)),
            ("learning_rate", Value::Float(self.learning_rate)),
            ("max_bins", integer(self.max_bins)),
            ("max_depth", integer(self.max_depth)),
            ("max_leaves", integer(self.max_leaves)),
            ("min_gain", Value::Float(self.min_gain)),
            ("min_hessian", Value::Float(self.min_hessian)),
            ("min_samples_leaf", integer(self.min_samples_leaf)),
            ("patience", integer(self.patience)),
            ("row_share", Value::Float(self.row_share)),
            ("seed", Value::Integer(self.seed)),
            ("trees", integer(self.trees)),
            ("validation_share", Value::Float(self.validation_share)),
        ]
    }

    /// In the units of the loss: a gain is a weight times the square of a score.
    fn limits(&self, loss: &Loss<'_>) -> Limits {
        Limits {
            l2: self.l2 / loss.weight_unit,
            min_gain: self.min_gain / loss.weight_unit / loss.score_unit / loss.score_unit,
            min_hessian: (self.min_hessian / loss.weight_unit * ONE) as i64,
            min_samples_leaf: self.min_samples_leaf.into(),
            score_unit: loss.score_unit,
        }
    }

    /// The rows to learn from and, with patience, those held out; each ascending.
    fn sides(&self, rows: u32) -> (Vec<u32>, Vec<u32>) {
        if self.patience == 0 {
            return ((0..rows).collect(), Vec::new());
        }
        let random = Random::new(self.seed, "validation", 0);
        (0..rows).partition(|row| random.unit(u64::from(*row)) >= self.validation_share)
    }
}

pub(super) fn fit(
    parameters: &GradientBoostingParameters,
    examples: &Examples<'_>,
) -> Result<BoostedTrees> {
    let matrix = examples.matrix;
    check_range(examples)?;
    let count = u32::try_from(matrix.rows()).map_err(|_| {
        Error::failure("gradient_boosting learns from fewer than 2³² rows")
            .help("declare a shorter period or a sample as the dataset")
    })?;
    let (rows, held_out) = parameters.sides(count);
    check_sides(parameters, &rows, &held_out, examples.target)?;
    let loss = Loss::new(examples, &rows);
    let base = loss.base(&rows);
    let cuts = Random::new(parameters.seed, "cuts", 0);
    let bins = Bins::of(matrix, parameters.max_bins as usize, &cuts);
    let rounds = Rounds {
        grower: Grower {
            bins: &bins,
            limits: parameters.limits(&loss),
            max_leaves: parameters.max_leaves as usize,
            max_depth: match parameters.max_depth {
                0 => usize::MAX,
                depth => depth as usize,
            },
        },
        loss,
        rows,
        draws: Draws {
            seed: parameters.seed,
            row_share: parameters.row_share,
            column_share: parameters.column_share,
        },
        rounds: parameters.trees as usize,
        learning_rate: parameters.learning_rate,
        base,
        patience: (parameters.patience > 0).then_some(Patience {
            rounds: parameters.patience as usize,
            rows: held_out,
        }),
    };
    let trees = rounds.run();
    BoostedTrees::from_trees(
        examples.target.output(),
        rounds.base,
        &trees,
        parameters.learning_rate,
        &bins,
        matrix.columns(),
    )
}

/// Refuses to hold out so much that nothing can be learnt, or no row at all.
fn check_sides(
    parameters: &GradientBoostingParameters,
    rows: &[u32],
    held_out: &[u32],
    target: Target<'_>,
) -> Result<()> {
    let message = if let Some(missing) = missing(rows, target) {
        missing
    } else if parameters.patience > 0 && held_out.is_empty() {
        "no train row is held out"
    } else {
        return Ok(());
    };
    let held = held_out.len();
    Err(Error::new(Kind::DataRefused, message)
        .detail(format!(
            "`patience = {}` holds out {held} of {} rows",
            parameters.patience,
            target.rows()
        ))
        .help("set another `validation_share` under [model], or `patience = 0`"))
}

/// What rows lack to learn from.
fn missing(rows: &[u32], target: Target<'_>) -> Option<&'static str> {
    let differ = |is_other: &dyn Fn(usize, usize) -> bool| {
        let mut pairs = rows.windows(2);
        pairs.any(|pair| is_other(pair[0] as usize, pair[1] as usize))
    };
    match target {
        Target::Binary(labels) if !differ(&|a, b| labels[a] != labels[b]) => {
            Some("the train rows that are not held out do not hold both label classes")
        }
        Target::Multiclass { rows: labels, .. } if !differ(&|a, b| labels[a] != labels[b]) => {
            Some("the train rows that are not held out hold one label class alone")
        }
        Target::Regression(_) if rows.is_empty() => Some("every train row is held out"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
