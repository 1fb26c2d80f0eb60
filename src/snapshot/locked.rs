//! Finding locked data in the store.

use super::ingest::SNAPSHOT;
use super::model::{Snapshot, TableSnapshot};
use super::stored::CARRIED;
use crate::definition::{AsOf, TableName};
use crate::error::Result;
use crate::store::Store;

/// A table of any revision of a date for which `matches` holds, the newest first, then of what came
/// with bundles; and whether no newer revision has another one.
pub fn find_locked(
    store: &Store,
    table: &TableName,
    as_of: AsOf,
    matches: impl Fn(&TableSnapshot) -> bool,
) -> Result<Option<(TableSnapshot, bool)>> {
    let key = as_of.to_string();
    let mut newer = 0;
    for kind in [SNAPSHOT, CARRIED] {
        let facts = store.catalog().history::<Snapshot>(kind, &key)?;
        let snapshots = facts
            .into_iter()
            .rev()
            .filter_map(|mut fact| fact.value.tables.remove(table));
        for snapshot in snapshots {
            // One that `gc` took out is only remembered.
            let there = || store.catalog().object(snapshot.hash.into());
            if matches(&snapshot) && there()?.is_some() {
                // About to be used, so that a sweep at this moment spares it.
                store.refresh(snapshot.hash.into());
                return Ok(Some((snapshot, newer == 0)));
            }
            newer += usize::from(kind == SNAPSHOT);
        }
    }
    Ok(None)
}
