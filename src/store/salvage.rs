//! A new catalog of the sound rows of a damaged one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::catalog::unusable;
use super::health::TABLES;
use super::migrate;
use super::{ASIDE, CATALOG_FILE};
use crate::error::{Error, Result};
use crate::fsio;

/// What came of it.
#[derive(Debug, Clone)]
pub struct Salvaged {
    /// Where the damaged catalog lies now.
    pub aside: PathBuf,
    /// Rows that were kept.
    pub rows: u64,
    /// Facts that were lost, by their numbers.
    pub lost: Vec<i64>,
}

/// Copies every sound row of the catalog of a store into a new one, which takes its place; the
/// damaged one is kept aside. No other process may use the store meanwhile.
///
/// # Errors
/// Another process uses the store, or nothing of it can be read: then nothing is changed.
pub fn salvage(store: &Path) -> Result<Salvaged> {
    let (path, folder) = (store.join(CATALOG_FILE), store.join(ASIDE));
    let fresh = store.join(format!("{}{CATALOG_FILE}", fsio::TEMPORARY));
    let patched = store.join(format!("{}patched-{CATALOG_FILE}", fsio::TEMPORARY));
    let copied = copied(&path, &fresh, &patched);
    fsio::remove(&patched)?;
    let (rows, lost) = match copied {
        Ok((rows, lost)) if rows > 0 => (rows, lost),
        other => {
            // What was begun of the new one is of no use; the damaged one is untouched.
            fsio::remove(&fresh)?;
            return Err(match other {
                Err(error) => unusable(&path, error),
                Ok(_) => Error::failure(format!(
                    "nothing can be read of the catalog {}",
                    path.display()
                ))
                .help("the store is always rebuildable: move its folder away and run again"),
            });
        }
    };
    let aside = free_copy(&path, &folder)?;
    for ending in ["-wal", "-shm"] {
        fsio::move_aside(&store.join(format!("{CATALOG_FILE}{ending}")), &folder)?;
    }
    fsio::replace(&path, &fresh)?;
    Ok(Salvaged { aside, rows, lost })
}

/// A copy of the file in a folder, under a name that is free there.
fn free_copy(path: &Path, folder: &Path) -> Result<PathBuf> {
    let mut names = (1_u32..).map(|number| folder.join(format!("catalog-{number}.sqlite")));
    let place = names
        .find(|place| !place.exists())
        .expect("there are numbers without end");
    fsio::copy(path, &place)?;
    Ok(place)
}

/// Copies the rows as they are found; where none is, through a schema that is known to be right.
fn copied(path: &Path, fresh: &Path, patched: &Path) -> rusqlite::Result<(u64, Vec<i64>)> {
    let io = |error: Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    fsio::remove(fresh).map_err(io)?;
    let direct = copy_sound_rows(path, fresh);
    if matches!(direct, Ok((rows, _)) if rows > 0) || is_busy(&direct) {
        return direct;
    }
    fsio::remove(fresh).map_err(io)?;
    drop(new_catalog(fresh)?);
    let first = std::fs::read(fresh).ok();
    let damaged = fsio::read_optional(path).map_err(io)?;
    let transplanted = first
        .zip(damaged)
        .and_then(|(first, old)| transplant(&first, old));
    fsio::remove(fresh).map_err(io)?;
    match transplanted {
        Some(bytes) => {
            fsio::write_atomic(patched, &bytes).map_err(io)?;
            copy_sound_rows(patched, fresh)
        }
        None => direct,
    }
}

fn is_busy<T>(result: &rusqlite::Result<T>) -> bool {
    let code = result
        .as_ref()
        .err()
        .and_then(rusqlite::Error::sqlite_error_code);
    code == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// The pages of a damaged database behind the first page of a new one, which says where each table
/// begins. Whether that is true of these pages, the checksums of the rows tell.
fn transplant(new: &[u8], mut old: Vec<u8>) -> Option<Vec<u8>> {
    const PAGE: usize = 4096;
    /// The type of a page that holds a whole table, after the header of the file.
    const LEAF: u8 = 0x0d;
    if old.len() < 2 * PAGE || new.get(100) != Some(&LEAF) {
        return None;
    }
    let pages = u32::try_from(old.len() / PAGE).ok()?;
    old[..PAGE].copy_from_slice(new.get(..PAGE)?);
    old[28..32].copy_from_slice(&pages.to_be_bytes());
    Some(old)
}

/// An empty catalog in a single file.
fn new_catalog(path: &Path) -> rusqlite::Result<Connection> {
    let mut new = Connection::open(path)?;
    new.pragma_update(None, "journal_mode", "DELETE")?;
    migrate::migrate(&mut new)?;
    Ok(new)
}

fn copy_sound_rows(path: &Path, fresh: &Path) -> rusqlite::Result<(u64, Vec<i64>)> {
    let old = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let alone = old.execute_batch("BEGIN EXCLUSIVE; COMMIT");
    if is_busy(&alone) {
        alone?;
    }
    // As much of the log as can be had; what cannot is read from it below.
    let _ = old.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut new = new_catalog(fresh)?;
    let transaction = new.transaction()?;
    // Entries of needs come after the facts they belong to.
    transaction.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    let mut rows = 0;
    let mut facts = BTreeSet::new();
    for (table, sql, judge) in TABLES {
        let key = sql.split([' ', ',']).nth(1).expect("a query names columns");
        let columns = sql
            .split(" FROM ")
            .next()
            .map_or(0, |part| part.split(',').count());
        let marks = vec!["?"; columns].join(", ");
        let names = sql
            .trim_start_matches("SELECT ")
            .split(" FROM ")
            .next()
            .unwrap_or_default();
        let insert = format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})");
        // Where a page in the middle cannot be read, what lies behind it is reached from the end.
        for direction in ["ASC", "DESC"] {
            let ordered = format!("{sql} ORDER BY {key} {direction}");
            let Ok(mut statement) = old.prepare(&ordered) else {
                continue;
            };
            let Ok(mut found) = statement.query([]) else {
                continue;
            };
            while let Ok(Some(row)) = found.next() {
                if !matches!(judge(row), Ok(None)) {
                    continue;
                }
                let values: rusqlite::Result<Vec<Value>> =
                    (0..columns).map(|column| row.get(column)).collect();
                let values = values?;
                if let ("facts", Some(Value::Integer(sequence))) = (*table, values.first()) {
                    facts.insert(*sequence);
                }
                if *table == "needs"
                    && !matches!(values.first(), Some(Value::Integer(n)) if facts.contains(n))
                {
                    continue;
                }
                rows += transaction.execute(&insert, params_from_iter(values))? as u64;
            }
        }
    }
    transaction.commit()?;
    let lost = lost_facts(&old, &facts);
    new.close().map_err(|(_, error)| error)?;
    Ok((rows, lost))
}

/// The numbers of facts that are still named somewhere in the damaged catalog, and were not copied.
fn lost_facts(old: &Connection, kept: &BTreeSet<i64>) -> Vec<i64> {
    let mut named = BTreeSet::new();
    for sql in [
        "SELECT sequence FROM facts NOT INDEXED",
        "SELECT sequence FROM facts INDEXED BY facts_by_key ORDER BY kind, key, sequence",
        "SELECT sequence FROM needs",
    ] {
        let Ok(mut statement) = old.prepare(sql) else {
            continue;
        };
        let Ok(mut rows) = statement.query([]) else {
            continue;
        };
        while let Ok(Some(row)) = rows.next() {
            named.extend(row.get::<_, i64>(0).ok());
        }
    }
    named.difference(kept).copied().collect()
}
