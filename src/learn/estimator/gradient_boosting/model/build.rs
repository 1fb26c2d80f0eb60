//! Boosted trees put together node by node.

use super::{BoostedTrees, LEAF, Node};
use crate::error::{Error, Result};
use crate::learn::Output;
use crate::learn::estimator::covers::Covers;

/// No leaf of any fit is as large; with it, no sum of leaves leaves the range of an f64.
const LARGEST_LEAF: f64 = 1e200;

/// Puts trees together from nodes in preorder.
pub(super) struct Builder {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    columns: usize,
    /// Splits of the last tree whose upper subtree has not begun.
    open: Vec<usize>,
    /// Whether the last tree still lacks nodes.
    unfinished: bool,
}

impl Builder {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            nodes: Vec::new(),
            roots: Vec::new(),
            columns,
            open: Vec::new(),
            unfinished: false,
        }
    }

    /// Whether nodes of so many trees are still to come.
    pub(super) fn lacks(&self, trees: usize) -> bool {
        self.roots.len() < trees || self.unfinished
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

    pub(super) fn push_leaf(&mut self, value: f64) -> Result<()> {
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

    pub(super) fn push_split(&mut self, column: u32, threshold: f64) -> Result<()> {
        if column as usize >= self.columns || !threshold.is_finite() {
            return Err(damaged("a split looks at no column"));
        }
        let at = self.push(threshold, column)?;
        self.open.push(at as usize);
        Ok(())
    }

    pub(super) fn finish(
        self,
        output: Output,
        base: Vec<f64>,
        covers: Option<Covers>,
        importances: Vec<f64>,
    ) -> Result<BoostedTrees> {
        if self.unfinished {
            return Err(damaged("a tree is not whole"));
        }
        if !self.roots.len().is_multiple_of(output.width()) {
            return Err(damaged("a class lacks a tree"));
        }
        let is_usable = |base: &f64| (-LARGEST_LEAF..=LARGEST_LEAF).contains(base);
        if !base.iter().all(is_usable) {
            return Err(damaged("it starts too far out"));
        }
        Ok(BoostedTrees {
            output,
            base,
            nodes: self.nodes,
            roots: self.roots,
            covers,
            importances,
        })
    }
}

pub(super) fn damaged(what: &str) -> Error {
    Error::failure(format!(
        "the boosted trees of the model file are damaged: {what}"
    ))
}
