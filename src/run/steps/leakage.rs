//! What a training set and its split show of leakage.

use super::labels::Labels;
use super::split::{TEST, key_texts, split_rows};
use super::{columns_of, rows_of};
use crate::error::Result;
use crate::learn::{self, Leakage, Side};
use crate::plan::RunSpec;
use crate::table::Frame;

/// Looks at every row of both sides, and at features that only expressions read too.
pub fn leakage(spec: &RunSpec, training_set: &Frame, split: &Frame) -> Result<Leakage> {
    let keys = key_texts(spec, training_set)?;
    let labels = Labels::of(training_set)?;
    let rows = split_rows(&keys, &labels, training_set)?;
    let mut sides = vec![Side::Train; rows.len()];
    for row in rows_of(split, TEST)? {
        sides[row] = Side::Test;
    }
    let features = columns_of(spec, training_set, |_| true)?;
    Ok(learn::find_leakage(
        &features,
        &labels.numbered().target(),
        &rows,
        &sides,
    ))
}
