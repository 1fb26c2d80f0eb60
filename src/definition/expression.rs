//! SQL scalar expressions of derived features: parsed, checked, and written back in one form.

use std::collections::BTreeMap;
use std::ops::Range;

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
    pub fn of_column(column: &ColumnName) -> String {
        column.to_string()
    }

    /// Placeholder: takes any text as an f64 that reads the columns whose names are its words.
    pub fn parse(
        text: &str,
        columns: &BTreeMap<ColumnName, Dtype>,
    ) -> Result<Self, ExpressionError> {
        if let Some(at) = text.find("???") {
            return Err(ExpressionError {
                message: "placeholder".into(),
                label: "placeholder".into(),
                range: at..at + 3,
            });
        }
        let words: Vec<_> = text
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        let read = columns.keys().filter(|name| words.contains(&name.as_str()));
        Ok(Self {
            text: text.to_string(),
            columns: read.cloned().collect(),
            dtype: Dtype::F64,
        })
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

/// Why a text is no expression, and which bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    pub message: String,
    pub label: String,
    /// Bytes of the text.
    pub range: Range<usize>,
}
