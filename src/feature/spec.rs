//! What a feature is: all that decides its values, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::definition::{
    Age, ColumnName, Dtype, Expression, FeatureName, Table, TableName, Windowed,
};
use crate::hash::{ContentHash, ContentHasher, Digest, FeatureHash};

/// One feature of one table, self-contained: what is stored beside materialized values and models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureSpec {
    pub table: TableName,
    /// The column's name, or that of the derived feature.
    pub feature: ColumnName,
    pub source: FeatureSource,
    /// The column that says which entity a row is about.
    pub key: ColumnName,
    /// Event tables: the column with the instant of each row.
    pub timestamp: Option<ColumnName>,
    /// The column with the instant at which each row became known.
    pub created: Option<ColumnName>,
    /// Counted from the row's date, or from its instant; none: never expires.
    pub ttl: Option<Age>,
    pub dtype: Dtype,
}

/// Where a feature's values come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureSource {
    /// The column of the feature's name, as it is.
    Column,
    /// An expression over the columns of one row.
    Derived(Expression),
    /// An aggregate over the events of a window.
    Windowed(Windowed),
    /// An expression over windowed features, and over the columns of one row.
    Combined {
        expression: Expression,
        /// The windowed features it reads, by the names it has for them.
        windowed: BTreeMap<ColumnName, Windowed>,
    },
}

impl FeatureSource {
    /// A derived feature of a table with these windowed ones.
    pub fn derived(expression: Expression, windowed: &BTreeMap<ColumnName, Windowed>) -> Self {
        let read = expression.columns().iter();
        let read = read.filter_map(|name| windowed.get_key_value(name));
        let windowed: BTreeMap<_, _> = read.map(|(n, w)| (n.clone(), w.clone())).collect();
        match windowed.is_empty() {
            true => Self::Derived(expression),
            false => Self::Combined {
                expression,
                windowed,
            },
        }
    }

    /// The time to live of such a feature, of what its table says: a window says by itself how old
    /// an event may be, so what comes from windows alone never expires.
    pub fn ttl(&self, of_table: Option<Age>) -> Option<Age> {
        match self {
            Self::Windowed(_) => None,
            Self::Combined {
                expression,
                windowed,
            } => {
                let of_row = |name: &ColumnName| !windowed.contains_key(name);
                of_table.filter(|_| expression.columns().iter().any(of_row))
            }
            Self::Column | Self::Derived(_) => of_table,
        }
    }
}

impl FeatureSpec {
    /// The feature of that name; none when the table does not offer it.
    pub fn of(table: &Table, feature: &ColumnName) -> Option<Self> {
        let offered = &table.features;
        let (source, dtype) = if let Some(expression) = offered.derived.get(feature) {
            (
                FeatureSource::derived(expression.clone(), &offered.windowed),
                expression.dtype(),
            )
        } else if let Some(windowed) = offered.windowed.get(feature) {
            (FeatureSource::Windowed(windowed.clone()), windowed.dtype())
        } else if offered.columns.contains(feature) {
            (FeatureSource::Column, table.columns.get(feature)?.dtype)
        } else {
            return None;
        };
        Some(Self {
            table: table.name.clone(),
            feature: feature.clone(),
            ttl: source.ttl(offered.ttl),
            source,
            key: table.key.clone(),
            timestamp: table.source.timestamp.clone(),
            created: table.source.created.clone(),
            dtype,
        })
    }

    /// `TABLE.FEATURE`.
    pub fn name(&self) -> FeatureName {
        FeatureName::new(self.table.clone(), self.feature.clone())
    }

    pub fn hash(&self) -> FeatureHash {
        FeatureHash::of(self)
    }

    /// The columns of values it reads, in bytewise order, each once.
    pub fn columns(&self) -> Vec<&ColumnName> {
        match &self.source {
            FeatureSource::Column => vec![&self.feature],
            FeatureSource::Derived(expression) => expression.columns().iter().collect(),
            FeatureSource::Windowed(windowed) => windowed.columns().into_iter().collect(),
            FeatureSource::Combined {
                expression,
                windowed,
            } => {
                let of_row = expression.columns().iter();
                let of_row = of_row.filter(|name| !windowed.contains_key(*name));
                let of_events = windowed.values().flat_map(Windowed::columns);
                of_row
                    .chain(of_events)
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect()
            }
        }
    }
}

/// The fields in the order of the struct; of `source` 0, or 1 and the expression, or 2 and the
/// aggregate, or 3, the expression and the aggregates by name; `ttl` in microseconds.
impl ContentHash for FeatureSpec {
    fn feed(&self, hasher: &mut ContentHasher) {
        let text = |name: &ColumnName| name.as_str().to_string();
        hasher.text(self.table.as_str());
        hasher.text(self.feature.as_str());
        self.source.feed(hasher);
        hasher.text(self.key.as_str());
        self.timestamp.as_ref().map(text).feed(hasher);
        self.created.as_ref().map(text).feed(hasher);
        self.ttl.map(Age::microseconds).feed(hasher);
        hasher.text(self.dtype.as_str());
    }
}

impl ContentHash for FeatureSource {
    fn feed(&self, hasher: &mut ContentHasher) {
        match self {
            Self::Column => hasher.byte(0),
            Self::Derived(expression) => {
                hasher.byte(1);
                expression.feed(hasher);
            }
            Self::Windowed(windowed) => {
                hasher.byte(2);
                windowed.feed(hasher);
            }
            Self::Combined {
                expression,
                windowed,
            } => {
                hasher.byte(3);
                expression.feed(hasher);
                hasher.count(windowed.len());
                for (name, windowed) in windowed {
                    hasher.text(name.as_str());
                    windowed.feed(hasher);
                }
            }
        }
    }
}
