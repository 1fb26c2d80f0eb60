//! Tables as the store keeps them: whole, or as what is other than in an earlier one.
//!
//! A snapshot of a month repeats most of the month before. Kept whole, a history costs as many
//! tables as it has months. So a table may be kept as a [`Delta`] on the same table of the date
//! before, which may be kept as one too: a chain, at whose end stands a whole table.
//!
//! - A table's name is the hash of its values however it is kept, and no other hash knows how.
//! - A chain ends where its deltas together are larger than [`MOST_BYTES`] times the whole table,
//!   or more than [`LONGEST`]: then the next table is kept whole. Reading any table reads at most that.
//! - What comes out of a chain is hashed. A table that is not what its name says is not used.
//! - On what a table is built stands in the catalog with it, so `gc` takes no base away from what
//!   needs it; and in the file itself, so that the two can be held against each other.
//!
//! Everything that reads a stored table as values reads it through [`read`], and whoever wants a
//! Parquet file of one through [`parquet`]. Only tables of snapshots are kept as deltas; they have a
//! row date, which no output of a step has.

mod audit;
mod write;

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::definition::ColumnName;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::{Digest, TableHash};
use crate::store::{FoundTable, ObjectName, Objects, Store};
use crate::table::{self, Delta, Frame};

pub use audit::audit_built;
pub use write::{Earlier, write};

/// How many times as large as the whole table a chain of deltas on it may be.
pub const MOST_BYTES: u64 = 2;

/// How many deltas a chain may have.
pub const LONGEST: usize = 64;

/// A stored table. `needed_by` says in errors what cannot go on without it.
///
/// # Errors
/// It is missing or damaged, or something it is built on is.
pub fn read(store: &Store, name: TableHash, needed_by: &str) -> Result<Frame> {
    let chain = bytes(store, name, needed_by)?;
    let Some((whole, deltas)) = chain.split_last() else {
        return Err(contradiction(name, needed_by));
    };
    let whole = table::from_parquet_object(whole)?;
    if deltas.is_empty() {
        return Ok(whole);
    }
    let deltas = deltas
        .par_iter()
        .rev()
        .map(|bytes| Delta::from_bytes(bytes));
    let frame = table::restore(&whole, &deltas.collect::<Result<Vec<_>>>()?)?;
    match table_hash(&frame) == name {
        true => Ok(frame),
        false => Err(contradiction(name, needed_by)),
    }
}

/// Some columns of a stored table; names it does not have are passed over.
///
/// # Errors
/// As [`read`].
pub fn read_columns(
    store: &Store,
    name: TableHash,
    wanted: &BTreeSet<ColumnName>,
    needed_by: &str,
) -> Result<Frame> {
    let chain = bytes(store, name, needed_by)?;
    match chain.as_slice() {
        [whole] => table::columns_of_parquet_object(whole, wanted),
        _ => Ok(read(store, name, needed_by)?.select(wanted)),
    }
}

/// The first rows of a stored table: those of its first row group, which are all of most tables.
///
/// # Errors
/// As [`read`].
pub fn head(store: &Store, name: TableHash, needed_by: &str) -> Result<Frame> {
    let chain = bytes(store, name, needed_by)?;
    match chain.as_slice() {
        [whole] => table::head_of_parquet_object(whole),
        _ => read(store, name, needed_by),
    }
}

/// A stored table as a Parquet file: the bytes that are stored, where it is kept whole.
///
/// # Errors
/// As [`read`].
pub fn parquet(store: &Store, name: TableHash, needed_by: &str) -> Result<Vec<u8>> {
    let mut chain = bytes(store, name, needed_by)?;
    match chain.len() {
        1 => Ok(chain.remove(0)),
        _ => table::to_parquet(&read(store, name, needed_by)?),
    }
}

/// An object as a file for others: a table as Parquet, anything else as it is stored.
///
/// # Errors
/// As [`read`].
pub fn file(store: &Store, name: ObjectName, needed_by: &str) -> Result<Vec<u8>> {
    match name {
        ObjectName::Table(table) => parquet(store, table, needed_by),
        ObjectName::Bytes(_) => store.get(name, needed_by),
    }
}

/// The values in a file that [`file`] gave.
///
/// # Errors
/// The bytes are no table that streamflow wrote.
pub fn frame(bytes: &[u8]) -> Result<Frame> {
    table::from_parquet_object(bytes)
}

/// Whether the table and everything it is built on is there with the bytes that were written.
pub fn is_sound(store: &Store, name: TableHash) -> Result<bool> {
    Ok(bytes(store, name, "a check").is_ok())
}

/// The bytes of a table and of what it is built on, the whole table last.
fn bytes(store: &Store, name: TableHash, needed_by: &str) -> Result<Vec<Vec<u8>>> {
    let mut chain = Vec::new();
    let mut next = Some(name);
    while let Some(table) = next {
        let needed_by = match table == name {
            true => needed_by.to_string(),
            false => format!("{needed_by}, which is kept as changes to it"),
        };
        let bytes = store.get(table.into(), &needed_by)?;
        next = table::base_of(&bytes)?;
        chain.push(bytes);
        if chain.len() > LONGEST + 1 {
            return Err(contradiction(name, &needed_by));
        }
    }
    Ok(chain)
}

fn contradiction(name: TableHash, needed_by: &str) -> Error {
    let name = ObjectName::from(name);
    Error::failure(format!(
        "table {name} is not what its name says and was not used"
    ))
    .detail(format!("needed by  {needed_by}"))
    .help("`streamflow fsck` says what is damaged, `streamflow fsck --repair` mends it")
}

fn table_hash(frame: &Frame) -> TableHash {
    table::table_hash(&table::column_hashes(frame))
}

/// Tells what the bytes of a table's object hold; see [`identify`].
pub fn verifier(store: &Store) -> impl Fn(&[u8]) -> Result<FoundTable> + Sync + '_ {
    let objects = store.objects();
    move |bytes| identify(objects, bytes)
}

/// What the bytes of a table's object hold, with what they are built on as it lies in `objects`,
/// verified or not: it is right if the table is.
///
/// # Errors
/// The bytes are no table, or what they are built on is missing or is none.
fn identify(objects: &Objects, bytes: &[u8]) -> Result<FoundTable> {
    let Some(base) = table::base_of(bytes)? else {
        let hash = table::hash_parquet_object(bytes)?;
        return Ok(FoundTable { hash, base: None });
    };
    let mut deltas = vec![Delta::from_bytes(bytes)?];
    let mut below = base;
    let whole = loop {
        let missing = || {
            Error::failure(format!(
                "it is built on {}, which is missing",
                below.short()
            ))
        };
        let path = objects.path(below.into());
        let bytes = fsio::read_optional(&path)?.ok_or_else(missing)?;
        match table::base_of(&bytes)? {
            None => break table::from_parquet_object(&bytes)?,
            Some(_) if deltas.len() >= LONGEST => {
                return Err(Error::failure("it is built on too many others"));
            }
            Some(next) => {
                deltas.push(Delta::from_bytes(&bytes)?);
                below = next;
            }
        }
    };
    deltas.reverse();
    let frame = table::restore(&whole, &deltas)?;
    Ok(FoundTable {
        hash: table_hash(&frame),
        base: Some(base),
    })
}
