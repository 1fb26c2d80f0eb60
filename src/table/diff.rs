//! The rows of two tables held against each other.
//!
//! Rows belong together when their identity is the same: the key of a table, key and timestamp of
//! events, key and date of a training set. Where an identity stands in several rows, equal rows are
//! paired first, and what is left over in their order: an event that was added among others with
//! the same timestamp is one added row, and not a change in each row after it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use polars::prelude::IdxSize;

use crate::definition::ColumnName;

use super::{Frame, Values, sorted_rows};

/// How two tables differ. Rows are numbers in their frames; pairs are (row of a, row of b). All
/// lists are in the order of the identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowDiff {
    /// Every pair with one identity, changed ones included.
    pub matched: Vec<(usize, usize)>,
    /// Rows of a that b lacks.
    pub removed: Vec<usize>,
    /// Rows of b that a lacks.
    pub added: Vec<usize>,
    /// The pairs that differ in a compared column.
    pub changed: Vec<(usize, usize)>,
    /// How many pairs differ in a column; only columns in which some do.
    pub columns: BTreeMap<ColumnName, u64>,
}

impl RowDiff {
    /// Whether the tables hold the same rows.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }
}

/// Compares the rows of two frames. `identity` and `columns` that are not in both are passed over.
#[must_use]
pub fn diff_rows(a: &Frame, b: &Frame, identity: &[ColumnName], columns: &[ColumnName]) -> RowDiff {
    let identity = Sides::of(a, b, identity);
    let compared = Sides::of(a, b, columns);
    let (rows_a, rows_b) = (
        sorted_rows(a.rows(), &[&identity.a[..], &compared.a].concat()),
        sorted_rows(b.rows(), &[&identity.b[..], &compared.b].concat()),
    );
    let mut diff = RowDiff::default();
    let (mut from_a, mut from_b) = (0, 0);
    while from_a < rows_a.len() && from_b < rows_b.len() {
        let (first_a, first_b) = (rows_a[from_a] as usize, rows_b[from_b] as usize);
        match identity.compare(first_a, first_b) {
            Ordering::Less => {
                diff.removed.push(first_a);
                from_a += 1;
            }
            Ordering::Greater => {
                diff.added.push(first_b);
                from_b += 1;
            }
            Ordering::Equal => {
                let group_a = group(&rows_a, from_a, &identity.a);
                let group_b = group(&rows_b, from_b, &identity.b);
                (from_a, from_b) = (group_a.end, group_b.end);
                pair(&mut diff, &compared, &rows_a[group_a], &rows_b[group_b]);
            }
        }
    }
    let rest = |rows: &[IdxSize]| rows.iter().map(|row| *row as usize).collect::<Vec<_>>();
    diff.removed.extend(rest(&rows_a[from_a..]));
    diff.added.extend(rest(&rows_b[from_b..]));
    for (at, name) in compared.names.iter().enumerate() {
        let differs = |pair: &&(usize, usize)| compared.differs(at, **pair);
        let count = diff.changed.iter().filter(differs).count() as u64;
        if count > 0 {
            diff.columns.insert((*name).clone(), count);
        }
    }
    diff
}

/// Columns that both frames have.
struct Sides<'a> {
    names: Vec<&'a ColumnName>,
    a: Vec<&'a Values>,
    b: Vec<&'a Values>,
}

impl<'a> Sides<'a> {
    fn of(a: &'a Frame, b: &'a Frame, names: &'a [ColumnName]) -> Self {
        let mut sides = Self {
            names: Vec::new(),
            a: Vec::new(),
            b: Vec::new(),
        };
        for name in names {
            if let (Some(of_a), Some(of_b)) = (a.column(name.as_str()), b.column(name.as_str())) {
                sides.names.push(name);
                sides.a.push(of_a);
                sides.b.push(of_b);
            }
        }
        sides
    }

