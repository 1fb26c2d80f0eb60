//! Boosted trees in their compact form: what a model file holds and predictions run on.
//!
//! As in a forest, a tree is its nodes in preorder, so that a file cannot hold a loop or a link out
//! of bounds, and thresholds and leaves are indexes into one sorted list of distinct numbers.

use super::bins::Bins;
use super::tree::{Node as GrownNode, Tree};
use crate::error::{Error, Result};
use crate::learn::Matrix;
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::estimator::covers::{CoverReader, CoverWriter, Covers};
use crate::learn::estimator::{ForestDifference, ForestNode, TreeCounts, TreeView};
use crate::math;

/// `column` of a leaf.
const LEAF: u32 = u32::MAX;

/// Rows that go through one tree after the other: the tree stays in the processor's cache.
const ROWS_PER_BLOCK: usize = 128;

/// No leaf of any fit is as large; with it, no sum of leaves leaves the range of an f64.
const LARGEST_LEAF: f64 = 1e200;

/// Decision trees whose sum is the log-odds of the positive class.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostedTrees {
    /// The log-odds before any tree: those of the train rows.
    base: f64,
    /// All trees, each in preorder.
    nodes: Vec<Node>,
    /// Where each tree starts in `nodes`.
    roots: Vec<u32>,
    /// None: read from a file of a version that kept none.
    covers: Option<Covers>,
    importances: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    /// The threshold of a split, or what a leaf adds to the log-odds.
    value: f64,
    /// The matrix column a split looks at, or [`LEAF`].
    column: u32,
    /// Where to go when the column's number is above the threshold; else to the next node.
    above: u32,
}

impl BoostedTrees {
    pub(super) fn from_trees(
        base: f64,
        trees: &[Tree],
        learning_rate: f64,
        bins: &Bins,
        columns: usize,
    ) -> Result<Self> {
        let mut builder = Builder::new(columns);
        let mut importances = vec![0.0; columns];
        let mut covers = Vec::new();
        for tree in trees {
            let mut stack = vec![0];
            while let Some(at) = stack.pop() {
                match &tree.nodes[at] {
                    GrownNode::Leaf { step, rows } => {
                        builder.push_leaf(step * learning_rate)?;
                        // Rows are counted in 32 bits.
                        covers.push(rows.len() as u32);
                    }
                    GrownNode::Split { split, children } => {
                        let column = &bins.columns[split.column];
                        importances[column.column] += split.gain;
                        builder.push_split(
                            column.column as u32,
                            column.cuts[usize::from(split.bin)],
                        )?;
                        stack.extend([children + 1, *children]);
                    }
                }
            }
        }
        let gain = importances.iter().fold(0.0, |sum, gain| sum + gain);
        if gain > 0.0 {
            for importance in &mut importances {
                *importance /= gain;
            }
        }
        builder.finish(base, Some(Covers::Counts(covers)), importances)
    }

    /// As read from a file of version 1, and the bytes of that file.
    #[cfg(test)]
    pub(in super::super) fn first_version(mut self) -> (Self, Vec<u8>) {
        self.covers = None;
        let mut writer = Writer::default();
        self.write(&mut writer);
        let mut bytes = writer.into_bytes();
        let numbers = 8 + 8 * self.importances.len();
        let count = u32::from_le_bytes(*bytes[numbers..].first_chunk().unwrap());
        bytes.remove(numbers + 4 + 8 * count as usize + 4);
        (self, bytes)
    }

    /// How many trees there are.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// How many nodes all trees have.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The share of each matrix column in what all splits gained. All are 0 if there is no tree.
    pub fn importances(&self) -> &[f64] {
        &self.importances
    }

    /// The share of the positive class before any tree.
    pub fn rate(&self) -> f64 {
        math::sigmoid(self.base)
    }

    /// The probability of the positive class for one row of the matrix.
    pub fn probability(&self, row: &[f64]) -> f64 {
        let sum = |sum: f64, root: &u32| sum + self.leaf(*root, row);
        math::sigmoid(self.roots.iter().fold(self.base, sum))
    }

