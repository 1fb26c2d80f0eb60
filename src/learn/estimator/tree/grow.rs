//! Growing one tree, alone or for a forest.
//!
//! The method is Breiman's (Random Forests, Machine Learning 45, 2001), as Louppe describes it
//! (Understanding Random Forests, 2014): as many rows as there are, drawn with replacement; at each node some columns,
//! drawn without replacement; the split of the least impurity among them, as a [`Criterion`] has it; no pruning. A [`Method`]
//! may take every row once instead, and one place for a split at random in each drawn column.
//!
//! A node that could be split becomes a leaf only if no drawn column allows it. Columns that are constant in the node count as
//! drawn; if all are, further ones are drawn until one is not, as scikit-learn does. Of equal splits
//! the column that was drawn first wins, and in it the lowest threshold. A threshold is the middle of the two neighbouring
//! numbers of the node, or the lower one where the middle is not below the upper one.
//!
//! Nodes are grown in preorder, each with the next numbers of the tree's own source.

use super::criterion::{Criterion, Drawn};
use super::cut;
use super::ranks::{Rank, Ranks};
use super::split::{Offer, Split, Terms};
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
    /// For each split its threshold, for each leaf what it says: so many numbers as an answer has.
    pub values: Vec<f64>,
    /// For each leaf the weight of the rows of the sample that came to it.
    pub covers: Vec<f64>,
    /// The decrease of impurity by splits of each matrix column; they add up to 1, or are all 0.
    pub importances: Vec<f64>,
}

/// Grows trees on the same rows.
#[derive(Debug)]
pub struct Grower<'a, C> {
    matrix: &'a Matrix,
    criterion: &'a C,
    ranks: Vec<Ranks>,
    method: Method,
    limits: Limits,
}

