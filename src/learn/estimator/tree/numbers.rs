//! Numbers: the mean of a leaf is what it says.
//!
//! A split takes most off the squared error where m·n / (m + n) · (difference of the means of both
//! sides)² is largest, m and n being their masses: that is the score. Means come from exact sums, and
//! a difference of means loses nothing to numbers that are large beside it, as sums of squares would.

use super::criterion::Criterion;
use super::fixed::{Repeated, distances, masses, weight_of, weight_of_all};
use super::ranks::Rank;
use super::split::{Offer, Terms};
use super::sweep::Sweep;

/// Grows trees by squared error.
#[derive(Debug)]
pub struct Numbers<'a> {
    numbers: &'a [f64],
    weights: Option<&'a [f64]>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    mass: u64,
    /// How far its number is from the middle of all.
    distance: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NumberTally {
    rows: u32,
    mass: u64,
    /// Of mass times distance. Masses add up to less than 2⁶², a distance is at most that.
    sum: i128,
}

impl NumberTally {
    fn mean(self) -> f64 {
        self.sum as f64 / self.mass as f64
    }
}

impl<'a> Numbers<'a> {
    /// Numbers whose distances are f64.
    pub fn new(numbers: &'a [f64], weights: Option<&'a [f64]>) -> Self {
        let masses = masses(weights, numbers.len());
        let rows = masses.into_iter().zip(distances(numbers));
        let row = |(mass, distance)| Row { mass, distance };
        Self {
            numbers,
            weights,
            rows: rows.map(row).collect(),
        }
    }
}

impl Criterion for Numbers<'_> {
    type Drawn = Repeated;
    type Tally = NumberTally;
    type Search = Sweep;

    fn rows(&self) -> usize {
        self.numbers.len()
    }

    fn drawn(&self, row: u32, times: u32) -> Repeated {
        Repeated { row, times }
    }

    fn nothing(&self) -> NumberTally {
        NumberTally::default()
    }

    fn add(&self, tally: &mut NumberTally, drawn: Repeated) {
        let Row { mass, distance } = self.rows[drawn.row as usize];
        let mass = mass * u64::from(drawn.times);
        tally.rows += drawn.times;
        tally.mass += mass;
        tally.sum += i128::from(mass) * i128::from(distance);
    }

    fn without(&self, total: &NumberTally, part: &NumberTally) -> NumberTally {
        NumberTally {
            rows: total.rows - part.rows,
            mass: total.mass - part.mass,
            sum: total.sum - part.sum,
        }
    }

    fn count(tally: &NumberTally) -> u32 {
        tally.rows
    }

    fn is_pure(&self, rows: &[Repeated], _: &NumberTally) -> bool {
        let distance = |drawn: &Repeated| self.rows[drawn.row as usize].distance;
        rows.windows(2)
            .all(|pair| distance(&pair[0]) == distance(&pair[1]))
    }

    fn score(&self, below: &NumberTally, total: &NumberTally) -> f64 {
        let above = self.without(total, below);
        let apart = below.mean() - above.mean();
        let share = below.mass as f64 / total.mass as f64;
        share * above.mass as f64 * apart * apart
    }

    fn undivided(&self, _: &NumberTally) -> f64 {
        0.0
    }

    fn search<R: Rank>(
        &self,
        search: &mut Sweep,
        ranks: &[R],
        rows: &[Repeated],
        terms: &Terms<'_, NumberTally>,
    ) -> Offer<NumberTally> {
        search.best(self, ranks, rows, terms)
    }

    /// Of equal numbers their mean is that number to the last bit.
    fn answer(&self, rows: &[Repeated], _: &NumberTally, answer: &mut Vec<f64>) {
        let number = |drawn: &Repeated| self.numbers[drawn.row as usize];
        let first = rows.first().map_or(0.0, number);
        let (mut sum, mut all) = (0.0, 0.0);
        for drawn in rows {
            let weight = weight_of(self.weights, *drawn);
            sum += weight * (number(drawn) - first);
            all += weight;
        }
        answer.push(first + sum / all);
    }

    fn cover(&self, rows: &[Repeated], _: &NumberTally) -> f64 {
        weight_of_all(self.weights, rows)
    }
}
