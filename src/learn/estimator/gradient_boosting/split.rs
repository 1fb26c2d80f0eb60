//! The best cut of a node, by second-order gain (Chen & Guestrin 2016, equation 7, without the half).

use rayon::prelude::*;

use super::histogram::{Histogram, Layout, ONE, Sums};

/// Bins above which columns are looked at on several threads.
const MANY_CELLS: usize = 20_000;

/// A gain this small beside the scores it is the difference of is rounding.
const NOISE: f64 = 1e-12;

/// What a split must keep to, in the units of a loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub l2: f64,
    pub min_gain: f64,
    /// In units of 2⁻²⁸.
    pub min_hessian: i64,
    pub min_samples_leaf: u64,
    /// What scores are counted in; a power of two.
    pub score_unit: f64,
}

/// Where a node is cut in two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    /// Counted among the binned columns.
    pub column: usize,
    /// The last bin that goes left.
    pub bin: u8,
    /// By how much twice the loss falls, to second order.
    pub gain: f64,
    pub left: Sums,
}

impl Limits {
    fn allows(&self, sums: Sums) -> bool {
        sums.rows >= self.min_samples_leaf && sums.second >= self.min_hessian
    }

    /// Whether two leaves could come of one.
    pub(super) fn allows_two(&self, sums: Sums) -> bool {
        sums.rows >= self.min_samples_leaf.saturating_mul(2) && sums.second / 2 >= self.min_hessian
    }

    /// What a leaf adds to the score of its rows: one Newton step.
    pub(super) fn step(&self, sums: Sums) -> f64 {
        let curvature = sums.second as f64 / ONE + self.l2;
        if curvature > 0.0 {
            -(sums.first as f64 / ONE) / curvature * self.score_unit
        } else {
            0.0
        }
    }

    /// Twice by how much that step lowers the loss of the rows, to second order.
    fn score(&self, sums: Sums) -> f64 {
        let slope = sums.first as f64 / ONE;
        let curvature = sums.second as f64 / ONE + self.l2;
        if curvature > 0.0 {
            slope * slope / curvature
        } else {
            0.0
        }
    }

    /// The scores of two leaves together, with one division. NaN, which is no gain, if one of them
    /// has neither curvature nor penalty.
    fn scores(&self, left: Sums, right: Sums) -> f64 {
        let slope = |sums: Sums| sums.first as f64 / ONE;
        let curvature = |sums: Sums| sums.second as f64 / ONE + self.l2;
        let (left_slope, right_slope) = (slope(left), slope(right));
        let (left, right) = (curvature(left), curvature(right));
        (left_slope * left_slope * right + right_slope * right_slope * left) / (left * right)
    }

    /// The split of the largest gain; of equal ones the first column's, and in it the lowest.
    pub(super) fn best(
        &self,
        histogram: &Histogram,
        layout: &Layout,
        columns: &[usize],
        total: Sums,
    ) -> Option<Split> {
        let best_of =
            |column: &usize| self.best_of_column(*column, histogram.column(layout, *column), total);
        let better = |one: Split, other: Split| if other.gain > one.gain { other } else { one };
        if layout.cells() > MANY_CELLS {
            // Reducing keeps the order of the columns.
            columns.par_iter().filter_map(best_of).reduce_with(better)
        } else {
            columns.iter().filter_map(best_of).reduce(better)
        }
    }

    fn best_of_column(&self, column: usize, bins: &[Sums], total: Sums) -> Option<Split> {
        let whole = self.score(total);
        let mut best: Option<Split> = None;
        let mut least = self.min_gain;
        let mut left = Sums::default();
        for (bin, sums) in bins.iter().enumerate().take(bins.len().saturating_sub(1)) {
            left += *sums;
            // An empty bin would give the split before once more.
            if sums.rows == 0 || !self.allows(left) {
                continue;
            }
            let right = total - left;
            if !self.allows(right) {
                // The rows to the right only become fewer.
                break;
            }
            let parts = self.scores(left, right);
            let gain = parts - whole;
            if gain > least && gain > parts * NOISE {
                least = gain;
                best = Some(Split {
                    column,
                    bin: bin as u8,
                    gain,
                    left,
                });
            }
        }
        best
    }
}
