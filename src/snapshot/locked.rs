//! Finding locked data in the store.

use std::collections::BTreeSet;

use super::ingest::SNAPSHOT;
use super::model::{Snapshot, TableSnapshot};
use crate::definition::{AsOf, ColumnName, TableName};
use crate::error::Result;
use crate::hash::TableHash;
use crate::store::Store;

/// A table of any revision of a date whose columns have the wanted hash, the newest first; and
/// whether it is of the newest revision that has the table.
pub fn find_locked(
    store: &Store,
    table: &TableName,
    as_of: AsOf,
    columns: &BTreeSet<ColumnName>,
    wanted: TableHash,
) -> Result<Option<(TableSnapshot, bool)>> {
    let facts = store
        .catalog()
        .history::<Snapshot>(SNAPSHOT, &as_of.to_string())?;
    let revisions = facts
        .into_iter()
        .rev()
        .filter_map(|mut fact| fact.value.tables.remove(table));
    for (at, snapshot) in revisions.enumerate() {
        if snapshot.projection(columns) == wanted {
            return Ok(Some((snapshot, at == 0)));
        }
    }
    Ok(None)
}
