//! Writing a table, whole or as changes.

use super::{LONGEST, MOST_BYTES, is_sound, read};
use crate::definition::ColumnName;
use crate::error::Result;
use crate::hash::TableHash;
use crate::store::{NewObject, Store, StoredObject};
use crate::table::{self, Delta, Frame};

/// A stored table that another may be built on.
pub struct Earlier<'a> {
    pub name: TableHash,
    /// Its values, where they are at hand.
    pub frame: Option<&'a Frame>,
    /// Columns that both tables are sorted by.
    pub identity: &'a [ColumnName],
}

/// A delta must be smaller than this share of the whole table it is built on, in quarters: one that is
/// not saves little and makes reading dearer.
const LARGEST_IN_QUARTERS: u64 = 3;

/// Writes a table under its name unless it is there: as changes to `earlier` where these are small,
/// else whole.
pub fn write(
    store: &Store,
    frame: &Frame,
    name: TableHash,
    earlier: Option<&Earlier>,
) -> Result<()> {
    if store.catalog().object(name.into())?.is_some() && is_sound(store, name)? {
        store.refresh(name.into());
        return Ok(());
    }
    if let Some(earlier) = earlier
        && let Some(bytes) = changes(store, frame, name, earlier)?
    {
        // It is about to be used, so that a sweep at this moment spares it, and what it is built on.
        store.refresh(earlier.name.into());
        let object = NewObject {
            name: name.into(),
            bytes: &bytes,
        };
        if store.put_built_on(&object, earlier.name.into())? {
            return Ok(());
        }
    }
    store.put(&NewObject {
        name: name.into(),
        bytes: &table::to_parquet(frame)?,
    })
}

/// The bytes of a delta that is worth being kept; none where the table should be kept whole.
fn changes(
    store: &Store,
    frame: &Frame,
    name: TableHash,
    earlier: &Earlier,
) -> Result<Option<Vec<u8>>> {
    let chain = store.catalog().chain(earlier.name.into())?;
    let Some((whole, deltas)) = chain.split_last() else {
        return Ok(None);
    };
    let is_below = |object: &StoredObject| object.name == name.into();
    if deltas.len() >= LONGEST || chain.iter().any(is_below) {
        return Ok(None);
    }
    let read_now;
    let before = match earlier.frame {
        Some(frame) => frame,
        None => match read(store, earlier.name, "changes to it") {
            Ok(frame) => {
                read_now = frame;
                &read_now
            }
            // What is damaged is no base; whoever needs it will say so.
            Err(_) => return Ok(None),
        },
    };
    let Some(delta) = Delta::between(before, frame, earlier.identity) else {
        return Ok(None);
    };
    let bytes = delta.to_bytes(earlier.name)?;
    let size = bytes.len() as u64;
    let all = size + deltas.iter().map(|delta| delta.size).sum::<u64>();
    if size * 4 > whole.size * LARGEST_IN_QUARTERS || all > whole.size * MOST_BYTES {
        return Ok(None);
    }
    // Nothing is kept in a form that does not give it back.
    let again = table::restore(before, &[Delta::from_bytes(&bytes)?])?;
    Ok((super::table_hash(&again) == name).then_some(bytes))
}
