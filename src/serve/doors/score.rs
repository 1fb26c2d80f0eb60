//! Rows to what the pinned run says of them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Visit;
use super::rows::{Rows, shown, wrong};
use crate::definition::Dtype;
use crate::error::did_you_mean;
use crate::feature::Status;
use crate::online::{Key, ValueAt};
use crate::serve::body::{Contexts, MAX_IDS, key_of};
use crate::serve::context::{cell, expected, found};
use crate::serve::http::Reply;
use crate::serve::problem::Problem;
use crate::serve::question::{Question, Whom, all_given};
use crate::serve::standing::{busy, key_dtype, pair_of, with_run};
use crate::serve::state::Pair;
use crate::serve::verdict::Verdict;
use crate::table::Cell;

/// Names that a message lists.
const LISTED: usize = 40;

/// Integers that a float holds exactly: a column of pandas with a missing value has no others.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Answers for rows: `told` makes the reply of what the pair says of all of them, in their order.
///
/// # Errors
/// There is no pair; rows do not have what it takes; one of them cannot be answered for.
pub fn score(
    visit: &Visit<'_>,
    rows: &Rows,
    whom: Whom,
    told: impl FnOnce(&Pair, &[Verdict<'_>]) -> Reply,
) -> Result<Reply, Problem> {
    let pair = pair_of(visit.app, visit.state)?;
    let done = answered(visit, pair, rows, whom, told);
    done.map_err(|problem| problem.or_run(pair.run()))
}

fn answered(
    visit: &Visit<'_>,
    pair: &Arc<Pair>,
    rows: &Rows,
    whom: Whom,
    told: impl FnOnce(&Pair, &[Verdict<'_>]) -> Reply,
) -> Result<Reply, Problem> {
    if rows.count > MAX_IDS {
        let found = rows.count;
        let why = format!("A request has at most {MAX_IDS} rows; this has {found}.");
        return Err(Problem::new(413, why));
    }
    let share = visit.app.budget.for_answers(rows.count, pair.inputs.len());
    let share = share.ok_or_else(busy)?;
    let key = visit.state.key().as_str();
    let reply = if let Some(keys) = rows.column(key) {
        let context = contexts(pair, key, rows)?;
        let dtype = key_dtype(visit.state).unwrap_or(Dtype::String);
        let keys = keys.iter().enumerate().map(|(row, value)| {
            key_of(value, key, dtype).map_err(|problem| problem.in_row(row, rows.count))
        });
        let keys = keys.collect::<Result<Vec<Key>, Problem>>()?;
        // What is told of all rows at once has one shape.
        let whom = match visit.state.is_of_one_outcome() {
            true => whom,
            false => Whom::Production,
        };
        let question = Question::new(visit.state, pair, &keys, &context, visit.journal, whom)?;
        let answers = question.all()?.into_iter();
        let verdicts: Vec<_> = answers.map(|answer| answer.verdict).collect();
        with_run(question.run(), told(question.pair(), &verdicts))
    } else {
        let given = all_given(visit.state, pair, given(pair, key, rows)?)?.into_iter();
        let verdicts: Vec<_> = given.map(|given| given.verdict).collect();
        with_run(pair.run(), told(pair, &verdicts))
    };
    Ok(reply.with_share(share))
}

/// What comes with each row beside its key.
fn contexts(pair: &Pair, key: &str, rows: &Rows) -> Result<Contexts, Problem> {
    let wanted: Vec<(&str, Dtype)> = pair
        .requested
        .dtypes()
        .map(|(name, dtype)| (name.as_str(), dtype))
        .collect();
    let takes = |name: &str| wanted.iter().any(|(known, _)| *known == name);
    if let Some(other) = rows.names().find(|name| *name != key && !takes(name)) {
        return Err(beside_the_key(pair, key, other));
    }
    if wanted.is_empty() {
        return Ok(Contexts::Shared(Map::new()));
    }
    let mut objects = vec![Map::new(); rows.count];
    for (name, dtype) in &wanted {
        let Some(values) = rows.column(name) else {
            let lacking = wanted
                .iter()
                .filter(|(name, _)| rows.column(name).is_none());
            return Err(wrong(format!(
                "The run needs of the request what the rows lack beside `{key}`: {}.",
                listed(lacking.copied())
            )));
        };
        for (row, (value, object)) in values.iter().zip(&mut objects).enumerate() {
            let cell = typed(name, *dtype, value, row, rows.count)?;
            let value = serde_json::to_value(cell).unwrap_or(Value::Null);
            object.insert((*name).to_string(), value);
        }
    }
    Ok(Contexts::Each(objects))
}

fn beside_the_key(pair: &Pair, key: &str, other: &str) -> Problem {
    if pair.inputs.iter().any(|input| input.name == other) {
        return wrong(format!(
            "{} stands beside `{key}`, by which it is looked up: send the key without it, or every input of the model without the key.",
            shown(other)
        ));
    }
    let wanted = pair.requested.dtypes();
    let wanted: Vec<_> = wanted.map(|(name, dtype)| (name.as_str(), dtype)).collect();
    let names = wanted.iter().map(|(name, _)| *name).chain([key]);
    let takes = match did_you_mean(other, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None if wanted.is_empty() => "this run takes nothing.".to_string(),
        None => format!("this run takes {}.", listed(wanted.into_iter())),
    };
    wrong(format!(
        "The rows have {} beside `{key}`; {takes}",
        shown(other)
    ))
}

/// The values of rows that bring all of them, each in the order of the model.
fn given<'a>(pair: &Pair, key: &str, rows: &'a Rows) -> Result<Vec<Vec<ValueAt<'a>>>, Problem> {
    if rows.count == 0 && rows.names().next().is_none() {
        return Ok(Vec::new());
    }
    let takes = |name: &str| pair.inputs.iter().any(|input| input.name == name);
    let unknown: Vec<&str> = rows.names().filter(|name| !takes(name)).collect();
    let columns = pair.inputs.iter().map(|input| rows.column(&input.name));
    let columns: Vec<&[Value]> = columns.flatten().collect();
    if !unknown.is_empty() || columns.len() < pair.inputs.len() {
        return Err(neither(pair, key, rows, &unknown));
    }
    let row = |row: usize| {
        let values = pair.inputs.iter().zip(&columns).map(|(input, values)| {
            let cell = typed(&input.name, input.dtype, &values[row], row, rows.count)?;
            let status = match cell {
                Cell::Null => Status::Null,
                _ => Status::Present,
            };
            Ok(ValueAt { cell, status })
        });
        values.collect()
    };
    (0..rows.count).map(row).collect()
}

/// The problem of rows that have neither the key nor every input.
fn neither(pair: &Pair, key: &str, rows: &Rows, unknown: &[&str]) -> Problem {
    let inputs = || {
        let inputs = pair.inputs.iter();
        inputs.map(|input| (input.name.as_str(), input.dtype))
    };
    let missing = inputs().filter(|(name, _)| rows.column(name).is_none());
    let missing: Vec<_> = missing.collect();
    let mut parts = Vec::new();
    if !unknown.is_empty() {
        let names = unknown.iter().take(LISTED).map(|name| shown(name));
        let names: Vec<_> = names.collect();
        let known = inputs().map(|(name, _)| name).chain([key]);
        let near = match unknown {
            [one] => did_you_mean(one, known),
            _ => None,
        };
        let near = near.map_or(String::new(), |near| format!(", did you mean `{near}`?"));
        parts.push(format!("unknown: {}{near}", names.join(", ")));
    }
    // Whoever sends none of them need not hear of each twice.
    if !missing.is_empty() && missing.len() < pair.inputs.len() {
        parts.push(format!("missing: {}", listed(missing.into_iter())));
    }
    let context = pair.requested.dtypes();
    let looked_up: Vec<_> = std::iter::once(format!("`{key}`"))
        .chain(context.map(|(name, dtype)| format!("`{name}` ({})", dtype.as_str())))
        .collect();
    wrong(format!(
        "The rows have no `{key}` to be looked up by, and are not the inputs of the model ({}). Send {}; or all of {}.",
        parts.join("; "),
        looked_up.join(", "),
        listed(inputs())
    ))
}

/// Names with their types, the first of them.
fn listed<'a>(names: impl Iterator<Item = (&'a str, Dtype)>) -> String {
    let names: Vec<_> = names.collect();
    let words = names.iter().take(LISTED);
    let words = words.map(|(name, dtype)| format!("`{name}` ({})", dtype.as_str()));
    let mut text = words.collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text += &format!(" and {} more", names.len() - LISTED);
    }
    text
}

