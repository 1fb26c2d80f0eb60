//! `[[checks]]`: one rule over an incoming file, and what happens when it does not hold.

use super::{Age, ColumnName, Dtype, Expression, TableName, Value};

/// One rule over an incoming file.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The columns it looks at: one for most rules, several for some, none for a rule about the
    /// whole file.
    pub columns: Vec<ColumnName>,
    pub rule: Rule,
    /// `where`: a condition in SQL. Rows for which it is not true are not looked at.
    pub filter: Option<Expression>,
    /// Share of the rows looked at that must keep the rule, 0 to 1; default 1.
    pub mostly: f64,
    pub severity: Severity,
    /// So many broken rows are a warning. With this or `fail`, thresholds decide in place of
    /// `mostly`.
    pub warn: Option<Threshold>,
    /// So many broken rows refuse the file.
    pub fail: Option<Threshold>,
}

impl Check {
    /// Whether thresholds decide, in place of `mostly`.
    pub fn has_thresholds(&self) -> bool {
        self.warn.is_some() || self.fail.is_some()
    }

    /// The one column it looks at.
    pub fn column(&self) -> Option<&ColumnName> {
        match self.columns.as_slice() {
            [column] => Some(column),
            _ => None,
        }
    }

    /// What the check needs of another table.
    pub fn reference(&self) -> Option<Reference<'_>> {
        match &self.rule {
            Rule::ExistsIn { table, column } => Some(Reference {
                table,
                column: Some(column),
            }),
            Rule::RowCountEquals(table) => Some(Reference {
                table,
                column: None,
            }),
            _ => None,
        }
    }

    /// The block as TOML holds it, defaults left out: keys, joined by dots where they lie in a
    /// table of their own, with their values.
    pub fn block(&self) -> Vec<(String, Value)> {
        let text = |name: &ColumnName| Value::Text(name.to_string());
        let mut block = Vec::new();
        let mut put = |key: &str, value| block.push((key.to_string(), value));
        match self.columns.as_slice() {
            [] => {}
            [column] => put("column", text(column)),
            columns => put("columns", Value::List(columns.iter().map(text).collect())),
        }
        for (below, value) in self.rule.values() {
            match below {
                "" => put(self.rule.key(), value),
                below => put(&format!("{}.{below}", self.rule.key()), value),
            }
        }
        if let Some(filter) = &self.filter {
            put("where", Value::Text(filter.to_string()));
        }
        if self.mostly < 1.0 {
            put("mostly", Value::Float(self.mostly));
        }
        for (key, threshold) in [("warn", self.warn), ("fail", self.fail)] {
            match threshold {
                Some(Threshold::Count(count)) => put(&format!("{key}.count"), integer(count)),
                Some(Threshold::Share(share)) => {
                    put(&format!("{key}.share"), Value::Float(share));
                }
                None => {}
            }
        }
        let is_default = match self.has_thresholds() {
            true => self.severity != Severity::Quarantine,
            false => self.severity == Severity::Fail,
        };
        if !is_default {
            put("severity", Value::Text(self.severity.as_str().into()));
        }
        block
    }
}

fn integer(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Another table that a check looks into, as of the date of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    pub table: &'a TableName,
    /// None where only its rows are counted.
    pub column: Option<&'a ColumnName>,
}

/// How much may break before something happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// So many rows, 1 or more.
    Count(u64),
    /// Such a share of the rows looked at, above 0 and at most 1.
    Share(f64),
}

/// A lowest and a highest value, both allowed; none where that side is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    pub low: Option<Value>,
    pub high: Option<Value>,
}

impl Bounds {
    /// `[low, high]`, or `min` or `max` alone.
    fn values(&self) -> Vec<(&'static str, Value)> {
        match (&self.low, &self.high) {
            (Some(low), Some(high)) => vec![("", Value::List(vec![low.clone(), high.clone()]))],
            (low, high) => {
                let low = low.iter().map(|low| ("min", low.clone()));
                low.chain(high.iter().map(|high| ("max", high.clone())))
                    .collect()
            }
        }
    }
}

/// What a check demands. Rules of the first part are kept or broken by each row, those of the
/// second hold or do not.
///
/// Values are of the column's own dtype: `Integer` for i64, `Float` for f64, `Text` in ISO form for
/// date and datetime. A row with a null in a column that is looked at keeps every rule but
/// `NotNull`: it is not looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    NotNull,
    /// No value, or no combination of values, occurs twice.
    Unique,
    Between(Bounds),
    InSet(Vec<Value>),
    NotInSet(Vec<Value>),
    /// The text has a part that matches.
    Regex(String),
    /// Unicode scalar values of the text.
    Length(Bounds),
    /// The text is a date in a form of `strptime`.
    DateFormat(String),
    /// The value can be read as one of this dtype.
    Dtype(Dtype),
    /// No value is less than the one before it in the file.
    Increasing,
    /// Every value is greater than the one before it in the file.
    StrictlyIncreasing,
    /// The value is greater than that of another column in the row.
    GreaterThan(ColumnName),
    /// The value is at least that of another column in the row.
    AtLeast(ColumnName),
    /// The sum of several columns in the row.
    RowSum(Bounds),
    /// A condition that is not false.
    Sql(Expression),
    /// The value stands in a column of another table.
    ExistsIn {
        table: TableName,
        column: ColumnName,
    },

    /// A number that is computed of the whole column, or of the whole file.
    Statistic(Statistic, Bounds),
    /// The distinct values of the column, held against a set.
    Distinct(SetRelation, Vec<Value>),
    /// The file has as many rows as the file of that date of another table.
    RowCountEquals(TableName),
    /// The file has these columns, in any order.
    ColumnSet(Vec<ColumnName>),
    /// The file has these columns, in this order.
    ColumnOrder(Vec<ColumnName>),
    /// The newest value is at most this much older than the end of the file's date.
    Freshness(Age),
}

