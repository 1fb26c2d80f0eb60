//! A forest in its compact form: what a model file holds and predictions run on.
//!
//! In the file a tree is its nodes in preorder. The children of a split follow from the order, so
//! a file cannot hold a loop or a link out of bounds, whatever its bytes. Thresholds and leaf
//! values repeat a lot: each is an index into one sorted list of distinct numbers.

mod difference;

use super::smartcore_forest::{Tree, TreeNode, normalize};
use crate::error::{Error, Result};
use crate::learn::Matrix;
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};

pub use difference::{ForestDifference, ForestNode, TreeCounts};

/// `column` of a leaf.
const LEAF: u32 = u32::MAX;

/// Rows that go through one tree after the other: the tree stays in the processor's cache.
const ROWS_PER_BLOCK: usize = 128;

/// Decision trees whose mean is the probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// All trees, each in preorder.
    nodes: Vec<Node>,
    /// Where each tree starts in `nodes`.
    roots: Vec<u32>,
    importances: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    /// The threshold of a split, or the value of a leaf.
    value: f64,
    /// The matrix column a split looks at, or [`LEAF`].
    column: u32,
    /// Where to go when the column's number is above the threshold; else to the next node.
    above: u32,
}

impl Forest {
    pub(super) fn from_trees<'a>(
        trees: impl Iterator<Item = &'a Tree>,
        columns: usize,
    ) -> Result<Self> {
        let mut builder = Builder::new(columns);
        let mut importances = vec![0.0; columns];
        for tree in trees {
            for &node in &tree.nodes {
                builder.push(node)?;
            }
            for (sum, importance) in importances.iter_mut().zip(&tree.importances) {
                *sum += importance;
            }
        }
        for sum in &mut importances {
            *sum /= builder.roots.len() as f64;
        }
        normalize(&mut importances);
        builder.finish(importances)
    }

    /// How many trees there are.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// How many nodes all trees have.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    pub fn importances(&self) -> &[f64] {
        &self.importances
    }

    /// The mean over the trees, summed in their order.
    pub(super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let mut sums = vec![0.0; matrix.rows()];
        for_each_block(&mut sums, ROWS_PER_BLOCK, |block, sums| {
            for &root in &self.roots {
                for (offset, sum) in sums.iter_mut().enumerate() {
                    *sum += self.leaf(root, matrix.row(block * ROWS_PER_BLOCK + offset));
                }
            }
            for sum in sums {
                *sum /= self.roots.len() as f64;
            }
        });
        sums
    }

    fn leaf(&self, root: u32, row: &[f64]) -> f64 {
        let mut at = root as usize;
        loop {
            let node = self.nodes[at];
            if node.column == LEAF {
                return node.value;
            }
            // Written as smartcore compares, so that a NaN would go the same way.
            at = if row[node.column as usize] <= node.value {
                at + 1
            } else {
                node.above as usize
            };
        }
    }

    /// | bytes | |
    /// |---|---|
    /// | 8 × columns | importances |
    /// | 4, then 8 each | distinct numbers, in the order of `total_cmp` |
    /// | 4 | trees |
    /// | per node | 0 for a leaf, column + 1 for a split; then the index of its number; both LEB128 |
    pub(super) fn write(&self, writer: &mut Writer) {
        for &importance in &self.importances {
            writer.float(importance);
        }
        let mut numbers: Vec<f64> = self.nodes.iter().map(|node| node.value).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        numbers.dedup_by_key(|number| number.to_bits());
        writer.u32(numbers.len() as u32);
        for &number in &numbers {
            writer.float(number);
        }
        writer.u32(self.roots.len() as u32);
        for node in &self.nodes {
            writer.varint(if node.column == LEAF {
                0
            } else {
                node.column + 1
            });
            let index = numbers.partition_point(|number| number.total_cmp(&node.value).is_lt());
            writer.varint(index as u32);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>, columns: usize) -> Result<Self> {
        let importances = reader.floats(columns)?;
        let count = reader.u32()? as usize;
        let numbers = reader.floats(count)?;
        let trees = reader.u32()? as usize;
        let mut builder = Builder::new(columns);
        while builder.roots.len() < trees || builder.is_open() {
            let code = reader.varint()?;
            let index = reader.varint()? as usize;
            let value = *numbers
                .get(index)
                .ok_or_else(|| damaged("a number is not listed"))?;
            builder.push(match code.checked_sub(1) {
                None => TreeNode::Leaf(value),
                Some(column) => TreeNode::Split {
                    column,
                    threshold: value,
                },
            })?;
        }
        builder.finish(importances)
    }
}

/// Puts trees together from nodes in preorder.
struct Builder {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    columns: usize,
    /// Splits of the last tree whose upper subtree has not begun.
    open: Vec<usize>,
    /// Whether the last tree still lacks nodes.
    unfinished: bool,
}

impl Builder {
    fn new(columns: usize) -> Self {
        Self {
            nodes: Vec::new(),
            roots: Vec::new(),
            columns,
            open: Vec::new(),
            unfinished: false,
        }
    }

    fn is_open(&self) -> bool {
        self.unfinished
    }

    fn push(&mut self, node: TreeNode) -> Result<()> {
        let at = u32::try_from(self.nodes.len()).map_err(|_| {
            Error::failure("the forest has more than 2³² nodes")
                .help("grow fewer trees, or set `max_depth` or `min_samples_leaf` under [model]")
        })?;
        if !self.unfinished {
            self.roots.push(at);
            self.unfinished = true;
        }
        match node {
            TreeNode::Leaf(value) => self.push_leaf(at, value),
            TreeNode::Split { column, threshold } => self.push_split(column, threshold),
        }
    }

    fn push_leaf(&mut self, at: u32, value: f64) -> Result<()> {
        if !(0.0..=1.0).contains(&value) {
            return Err(damaged("a leaf is not a probability"));
        }
        self.nodes.push(Node {
            value,
            column: LEAF,
            above: 0,
        });
        match self.open.pop() {
            Some(split) => self.nodes[split].above = at + 1,
            None => self.unfinished = false,
        }
        Ok(())
    }

    fn push_split(&mut self, column: u32, threshold: f64) -> Result<()> {
        if column as usize >= self.columns || !threshold.is_finite() {
            return Err(damaged("a split looks at no column"));
        }
        self.open.push(self.nodes.len());
        self.nodes.push(Node {
            value: threshold,
            column,
            above: 0,
        });
        Ok(())
    }

    fn finish(self, importances: Vec<f64>) -> Result<Forest> {
        if self.unfinished || self.roots.is_empty() {
            return Err(damaged("a tree is not whole"));
        }
        Ok(Forest {
            nodes: self.nodes,
            roots: self.roots,
            importances,
        })
    }
}

fn damaged(what: &str) -> Error {
    Error::failure(format!("the forest of the model file is damaged: {what}"))
}
