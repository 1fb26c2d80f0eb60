//! Facts in SQLite: what was found, when the bytes of each object were right, and which files have
//! been looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::migrate::{Access, migrate};
use super::objects::ObjectName;
use crate::error::{Error, Result};
use crate::hash::ObjectId;

/// What the catalog knows of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectFacts {
    /// BLAKE3 of its bytes.
    pub bytes: ObjectId,
    /// In bytes.
    pub size: u64,
}

/// A fact and its number in the order of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<T> {
    pub sequence: i64,
    pub key: String,
    pub value: T,
}

/// What a file looked like when its hash was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    pub inode: u64,
}

/// The database. One connection, one thread.
pub struct Catalog {
    path: PathBuf,
    connection: Connection,
    access: Access,
}

impl Catalog {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let (connection, access) = connect(path).map_err(|error| unusable(path, error))?;
        Ok(Self {
            path: path.to_path_buf(),
            connection,
            access,
        })
    }

    /// Adds a fact, and the objects it cannot do without.
    pub fn append(
        &self,
        kind: &str,
        key: &str,
        value: &impl Serialize,
        needs: &[ObjectName],
    ) -> Result<i64> {
        self.append_after(kind, key, None, value, needs)?
            .ok_or_else(|| Error::failure("a fact without a condition was not added"))
    }

    /// Adds a fact only while the latest of its key is the one the caller has seen: `Some(0)` when
    /// there was none. Returns none when another process was faster.
    pub fn append_after(
        &self,
        kind: &str,
        key: &str,
        seen: Option<i64>,
        value: &impl Serialize,
        needs: &[ObjectName],
    ) -> Result<Option<i64>> {
        self.writable()?;
        let text = serde_json::to_string(value)
            .map_err(|error| Error::failure(format!("cannot write a {kind}")).caused_by(error))?;
        self.add(kind, key, seen, &text, needs)
            .map_err(|error| unusable(&self.path, error))
    }

    fn add(
        &self,
        kind: &str,
        key: &str,
        seen: Option<i64>,
        value: &str,
        needs: &[ObjectName],
    ) -> rusqlite::Result<Option<i64>> {
        let transaction =
            rusqlite::Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        if let Some(seen) = seen {
            let latest: i64 = transaction.query_row(
                "SELECT coalesce(max(sequence), 0) FROM facts WHERE kind = ?1 AND key = ?2",
                params![kind, key],
                |row| row.get(0),
            )?;
            if latest != seen {
                return Ok(None);
            }
        }
        transaction.execute(
            "INSERT INTO facts (kind, key, value) VALUES (?1, ?2, ?3)",
            params![kind, key, value],
        )?;
        let sequence = transaction.last_insert_rowid();
        for object in needs {
            transaction.execute(
                "INSERT OR IGNORE INTO needs (sequence, object) VALUES (?1, ?2)",
                params![sequence, object.to_string()],
            )?;
        }
        transaction.commit()?;
        Ok(Some(sequence))
    }

    /// The newest fact of a key.
    pub fn latest<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Option<Fact<T>>> {
        let sql = "SELECT sequence, key, value FROM facts WHERE kind = ?1 AND key = ?2
                   ORDER BY sequence DESC LIMIT 1";
        Ok(self.query(kind, sql, &[kind, key])?.pop())
    }

    /// All facts of a key, the oldest first.
    pub fn history<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Vec<Fact<T>>> {
        let sql = "SELECT sequence, key, value FROM facts WHERE kind = ?1 AND key = ?2
                   ORDER BY sequence";
        self.query(kind, sql, &[kind, key])
    }

    /// All facts of a kind, the oldest first.
    pub fn all<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<Fact<T>>> {
        let sql = "SELECT sequence, key, value FROM facts WHERE kind = ?1 ORDER BY sequence";
        self.query(kind, sql, &[kind])
    }

    /// The keys of a kind that begin with a text, each once.
    pub fn keys(&self, kind: &str, prefix: &str) -> Result<Vec<String>> {
        let query = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT DISTINCT key FROM facts
                 WHERE kind = ?1 AND substr(key, 1, length(?2)) = ?2 ORDER BY key",
            )?;
            statement
                .query_map([kind, prefix], |row| row.get(0))?
                .collect()
        };
        query().map_err(|error| unusable(&self.path, error))
    }

    fn query<T: DeserializeOwned>(
        &self,
        kind: &str,
        sql: &str,
        arguments: &[&str],
    ) -> Result<Vec<Fact<T>>> {
        let rows = || -> rusqlite::Result<Vec<(i64, String, String)>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let arguments = rusqlite::params_from_iter(arguments);
            statement
                .query_map(arguments, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        };
        rows()
            .map_err(|error| unusable(&self.path, error))?
            .into_iter()
            .map(|(sequence, key, text)| {
                let value = serde_json::from_str(&text).map_err(|error| {
                    let at = format!("fact {sequence}, a {kind}, of the catalog cannot be read");
                    Error::failure(at).caused_by(error)
                })?;
                Ok(Fact {
                    sequence,
                    key,
                    value,
                })
            })
            .collect()
    }

    pub(super) fn add_object(&self, name: ObjectName, facts: &ObjectFacts) -> Result<()> {
        self.writable()?;
        let sql = "INSERT INTO objects (name, bytes, size) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, size = excluded.size
                   WHERE bytes <> excluded.bytes";
        let size = i64::try_from(facts.size).unwrap_or(i64::MAX);
        self.connection
            .execute(
                sql,
                params![name.to_string(), facts.bytes.to_string(), size],
            )
            .map_err(|error| unusable(&self.path, error))?;
        Ok(())
    }

    pub fn object(&self, name: ObjectName) -> Result<Option<ObjectFacts>> {
        let row: Option<(String, i64)> = self
            .connection
            .query_row(
                "SELECT bytes, size FROM objects WHERE name = ?1",
                [name.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|error| unusable(&self.path, error))?;
        row.map(|(bytes, size)| {
            let bytes = bytes.parse().map_err(|error| {
                Error::failure(format!("the catalog's entry of object {name} is damaged"))
                    .caused_by(error)
            })?;
            Ok(ObjectFacts {
                bytes,
                size: u64::try_from(size).unwrap_or(0),
            })
        })
        .transpose()
    }

    /// The hash of a file that still looks as it did when the hash was taken.
    ///
    /// A file that was modified less than two seconds before it was hashed may have changed since
    /// without looking different, so its stamp is not trusted (git calls this racily clean).
    pub fn stamped_hash(&self, path: &str, stamp: &FileStamp) -> Result<Option<ObjectId>> {
        const RACE: i64 = 2_000_000_000;
        let hash: Option<String> = self
            .connection
            .query_row(
                "SELECT hash FROM stamps WHERE path = ?1 AND size = ?2 AND modified = ?3
                 AND inode = ?4 AND checked - modified > ?5",
                params![
                    path,
                    stamp.size.cast_signed(),
                    stamp.modified,
                    stamp.inode.cast_signed(),
                    RACE
                ],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| unusable(&self.path, error))?;
        Ok(hash.and_then(|hash| hash.parse().ok()))
    }

    /// Remembers the hash of a file. `checked` is when it was read, in nanoseconds since 1970.
    pub fn stamp(&self, path: &str, stamp: &FileStamp, hash: ObjectId, checked: i64) -> Result<()> {
        self.writable()?;
        self.connection
            .execute(
                "INSERT OR REPLACE INTO stamps (path, size, modified, inode, checked, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    path,
                    stamp.size.cast_signed(),
                    stamp.modified,
                    stamp.inode.cast_signed(),
                    checked,
                    hash.to_string()
                ],
            )
            .map_err(|error| unusable(&self.path, error))?;
        Ok(())
    }

    fn writable(&self) -> Result<()> {
        match self.access {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly { version } => Err(Error::failure(format!(
                "the store was written by a newer streamflow (catalog version {version})"
            ))
            .help("install that version, or point [store] path at another folder")),
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<(Connection, Access)> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    write_ahead(&connection)?;
    // What was reported done survives a loss of power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    let access = migrate(&mut connection)?;
    Ok((connection, access))
}

/// How long a process waits for another one that writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Turns the write-ahead log on, so that readers and a writer do not wait for each other.
///
/// SQLite does not wait for a lock here, whatever the timeout: two processes that make one store at
/// the same instant try until one of them has done it.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        if mode == "wal" {
            return Ok(());
        }
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && waited < PATIENCE => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            result => return result,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

fn unusable(path: &Path, error: rusqlite::Error) -> Error {
    Error::failure(format!("the catalog {} cannot be used", path.display()))
        .caused_by(error)
        .help("the store is always rebuildable: move its folder away and run again")
}
