//! Numbers as whole ones, so that their sums are exact and no order of rows can show.

use crate::error::{Error, Kind, Result};
use crate::learn::{Examples, Target};

/// Numbers beyond it have squares that are no f64.
const LARGEST_NUMBER: f64 = 1e150;

/// Weights that can be multiplied by any number, and added up.
const WEIGHTS: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// Refuses numbers and weights that no sums can be made of.
pub fn check_range(examples: &Examples<'_>) -> Result<()> {
    let outside = |message: &str| Error::new(Kind::DataRefused, message);
    let is_usable = |number: &f64| number.abs() <= LARGEST_NUMBER;
    if let Target::Regression(numbers) = examples.target
        && !numbers.iter().all(is_usable)
    {
        return Err(outside("a label is beyond ±1e150")
            .help("bring the label to another unit, or learn its logarithm"));
    }
    let weights = examples.weights.unwrap_or_default();
    if !weights.iter().all(|weight| WEIGHTS.contains(weight)) {
        return Err(outside("a weight is not between 1e-100 and 1e100")
            .help("bring the weights to another unit"));
    }
    Ok(())
}

/// Bits below the sign that the largest number takes.
const BITS: i32 = 62;

/// Rows that were drawn, each with its repetitions. Criteria other than that of two classes that all
/// count the same look up by row what there is to know.
#[derive(Debug, Clone, Copy)]
pub struct Repeated {
    pub row: u32,
    pub times: u32,
}

impl super::criterion::Drawn for Repeated {
    fn row(self) -> u32 {
        self.row
    }
}

/// How much a drawn row counts, with its repetitions.
pub fn weight_of(weights: Option<&[f64]>, drawn: Repeated) -> f64 {
    f64::from(drawn.times) * weights.map_or(1.0, |weights| weights[drawn.row as usize])
}

/// How much rows count together, added up in their order.
pub fn weight_of_all(weights: Option<&[f64]>, rows: &[Repeated]) -> f64 {
    rows.iter()
        .fold(0.0, |sum, drawn| sum + weight_of(weights, *drawn))
}

/// The weights of rows in a common unit, a power of two: sums of as many as there are rows, and of
/// samples of them, stay below 2⁶². A row without weights counts 1.
pub fn masses(weights: Option<&[f64]>, rows: usize) -> Vec<u64> {
    let Some(weights) = weights else {
        return vec![1; rows];
    };
    let most = weights
        .iter()
        .fold(0.0_f64, |most, weight| most.max(*weight));
    let bits = BITS - (usize::BITS - rows.leading_zeros()) as i32;
    let whole = |weight: &f64| scaled(*weight, bits - exponent(most)).round() as u64;
    // No row is lost, however little it counts.
    weights.iter().map(|weight| whole(weight).max(1)).collect()
}

/// Numbers by how far they are from the middle of all, in a common unit, a power of two.
pub fn distances(numbers: &[f64]) -> Vec<i64> {
    let low = numbers
        .iter()
        .fold(f64::INFINITY, |low, number| low.min(*number));
    let high = numbers
        .iter()
        .fold(f64::NEG_INFINITY, |high, number| high.max(*number));
    let middle = low.midpoint(high);
    let most = (low - middle).abs().max((high - middle).abs());
    let distance = |number: &f64| scaled(number - middle, BITS - exponent(most)).round() as i64;
    numbers.iter().map(distance).collect()
}

/// The least power of two above a number that is not negative.
fn exponent(number: f64) -> i32 {
    const LEAST: i32 = -1074;
    match (number.to_bits() >> 52) as i32 {
        // Below the normal numbers.
        0 => LEAST + 64 - (number.to_bits().leading_zeros() as i32),
        biased => biased - 1022,
    }
}

/// number × 2^exponent, in two steps where one factor would be no f64.
fn scaled(number: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    number * power(half) * power(exponent - half)
}

/// A power of two with a normal exponent.
fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_takes_all_bits() {
        for most in [5e-324, 1e-310, 1e-300, 0.7, 1.0, 3.0, 1e150] {
            let distances = distances(&[-most, most, 0.0]);
            assert_eq!(distances[0], -distances[1], "{most}");
            let room = distances[1];
            assert!(((1 << 61)..=(1 << 62)).contains(&room), "{most} {room}");
            assert_eq!(distances[2], 0);
        }
        assert_eq!(distances(&[2.5; 3]), [0; 3]);
        assert_eq!(exponent(1.0), 1);
        assert_eq!(exponent(0.99), 0);
        assert_eq!(exponent(5e-324), -1073);
    }

    #[test]
    fn masses_keep_their_ratios() {
        assert_eq!(masses(None, 3), [1, 1, 1]);
        let masses = masses(Some(&[1.0, 2.0, 0.25, 1e-300]), 4);
        assert_eq!(masses[1], 2 * masses[0]);
        assert_eq!(masses[0], 4 * masses[2]);
        assert_eq!(masses[3], 1);
        assert!(masses[1] * 4 <= 1 << 62);
    }
}
