//! `features/TABLE.toml`: one source table with its columns, checks and features.

use std::collections::BTreeMap;

use super::expression::{Expression, Windowed};
use super::{Age, AsOf, Check, ColumnName, EntityName, Origin, Query, TableName};

#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub name: TableName,
    pub entity: EntityName,
    /// The entity's key column, looked up in the project.
    pub key: ColumnName,
    pub description: String,
    pub source: Source,
    /// Every column a file has, the key among them.
    pub columns: BTreeMap<ColumnName, Column>,
    /// One rule each, in the order of the file.
    pub checks: Vec<Check>,
    pub features: Features,
    pub origin: Origin,
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Relative to the project root, with `/`; may hold `{as_of}`. Of a query, its name.
    pub path: String,
    /// Of a query, that of what was read.
    pub format: Format,
    /// What is asked of a database, where rows come from one.
    pub query: Option<Query>,
    pub mode: Mode,
    /// The column with the instant of each row; then rows are events and keys repeat.
    pub timestamp: Option<ColumnName>,
    /// The column with the instant at which each row became known.
    pub created: Option<ColumnName>,
}

impl Source {
    /// The placeholder for the date in `path`.
    pub const AS_OF: &'static str = "{as_of}";

    pub fn is_dated(&self) -> bool {
        match &self.query {
            Some(query) => query.is_dated(),
            None => self.path.contains(Self::AS_OF),
        }
    }

    /// The path of the file of one date; of a query, its name.
    pub fn path_at(&self, as_of: AsOf) -> String {
        self.path.replace(Self::AS_OF, &as_of.to_string())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    Csv(CsvDialect),
    Parquet,
}

/// How a CSV file is written; the defaults are RFC 4180 in UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvDialect {
    /// One ASCII byte; default `,`.
    pub delimiter: u8,
    /// `.` or `,`; default `.`.
    pub decimal: char,
    /// A label of the WHATWG encoding standard; default `utf-8`.
    pub encoding: String,
    /// Texts that mean null, beside the empty text.
    pub null: Vec<String>,
    /// Texts that mean true; default `true`, `True`, `1`.
    pub r#true: Vec<String>,
    /// Texts that mean false; default `false`, `False`, `0`.
    pub r#false: Vec<String>,
}

/// How the file of a date stands to the files before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A row replaces the live row of the same key.
    Upsert,
    /// The newest file is the whole table.
    Replace,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    String,
    Bool,
    I64,
    F64,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since 1970-01-01T00:00Z.
    Datetime,
}

impl Dtype {
    pub const ALL: [Self; 6] = [
        Self::String,
        Self::Bool,
        Self::I64,
        Self::F64,
        Self::Date,
        Self::Datetime,
    ];

    /// The word in `[columns]`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Bool => "bool",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Date => "date",
            Self::Datetime => "datetime",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub dtype: Dtype,
    /// Files of earlier dates may lack the column: its values are null there.
    pub since: Option<AsOf>,
}

/// What a table offers to experiments. Empty for a table without `[features]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Features {
    /// Counted from a row's date; none: never expires.
    pub ttl: Option<Age>,
    /// Columns taken as they are; `["*"]` already expanded to all but the key.
    pub columns: Vec<ColumnName>,
    /// SQL scalar expressions over the columns of one row, windowed features and requests.
    pub derived: BTreeMap<ColumnName, Expression>,
    /// Aggregates over the events of a window; only of event tables. None has the name of a column.
    pub windowed: BTreeMap<ColumnName, Windowed>,
    /// What comes with a request, with its type; in training, the column of that name in the table
    /// of the labels. None has the name of a column.
    pub request: BTreeMap<ColumnName, Dtype>,
}

impl Features {
    /// All names on offer, in bytewise order.
    pub fn names(&self) -> Vec<&ColumnName> {
        let mut names: Vec<_> = self
            .columns
            .iter()
            .chain(self.derived.keys())
            .chain(self.windowed.keys())
            .chain(self.request.keys())
            .collect();
        names.sort();
        names
    }

    /// What a feature needs of a request.
    pub fn requested(&self, feature: &ColumnName) -> BTreeMap<ColumnName, Dtype> {
        let needs = |name: &ColumnName| match self.derived.get(feature) {
            Some(expression) => expression.columns().contains(name),
            None => name == feature,
        };
        let request = self.request.iter().filter(|(name, _)| needs(name));
        request
            .map(|(name, dtype)| (name.clone(), *dtype))
            .collect()
    }
}
