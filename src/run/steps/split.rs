//! Which rows are for training and which for the test.

use std::collections::BTreeMap;

use super::labels::Labels;
use super::{AS_OF, SIDE, column, own};
use crate::error::{Error, Result};
use crate::learn::{self, Side, SplitRow};
use crate::plan::RunSpec;
use crate::table::{Cell, Frame, Values};

/// The words in the column `side`.
pub(super) const TRAIN: &str = "train";
pub(super) const TEST: &str = "test";

/// Gives every row of a training set its side.
pub fn split(spec: &RunSpec, training_set: &Frame) -> Result<Frame> {
    let texts = key_texts(spec, training_set)?;
    let labels = Labels::of(training_set)?;
    let rows = split_rows(&texts, &labels, training_set)?;
    let sides = learn::split(&rows, &spec.split)?;
    let words: Vec<Option<&str>> = sides
        .iter()
        .map(|side| match side {
            Side::Train => Some(TRAIN),
            Side::Test => Some(TEST),
        })
        .collect();
    let columns = BTreeMap::from([
        (
            spec.key.clone(),
            column(training_set, spec.key.as_str())?.clone(),
        ),
        (own(AS_OF), column(training_set, AS_OF)?.clone()),
        (own(SIDE), Values::strings(&words)),
    ]);
    Ok(Frame::new(training_set.rows(), columns))
}

/// The keys of a training set as text, row by row.
pub(super) fn key_texts(spec: &RunSpec, training_set: &Frame) -> Result<Vec<String>> {
    let keys = column(training_set, spec.key.as_str())?;
    Ok((0..training_set.rows())
        .map(|row| key_text(keys.cell(row)))
        .collect())
}

/// What a split looks at, row by row.
pub(super) fn split_rows<'a>(
    keys: &'a [String],
    labels: &'a Labels,
    training_set: &Frame,
) -> Result<Vec<SplitRow<'a>>> {
    let dates = column(training_set, AS_OF)?;
    let rows = keys.iter().enumerate();
    rows.map(|(row, key)| {
        let Cell::Date(as_of) = dates.cell(row) else {
            return Err(Error::failure("a training set holds a row without a date"));
        };
        let class = labels.class(row);
        Ok(SplitRow { key, as_of, class })
    })
    .collect()
}

/// A key as text, the same for the split of a string and of a number.
fn key_text(cell: Cell) -> String {
    match cell {
        Cell::String(text) => text.to_string(),
        Cell::I64(value) => value.to_string(),
        _ => String::new(),
    }
}
