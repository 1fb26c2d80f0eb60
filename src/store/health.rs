//! Whether the catalog is what was written, judged without changing it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};

use super::CATALOG_FILE;
use super::checksum::{self, Checksum, StampRow};
use super::migrate;

/// Something in the catalog that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogDamage {
    /// What is damaged: `fact 12, a snapshot of 2024-01-31`, or `the database`.
    pub what: String,
    pub detail: String,
}

/// What was found of a catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    pub facts: u64,
    pub damage: Vec<CatalogDamage>,
    /// A newer program wrote it: this one cannot judge it.
    pub newer: Option<usize>,
}

impl Health {
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.newer.is_none()
    }

    fn found(&mut self, what: impl Into<String>, detail: impl std::fmt::Display) {
        self.damage.push(CatalogDamage {
            what: what.into(),
            detail: detail.to_string(),
        });
    }
}

/// Judges the catalog of the store in a folder. One that is not there is sound.
pub fn health(store: &Path) -> Health {
    let mut health = Health::default();
    let path = store.join(CATALOG_FILE);
    if !path.exists() {
        return health;
    }
    if let Err(error) = judge(&path, &mut health) {
        health.found("the database", error);
    }
    health
}

fn judge(path: &Path, health: &mut Health) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    let version = migrate::version(&connection)?;
    let schema = migrate::schema(&connection)?;
    if version == 0 && schema.is_empty() {
        return Ok(()); // its maker died before the first step
    }
    let expected = migrate::expected_schema()?;
    if version > migrate::CURRENT && schema != expected {
        health.newer = Some(version);
        return Ok(());
    }
    if version > migrate::CURRENT {
        let detail = format!(
            "it says version {version}, its schema is {}",
            migrate::CURRENT
        );
        health.found("the database", detail);
    }
    if version == migrate::CURRENT && schema != expected {
        health.found("the database", "its schema is not what it was made with");
    }
    let mut lines = connection.prepare("PRAGMA integrity_check")?;
    for line in lines.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            health.found("the database", line.replace('\n', " "));
        }
    }
    // Older ones have no checksums yet; opening the store gives them some.
    if version >= 2 {
        rows(&connection, version, health);
    }
    Ok(())
}

/// Holds every row against its checksum.
fn rows(connection: &Connection, version: usize, health: &mut Health) {
    let mut facts = 0;
    let known = TABLES
        .iter()
        .filter(|(table, ..)| *table != "bases" || version >= 3);
    for (table, sql, judge) in known {
        let mut each = || -> rusqlite::Result<()> {
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                facts += u64::from(*table == "facts");
                match judge(row) {
                    Ok(None) => {}
                    Ok(Some(what)) => health.found(what, "it is not what its checksum says"),
                    Err(error) => health.found(format!("a row of {table}"), error),
                }
            }
            Ok(())
        };
        if let Err(error) = each() {
            health.found(format!("the table {table}"), error);
        }
    }
    health.facts = facts;
    let orphans = "SELECT count(*) FROM needs WHERE sequence NOT IN (SELECT sequence FROM facts)";
    match connection.query_row(orphans, [], |row| row.get::<_, i64>(0)) {
        Ok(0) => {}
        Ok(count) => health.found("the table needs", format!("{count} rows belong to no fact")),
        Err(error) => health.found("the table needs", error),
    }
}

/// Says what a row is, if it is not what its checksum says.
type Judge = fn(&Row) -> rusqlite::Result<Option<String>>;

/// The tables, how their rows are read, and how they are judged.
pub(super) const TABLES: &[(&str, &str, Judge)] = &[
    (
        "facts",
        "SELECT sequence, kind, key, value, checksum FROM facts NOT INDEXED",
        fact,
    ),
    (
        "objects",
        "SELECT name, bytes, size, checksum FROM objects",
        object,
    ),
    ("bases", "SELECT object, base, checksum FROM bases", base),
    (
        "needs",
        "SELECT sequence, object, checksum FROM needs",
        need,
    ),
    (
        "stamps",
        "SELECT path, size, modified, inode, checked, hash, checksum FROM stamps",
        stamp,
    ),
];

fn fact(row: &Row) -> rusqlite::Result<Option<String>> {
    let sequence: i64 = row.get(0)?;
    let (kind, key, value): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let sound = row.get::<_, Checksum>(4)? == checksum::of_fact(sequence, &kind, &key, &value)
        && serde_json::from_str::<serde::de::IgnoredAny>(&value).is_ok();
    Ok((!sound).then(|| format!("fact {sequence}, a {kind} of {key}")))
}

fn object(row: &Row) -> rusqlite::Result<Option<String>> {
    let (name, bytes, size): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let sound = row.get::<_, Checksum>(3)? == checksum::of_object(&name, &bytes, size);
    Ok((!sound).then(|| format!("the entry of object {name}")))
}

fn base(row: &Row) -> rusqlite::Result<Option<String>> {
    let (object, base): (String, String) = (row.get(0)?, row.get(1)?);
    let sound = row.get::<_, Checksum>(2)? == checksum::of_base(&object, &base);
    Ok((!sound).then(|| format!("the entry that object {object} is built on {base}")))
}

fn need(row: &Row) -> rusqlite::Result<Option<String>> {
    let (sequence, object): (i64, String) = (row.get(0)?, row.get(1)?);
    let sound = row.get::<_, Checksum>(2)? == checksum::of_need(sequence, &object);
    Ok((!sound).then(|| format!("the entry that fact {sequence} needs object {object}")))
}

fn stamp(row: &Row) -> rusqlite::Result<Option<String>> {
    let (path, hash): (String, String) = (row.get(0)?, row.get(5)?);
    let expected = StampRow {
        path: &path,
        size: row.get(1)?,
        modified: row.get(2)?,
        inode: row.get(3)?,
        checked: row.get(4)?,
        hash: &hash,
    };
    let sound = row.get::<_, Checksum>(6)? == expected.checksum();
    Ok((!sound).then(|| format!("the entry of the file {path}")))
}
