//! Facts in SQLite: what was found, when the bytes of each object were right, and which files have
//! been looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checksum::{self, Checksum, StampRow};
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

/// A fact of a chain, whatever became of its row.
#[derive(Debug)]
pub struct Chained<T> {
    pub sequence: i64,
    /// Whether the row is what its checksum says.
    pub sound: bool,
    pub value: Result<T>,
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
    pub(super) connection: Connection,
    access: Access,
}

impl Catalog {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

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
            .map_err(|error| unusable(&self.path, error))?
            .map_err(|lacking| {
                Error::failure(format!("object {lacking} was removed while it was used"))
                    .detail(format!("needed by  a {kind} that was about to be recorded"))
                    .help("another process removed it meanwhile (`gc`): do the same once more")
            })
    }

    fn add(
        &self,
        kind: &str,
        key: &str,
        seen: Option<i64>,
        value: &str,
        needs: &[ObjectName],
    ) -> rusqlite::Result<Result<Option<i64>, ObjectName>> {
        let transaction =
            rusqlite::Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        if let Some(seen) = seen {
            let latest: i64 = transaction.query_row(
                "SELECT coalesce(max(sequence), 0) FROM facts WHERE kind = ?1 AND key = ?2",
                params![kind, key],
                |row| row.get(0),
            )?;
            if latest != seen {
                return Ok(Ok(None));
            }
        }
        // Nothing is removed while the transaction lasts, so what is there now stays.
        for object in needs {
            let mut present =
                transaction.prepare_cached("SELECT 1 FROM objects WHERE name = ?1")?;
            if !present.exists([object.to_string()])? {
                return Ok(Err(*object));
            }
        }
        let sequence = insert_fact(&transaction, kind, key, value)?;
        for object in needs {
            insert_need(&transaction, sequence, &object.to_string())?;
        }
        transaction.commit()?;
        Ok(Ok(Some(sequence)))
    }

    /// The newest fact of a key.
    pub fn latest<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Option<Fact<T>>> {
        let sql = "SELECT sequence, key, value, checksum FROM facts
                   WHERE kind = ?1 AND key = ?2 ORDER BY sequence DESC LIMIT 1";
        Ok(self.query(kind, sql, &[kind, key])?.pop())
    }

    /// All facts of a key, the oldest first.
    pub fn history<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Vec<Fact<T>>> {
        let sql = "SELECT sequence, key, value, checksum FROM facts
                   WHERE kind = ?1 AND key = ?2 ORDER BY sequence";
        self.query(kind, sql, &[kind, key])
    }

    /// All facts of a key, the oldest first, each as far as it can be read: for records that are
    /// chained, and tell themselves whether they were changed.
    pub fn chained<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Vec<Chained<T>>> {
        let sql = "SELECT sequence, key, value, checksum FROM facts
                   WHERE kind = ?1 AND key = ?2 ORDER BY sequence";
        let rows = self.rows(sql, &[kind, key])?;
        let chained = |row: FactRow| Chained {
            sequence: row.sequence,
            sound: row.is_sound(kind),
            value: row.parsed(kind).map(|fact| fact.value),
        };
        Ok(rows.into_iter().map(chained).collect())
    }

    /// All facts of a kind, the oldest first.
    pub fn all<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<Fact<T>>> {
        let sql = "SELECT sequence, key, value, checksum FROM facts WHERE kind = ?1
                   ORDER BY sequence";
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
        let rows = self.rows(sql, arguments)?;
        rows.into_iter()
            .map(|row| match row.is_sound(kind) {
                true => row.parsed(kind),
                false => Err(row
                    .unreadable(kind)
                    .detail("it is not what its checksum says")),
            })
            .collect()
    }

    fn rows(&self, sql: &str, arguments: &[&str]) -> Result<Vec<FactRow>> {
        let rows = || -> rusqlite::Result<Vec<FactRow>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let arguments = rusqlite::params_from_iter(arguments);
            let row = |row: &rusqlite::Row| {
                Ok(FactRow {
                    sequence: row.get(0)?,
                    key: row.get(1)?,
                    value: row.get(2)?,
                    checksum: row.get(3)?,
                })
            };
            statement.query_map(arguments, row)?.collect()
        };
        rows().map_err(|error| unusable(&self.path, error))
    }

    pub fn object(&self, name: ObjectName) -> Result<Option<ObjectFacts>> {
        let row: Option<(String, i64, Checksum)> = self
            .connection
            .query_row(
                "SELECT bytes, size, checksum FROM objects WHERE name = ?1",
                [name.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .map_err(|error| unusable(&self.path, error))?;
        row.map(|(bytes, size, found)| {
            let damaged = || {
                Error::failure(format!("the catalog's entry of object {name} is damaged"))
                    .help("`streamflow fsck --repair` tells what needs it, and rebuilds it")
            };
            if found != checksum::of_object(&name.to_string(), &bytes, size) {
                return Err(damaged().detail("it is not what its checksum says"));
            }
            Ok(ObjectFacts {
                bytes: bytes.parse().map_err(|error| damaged().caused_by(error))?,
                size: u64::try_from(size).unwrap_or(0),
            })
        })
        .transpose()
    }

    /// The hash of a file that still looks as it did when the hash was taken.
    ///
    /// A file that was modified less than two seconds before it was hashed may have changed since
    /// without looking different, so its stamp is not trusted (git calls this racily clean). Nor is
    /// one that is not what its checksum says.
    pub fn stamped_hash(&self, path: &str, stamp: &FileStamp) -> Result<Option<ObjectId>> {
        const RACE: i64 = 2_000_000_000;
        let row: Option<(i64, String, Checksum)> = self
            .connection
            .query_row(
                "SELECT checked, hash, checksum FROM stamps WHERE path = ?1 AND size = ?2
                 AND modified = ?3 AND inode = ?4 AND checked - modified > ?5",
                params![
                    path,
                    stamp.size.cast_signed(),
                    stamp.modified,
                    stamp.inode.cast_signed(),
                    RACE
                ],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .map_err(|error| unusable(&self.path, error))?;
        let sound = row
            .filter(|(checked, hash, found)| *found == stamp.row(path, *checked, hash).checksum());
        Ok(sound.and_then(|(_, hash, _)| hash.parse().ok()))
    }

    /// Remembers the hash of a file. `checked` is when it was read, in nanoseconds since 1970.
    pub fn stamp(&self, path: &str, stamp: &FileStamp, hash: ObjectId, checked: i64) -> Result<()> {
        self.writable()?;
        let hash = hash.to_string();
        insert_stamp(&self.connection, &stamp.row(path, checked, &hash))
            .map_err(|error| unusable(&self.path, error))
    }

    /// Works in one transaction that no other process writes beside.
    pub(super) fn exclusively<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.writable()?;
        let work = || {
            let transaction = rusqlite::Transaction::new_unchecked(
                &self.connection,
                TransactionBehavior::Immediate,
            )?;
            let found = work(&transaction)?;
            transaction.commit()?;
            Ok(found)
        };
        work().map_err(|error| unusable(&self.path, error))
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

/// A fact as it is stored.
struct FactRow {
    sequence: i64,
    key: String,
    value: String,
    checksum: Checksum,
}

impl FactRow {
    fn is_sound(&self, kind: &str) -> bool {
        self.checksum == checksum::of_fact(self.sequence, kind, &self.key, &self.value)
    }

    fn parsed<T: DeserializeOwned>(self, kind: &str) -> Result<Fact<T>> {
        let value = serde_json::from_str(&self.value)
            .map_err(|error| self.unreadable(kind).caused_by(error))?;
        Ok(Fact {
            sequence: self.sequence,
            key: self.key,
            value,
        })
    }

    fn unreadable(&self, kind: &str) -> Error {
        let sequence = self.sequence;
        Error::failure(format!(
            "fact {sequence}, a {kind}, of the catalog cannot be read"
        ))
        .detail(format!("key  {}", self.key))
        .help("`streamflow fsck --repair` moves the damaged catalog aside and keeps what is sound")
    }
}

impl FileStamp {
    fn row<'a>(&self, path: &'a str, checked: i64, hash: &'a str) -> StampRow<'a> {
        StampRow {
            path,
            size: self.size.cast_signed(),
            modified: self.modified,
            inode: self.inode.cast_signed(),
            checked,
            hash,
        }
    }
}

/// Adds a fact after all that ever were; the number of one that was removed is not given again.
fn insert_fact(
    connection: &Connection,
    kind: &str,
    key: &str,
    value: &str,
) -> rusqlite::Result<i64> {
    let last: i64 = connection
        .prepare_cached(
            "SELECT max(coalesce((SELECT max(sequence) FROM facts), 0),
                        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'facts'), 0))",
        )?
        .query_row([], |row| row.get(0))?;
    let sequence = last + 1;
    let sum = checksum::of_fact(sequence, kind, key, value);
    connection
        .prepare_cached(
            "INSERT INTO facts (sequence, kind, key, value, checksum) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![sequence, kind, key, value, sum])?;
    Ok(sequence)
}

fn insert_need(connection: &Connection, sequence: i64, object: &str) -> rusqlite::Result<()> {
    let sum = checksum::of_need(sequence, object);
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO needs (sequence, object, checksum) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![sequence, object, sum])?;
    Ok(())
}

/// Adds an object, or what is new of one that is known.
pub(super) fn insert_object(
    connection: &Connection,
    name: &str,
    bytes: &str,
    size: i64,
) -> rusqlite::Result<()> {
    let sum = checksum::of_object(name, bytes, size);
    connection
        .prepare_cached(
            "INSERT INTO objects (name, bytes, size, checksum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, size = excluded.size,
             checksum = excluded.checksum WHERE checksum <> excluded.checksum",
        )?
        .execute(params![name, bytes, size, sum])?;
    Ok(())
}

fn insert_stamp(connection: &Connection, row: &StampRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO stamps (path, size, modified, inode, checked, hash, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            row.path,
            row.size,
            row.modified,
            row.inode,
            row.checked,
            row.hash,
            row.checksum()
        ])?;
    Ok(())
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<(Connection, Access)> {
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

pub(super) fn unusable(path: &Path, error: rusqlite::Error) -> Error {
    Error::failure(format!("the catalog {} cannot be used", path.display()))
        .caused_by(error)
        .help("the store is always rebuildable: move its folder away and run again")
}
