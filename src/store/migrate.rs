//! The schema of the catalog, as numbered steps that are only ever added.

use rusqlite::Connection;

/// One step each; a catalog's `user_version` counts the steps it has taken.
const MIGRATIONS: &[&str] = &[
    // 1: facts, objects, stamps.
    "CREATE TABLE facts (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        kind     TEXT NOT NULL,
        key      TEXT NOT NULL,
        value    TEXT NOT NULL
     ) STRICT;
     CREATE INDEX facts_by_key ON facts (kind, key, sequence);
     CREATE TABLE objects (
        name  TEXT PRIMARY KEY,
        bytes TEXT NOT NULL,
        size  INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE needs (
        sequence INTEGER NOT NULL REFERENCES facts (sequence),
        object   TEXT NOT NULL,
        PRIMARY KEY (sequence, object)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE stamps (
        path       TEXT PRIMARY KEY,
        size       INTEGER NOT NULL,
        modified   INTEGER NOT NULL,
        inode      INTEGER NOT NULL,
        checked    INTEGER NOT NULL,
        hash       TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;",
];

/// Whether this program may write to a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    ReadWrite,
    /// A newer program has changed the schema in ways this one does not know.
    ReadOnly {
        version: usize,
    },
}

/// Brings the schema up to date; a newer one is left alone and only read.
pub fn migrate(connection: &mut Connection) -> rusqlite::Result<Access> {
    if version(connection)? == MIGRATIONS.len() {
        return Ok(Access::ReadWrite);
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Read again: another process may have been first.
    let version = version(&transaction)?;
    if version > MIGRATIONS.len() {
        return Ok(Access::ReadOnly { version });
    }
    for (at, step) in MIGRATIONS.iter().enumerate().skip(version) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", at as u32 + 1)?;
    }
    transaction.commit()?;
    Ok(Access::ReadWrite)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version as usize)
}
