//! How the rows of a table moved from one state to another: counts, columns, a few rows.

mod entity;
mod movement;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Cell, Frame, RowDiff, diff_rows};
use crate::definition::{AsOf, ColumnName};

pub use entity::EntityKey;
pub use movement::{ColumnChange, Distribution};

use movement::categories;

/// How the rows of one table differ, in the columns that are compared.
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
    /// Rows of both that last came from a file of another date; only where both are of one date.
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
    /// Whether both hold the same values.
    pub fn is_same(&self) -> bool {
        self.added + self.removed + self.changed + self.redated == 0
    }

    /// The share of rows that are not as they were, 0 to 1.
    pub fn weight(&self) -> f64 {
        let touched = self.added + self.removed + self.changed;
        touched as f64 / self.rows_a.max(self.rows_b).max(1) as f64
    }

    /// Compares two tables in some columns. The first column of `identity` is the key; `files` are
    /// those that explain it, where both are of one date.
    pub fn between(
        a: (AsOf, &Frame),
        b: (AsOf, &Frame),
        identity: &[ColumnName],
        columns: &[ColumnName],
        files: Vec<String>,
    ) -> Self {
        let found = diff_rows(a.1, b.1, identity, columns);
        let (of_a, of_b) = (Rows::new(a.1, identity), Rows::new(b.1, identity));
        let entities = |side: &Rows, rows: &[usize]| -> Vec<EntityKey> {
            let first = rows.iter().take(EXAMPLES);
            first.filter_map(|row| side.entity(*row)).collect()
        };
        let changed = found.changed.iter().take(EXAMPLES);
        Self {
            as_of_a: a.0,
            as_of_b: b.0,
            rows_a: a.1.rows() as u64,
            rows_b: b.1.rows() as u64,
            files,
            added: found.added.len() as u64,
            removed: found.removed.len() as u64,
            changed: found.changed.len() as u64,
            redated: match a.0 == b.0 {
                true => redated(&of_a, &of_b, &found),
                false => 0,
            },
            columns: column_changes(&of_a, &of_b, &found),
            examples: changed
                .filter_map(|pair| row_change(&of_a, &of_b, &found, *pair))
                .collect(),
            added_examples: entities(&of_b, &found.added),
            removed_examples: entities(&of_a, &found.removed),
        }
    }
}

/// One of the two tables.
struct Rows<'a> {
    frame: &'a Frame,
    key: Option<&'a ColumnName>,
}

impl<'a> Rows<'a> {
    fn new(frame: &'a Frame, identity: &'a [ColumnName]) -> Self {
        let key = identity.first();
        Self { frame, key }
    }

    fn entity(&self, row: usize) -> Option<EntityKey> {
        EntityKey::of(self.frame.column(self.key?.as_str())?.cell(row))
    }

    fn cell(&self, column: &ColumnName, row: usize) -> Cell<'_> {
        let values = self.frame.column(column.as_str());
        values.map_or(Cell::Null, |values| values.cell(row))
    }
}

fn redated(a: &Rows, b: &Rows, found: &RowDiff) -> u64 {
    let row_date = ColumnName::row_date();
    let is_other = |pair: &&(usize, usize)| a.cell(&row_date, pair.0) != b.cell(&row_date, pair.1);
    found.matched.iter().filter(is_other).count() as u64
}

fn column_changes(a: &Rows, b: &Rows, found: &RowDiff) -> Vec<ColumnChange> {
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
    a: &Rows,
    b: &Rows,
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
