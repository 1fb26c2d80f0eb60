//! The best split of a node in one column.
//!
//! With two classes, the weighted Gini impurity after a split, and the squared error of 0 and 1
//! alike, is smallest where Σ positive² / rows over both sides is largest: that is the score of a
//! split here. It is a function of whole numbers, computed in one way, so how a split was found
//! cannot show.
//!
//! Every place between two different ranks of the node is a candidate. Which way they are gone
//! through depends on the node:
//!
//! - *few rows*: ranks are sorted;
//! - *few ranks*: rows are counted by rank, and the counts gone through in ascending order;
//! - *many of both*: rows are counted by ranges of ranks. Candidates between two ranges are looked
//!   at. For those inside a range there is a bound: the score is a convex function of the rows and
//!   the positive rows below the split, so within a range it is at most what it is in the corners,
//!   where all negative or all positive rows of the range come first. Only ranges whose bound reaches
//!   the best score so far are sorted. This is how CLOUDS prunes intervals (Alsabti, Ranka and Singh,
//!   KDD 1998), with a bound that is never too low in place of an estimate: nothing is missed.
//!
//! Among equal scores the lowest split wins.

use super::ranks::Rank;
use super::tally::{Drawn, Tally};

/// Nodes of at most so many rows are sorted. Only speed depends on it, as on all numbers below.
const FEW_ROWS: usize = 48;

/// Ranks are counted one by one where there are at most so many for each row.
const RANKS_PER_ROW: usize = 1;

/// With more ranks there is a range for so many rows, within bounds.
const ROWS_PER_RANGE: usize = 8;
const MOST_RANGES: usize = 8192;

/// Room for rounding where a bound is held against a score.
const ROUNDING: f64 = 1.0 - 1e-12;

/// What a column has to offer a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Offer<T> {
    /// All rows of the node have the same number.
    Constant,
    /// No split leaves enough rows on both sides, or none is as good as the floor.
    Nothing,
    Split(Split<T>),
}

/// A way to divide a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split<T> {
    /// What its criterion calls good.
    pub score: f64,
    /// Rows of at most this rank go below.
    pub rank: u32,
    /// The rows that go below.
    pub below: T,
}

/// What a search has to respect.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a, T> {
    /// All rows of the node.
    pub total: &'a T,
    /// So many rows are left on each side.
    pub least: u32,
    /// Splits of a lower score are of no interest, and may be missed.
    pub floor: f64,
}

impl<T> Terms<'_, T> {
    /// Whether a split of so many rows below, of `rows` in all, leaves enough on both sides.
    pub fn allow(&self, below: u32, rows: u32) -> bool {
        below >= self.least && rows - below >= self.least
    }
}

/// Searches nodes one after the other; keeps its memory from one to the next.
#[derive(Debug, Default)]
pub struct Search {
    /// The ranks of the node's rows, in their order.
    ranks: Vec<u32>,
    /// The rows of each rank, or range of ranks.
    counts: Vec<Tally>,
    /// Ranks in the upper half, [`Drawn::packed`] in the lower: sorted by rank.
    keys: Vec<u64>,
    /// Ranges that may hold a better split, and the rows below each, in ascending order.
    promising: Vec<(u32, Tally)>,
    /// Whether a range is promising.
    is_promising: Vec<bool>,
}

impl Search {
    /// The best split of `rows` by the ranks of one column.
    pub fn best<R: Rank>(
        &mut self,
        ranks: &[R],
        rows: &[Drawn],
        terms: &Terms<'_, Tally>,
    ) -> Offer<Tally> {
        self.ranks.clear();
        let of_row = |drawn: &Drawn| ranks[drawn.row as usize].get();
        self.ranks.extend(rows.iter().map(of_row));
        let (low, high) = bounds(&self.ranks);
        let span = (high - low) as usize + 1;
        if span == 1 {
            return Offer::Constant;
        }
        let mut best = Best::new(terms);
        if span == 2 {
            self.two_ranks(rows, low, &mut best);
        } else if rows.len() <= FEW_ROWS {
            self.sort(rows);
            sweep_keys(&self.keys, Tally::default(), &mut best);
        } else if span <= rows.len() * RANKS_PER_ROW {
            self.count(rows, low, span, 0);
            self.sweep_counts(low, 0, &mut best);
        } else {
            let most = (rows.len() / ROWS_PER_RANGE).min(MOST_RANGES);
            let shift = (span.div_ceil(most).next_power_of_two()).trailing_zeros();
            self.count(rows, low, ((span - 1) >> shift) + 1, shift);
            self.sweep_counts(low, shift, &mut best);
            self.look_inside(rows, low, shift, &mut best);
        }
        best.offer()
    }

    fn two_ranks(&self, rows: &[Drawn], low: u32, best: &mut Best) {
        let mut below = Tally::default();
        for (rank, drawn) in self.ranks.iter().zip(rows) {
            let tally = drawn.tally();
            below += if *rank == low {
                tally
            } else {
                Tally::default()
            };
        }
        best.consider(below, low);
    }