/// A value of a type, or what is wrong with it.
fn typed<'a>(
    name: &str,
    dtype: Dtype,
    value: &'a Value,
    row: usize,
    rows: usize,
) -> Result<Cell<'a>, Problem> {
    lenient(dtype, value).ok_or_else(|| {
        let (expected, found) = (expected(dtype), found(value));
        let why = format!("`{name}` must be {expected} or null, and is {found}.");
        wrong(why).in_row(row, rows)
    })
}

/// As [`cell`]; as pandas writes it, with whole floats where it has no integers, midnights where it has no
/// dates, and `NaT` where there is no instant; and as an exported model takes it, with truth values as texts.
fn lenient(dtype: Dtype, value: &Value) -> Option<Cell<'_>> {
    match (dtype, value) {
        (Dtype::I64, Value::Number(number)) if !number.is_i64() => {
            let float = number.as_f64()?;
            let is_whole = float.fract() == 0.0 && float.abs() <= EXACT;
            // Whole and small: the cast keeps the value.
            is_whole.then_some(Cell::I64(float as i64))
        }
        (Dtype::Bool, Value::String(text)) => match text.as_str() {
            "true" => Some(Cell::Bool(true)),
            "false" => Some(Cell::Bool(false)),
            "" => Some(Cell::Null),
            _ => None,
        },
        (Dtype::Date | Dtype::Datetime, Value::String(text)) if text == "NaT" => Some(Cell::Null),
        (Dtype::Date, Value::String(text)) => {
            let date = text.strip_suffix("T00:00:00").unwrap_or(text);
            Some(Cell::Date(crate::table::parse_date(date).ok()?))
        }
        _ => cell(value, dtype),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_pandas_writes_them() {
        let read = |dtype, value: Value| lenient(dtype, &value).map(|cell| cell.to_string());
        let found = |text: &str| Some(text.to_string());
        assert_eq!(read(Dtype::I64, json!(3.0)), found("3"));
        assert_eq!(read(Dtype::I64, json!(-0.0)), found("0"));
        assert_eq!(
            read(Dtype::I64, json!(i64::MIN)),
            found("-9223372036854775808")
        );
        assert_eq!(read(Dtype::F64, json!(-0.0)), found("0"));
        assert_eq!(read(Dtype::F64, json!(3)), found("3"));
        assert_eq!(read(Dtype::String, json!("")), found("null"));
        assert_eq!(read(Dtype::Bool, json!("true")), found("true"));
        assert_eq!(read(Dtype::Bool, json!("")), found("null"));
        let midnight = json!("2024-01-31T00:00:00");
        assert_eq!(read(Dtype::Date, midnight.clone()), found("2024-01-31"));
        assert_eq!(
            read(Dtype::Datetime, midnight),
            found("2024-01-31T00:00:00Z")
        );
        assert_eq!(read(Dtype::Datetime, json!("NaT")), found("null"));
        for (dtype, value) in [
            (Dtype::I64, json!(3.5)),
            (Dtype::I64, json!(u64::MAX)),
            (Dtype::I64, json!(1e300)),
            (Dtype::I64, json!("3")),
            (Dtype::I64, json!(true)),
            (Dtype::F64, json!("3")),
            (Dtype::Bool, json!(1)),
            (Dtype::Bool, json!("True")),
            (Dtype::String, json!(3)),
            (Dtype::String, json!(["a"])),
            (Dtype::Date, json!("2024-01-31T10:00:00")),
            (Dtype::Date, json!(19_000)),
        ] {
            assert_eq!(read(dtype, value.clone()), None, "{value}");
        }
    }
}
