//! One tree, grown leaf by leaf: the leaf whose split gains most is split next (Ke et al. 2017).

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::bins::Bins;
use super::histogram::{Gradient, Histogram, Layout, Sums, total};
use super::partition::partition;
use super::split::{Limits, Split};

/// Bins of all histograms that are kept for the leaves to be split, at 24 bytes each. A leaf beyond
/// has its histogram made anew: sums are exact, so this cannot show.
const KEPT_CELLS: usize = 1 << 24;

/// What all trees of a model are grown from and held to.
pub(super) struct Grower<'a> {
    pub bins: &'a Bins,
    pub limits: Limits,
    pub max_leaves: usize,
    pub max_depth: usize,
}

/// A tree in terms of bins.
pub(super) struct Tree {
    /// The root first; children stand behind their parents.
    pub nodes: Vec<Node>,
    /// The rows the tree was grown on, those of a leaf side by side and ascending.
    pub rows: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Split {
        split: Split,
        /// Two nodes, side by side: those at most at the cut, then those above.
        children: usize,
    },
    Leaf {
        /// One Newton step from where the rows are.
        step: f64,
        /// Its part of the rows.
        rows: Range<usize>,
    },
}

/// A leaf that can be split.
struct Open {
    node: usize,
    depth: usize,
    rows: Range<usize>,
    total: Sums,
    histogram: Option<Histogram>,
    split: Split,
}

/// A leaf of which it is not known yet.
struct New {
    node: usize,
    depth: usize,
    rows: Range<usize>,
    total: Sums,
}

struct Growth<'a> {
    grower: &'a Grower<'a>,
    gradients: &'a [Gradient],
    columns: &'a [usize],
    layout: Layout,
    tree: Tree,
    open: BinaryHeap<Open>,
    kept: usize,
}

impl Grower<'_> {
    /// Grows a tree on the rows, ascending, looking at the columns, ascending.
    pub(super) fn grow(&self, gradients: &[Gradient], rows: Vec<u32>, columns: &[usize]) -> Tree {
        let mut growth = Growth {
            grower: self,
            gradients,
            columns,
            layout: Layout::new(self.bins, columns),
            tree: Tree {
                nodes: Vec::new(),
                rows,
            },
            open: BinaryHeap::new(),
            kept: 0,
        };
        growth.plant();
        let mut spare = vec![0; growth.tree.rows.len()];
        let mut leaves = 1;
        while leaves < self.max_leaves
            && let Some(leaf) = growth.open.pop()
        {
            leaves += 1;
            growth.split(leaf, &mut spare, leaves < self.max_leaves);
        }
        growth.tree.rest();
        growth.tree
    }
}

impl Growth<'_> {
    fn plant(&mut self) {
        let root = New {
            node: 0,
            depth: 0,
            rows: 0..self.tree.rows.len(),
            total: total(&self.tree.rows, self.gradients),
        };
        self.push_leaf(&root);
        if self.may_split(&root) {
            let histogram = self.histogram(&root);
            self.consider(root, histogram);
        }
    }

    fn push_leaf(&mut self, leaf: &New) {
        self.tree.nodes.push(Node::Leaf {
            step: self.grower.limits.step(leaf.total),
            rows: leaf.rows.clone(),
        });
    }

    fn may_split(&self, leaf: &New) -> bool {
        leaf.depth < self.grower.max_depth && self.grower.limits.allows_two(leaf.total)
    }

    fn histogram(&self, leaf: &New) -> Histogram {
        let rows = &self.tree.rows[leaf.rows.clone()];
        Histogram::of(self.grower.bins, &self.layout, rows, self.gradients)
    }

    /// Finds the split of a leaf, if it has any.
    fn consider(&mut self, leaf: New, histogram: Histogram) {
        let limits = &self.grower.limits;
        let best = limits.best(&histogram, &self.layout, self.columns, leaf.total);
        let Some(split) = best else {
            return;
        };
        let cells = self.layout.cells();
        let keep = self.kept + cells <= KEPT_CELLS;
        if keep {
            self.kept += cells;
        }
        self.open.push(Open {
            node: leaf.node,
            depth: leaf.depth,
            rows: leaf.rows,
            total: leaf.total,
            histogram: keep.then_some(histogram),
            split,
        });
    }

    fn split(&mut self, leaf: Open, spare: &mut [u32], grow_on: bool) {
        if leaf.histogram.is_some() {
            self.kept -= self.layout.cells();
        }
        let column = &self.grower.bins.columns[leaf.split.column].rows;
        let rows = &mut self.tree.rows[leaf.rows.clone()];
        let left = partition(rows, spare, |row| column[row as usize] <= leaf.split.bin);
        let middle = leaf.rows.start + left;
        let children = self.tree.nodes.len();
        self.tree.nodes[leaf.node] = Node::Split {
            split: leaf.split,
            children,
        };
        let child = |node, rows, total| New {
            node,
            depth: leaf.depth + 1,
            rows,
            total,
        };
        let below = child(children, leaf.rows.start..middle, leaf.split.left);
        let above = child(
            children + 1,
            middle..leaf.rows.end,
            leaf.total - leaf.split.left,
        );
        self.push_leaf(&below);
        self.push_leaf(&above);
        if grow_on {
            self.consider_both(below, above, leaf.histogram);
        }
    }

    /// The smaller child's histogram is summed up; the larger one's is what remains of the parent's.
    fn consider_both(&mut self, below: New, above: New, parent: Option<Histogram>) {
        let (small, large) = if below.total.rows <= above.total.rows {
            (below, above)
        } else {
            (above, below)
        };
        match (self.may_split(&small), self.may_split(&large)) {
            (false, false) => {}
            (true, false) => {
                let histogram = self.histogram(&small);
                self.consider(small, histogram);
            }
            (small_may, true) => {
                let (smaller, larger) = match parent {
                    Some(parent) => {
                        let smaller = self.histogram(&small);
                        let larger = parent.without(&smaller);
                        (small_may.then_some(smaller), larger)
                    }
                    None => {
                        let larger = self.histogram(&large);
                        (small_may.then(|| self.histogram(&small)), larger)
                    }
                };
                if let Some(smaller) = smaller {
                    self.consider(small, smaller);
                }
                self.consider(large, larger);
            }
        }
    }
}

impl Tree {
    /// Without a split a tree moves nobody: all rows together stand where they lose least, but for
    /// rounding.
    fn rest(&mut self) {
        if let [Node::Leaf { step, .. }] = self.nodes.as_mut_slice() {
            *step = 0.0;
        }
    }

    /// Whether it could not be split.
    pub(super) fn is_leaf(&self) -> bool {
        self.nodes.len() == 1
    }

    /// What a model keeps of it.
    pub(super) fn without_rows(mut self) -> Self {
        self.rows = Vec::new();
        self
    }

    /// The step of the leaf that a row comes to.
    pub(super) fn step(&self, bins: &Bins, row: usize) -> f64 {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                Node::Leaf { step, .. } => return *step,
                Node::Split { split, children } => {
                    let bin = bins.columns[split.column].rows[row];
                    at = children + usize::from(bin > split.bin);
                }
            }
        }
    }
}

/// By gain; of equal ones the older leaf.
impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        let gain = self.split.gain.total_cmp(&other.split.gain);
        gain.then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}
