//! Which rows break a rule.

use super::distinct::{Members, looked_up, repeated_rows};
use super::lane;
use super::text;
use super::value::{cell_of, number_lies_between};
use super::view::View;
use crate::definition::{Bounds, Check, ColumnName, Dtype, Expression, Rule, Value};
use crate::feature::evaluate;
use crate::table::{Cell, Frame, Values, row_number};

/// What a rule that each row keeps or breaks found.
pub struct ByRow {
    /// Rows that `where` lets through and that have nothing to be looked at.
    pub missing: usize,
    /// The rows, counted from 0 and ascending, that break the rule.
    pub broken: Vec<u32>,
}

/// Holds every row against the rule of a check; none where the file lacks a column, or nobody said
/// what another table holds.
pub fn judge(check: &Check, view: &View<'_>) -> Option<ByRow> {
    let columns = check.columns.iter().map(|name| view.column(name));
    let columns: Vec<&Values> = columns.collect::<Option<_>>()?;
    let first = || columns.first().copied();
    let broken = match &check.rule {
        Rule::NotNull => {
            let values = first()?;
            let broken = match values.null_count() {
                0 => Vec::new(),
                _ => view.rows_where(lane::is_null(values)),
            };
            return Some(ByRow { missing: 0, broken });
        }
        Rule::Sql(condition) => return Some(false_rows(condition, view)),
        Rule::GreaterThan(other) => return compared(check.column()?, ">", other, view),
        Rule::AtLeast(other) => return compared(check.column()?, ">=", other, view),
        Rule::Unique => repeated_rows(&columns, view),
        Rule::Between(bounds) => text::outside(bounds, first()?, view),
        Rule::InSet(set) => looked_up(&members(set, first()?.dtype()), false, first()?, view),
        Rule::NotInSet(set) => looked_up(&members(set, first()?.dtype()), true, first()?, view),
        Rule::Regex(pattern) => text::unmatched(pattern, first()?, view),
        Rule::Length(bounds) => text::of_other_length(bounds, first()?, view),
        Rule::DateFormat(form) => text::of_other_form(form, first()?, view),
        Rule::Dtype(dtype) => text::unreadable(*dtype, first()?, view),
        Rule::Increasing => falling(first()?, false, view),
        Rule::StrictlyIncreasing => falling(first()?, true, view),
        Rule::RowSum(bounds) => sums_outside(bounds, &columns, view),
        Rule::ExistsIn { table, column } => {
            let other = view.against.tables.get(table)?;
            let there = other.frame.column(column.as_str())?;
            let there = Members::new((0..there.len()).map(|row| there.cell(row)));
            looked_up(&there, false, first()?, view)
        }
        Rule::Statistic(..)
        | Rule::Distinct(..)
        | Rule::RowCountEquals(_)
        | Rule::ColumnSet(_)
        | Rule::ColumnOrder(_)
        | Rule::Freshness(_) => return None,
    };
    Some(ByRow {
        missing: view.missing(&columns),
        broken,
    })
}

fn members(set: &[Value], dtype: Dtype) -> Members<'_> {
    Members::new(set.iter().filter_map(|value| cell_of(value, dtype)))
}

/// The rows for which a condition is false. Where it is null, nothing can be said.
fn false_rows(condition: &Expression, view: &View<'_>) -> ByRow {
    let needed = view.frame.select(condition.columns());
    let parts = view.blocks(|rows| {
        let (start, length) = (rows.start, rows.len());
        let values = evaluate(condition, &needed.slice(&(start..start + length)));
        let mut missing = 0;
        let mut broken = Vec::new();
        for at in (0..length).filter(|at| view.lets(start + at)) {
            match values.cell(at) {
                Cell::Null => missing += 1,
                Cell::Bool(false) => broken.push(row_number(start + at)),
                _ => {}
            }
        }
        (missing, broken)
    });
    let missing = parts.iter().map(|(missing, _)| missing).sum();
    let broken = parts.into_iter().flat_map(|(_, broken)| broken).collect();
    ByRow { missing, broken }
}

/// The rows for which `where` is true.
pub fn mask(filter: &Expression, frame: &Frame, view: &View<'_>) -> Vec<bool> {
    let needed = frame.select(filter.columns());
    let parts = view.blocks(|rows| {
        let values = evaluate(filter, &needed.slice(&rows));
        let lets = |row| values.cell(row) == Cell::Bool(true);
        (0..rows.len()).map(lets).collect::<Vec<bool>>()
    });
    parts.concat()
}

/// Two columns compared as SQL compares them.
fn compared(a: &ColumnName, relation: &str, b: &ColumnName, view: &View<'_>) -> Option<ByRow> {
    let dtypes = [a, b].map(|name| Some((name.clone(), view.column(name)?.dtype())));
    let dtypes = dtypes.into_iter().collect::<Option<_>>()?;
    let (left, right) = (Expression::of_column(a), Expression::of_column(b));
    let condition = Expression::parse(&format!("{left} {relation} {right}"), &dtypes).ok()?;
    Some(false_rows(&condition, view))
}

/// The rows whose value is less than the one before it in the file, or not greater.
fn falling(values: &Values, strictly: bool, view: &View<'_>) -> Vec<u32> {
    let mut before = Cell::Null;
    let mut broken = Vec::new();
    for row in in_order_of_lines(view) {
        let cell = values.cell(row as usize);
        if !view.lets(row as usize) || cell == Cell::Null {
            continue;
        }
        if before != Cell::Null && (cell < before || (strictly && cell == before)) {
            broken.push(row);
        }
        before = cell;
    }
    broken.sort_unstable();
    broken
}

/// The rows in the order in which they stand in the file.
fn in_order_of_lines(view: &View<'_>) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..row_number(view.frame.rows())).collect();
    if !rows.is_sorted_by_key(|row| view.places.line(*row as usize)) {
        rows.sort_by_key(|row| view.places.line(*row as usize));
    }
    rows
}

/// The rows whose columns do not add up to something between the bounds.
fn sums_outside(bounds: &Bounds, columns: &[&Values], view: &View<'_>) -> Vec<u32> {
    view.rows_where(|row| {
        row_sum(columns, row).is_some_and(|sum| !number_lies_between(sum, bounds))
    })
}

/// The sum of a row's values in the order of the columns, with what rounding loses carried along
/// (Neumaier): 0.1 + 0.2 + 0.7 is 1. None where a value is null.
pub fn row_sum(columns: &[&Values], row: usize) -> Option<f64> {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for column in columns {
        let value = match column.cell(row) {
            Cell::I64(value) => value as f64,
            Cell::F64(value) => value,
            _ => return None,
        };
        let next = sum + value;
        lost += match sum.abs() >= value.abs() {
            true => (sum - next) + value,
            false => (value - next) + sum,
        };
        sum = next;
    }
    Some(sum + lost)
}
