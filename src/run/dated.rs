//! The rows an experiment would have at another date.

use std::collections::BTreeMap;

use super::resolve::{resolve, spec_of};
use super::steps::{self, LABEL};
use crate::definition::{AsOf, Experiment, InputName};
use crate::error::{Error, Result};
use crate::plan::TableAt;
use crate::snapshot::Snapshots;
use crate::table::{Frame, Values};
use crate::table_store;

/// The labelled rows of one date, in order of their keys.
#[derive(Debug)]
pub struct DatedRows {
    /// Those of the experiment, and what preprocessing derives of them.
    pub features: BTreeMap<InputName, Values>,
    /// Bools without nulls.
    pub labels: Values,
}

/// The training set of an experiment if it were declared at `as_of` alone.
///
/// # Errors
/// As those of a run: [`crate::error::Kind::MissingInput`] when a table or the label of the date
/// cannot be had, [`crate::error::Kind::DataRefused`] when no row has a label.
pub fn labelled_rows(
    snapshots: &Snapshots,
    experiment: &Experiment,
    as_of: AsOf,
) -> Result<DatedRows> {
    let mut dated = experiment.clone();
    dated.as_of = vec![as_of];
    let spec = spec_of(snapshots, &dated)?;
    let resolved = resolve(snapshots, &spec, &[], |_| ())?;
    let store = snapshots.workspace.store();
    let mut load = |at: &TableAt| -> Result<Frame> {
        let snapshot = &resolved.tables[at];
        let needed_by = format!("the snapshot of {} at {}", at.0, at.1);
        table_store::read(store, snapshot.hash, &needed_by)
    };
    let (rows, _) = steps::training_set(&spec, &resolved.dates, &mut load)?;
    let column = |name: &str| {
        let lacking = || Error::failure(format!("the training set has no column `{name}`"));
        rows.column(name).cloned().ok_or_else(lacking)
    };
    let features = spec.features.keys();
    let features = features.map(|name| Ok((name.clone().into(), column(&name.to_string())?)));
    let derived = steps::derived_values(&spec, &rows)?.into_iter();
    let derived = derived.map(|(name, values)| Ok((name.into(), values)));
    Ok(DatedRows {
        features: features.chain(derived).collect::<Result<_>>()?,
        labels: column(LABEL)?,
    })
}
