//! What a tree is grown for: how rows are counted, and which division of them is the better one.
//!
//! A grower knows no labels. It is compiled once for each criterion, so the two classes whose counts
//! share a word cost nothing for what other targets need.

use super::ranks::Rank;
use super::split::{Offer, Terms};

/// What the rows of a tree say, and how much each counts.
pub trait Criterion: Sync {
    /// A row of a sample.
    type Drawn: Drawn;
    /// What some rows amount to.
    type Tally: Clone;
    /// What a search remembers from one node to the next.
    type Search: Default;

    /// How many rows there are.
    fn rows(&self) -> usize;

    /// A row that was drawn so many times.
    fn drawn(&self, row: u32, times: u32) -> Self::Drawn;

    /// What no rows amount to.
    fn nothing(&self) -> Self::Tally;

    fn add(&self, tally: &mut Self::Tally, drawn: Self::Drawn);

    /// What remains of `total` without a part of it.
    fn without(&self, total: &Self::Tally, part: &Self::Tally) -> Self::Tally;

    /// How many rows there are, with their repetitions in the sample.
    fn count(tally: &Self::Tally) -> u32;

    /// Whether all rows say the same.
    fn is_pure(&self, rows: &[Self::Drawn], tally: &Self::Tally) -> bool;

    /// How good it is to divide `total` into `below` and the rest, neither of which is nothing: the
    /// more, the better.
    fn score(&self, below: &Self::Tally, total: &Self::Tally) -> f64;

    /// The score of a node as it is: what a split has beyond it, it takes off the impurity.
    fn undivided(&self, total: &Self::Tally) -> f64;

    /// The best split of `rows` by the ranks of one column; of equal ones the lowest.
    fn search<R: Rank>(
        &self,
        search: &mut Self::Search,
        ranks: &[R],
        rows: &[Self::Drawn],
        terms: &Terms<'_, Self::Tally>,
    ) -> Offer<Self::Tally>;

    /// What a leaf of these rows, which stand in the order of the matrix, says.
    fn answer(&self, rows: &[Self::Drawn], tally: &Self::Tally, answer: &mut Vec<f64>);

    /// The weight of all rows together, with their repetitions.
    fn cover(&self, rows: &[Self::Drawn], tally: &Self::Tally) -> f64;
}

pub trait Drawn: Copy + Send {
    /// Its place in the matrix.
    fn row(self) -> u32;
}
