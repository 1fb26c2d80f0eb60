//! A split at a random place of a column: Geurts, Ernst and Wehenkel, Extremely randomized trees,
//! Machine Learning 63 (2006).

use super::criterion::{Criterion, Drawn};
use super::ranks::Rank;
use super::split::{Offer, Split, Terms};

/// Rows with the smallest and the largest number of a node.
pub struct Ends {
    pub lowest: u32,
    pub highest: u32,
}

/// The ends of a column among `rows`, which are not none.
pub fn ends<R: Rank, D: Drawn>(ranks: &[R], rows: &[D]) -> Ends {
    let (mut low, mut high) = ((u32::MAX, 0), (0, 0));
    for drawn in rows {
        let rank = ranks[drawn.row() as usize].get();
        if rank < low.0 {
            low = (rank, drawn.row());
        }
        if rank >= high.0 {
            high = (rank, drawn.row());
        }
    }
    Ends {
        lowest: low.1,
        highest: high.1,
    }
}

/// The number at a share of the way from `low` to `high`; below `high`, also where they are so far
/// apart that their difference is no f64.
pub fn between(low: f64, high: f64, share: f64) -> f64 {
    let place = low * (1.0 - share) + high * share;
    match low <= place && place < high {
        true => place,
        false => low,
    }
}

/// The rows of a node up to a threshold.
pub struct Below<T> {
    /// The highest rank of them.
    rank: u32,
    rows: T,
}

/// Counts the rows whose number is at most `threshold`.
pub fn below<C: Criterion, R: Rank>(
    criterion: &C,
    ranks: &[R],
    rows: &[C::Drawn],
    number: impl Fn(u32) -> f64,
    threshold: f64,
) -> Below<C::Tally> {
    let mut below = Below {
        rank: 0,
        rows: criterion.nothing(),
    };
    for drawn in rows.iter().filter(|drawn| number(drawn.row()) <= threshold) {
        below.rank = below.rank.max(ranks[drawn.row() as usize].get());
        criterion.add(&mut below.rows, *drawn);
    }
    below
}

impl<T> Below<T> {
    /// The split above these rows; nothing where it leaves too few rows on a side.
    pub fn offer<C: Criterion<Tally = T>>(self, criterion: &C, terms: &Terms<'_, T>) -> Offer<T> {
        if !terms.allow(C::count(&self.rows), C::count(terms.total)) {
            return Offer::Nothing;
        }
        Offer::Split(Split {
            score: criterion.score(&self.rows, terms.total),
            rank: self.rank,
            below: self.rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_at_least_the_low_end_and_below_the_high_one(
            a in any::<f64>(), b in any::<f64>(), share in 0.0..1.0_f64,
        ) {
            prop_assume!(a.is_finite() && b.is_finite() && a != b);
            let (low, high) = (a.min(b), a.max(b));
            let place = between(low, high, share);
            prop_assert!(low <= place && place < high);
        }
    }

    #[test]
    fn neighbours_are_cut_at_the_lower_one() {
        let next = f64::from_bits(1.0_f64.to_bits() + 1);
        assert_eq!(between(1.0, next, 0.999), 1.0);
        assert_eq!(between(f64::MIN, f64::MAX, 0.0), f64::MIN);
        assert_eq!(between(f64::MIN, f64::MAX, 0.5), 0.0);
    }
}
