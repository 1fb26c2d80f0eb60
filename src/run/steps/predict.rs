//! Scores of the test rows.

use std::collections::BTreeMap;

use super::split::{TEST, TRAIN};
use super::{AS_OF, LABEL, column, feature_columns, own, predictions, rows_of};
use crate::error::Result;
use crate::learn::Model;
use crate::plan::RunSpec;
use crate::table::{Frame, row_number};

/// The test rows, in the order of the training set.
pub fn test_rows(training_set: &Frame, split: &Frame) -> Result<Frame> {
    let rows = rows_of(split, TEST)?.into_iter();
    let rows: Vec<_> = rows.map(|row| Some(row_number(row))).collect();
    Ok(training_set.gather(&rows))
}

/// The rows of a training set that a model was fitted on.
pub fn train_rows(training_set: &Frame, split: &Frame) -> Result<Frame> {
    let rows = rows_of(split, TRAIN)?.into_iter();
    let rows: Vec<_> = rows.map(|row| Some(row_number(row))).collect();
    Ok(training_set.gather(&rows))
}

/// Scores every test row, in the order of the training set.
pub fn predict(
    spec: &RunSpec,
    training_set: &Frame,
    split: &Frame,
    model: &Model,
) -> Result<Frame> {
    let test = test_rows(training_set, split)?;
    let scores = scores(spec, &test, model)?;
    let mut columns = predictions::columns(&model.outcome, &scores)?;
    columns.extend(BTreeMap::from([
        (spec.key.clone(), column(&test, spec.key.as_str())?.clone()),
        (own(AS_OF), column(&test, AS_OF)?.clone()),
        (own(LABEL), column(&test, LABEL)?.clone()),
    ]));
    Ok(Frame::new(test.rows(), columns))
}

/// What a model says of rows of a training set, row after row.
pub(super) fn scores(spec: &RunSpec, rows: &Frame, model: &Model) -> Result<Vec<f64>> {
    Ok(model.predict(&feature_columns(spec, rows)?)?.scores)
}
