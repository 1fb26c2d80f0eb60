//! smartcore's forests, and the way into them.
//!
//! smartcore keeps its trees private, but serializes them. They are written with postcard, a format
//! that is nothing but the fields in order, and read back into the mirror types below, whose
//! fields stand in the order of smartcore 0.7's. A test compares predictions bit by bit.

use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_regressor::{
    RandomForestRegressor, RandomForestRegressorParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::error::{Error, Result};
use crate::learn::Matrix;

pub(super) type SmartcoreForest = RandomForestRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// A tree in preorder: a split is followed by the subtree of `value ≤ threshold`, then the other.
pub(super) struct Tree {
    pub nodes: Vec<TreeNode>,
    /// The decrease of impurity per matrix column; they add up to 1, or are all 0.
    pub importances: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TreeNode {
    /// The share of positive rows.
    Leaf(f64),
    Split {
        column: u32,
        threshold: f64,
    },
}

pub(super) struct Limits {
    /// Most splits between root and leaf.
    pub max_depth: Option<u16>,
    pub min_samples_leaf: usize,
    pub min_samples_split: usize,
    pub columns_per_split: usize,
}

/// The train rows in smartcore's own form.
pub(super) struct Grower {
    x: DenseMatrix<f64>,
    y: Vec<f64>,
    columns: usize,
}

impl Grower {
    pub fn new(matrix: &Matrix, labels: &[bool]) -> Result<Self> {
        let (rows, columns) = (matrix.rows(), matrix.columns());
        let x = DenseMatrix::new(rows, columns, matrix.column_major(), true).map_err(failed)?;
        let y = labels
            .iter()
            .map(|label| f64::from(u8::from(*label)))
            .collect();
        Ok(Self { x, y, columns })
    }

    /// Grows `trees` trees with the random numbers of `seed`.
    pub fn grow(&self, trees: usize, limits: &Limits, seed: u64) -> Result<Vec<Tree>> {
        let forest = self.fit(trees, limits, seed)?;
        let bytes = postcard::to_stdvec(&forest).map_err(failed)?;
        // Gigabytes for a large table: gone before the copy is read.
        drop(forest);
        let mirror: ForestMirror = postcard::from_bytes(&bytes).map_err(failed)?;
        let trees = mirror
            .forest
            .and_then(|forest| forest.trees)
            .unwrap_or_default();
        Ok(trees
            .iter()
            .map(|tree| tree.compact(self.columns))
            .collect())
    }

    pub fn fit(&self, trees: usize, limits: &Limits, seed: u64) -> Result<SmartcoreForest> {
        let parameters = RandomForestRegressorParameters {
            // smartcore counts levels of nodes, we count splits: a depth of 1 has two levels.
            max_depth: limits.max_depth.map(|depth| depth.saturating_add(1)),
            min_samples_leaf: limits.min_samples_leaf,
            min_samples_split: limits.min_samples_split,
            n_trees: trees,
            m: Some(limits.columns_per_split),
            keep_samples: false,
            seed,
        };
        RandomForestRegressor::fit(&self.x, &self.y, parameters).map_err(failed)
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::failure("the random forest could not be grown").caused_by(error)
}

#[derive(Serialize, Deserialize)]
struct ForestMirror {
    forest: Option<BaseForestMirror>,
}

#[derive(Serialize, Deserialize)]
struct BaseForestMirror {
    trees: Option<Vec<TreeMirror>>,
    num_features: Option<usize>,
    samples: Option<Vec<Vec<bool>>>,
}

/// The four `PhantomData` at its end take no bytes.
#[derive(Serialize, Deserialize)]
struct TreeMirror {
    nodes: Vec<NodeMirror>,
    parameters: Option<ParametersMirror>,
    depth: u16,
    root_mass: f64,
}

#[derive(Serialize, Deserialize)]
struct ParametersMirror {
    max_depth: Option<u16>,
    min_samples_leaf: usize,
    min_samples_split: usize,
    seed: Option<u64>,
    splitter: SplitterMirror,
}

#[derive(Serialize, Deserialize)]
enum SplitterMirror {
    Random,
    Best,
}

#[derive(Serialize, Deserialize)]
struct NodeMirror {
    output: f64,
    split_feature: usize,
    split_value: Option<f64>,
    split_score: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

impl NodeMirror {
    fn children(&self) -> Option<(usize, usize)> {
        self.true_child.zip(self.false_child)
    }
}

impl TreeMirror {
    fn compact(&self, columns: usize) -> Tree {
        Tree {
            nodes: self.preorder(&self.uniform_outputs()),
            importances: self.importances(columns),
        }
    }

    /// For each node the output that all leaves below it share, if they do.
    ///
    /// smartcore splits on when every row of a node has the same label, down to single rows. Such
    /// splits decide nothing; without them a tree is a fraction of its size.
    fn uniform_outputs(&self) -> Vec<Option<f64>> {
        let mut uniform = vec![None; self.nodes.len()];
        // Children stand behind their parent, so from the end every child is known.
        for (index, node) in self.nodes.iter().enumerate().rev() {
            uniform[index] = match node.children() {
                None => Some(node.output),
                Some((below, above)) => uniform[below].filter(|_| uniform[below] == uniform[above]),
            };
        }
        uniform
    }

    fn preorder(&self, uniform: &[Option<f64>]) -> Vec<TreeNode> {
        let mut nodes = Vec::new();
        let mut pending = vec![0];
        while let Some(index) = pending.pop() {
            let node = &self.nodes[index];
            match (uniform[index], node.children()) {
                (Some(output), _) => nodes.push(TreeNode::Leaf(output)),
                (None, None) => nodes.push(TreeNode::Leaf(node.output)),
                (None, Some((below, above))) => {
                    nodes.push(TreeNode::Split {
                        column: node.split_feature as u32,
                        threshold: node.split_value.unwrap_or(f64::NAN),
                    });
                    pending.extend([above, below]);
                }
            }
        }
        nodes
    }

    fn importances(&self, columns: usize) -> Vec<f64> {
        let mut importances = vec![0.0; columns];
        for node in &self.nodes {
            if let Some(score) = node.split_score {
                importances[node.split_feature] += score;
            }
        }
        normalize(&mut importances);
        importances
    }
}

/// Divides by the sum, unless it is 0.
pub(super) fn normalize(values: &mut [f64]) {
    let sum = values.iter().fold(0.0, |sum, value| sum + value);
    if sum > 0.0 {
        for value in values {
            *value /= sum;
        }
    }
}
