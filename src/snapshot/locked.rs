//! Finding locked data in the store.

use super::ingest::SNAPSHOT;
use super::model::{Snapshot, TableSnapshot};
use crate::definition::{AsOf, TableName};
use crate::error::Result;
use crate::store::Store;

/// A table of any revision of a date for which `matches` holds, the newest first; and whether it is
/// of the newest revision that has the table.
pub fn find_locked(
    store: &Store,
    table: &TableName,
    as_of: AsOf,
    matches: impl Fn(&TableSnapshot) -> bool,
) -> Result<Option<(TableSnapshot, bool)>> {
    let facts = store
        .catalog()
        .history::<Snapshot>(SNAPSHOT, &as_of.to_string())?;
    let revisions = facts
        .into_iter()
        .rev()
        .filter_map(|mut fact| fact.value.tables.remove(table));
    for (at, snapshot) in revisions.enumerate() {
        if matches(&snapshot) {
            return Ok(Some((snapshot, at == 0)));
        }
    }
    Ok(None)
}
