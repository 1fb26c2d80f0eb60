//! The rows a check looks at.

use rayon::prelude::*;

use super::Against;
use crate::definition::ColumnName;
use crate::table::{Cell, Frame, Places, Values, row_number};

/// Rows that one thread goes through at a time.
pub const BLOCK: usize = 1 << 16;

/// A file, and the rows of it that `where` lets through.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Each column in one stretch of memory.
    pub frame: &'a Frame,
    pub places: &'a Places,
    /// The columns of the file in its own order.
    pub columns: &'a [ColumnName],
    pub against: &'a Against,
    /// True for the rows looked at; none when all are.
    pub mask: Option<&'a [bool]>,
}

impl<'a> View<'a> {
    pub fn column(&self, name: &ColumnName) -> Option<&'a Values> {
        self.frame.column(name.as_str())
    }

    /// Whether `where` lets a row through.
    pub fn lets(&self, row: usize) -> bool {
        self.mask.is_none_or(|mask| mask[row])
    }

    /// Rows that `where` lets through.
    pub fn elements(&self) -> usize {
        match self.mask {
            None => self.frame.rows(),
            Some(mask) => mask.iter().filter(|lets| **lets).count(),
        }
    }

    /// Those of them with a null in one of these columns.
    pub fn missing(&self, columns: &[&Values]) -> usize {
        match (self.mask, columns) {
            (_, []) => 0,
            (None, [column]) => column.null_count(),
            _ if columns.iter().all(|column| column.null_count() == 0) => 0,
            _ => self.rows_where(|row| is_null(columns, row)).len(),
        }
    }

    /// The rows that `where` lets through and for which `test` holds, ascending.
    pub fn rows_where(&self, test: impl Fn(usize) -> bool + Sync) -> Vec<u32> {
        let parts = self.blocks(|rows| {
            let found = rows.filter(|row| self.lets(*row) && test(*row));
            found.map(row_number).collect::<Vec<_>>()
        });
        parts.concat()
    }

    /// What a function makes of each block of rows, in the order of the rows.
    pub fn blocks<T: Send>(&self, each: impl Fn(std::ops::Range<usize>) -> T + Sync) -> Vec<T> {
        let rows = self.frame.rows();
        let block = |at: usize| each(at * BLOCK..((at + 1) * BLOCK).min(rows));
        (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .map(block)
            .collect()
    }
}

/// Whether one of these columns is null in a row.
pub fn is_null(columns: &[&Values], row: usize) -> bool {
    columns.iter().any(|column| column.cell(row) == Cell::Null)
}
