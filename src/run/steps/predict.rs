//! Scores of the test rows.

use std::collections::BTreeMap;

use super::split::TEST;
use super::{AS_OF, LABEL, PROBABILITY, column, feature_columns, own, rows_of};
use crate::error::Result;
use crate::learn::Model;
use crate::plan::RunSpec;
use crate::table::{Frame, Values, row_number};

/// Scores every test row, in the order of the training set.
pub fn predict(
    spec: &RunSpec,
    training_set: &Frame,
    split: &Frame,
    model: &Model,
) -> Result<Frame> {
    let rows: Vec<_> = rows_of(split, TEST)?
        .into_iter()
        .map(|row| Some(row_number(row)))
        .collect();
    let test = training_set.gather(&rows);
    let scores = model.predict(&feature_columns(spec, &test)?)?.scores;
    let scores: Vec<Option<f64>> = scores.into_iter().map(Some).collect();
    let columns = BTreeMap::from([
        (spec.key.clone(), column(&test, spec.key.as_str())?.clone()),
        (own(AS_OF), column(&test, AS_OF)?.clone()),
        (own(LABEL), column(&test, LABEL)?.clone()),
        (own(PROBABILITY), Values::floats(&scores)),
    ]);
    Ok(Frame::new(test.rows(), columns))
}
