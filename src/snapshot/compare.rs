//! Snapshots shown: what the store still has of them, what their revisions changed, and two of them
//! held against each other.
//!
//! Hashes are compared first; rows are read only where hashes differ. A table of an old revision may
//! be gone: `gc` removes what nothing needs. Then only what the catalog says of it is left, and that
//! is said.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::model::{Snapshot, SourceRecord, TableSnapshot};
use super::stored::revisions;
use crate::definition::{AsOf, ColumnName, Definitions, Dtype, Table, TableName};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, ObjectId, TableHash};
use crate::store::{Catalog, Store};
use crate::table::{Frame, TableChange};
use crate::table_store;

/// How the store keeps a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Bytes of its own object: of the whole table, or of what is other than in an earlier one.
    pub bytes: u64,
    /// How many tables must be read before it: 0 where it is kept whole.
    pub built_on: usize,
}

/// How a table is kept; none where the store has it no more.
pub fn kept(catalog: &Catalog, table: TableHash) -> Result<Option<Kept>> {
    let chain = catalog.chain(table.into())?;
    Ok(chain.first().map(|object| Kept {
        bytes: object.size,
        built_on: chain.len() - 1,
    }))
}

/// One revision of a date beside the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    pub snapshot: Snapshot,
    /// What is other than in the revision before; every table for the first.
    pub changes: Vec<TableDifference>,
    /// Tables that the store has no more.
    pub gone: Vec<TableName>,
}

/// The revisions of a date, the oldest first.
pub fn revisions_of(catalog: &Catalog, as_of: AsOf) -> Result<Vec<Revision>> {
    let all = revisions(catalog)?.into_iter().map(|fact| fact.value);
    let mut found: Vec<Revision> = Vec::new();
    for snapshot in all.filter(|snapshot| snapshot.as_of == as_of) {
        let changes = match found.last() {
            Some(before) => differences(&before.snapshot, &snapshot),
            None => Vec::new(),
        };
        let mut gone = Vec::new();
        for (name, table) in &snapshot.tables {
            if kept(catalog, table.hash)?.is_none() {
                gone.push(name.clone());
            }
        }
        found.push(Revision {
            snapshot,
            changes,
            gone,
        });
    }
    Ok(found)
}

/// A table that is other in two snapshots.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDifference {
    pub table: TableName,
    /// None where a snapshot lacks the table.
    pub hash_a: Option<TableHash>,
    pub hash_b: Option<TableHash>,
    pub rows_a: Option<u64>,
    pub rows_b: Option<u64>,
    /// Columns and types that only one of them has.
    pub columns_a: BTreeMap<ColumnName, Dtype>,
    pub columns_b: BTreeMap<ColumnName, Dtype>,
    /// Whether the files are read otherwise: declared columns, checks or dialect.
    pub read_otherwise: bool,
    pub sources: Vec<SourceDifference>,
}

/// A file that only one of two snapshots was made of, or that was another file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceDifference {
    pub date: AsOf,
    pub path: String,
    /// BLAKE3 of its bytes; none where it was no source.
    pub a: Option<ObjectId>,
    pub b: Option<ObjectId>,
    pub rows_a: Option<u64>,
    pub rows_b: Option<u64>,
}

/// The tables that are other, in order of their names.
pub fn differences(a: &Snapshot, b: &Snapshot) -> Vec<TableDifference> {
    let names: BTreeSet<&TableName> = a.tables.keys().chain(b.tables.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| difference(name, a.tables.get(name), b.tables.get(name)))
        .collect()
}

fn difference(
    name: &TableName,
    a: Option<&TableSnapshot>,
    b: Option<&TableSnapshot>,
) -> Option<TableDifference> {
    let hash = |table: Option<&TableSnapshot>| table.map(|table| table.hash);
    let sources = sources(a, b);
    if hash(a) == hash(b) && sources.is_empty() {
        return None;
    }
    let rows = |table: Option<&TableSnapshot>| table.map(|table| table.rows);
    let dtypes = |table: Option<&TableSnapshot>| table.map(TableSnapshot::dtypes);
    let (columns_a, columns_b) = match (dtypes(a), dtypes(b)) {
        (Some(a), Some(b)) => (only(&a, &b), only(&b, &a)),
        _ => Default::default(),
    };
    let readings = (a.map(|a| a.reading), b.map(|b| b.reading));
    Some(TableDifference {
        table: name.clone(),
        hash_a: hash(a),
        hash_b: hash(b),
        rows_a: rows(a),
        rows_b: rows(b),
        columns_a,
        columns_b,
        read_otherwise: matches!(readings, (Some(a), Some(b)) if a != b),
        sources,
    })
}

fn only(
    a: &BTreeMap<ColumnName, Dtype>,
    b: &BTreeMap<ColumnName, Dtype>,
) -> BTreeMap<ColumnName, Dtype> {
    let other = a.iter().filter(|(name, dtype)| b.get(*name) != Some(dtype));
    other.map(|(name, dtype)| (name.clone(), *dtype)).collect()
}

