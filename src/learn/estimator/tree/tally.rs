//! Counts of rows, as a tree counts them.

use std::ops::{Add, AddAssign, Sub};

/// A row of a bootstrap sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    pub row: u32,
    /// How often it was drawn, times two, plus one if its label is true.
    packed: u32,
}

impl super::criterion::Drawn for Drawn {
    fn row(self) -> u32 {
        self.row
    }
}

impl Drawn {
    /// # Panics
    /// In tests, when the row was drawn 2³¹ times or more.
    pub fn new(row: u32, times: u32, label: bool) -> Self {
        debug_assert!(times < 1 << 31);
        Self {
            row,
            packed: times << 1 | u32::from(label),
        }
    }

    pub fn tally(self) -> Tally {
        Tally::unpacked(self.packed)
    }

    pub fn packed(self) -> u32 {
        self.packed
    }
}

/// How many rows there are, with their repetitions in the sample, and how many of them are positive.
///
/// Both counts stand in one word, the positive ones in its upper half: one addition adds both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally(u64);

impl Tally {
    /// The tally of one [`Drawn::packed`].
    pub fn unpacked(packed: u32) -> Self {
        let times = u64::from(packed >> 1);
        Self(times | (times * u64::from(packed & 1)) << 32)
    }

    pub fn new(rows: u32, positive: u32) -> Self {
        Self(u64::from(rows) | u64::from(positive) << 32)
    }

    pub fn rows(self) -> u32 {
        self.0 as u32
    }

    pub fn positive(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all rows have one label.
    pub fn is_pure(self) -> bool {
        self.positive() == 0 || self.positive() == self.rows()
    }

    /// The share of positive rows.
    pub fn share(self) -> f64 {
        f64::from(self.positive()) / f64::from(self.rows())
    }

    /// positive² / rows; 0 of nothing.
    pub fn purity(self) -> f64 {
        let positive = f64::from(self.positive());
        positive * positive / f64::from(self.rows().max(1))
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// Of what holds the other.
impl Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}
