//! Which rows of which tables differ.

use std::collections::BTreeSet;

use super::inputs::{InputDifference, InputKind};
use super::{Side, union};
use crate::definition::{ColumnName, TableName};
use crate::error::Result;
use crate::lockfile::LockedData;
use crate::plan::{Purpose, RunSpec};
use crate::snapshot::{TableSnapshot, find_locked};
use crate::store::Store;
use crate::table::{Frame, TableChange};
use crate::table_store;
use crate::workspace::Workspace;

/// The tables that differ: first the labels, then by the share of rows that changed, last those that
/// hold the same rows of another date. The n-th date of one run stands beside the n-th of the other.
pub fn differences(workspace: &Workspace, a: &Side, b: &Side) -> Result<Vec<InputDifference>> {
    let mut found = Vec::new();
    let of = |side: &'_ Side, table: &TableName| -> Vec<LockedData> {
        let data = side.known.record.data.iter();
        data.filter(|data| data.table == *table).cloned().collect()
    };
    let tables = |side: &'_ Side| -> BTreeSet<TableName> {
        let data = side.known.record.data.iter();
        data.map(|data| data.table.clone()).collect()
    };
    for table in union(&tables(a), &tables(b)) {
        let (of_a, of_b) = (of(a, table), of(b, table));
        for at in 0..of_a.len().max(of_b.len()) {
            let (of_a, of_b) = (of_a.get(at), of_b.get(at));
            if of_a.map(|data| data.hash) == of_b.map(|data| data.hash) {
                continue;
            }
            let change = match (of_a, of_b) {
                (Some(of_a), Some(of_b)) => compare(workspace.store(), (a, of_a), (b, of_b))?,
                _ => Compared::NotHere,
            };
            if let Some(input) = difference(table, of_a, of_b, change) {
                found.push(input);
            }
        }
    }
    found.sort_by(|x, y| rank(x, b).total_cmp(&rank(y, b)));
    Ok(found)
}

/// Small for what comes first.
fn rank(input: &InputDifference, side: &Side) -> f64 {
    let is_label = side
        .spec
        .as_ref()
        .is_some_and(|spec| spec.label.table.as_str() == input.name);
    match &input.table {
        Some(change) if change.is_same() => 2.0,
        _ if is_label => -1.0,
        Some(change) => 1.0 - change.weight(),
        None => 0.5,
    }
}

fn difference(
    table: &TableName,
    a: Option<&LockedData>,
    b: Option<&LockedData>,
    compared: Compared,
) -> Option<InputDifference> {
    let change = match compared {
        // Other columns are used of the same rows: the features say so.
        Compared::OtherColumns => return None,
        Compared::Rows(change) => Some(*change),
        Compared::NotHere => None,
    };
    let detail = match (a, b) {
        (Some(a), Some(b)) => detail(a, b, change.as_ref()),
        (Some(a), None) => format!("only in a: {} ({} rows)", a.as_of, a.rows),
        (None, Some(b)) => format!("only in b: {} ({} rows)", b.as_of, b.rows),
        (None, None) => String::new(),
    };
    Some(InputDifference {
        kind: InputKind::Data,
        name: table.to_string(),
        a: a.map(|data| data.hash.to_string()),
        b: b.map(|data| data.hash.to_string()),
        detail,
        at: None,
        table: change,
    })
}

/// `2024-01-31, 2103 of 7043 rows changed: data/2024-01-31/labels.csv`.
fn detail(a: &LockedData, b: &LockedData, change: Option<&TableChange>) -> String {
    let dates = match a.as_of == b.as_of {
        true => a.as_of.to_string(),
        false => format!("{} → {}", a.as_of, b.as_of),
    };
    let rows = match change {
        None => format!("rows {} → {}", a.rows, b.rows),
        Some(change) if change.is_same() => "the same rows".to_string(),
        Some(change) => row_words(change),
    };
    if a.as_of != b.as_of {
        return format!("{dates}, {rows}");
    }
    match b.files_unlike(a).as_slice() {
        [] => format!("{dates}, {rows}: the same files, read otherwise"),
        paths => format!("{dates}, {rows}: {}", paths.join(", ")),
    }
}

