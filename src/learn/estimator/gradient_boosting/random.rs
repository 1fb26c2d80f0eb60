//! Pseudo-random numbers that depend on a seed, a purpose and a place, and on no order of drawing.

use crate::hash::ContentHasher;

/// A stream of numbers, each to be had by its place: SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone, Copy)]
pub(super) struct Random(u64);

impl Random {
    /// The stream for a purpose, and within it for a number such as that of a tree.
    pub(super) fn new(seed: i64, purpose: &str, number: usize) -> Self {
        let mut hasher = ContentHasher::new("streamflow boosting 1");
        hasher.integer(seed);
        hasher.text(purpose);
        hasher.count(number);
        let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    fn at(self, place: u64) -> u64 {
        let step = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0.wrapping_add(step);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number in [0, 1) with 53 random bits.
    pub(super) fn unit(self, place: u64) -> f64 {
        (self.at(place) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `count`, which is not 0.
    pub(super) fn below(self, place: u64, count: u64) -> u64 {
        ((u128::from(self.at(place)) * u128::from(count)) >> 64) as u64
    }

    /// `count` of the numbers below `of`, ascending: the first so many of a shuffle.
    pub(super) fn choose(self, count: usize, of: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..of).collect();
        for at in 0..count.min(of) {
            let other = at + self.below(at as u64, (of - at) as u64) as usize;
            numbers.swap(at, other);
        }
        numbers.truncate(count);
        numbers.sort_unstable();
        numbers
    }
}
