//! Which features a materialization holds.

use std::collections::{BTreeMap, BTreeSet};

use super::pinned::declared_of;
use crate::definition::{AsOf, ColumnName, Definitions, Dtype, Table, TableName};
use crate::error::{Error, Kind, Result};
use crate::feature::FeatureSpec;
use crate::hash::{Digest, FeatureHash, RunId};
use crate::lockfile;
use crate::plan::RunSpec;
use crate::snapshot::{Snapshot, Snapshots, TableSnapshot};
use crate::workspace::Workspace;

/// Features by table, each definition once.
#[derive(Debug, Default)]
pub struct Wanted {
    pub tables: BTreeMap<TableName, Vec<FeatureSpec>>,
    /// Features that need a request. What they read of rows stands among `tables`.
    pub on_demand: BTreeMap<TableName, Vec<FeatureSpec>>,
    /// The definitions that the working tree offers.
    pub offered: BTreeSet<FeatureHash>,
    /// What pinned runs need and the tables cannot give, in words.
    pub notices: Vec<String>,
}

impl Wanted {
    /// Everything the working tree offers.
    pub fn of_tree(definitions: &Definitions) -> Self {
        let mut wanted = Self::default();
        for table in definitions.tables.values() {
            for feature in table.features.names() {
                if let Some(spec) = FeatureSpec::of(table, feature) {
                    wanted.offered.insert(spec.hash());
                    wanted.add(spec);
                }
            }
        }
        wanted
    }

    /// Adds the features of every pinned run, as far as the snapshot's tables have them.
    pub fn add_pinned(&mut self, workspace: &Workspace, snapshot: &Snapshot) -> Result<()> {
        for run in pinned_runs(workspace)? {
            let spec = declared_of(workspace, run)?
                .map(|declared| RunSpec::from_declared(&declared))
                .transpose();
            match spec {
                Ok(Some(spec)) => self.add_run(workspace, snapshot, run, &spec),
                Ok(None) => self.notices.push(format!(
                    "pinned run {} is neither in this store nor in a lock here; its features were left out",
                    run.short()
                )),
                Err(error) => self.leave_out(run, &error.to_string()),
            }
        }
        Ok(())
    }

    /// Adds the features of one run.
    pub fn add_run(
        &mut self,
        workspace: &Workspace,
        snapshot: &Snapshot,
        run: RunId,
        spec: &RunSpec,
    ) {
        for name in spec.tables.keys() {
            let table = workspace.definitions().tables.get(name);
            let dtypes = snapshot.tables.get(name).map(TableSnapshot::dtypes);
            let specs = match (table, dtypes) {
                (Some(table), Some(dtypes)) => fitting(spec, table, &dtypes),
                _ => Err(Error::failure(format!("there is no table {name} any more"))),
            };
            match specs {
                Ok(specs) => specs.into_iter().for_each(|spec| self.add(spec)),
                Err(error) => self.leave_out(run, &error.to_string()),
            }
        }
    }

    fn leave_out(&mut self, run: RunId, why: &str) {
        self.notices.push(format!(
            "features of pinned run {} were left out: {why}",
            run.short()
        ));
    }

    fn add(&mut self, spec: FeatureSpec) {
        if !spec.is_on_demand() {
            add_once(self.tables.entry(spec.table.clone()).or_default(), spec);
            return;
        }
        let stored = self.tables.entry(spec.table.clone()).or_default();
        for column in spec.known_before() {
            add_once(stored, column);
        }
        add_once(self.on_demand.entry(spec.table.clone()).or_default(), spec);
    }
}

fn add_once(specs: &mut Vec<FeatureSpec>, spec: FeatureSpec) {
    if specs.iter().all(|known| known.hash() != spec.hash()) {
        specs.push(spec);
    }
}

/// The features of a run on one table, if the table's rows are still found as the run found them.
fn fitting(
    spec: &RunSpec,
    table: &Table,
    dtypes: &BTreeMap<ColumnName, Dtype>,
) -> Result<Vec<FeatureSpec>> {
    let options = &spec.tables[&table.name];
    let same = spec.key == table.key
        && options.timestamp == table.source.timestamp
        && options.created == table.source.created;
    if !same {
        return Err(Error::failure(format!(
            "{} has another key, timestamp or created column now",
            table.name
        )));
    }
    let specs = spec.feature_specs(&table.name, dtypes)?;
    let absent = specs
        .iter()
        .flat_map(FeatureSpec::columns)
        .find(|column| !dtypes.contains_key(*column));
    match absent {
        Some(column) => Err(Error::failure(format!(
            "{} has no column {column} any more",
            table.name
        ))),
        None => Ok(specs),
    }
}

/// The runs that the pin files of the working tree name.
fn pinned_runs(workspace: &Workspace) -> Result<BTreeSet<RunId>> {
    let mut runs = BTreeSet::new();
    for model in super::pinned::models_with_pins(workspace)? {
        if let Some(pins) = lockfile::read_pins(workspace, &model)? {
            runs.extend(pins.pins.values().map(|pin| pin.run));
        }
    }
    Ok(runs)
}

/// The newest date for which every table with features has a file.
pub fn default_date(snapshots: &Snapshots<'_>) -> Result<AsOf> {
    let tables = feature_tables(snapshots.definitions);
    let none = || {
        Error::new(Kind::MissingInput, "there is no date to materialize")
            .detail("no date has a file for every table with features")
            .help("`streamflow snapshots` lists what is on file; name a date with --as-of DATE")
    };
    if tables.is_empty() {
        return Err(none());
    }
    snapshots.newest_date(&tables)?.ok_or_else(none)
}

/// The tables that offer features.
pub fn feature_tables(definitions: &Definitions) -> BTreeSet<TableName> {
    let offering = |table: &&Table| !table.features.names().is_empty();
    let tables = definitions.tables.values().filter(offering);
    tables.map(|table| table.name.clone()).collect()
}