    fn compare(&self, row_a: usize, row_b: usize) -> Ordering {
        let columns = self.a.iter().zip(&self.b);
        columns
            .map(|(a, b)| order(a, row_a, b, row_b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn differs(&self, column: usize, (row_a, row_b): (usize, usize)) -> bool {
        order(self.a[column], row_a, self.b[column], row_b).is_ne()
    }
}

/// Canonical values hold no NaN, so all of them can be ordered.
fn order(a: &Values, row_a: usize, b: &Values, row_b: usize) -> Ordering {
    let order = a.cell(row_a).partial_cmp(&b.cell(row_b));
    order.unwrap_or(Ordering::Equal)
}

/// The stretch of rows from `start` on that have the identity of the first.
fn group(rows: &[IdxSize], start: usize, identity: &[&Values]) -> Range<usize> {
    let first = rows[start] as usize;
    let same = |row: usize| {
        identity
            .iter()
            .all(|values| values.cell(row) == values.cell(first))
    };
    let others = rows[start + 1..].iter();
    let length = 1 + others.take_while(|row| same(**row as usize)).count();
    start..start + length
}

/// Pairs the rows of one identity: equal ones, then what is left over in its order.
fn pair(diff: &mut RowDiff, compared: &Sides, rows_a: &[IdxSize], rows_b: &[IdxSize]) {
    let (mut left_a, mut left_b) = (Vec::new(), Vec::new());
    let (mut at_a, mut at_b) = (0, 0);
    while at_a < rows_a.len() && at_b < rows_b.len() {
        let (row_a, row_b) = (rows_a[at_a] as usize, rows_b[at_b] as usize);
        let order = compared.compare(row_a, row_b);
        match order {
            Ordering::Equal => diff.matched.push((row_a, row_b)),
            Ordering::Less => left_a.push(row_a),
            Ordering::Greater => left_b.push(row_b),
        }
        at_a += usize::from(order.is_le());
        at_b += usize::from(order.is_ge());
    }
    left_a.extend(rows_a[at_a..].iter().map(|row| *row as usize));
    left_b.extend(rows_b[at_b..].iter().map(|row| *row as usize));
    let pairs = left_a.len().min(left_b.len());
    for pair in left_a.drain(..pairs).zip(left_b.drain(..pairs)) {
        diff.matched.push(pair);
        diff.changed.push(pair);
    }
    diff.removed.extend(left_a);
    diff.added.extend(left_b);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(rows: &[(i64, Option<i64>)]) -> Frame {
        let keys: Vec<_> = rows.iter().map(|row| Some(row.0)).collect();
        let values: Vec<_> = rows.iter().map(|row| row.1).collect();
        let columns = [
            ("id".parse().unwrap(), Values::integers(&keys)),
            ("x".parse().unwrap(), Values::integers(&values)),
        ];
        Frame::new(rows.len(), columns.into())
    }

    fn compare(a: &[(i64, Option<i64>)], b: &[(i64, Option<i64>)]) -> RowDiff {
        let name = |name: &str| -> ColumnName { name.parse().unwrap() };
        diff_rows(&frame(a), &frame(b), &[name("id")], &[name("x")])
    }

    #[test]
    fn added_removed_and_changed_rows_are_told_apart() {
        let found = compare(
            &[(1, Some(10)), (2, None), (3, Some(30))],
            &[(4, Some(40)), (3, Some(31)), (2, None)],
        );
        assert_eq!(found.removed, [0]);
        assert_eq!(found.added, [0]);
        assert_eq!(found.changed, [(2, 1)]);
        assert_eq!(found.matched, [(1, 2), (2, 1)]);
        assert_eq!(found.columns.values().copied().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn an_event_among_others_of_its_instant_is_one_added_row() {
        let found = compare(
            &[(1, Some(1)), (1, Some(3)), (1, Some(3))],
            &[(1, Some(1)), (1, Some(2)), (1, Some(3)), (1, Some(3))],
        );
        assert_eq!(found.added, [1]);
        assert!(found.changed.is_empty() && found.removed.is_empty());
    }

    proptest! {
        /// Against plain loops: a row of b counts as new when its identity stands more often in b.
        #[test]
        fn counts_are_those_of_plain_loops(
            a in proptest::collection::vec((0_i64..6, proptest::option::of(0_i64..3)), 0..12),
            b in proptest::collection::vec((0_i64..6, proptest::option::of(0_i64..3)), 0..12),
        ) {
            let found = compare(&a, &b);
            let (mut added, mut removed, mut changed) = (0, 0, 0);
            for id in 0..6 {
                let of = |rows: &[(i64, Option<i64>)]| -> Vec<Option<i64>> {
                    rows.iter().filter(|row| row.0 == id).map(|row| row.1).collect()
                };
                let (mut of_a, mut of_b) = (of(&a), of(&b));
                of_a.retain(|x| match of_b.iter().position(|y| x == y) {
                    Some(at) => { of_b.remove(at); false }
                    None => true,
                });
                let pairs = of_a.len().min(of_b.len());
                changed += pairs;
                removed += of_a.len() - pairs;
                added += of_b.len() - pairs;
            }
            prop_assert_eq!((found.added.len(), found.removed.len(), found.changed.len()),
                            (added, removed, changed));
            prop_assert_eq!(found.matched.len() + found.removed.len(), a.len());
            prop_assert_eq!(found.matched.len() + found.added.len(), b.len());
        }
    }
}
