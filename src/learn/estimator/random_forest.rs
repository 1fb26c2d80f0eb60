//! Forests and the single tree: which trees are grown, and with which random numbers.
//!
//! The trees are grown by [`super::tree`], [`Forest`] keeps them. Tree *t*, counted from 0, draws from
//! a [`Random`] of its own. Its seed is the first eight bytes, little-endian, of BLAKE3 over the domain
//! `streamflow forest 2`, the declared seed and *t*. So trees are grown on as many threads as there
//! are, and the number of threads cannot show; nor does a tree depend on how many there are.

use std::num::NonZeroU16;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::class_weight::ClassWeight;
use super::forest::Forest;
use super::parameters::{integer, unusable};
use super::tree::{
    Classes, Criterion, Cuts, Grower, Labels, Limits, Method, Numbers, Sample, Tree, check_range,
};
use crate::definition::{Model, Value};
use crate::error::{Error, Result};
use crate::hash::ContentHasher;
use crate::learn::random::Random;
use crate::learn::{Examples, Matrix, Target};

/// Counts of rows share a word with one more bit.
const MOST_ROWS: usize = (1 << 31) - 1;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomForestParameters {
    #[serde(default, skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    pub trees: u32,
    /// None: as deep as the rows allow.
    pub max_depth: Option<NonZeroU16>,
    pub min_samples_leaf: u32,
    pub min_samples_split: u32,
    pub max_features: MaxFeatures,
    pub seed: i64,
}

/// How many matrix columns are looked at for each split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxFeatures {
    /// The square root of their number, rounded down.
    Sqrt,
    /// The binary logarithm of their number, rounded down, at least 1.
    Log2,
    All,
    /// So many, or all if there are fewer.
    Count(u64),
}

impl MaxFeatures {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(count) => u64::try_from(*count).ok().map(Self::Count),
            Value::Text(word) => match word.as_str() {
                "sqrt" => Some(Self::Sqrt),
                "log2" => Some(Self::Log2),
                "all" => Some(Self::All),
                _ => None,
            },
            _ => None,
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Sqrt => Value::Text("sqrt".into()),
            Self::Log2 => Value::Text("log2".into()),
            Self::All => Value::Text("all".into()),
            // A damaged file may hold more; no matrix has as many columns.
            Self::Count(count) => Value::Integer(count.try_into().unwrap_or(i64::MAX)),
        }
    }

    fn among(self, columns: usize) -> usize {
        match self {
            Self::Sqrt => columns.isqrt(),
            Self::Log2 => columns.checked_ilog2().unwrap_or(0) as usize,
            Self::All => columns,
            Self::Count(count) => columns.min(usize::try_from(count).unwrap_or(usize::MAX)),
        }
        .max(1)
    }
}

impl RandomForestParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        let max_features = model.parameters.get("max_features");
        Ok(Self {
            class_weight: ClassWeight::of(model)?,
            trees: integer(model, "trees")?,
            max_depth: NonZeroU16::new(integer(model, "max_depth")?),
            min_samples_leaf: integer(model, "min_samples_leaf")?,
            min_samples_split: integer(model, "min_samples_split")?,
            max_features: max_features
                .and_then(MaxFeatures::of)
                .ok_or_else(|| unusable("max_features"))?,
            seed: integer(model, "seed")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        let integer = |value: u32| Value::Integer(value.into());
        let max_depth = self.max_depth.map_or(0, NonZeroU16::get);
        vec![
            self.class_weight.value(),
            ("trees", integer(self.trees)),
            ("max_depth", integer(max_depth.into())),
            ("min_samples_leaf", integer(self.min_samples_leaf)),
            ("min_samples_split", integer(self.min_samples_split)),
            ("max_features", self.max_features.value()),
            ("seed", Value::Integer(self.seed)),
        ]
    }
}

