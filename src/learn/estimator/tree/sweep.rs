//! The best split of a node in one column, by going through its rows in the order of their ranks.
//!
//! This needs of a criterion only that rows can be added up one by one. Rows are sorted, or counted by
//! rank where there are few ranks; either way equal ranks stand together, and which of them comes
//! first cannot show, because sums of rows are exact.

use super::criterion::{Criterion, Drawn};
use super::ranks::Rank;
use super::split::{Offer, Split, Terms};

/// Rows are counted by rank where there are at most so many ranks for each. Only speed depends on it.
const RANKS_PER_ROW: usize = 2;

/// Keeps its memory from one node to the next.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Ranks in the upper half, places among the node's rows in the lower: in the order of both.
    keys: Vec<u64>,
    /// Where the rows of each rank go.
    places: Vec<u32>,
    sorted: Vec<u64>,
}

impl Sweep {
    /// The best split of `rows` by the ranks of one column; of equal ones the lowest.
    pub fn best<C: Criterion, R: Rank>(
        &mut self,
        criterion: &C,
        ranks: &[R],
        rows: &[C::Drawn],
        terms: &Terms<'_, C::Tally>,
    ) -> Offer<C::Tally> {
        if !self.sort(ranks, rows) {
            return Offer::Constant;
        }
        let mut best: Option<Split<C::Tally>> = None;
        let mut below = criterion.nothing();
        for pair in self.keys.windows(2) {
            criterion.add(&mut below, rows[pair[0] as u32 as usize]);
            let (rank, next) = ((pair[0] >> 32) as u32, (pair[1] >> 32) as u32);
            if rank == next || !terms.allow(C::count(&below), C::count(terms.total)) {
                continue;
            }
            let score = criterion.score(&below, terms.total);
            if best.as_ref().is_none_or(|best| score > best.score) {
                best = Some(Split {
                    score,
                    rank,
                    below: below.clone(),
                });
            }
        }
        best.map_or(Offer::Nothing, Offer::Split)
    }

    /// Brings the rows into the order of their ranks; false where all have one.
    fn sort<R: Rank, D: Drawn>(&mut self, ranks: &[R], rows: &[D]) -> bool {
        self.keys.clear();
        let (mut low, mut high) = (u32::MAX, 0);
        for (place, drawn) in (0_u64..).zip(rows) {
            let rank = ranks[drawn.row() as usize].get();
            (low, high) = (low.min(rank), high.max(rank));
            self.keys.push(u64::from(rank) << 32 | place);
        }
        if low >= high {
            return false;
        }
        let span = (high - low) as usize + 1;
        if span <= rows.len() * RANKS_PER_ROW {
            self.sort_by_counting(low, span);
        } else {
            self.keys.sort_unstable();
        }
        true
    }

    fn sort_by_counting(&mut self, low: u32, span: usize) {
        let Self {
            keys,
            places,
            sorted,
        } = self;
        let rank = |key: &u64| ((key >> 32) as u32 - low) as usize;
        places.clear();
        places.resize(span, 0);
        for key in keys.iter() {
            places[rank(key)] += 1;
        }
        let mut before = 0;
        for place in places.iter_mut() {
            before += std::mem::replace(place, before);
        }
        sorted.clear();
        sorted.resize(keys.len(), 0);
        for key in keys.iter() {
            let place = &mut places[rank(key)];
            sorted[*place as usize] = *key;
            *place += 1;
        }
        std::mem::swap(keys, sorted);
    }
}
