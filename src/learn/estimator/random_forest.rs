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

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::catalog::{DEEPEST, MOST_TREES};
use super::forest::Forest;
use super::out_of_range;
use super::smartcore_forest::{Grower, Limits, Tree};
use crate::error::Result;
use crate::hash::ContentHasher;
use crate::learn::Matrix;

/// Most trees of a chunk. Part of the algorithm: another number grows other trees.
pub(super) const TREES_PER_CHUNK: usize = 10;

/// Chunks hold fewer trees when trees × rows would be more: smartcore's trees are large.
const ROWS_PER_CHUNK: usize = 1_000_000;

/// See [`super::kinds`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomForestParameters {
    pub trees: u32,
    pub max_depth: Option<u16>,
    pub min_samples_leaf: u32,
    pub min_samples_split: u32,
    pub max_features: MaxFeatures,
    pub seed: u64,
}

impl Default for RandomForestParameters {
    fn default() -> Self {
        Self {
            trees: 100,
            max_depth: None,
            min_samples_leaf: 1,
            min_samples_split: 2,
            max_features: MaxFeatures::Sqrt,
            seed: 42,
        }
    }
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
    Count(u32),
}

impl MaxFeatures {
    fn of(self, columns: usize) -> usize {
        match self {
            Self::Sqrt => columns.isqrt(),
            Self::Log2 => columns.checked_ilog2().unwrap_or(0) as usize,
            Self::All => columns,
            Self::Count(count) => columns.min(count as usize),
        }
        .max(1)
    }
}

impl RandomForestParameters {
    pub(super) fn check(&self) -> Result<()> {
        if !(1..=MOST_TREES).contains(&self.trees) {
            return Err(out_of_range("trees", self.trees, "between 1 and 100 000"));
        }
        if let Some(depth) = self.max_depth
            && !(1..=DEEPEST).contains(&depth)
        {
            return Err(out_of_range("max_depth", depth, "between 1 and 65 534"));
        }
        if self.min_samples_leaf < 1 {
            return Err(out_of_range(
                "min_samples_leaf",
                self.min_samples_leaf,
                "at least 1",
            ));
        }
        if self.min_samples_split < 2 {
            return Err(out_of_range(
                "min_samples_split",
                self.min_samples_split,
                "at least 2",
            ));
        }
        match self.max_features {
            MaxFeatures::Count(0) => Err(out_of_range("max_features", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

pub(super) fn fit(
    parameters: &RandomForestParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> Result<Forest> {
    let grower = Grower::new(matrix, labels)?;
    let limits = Limits {
        max_depth: parameters.max_depth,
        min_samples_leaf: parameters.min_samples_leaf as usize,
        min_samples_split: parameters.min_samples_split as usize,
        columns_per_split: parameters.max_features.of(matrix.columns()),
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

pub(super) fn chunk_seed(seed: u64, chunk: usize) -> u64 {
    let mut hasher = ContentHasher::new("streamflow forest 1");
    hasher.integer(seed.cast_signed());
    hasher.count(chunk);
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
