//! Numbers put into bins: for the stability index, and as bars for people.

use serde::Serialize;

use super::tally::{Pair, Tally};
use crate::math::log2;

/// A reference sample of at most so many distinct numbers is compared value by value.
const VALUE_BY_VALUE: u64 = 20;
/// Bars of a histogram of numbers.
const BARS: usize = 20;
/// Categories that have a bar of their own.
const CATEGORIES: usize = 12;

/// The counts the stability index of numbers is made of: by value while the reference sample has
/// few of them, else by bins of equal width over both samples, as many as Sturges' rule says.
pub fn stability_counts(tally: &Tally<f64>, whole: bool) -> Vec<Pair<u64>> {
    match tally.distinct_each().reference <= VALUE_BY_VALUE {
        true => tally.counts(),
        false => fill(tally, &sturges_edges(tally, whole)),
    }
}

/// Edges of `⌈log2 n + 1⌉` bins over the range of both samples; whole numbers have no bin narrower
/// than 1. The arithmetic is that of NumPy's `histogram_bin_edges`, step by step, so that a value on
/// an edge falls on the same side.
fn sturges_edges(tally: &Tally<f64>, whole: bool) -> Vec<f64> {
    let (first, last) = range(tally);
    let mut width = (last - first) / (log2(tally.totals().sum() as f64) + 1.0);
    if whole && width < 1.0 {
        width = 1.0;
    }
    equal_edges(first, last, ((last - first) / width).ceil() as usize)
}

fn equal_edges(first: f64, last: f64, bins: usize) -> Vec<f64> {
    let step = (last - first) / bins as f64;
    let inner = (0..bins).map(|at| at as f64 * step + first);
    inner.chain([last]).collect()
}

fn range(tally: &Tally<f64>) -> (f64, f64) {
    let values = tally.values();
    let at = |found: Option<&super::Tallied<f64>>| found.map_or(0.0, |tallied| tallied.value);
    (at(values.first()), at(values.last()))
}

/// Counts by bin. A bin begins at its edge and ends before the next, the last one at its edge.
/// Values outside go to the first and the last.
fn fill(tally: &Tally<f64>, edges: &[f64]) -> Vec<Pair<u64>> {
    let bins = edges.len() - 1;
    let mut counts = vec![Pair::default(); bins];
    let mut bin = 0;
    for tallied in tally.values() {
        while bin + 1 < bins && tallied.value >= edges[bin + 1] {
            bin += 1;
        }
        let counts: &mut Pair<u64> = &mut counts[bin];
        counts.reference += tallied.counts.reference;
        counts.current += tallied.counts.current;
    }
    counts
}

/// Both samples as bars: shares of the values that are there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Histogram {
    /// Bins of equal width between the 1st and the 99th percentile of both samples; what lies
    /// outside counts in the first and the last.
    Bins {
        edges: Vec<f64>,
        shares: Vec<Pair<f64>>,
    },
    /// One bar a value: numbers of few distinct values, and the most frequent categories.
    Values {
        values: Vec<String>,
        shares: Vec<Pair<f64>>,
        /// The share of all other values; 0 where each has a bar.
        others: Pair<f64>,
    },
}

/// The bars of numbers. `name` shows a value.
pub fn number_bars(tally: &Tally<f64>, name: impl Fn(f64) -> String) -> Histogram {
    if tally.distinct() <= BARS {
        let values = tally.values().iter();
        return Histogram::Values {
            values: values.map(|tallied| name(tallied.value)).collect(),
            shares: shares_or_none(&tally.counts(), tally.totals()),
            others: Pair::default(),
        };
    }
    let (first, last) = (percentile(tally, 0.01), percentile(tally, 0.99));
    let (first, last) = match first < last {
        true => (first, last),
        false => range(tally),
    };
    let edges = equal_edges(first, last, BARS);
    let counts = fill(tally, &edges);
    Histogram::Bins {
        edges,
        shares: shares_or_none(&counts, tally.totals()),
    }
}

/// The smallest value up to which at least this share of both samples together lies.
fn percentile(tally: &Tally<f64>, share: f64) -> f64 {
    let wanted = share * tally.totals().sum() as f64;
    let mut seen = 0;
    let found = tally.values().iter().find(|tallied| {
        seen += tallied.counts.sum();
        seen as f64 >= wanted
    });
    found.map_or(0.0, |tallied| tallied.value)
}

/// The bars of categories: those that have the largest share of either sample, the largest first.
pub fn category_bars(tally: &Tally<String>) -> Histogram {
    let shares = shares_or_none(&tally.counts(), tally.totals());
    let larger = |share: &Pair<f64>| share.reference.max(share.current);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    // The sort is stable: equal ones stay in order of their names.
    order.sort_by(|a, b| larger(&shares[*b]).total_cmp(&larger(&shares[*a])));
    let others = order.iter().skip(CATEGORIES);
    let others = others.fold(Pair::new(0.0, 0.0), |sum: Pair<f64>, at| Pair {
        reference: sum.reference + shares[*at].reference,
        current: sum.current + shares[*at].current,
    });
    order.truncate(CATEGORIES);
    Histogram::Values {
        values: order
            .iter()
            .map(|at| tally.values()[*at].value.clone())
            .collect(),
        shares: order.iter().map(|at| shares[*at]).collect(),
        others,
    }
}

/// Counts as shares; 0 for a sample without values.
fn shares_or_none(counts: &[Pair<u64>], totals: Pair<u64>) -> Vec<Pair<f64>> {
    let share = |count: u64, total: u64| match total {
        0 => 0.0,
        total => count as f64 / total as f64,
    };
    let pair = |pair: &Pair<u64>| Pair {
        reference: share(pair.reference, totals.reference),
        current: share(pair.current, totals.current),
    };
    counts.iter().map(pair).collect()
}
