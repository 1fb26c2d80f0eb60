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
    /// An expression that needs a request: over what it says, over windowed features, and over the
    /// columns of one row.
    OnDemand {
        expression: Expression,
        /// The windowed features it reads, by the names it has for them.
        windowed: BTreeMap<ColumnName, Windowed>,
        /// What it reads of the request, with the types. Never empty.
        request: BTreeMap<ColumnName, Dtype>,
    },
}

/// What features that need no request need of it.
static NOTHING: BTreeMap<ColumnName, Dtype> = BTreeMap::new();

impl FeatureSource {
    /// A derived feature of a table with these windowed ones, where this may come with a request.
    pub fn derived(
        expression: Expression,
        windowed: &BTreeMap<ColumnName, Windowed>,
        request: &BTreeMap<ColumnName, Dtype>,
    ) -> Self {
        let windowed = read_by(&expression, windowed);
        let request = read_by(&expression, request);
        match (windowed.is_empty(), request.is_empty()) {
            (true, true) => Self::Derived(expression),
            (false, true) => Self::Combined {
                expression,
                windowed,
            },
            (_, false) => Self::OnDemand {
                expression,
                windowed,
                request,
            },
        }
    }

    /// The time to live of such a feature, of what its table says: a window says by itself how old
    /// an event may be, and a request is of now, so only what comes from rows expires.
    pub fn ttl(&self, of_table: Option<Age>) -> Option<Age> {
        match self {
            Self::Windowed(_) => None,
            Self::Combined { expression, .. } | Self::OnDemand { expression, .. } => {
                of_table.filter(|_| self.columns_of_row(expression).next().is_some())
            }
            Self::Column | Self::Derived(_) => of_table,
        }
    }

    /// What it needs of a request, with the types.
    pub fn request(&self) -> &BTreeMap<ColumnName, Dtype> {
        match self {
            Self::OnDemand { request, .. } => request,
            _ => &NOTHING,
        }
    }

    /// The columns of one row that its expression reads.
    fn columns_of_row<'a>(
        &'a self,
        expression: &'a Expression,
    ) -> impl Iterator<Item = &'a ColumnName> {
        let (windowed, request) = match self {
            Self::Combined { windowed, .. } => (Some(windowed), None),
            Self::OnDemand {
                windowed, request, ..
            } => (Some(windowed), Some(request)),
            Self::Column | Self::Derived(_) | Self::Windowed(_) => (None, None),
        };
        expression.columns().iter().filter(move |name| {
            let is_windowed = windowed.is_some_and(|windowed| windowed.contains_key(*name));
            let is_requested = request.is_some_and(|request| request.contains_key(*name));
            !is_windowed && !is_requested
        })
    }
}

/// Those of a map that an expression reads.
fn read_by<T: Clone>(
    expression: &Expression,
    offered: &BTreeMap<ColumnName, T>,
) -> BTreeMap<ColumnName, T> {
    let read = expression.columns().iter();
    let read = read.filter_map(|name| offered.get_key_value(name));
    read.map(|(name, what)| (name.clone(), what.clone()))
        .collect()
}

impl FeatureSpec {
    /// The feature of that name; none when the table does not offer it.
    pub fn of(table: &Table, feature: &ColumnName) -> Option<Self> {
        let offered = &table.features;
        let (source, dtype) = if let Some(expression) = offered.derived.get(feature) {
            (
                FeatureSource::derived(expression.clone(), &offered.windowed, &offered.request),
                expression.dtype(),
            )
        } else if let Some(windowed) = offered.windowed.get(feature) {
            (FeatureSource::Windowed(windowed.clone()), windowed.dtype())
        } else if offered.columns.contains(feature) {
            (FeatureSource::Column, table.columns.get(feature)?.dtype)
        } else if let Some(dtype) = offered.request.get(feature) {
            let expression = Expression::column(feature.clone(), *dtype);
            let source = FeatureSource::derived(expression, &offered.windowed, &offered.request);
            (source, *dtype)
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
        let columns: BTreeSet<&ColumnName> = match &self.source {
            FeatureSource::Column => BTreeSet::from([&self.feature]),
            FeatureSource::Derived(expression) => expression.columns().iter().collect(),
            FeatureSource::Windowed(windowed) => windowed.columns().into_iter().collect(),
            FeatureSource::Combined {
                expression,
                windowed,
            }
            | FeatureSource::OnDemand {
                expression,
                windowed,
                ..
            } => {
                let of_row = self.source.columns_of_row(expression);
                of_row
                    .chain(windowed.values().flat_map(Windowed::columns))
                    .collect()
            }
        };
        columns.into_iter().collect()
    }

    /// Whether its values need a request.
    pub fn is_on_demand(&self) -> bool {
        !self.source.request().is_empty()
    }

    /// What a feature on demand reads of the table's rows, each as a feature of its own: what is
    /// known before a request comes. Empty for other features.
    pub fn known_before(&self) -> Vec<Self> {
        let FeatureSource::OnDemand {
            expression,
            windowed,
            request,
        } = &self.source
        else {
            return Vec::new();
        };
        let inputs = expression.inputs().into_iter();
        let known = inputs.filter(|(name, _)| !request.contains_key(name));
        known
            .map(|(feature, dtype)| {
                let source = windowed.get(&feature).cloned();
                let source = source.map_or(FeatureSource::Column, FeatureSource::Windowed);
                Self {
                    feature,
                    dtype,
                    ttl: source.ttl(self.ttl),
                    source,
                    ..self.clone()
                }
            })
            .collect()
    }
}

/// The fields in the order of the struct; of `source` its number and its fields in their order;
/// `ttl` in microseconds.
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
            Self::OnDemand {
                expression,
                windowed,
                request,
            } => {
                hasher.byte(4);
                expression.feed(hasher);
                hasher.count(windowed.len());
                for (name, windowed) in windowed {
                    hasher.text(name.as_str());
                    windowed.feed(hasher);
                }
                hasher.count(request.len());
                for (name, dtype) in request {
                    hasher.text(name.as_str());
                    hasher.text(dtype.as_str());
                }
            }
        }
    }
}
