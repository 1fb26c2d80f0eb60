//! One table at one date, from its files.

use std::cell::Cell;

use super::model::{SourceRecord, TableSnapshot};
use super::outcome::{Refused, remember_refusal};
use super::reference::{Referred, against};
use super::sources::SourceFile;
use crate::check::{self, Against, CheckResult, Checked};
use crate::definition::{AsOf, Check, ColumnName, Table};
use crate::error::{Error, Kind, Result};
use crate::hash::{ObjectId, ReadingHash, TableHash};
use crate::store::{NewObject, Store};
use crate::table::{self, Frame, Values};
use crate::table_store::{self, Earlier};

/// A file with the hash of its bytes.
pub struct HashedFile {
    pub file: SourceFile,
    pub hash: ObjectId,
    /// Its bytes, if they are at hand; taken by whoever reads it, who needs the memory afterwards.
    pub bytes: Cell<Option<Vec<u8>>>,
}

impl HashedFile {
    /// The bytes, and their hash.
    fn read(&self, store: &Store) -> Result<(Vec<u8>, ObjectId)> {
        match self.bytes.take() {
            Some(bytes) => Ok((bytes, self.hash)),
            None => self.file.read(store),
        }
    }
}

/// Everything a snapshot of a table is a function of.
pub struct Inputs<'a> {
    pub table: &'a Table,
    pub reading: ReadingHash,
    pub files: &'a [HashedFile],
    /// What checks refer to, for each of the files.
    pub references: Vec<Referred>,
}

/// Reads the files of a table and folds them into its snapshot, whose object is in the store
/// afterwards.
///
/// `base` is a snapshot of the same reading, made of the first of the files; `before` is that of the
/// date before, to which the table may be kept as changes.
pub fn build(
    store: &Store,
    inputs: Inputs<'_>,
    base: Option<&TableSnapshot>,
    before: Option<TableHash>,
) -> Result<TableSnapshot> {
    let table = inputs.table;
    let built = fold_files(store, inputs, base, None)?;
    built.keep(store, table, before)
}

/// The same without a base, with the rows of each file in the order of a seed.
pub fn build_in_order(store: &Store, inputs: Inputs<'_>, order: u64) -> Result<TableSnapshot> {
    let table = inputs.table;
    let built = fold_files(store, inputs, None, Some(order))?;
    built.keep(store, table, None)
}

/// A snapshot on its way into the store.
struct Built {
    snapshot: TableSnapshot,
    rows: Frame,
    /// The rows of the snapshot it was made on.
    base: Option<(TableHash, Frame)>,
}

impl Built {
    /// Writes its table, as changes to that of the date before where these are small.
    fn keep(
        self,
        store: &Store,
        table: &Table,
        before: Option<TableHash>,
    ) -> Result<TableSnapshot> {
        let mut identity = table::row_order(table, &self.rows);
        // A row that comes again is the same row, of a newer file.
        identity.retain(|column| *column != ColumnName::row_date());
        let at_hand = self.base.as_ref().filter(|(name, _)| Some(*name) == before);
        let earlier = before.map(|name| Earlier {
            name,
            frame: at_hand.map(|(_, frame)| frame),
            identity: &identity,
        });
        table_store::write(store, &self.rows, self.snapshot.hash, earlier.as_ref())?;
        Ok(self.snapshot)
    }
}

fn fold_files(
    store: &Store,
    inputs: Inputs<'_>,
    base: Option<&TableSnapshot>,
    order: Option<u64>,
) -> Result<Built> {
    let Inputs {
        table,
        reading,
        files,
        references,
    } = inputs;
    let mut sources: Vec<SourceRecord> = base.map_or(Vec::new(), |base| base.sources.clone());
    let mut rows = base.map(|base| load(store, table, base)).transpose()?;
    let base = base.zip(rows.clone()).map(|(base, rows)| (base.hash, rows));
    let mut last = None;
    for file in &files[sources.len()..] {
        let against = against(store, &references, file.file.date)?;
        let incoming = read_file(store, table, file, &against, order)?;
        sources.push(incoming.source.clone());
        rows = Some(match rows.take() {
            Some(earlier) => fold(table, &earlier, &incoming.rows),
            None => incoming.rows.clone(),
        });
        last = Some(incoming);
    }
    let (Some(rows), Some(last)) = (rows, last) else {
        return Err(Error::failure(format!(
            "{} was to be made of no file",
            table.name
        )));
    };
    let columns = table::column_hashes(&rows);
    let quarantine = match last.checked.quarantine() {
        Some(rows) if order.is_none() => Some(keep(store, &rows)?),
        _ => None,
    };
    let snapshot = TableSnapshot {
        quarantine,
        references,
        hash: table::table_hash(&columns),
        rows: rows.rows() as u64,
        columns,
        reading,
        sources,
        checks: last.checked.results().iter().map(counts_only).collect(),
        quarantined: last.checked.quarantined().len() as u64,
    };
    Ok(Built {
        snapshot,
        rows,
        base,
    })
}