    /// The same for every row.
    pub(in super::super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let mut sums = vec![self.base; matrix.rows()];
        for_each_block(&mut sums, ROWS_PER_BLOCK, |block, sums| {
            for &root in &self.roots {
                for (offset, sum) in sums.iter_mut().enumerate() {
                    *sum += self.leaf(root, matrix.row(block * ROWS_PER_BLOCK + offset));
                }
            }
            for sum in sums {
                *sum = math::sigmoid(*sum);
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
            at = if row[node.column as usize] <= node.value {
                at + 1
            } else {
                node.above as usize
            };
        }
    }

    /// | bytes | |
    /// |---|---|
    /// | 8 | log-odds before any tree |
    /// | 8 × columns | importances |
    /// | 4, then 8 each | distinct numbers, in the order of `total_cmp` |
    /// | 4 | trees |
    /// | 1 | how the rows of leaves are counted; see [`CoverWriter`] |
    /// | per node | 0 for a leaf, column + 1 for a split; then the index of its number; both LEB128. Behind a leaf its rows |
    ///
    /// Version 1 did not count the rows of leaves.
    pub(in super::super) fn write(&self, writer: &mut Writer) {
        writer.float(self.base);
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
        let mut covers = CoverWriter::begin(self.covers.as_ref(), writer);
        for node in &self.nodes {
            // A leaf's column is the largest number there is: it comes round to 0.
            writer.varint(node.column.wrapping_add(1));
            let index = numbers.partition_point(|number| number.total_cmp(&node.value).is_lt());
            writer.varint(index as u32);
            if node.column == LEAF {
                covers.write_next(writer);
            }
        }
    }

    /// Reads what a version of the estimator wrote, for a matrix of `columns` columns.
    pub(in super::super) fn read(
        reader: &mut Reader<'_>,
        version: u32,
        columns: usize,
    ) -> Result<Self> {
        let base = reader.float()?;
        let importances = reader.floats(columns)?;
        let count = reader.u32()? as usize;
        let numbers = reader.floats(count)?;
        let trees = reader.u32()? as usize;
        let mut covers = match version {
            1 => CoverReader::of_none(),
            _ => CoverReader::begin(reader)?,
        };
        let mut builder = Builder::new(columns);
        while builder.roots.len() < trees || builder.unfinished {
            let code = reader.varint()?;
            let value = *numbers
                .get(reader.varint()? as usize)
                .ok_or_else(|| damaged("a number is not listed"))?;
            match code.checked_sub(1) {
                None => {
                    builder.push_leaf(value)?;
                    covers.read_next(reader)?;
                }
                Some(column) => builder.push_split(column, value)?,
            }
        }
        builder.finish(base, covers.finish(), importances)
    }

    /// The trees, whose sum is the log-odds; none where the model file is of a version that did not
    /// count the rows of leaves.
    pub fn tree_views(&self) -> Option<impl Iterator<Item = TreeView<'_>>> {
        let mut covers = self.covers.as_ref()?.iter();
        let trees = 0..self.trees();
        Some(trees.map(move |tree| {
            let nodes = self.tree(tree).iter().map(Node::in_words);
            TreeView::new(nodes, &mut covers)
        }))
    }

    /// The log-odds before any tree.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// Holds two models against each other, tree by tree; none when their trees are the same.
    pub fn first_difference<'a>(&'a self, now: &'a Self) -> Option<ForestDifference<'a>> {
        let common = self.trees().min(now.trees());
        let differs = |tree: &usize| self.differing_node(now, *tree).is_some();
        let trees = TreeCounts {
            before: self.trees(),
            now: now.trees(),
            differ: (0..common).filter(differs).count(),
        };
        (0..self.trees().max(now.trees())).find_map(|tree| {
            let node = self.differing_node(now, tree)?;
            Some(ForestDifference {
                tree: tree + 1,
                node: node + 1,
                before: self.tree(tree).get(node).map(Node::in_words),
                now: now.tree(tree).get(node).map(Node::in_words),
                trees,
            })
        })
    }

    /// The number of the first node in which a tree is another.
    fn differing_node(&self, other: &Self, tree: usize) -> Option<usize> {
        let (these, those) = (self.tree(tree), other.tree(tree));
        let bits = |node: &Node| (node.column, node.value.to_bits());
        (0..these.len().max(those.len()))
            .find(|node| these.get(*node).map(bits) != those.get(*node).map(bits))
    }

    /// The nodes of a tree; none where there is no such tree.
    fn tree(&self, tree: usize) -> &[Node] {
        let start = |tree: usize| self.roots.get(tree).map(|root| *root as usize);
        match start(tree) {
            None => &[],
            Some(first) => &self.nodes[first..start(tree + 1).unwrap_or(self.nodes.len())],
        }
    }
}

impl Node {
    fn in_words(&self) -> ForestNode<'_> {
        match self.column {
            LEAF => ForestNode::Leaf(std::slice::from_ref(&self.value)),
            column => ForestNode::Split {
                column: column as usize,
                threshold: self.value,
            },
        }
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

    /// Adds a node and returns its number.
    fn push(&mut self, value: f64, column: u32) -> Result<u32> {
        let at = u32::try_from(self.nodes.len())
            .ok()
            .filter(|at| *at < u32::MAX)
            .ok_or_else(|| {
                Error::failure("the trees have more than 2³² nodes")
                    .help("grow fewer `trees`, or set fewer `max_leaves` under [model]")
            })?;
        if !self.unfinished {
            self.roots.push(at);
            self.unfinished = true;
        }
        self.nodes.push(Node {
            value,
            column,
            above: 0,
        });
        Ok(at)
    }

    fn push_leaf(&mut self, value: f64) -> Result<()> {
        if !(-LARGEST_LEAF..=LARGEST_LEAF).contains(&value) {
            return Err(damaged("a leaf is too large"));
        }
        let at = self.push(value, LEAF)?;
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
        let at = self.push(threshold, column)?;
        self.open.push(at as usize);
        Ok(())
    }

    fn finish(
        self,
        base: f64,
        covers: Option<Covers>,
        importances: Vec<f64>,
    ) -> Result<BoostedTrees> {
        if self.unfinished {
            return Err(damaged("a tree is not whole"));
        }
        if !(-LARGEST_LEAF..=LARGEST_LEAF).contains(&base) {
            return Err(damaged("it starts too far out"));
        }
        Ok(BoostedTrees {
            base,
            nodes: self.nodes,
            roots: self.roots,
            covers,
            importances,
        })
    }
}

fn damaged(what: &str) -> Error {
    Error::failure(format!(
        "the boosted trees of the model file are damaged: {what}"
    ))
}
