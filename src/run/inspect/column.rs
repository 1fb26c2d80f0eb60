//! Columns that a run does not use, in its test rows.

use std::collections::BTreeMap;

use super::Tested;
use crate::definition::{Expression, FeatureName};
use crate::error::{Error, Result};
use crate::hash::Digest;
use crate::plan::{RunSpec, TableAt};
use crate::run::reference::KnownRun;
use crate::run::resolve::locked_tables;
use crate::run::steps;
use crate::run::stored::{ArtefactName, artefact_bytes};
use crate::snapshot::{Snapshots, TableSnapshot};
use crate::table::{Frame, Values};
use crate::table_store;
use crate::workspace::Workspace;

/// The values of a column of a table that the run takes features from, in its test rows: found as those of
/// features are. None where the run has no such table, or the table no such column.
///
/// # Errors
/// [`crate::error::Kind::MissingInput`] when the run's data can neither be had nor be made again.
pub fn unused_column(
    workspace: &Workspace,
    known: &KnownRun,
    tested: &Tested,
    name: &FeatureName,
) -> Result<Option<Values>> {
    let Some(options) = tested.spec.tables.get(&name.table) else {
        return Ok(None);
    };
    let store = workspace.store();
    let snapshots = Snapshots {
        workspace,
        definitions: workspace.definitions(),
    };
    let data = known.record.identity().data;
    let tables = locked_tables(&snapshots, &tested.spec, &data, &known.record.data, |_| ())?;
    let is_lacking = |(at, snapshot): (&TableAt, &TableSnapshot)| {
        at.0 == name.table && !snapshot.dtypes().contains_key(&name.feature)
    };
    if tables.iter().any(is_lacking) {
        return Ok(None);
    }
    // The same rows with another feature.
    let spec = RunSpec {
        features: BTreeMap::from([(name.clone(), Expression::of_column(&name.feature))]),
        windowed: BTreeMap::new(),
        tables: BTreeMap::from([(name.table.clone(), options.clone())]),
        ..tested.spec.clone()
    };
    let mut load = |at: &TableAt| -> Result<Frame> {
        let needed_by = format!("the snapshot of {} at {}", at.0, at.1);
        table_store::read(store, tables[at].hash, &needed_by)
    };
    let (rows, _) = steps::training_set(&spec, &spec.feature_dates(), &mut load)?;
    let split = table_store::frame(&artefact_bytes(store, known, ArtefactName::Split)?)?;
    if rows.rows() != split.rows() {
        let run = known.run.short();
        let message = format!("the rows of run {run} cannot be found in its data again");
        return Err(Error::failure(message));
    }
    let rows = steps::test_rows(&rows, &split)?;
    Ok(rows.column(&name.to_string()).cloned())
}
