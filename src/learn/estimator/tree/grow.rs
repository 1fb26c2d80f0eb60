//! Growing one tree, alone or for a forest.
//!
//! The method is Breiman's (Random Forests, Machine Learning 45, 2001), as Louppe describes it
//! (Understanding Random Forests, 2014): as many rows as there are, drawn with replacement; at each node some columns,
//! drawn without replacement; the split of the least Gini impurity among them; no pruning. A [`Method`]
//! may take every row once instead, and one place for a split at random in each drawn column.
//!
//! A node that could be split becomes a leaf only if no drawn column allows it. Columns that are constant in the node count as
//! drawn; if all are, further ones are drawn until one is not, as scikit-learn does. Of equal splits
//! the column that was drawn first wins, and in it the lowest threshold. A threshold is the middle of the two neighbouring
//! numbers of the node, or the lower one where the middle is not below the upper one.
//!
//! Nodes are grown in preorder, each with the next numbers of the tree's own source.

use super::cut;
use super::ranks::{Rank, Ranks};
use super::split::{Offer, Search, Split, Terms};
use super::tally::{Drawn, Tally};
use crate::learn::Matrix;
use crate::learn::random::Random;

/// Where a tree stops.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most splits between root and leaf.
    pub max_depth: Option<u32>,
    /// Rows on each side of a split, with their repetitions; at least 1.
    pub min_samples_leaf: u32,
    /// Rows of a node that is split, with their repetitions.
    pub min_samples_split: u32,
    pub columns_per_split: usize,
}

/// Which rows a tree grows on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// As many as there are, drawn with replacement.
    Bootstrap,
    /// Each once.
    All,
}

/// Which places for a split are looked at in a drawn column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cuts {
    /// Every one between two neighbouring numbers.
    All,
    /// One at random between the smallest and the largest number.
    Random,
}

/// What kind of tree is grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    pub sample: Sample,
    pub cuts: Cuts,
}

/// `column` of a leaf.
pub const LEAF: u32 = u32::MAX;

/// A tree in preorder: a split is followed by the subtree of `number ≤ threshold`, then the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tree {
    /// For each node the column it looks at, or [`LEAF`].
    pub columns: Vec<u32>,
    /// For each node its threshold, or the share of positive rows of a leaf.
    pub values: Vec<f64>,
    /// For each leaf the rows of the sample that came to it.
    pub covers: Vec<f64>,
    /// The decrease of impurity by splits of each matrix column; they add up to 1, or are all 0.
    pub importances: Vec<f64>,
}

/// Grows trees on the same rows.
#[derive(Debug)]
pub struct Grower<'a> {
    matrix: &'a Matrix,
    labels: &'a [bool],
    ranks: Vec<Ranks>,
    method: Method,
    limits: Limits,
}

impl<'a> Grower<'a> {
    /// The matrix has finite numbers only, at least one column, and fewer than 2³¹ rows.
    pub fn new(matrix: &'a Matrix, labels: &'a [bool], method: Method, limits: Limits) -> Self {
        Self {
            matrix,
            labels,
            ranks: Ranks::of_columns(matrix),
            method,
            limits,
        }
    }

    /// Grows a tree with the random numbers of `random`.
    pub fn grow(&self, random: Random) -> Tree {
        Growth::new(self, random).whole()
    }
}

/// The split a node gets.
#[derive(Clone, Copy)]
struct Chosen {
    column: u32,
    split: Split,
    /// Where a random cut is; none: in the middle of the neighbouring numbers.
    threshold: Option<f64>,
}

/// A part of the rows that is to become a subtree.
struct Pending {
    start: usize,
    end: usize,
    depth: u32,
    total: Tally,
    /// How many of [`Growth::constant`] were found in the nodes above.
    constant: usize,
}

/// A tree while it grows.
struct Growth<'a> {
    grower: &'a Grower<'a>,
    random: Random,
    /// The sample, node after node.
    rows: Vec<Drawn>,
    /// Rows that go above, while a node is divided.
    spare: Vec<Drawn>,
    search: Search,
    /// All columns; drawn ones are swapped to the front.
    columns: Vec<u32>,
    is_constant: Vec<bool>,
    /// The columns that `is_constant` names, the deepest finding last.
    constant: Vec<u32>,
    pending: Vec<Pending>,
    tree: Tree,
}

