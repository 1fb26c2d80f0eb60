//! Each distinct value once, with its counts in both samples.

use std::collections::BTreeMap;

use serde::Serialize;

/// Something of the reference sample and the same of the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Pair<T> {
    pub reference: T,
    pub current: T,
}

impl<T> Pair<T> {
    pub fn new(reference: T, current: T) -> Self {
        Self { reference, current }
    }

    /// The same function of both.
    pub fn map<U>(self, function: impl Fn(T) -> U) -> Pair<U> {
        Pair {
            reference: function(self.reference),
            current: function(self.current),
        }
    }
}

impl Pair<u64> {
    fn add(&mut self, other: Self) {
        self.reference += other.reference;
        self.current += other.current;
    }

    /// Of both samples together.
    pub fn sum(self) -> u64 {
        self.reference + self.current
    }
}

/// A value and how often each sample has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tallied<T> {
    pub value: T,
    pub counts: Pair<u64>,
}

/// The distinct values of two samples, ascending. Missing values are in none.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally<T> {
    values: Vec<Tallied<T>>,
    totals: Pair<u64>,
}

impl<T> Tally<T> {
    fn new(values: Vec<Tallied<T>>) -> Self {
        let mut totals = Pair::default();
        for tallied in &values {
            totals.add(tallied.counts);
        }
        Self { values, totals }
    }

    pub fn values(&self) -> &[Tallied<T>] {
        &self.values
    }

    /// Values of each sample, repetitions counted.
    pub fn totals(&self) -> Pair<u64> {
        self.totals
    }

    /// Distinct values of both samples together.
    pub fn distinct(&self) -> usize {
        self.values.len()
    }

    /// Distinct values of each sample.
    pub fn distinct_each(&self) -> Pair<u64> {
        let count = |one: fn(&Pair<u64>) -> u64| {
            let having = self
                .values
                .iter()
                .filter(|tallied| one(&tallied.counts) > 0);
            having.count() as u64
        };
        Pair::new(
            count(|counts| counts.reference),
            count(|counts| counts.current),
        )
    }

    /// The counts in order of the values.
    pub fn counts(&self) -> Vec<Pair<u64>> {
        self.values.iter().map(|tallied| tallied.counts).collect()
    }
}

impl Tally<f64> {
    /// Finite numbers in any order.
    pub fn of_numbers(mut reference: Vec<f64>, mut current: Vec<f64>) -> Self {
        reference.sort_unstable_by(f64::total_cmp);
        current.sort_unstable_by(f64::total_cmp);
        let mut values = Vec::new();
        let (mut left, mut right) = (&reference[..], &current[..]);
        while let Some(value) = smaller(left.first(), right.first()) {
            let counts = Pair::new(take(&mut left, value), take(&mut right, value));
            values.push(Tallied { value, counts });
        }
        Self::new(values)
    }
}

impl Tally<String> {
    /// Texts in any order; they are tallied in bytewise order.
    pub fn of_texts<'a>(
        reference: impl Iterator<Item = &'a str>,
        current: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut counts: BTreeMap<&str, Pair<u64>> = BTreeMap::new();
        for text in reference {
            counts.entry(text).or_default().reference += 1;
        }
        for text in current {
            counts.entry(text).or_default().current += 1;
        }
        let tallied = |(value, counts): (&str, Pair<u64>)| Tallied {
            value: value.to_string(),
            counts,
        };
        Self::new(counts.into_iter().map(tallied).collect())
    }
}

fn smaller(left: Option<&f64>, right: Option<&f64>) -> Option<f64> {
    match (left, right) {
        (Some(a), Some(b)) => Some(a.min(*b)),
        (one, other) => one.or(other).copied(),
    }
}

/// Takes the leading values that are `value`, and counts them.
fn take(rest: &mut &[f64], value: f64) -> u64 {
    let count = rest.iter().take_while(|found| **found == value).count();
    *rest = &rest[count..];
    count as u64
}