fn sources(a: Option<&TableSnapshot>, b: Option<&TableSnapshot>) -> Vec<SourceDifference> {
    let of = |table: Option<&TableSnapshot>| -> BTreeMap<(AsOf, String), SourceRecord> {
        let sources = table.into_iter().flat_map(|table| &table.sources);
        sources
            .map(|source| ((source.date, source.path.clone()), source.clone()))
            .collect()
    };
    let (of_a, of_b) = (of(a), of(b));
    let files: BTreeSet<_> = of_a.keys().chain(of_b.keys()).collect();
    let pairs = files
        .into_iter()
        .map(|file| (file, of_a.get(file), of_b.get(file)));
    pairs
        .filter(|(_, a, b)| a.map(|a| a.hash) != b.map(|b| b.hash))
        .map(|((date, path), a, b)| SourceDifference {
            date: *date,
            path: path.clone(),
            a: a.map(|source| source.hash),
            b: b.map(|source| source.hash),
            rows_a: a.map(|source| source.rows),
            rows_b: b.map(|source| source.rows),
        })
        .collect()
}

/// A table that is other, with its rows compared.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedTable {
    pub found: TableDifference,
    /// None where rows could not be compared.
    pub change: Option<TableChange>,
    /// Why they could not.
    pub reason: Option<String>,
}

/// Compares the rows of every table that is other; of one table where `table` names it.
pub fn compare(
    store: &Store,
    definitions: &Definitions,
    (a, b): (&Snapshot, &Snapshot),
    table: Option<&TableName>,
) -> Result<Vec<ComparedTable>> {
    let wanted = differences(a, b)
        .into_iter()
        .filter(|found| table.is_none_or(|table| found.table == *table));
    wanted
        .map(|found| {
            let declared = definitions.tables.get(&found.table);
            let compared = rows(store, declared, &found, (a.as_of, b.as_of))?;
            let (change, reason) = match compared {
                Ok(change) => (Some(change), None),
                Err(reason) => (None, Some(reason)),
            };
            Ok(ComparedTable {
                found,
                change,
                reason,
            })
        })
        .collect()
}

/// The rows compared, or why they are not.
fn rows(
    store: &Store,
    declared: Option<&Table>,
    found: &TableDifference,
    (date_a, date_b): (AsOf, AsOf),
) -> Result<std::result::Result<TableChange, String>> {
    let name = &found.table;
    let (Some(a), Some(b)) = (found.hash_a, found.hash_b) else {
        let (there, lacking) = match found.hash_a {
            Some(_) => ("a", "b"),
            None => ("b", "a"),
        };
        return Ok(Err(format!("only {there} has it, {lacking} does not")));
    };
    let Some(declared) = declared else {
        return Ok(Err(format!("no features/{name}.toml says what its key is")));
    };
    for (side, date, table) in [("a", date_a, a), ("b", date_b, b)] {
        if kept(store.catalog(), table)?.is_none() {
            return Ok(Err(format!(
                "the store no longer has it as of {date} ({side}): `gc` removed what nothing needed"
            )));
        }
    }
    let frame = |table, date| -> Result<Frame> {
        table_store::read(store, table, &format!("the snapshot of {name} at {date}"))
    };
    let source = &declared.source;
    let times = source.timestamp.iter().chain(&source.created);
    let identity: Vec<ColumnName> = std::iter::once(&declared.key)
        .chain(times)
        .cloned()
        .collect();
    let (of_a, of_b) = (frame(a, date_a)?, frame(b, date_b)?);
    let compared = of_a.columns().keys().filter(|column| {
        of_b.column(column.as_str()).is_some()
            && !identity.contains(column)
            && **column != ColumnName::row_date()
    });
    let compared: Vec<ColumnName> = compared.cloned().collect();
    let files = found.sources.iter().filter(|_| date_a == date_b);
    let files = files.map(|source| source.path.clone()).collect();
    Ok(Ok(TableChange::between(
        (date_a, &of_a),
        (date_b, &of_b),
        &identity,
        &compared,
        files,
    )))
}

/// A table of a snapshot, by its name.
///
/// # Errors
/// [`Kind::Usage`] with those it has.
pub fn table_of<'a>(
    snapshot: &'a Snapshot,
    name: &str,
) -> Result<(&'a TableName, &'a TableSnapshot)> {
    snapshot.tables.get_key_value(name).ok_or_else(|| {
        let names = || snapshot.tables.keys().map(TableName::as_str);
        let (date, revision) = (snapshot.as_of, snapshot.revision);
        let error =
            Error::usage(format!("snapshot {date}@{revision} has no table `{name}`")).detail(
                format!("tables  {}", names().collect::<Vec<_>>().join(", ")),
            );
        match crate::error::did_you_mean(name, names()) {
            Some(close) => error.help(format!("did you mean `{close}`?")),
            None => error,
        }
    })
}

/// # Errors
/// [`Kind::MissingInput`] when the store has the table no more.
pub fn require_kept(
    catalog: &Catalog,
    snapshot: &Snapshot,
    name: &TableName,
    table: &TableSnapshot,
) -> Result<Kept> {
    kept(catalog, table.hash)?.ok_or_else(|| {
        let (date, revision) = (snapshot.as_of, snapshot.revision);
        Error::new(
            Kind::MissingInput,
            format!("the store no longer has {name} of snapshot {date}@{revision}"),
        )
        .detail(format!("table  {}", table.hash.short()))
        .detail(
            "`gc` removes revisions that no run, lock or pin needs; what is recorded of it stays",
        )
        .help(format!(
            "`streamflow ingest --as-of {date}` makes the newest from its files"
        ))
    })
}
