//! A table as what is other than in another one.
//!
//! A monthly export repeats most of the month before. A [`Delta`] says how the new table is made of
//! the old one: rows of the old one that are gone, rows that came, and of the rows that both have
//! the cells that are other. It is an edit of one list of rows into another and exact in their
//! order; the identity of rows only decides how short it becomes, never what it gives.
//!
//! Columns are judged one by one. One that is other in few rows is patched there. One that is other
//! in many is replaced: the row date of an export that brings every row again, an age. Both are
//! Parquet within the file of a delta; [`file`] draws its bytes.
//!
//! [`restore`] takes a whole chain of deltas. For each column it only tracks in which of all parts
//! the value of a row stands, and gathers the values once at the end: a long chain costs little
//! more than reading its bytes.

mod align;
mod file;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{IdxCa, IdxSize};
use rayon::prelude::*;

use self::align::{Alignment, align};
use super::{Cell, Frame, Values, row_number};
use crate::definition::{ColumnName, Dtype};
use crate::error::{Error, Result};

pub use file::base_of;

/// How one table is made of another. Row numbers ascend.
#[derive(Debug, Clone)]
pub struct Delta {
    /// Rows of the old table.
    base_rows: usize,
    /// Rows of the new one.
    rows: usize,
    /// Rows of the old table that the new one lacks.
    removed: Vec<IdxSize>,
    /// Rows of the new table that the old one lacks.
    added: Vec<IdxSize>,
    /// Rows of the new table that the patch is about: the added ones, and those with other cells.
    touched: Vec<IdxSize>,
    /// One row for each of `touched`. A null in a row that was not added means that the cell is as
    /// it was, except in `verbatim` columns.
    patch: Frame,
    /// Columns of the patch in which every cell is the new one: some became null.
    verbatim: BTreeSet<ColumnName>,
    /// Columns that are other in many rows, with all rows of the new table.
    replaced: Frame,
}

/// A column is replaced when it is other in more than one of so many rows: then the numbers of the
/// rows cost as much as the values that stayed.
const REPLACED_FROM: usize = 4;

impl Delta {
    /// What is other in `new` than in `base`; none where they differ in their columns or types.
    ///
    /// `identity` are columns by which both are sorted, as far as that is so: rows are taken for
    /// the same where these are equal.
    pub fn between(base: &Frame, new: &Frame, identity: &[ColumnName]) -> Option<Self> {
        let types = |frame: &Frame| -> Vec<(ColumnName, Dtype)> {
            let columns = frame.columns().iter();
            columns.map(|(name, v)| (name.clone(), v.dtype())).collect()
        };
        if types(base) != types(new) {
            return None;
        }
        let alignment = align(base, new, identity);
        let pairs: Vec<_> = base.columns().iter().zip(new.columns().values()).collect();
        let changes: Vec<(&ColumnName, Vec<IdxSize>)> = pairs
            .into_par_iter()
            .map(|((name, old), new)| (name, changed_rows(old, new, &alignment)))
            .collect();
        let few = alignment.pairs.len() / REPLACED_FROM;
        let (patched, replaced): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|(_, rows)| rows.len() <= few);
        let replaced = new.select(replaced.into_iter().map(|(name, _)| name));
        let touched = touched(new.rows(), &alignment.added, &patched);
        let mut delta = Self {
            base_rows: base.rows(),
            rows: new.rows(),
            removed: alignment.removed,
            added: alignment.added,
            patch: Frame::new(touched.len(), BTreeMap::new()),
            touched,
            verbatim: BTreeSet::new(),
            replaced,
        };
        delta.patch_columns(new, &patched);
        Some(delta)
    }

    fn patch_columns(&mut self, new: &Frame, patched: &[(&ColumnName, Vec<IdxSize>)]) {
        let mut columns = BTreeMap::new();
        for (name, rows) in patched {
            if rows.is_empty() && self.added.is_empty() {
                continue;
            }
            let values = &new.columns()[*name];
            let is_null = |row: &IdxSize| values.cell(*row as usize) == Cell::Null;
            if rows.iter().any(is_null) {
                self.verbatim.insert((*name).clone());
            }
            let all = self.verbatim.contains(*name);
            let (mut added, mut changed) = (Ascending(&self.added), Ascending(rows));
            let cells: Vec<Option<IdxSize>> = self
                .touched
                .iter()
                .map(|row| {
                    let (is_added, is_changed) = (added.has(*row), changed.has(*row));
                    (all || is_added || is_changed).then_some(*row)
                })
                .collect();
            columns.insert((*name).clone(), values.gather(&cells));
        }
        self.patch = Frame::new(self.touched.len(), columns);
    }

    /// For each row of the new table its row in the old one, [`CAME`] where it has none; nothing
    /// where all rows stayed in their places.
    fn origins(&self) -> Option<Vec<IdxSize>> {
        if self.removed.is_empty() && self.added.is_empty() {
            return None;
        }
        let mut removed = Ascending(&self.removed);
        let mut stayed = (0..row_number(self.base_rows)).filter(|row| !removed.has(*row));
        let mut added = Ascending(&self.added);
        let origin = (0..row_number(self.rows)).map(|row| match added.has(row) {
            true => CAME,
            false => stayed.next().unwrap_or(CAME),
        });
        Some(origin.collect())
    }
}

