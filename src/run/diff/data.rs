//! Which rows of which tables differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::inputs::{InputDifference, InputKind};
use super::movement::{ColumnChange, Distribution, categories};
use super::scores::EntityKey;
use super::{Side, union};
use crate::definition::{AsOf, ColumnName, TableName};
use crate::error::Result;
use crate::lockfile::LockedData;
use crate::plan::{Purpose, RunSpec};
use crate::snapshot::{TableSnapshot, find_locked};
use crate::store::Store;
use crate::table::{Cell, Frame, RowDiff, diff_rows, from_parquet_object};
use crate::workspace::Workspace;

/// How the rows of one table differ, in the columns that the runs use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableChange {
    pub as_of_a: AsOf,
    pub as_of_b: AsOf,
    pub rows_a: u64,
    pub rows_b: u64,
    /// The files of b that are none of a's, where both are of one date.
    pub files: Vec<String>,
    pub added: u64,
    pub removed: u64,
    /// Rows of both in which a column differs.
    pub changed: u64,
    /// Rows of both that last came from a file of another date; of runs of one date only.
    pub redated: u64,
    /// The columns that differ, the one that differs most first.
    pub columns: Vec<ColumnChange>,
    /// The first rows that changed.
    pub examples: Vec<RowChange>,
    pub added_examples: Vec<EntityKey>,
    pub removed_examples: Vec<EntityKey>,
}

/// One row before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowChange {
    pub entity: EntityKey,
    /// Each column that differs: the value in a, then in b.
    pub columns: BTreeMap<ColumnName, [serde_json::Value; 2]>,
}

/// So many rows are shown.
const EXAMPLES: usize = 5;

impl TableChange {
    /// Whether both runs read the same values.
    pub fn is_same(&self) -> bool {
        self.added + self.removed + self.changed + self.redated == 0
    }

    /// The share of rows that are not as they were, 0 to 1.
    fn weight(&self) -> f64 {
        let touched = self.added + self.removed + self.changed;
        touched as f64 / self.rows_a.max(self.rows_b).max(1) as f64
    }
}

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
    let found = diff_rows(&of_a.frame, &of_b.frame, &of_a.identity, &used);
    let same_date = a.1.as_of == b.1.as_of;
    let change = table_change((&of_a, a.1), (&of_b, b.1), &found);
    Ok(match same_date && change.is_same() {
        true => Compared::OtherColumns,
        false => Compared::Rows(Box::new(change)),
    })
}

/// A table as one of the runs read it.
struct Read {
    frame: Frame,
    key: ColumnName,
    /// What tells rows apart: the key; of events also when they happened and became known.
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
        let frame = from_parquet_object(&store.get(snapshot.hash.into(), &needed_by)?)?;
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
            key: spec.key.clone(),
            identity,
            used,
        }))
    }

    fn entity(&self, row: usize) -> Option<EntityKey> {
        EntityKey::of(self.frame.column(self.key.as_str())?.cell(row))
    }

    fn cell(&self, column: &ColumnName, row: usize) -> Cell<'_> {
        let values = self.frame.column(column.as_str());
        values.map_or(Cell::Null, |values| values.cell(row))
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

fn table_change(
    (a, of_a): (&Read, &LockedData),
    (b, of_b): (&Read, &LockedData),
    found: &RowDiff,
) -> TableChange {
    let same_date = of_a.as_of == of_b.as_of;
    let row_date = ColumnName::row_date();
    let is_redated =
        |pair: &&(usize, usize)| a.cell(&row_date, pair.0) != b.cell(&row_date, pair.1);
    let redated = match same_date {
        true => found.matched.iter().filter(is_redated).count() as u64,
        false => 0,
    };
    let entities = |side: &Read, rows: &[usize]| -> Vec<EntityKey> {
        let first = rows.iter().take(EXAMPLES);
        first.filter_map(|row| side.entity(*row)).collect()
    };
    TableChange {
        as_of_a: of_a.as_of,
        as_of_b: of_b.as_of,
        rows_a: a.frame.rows() as u64,
        rows_b: b.frame.rows() as u64,
        files: match same_date {
            true => of_b.files_unlike(of_a),
            false => Vec::new(),
        },
        added: found.added.len() as u64,
        removed: found.removed.len() as u64,
        changed: found.changed.len() as u64,
        redated,
        columns: column_changes(a, b, found),
        examples: found
            .changed
            .iter()
            .take(EXAMPLES)
            .filter_map(|pair| row_change(a, b, found, *pair))
            .collect(),
        added_examples: entities(b, &found.added),
        removed_examples: entities(a, &found.removed),
    }
}

fn column_changes(a: &Read, b: &Read, found: &RowDiff) -> Vec<ColumnChange> {
    let mut changes: Vec<ColumnChange> = found
        .columns
        .iter()
        .filter_map(|(column, changed)| {
            let of_a = a.frame.column(column.as_str())?;
            let of_b = b.frame.column(column.as_str())?;
            let (lost_categories, new_categories) = categories(of_a, of_b);
            Some(ColumnChange {
                column: column.clone(),
                changed: *changed,
                share: *changed as f64 / found.matched.len() as f64,
                a: Distribution::of(of_a),
                b: Distribution::of(of_b),
                new_categories,
                lost_categories,
            })
        })
        .collect();
    // Stable: equal ones stay in order of their names.
    changes.sort_by_key(|change| std::cmp::Reverse(change.changed));
    changes
}

fn row_change(
    a: &Read,
    b: &Read,
    found: &RowDiff,
    (row_a, row_b): (usize, usize),
) -> Option<RowChange> {
    let json = |cell: Cell<'_>| serde_json::to_value(cell).unwrap_or_default();
    let columns = found.columns.keys().filter_map(|column| {
        let (of_a, of_b) = (a.cell(column, row_a), b.cell(column, row_b));
        (of_a != of_b).then(|| (column.clone(), [json(of_a), json(of_b)]))
    });
    Some(RowChange {
        entity: a.entity(row_a)?,
        columns: columns.collect(),
    })
}
