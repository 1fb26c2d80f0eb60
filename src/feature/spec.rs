//! What a feature is: all that decides its values, and nothing else.

use serde::{Deserialize, Serialize};

use crate::definition::{Age, ColumnName, Dtype, Expression, FeatureName, Table, TableName};
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
}

impl FeatureSpec {
    /// The feature of that name; none when the table does not offer it.
    pub fn of(table: &Table, feature: &ColumnName) -> Option<Self> {
        let offered = &table.features;
        let (source, dtype) = if let Some(expression) = offered.derived.get(feature) {
            (
                FeatureSource::Derived(expression.clone()),
                expression.dtype(),
            )
        } else if offered.columns.contains(feature) {
            (FeatureSource::Column, table.columns.get(feature)?.dtype)
        } else {
            return None;
        };
        Some(Self {
            table: table.name.clone(),
            feature: feature.clone(),
            source,
            key: table.key.clone(),
            timestamp: table.source.timestamp.clone(),
            created: table.source.created.clone(),
            ttl: offered.ttl,
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
        }
    }
}

/// The fields in the order of the struct; of `source` 0, or 1 and the expression; `ttl` in
/// microseconds.
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
        }
    }
}
