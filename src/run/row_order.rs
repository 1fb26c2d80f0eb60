//! The tables of a run, made anew from sources whose rows stand in another order.

use std::collections::BTreeMap;

use super::reference::KnownRun;
use crate::definition::Definitions;
use crate::error::{Error, Kind, Result};
use crate::lockfile::LockedData;
use crate::plan::{RunSpec, TableAt};
use crate::snapshot::{Snapshots, TableSnapshot};
use crate::workspace::Workspace;

/// Reads every source of a run with its rows in an order that follows from `seed`.
///
/// # Errors
/// [`Kind::MissingInput`] when a source is no longer what the run read;
/// [`Kind::NotReproduced`] when a table has another hash than it had.
pub fn in_another_order(
    workspace: &Workspace,
    definitions: &Definitions,
    known: &KnownRun,
    spec: &RunSpec,
    seed: u64,
) -> Result<BTreeMap<TableAt, TableSnapshot>> {
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let mut tables = BTreeMap::new();
    for (at, purpose) in spec.reads() {
        let (table, as_of) = (snapshots.table(&at.0)?, at.1);
        let recorded = known.record.data.iter();
        let recorded = recorded
            .into_iter()
            .find(|data| (&data.table, data.as_of) == (&at.0, at.1))
            .ok_or_else(|| {
                Error::failure(format!("the run names no data of {} at {as_of}", at.0))
            })?;
        same_sources(&snapshots.sources_at(table, as_of)?, recorded)?;
        let found = snapshots.in_another_order(table, as_of, seed)?;
        let columns = spec.columns_read(&at.0, purpose, &found.dtypes())?;
        let hash = found.projection(&columns);
        if hash != recorded.hash {
            return Err(Error::new(
                Kind::NotReproduced,
                format!(
                    "{} at {as_of} is another table when its rows stand in another order",
                    at.0
                ),
            )
            .detail(format!("recorded  {}", recorded.hash))
            .detail(format!("found     {hash}"))
            .help(
                "this is a fault of streamflow, or the definition reads the files otherwise now",
            ));
        }
        tables.insert(at, found);
    }
    Ok(tables)
}

type Source = (crate::definition::AsOf, String, crate::hash::ObjectId);

/// Refuses sources that the run did not read: they would give another table for another reason.
fn same_sources(found: &[Source], recorded: &LockedData) -> Result<()> {
    let was = recorded
        .sources
        .iter()
        .map(|source| (source.date, source.hash));
    if found.iter().map(|(date, _, hash)| (*date, *hash)).eq(was) {
        return Ok(());
    }
    let changed = recorded.sources.iter().find(|source| {
        found
            .iter()
            .all(|(date, _, hash)| (*date, *hash) != (source.date, source.hash))
    });
    let path = changed.map_or(recorded.table.as_str(), |source| source.path.as_str());
    Err(Error::new(
        Kind::MissingInput,
        format!("{path} is no longer the file that the run read"),
    )
    .help("the order of its rows can be varied only while it is there"))
}