    fn sort(&mut self, rows: &[Drawn]) {
        self.keys.clear();
        self.keys.extend(self.ranks.iter().zip(rows).map(key));
        self.keys.sort_unstable();
    }

    /// Counts rows by ranges of 2^`shift` ranks, the first of which begins at `low`.
    fn count(&mut self, rows: &[Drawn], low: u32, ranges: usize, shift: u32) {
        self.counts.clear();
        self.counts.resize(ranges, Tally::default());
        for (rank, drawn) in self.ranks.iter().zip(rows) {
            self.counts[((rank - low) >> shift) as usize] += drawn.tally();
        }
    }

    /// Considers the splits between ranges.
    fn sweep_counts(&self, low: u32, shift: u32, best: &mut Best) {
        let mut below = Tally::default();
        let ranges = self.counts.len();
        for (range, count) in self.counts[..ranges - 1].iter().enumerate() {
            if !count.is_empty() {
                below += *count;
                let next = low + ((range as u32 + 1) << shift);
                best.consider(below, next - 1);
            }
        }
    }

    /// Considers the splits within those ranges that may hold a better one.
    fn look_inside(&mut self, rows: &[Drawn], low: u32, shift: u32, best: &mut Best) {
        self.find_promising(best);
        if self.promising.is_empty() {
            return;
        }
        self.keys.clear();
        for (rank, drawn) in self.ranks.iter().zip(rows) {
            if self.is_promising[((rank - low) >> shift) as usize] {
                self.keys.push(key((rank, drawn)));
            }
        }
        self.keys.sort_unstable();
        let mut rest = self.keys.as_slice();
        for &(range, below) in &self.promising {
            let within = |key: &u64| ((key >> 32) as u32 - low) >> shift == range;
            let (inside, after) = rest.split_at(rest.partition_point(within));
            sweep_keys(inside, below, best);
            rest = after;
        }
    }

    fn find_promising(&mut self, best: &Best) {
        self.promising.clear();
        self.is_promising.clear();
        self.is_promising.resize(self.counts.len(), false);
        let bar = best.bar() * ROUNDING;
        let mut below = Tally::default();
        for (range, count) in self.counts.iter().enumerate() {
            if count.rows() > 1 && best.bound(below, *count) >= bar {
                self.promising.push((range as u32, below));
                self.is_promising[range] = true;
            }
            below += *count;
        }
    }
}

/// The smallest and the largest.
fn bounds(ranks: &[u32]) -> (u32, u32) {
    let low = ranks.iter().fold(u32::MAX, |low, rank| low.min(*rank));
    let high = ranks.iter().fold(0, |high, rank| high.max(*rank));
    (low.min(high), high)
}

fn key((rank, drawn): (&u32, &Drawn)) -> u64 {
    u64::from(*rank) << 32 | u64::from(drawn.packed())
}

/// Considers the splits between sorted keys, with the rows of `below` below all of them.
fn sweep_keys(keys: &[u64], mut below: Tally, best: &mut Best) {
    for pair in keys.windows(2) {
        below += Tally::unpacked(pair[0] as u32);
        let (rank, next) = ((pair[0] >> 32) as u32, (pair[1] >> 32) as u32);
        if rank != next {
            best.consider(below, rank);
        }
    }
}

/// The best split so far.
struct Best<'a> {
    terms: &'a Terms<'a, Tally>,
    split: Option<Split<Tally>>,
}

impl<'a> Best<'a> {
    fn new(terms: &'a Terms<'a, Tally>) -> Self {
        Self { terms, split: None }
    }

    fn consider(&mut self, below: Tally, rank: u32) {
        let above = *self.terms.total - below;
        if below.rows() < self.terms.least || above.rows() < self.terms.least {
            return;
        }
        let score = below.purity() + above.purity();
        let is_better = match self.split {
            None => true,
            Some(best) => {
                score > best.score || (score == best.score && below.rows() < best.below.rows())
            }
        };
        if is_better {
            self.split = Some(Split { score, rank, below });
        }
    }

    /// What another split has to reach to be of interest.
    fn bar(&self) -> f64 {
        let found = self.split.map_or(0.0, |split| split.score);
        found.max(self.terms.floor)
    }

    /// No split within a range of ranks has a higher score; 0 where none is allowed.
    fn bound(&self, below: Tally, range: Tally) -> f64 {
        let Terms { total, least, .. } = *self.terms;
        let total = *total;
        let end = below + range;
        if end.rows() < least || (total - below).rows() < least {
            return 0.0;
        }
        let score = |below: Tally| below.purity() + (total - below).purity();
        let positive = Tally::new(range.positive(), range.positive());
        let negative = range - positive;
        let inside = score(below + positive).max(score(below + negative));
        inside.max(score(below)).max(score(end))
    }

    fn offer(&self) -> Offer<Tally> {
        match self.split {
            Some(split) if split.score >= self.terms.floor => Offer::Split(split),
            _ => Offer::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