impl<'a, C: Criterion> Grower<'a, C> {
    /// The matrix has finite numbers only, at least one column, and fewer than 2³¹ rows.
    pub fn new(matrix: &'a Matrix, criterion: &'a C, method: Method, limits: Limits) -> Self {
        Self {
            matrix,
            criterion,
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
struct Chosen<T> {
    column: u32,
    split: Split<T>,
    /// Where a random cut is; none: in the middle of the neighbouring numbers.
    threshold: Option<f64>,
}

/// A part of the rows that is to become a subtree.
struct Pending<T> {
    start: usize,
    end: usize,
    depth: u32,
    total: T,
    /// How many of [`Growth::constant`] were found in the nodes above.
    constant: usize,
}

/// A tree while it grows.
struct Growth<'a, C: Criterion> {
    grower: &'a Grower<'a, C>,
    random: Random,
    /// The sample, node after node.
    rows: Vec<C::Drawn>,
    /// Rows that go above, while a node is divided.
    spare: Vec<C::Drawn>,
    search: C::Search,
    /// All columns; drawn ones are swapped to the front.
    columns: Vec<u32>,
    is_constant: Vec<bool>,
    /// The columns that `is_constant` names, the deepest finding last.
    constant: Vec<u32>,
    pending: Vec<Pending<C::Tally>>,
    tree: Tree,
}

impl<'a, C: Criterion> Growth<'a, C> {
    fn new(grower: &'a Grower<'a, C>, mut random: Random) -> Self {
        let columns = grower.ranks.len();
        let rows = match grower.method.sample {
            Sample::Bootstrap => bootstrap(grower.criterion, &mut random),
            Sample::All => each_once(grower.criterion),
        };
        Self {
            grower,
            random,
            spare: rows.clone(),
            rows,
            search: C::Search::default(),
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
        let criterion = self.grower.criterion;
        let mut total = criterion.nothing();
        for drawn in &self.rows {
            criterion.add(&mut total, *drawn);
        }
        self.pending.push(Pending {
            start: 0,
            end: self.rows.len(),
            depth: 0,
            total,
            constant: 0,
        });
        while let Some(node) = self.pending.pop() {
            self.forget_constants(node.constant);
            match self.best_split(&node) {
                Some(chosen) => self.divide(&node, chosen),
                None => {
                    let rows = &self.rows[node.start..node.end];
                    let tree = &mut self.tree;
                    tree.columns.push(LEAF);
                    criterion.answer(rows, &node.total, &mut tree.values);
                    tree.covers.push(criterion.cover(rows, &node.total));
                }
            }
        }
        normalize(&mut self.tree.importances);
        self.tree
    }

    /// Goes back to the columns that are constant in all of a node's rows' ancestors.
    fn forget_constants(&mut self, keep: usize) {
        for column in self.constant.drain(keep..) {
            self.is_constant[column as usize] = false;
        }
    }

    fn best_split(&mut self, node: &Pending<C::Tally>) -> Option<Chosen<C::Tally>> {
        let limits = &self.grower.limits;
        let rows = C::count(&node.total);
        let too_small = rows < limits.min_samples_split || rows / 2 < limits.min_samples_leaf;
        let too_deep = limits.max_depth.is_some_and(|most| node.depth >= most);
        if too_small || too_deep || self.is_pure(node) {
            return None;
        }
        let mut best: Option<Chosen<C::Tally>> = None;
        let mut looked_at = 0;
        for drawn in 0..self.columns.len() {
            if drawn >= limits.columns_per_split && looked_at > 0 {
                break;
            }
            let column = self.draw_column(drawn);
            if self.is_constant[column as usize] {
                continue;
            }
            let floor = best.as_ref().map_or(0.0, |best| best.split.score);
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

    fn is_pure(&self, node: &Pending<C::Tally>) -> bool {
        let rows = &self.rows[node.start..node.end];
        self.grower.criterion.is_pure(rows, &node.total)
    }

    /// Moves one of the columns that were not drawn yet behind the `drawn` ones.
    fn draw_column(&mut self, drawn: usize) -> u32 {
        let other = drawn + self.random.below(self.columns.len() - drawn);
        self.columns.swap(drawn, other);
        self.columns[drawn]
    }

    fn terms<'t>(&self, node: &'t Pending<C::Tally>, floor: f64) -> Terms<'t, C::Tally> {
        Terms {
            total: &node.total,
            least: self.grower.limits.min_samples_leaf,
            floor,
        }
    }

    fn offer(&mut self, node: &Pending<C::Tally>, column: u32, floor: f64) -> Offer<C::Tally> {
        let terms = self.terms(node, floor);
        let Grower {
            criterion, ranks, ..
        } = self.grower;
        let rows = &self.rows[node.start..node.end];
        let search = &mut self.search;
        match &ranks[column as usize] {
            Ranks::Bytes(ranks) => criterion.search(search, ranks, rows, &terms),
            Ranks::Shorts(ranks) => criterion.search(search, ranks, rows, &terms),
            Ranks::Words(ranks) => criterion.search(search, ranks, rows, &terms),
        }
    }

    /// One place at random in a column, and where it is.
    fn random_offer(
        &mut self,
        node: &Pending<C::Tally>,
        column: u32,
    ) -> (Offer<C::Tally>, Option<f64>) {
        let Grower {
            matrix,
            criterion,
            ranks,
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
            Ranks::Bytes(ranks) => cut::below(*criterion, ranks, rows, number, threshold),
            Ranks::Shorts(ranks) => cut::below(*criterion, ranks, rows, number, threshold),
            Ranks::Words(ranks) => cut::below(*criterion, ranks, rows, number, threshold),
        };
        let offer = below.offer(*criterion, &self.terms(node, 0.0));
        (offer, Some(threshold))
    }

    fn divide(&mut self, node: &Pending<C::Tally>, chosen: Chosen<C::Tally>) {
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
        let criterion = self.grower.criterion;
        let decrease = split.score - criterion.undivided(&node.total);
        self.tree.importances[column as usize] += decrease.max(0.0);
        self.tree.columns.push(column);
        self.tree.values.push(threshold);
        let middle = node.start + divided.below;
        let half = |start, end, total| Pending {
            start,
            end,
            depth: node.depth + 1,
            total,
            constant: self.constant.len(),
        };
        let above = criterion.without(&node.total, &split.below);
        let above = half(middle, node.end, above);
        let below = half(node.start, middle, split.below);
        self.pending.extend([above, below]);
    }
}

/// As many draws with replacement as there are rows; the drawn rows in their order.
fn bootstrap<C: Criterion>(criterion: &C, random: &mut Random) -> Vec<C::Drawn> {
    let mut times = vec![0_u32; criterion.rows()];
    for _ in 0..times.len() {
        times[random.below(criterion.rows())] += 1;
    }
    let drawn = (0..).zip(times).filter(|(_, times)| *times > 0);
    drawn
        .map(|(row, times)| criterion.drawn(row, times))
        .collect()
}

fn each_once<C: Criterion>(criterion: &C) -> Vec<C::Drawn> {
    let rows = (0..).take(criterion.rows());
    rows.map(|row| criterion.drawn(row, 1)).collect()
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
fn divide<R: Rank, D: Drawn>(ranks: &[R], rows: &mut [D], spare: &mut [D], rank: u32) -> Divided {
    let (mut below, mut above) = (0, 0);
    let (mut last_below, mut first_above) = ((0, 0), (u32::MAX, 0));
    for at in 0..rows.len() {
        let drawn = rows[at];
        let own = ranks[drawn.row() as usize].get();
        // Both are written and one counts: there is no branch to guess.
        rows[below] = drawn;
        spare[above] = drawn;
        let is_below = own <= rank;
        below += usize::from(is_below);
        above += usize::from(!is_below);
        if is_below && own >= last_below.0 {
            last_below = (own, drawn.row());
        }
        if !is_below && own < first_above.0 {
            first_above = (own, drawn.row());
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
