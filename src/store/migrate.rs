//! The schema of the catalog, as numbered steps that are only ever added.

use rusqlite::{Connection, params};

use super::checksum::{self, StampRow};

/// One step of the schema's life.
struct Migration {
    sql: &'static str,
    /// What SQL alone cannot do, after it.
    then: fn(&Connection) -> rusqlite::Result<()>,
}

/// One step each; a catalog's `user_version` counts the steps it has taken.
const MIGRATIONS: &[Migration] = &[
    // 1: facts, objects, stamps.
    Migration {
        sql: "CREATE TABLE facts (
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
        then: |_| Ok(()),
    },
    // 2: a checksum in every row; who needs an object is looked up by the object.
    Migration {
        sql: "ALTER TABLE facts ADD COLUMN checksum BLOB NOT NULL DEFAULT x'';
     ALTER TABLE objects ADD COLUMN checksum BLOB NOT NULL DEFAULT x'';
     ALTER TABLE needs ADD COLUMN checksum BLOB NOT NULL DEFAULT x'';
     ALTER TABLE stamps ADD COLUMN checksum BLOB NOT NULL DEFAULT x'';
     CREATE INDEX needs_by_object ON needs (object);",
        then: fill_checksums,
    },
    // 3: objects that are built on others. A program that does not know of it would take bases away.
    Migration {
        sql: "CREATE TABLE bases (
        object   TEXT PRIMARY KEY,
        base     TEXT NOT NULL,
        checksum BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;",
        then: |_| Ok(()),
    },
];

/// The version that this program writes.
pub const CURRENT: usize = MIGRATIONS.len();

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
    if version(connection)? == CURRENT {
        return Ok(Access::ReadWrite);
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Read again: another process may have been first.
    let version = version(&transaction)?;
    if version > CURRENT {
        return Ok(Access::ReadOnly { version });
    }
    for (at, step) in MIGRATIONS.iter().enumerate().skip(version) {
        transaction.execute_batch(step.sql)?;
        (step.then)(&transaction)?;
        transaction.pragma_update(None, "user_version", at as u32 + 1)?;
    }
    transaction.commit()?;
    Ok(Access::ReadWrite)
}

/// How many steps a catalog has taken.
pub fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version as usize)
}

/// Everything the schema consists of, as SQLite keeps it: name and SQL, in order of the names.
pub fn schema(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let mut statement = connection.prepare(
        "SELECT type || ' ' || name || ' of ' || tbl_name, sql FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The schema that this program writes.
pub fn expected_schema() -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    schema(&fresh)
}

/// Gives the rows of an older catalog their checksums.
fn fill_checksums(connection: &Connection) -> rusqlite::Result<()> {
    let sums = collect(
        connection,
        "SELECT sequence, kind, key, value FROM facts",
        |row| {
            let (sequence, kind, key, value): (i64, String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((sequence, checksum::of_fact(sequence, &kind, &key, &value)))
        },
    )?;
    for (sequence, sum) in sums {
        let sql = "UPDATE facts SET checksum = ?2 WHERE sequence = ?1";
        connection
            .prepare_cached(sql)?
            .execute(params![sequence, sum])?;
    }
    let sums = collect(connection, "SELECT sequence, object FROM needs", |row| {
        let (sequence, object): (i64, String) = (row.get(0)?, row.get(1)?);
        let sum = checksum::of_need(sequence, &object);
        Ok((sequence, object, sum))
    })?;
    for (sequence, object, sum) in sums {
        let sql = "UPDATE needs SET checksum = ?3 WHERE sequence = ?1 AND object = ?2";
        connection
            .prepare_cached(sql)?
            .execute(params![sequence, object, sum])?;
    }
    let sums = collect(connection, "SELECT name, bytes, size FROM objects", |row| {
        let (name, bytes, size): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let sum = checksum::of_object(&name, &bytes, size);
        Ok((name, sum))
    })?;
    for (name, sum) in sums {
        let sql = "UPDATE objects SET checksum = ?2 WHERE name = ?1";
        connection
            .prepare_cached(sql)?
            .execute(params![name, sum])?;
    }
    let stamps = "SELECT path, size, modified, inode, checked, hash FROM stamps";
    let sums = collect(connection, stamps, |row| {
        let (path, hash): (String, String) = (row.get(0)?, row.get(5)?);
        let sum = StampRow {
            path: &path,
            size: row.get(1)?,
            modified: row.get(2)?,
            inode: row.get(3)?,
            checked: row.get(4)?,
            hash: &hash,
        }
        .checksum();
        Ok((path, sum))
    })?;
    for (path, sum) in sums {
        let sql = "UPDATE stamps SET checksum = ?2 WHERE path = ?1";
        connection
            .prepare_cached(sql)?
            .execute(params![path, sum])?;
    }
    Ok(())
}

fn collect<T>(
    connection: &Connection,
    sql: &str,
    row: impl Fn(&rusqlite::Row) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], row)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A catalog as version 1 left it, with a row in each table.
    fn first_version() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0].sql).unwrap();
        connection
            .execute_batch(
                "INSERT INTO facts (kind, key, value) VALUES ('run', 'k', '{}'), ('run', 'k', '1');
                 INSERT INTO needs VALUES (2, 'ab');
                 INSERT INTO objects VALUES ('ab', 'ab', 3);
                 INSERT INTO stamps VALUES ('p', 1, 2, 3, 4, 'h');
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        connection
    }

    #[test]
    fn an_old_catalog_gets_its_checksums() {
        let mut connection = first_version();
        assert_eq!(migrate(&mut connection).unwrap(), Access::ReadWrite);
        assert_eq!(version(&connection).unwrap(), CURRENT);
        let sum = |sql: &str| -> checksum::Checksum {
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let fact = sum("SELECT checksum FROM facts WHERE sequence = 2");
        assert_eq!(fact, checksum::of_fact(2, "run", "k", "1"));
        assert_eq!(
            sum("SELECT checksum FROM needs"),
            checksum::of_need(2, "ab")
        );
        let object = checksum::of_object("ab", "ab", 3);
        assert_eq!(sum("SELECT checksum FROM objects"), object);
        let stamp = StampRow {
            path: "p",
            size: 1,
            modified: 2,
            inode: 3,
            checked: 4,
            hash: "h",
        };
        assert_eq!(sum("SELECT checksum FROM stamps"), stamp.checksum());
        assert_eq!(schema(&connection).unwrap(), expected_schema().unwrap());
    }
}
