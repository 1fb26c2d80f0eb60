//! Whether a rule about a whole column, or the whole file, holds.

use super::distinct::{Members, distinct_rows};
use super::statistic;
use super::value::{cell_of, value_of};
use super::view::View;
use crate::definition::{Age, AsOf, Check, ColumnName, Rule, SetRelation, Value};
use crate::table::{Cell, Values};

/// So many distinct values are told.
const SHOWN: usize = 20;

/// What a rule that holds or does not found.
pub struct Whole {
    /// Rows that `where` lets through and that have no value.
    pub missing: usize,
    pub holds: bool,
    /// What was compared; none where there is no value to compare.
    pub observed: Option<Value>,
}

/// Holds a file against the rule of a check; none where the file lacks the column, or nobody said
/// what another table holds.
pub fn judge(check: &Check, view: &View<'_>) -> Option<Whole> {
    let values = match check.column() {
        Some(name) => Some(view.column(name)?),
        None => None,
    };
    let (observed, holds) = match &check.rule {
        Rule::Statistic(statistic, bounds) => statistic::judge(*statistic, bounds, values, view),
        Rule::Distinct(relation, set) => distinct(*relation, set, values?, view),
        Rule::RowCountEquals(table) => {
            let other = view.against.tables.get(table)?.rows_in_file;
            let own = view.frame.rows() as u64;
            let count = |rows: u64| Value::Integer(i64::try_from(rows).unwrap_or(i64::MAX));
            (
                Some(Value::List(vec![count(own), count(other)])),
                own == other,
            )
        }
        Rule::ColumnSet(columns) => {
            let same = |a: &[ColumnName], b: &[ColumnName]| a.iter().all(|name| b.contains(name));
            let holds = same(columns, view.columns) && same(view.columns, columns);
            (Some(names(view.columns)), holds)
        }
        Rule::ColumnOrder(columns) => (Some(names(view.columns)), columns == view.columns),
        Rule::Freshness(age) => fresh(*age, values?, view),
        _ => return None,
    };
    Some(Whole {
        missing: values.map_or(0, |values| view.missing(&[values])),
        holds,
        observed,
    })
}

fn names(columns: &[ColumnName]) -> Value {
    Value::List(
        columns
            .iter()
            .map(|name| Value::Text(name.to_string()))
            .collect(),
    )
}

/// How the distinct values stand to a set. Told are those that are at fault: values that are not in
/// the set, then members that are missing; where none is, the values there are.
fn distinct(
    relation: SetRelation,
    set: &[Value],
    values: &Values,
    view: &View<'_>,
) -> (Option<Value>, bool) {
    let found = distinct_rows(values, view);
    let cell = |row: &u32| values.cell(*row as usize);
    let members: Vec<Cell> = set
        .iter()
        .filter_map(|value| cell_of(value, values.dtype()))
        .collect();
    let allowed = Members::new(members.iter().copied());
    let there = Members::new(found.iter().map(cell));
    let extra = found
        .iter()
        .map(cell)
        .filter(|cell| !allowed.contain(*cell));
    let absent = members.iter().copied().filter(|cell| !there.contain(*cell));
    let faults: Vec<Cell> = match relation {
        SetRelation::Within => extra.collect(),
        SetRelation::Contain => absent.collect(),
        SetRelation::Equal => extra.chain(absent).collect(),
    };
    let told: Vec<Cell> = match faults.is_empty() {
        true => found.iter().map(cell).collect(),
        false => faults.clone(),
    };
    let told = told.into_iter().take(SHOWN).filter_map(value_of).collect();
    (Some(Value::List(told)), faults.is_empty())
}

/// Whether the newest value is at most so much older than the last instant of the file's date. A
/// date stands for its last instant.
fn fresh(age: Age, values: &Values, view: &View<'_>) -> (Option<Value>, bool) {
    let newest = statistic::extreme(values, true, view);
    let instant = match newest {
        Cell::Date(days) => AsOf::from_days(days).map(|date| date.end() - 1),
        Cell::Datetime(instant) => Some(instant),
        _ => None,
    };
    let end = view.against.as_of.end() - 1;
    let holds = instant.is_some_and(|instant| end.saturating_sub(instant) <= age.microseconds());
    (value_of(newest), holds)
}
