//! Raw feature values, as the training set or a request holds them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::definition::Dtype;

/// One feature's values for some rows, in row order.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureColumn {
    /// The full name, `table.feature`.
    pub name: String,
    pub values: FeatureValues,
}

/// The values of one feature; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureValues {
    /// i64 and f64 as they are, dates in days and datetimes in microseconds since 1970. Finite.
    Numeric(Vec<Option<f64>>),
    /// Strings, and bools as `true` and `false`.
    Categorical(Vec<Option<String>>),
}

/// How a feature is treated; decided by its dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    Numeric,
    Categorical,
}

impl FeatureKind {
    /// Of a feature of a type.
    pub const fn of(dtype: Dtype) -> Self {
        match dtype {
            Dtype::String | Dtype::Bool => Self::Categorical,
            Dtype::I64 | Dtype::F64 | Dtype::Date | Dtype::Datetime => Self::Numeric,
        }
    }
}

impl fmt::Display for FeatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
        })
    }
}

impl FeatureColumn {
    pub fn numeric(name: impl Into<String>, values: Vec<Option<f64>>) -> Self {
        Self {
            name: name.into(),
            values: FeatureValues::Numeric(values),
        }
    }

    pub fn categorical(name: impl Into<String>, values: Vec<Option<String>>) -> Self {
        Self {
            name: name.into(),
            values: FeatureValues::Categorical(values),
        }
    }

    pub fn kind(&self) -> FeatureKind {
        match self.values {
            FeatureValues::Numeric(_) => FeatureKind::Numeric,
            FeatureValues::Categorical(_) => FeatureKind::Categorical,
        }
    }

    pub fn rows(&self) -> usize {
        match &self.values {
            FeatureValues::Numeric(values) => values.len(),
            FeatureValues::Categorical(values) => values.len(),
        }
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        match &self.values {
            FeatureValues::Numeric(values) => values[row].is_none(),
            FeatureValues::Categorical(values) => values[row].is_none(),
        }
    }
}
