//! Rows divided by the values of one feature.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::FeatureValue;
use crate::learn::FeatureValues;
use crate::learn::quantile::{quantile, sorted};

/// A number that takes no more values has a segment for each.
const MOST_NUMBERS: usize = 10;
/// So many categories have a segment of their own.
const MOST_CATEGORIES: usize = 20;
/// Parts of as many rows each that other numbers are divided into.
const PARTS: u32 = 4;

/// Rows that are alike in one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub values: SegmentValues,
    /// Ascending, at least one.
    pub rows: Vec<usize>,
}

/// What the rows of a segment have.
#[derive(Debug, Clone, PartialEq)]
pub enum SegmentValues {
    One(FeatureValue),
    /// Numbers above the first, where there is one, and up to the second.
    Range {
        above: Option<f64>,
        up_to: Option<f64>,
    },
    /// One of so many categories that fewer rows have than those before.
    Others(usize),
}

/// Divides rows by one feature: each row is in one segment. Texts go by how many rows they have, the
/// most first and equal ones by name; numbers ascend; null comes last. `whole` says that the feature
/// takes whole numbers alone.
pub fn segments(values: &FeatureValues, whole: bool) -> Vec<Segment> {
    let (mut segments, nulls) = match values {
        FeatureValues::Numeric(values) => (of_numbers(values, whole), nulls(values)),
        FeatureValues::Categorical(values) => (of_categories(values), nulls(values)),
    };
    if !nulls.is_empty() {
        segments.push(Segment {
            values: SegmentValues::One(FeatureValue::Null),
            rows: nulls,
        });
    }
    segments
}

fn nulls<T>(values: &[Option<T>]) -> Vec<usize> {
    let rows = values.iter().enumerate();
    rows.filter_map(|(row, value)| value.is_none().then_some(row))
        .collect()
}

fn of_categories(values: &[Option<String>]) -> Vec<Segment> {
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, value) in values.iter().enumerate() {
        if let Some(category) = value {
            rows.entry(category).or_default().push(row);
        }
    }
    let mut all: Vec<(&str, Vec<usize>)> = rows.into_iter().collect();
    // Stable: equal ones stay in order of their names.
    all.sort_by_key(|(_, rows)| Reverse(rows.len()));
    let others = all.split_off(all.len().min(MOST_CATEGORIES));
    let own = all.into_iter().map(|(category, rows)| Segment {
        values: SegmentValues::One(FeatureValue::Category(category.to_string())),
        rows,
    });
    let mut segments: Vec<Segment> = own.collect();
    if !others.is_empty() {
        let values = SegmentValues::Others(others.len());
        let mut rows: Vec<usize> = others.into_iter().flat_map(|(_, rows)| rows).collect();
        rows.sort_unstable();
        segments.push(Segment { values, rows });
    }
    segments
}

fn of_numbers(values: &[Option<f64>], whole: bool) -> Vec<Segment> {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let sorted = sorted(&known);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let is_each = distinct.len() <= MOST_NUMBERS;
    // The last value of each segment.
    let ends = if is_each {
        distinct
    } else {
        quartiles(&sorted, whole)
    };
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); ends.len() + 1];
    for (row, value) in values.iter().enumerate() {
        if let Some(value) = value {
            rows[ends.partition_point(|end| end < value)].push(row);
        }
    }
    let segment = |(at, rows): (usize, Vec<usize>)| {
        let values = match ends.get(at) {
            Some(value) if is_each => SegmentValues::One(FeatureValue::Number(*value)),
            up_to => SegmentValues::Range {
                above: at.checked_sub(1).map(|before| ends[before]),
                up_to: up_to.copied(),
            },
        };
        Segment { values, rows }
    };
    let segments = rows.into_iter().enumerate();
    segments
        .filter(|(_, rows)| !rows.is_empty())
        .map(segment)
        .collect()
}

/// Where quarters of the rows end, as far as equal values allow. Nothing is above the largest value, so
/// it ends none.
fn quartiles(sorted: &[f64], whole: bool) -> Vec<f64> {
    let Some(largest) = sorted.last() else {
        return Vec::new();
    };
    let ends = (1..PARTS).map(|part| quantile(sorted, f64::from(part) / f64::from(PARTS)));
    // Whole numbers up to 8.5 are those up to 8.
    let mut ends: Vec<f64> = ends
        .map(|end| if whole { end.floor() } else { end })
        .collect();
    ends.dedup();
    ends.retain(|end| end < largest);
    ends
}
