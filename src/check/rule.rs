//! Which rows break a rule, and the rule in words.

use std::cmp::Ordering;

use crate::definition::{AsOf, Dtype, Rule, Value};
use crate::table::{Cell, Values, parse_datetime, row_number, sorted_repeats};

/// The rows, counted from 0 and ascending, that break a rule.
pub fn broken_rows(rule: &Rule, values: &Values) -> Vec<u32> {
    match rule {
        Rule::NotNull => rows_where(values, |cell| cell == Cell::Null),
        Rule::Unique => repeated_rows(values),
        Rule::Between { low, high } => {
            let bounds = (cell_of(low, values.dtype()), cell_of(high, values.dtype()));
            rows_where(values, |cell| {
                cell != Cell::Null && !is_between(cell, bounds)
            })
        }
        Rule::InSet(members) => {
            let members = Members::new(members, values.dtype());
            rows_where(values, |cell| cell != Cell::Null && !members.contain(cell))
        }
    }
}

/// How many rows a rule is about: those with a value, or all for `not_null`.
pub fn rows_concerned(rule: &Rule, values: &Values) -> usize {
    match rule {
        Rule::NotNull => values.len(),
        _ => values.len() - values.null_count(),
    }
}

/// `between 0 and 744`, `in ["DSL", "Fiber optic"]`.
pub fn words(rule: &Rule) -> String {
    match rule {
        Rule::NotNull => "not null".into(),
        Rule::Unique => "unique".into(),
        Rule::Between { low, high } => format!("between {} and {}", plain(low), plain(high)),
        Rule::InSet(members) => format!("in {}", Value::List(members.clone())),
    }
}

/// A bound as people say it: `744` for 744.0, dates without quotation marks.
fn plain(bound: &Value) -> String {
    match bound {
        Value::Float(value) => value.to_string(),
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

fn rows_where(values: &Values, holds: impl Fn(Cell<'_>) -> bool) -> Vec<u32> {
    let rows = (0..values.len()).filter(|row| holds(values.cell(*row)));
    rows.map(row_number).collect()
}

fn repeated_rows(values: &Values) -> Vec<u32> {
    let (order, repeats) = sorted_repeats(values);
    let mut rows: Vec<u32> = repeats
        .into_iter()
        .filter(|group| values.cell(order[group.start] as usize) != Cell::Null)
        .flat_map(|group| order[group].iter().copied())
        .collect();
    rows.sort_unstable();
    rows
}

/// Both bounds inclusive. A bound that is none lets nothing through.
fn is_between(cell: Cell<'_>, (low, high): (Option<Cell<'_>>, Option<Cell<'_>>)) -> bool {
    low.is_some_and(|low| low <= cell) && high.is_some_and(|high| cell <= high)
}

/// A declared value as a cell of a column. The definition has seen to it that it is one.
fn cell_of(value: &Value, dtype: Dtype) -> Option<Cell<'_>> {
    let cell = match (dtype, value) {
        (Dtype::String, Value::Text(text)) => Cell::String(text),
        (Dtype::Bool, Value::Bool(value)) => Cell::Bool(*value),
        (Dtype::I64, Value::Integer(value)) => Cell::I64(*value),
        // TOML can write NaN, which is no value and has no place in an order.
        (Dtype::F64, Value::Float(value)) if !value.is_nan() => Cell::F64(*value),
        (Dtype::F64, Value::Integer(value)) => Cell::F64(*value as f64),
        (Dtype::Date, Value::Text(text)) => Cell::Date(text.parse::<AsOf>().ok()?.days()),
        (Dtype::Datetime, Value::Text(text)) => Cell::Datetime(parse_datetime(text).ok()?),
        _ => return None,
    };
    Some(cell)
}

/// The values of `in_set`, sorted.
struct Members<'a>(Vec<Cell<'a>>);

impl<'a> Members<'a> {
    fn new(members: &'a [Value], dtype: Dtype) -> Self {
        let mut cells: Vec<_> = members
            .iter()
            .filter_map(|value| cell_of(value, dtype))
            .collect();
        cells.sort_by(compare);
        Self(cells)
    }

    fn contain(&self, cell: Cell<'_>) -> bool {
        self.0
            .binary_search_by(|member| compare(member, &cell))
            .is_ok()
    }
}

/// Values of one type have an order; only NaN has none, and no canonical value is NaN.
fn compare(a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Less)
}
