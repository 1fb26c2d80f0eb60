//! The score Evidently gives a column by default, to agree with it.
//!
//! It chooses a test by the rows `N` of the reference sample and by the distinct values `n` of both,
//! missing ones left out:
//!
//! | | numbers, n > 5 | numbers, n ≤ 5, and categories |
//! |---|---|---|
//! | N ≤ 1000 | two-sample KS, p ≤ 0.05 | chi-square, p < 0.05; two proportions (Z) while n ≤ 2 |
//! | N > 1000 | Wasserstein over standard deviation, ≥ 0.1 | Jensen-Shannon distance, ≥ 0.1 |
//!
//! Source: evidently 0.7.23, `legacy/calculations/stattests`. `tests/peers` holds every one of them
//! against it.

use serde::Serialize;

use super::distance::{
    jensen_shannon, kolmogorov_smirnov, mean_and_deviation, shares, wasserstein,
};
use super::distribution::{chi_square_tail, two_sample_chance};
use super::tally::{Pair, Tally};
use crate::math::two_sided_normal;

/// A reference sample of more rows is judged by distance.
const MANY_ROWS: u64 = 1000;
/// Numbers of at most so many distinct values are judged as categories.
const FEW_VALUES: usize = 5;
/// A distance is never divided by less than this.
const SMALLEST_DEVIATION: f64 = 0.001;

/// Evidently's tests by the names it has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Test {
    Ks,
    ChiSquare,
    Z,
    Wasserstein,
    JensenShannon,
}

impl Test {
    /// The score from which, or up to which, a column has drifted.
    pub fn threshold(self) -> f64 {
        match self {
            Self::Ks | Self::ChiSquare | Self::Z => 0.05,
            Self::Wasserstein | Self::JensenShannon => 0.1,
        }
    }

    /// Whether the score is a chance, of which a small one tells of drift.
    pub fn is_chance(self) -> bool {
        matches!(self, Self::Ks | Self::ChiSquare | Self::Z)
    }

    fn drifted(self, score: f64) -> bool {
        match self {
            Self::Ks => score <= self.threshold(),
            Self::ChiSquare | Self::Z => score < self.threshold(),
            Self::Wasserstein | Self::JensenShannon => score >= self.threshold(),
        }
    }
}

/// What Evidently says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    pub method: Test,
    pub score: f64,
    pub threshold: f64,
    pub drifted: bool,
}

impl Score {
    fn new(method: Test, score: f64) -> Self {
        Self {
            method,
            score,
            threshold: method.threshold(),
            drifted: method.drifted(score),
        }
    }
}

/// The score of numbers.
pub fn score_numbers(tally: &Tally<f64>) -> Score {
    if tally.distinct() <= FEW_VALUES {
        return score_categories(&tally.counts());
    }
    let totals = tally.totals();
    if totals.reference <= MANY_ROWS {
        let distance = kolmogorov_smirnov(tally);
        let chance = two_sample_chance(totals.reference, totals.current, distance);
        return Score::new(Test::Ks, chance);
    }
    let (_, deviation) = mean_and_deviation(tally);
    let distance = wasserstein(tally) / deviation.max(SMALLEST_DEVIATION);
    Score::new(Test::Wasserstein, distance)
}

/// The score of categories, by the counts of each.
pub fn score_categories(counts: &[Pair<u64>]) -> Score {
    let rows: u64 = counts.iter().map(|pair| pair.reference).sum();
    if rows > MANY_ROWS {
        return Score::new(Test::JensenShannon, jensen_shannon(&shares(counts)));
    }
    match counts.len() {
        0..=2 => Score::new(Test::Z, two_proportions(counts)),
        _ => Score::new(Test::ChiSquare, goodness_of_fit(counts)),
    }
}

/// Whether both samples have the second of two values in one proportion; normal, pooled.
fn two_proportions(counts: &[Pair<u64>]) -> f64 {
    let [first, second] = counts else {
        return 1.0;
    };
    let reference = (first.reference + second.reference) as f64;
    let current = (first.current + second.current) as f64;
    let pooled = second.sum() as f64 / (reference + current);
    let difference = second.reference as f64 / reference - second.current as f64 / current;
    let error = (pooled * (1.0 - pooled) * (1.0 / reference + 1.0 / current)).sqrt();
    two_sided_normal(difference / error)
}

/// Whether the current sample fits the shares of the reference one, taken as if they were known.
/// A value that the reference sample lacks is impossible then, and the chance 0.
fn goodness_of_fit(counts: &[Pair<u64>]) -> f64 {
    let of = |one: fn(&Pair<u64>) -> u64| counts.iter().map(one).sum::<u64>() as f64;
    let factor = of(|pair| pair.current) / of(|pair| pair.reference);
    let term = |pair: &Pair<u64>| {
        let expected = pair.reference as f64 * factor;
        let off = pair.current as f64 - expected;
        off * off / expected
    };
    let statistic = counts.iter().map(term).sum();
    chi_square_tail(statistic, counts.len() as u64 - 1)
}
