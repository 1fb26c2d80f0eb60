//! How many rows stand between two edges.

use serde::Serialize;

/// Two numbers with others between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    pub const SHARES: Self = Self {
        low: 0.0,
        high: 1.0,
    };

    /// From the least to the largest, made wider where they are the same; none without values and
    /// where their distance is no finite number.
    pub fn of(values: &[f64]) -> Option<Self> {
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        let wider = match low < high {
            true => 0.0,
            false => (low.abs() / 100.0).max(0.5),
        };
        let range = Self {
            low: low - wider,
            high: high + wider,
        };
        range.span().is_finite().then_some(range)
    }

    pub fn span(self) -> f64 {
        self.high - self.low
    }

    /// What holds both, where their distance is a finite number.
    pub fn union(self, other: Self) -> Option<Self> {
        let both = Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        };
        both.span().is_finite().then_some(both)
    }

    /// The edges of `bins` intervals of the same width: one more than intervals.
    pub fn edges(self, bins: usize) -> Vec<f64> {
        let edge = |at: usize| match at == bins {
            true => self.high,
            false => self.low + self.span() * at as f64 / bins as f64,
        };
        (0..=bins).map(edge).collect()
    }
}

/// Groups of values, counted in the same intervals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// Ascending. An interval holds its lower edge and not its upper one, the last holds both.
    pub edges: Vec<f64>,
    /// For each group, how many values each interval holds.
    pub counts: Vec<Vec<u64>>,
}

impl Histogram {
    /// Values outside the range count in the first or the last interval.
    pub fn of(range: Range, bins: usize, groups: &[Vec<f64>]) -> Self {
        let edges = range.edges(bins);
        let count = |values: &Vec<f64>| {
            let mut counts = vec![0; bins];
            for value in values {
                counts[place(&edges, *value)] += 1;
            }
            counts
        };
        Self {
            counts: groups.iter().map(count).collect(),
            edges,
        }
    }
}

/// The number of the interval that holds a value.
pub(super) fn place(edges: &[f64], value: f64) -> usize {
    let inner = &edges[1..edges.len() - 1];
    inner.partition_point(|edge| *edge <= value)
}
