//! Newer rows replace older ones.

use std::cmp::Ordering;

use polars::prelude::IdxSize;

use crate::definition::ColumnName;

use super::canonical::compare_cells;
use super::{Frame, Values, row_number};

/// The rows of both frames, in the order of `key`; where both have a row of one key, the newer one.
///
/// Both are in the order of `key`, have it once in every row, and have the same columns.
///
/// # Panics
/// When a frame lacks the key, or the frames differ in their columns.
#[must_use]
pub fn upsert(base: &Frame, newer: &Frame, key: &ColumnName) -> Frame {
    let keys = |frame: &Frame| {
        frame
            .column(key.as_str())
            .expect("the frame has its key")
            .clone()
    };
    let rows = merged(&keys(base), &keys(newer));
    base.concat(newer).take(rows)
}

/// Row numbers in the frame that has the rows of `base`, then those of `newer`.
fn merged(base: &Values, newer: &Values) -> Vec<IdxSize> {
    let mut rows = Vec::with_capacity(base.len() + newer.len());
    let (mut old, mut new) = (0, 0);
    while old < base.len() && new < newer.len() {
        let order = compare_cells(base.cell(old), newer.cell(new));
        let take_old = order == Ordering::Less;
        rows.push(row_number(if take_old { old } else { base.len() + new }));
        old += usize::from(order != Ordering::Greater);
        new += usize::from(!take_old);
    }
    rows.extend((old..base.len()).map(row_number));
    rows.extend((new..newer.len()).map(|row| row_number(base.len() + row)));
    rows
}
