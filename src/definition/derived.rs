//! A feature that an experiment derives from several others, of any tables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ColumnName, DerivedName, Dtype, Expression, ExpressionError};

/// An expression over features by their full names, with the name it has among what a model takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct DerivedFeature {
    pub name: DerivedName,
    /// Reads at least one feature; its columns are full names.
    pub expression: Expression,
}

impl DerivedFeature {
    /// Reads an expression over `features`, which are named in full. `unknown` says what to do about a name
    /// that is none of them, where it knows more than which of them is like it.
    pub fn parse(
        name: DerivedName,
        text: &str,
        features: &BTreeMap<ColumnName, Dtype>,
        unknown: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ExpressionError> {
        let expression = Expression::parse_over_features(text, features, unknown)?;
        let refuse = |message: &str, label: &str| {
            Err(ExpressionError {
                message: message.into(),
                label: label.into(),
                range: 0..text.len(),
            })
        };
        if expression.columns().is_empty() {
            return refuse(
                "this expression reads no feature",
                "it has one value in all rows, from which nothing can be learned",
            );
        }
        if matches!(expression.dtype(), Dtype::Date | Dtype::Datetime) {
            return refuse(
                "this expression gives a date",
                "a model takes numbers, strings and bools: take a part of it, such as EXTRACT(MONTH FROM …)",
            );
        }
        Ok(Self { name, expression })
    }
}

/// As it stands in model files: enough to read it again.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: DerivedName,
    sql: String,
    features: BTreeMap<ColumnName, Dtype>,
}

impl From<DerivedFeature> for Written {
    fn from(derived: DerivedFeature) -> Self {
        Self {
            name: derived.name,
            sql: derived.expression.as_str().to_string(),
            features: derived.expression.inputs(),
        }
    }
}

impl TryFrom<Written> for DerivedFeature {
    type Error = ExpressionError;

    fn try_from(written: Written) -> Result<Self, ExpressionError> {
        Self::parse(written.name, &written.sql, &written.features, &|_| None)
    }
}
