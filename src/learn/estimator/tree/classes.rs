//! Several classes, or two whose rows do not all count the same.
//!
//! The weighted Gini impurity after a split is smallest where Σ mass² of a class / mass of all,
//! summed over classes and both sides, is largest: that is the score. Masses are whole numbers.

use std::ops::Range;

use super::criterion::Criterion;
use super::fixed::{Repeated, masses, weight_of, weight_of_all};
use super::ranks::Rank;
use super::split::{Offer, Terms};
use super::sweep::Sweep;

/// Grows trees by Gini impurity.
#[derive(Debug)]
pub struct Classes<'a> {
    labels: &'a [u32],
    classes: usize,
    weights: Option<&'a [f64]>,
    masses: Vec<u64>,
    /// Of which classes a leaf says the share.
    told: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ClassTally {
    rows: u32,
    mass: u64,
    of_class: Box<[u64]>,
}

impl<'a> Classes<'a> {
    /// `labels` are below `classes`. `told` is of which classes a leaf says the share.
    pub fn new(
        labels: &'a [u32],
        classes: usize,
        weights: Option<&'a [f64]>,
        told: Range<usize>,
    ) -> Self {
        Self {
            labels,
            classes,
            weights,
            masses: masses(weights, labels.len()),
            told,
        }
    }

    fn class(&self, drawn: Repeated) -> usize {
        self.labels[drawn.row as usize] as usize
    }
}

impl Criterion for Classes<'_> {
    type Drawn = Repeated;
    type Tally = ClassTally;
    type Search = Sweep;

    fn rows(&self) -> usize {
        self.labels.len()
    }

    fn drawn(&self, row: u32, times: u32) -> Repeated {
        Repeated { row, times }
    }

    fn nothing(&self) -> ClassTally {
        ClassTally {
            rows: 0,
            mass: 0,
            of_class: vec![0; self.classes].into(),
        }
    }

    fn add(&self, tally: &mut ClassTally, drawn: Repeated) {
        let mass = self.masses[drawn.row as usize] * u64::from(drawn.times);
        tally.rows += drawn.times;
        tally.mass += mass;
        tally.of_class[self.class(drawn)] += mass;
    }

    fn without(&self, total: &ClassTally, part: &ClassTally) -> ClassTally {
        let classes = total.of_class.iter().zip(&part.of_class);
        ClassTally {
            rows: total.rows - part.rows,
            mass: total.mass - part.mass,
            of_class: classes.map(|(total, part)| total - part).collect(),
        }
    }

    fn count(tally: &ClassTally) -> u32 {
        tally.rows
    }

    fn is_pure(&self, _: &[Repeated], tally: &ClassTally) -> bool {
        tally.of_class.contains(&tally.mass)
    }

    fn score(&self, below: &ClassTally, total: &ClassTally) -> f64 {
        let (mut squares_below, mut squares_above) = (0.0, 0.0);
        for (below, total) in below.of_class.iter().zip(&total.of_class) {
            let (low, high) = (*below as f64, (total - below) as f64);
            squares_below += low * low;
            squares_above += high * high;
        }
        squares_below / below.mass as f64 + squares_above / (total.mass - below.mass) as f64
    }

    fn undivided(&self, total: &ClassTally) -> f64 {
        let masses = total.of_class.iter().map(|mass| *mass as f64);
        masses.fold(0.0, |sum, mass| sum + mass * mass) / total.mass as f64
    }

    fn search<R: Rank>(
        &self,
        search: &mut Sweep,
        ranks: &[R],
        rows: &[Repeated],
        terms: &Terms<'_, ClassTally>,
    ) -> Offer<ClassTally> {
        search.best(self, ranks, rows, terms)
    }

    fn answer(&self, rows: &[Repeated], _: &ClassTally, answer: &mut Vec<f64>) {
        let mut sums = vec![0.0; self.classes];
        let mut all = 0.0;
        for drawn in rows {
            let weight = weight_of(self.weights, *drawn);
            sums[self.class(*drawn)] += weight;
            all += weight;
        }
        // A sum of some is at most that of all, rounded or not.
        answer.extend(sums[self.told.clone()].iter().map(|sum| sum / all));
    }

    fn cover(&self, rows: &[Repeated], _: &ClassTally) -> f64 {
        weight_of_all(self.weights, rows)
    }
}
