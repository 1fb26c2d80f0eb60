//! All tables at a date, computed as far as they must be, and kept.

use std::collections::BTreeMap;

use super::entities::Entities;
use super::fact::{Materialization, SheetFact, append, newest};
use super::keys::Keys;
use super::obtain::{Obtained, Recompute, compute_only, obtain, other_values};
use super::sheet::{INSTANT, KEY};
use super::view::{OnlineSheet, OnlineView};
use super::wanted::{Wanted, feature_tables};
use crate::definition::{AsOf, ColumnName, FeatureName, Table, TableName};
use crate::error::{Error, Result};
use crate::feature::FeatureSpec;
use crate::hash::{RunId, TableHash};
use crate::host::{self, Instant};
use crate::plan::RunSpec;
use crate::snapshot::{Snapshot, Snapshots};
use crate::table::{self, Cell, Frame, Values};
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
    pub tables: BTreeMap<TableName, MaterializedTable>,
    pub notices: Vec<String>,
}

/// What was done for one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterializedTable {
    /// Features that were computed.
    pub computed: u64,
    /// Of those computed, features whose values were kept before and are the same.
    pub confirmed: u64,
    /// Features whose values were kept from before.
    pub kept: u64,
    /// The instant of the newest row that counts for an entity.
    pub newest_row: Option<Instant>,
}

/// Brings the newest values at a date into the store, and makes them those that serve.
///
/// Each table is kept as soon as it is whole; the one fact that names them all comes last.
///
/// # Errors
/// [`crate::error::Kind::NotReproduced`] where everything is computed again and what was kept of the
/// same inputs is other; what serves is left as it is.
pub fn materialize(
    workspace: &Workspace,
    as_of: AsOf,
    recompute: Recompute,
) -> Result<Materialized> {
    let snapshot = snapshot_at(workspace, as_of)?;
    let mut wanted = Wanted::of_tree(workspace.definitions());
    wanted.add_pinned(workspace, &snapshot)?;
    let mut sheets = Sheets::default();
    for (name, specs) in &wanted.tables {
        let table = table_of(workspace, name)?;
        let done = obtain(workspace, &snapshot, table, specs, recompute)?;
        sheets.add(&wanted, table, specs, done);
    }
    if !sheets.differing.is_empty() {
        return Err(other_values(as_of, &sheets.differing, &sheets.others));
    }
    let catalog = workspace.store().catalog();
    if let Some(before) = newest(catalog)?.filter(|fact| fact.value.as_of > as_of) {
        wanted.notices.push(format!(
            "these values are older than those that served: {} before, {as_of} now",
            before.value.as_of
        ));
    }
    wanted.notices.append(&mut sheets.notices);
    let made = Materialization::new(as_of, host::now(), snapshot.hash, sheets.facts);
    let new = append(catalog, &made)?;
    let entities = Entities::of_all(sheets.keys);
    Ok(Materialized {
        new,
        entities: entities.iter().map(|found| found.len() as u64).sum(),
        features: made.features().count() as u64,
        tables: sheets.tables,
        notices: wanted.notices,
        materialization: made,
    })
}

/// What was obtained so far.
#[derive(Default)]
struct Sheets {
    facts: BTreeMap<TableName, SheetFact>,
    tables: BTreeMap<TableName, MaterializedTable>,
    keys: Vec<(ColumnName, Keys)>,
    notices: Vec<String>,
    differing: Vec<FeatureName>,
    /// The objects with the differing values.
    others: Vec<TableHash>,
}

impl Sheets {
    fn add(&mut self, wanted: &Wanted, table: &Table, specs: &[FeatureSpec], done: Obtained) {
        let fact = describe(wanted, table, specs, &done.frame, done.object);
        if !done.differing.is_empty() {
            self.others.push(done.object);
        }
        self.differing.extend(done.differing);
        self.notices.extend(done.notice);
        if let Some(keys) = done.frame.column(KEY) {
            self.keys.push((table.key.clone(), Keys::of(keys)));
        }
        let told = MaterializedTable {
            computed: done.computed as u64,
            confirmed: done.confirmed as u64,
            kept: (specs.len() - done.computed) as u64,
            newest_row: newest_row(&done.frame),
        };
        self.tables.insert(table.name.clone(), told);
        self.facts.insert(table.name.clone(), fact);
    }
}

fn newest_row(frame: &Frame) -> Option<Instant> {
    let instants = frame.column(INSTANT)?;
    let instants = (0..instants.len()).filter_map(|row| match instants.cell(row) {
        Cell::Datetime(instant) => Some(instant),
        _ => None,
    });
    instants.max().and_then(Instant::from_microseconds)
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
            let frame = compute_only(workspace, &snapshot, table, key, specs)?;
            let object = table::table_hash(&table::column_hashes(&frame));
            let fact = describe(&wanted, table, specs, &frame, object);
            sheets.push(OnlineSheet::new(name, &fact, &frame)?);
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

fn describe(
    wanted: &Wanted,
    table: &Table,
    specs: &[FeatureSpec],
    frame: &Frame,
    object: TableHash,
) -> SheetFact {
    let on_demand = wanted.on_demand.get(&table.name);
    let on_demand = on_demand.cloned().unwrap_or_default();
    let hashes = specs.iter().chain(&on_demand).map(FeatureSpec::hash);
    let offered = hashes.filter(|hash| wanted.offered.contains(hash));
    SheetFact {
        entity: table.entity.clone(),
        key: table.key.clone(),
        rows: frame.rows() as u64,
        object,
        offered: offered.collect(),
        features: specs.to_vec(),
        on_demand,
    }
}
