//! Which rows of two tables are the same row.

use std::cmp::Ordering;

use polars::prelude::IdxSize;

use crate::definition::ColumnName;
use crate::table::canonical::compare_cells;
use crate::table::{Frame, Values, row_number};

/// Rows of two tables, told apart. All ascend on both sides.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// Rows of the old table alone.
    pub removed: Vec<IdxSize>,
    /// Rows of the new table alone.
    pub added: Vec<IdxSize>,
    /// (row of the old table, row of the new one).
    pub pairs: Vec<(IdxSize, IdxSize)>,
}

/// Walks through both tables at once, in the order of the identity.
///
/// Where a table is not in that order, rows are missed: they count as removed and added.
pub fn align(old: &Frame, new: &Frame, identity: &[ColumnName]) -> Alignment {
    let columns: Vec<(&Values, &Values)> = identity
        .iter()
        .filter_map(|name| Some((old.column(name.as_str())?, new.column(name.as_str())?)))
        .collect();
    let compare = |a: usize, b: usize| {
        let orders = columns
            .iter()
            .map(|(old, new)| compare_cells(old.cell(a), new.cell(b)));
        orders.into_iter().find(|order| order.is_ne())
    };
    let mut found = Alignment::default();
    let (mut a, mut b) = (0, 0);
    while a < old.rows() && b < new.rows() {
        let order = compare(a, b).unwrap_or(Ordering::Equal);
        match order {
            Ordering::Less => found.removed.push(row_number(a)),
            Ordering::Greater => found.added.push(row_number(b)),
            Ordering::Equal => found.pairs.push((row_number(a), row_number(b))),
        }
        a += usize::from(order.is_le());
        b += usize::from(order.is_ge());
    }
    found.removed.extend((a..old.rows()).map(row_number));
    found.added.extend((b..new.rows()).map(row_number));
    found
}
