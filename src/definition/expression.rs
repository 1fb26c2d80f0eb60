//! SQL scalar expressions of derived features: parsed, checked, and written back in one form.

use super::{ColumnName, Dtype};

/// A scalar expression over the columns of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The expression in canonical spelling: what is hashed and locked.
    text: String,
    columns: Vec<ColumnName>,
    dtype: Dtype,
}

impl Expression {
    /// The canonical text of a column alone.
    pub fn of_column(_column: &ColumnName) -> String {
        unimplemented!()
    }

    /// The canonical spelling, the same for every layout of the same expression.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The columns it reads, in bytewise order, each once.
    pub fn columns(&self) -> &[ColumnName] {
        &self.columns
    }

    /// What it gives.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }
}