/// A result as the catalog keeps it: which rows broke the rule matters while the file is at hand.
fn counts_only(result: &CheckResult) -> CheckResult {
    CheckResult {
        rows: Vec::new(),
        ..result.clone()
    }
}

/// One file, read, checked and in canonical order.
struct Incoming {
    source: SourceRecord,
    rows: Frame,
    checked: Checked,
}

fn read_file(
    store: &Store,
    table: &Table,
    file: &HashedFile,
    against: &Against,
    order: Option<u64>,
) -> Result<Incoming> {
    let SourceFile { date, path, .. } = &file.file;
    let (bytes, hash) = file.read(store)?;
    if hash != file.hash {
        return Err(Error::new(
            Kind::DataRefused,
            format!("{path} changed while it was read"),
        )
        .help("run again when nothing writes to it"));
    }
    let read = match order {
        None => table::read(&bytes, path, *date, table)?,
        Some(seed) => table::read_shuffled(&bytes, path, *date, table, seed)?,
    };
    // What follows needs memory of its own.
    drop(bytes);
    let checks: Vec<Check> = match order {
        None => table.checks.clone(),
        // Another order is no finding of a rule about order, and such a rule takes nothing out.
        Some(_) => {
            let checks = table.checks.iter();
            checks.filter(|c| !c.rule.minds_order()).cloned().collect()
        }
    };
    let checked = check::check(read, &checks, against);
    let read_rows = checked.file().frame.rows() as u64;
    if let Some(refusal) = check::refusal(&checked, table) {
        if order.is_none() {
            let refused = Refused {
                table: table.name.clone(),
                date: *date,
                path: path.clone(),
                source: hash,
                rows: read_rows,
                checks: checked.results().iter().map(counts_only).collect(),
            };
            // A store that takes nothing more must not hide why the file is refused.
            let _ = remember_refusal(store.catalog(), &refused);
        }
        return Err(refusal);
    }
    let rows = table::arrange(checked.frame(), checked.places(), table)?;
    let rows = with_row_date(rows, *date);
    let source = SourceRecord {
        date: *date,
        path: path.clone(),
        rows: read_rows,
        hash,
    };
    Ok(Incoming {
        source,
        rows,
        checked,
    })
}

/// Puts rows that were set aside into the store.
fn keep(store: &Store, rows: &Frame) -> Result<TableHash> {
    let hash = table::table_hash(&table::column_hashes(rows));
    store.put(&NewObject {
        name: hash.into(),
        bytes: &table::to_parquet(rows)?,
    })?;
    Ok(hash)
}

fn with_row_date(frame: Frame, date: AsOf) -> Frame {
    let dates = Values::repeated_date(date.days(), frame.rows());
    frame.with_column(ColumnName::row_date(), dates)
}

fn fold(table: &Table, earlier: &Frame, newer: &Frame) -> Frame {
    match table.source.timestamp {
        Some(_) => {
            let all = earlier.concat(newer);
            let order = table::row_order(table, &all);
            table::sort(&all, &order)
        }
        None => table::upsert(earlier, newer, &table.key),
    }
}

/// The rows of a snapshot that was stamped before.
pub fn load(store: &Store, table: &Table, snapshot: &TableSnapshot) -> Result<Frame> {
    let needed_by = format!("the snapshot of {}", table.name);
    table_store::read(store, snapshot.hash, &needed_by)
}
