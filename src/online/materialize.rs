//! All tables at a date, computed and kept.

use std::collections::BTreeMap;

use super::fact::{Materialization, SheetFact, append};
use super::sheet::compute;
use super::view::{OnlineSheet, OnlineView};
use super::wanted::{Wanted, feature_tables};
use crate::definition::{AsOf, Table, TableName};
use crate::error::{Error, Result};
use crate::feature::{FeatureSpec, History};
use crate::hash::RunId;
use crate::host;
use crate::plan::RunSpec;
use crate::snapshot::{Snapshot, Snapshots};
use crate::store::NewObject;
use crate::table::{self, Frame, Values};
use crate::table_store;
use crate::workspace::Workspace;

/// What materializing did.
#[derive(Debug)]
pub struct Materialized {
    pub materialization: Materialization,
    /// False when the newest materialization says the same already.
    pub new: bool,
    /// Distinct entities over all tables of each entity, summed.
    pub entities: u64,
    /// Distinct feature definitions.
    pub features: u64,
    pub notices: Vec<String>,
}

/// Computes the newest values at a date and makes them those that serve.
pub fn materialize(workspace: &Workspace, as_of: AsOf) -> Result<Materialized> {
    let snapshot = snapshot_at(workspace, as_of)?;
    let mut wanted = Wanted::of_tree(workspace.definitions());
    wanted.add_pinned(workspace, &snapshot)?;
    let mut tables = BTreeMap::new();
    let mut sheets = Vec::new();
    for (name, specs) in &wanted.tables {
        let table = table_of(workspace, name)?;
        let frame = values_of(workspace, &snapshot, table, None, specs)?;
        let sheet = keep(workspace, &wanted, table, specs, &frame)?;
        sheets.push(OnlineSheet::new(&sheet, &frame)?);
        tables.insert(name.clone(), sheet);
    }
    let made = Materialization::new(as_of, host::now(), snapshot.hash, tables);
    let view = OnlineView::new(as_of, sheets);
    let new = append(workspace.store().catalog(), &made)?;
    Ok(Materialized {
        new,
        entities: view
            .key_columns()
            .map(|key| view.keys(key).len() as u64)
            .sum(),
        features: made.features().count() as u64,
        notices: wanted.notices,
        materialization: made,
    })
}

impl OnlineView {
    /// Computes values without keeping them: those of the tree and of `run`, for one key or for
    /// every entity.
    ///
    /// # Errors
    /// The snapshot of the date cannot be had.
    pub fn compute(
        workspace: &Workspace,
        as_of: AsOf,
        key: Option<&Values>,
        run: Option<(RunId, &RunSpec)>,
    ) -> Result<Self> {
        let snapshot = snapshot_at(workspace, as_of)?;
        let mut wanted = Wanted::of_tree(workspace.definitions());
        if let Some((run, spec)) = run {
            wanted.add_run(workspace, &snapshot, run, spec);
        }
        let mut sheets = Vec::new();
        for (name, specs) in &wanted.tables {
            let table = table_of(workspace, name)?;
            let frame = values_of(workspace, &snapshot, table, key, specs)?;
            let fact = describe(&wanted, table, specs, &frame);
            sheets.push(OnlineSheet::new(&fact, &frame)?);
        }
        Ok(Self::new(as_of, sheets))
    }
}

fn snapshot_at(workspace: &Workspace, as_of: AsOf) -> Result<Snapshot> {
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let needed = feature_tables(definitions);
    Ok(snapshots.ensure(as_of, &needed)?.snapshot)
}

fn table_of<'a>(workspace: &'a Workspace, name: &TableName) -> Result<&'a Table> {
    let table = workspace.definitions().tables.get(name);
    table.ok_or_else(|| Error::failure(format!("there is no table {name}")))
}

fn values_of(
    workspace: &Workspace,
    snapshot: &Snapshot,
    table: &Table,
    keys: Option<&Values>,
    specs: &[FeatureSpec],
) -> Result<Frame> {
    let name = &table.name;
    let found = snapshot
        .tables
        .get(name)
        .ok_or_else(|| Error::failure(format!("the snapshot lacks {name}")))?;
    let needed_by = format!("the snapshot of {name} at {}", snapshot.as_of);
    let rows = table_store::read(workspace.store(), found.hash, &needed_by)?;
    let history = History::of(table, &rows)?;
    compute(&history, keys, &table.key, snapshot.as_of, specs)
}

fn keep(
    workspace: &Workspace,
    wanted: &Wanted,
    table: &Table,
    specs: &[FeatureSpec],
    frame: &Frame,
) -> Result<SheetFact> {
    let fact = describe(wanted, table, specs, frame);
    workspace.store().put(&NewObject {
        name: fact.object.into(),
        bytes: &table::to_parquet(frame)?,
    })?;
    Ok(fact)
}

fn describe(wanted: &Wanted, table: &Table, specs: &[FeatureSpec], frame: &Frame) -> SheetFact {
    let hashes = specs.iter().map(FeatureSpec::hash);
    SheetFact {
        entity: table.entity.clone(),
        key: table.key.clone(),
        rows: frame.rows() as u64,
        object: table::table_hash(&table::column_hashes(frame)),
        offered: hashes
            .filter(|hash| wanted.offered.contains(hash))
            .collect(),
        features: specs.to_vec(),
    }
}
