//! A dense table of numbers.

/// `rows` × `columns` numbers, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// # Panics
    /// When `values` does not hold `rows × columns` numbers: a mistake of the caller.
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Self {
        assert_eq!(Some(values.len()), rows.checked_mul(columns));
        Self {
            rows,
            columns,
            values,
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All numbers, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The same, given away.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// The numbers of one column, from the first row to the last.
    pub fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        (0..self.rows).map(move |row| self.values[row * self.columns + column])
    }

    /// A matrix of the rows at `indexes`, in that order.
    pub fn select_rows(&self, indexes: &[usize]) -> Self {
        let mut values = Vec::with_capacity(indexes.len() * self.columns);
        for &row in indexes {
            values.extend_from_slice(self.row(row));
        }
        Self::new(indexes.len(), self.columns, values)
    }
}
