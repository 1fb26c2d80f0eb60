//! What lies between two samples of one column.
//!
//! Both samples have at least one value; callers see to that. Sums run over the values in ascending
//! order, so that they are the same on every machine.

use super::tally::{Pair, Tally};
use crate::math::ln;

/// Kolmogorov and Smirnov's D: the largest distance between the two shares of values up to some
/// value. 0 to 1.
pub fn kolmogorov_smirnov(tally: &Tally<f64>) -> f64 {
    let totals = tally.totals();
    let mut seen = Pair::<u64>::default();
    let mut largest = 0.0_f64;
    for tallied in tally.values() {
        seen.reference += tallied.counts.reference;
        seen.current += tallied.counts.current;
        largest = largest.max(gap(seen, totals).abs());
    }
    largest
}

/// Earth mover's distance of order 1, in units of the column.
pub fn wasserstein(tally: &Tally<f64>) -> f64 {
    let totals = tally.totals();
    let mut seen = Pair::<u64>::default();
    let mut sum = Sum::default();
    for pair in tally.values().windows(2) {
        seen.reference += pair[0].counts.reference;
        seen.current += pair[0].counts.current;
        sum.add(gap(seen, totals).abs() * (pair[1].value - pair[0].value));
    }
    sum.value()
}

/// By how much the share of the reference sample is above that of the current one.
fn gap(seen: Pair<u64>, totals: Pair<u64>) -> f64 {
    seen.reference as f64 / totals.reference as f64 - seen.current as f64 / totals.current as f64
}

/// Mean and population standard deviation of the reference sample.
pub fn mean_and_deviation(tally: &Tally<f64>) -> (f64, f64) {
    let total = tally.totals().reference as f64;
    let mut sum = Sum::default();
    for tallied in tally.values() {
        sum.add(tallied.value * tallied.counts.reference as f64);
    }
    let mean = sum.value() / total;
    let mut squares = Sum::default();
    for tallied in tally.values() {
        let off = tallied.value - mean;
        squares.add(off * off * tallied.counts.reference as f64);
    }
    (mean, (squares.value() / total).sqrt())
}

/// The mean of either sample.
pub fn means(tally: &Tally<f64>) -> Pair<f64> {
    let mean = |one: fn(&Pair<u64>) -> u64, total: u64| {
        let mut sum = Sum::default();
        for tallied in tally.values() {
            sum.add(tallied.value * one(&tallied.counts) as f64);
        }
        sum.value() / total as f64
    };
    let totals = tally.totals();
    Pair::new(
        mean(|counts| counts.reference, totals.reference),
        mean(|counts| counts.current, totals.current),
    )
}

/// The counts as shares of their sample.
pub fn shares(counts: &[Pair<u64>]) -> Vec<Pair<f64>> {
    let of = |one: fn(&Pair<u64>) -> u64| counts.iter().map(one).sum::<u64>() as f64;
    let (reference, current) = (of(|pair| pair.reference), of(|pair| pair.current));
    let share = |pair: &Pair<u64>| Pair {
        reference: pair.reference as f64 / reference,
        current: pair.current as f64 / current,
    };
    counts.iter().map(share).collect()
}

/// Half the sum of differences between shares: the largest share by which any set of values can
/// have grown or shrunk. 0 to 1.
pub fn total_variation(shares: &[Pair<f64>]) -> f64 {
    let difference = |share: &Pair<f64>| (share.reference - share.current).abs();
    shares.iter().map(difference).sum::<f64>() / 2.0
}

/// Jensen and Shannon's distance with the natural logarithm: the root of their divergence.
/// 0 to √ln 2.
pub fn jensen_shannon(shares: &[Pair<f64>]) -> f64 {
    let relative = |share: f64, middle: f64| match share > 0.0 {
        true => share * ln(share / middle),
        false => 0.0,
    };
    let divergence = |share: &Pair<f64>| {
        let middle = (share.reference + share.current) / 2.0;
        relative(share.reference, middle) + relative(share.current, middle)
    };
    // What is 0 may come out a few units in the last place below it.
    let sum = shares.iter().map(divergence).sum::<f64>();
    (sum.max(0.0) / 2.0).sqrt()
}

/// Population stability index: `Σ (r − c) · ln(r / c)`. A share of 0 counts as 0.0001, or where
/// that is not well below the smallest share of its sample, as a millionth of the smallest.
pub fn stability_index(shares: &[Pair<f64>]) -> f64 {
    let stand_in = |one: fn(&Pair<f64>) -> f64| {
        let present = shares.iter().map(one).filter(|share| *share > 0.0);
        match present.fold(f64::INFINITY, f64::min) {
            smallest if smallest <= 0.0001 => smallest / 1e6,
            _ => 0.0001,
        }
    };
    let zero = Pair::new(
        stand_in(|share| share.reference),
        stand_in(|share| share.current),
    );
    let or = |share: f64, zero: f64| if share > 0.0 { share } else { zero };
    let term = |share: &Pair<f64>| {
        let reference = or(share.reference, zero.reference);
        let current = or(share.current, zero.current);
        (reference - current) * ln(reference / current)
    };
    shares.iter().map(term).sum()
}

/// Pearson's chi-square of homogeneity: whether both samples come from one distribution over the
/// values. Its degrees of freedom are the number of values less one.
pub fn homogeneity(counts: &[Pair<u64>]) -> f64 {
    let mut totals = Pair::<u64>::default();
    for pair in counts {
        totals.reference += pair.reference;
        totals.current += pair.current;
    }
    let all = totals.sum() as f64;
    let term = |observed: u64, total: u64, both: u64| {
        let expected = total as f64 * both as f64 / all;
        let off = observed as f64 - expected;
        off * off / expected
    };
    let terms = counts.iter().filter(|pair| pair.sum() > 0).map(|pair| {
        term(pair.reference, totals.reference, pair.sum())
            + term(pair.current, totals.current, pair.sum())
    });
    terms.sum()
}

/// A sum that carries along what rounding loses (Neumaier's form of Kahan's).
#[derive(Debug, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += match self.sum.abs() >= value.abs() {
            true => (self.sum - sum) + value,
            false => (value - sum) + self.sum,
        };
        self.sum = sum;
    }

    fn value(&self) -> f64 {
        self.sum + self.lost
    }
}
