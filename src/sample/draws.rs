//! Random numbers that are the same on every machine.

use crate::hash::ContentHasher;
use crate::math;

/// A stream of random numbers with a name.
///
/// Each customer draws each thing from a stream of its own, named by seed, purpose and numbers, so
/// that one more question asked of one customer moves nothing else in the data. The generator is
/// SplitMix64, started from the hash of the name.
pub struct Draws(u64);

impl Draws {
    pub fn new(seed: u64, purpose: &str, of: &[i64]) -> Self {
        let mut hasher = ContentHasher::new("sample");
        hasher.integer(seed.cast_signed());
        hasher.text(purpose);
        hasher.count(of.len());
        for number in of {
            hasher.integer(*number);
        }
        let mut state = [0; 8];
        state.copy_from_slice(&hasher.finish()[..8]);
        Self(u64::from_le_bytes(state))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A fraction in (0, 1): the middle of one of 2^52 equal steps, so never 0 and never 1.
    pub fn fraction(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// A whole number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.fraction()
    }

    /// A number of the standard normal distribution (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * math::ln(self.fraction())).sqrt();
        radius * math::cos(std::f64::consts::TAU * self.fraction())
    }

    /// A number of the standard logistic distribution: what a logistic regression calls noise.
    pub fn logistic(&mut self) -> f64 {
        let p = self.fraction();
        math::ln(p / (1.0 - p))
    }

    /// A count of rare events (Poisson, by Knuth's product of fractions).
    pub fn count(&mut self, mean: f64) -> i64 {
        let limit = math::exp(-mean);
        let mut product = self.fraction();
        let mut count = 0;
        while product > limit {
            product *= self.fraction();
            count += 1;
        }
        count
    }

    /// Puts the items in a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_every_part_of_its_name() {
        let first = |seed, purpose, of: &[i64]| Draws::new(seed, purpose, of).next();
        assert_eq!(first(1, "a", &[2]), first(1, "a", &[2]));
        for other in [
            first(2, "a", &[2]),
            first(1, "b", &[2]),
            first(1, "a", &[3]),
        ] {
            assert_ne!(first(1, "a", &[2]), other);
        }
    }

    #[test]
    fn distributions_have_their_means() {
        let mut draws = Draws::new(7, "means", &[]);
        let n = 20_000;
        let mean = |sum: f64| sum / f64::from(n);
        let normal = mean((0..n).map(|_| draws.normal()).sum());
        let count = mean((0..n).map(|_| draws.count(2.5) as f64).sum());
        let below = mean((0..n).map(|_| draws.below(11) as f64).sum());
        assert!(normal.abs() < 0.03, "{normal}");
        assert!((count - 2.5).abs() < 0.05, "{count}");
        assert!((below - 5.0).abs() < 0.1, "{below}");
    }
}
