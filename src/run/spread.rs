//! How a number is spread over runs or folds.

use serde::Serialize;

/// Mean and deviation of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub mean: f64,
    /// Standard deviation of the sample, over n − 1.
    pub sd: f64,
    pub min: f64,
    pub max: f64,
    /// How many numbers; at least two.
    pub n: usize,
}

impl Spread {
    /// None for fewer than two values. Sums run in the order of the values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n < 2 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares = values.iter().map(|value| (value - mean) * (value - mean));
        let sd = (squares.sum::<f64>() / (n - 1) as f64).sqrt();
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Of equal values the mean may be off by a rounding, and the deviation with it.
        let (mean, sd) = if min == max { (min, 0.0) } else { (mean, sd) };
        Some(Self {
            mean,
            sd,
            min,
            max,
            n,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_that_of_a_sample() {
        let spread = Spread::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((spread.mean, spread.min, spread.max), (5.0, 2.0, 9.0));
        assert_eq!(spread.sd, (32.0_f64 / 7.0).sqrt());
        assert_eq!(Spread::of(&[0.1, 0.1, 0.1]).unwrap().sd, 0.0);
        assert_eq!(Spread::of(&[1.0]), None);
    }
}