impl<'a> Growth<'a> {
    fn new(grower: &'a Grower<'a>, mut random: Random) -> Self {
        let columns = grower.ranks.len();
        let rows = match grower.method.sample {
            Sample::Bootstrap => bootstrap(grower.labels, &mut random),
            Sample::All => each_once(grower.labels),
        };
        Self {
            grower,
            random,
            spare: rows.clone(),
            rows,
            search: Search::default(),
            columns: (0..columns as u32).collect(),
            is_constant: vec![false; columns],
            constant: Vec::new(),
            pending: Vec::new(),
            tree: Tree {
                columns: Vec::new(),
                values: Vec::new(),
                covers: Vec::new(),
                importances: vec![0.0; columns],
            },
        }
    }

    fn whole(mut self) -> Tree {
        let tallies = self.rows.iter().map(|drawn| drawn.tally());
        self.pending.push(Pending {
            start: 0,
            end: self.rows.len(),
            depth: 0,
            total: tallies.fold(Tally::default(), |sum, tally| sum + tally),
            constant: 0,
        });
        while let Some(node) = self.pending.pop() {
            self.forget_constants(node.constant);
            match self.best_split(&node) {
                Some(chosen) => self.divide(&node, chosen),
                None => {
                    self.push(LEAF, node.total.share());
                    self.tree.covers.push(node.total.rows().into());
                }
            }
        }
        normalize(&mut self.tree.importances);
        self.tree
    }

    fn push(&mut self, column: u32, value: f64) {
        self.tree.columns.push(column);
        self.tree.values.push(value);
    }

    /// Goes back to the columns that are constant in all of a node's rows' ancestors.
    fn forget_constants(&mut self, keep: usize) {
        for column in self.constant.drain(keep..) {
            self.is_constant[column as usize] = false;
        }
    }

    fn best_split(&mut self, node: &Pending) -> Option<Chosen> {
        let limits = &self.grower.limits;
        let rows = node.total.rows();
        let too_small = rows < limits.min_samples_split || rows / 2 < limits.min_samples_leaf;
        let too_deep = limits.max_depth.is_some_and(|most| node.depth >= most);
        if node.total.is_pure() || too_small || too_deep {
            return None;
        }
        let mut best: Option<Chosen> = None;
        let mut looked_at = 0;
        for drawn in 0..self.columns.len() {
            if drawn >= limits.columns_per_split && looked_at > 0 {
                break;
            }
            let column = self.draw_column(drawn);
            if self.is_constant[column as usize] {
                continue;
            }
            let floor = best.map_or(0.0, |best| best.split.score);
            let (offer, threshold) = match self.grower.method.cuts {
                Cuts::All => (self.offer(node, column, floor), None),
                Cuts::Random => self.random_offer(node, column),
            };
            match offer {
                Offer::Constant => {
                    self.is_constant[column as usize] = true;
                    self.constant.push(column);
                    continue;
                }
                Offer::Split(split) if best.is_none() || split.score > floor => {
                    best = Some(Chosen {
                        column,
                        split,
                        threshold,
                    });
                }
                Offer::Split(_) | Offer::Nothing => {}
            }
            looked_at += 1;
        }
        best
    }

    /// Moves one of the columns that were not drawn yet behind the `drawn` ones.
    fn draw_column(&mut self, drawn: usize) -> u32 {
        let other = drawn + self.random.below(self.columns.len() - drawn);
        self.columns.swap(drawn, other);
        self.columns[drawn]
    }

    fn offer(&mut self, node: &Pending, column: u32, floor: f64) -> Offer {
        let rows = &self.rows[node.start..node.end];
        let terms = Terms {
            total: node.total,
            least: self.grower.limits.min_samples_leaf,
            floor,
        };
        match &self.grower.ranks[column as usize] {
            Ranks::Bytes(ranks) => self.search.best(ranks, rows, &terms),
            Ranks::Shorts(ranks) => self.search.best(ranks, rows, &terms),
            Ranks::Words(ranks) => self.search.best(ranks, rows, &terms),
        }
    }

