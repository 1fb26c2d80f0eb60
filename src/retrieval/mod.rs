//! Features for any spine: rows of keys and times in, the same rows with features out.
//!
//! For people who train elsewhere. The values come from [`values_at`](crate::feature::values_at), as
//! those of training sets and of served answers do; what is decided here is which files each row
//! sees:
//!
//! | | a row at `t` sees |
//! |---|---|
//! | plain table | the snapshot of the newest file dated at or before `t`; before the first, nothing |
//! | event table | events of the files up to the first one dated at or after `t`: the delivery that covers `t`; after the last, of all |
//!
//! A file is dated at the last instant of its date. So a spine of a run's dates gets what the run
//! gets, a file that is added later changes no row that was there before, and an event that was
//! delivered late is not seen by those who could not know it, even where no column says when it
//! became known.
//!
//! | module | |
//! |---|---|
//! | `spine` | keys and times of a file |
//! | `wanted` | which features |
//! | `context` | what the spine brings for features on demand |
//! | `files` | which files the rows see |
//! | `join` | the values of one table |

mod context;
mod files;
mod join;
mod spine;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{AsOf, Dtype, FeatureName, TableName};
use crate::error::{Error, Result};
use crate::feature::{FeatureSpec, FeatureValues, Status};
use crate::hash::FeatureHash;
use crate::snapshot::{Snapshots, TableSnapshot};
use crate::table::{LooseTable, Values};
use crate::workspace::Workspace;

pub use self::spine::{TimeKind, Times, When};
pub use self::wanted::Choice;

/// What to retrieve.
#[derive(Debug)]
pub struct Request {
    pub spine: LooseTable,
    pub when: When,
    pub features: Choice,
    /// Whether the status of each value is written beside it.
    pub with_status: bool,
}

/// The rows of a spine with features.
#[derive(Debug)]
pub struct Retrieved {
    /// The columns of the spine as they were, then the features, then their status if asked for.
    pub table: LooseTable,
    pub times: Times,
    pub features: Vec<RetrievedFeature>,
    /// Things that do not stop it and should be known.
    pub notices: Vec<String>,
}

/// A feature, and in how many rows it has which state.
#[derive(Debug)]
pub struct RetrievedFeature {
    pub name: FeatureName,
    pub dtype: Dtype,
    /// The hash of all that decides its values.
    pub definition: FeatureHash,
    pub present: u64,
    pub null: u64,
    pub expired: u64,
    pub not_found: u64,
}

/// Finds the features of every row of a spine, in its order.
///
/// # Errors
/// The spine lacks a key or a time, or has one that cannot be read; a feature is unknown; a table
/// has no file at all.
pub fn retrieve(workspace: &Workspace, request: Request) -> Result<Retrieved> {
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let mut specs = wanted::specs(definitions, &request.features, &request.spine)?;
    let times = spine::times(&request.spine, &request.when)?;
    let mut notices = times.notices();
    if matches!(request.features, Choice::All) {
        context::without_lacking(&request.spine, &mut specs, &mut notices)?;
    }
    let context = context::context(&request.spine, &specs)?;
    refuse_clashes(&request.spine, &specs, request.with_status)?;
    let by_table = by_table(&specs);
    let mut plans = BTreeMap::new();
    for name in by_table.keys() {
        let table = snapshots.table(name)?;
        let plan = files::plan(table, &snapshots.dates_on_file(table)?, &times.instants)?;
        notices.extend(plan.notices(table));
        plans.insert(name.clone(), plan);
    }
    let stamped = stamp(&snapshots, &plans)?;
    let mut values: BTreeMap<FeatureName, FeatureValues> = BTreeMap::new();
    for (name, plan) in &plans {
        let table = snapshots.table(name)?;
        let keys = spine::keys(&request.spine, table)?;
        let joined = join::Join {
            workspace,
            table,
            specs: &by_table[name],
            keys: &keys,
            instants: &times.instants,
            context: &context,
        };
        values.extend(joined.values(plan, &stamped)?);
    }
    Ok(assemble(request, times, &specs, values, notices))
}

type Stamped = BTreeMap<(TableName, AsOf), TableSnapshot>;

fn by_table(specs: &[FeatureSpec]) -> BTreeMap<TableName, Vec<FeatureSpec>> {
    let mut tables: BTreeMap<TableName, Vec<FeatureSpec>> = BTreeMap::new();
    for spec in specs {
        let table = tables.entry(spec.table.clone()).or_default();
        table.push(spec.clone());
    }
    tables
}

/// The snapshots that the plans read, brought up to date one date after the other.
fn stamp(snapshots: &Snapshots, plans: &BTreeMap<TableName, files::Plan>) -> Result<Stamped> {
    let mut needed: BTreeMap<AsOf, BTreeSet<TableName>> = BTreeMap::new();
    for (name, plan) in plans {
        for file in plan.files() {
            needed.entry(file).or_default().insert(name.clone());
        }
    }
    let mut stamped = Stamped::new();
    for (as_of, names) in needed {
        let ingested = snapshots.ensure(as_of, &names)?;
        for name in names {
            let table = ingested.snapshot.tables[&name].clone();
            stamped.insert((name, as_of), table);
        }
    }
    Ok(stamped)
}

/// `TABLE.FEATURE.status`: the column with what became of a value.
fn status_name(feature: &FeatureName) -> String {
    format!("{feature}.status")
}

fn refuse_clashes(spine: &LooseTable, specs: &[FeatureSpec], with_status: bool) -> Result<()> {
    for spec in specs {
        let feature = spec.name();
        let status = with_status.then(|| status_name(&feature));
        let added = std::iter::once(feature.to_string()).chain(status);
        for name in added {
            if spine.column(&name).is_some() {
                let message = format!("the spine has a column `{name}` already");
                return Err(Error::usage(message)
                    .help("drop it from the spine, or name other features with --features"));
            }
        }
    }
    Ok(())
}

fn assemble(
    request: Request,
    times: Times,
    specs: &[FeatureSpec],
    mut values: BTreeMap<FeatureName, FeatureValues>,
    notices: Vec<String>,
) -> Retrieved {
    let mut table = request.spine;
    let mut features = Vec::new();
    let mut states = Vec::new();
    for spec in specs {
        let name = spec.name();
        let found = values.remove(&name).expect("each spec has its values");
        let count = |wanted: Status| {
            let rows = found.status.iter().filter(|status| **status == wanted);
            rows.count() as u64
        };
        features.push(RetrievedFeature {
            dtype: spec.dtype,
            definition: spec.hash(),
            present: count(Status::Present),
            null: count(Status::Null),
            expired: count(Status::Expired),
            not_found: count(Status::NotFound),
            name: name.clone(),
        });
        table.push(name.to_string(), found.values);
        states.push((status_name(&name), found.status));
    }
    if request.with_status {
        for (name, status) in states {
            let words: Vec<_> = status.iter().map(|status| Some(status.as_str())).collect();
            table.push(name, Values::strings(&words));
        }
    }
    Retrieved {
        table,
        times,
        features,
        notices,
    }
}
