//! What encoding gives: numbers, and a note of what was null.

use crate::learn::{FeatureColumn, Matrix};

/// Encoded rows, and which of their values were null.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    pub matrix: Matrix,
    pub imputed: Imputed,
}

/// The nulls that were filled or encoded as a category of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imputed {
    names: Vec<String>,
    /// (row, index into `names`), sorted.
    cells: Vec<(u32, u32)>,
}

impl Imputed {
    /// Finds the nulls of `columns`, which stand in name order.
    pub(super) fn of(columns: &[&FeatureColumn], rows: usize) -> Self {
        let mut cells: Vec<(u32, u32)> = Vec::new();
        for (feature, column) in columns.iter().enumerate() {
            let null_rows = (0..rows).filter(|&row| column.is_null(row));
            cells.extend(null_rows.map(|row| (row as u32, feature as u32)));
        }
        cells.sort_unstable();
        Self {
            names: columns.iter().map(|column| column.name.clone()).collect(),
            cells,
        }
    }

    /// The features that were null in `row`, in name order.
    pub fn of_row(&self, row: usize) -> impl Iterator<Item = &str> {
        let start = self.cells.partition_point(|cell| (cell.0 as usize) < row);
        self.cells[start..]
            .iter()
            .take_while(move |cell| cell.0 as usize == row)
            .map(|cell| self.names[cell.1 as usize].as_str())
    }

    /// How many cells were null.
    pub fn count(&self) -> usize {
        self.cells.len()
    }
}
