//! Boosted trees in their compact form: what a model file holds and predictions run on.
//!
//! As in a forest, a tree is its nodes in preorder, so that a file cannot hold a loop or a link out
//! of bounds, and thresholds and leaves are indexes into one sorted list of distinct numbers.

mod build;
mod difference;
mod file;

use self::build::Builder;
use super::bins::Bins;
use super::tree::{Node as GrownNode, Tree};
use crate::error::Result;
use crate::learn::blocks::for_each_block;
use crate::learn::estimator::covers::Covers;
use crate::learn::estimator::{ForestNode, TreeView};
use crate::learn::{Matrix, Output};
use crate::math;

/// `column` of a leaf.
const LEAF: u32 = u32::MAX;

/// Rows that go through one tree after the other: the tree stays in the processor's cache.
const ROWS_PER_BLOCK: usize = 128;

/// Decision trees whose sum is a score: the log-odds of the positive class, or the number that is
/// expected. Of several classes each has its own: tree *t* adds to that of class *t* mod their number.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostedTrees {
    output: Output,
    /// The scores before any tree.
    base: Vec<f64>,
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
    /// The threshold of a split, or what a leaf adds to the score.
    value: f64,
    /// The matrix column a split looks at, or [`LEAF`].
    column: u32,
    /// Where to go when the column's number is above the threshold; else to the next node.
    above: u32,
}

impl BoostedTrees {
    pub(super) fn from_trees(
        output: Output,
        base: Vec<f64>,
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
        let covers = Some(Covers::Counts(covers));
        builder.finish(output, base, covers, importances)
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

    /// What is answered before any tree: the share of the positive class or of each, or the mean.
    pub fn start(&self) -> Vec<f64> {
        let mut scores = self.base.clone();
        self.answer(&mut scores);
        scores
    }

    /// What is said of each row, row after row.
    pub(in super::super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let width = self.base.len();
        let mut scores = self.base.repeat(matrix.rows());
        for_each_block(&mut scores, ROWS_PER_BLOCK * width, |block, scores| {
            let first = block * ROWS_PER_BLOCK;
            for (tree, &root) in self.roots.iter().enumerate() {
                let scores = scores.iter_mut().skip(tree % width).step_by(width);
                for (row, score) in (first..).zip(scores) {
                    *score += self.leaf(root, matrix.row(row));
                }
            }
            for scores in scores.chunks_exact_mut(width) {
                self.answer(scores);
            }
        });
        scores
    }

    /// Makes of the scores of a row what is said of it.
    fn answer(&self, scores: &mut [f64]) {
        match self.output {
            Output::Number => {}
            Output::Probability => {
                for score in scores {
                    *score = math::sigmoid(*score);
                }
            }
            Output::Probabilities(_) => softmax(scores),
        }
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

    /// The trees, whose sum is the score: of several classes tree *t* adds to that of class *t* mod
    /// their number; none where the model file is of a version that did not
    /// count the rows of leaves.
    pub fn tree_views(&self) -> Option<impl Iterator<Item = TreeView<'_>>> {
        let mut covers = self.covers.as_ref()?.iter();
        let trees = 0..self.trees();
        Some(trees.map(move |tree| TreeView::new(self.preorder(tree), &mut covers)))
    }

    /// The scores before any tree.
    pub fn base(&self) -> &[f64] {
        &self.base
    }

    /// A tree's nodes in preorder: a split, what is below, what is above.
    pub(in crate::learn) fn preorder(&self, tree: usize) -> impl Iterator<Item = ForestNode<'_>> {
        self.tree(tree).iter().map(Node::in_words)
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

/// Exponentials as shares of their sum.
fn softmax(scores: &mut [f64]) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = math::exp(*score - most);
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}