fn row_words(change: &TableChange) -> String {
    let mut words = Vec::new();
    for (count, verb) in [
        (change.changed, "changed"),
        (change.added, "added"),
        (change.removed, "removed"),
        (change.redated, "of a file of another date"),
    ] {
        if count > 0 {
            words.push(format!("{count} {verb}"));
        }
    }
    format!(
        "{} → {} rows, {}",
        change.rows_a,
        change.rows_b,
        words.join(", ")
    )
}

/// What a look at the rows gave.
enum Compared {
    /// One of the tables is not in this store.
    NotHere,
    /// The rows are the same in all columns; the runs use other ones of them.
    OtherColumns,
    Rows(Box<TableChange>),
}

fn compare(store: &Store, a: (&Side, &LockedData), b: (&Side, &LockedData)) -> Result<Compared> {
    let (Some(of_a), Some(of_b)) = (Read::of(store, a.0, a.1)?, Read::of(store, b.0, b.1)?) else {
        return Ok(Compared::NotHere);
    };
    let used: Vec<ColumnName> = union(&of_a.used, &of_b.used).into_iter().cloned().collect();
    let same_date = a.1.as_of == b.1.as_of;
    let files = match same_date {
        true => b.1.files_unlike(a.1),
        false => Vec::new(),
    };
    let change = TableChange::between(
        (a.1.as_of, &of_a.frame),
        (b.1.as_of, &of_b.frame),
        &of_a.identity,
        &used,
        files,
    );
    Ok(match same_date && change.is_same() {
        true => Compared::OtherColumns,
        false => Compared::Rows(Box::new(change)),
    })
}

/// A table as one of the runs read it.
struct Read {
    frame: Frame,
    /// What tells rows apart: the key first; of events also when they happened and became known.
    identity: Vec<ColumnName>,
    /// The columns the run uses, without identity and row date.
    used: BTreeSet<ColumnName>,
}

impl Read {
    /// None when the store does not have the table whole.
    fn of(store: &Store, side: &Side, data: &LockedData) -> Result<Option<Self>> {
        let Some(spec) = &side.spec else {
            return Ok(None);
        };
        let at = (data.table.clone(), data.as_of);
        let Some(purpose) = spec.reads().get(&at).copied() else {
            return Ok(None);
        };
        let is_it = |snapshot: &TableSnapshot| {
            columns_used(spec, data, purpose, snapshot)
                .is_some_and(|columns| snapshot.projection(&columns) == data.hash)
        };
        let Some((snapshot, _)) = find_locked(store, &data.table, data.as_of, is_it)? else {
            return Ok(None);
        };
        if !store.objects().path(snapshot.hash.into()).is_file() {
            return Ok(None);
        }
        let needed_by = format!("the snapshot of {} at {}", data.table, data.as_of);
        let frame = table_store::read(store, snapshot.hash, &needed_by)?;
        let mut used = columns_used(spec, data, purpose, &snapshot).unwrap_or_default();
        let options = spec.tables.get(&data.table);
        let identity: Vec<ColumnName> = std::iter::once(&spec.key)
            .chain(options.iter().flat_map(|options| &options.timestamp))
            .chain(options.iter().flat_map(|options| &options.created))
            .cloned()
            .collect();
        used.retain(|column| !identity.contains(column) && *column != ColumnName::row_date());
        Ok(Some(Self {
            frame,
            identity,
            used,
        }))
    }
}

fn columns_used(
    spec: &RunSpec,
    data: &LockedData,
    purpose: Purpose,
    snapshot: &TableSnapshot,
) -> Option<BTreeSet<ColumnName>> {
    spec.columns_read(&data.table, purpose, &snapshot.dtypes())
        .ok()
}
