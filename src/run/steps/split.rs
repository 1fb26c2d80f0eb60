//! Which rows are for training and which for the test.

use std::collections::BTreeMap;

use super::{AS_OF, SIDE, column, labels, own};
use crate::error::{Error, Result};
use crate::learn::{self, Side, SplitRow};
use crate::plan::RunSpec;
use crate::table::{Cell, Frame, Values};

/// The words in the column `side`.
pub(super) const TRAIN: &str = "train";
pub(super) const TEST: &str = "test";

/// Gives every row of a training set its side.
pub fn split(spec: &RunSpec, training_set: &Frame) -> Result<Frame> {
    let keys = column(training_set, spec.key.as_str())?;
    let dates = column(training_set, AS_OF)?;
    let labels = labels(training_set)?;
    let texts: Vec<String> = (0..training_set.rows())
        .map(|row| key_text(keys.cell(row)))
        .collect();
    let rows = texts
        .iter()
        .zip(&labels)
        .enumerate()
        .map(|(row, (key, label))| {
            let Cell::Date(as_of) = dates.cell(row) else {
                return Err(Error::failure("a training set holds a row without a date"));
            };
            Ok(SplitRow {
                key,
                as_of,
                label: *label,
            })
        });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let sides = learn::split(&rows, &spec.split)?;
    let words: Vec<Option<&str>> = sides
        .iter()
        .map(|side| match side {
            Side::Train => Some(TRAIN),
            Side::Test => Some(TEST),
        })
        .collect();
    let columns = BTreeMap::from([
        (spec.key.clone(), keys.clone()),
        (own(AS_OF), dates.clone()),
        (own(SIDE), Values::strings(&words)),
    ]);
    Ok(Frame::new(training_set.rows(), columns))
}

/// A key as text, the same for the split of a string and of a number.
fn key_text(cell: Cell) -> String {
    match cell {
        Cell::String(text) => text.to_string(),
        Cell::I64(value) => value.to_string(),
        _ => String::new(),
    }
}