/// A number computed of many values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    Min,
    Max,
    Mean,
    /// Of an even count the mean of the middle two.
    Median,
    /// The sample standard deviation, divided by n − 1.
    Stdev,
    Sum,
    /// Between two values by linear interpolation; 0 to 1.
    Quantile(f64),
    DistinctCount,
    NullShare,
    RowCount,
}

/// How the distinct values of a column stand to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetRelation {
    /// All of them are in it.
    Within,
    /// All of it is among them.
    Contain,
    /// Both.
    Equal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Counted and shown.
    Warn,
    /// The rows are left out, counted and shown.
    Quarantine,
    /// The file is refused.
    Fail,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Quarantine => "quarantine",
            Self::Fail => "fail",
        }
    }
}

impl Rule {
    /// The key of the rule in a block.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NotNull => "not_null",
            Self::Unique => "unique",
            Self::Between(_) => "between",
            Self::InSet(_) => "in_set",
            Self::NotInSet(_) => "not_in_set",
            Self::Regex(_) => "regex",
            Self::Length(_) => "length",
            Self::DateFormat(_) => "date_format",
            Self::Dtype(_) => "dtype",
            Self::Increasing => "increasing",
            Self::StrictlyIncreasing => "strictly_increasing",
            Self::GreaterThan(_) => "greater_than",
            Self::AtLeast(_) => "at_least",
            Self::RowSum(_) => "row_sum",
            Self::Sql(_) => "sql",
            Self::ExistsIn { .. } => "exists_in",
            Self::Statistic(statistic, _) => statistic.key(),
            Self::Distinct(SetRelation::Within, _) => "distinct_in_set",
            Self::Distinct(SetRelation::Contain, _) => "distinct_contains",
            Self::Distinct(SetRelation::Equal, _) => "distinct_equals",
            Self::RowCountEquals(_) => "row_count_equals",
            Self::ColumnSet(_) => "column_set",
            Self::ColumnOrder(_) => "column_order",
            Self::Freshness(_) => "freshness",
        }
    }

    /// What stands at the key, and at keys below it.
    fn values(&self) -> Vec<(&'static str, Value)> {
        let names = |names: &[ColumnName]| {
            Value::List(names.iter().map(|n| Value::Text(n.to_string())).collect())
        };
        let alone = |value| vec![("", value)];
        match self {
            Self::NotNull | Self::Unique | Self::Increasing | Self::StrictlyIncreasing => {
                alone(Value::Bool(true))
            }
            Self::Between(bounds) | Self::Length(bounds) | Self::RowSum(bounds) => bounds.values(),
            Self::InSet(set) | Self::NotInSet(set) | Self::Distinct(_, set) => {
                alone(Value::List(set.clone()))
            }
            Self::Regex(text) | Self::DateFormat(text) => alone(Value::Text(text.clone())),
            Self::Dtype(dtype) => alone(Value::Text(dtype.as_str().into())),
            Self::GreaterThan(other) | Self::AtLeast(other) => {
                alone(Value::Text(other.to_string()))
            }
            Self::Sql(expression) => alone(Value::Text(expression.to_string())),
            Self::ExistsIn { table, column } => alone(Value::Text(format!("{table}.{column}"))),
            Self::Statistic(Statistic::Quantile(at), bounds) => {
                let bounds = bounds
                    .values()
                    .into_iter()
                    .map(|(below, value)| match below {
                        "min" => ("between.min", value),
                        "max" => ("between.max", value),
                        _ => ("between", value),
                    });
                [("at", Value::Float(*at))]
                    .into_iter()
                    .chain(bounds)
                    .collect()
            }
            Self::Statistic(_, bounds) => bounds.values(),
            Self::RowCountEquals(table) => alone(Value::Text(table.to_string())),
            Self::ColumnSet(columns) | Self::ColumnOrder(columns) => alone(names(columns)),
            Self::Freshness(age) => alone(Value::Text(age.to_string())),
        }
    }

    /// Whether it is about the order of rows or columns in the file.
    pub const fn minds_order(&self) -> bool {
        matches!(
            self,
            Self::Increasing | Self::StrictlyIncreasing | Self::ColumnOrder(_)
        )
    }

    /// Whether each row keeps or breaks it; otherwise it holds or does not.
    pub const fn is_by_row(&self) -> bool {
        !matches!(
            self,
            Self::Statistic(..)
                | Self::Distinct(..)
                | Self::RowCountEquals(_)
                | Self::ColumnSet(_)
                | Self::ColumnOrder(_)
                | Self::Freshness(_)
        )
    }
}

impl Statistic {
    /// The key of the rule over it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Stdev => "stdev",
            Self::Sum => "sum",
            Self::Quantile(_) => "quantile",
            Self::DistinctCount => "distinct_count",
            Self::NullShare => "null_share",
            Self::RowCount => "row_count",
        }
    }
}
