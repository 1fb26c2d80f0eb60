//! Features on demand: one way to compute them, for training and for a request.

use std::collections::BTreeMap;

use super::{FeatureSource, FeatureSpec, FeatureValues, Status, evaluate};
use crate::definition::ColumnName;
use crate::error::{Error, Result};
use crate::table::{Cell, Frame, Values, row_number};

/// The values of a feature on demand, one for each status of `rows`.
///
/// `known` has what [`FeatureSpec::known_before`] names, null where no row counts; `rows` says
/// whether one does; `request` has what comes with each. A feature of the request alone needs no
/// row. One that reads rows is null without one, whatever the request says.
///
/// # Errors
/// The request lacks something that the feature needs, or has it as another type.
pub fn values(
    spec: &FeatureSpec,
    known: BTreeMap<ColumnName, Values>,
    rows: &[Status],
    request: &BTreeMap<ColumnName, Values>,
) -> Result<FeatureValues> {
    let FeatureSource::OnDemand {
        expression,
        request: needed,
        ..
    } = &spec.source
    else {
        return Err(Error::failure(format!(
            "`{}` needs no request",
            spec.name()
        )));
    };
    let needs_row = !known.is_empty();
    let mut inputs = known;
    for (name, dtype) in needed {
        let given = request.get(name).filter(|values| values.dtype() == *dtype);
        let given = given.ok_or_else(|| {
            let what = format!("`{}` needs `{name}` of the request", spec.name());
            Error::failure(format!("{what}, as {}", dtype.as_str()))
        })?;
        inputs.insert(name.clone(), given.clone());
    }
    let counts = |status: &Status| !needs_row || *status == Status::Present;
    let kept: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(row, status)| counts(status).then(|| row_number(row)))
        .collect();
    let values = evaluate(expression, &Frame::new(rows.len(), inputs)).gather(&kept);
    let status =
        rows.iter()
            .enumerate()
            .map(|(row, status)| match (counts(status), values.cell(row)) {
                (false, _) => *status,
                (true, Cell::Null) => Status::Null,
                (true, _) => Status::Present,
            });
    Ok(FeatureValues {
        status: status.collect(),
        values,
    })
}