impl RandomForestParameters {
    pub(super) fn limits(&self, columns: usize) -> Limits {
        Limits {
            max_depth: self.max_depth.map(|depth| depth.get().into()),
            min_samples_leaf: self.min_samples_leaf,
            min_samples_split: self.min_samples_split,
            columns_per_split: self.max_features.among(columns),
        }
    }
}

/// A tree alone: the parameters of a forest but how many trees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionTreeParameters {
    #[serde(default, skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    /// None: as deep as the rows allow.
    pub max_depth: Option<NonZeroU16>,
    pub min_samples_leaf: u32,
    pub min_samples_split: u32,
    pub max_features: MaxFeatures,
    pub seed: i64,
}

impl DecisionTreeParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        let mut forest = model.clone();
        forest.parameters.insert("trees".into(), Value::Integer(1));
        let RandomForestParameters {
            class_weight,
            trees: _,
            max_depth,
            min_samples_leaf,
            min_samples_split,
            max_features,
            seed,
        } = RandomForestParameters::of(&forest)?;
        Ok(Self {
            class_weight,
            max_depth,
            min_samples_leaf,
            min_samples_split,
            max_features,
            seed,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        let mut values = self.forest().values();
        values.retain(|(name, _)| *name != "trees");
        values
    }

    /// The forest of this one tree.
    pub(super) fn forest(&self) -> RandomForestParameters {
        let Self {
            class_weight,
            max_depth,
            min_samples_leaf,
            min_samples_split,
            max_features,
            seed,
        } = self.clone();
        RandomForestParameters {
            class_weight,
            trees: 1,
            max_depth,
            min_samples_leaf,
            min_samples_split,
            max_features,
            seed,
        }
    }
}

/// Breiman's forest.
pub(super) const RANDOM_FOREST: Method = Method {
    sample: Sample::Bootstrap,
    cuts: Cuts::All,
};

/// Geurts, Ernst and Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
pub(super) const EXTRA_TREES: Method = Method {
    sample: Sample::All,
    cuts: Cuts::Random,
};

/// One tree on all rows.
pub(super) const DECISION_TREE: Method = Method {
    sample: Sample::All,
    cuts: Cuts::All,
};

pub(super) fn fit(
    method: Method,
    parameters: &RandomForestParameters,
    examples: &Examples<'_>,
) -> Result<Forest> {
    let Examples {
        matrix,
        target,
        weights,
    } = *examples;
    if matrix.rows() > MOST_ROWS {
        let message = format!("{} train rows are more than a forest counts", matrix.rows());
        return Err(Error::failure(message).help(format!("it learns from {MOST_ROWS} at most")));
    }
    check_range(examples)?;
    let trees = match (target, weights) {
        (Target::Binary(labels), None) => grow(method, parameters, matrix, &Labels(labels)),
        (Target::Binary(labels), Some(_)) => {
            let labels: Vec<u32> = labels.iter().map(|label| u32::from(*label)).collect();
            let criterion = Classes::new(&labels, 2, weights, 1..2);
            grow(method, parameters, matrix, &criterion)
        }
        (Target::Multiclass { classes, rows }, _) => {
            let criterion = Classes::new(rows, classes, weights, 0..classes);
            grow(method, parameters, matrix, &criterion)
        }
        (Target::Regression(numbers), _) => {
            grow(method, parameters, matrix, &Numbers::new(numbers, weights))
        }
    };
    Forest::of_trees(&trees, target.output())
}

fn grow(
    method: Method,
    parameters: &RandomForestParameters,
    matrix: &Matrix,
    criterion: &impl Criterion,
) -> Vec<Tree> {
    let limits = parameters.limits(matrix.columns());
    let grower = Grower::new(matrix, criterion, method, limits);
    (0..parameters.trees as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(|tree| grower.grow(random_of(parameters.seed, tree)))
        .collect()
}

/// Where the random numbers of a tree come from.
pub(super) fn random_of(seed: i64, tree: usize) -> Random {
    let mut hasher = ContentHasher::new("streamflow forest 2");
    hasher.integer(seed);
    hasher.count(tree);
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    Random::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
}
