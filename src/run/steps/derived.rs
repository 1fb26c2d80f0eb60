//! Features that preprocessing derives of several others: the same function for training and for questions.

use std::collections::BTreeMap;

use super::column;
use crate::definition::{ColumnName, DerivedFeature, DerivedName, Dtype, InvalidName};
use crate::error::{Error, Kind, Result};
use crate::feature;
use crate::plan::RunSpec;
use crate::table::{Frame, Values};

/// What a run derives, read over the types that its features have in a frame, which names them in full.
pub fn derived_features(spec: &RunSpec, frame: &Frame) -> Result<Vec<DerivedFeature>> {
    if spec.preprocess.derived.is_empty() {
        return Ok(Vec::new());
    }
    let dtypes: BTreeMap<ColumnName, Dtype> = spec
        .features
        .keys()
        .map(|name| {
            let full = name.to_string();
            let dtype = column(frame, &full)?.dtype();
            let full = full
                .parse()
                .map_err(|why: InvalidName| Error::new(Kind::Definition, why.to_string()))?;
            Ok((full, dtype))
        })
        .collect::<Result<_>>()?;
    spec.derived(&dtypes)
}

/// Their values, one for each row of the frame, in the order of their names.
pub fn derived_values(spec: &RunSpec, frame: &Frame) -> Result<Vec<(DerivedName, Values)>> {
    let derived = derived_features(spec, frame)?.into_iter();
    let values = |derived: DerivedFeature| {
        let values = feature::evaluate(&derived.expression, frame);
        (derived.name, values)
    };
    Ok(derived.map(values).collect())
}