/// In place of a row number: the row was not there before.
const CAME: IdxSize = IdxSize::MAX;

/// Ascending row numbers, asked for in ascending order.
struct Ascending<'a>(&'a [IdxSize]);

impl Ascending<'_> {
    fn has(&mut self, row: IdxSize) -> bool {
        let found = self.0.first() == Some(&row);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }
}

/// The rows of the new table in which a column of rows that stayed is other.
fn changed_rows(old: &Values, new: &Values, alignment: &Alignment) -> Vec<IdxSize> {
    let pairs = alignment.pairs.iter();
    let other = |(a, b): &&(IdxSize, IdxSize)| old.cell(*a as usize) != new.cell(*b as usize);
    pairs.filter(other).map(|(_, row)| *row).collect()
}

fn touched(
    rows: usize,
    added: &[IdxSize],
    patched: &[(&ColumnName, Vec<IdxSize>)],
) -> Vec<IdxSize> {
    let mut is_touched = vec![false; rows];
    let changed = patched.iter().flat_map(|(_, rows)| rows);
    for row in added.iter().chain(changed) {
        is_touched[*row as usize] = true;
    }
    let numbers = (0..row_number(rows)).zip(is_touched);
    numbers
        .filter_map(|(row, touched)| touched.then_some(row))
        .collect()
}

/// The table that a chain of deltas makes of `base`, the first delta first.
///
/// # Errors
/// A failure when a delta is none of the table before it.
pub fn restore(base: &Frame, deltas: &[Delta]) -> Result<Frame> {
    let mut columns: Vec<Column> = base.columns().iter().map(Column::new).collect();
    let mut rows = base.rows();
    for delta in deltas {
        let patched = delta.patch.columns().keys();
        let mut named = patched.chain(delta.replaced.columns().keys());
        if delta.base_rows != rows || !named.all(|name| base.column(name.as_str()).is_some()) {
            return Err(unfit());
        }
        rows = delta.rows;
        let origins = delta.origins();
        columns
            .par_iter_mut()
            .try_for_each(|column| column.apply(delta, origins.as_deref()))?;
    }
    let columns = columns
        .into_par_iter()
        .map(|column| (column.name.clone(), column.values()))
        .collect();
    Ok(Frame::new(rows, columns))
}

fn unfit() -> Error {
    Error::failure("the changes of a stored table are not those of the table before it")
}

/// A column while it is restored.
struct Column<'a> {
    name: &'a ColumnName,
    dtype: Dtype,
    /// Where values stand: the whole column first, then the patches.
    parts: Vec<Values>,
    /// How many values all parts have.
    length: usize,
    /// For each row the place of its value in all parts; none while that is its own number.
    places: Option<Vec<IdxSize>>,
}

impl<'a> Column<'a> {
    fn new((name, values): (&'a ColumnName, &Values)) -> Self {
        Self {
            name,
            dtype: values.dtype(),
            parts: vec![values.clone()],
            length: values.len(),
            places: None,
        }
    }

    fn apply(&mut self, delta: &Delta, origins: Option<&[IdxSize]>) -> Result<()> {
        if let Some(values) = self.part(&delta.replaced)? {
            self.length = values.len();
            self.parts = vec![values];
            self.places = None;
            return Ok(());
        }
        if let Some(origins) = origins {
            let before = self.places.take();
            let place = |row: &IdxSize| match &before {
                Some(before) if *row != CAME => before[*row as usize],
                _ => *row,
            };
            self.places = Some(origins.iter().map(place).collect());
        }
        match self.part(&delta.patch)? {
            Some(values) => self.patch(delta, values),
            None if delta.added.is_empty() => {}
            None => return Err(unfit()),
        }
        Ok(())
    }

    fn part(&self, frame: &Frame) -> Result<Option<Values>> {
        let found = frame.column(self.name.as_str());
        match found.is_none_or(|values| values.dtype() == self.dtype) {
            true => Ok(found.cloned()),
            false => Err(unfit()),
        }
    }

    fn patch(&mut self, delta: &Delta, values: Values) {
        let verbatim = delta.verbatim.contains(self.name);
        let places = self
            .places
            .get_or_insert_with(|| (0..row_number(delta.rows)).collect());
        let mut added = Ascending(&delta.added);
        for (at, row) in delta.touched.iter().enumerate() {
            let is_added = added.has(*row);
            if is_added || verbatim || values.cell(at) != Cell::Null {
                places[*row as usize] = row_number(self.length + at);
            }
        }
        self.length += values.len();
        self.parts.push(values);
    }

    fn values(self) -> Values {
        let all = match self.parts.as_slice() {
            [whole] => whole.clone(),
            parts => Values::concat_all(self.dtype, parts),
        };
        match self.places {
            None => all,
            Some(places) => all.take(&IdxCa::from_vec("".into(), places)),
        }
    }
}
