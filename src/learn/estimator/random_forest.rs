//! A random forest: smartcore grows the trees, [`Forest`] keeps them.
//!
//! smartcore's regressor on labels of 0 and 1 splits by squared error, which on such labels is the
//! Gini impurity up to a factor, and the mean of a leaf is its share of positive rows. All sums
//! inside are of whole numbers, hence exact; no function of the C library is called.
//!
//! smartcore works on one thread. So the forest is grown in chunks, each a smartcore forest of its
//! own, on as many threads as there are. A chunk has 10 trees, or 1 000 000 / rows if that is less,
//! but at least one. Chunk *c*, counted from 0, has as its seed the first eight bytes, little-
//! endian, of BLAKE3 over the domain `streamflow forest 1`, the declared seed and *c*. Chunks are
//! joined in order: the number of threads cannot show.
//!
//! Where it differs from scikit-learn: a node whose randomly drawn columns are all constant
//! becomes a leaf, where scikit-learn would draw further ones.

use std::num::NonZeroU16;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::forest::Forest;
use super::parameters::{integer, unusable};
use super::smartcore_forest::{Grower, Limits, Tree};
use crate::definition::{Model, Value};
use crate::error::Result;
use crate::hash::ContentHasher;
use crate::learn::Matrix;

/// Most trees of a chunk. Part of the algorithm: another number grows other trees.
pub(super) const TREES_PER_CHUNK: usize = 10;

/// Chunks hold fewer trees when trees × rows would be more: smartcore's trees are large.
const ROWS_PER_CHUNK: usize = 1_000_000;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomForestParameters {
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
            ("trees", integer(self.trees)),
            ("max_depth", integer(max_depth.into())),
            ("min_samples_leaf", integer(self.min_samples_leaf)),
            ("min_samples_split", integer(self.min_samples_split)),
            ("max_features", self.max_features.value()),
            ("seed", Value::Integer(self.seed)),
        ]
    }
}

pub(super) fn fit(
    parameters: &RandomForestParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> Result<Forest> {
    let grower = Grower::new(matrix, labels)?;
    let limits = Limits {
        max_depth: parameters.max_depth.map(NonZeroU16::get),
        min_samples_leaf: parameters.min_samples_leaf as usize,
        min_samples_split: parameters.min_samples_split as usize,
        columns_per_split: parameters.max_features.among(matrix.columns()),
    };
    let trees = parameters.trees as usize;
    let per_chunk = (ROWS_PER_CHUNK / matrix.rows()).clamp(1, TREES_PER_CHUNK);
    let chunks: Vec<Vec<Tree>> = (0..trees.div_ceil(per_chunk))
        .into_par_iter()
        .with_max_len(1)
        .map(|chunk| {
            let count = per_chunk.min(trees - chunk * per_chunk);
            grower.grow(count, &limits, chunk_seed(parameters.seed, chunk))
        })
        .collect::<Result<_>>()?;
    Forest::from_trees(chunks.iter().flatten(), matrix.columns())
}

pub(super) fn chunk_seed(seed: i64, chunk: usize) -> u64 {
    let mut hasher = ContentHasher::new("streamflow forest 1");
    hasher.integer(seed);
    hasher.count(chunk);
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