    /// One place at random in a column, and where it is.
    fn random_offer(&mut self, node: &Pending, column: u32) -> (Offer, Option<f64>) {
        let Grower {
            matrix,
            ranks,
            limits,
            ..
        } = self.grower;
        let rows = &self.rows[node.start..node.end];
        let number = |row: u32| matrix.row(row as usize)[column as usize];
        let ends = match &ranks[column as usize] {
            Ranks::Bytes(ranks) => cut::ends(ranks, rows),
            Ranks::Shorts(ranks) => cut::ends(ranks, rows),
            Ranks::Words(ranks) => cut::ends(ranks, rows),
        };
        let (low, high) = (number(ends.lowest), number(ends.highest));
        // The rows of a node are never none, and a constant column draws no number.
        if low == high {
            return (Offer::Constant, None);
        }
        let threshold = cut::between(low, high, self.random.unit());
        let below = match &ranks[column as usize] {
            Ranks::Bytes(ranks) => cut::below(ranks, rows, number, threshold),
            Ranks::Shorts(ranks) => cut::below(ranks, rows, number, threshold),
            Ranks::Words(ranks) => cut::below(ranks, rows, number, threshold),
        };
        let offer = below.offer(node.total, limits.min_samples_leaf);
        (offer, Some(threshold))
    }

    fn divide(&mut self, node: &Pending, chosen: Chosen) {
        let Chosen { column, split, .. } = chosen;
        let rows = &mut self.rows[node.start..node.end];
        let spare = &mut self.spare;
        let divided = match &self.grower.ranks[column as usize] {
            Ranks::Bytes(ranks) => divide(ranks, rows, spare, split.rank),
            Ranks::Shorts(ranks) => divide(ranks, rows, spare, split.rank),
            Ranks::Words(ranks) => divide(ranks, rows, spare, split.rank),
        };
        let number = |row: u32| self.grower.matrix.row(row as usize)[column as usize];
        let middle = || threshold(number(divided.last_below), number(divided.first_above));
        let threshold = chosen.threshold.unwrap_or_else(middle);
        let decrease = split.score - node.total.purity();
        self.tree.importances[column as usize] += decrease.max(0.0);
        self.push(column, threshold);
        let middle = node.start + divided.below;
        let half = |start, end, total| Pending {
            start,
            end,
            depth: node.depth + 1,
            total,
            constant: self.constant.len(),
        };
        let above = half(middle, node.end, node.total - split.below);
        let below = half(node.start, middle, split.below);
        self.pending.extend([above, below]);
    }
}

/// As many draws with replacement as there are rows; the drawn rows in their order.
fn bootstrap(labels: &[bool], random: &mut Random) -> Vec<Drawn> {
    let mut times = vec![0_u32; labels.len()];
    for _ in labels {
        times[random.below(labels.len())] += 1;
    }
    let rows = (0..).zip(times).zip(labels);
    rows.filter(|((_, times), _)| *times > 0)
        .map(|((row, times), label)| Drawn::new(row, times, *label))
        .collect()
}

fn each_once(labels: &[bool]) -> Vec<Drawn> {
    let rows = (0..).zip(labels);
    rows.map(|(row, label)| Drawn::new(row, 1, *label))
        .collect()
}

struct Divided {
    /// How many rows stand below.
    below: usize,
    /// A row with the largest number below.
    last_below: u32,
    /// A row with the smallest number above.
    first_above: u32,
}

/// Moves the rows of at most `rank` to the front; both parts keep their order.
fn divide<R: Rank>(ranks: &[R], rows: &mut [Drawn], spare: &mut [Drawn], rank: u32) -> Divided {
    let (mut below, mut above) = (0, 0);
    let (mut last_below, mut first_above) = ((0, 0), (u32::MAX, 0));
    for at in 0..rows.len() {
        let drawn = rows[at];
        let own = ranks[drawn.row as usize].get();
        // Both are written and one counts: there is no branch to guess.
        rows[below] = drawn;
        spare[above] = drawn;
        let is_below = own <= rank;
        below += usize::from(is_below);
        above += usize::from(!is_below);
        if is_below && own >= last_below.0 {
            last_below = (own, drawn.row);
        }
        if !is_below && own < first_above.0 {
            first_above = (own, drawn.row);
        }
    }
    rows[below..].copy_from_slice(&spare[..above]);
    Divided {
        below,
        last_below: last_below.1,
        first_above: first_above.1,
    }
}

/// The middle of two neighbouring numbers, if it is below the upper one.
fn threshold(below: f64, above: f64) -> f64 {
    let middle = below.midpoint(above);
    if middle < above { middle } else { below }
}

/// Divides by the sum, unless it is 0.
pub fn normalize(values: &mut [f64]) {
    let sum = values.iter().fold(0.0, |sum, value| sum + value);
    if sum > 0.0 {
        for value in values {
            *value /= sum;
        }
    }
}

#[cfg(test)]
mod tests;
