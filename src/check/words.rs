//! Rules in words, as they stand behind "must be".

use crate::definition::{Bounds, Check, ColumnName, Rule, SetRelation, Statistic, Value};

/// `between 0 and 744`, `in ["DSL", "Fiber optic"]`, `not null where plan = 'basic'`.
pub fn words(check: &Check) -> String {
    match &check.filter {
        None => rule(&check.rule),
        Some(filter) => format!("{} where {filter}", rule(&check.rule)),
    }
}

fn rule(rule: &Rule) -> String {
    let list = |values: &[Value]| Value::List(values.to_vec()).to_string();
    let names = |names: &[ColumnName]| {
        let names: Vec<&str> = names.iter().map(ColumnName::as_str).collect();
        names.join(", ")
    };
    match rule {
        Rule::NotNull => "not null".into(),
        Rule::Unique => "unique".into(),
        Rule::Between(bounds) => between(bounds),
        Rule::InSet(set) => format!("in {}", list(set)),
        Rule::NotInSet(set) => format!("not in {}", list(set)),
        Rule::Regex(pattern) => format!("like {pattern}"),
        Rule::Length(bounds) => format!("of length {}", between(bounds)),
        Rule::DateFormat(form) => format!("a date like {form}"),
        Rule::Dtype(dtype) => format!("readable as {}", dtype.as_str()),
        Rule::Increasing => "increasing".into(),
        Rule::StrictlyIncreasing => "strictly increasing".into(),
        Rule::GreaterThan(other) => format!("greater than {other}"),
        Rule::AtLeast(other) => format!("at least {other}"),
        Rule::RowSum(bounds) => format!("in sum {}", between(bounds)),
        Rule::Sql(condition) => format!("such that {condition}"),
        Rule::ExistsIn { table, column } => format!("in {table}.{column}"),
        Rule::Statistic(statistic, bounds) => {
            format!("{} {}", statistic_words(*statistic), between(bounds))
        }
        Rule::Distinct(SetRelation::Within, set) => format!("distinct values in {}", list(set)),
        Rule::Distinct(SetRelation::Contain, set) => format!("distinct values with {}", list(set)),
        Rule::Distinct(SetRelation::Equal, set) => format!("distinct values {}", list(set)),
        Rule::RowCountEquals(table) => format!("as many rows as {table}"),
        Rule::ColumnSet(columns) => format!("columns {} in any order", names(columns)),
        Rule::ColumnOrder(columns) => format!("columns {}", names(columns)),
        Rule::Freshness(age) => format!("at most {age} old"),
    }
}

fn statistic_words(statistic: Statistic) -> String {
    match statistic {
        Statistic::Min => "lowest value".into(),
        Statistic::Max => "highest value".into(),
        Statistic::Mean => "mean".into(),
        Statistic::Median => "median".into(),
        Statistic::Stdev => "standard deviation".into(),
        Statistic::Sum => "sum".into(),
        Statistic::Quantile(at) => format!("quantile {at}"),
        Statistic::DistinctCount => "distinct values".into(),
        Statistic::NullShare => "share of nulls".into(),
        Statistic::RowCount => "rows".into(),
    }
}

fn between(bounds: &Bounds) -> String {
    match (&bounds.low, &bounds.high) {
        (Some(low), Some(high)) if low == high => format!("exactly {}", plain(low)),
        (Some(low), Some(high)) => format!("between {} and {}", plain(low), plain(high)),
        (Some(low), None) => format!("at least {}", plain(low)),
        (None, Some(high)) => format!("at most {}", plain(high)),
        (None, None) => "anything".into(),
    }
}

/// A value as people say it: `744` for 744.0, dates without quotation marks.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Float(value) => value.to_string(),
        // Instants have six digits of a second, most of them no fraction.
        Value::Text(text) => text.replace(".000000Z", "Z"),
        Value::List(values) => {
            let values: Vec<String> = values.iter().map(plain).collect();
            values.join(", ")
        }
        other => other.to_string(),
    }
}
