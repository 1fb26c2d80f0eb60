//! `[[checks]]`: rules over the columns of an incoming file.

use super::column::Columns;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{Check, Dtype, Rule, Severity, Value};

pub(in crate::definition) const SEVERITIES: &[(&str, Severity)] = &[
    ("warn", Severity::Warn),
    ("quarantine", Severity::Quarantine),
    ("fail", Severity::Fail),
];

const RULES: [&str; 4] = ["not_null", "unique", "between", "in_set"];

/// The checks of all blocks, in the order of the file.
pub(super) fn read(list: &Item<'_>, columns: &Columns<'_>) -> Vec<Check> {
    let blocks = list.list().unwrap_or_default();
    let block = |item: Item<'_>| Some(read_block(&item.section()?, columns));
    blocks.into_iter().filter_map(block).flatten().collect()
}

/// One check per rule of the block, in the order of [`RULES`].
fn read_block(block: &Section<'_>, columns: &Columns<'_>) -> Vec<Check> {
    let column = block
        .required("column", "the column it looks at")
        .and_then(|item| columns.find(&item));
    let dtype = column.as_ref().and_then(|(_, dtype)| *dtype);
    let rules = [
        block
            .optional("not_null")
            .and_then(|item| flag(&item, Rule::NotNull)),
        block
            .optional("unique")
            .and_then(|item| flag(&item, Rule::Unique)),
        block
            .optional("between")
            .and_then(|item| between(&item, dtype?)),
        block
            .optional("in_set")
            .and_then(|item| in_set(&item, dtype?)),
    ];
    let mostly = block.optional("mostly").and_then(|item| share(&item));
    let severity = block
        .optional("severity")
        .and_then(|item| item.word(SEVERITIES));
    block.finish();
    if !RULES.iter().any(|rule| block.has(rule)) {
        let label = "add `not_null`, `unique`, `between` or `in_set`";
        block.refuse("a check without a rule", label);
    }
    let Some((column, _)) = column else {
        return Vec::new();
    };
    let check = |rule| Check {
        column: column.clone(),
        rule,
        mostly: mostly.unwrap_or(1.0),
        severity: severity.unwrap_or(Severity::Fail),
    };
    rules.into_iter().flatten().map(check).collect()
}

/// A rule that is there or not. `false` is refused: it would read as if it forbade something.
fn flag(item: &Item<'_>, rule: Rule) -> Option<Rule> {
    let is_on = item.boolean()?;
    if !is_on {
        item.refuse(
            "a rule that is off",
            "remove it: a rule that is not written is off",
        );
    }
    is_on.then_some(rule)
}

fn between(item: &Item<'_>, dtype: Dtype) -> Option<Rule> {
    if matches!(dtype, Dtype::String | Dtype::Bool) {
        item.refuse_value("only numbers, dates and datetimes have an order; see `in_set`");
        return None;
    }
    let items = item.list()?;
    let [low, high] = items.as_slice() else {
        item.refuse_value("expected two bounds: [low, high]");
        return None;
    };
    let (low, high) = (value(low, dtype), value(high, dtype));
    let (low, high) = (low?, high?);
    if is_greater(&low, &high) {
        item.refuse_value(format!(
            "{low} is greater than {high}: nothing lies between"
        ));
    }
    Some(Rule::Between { low, high })
}

/// Whether `a` is greater than `b`; dates and datetimes are texts in a form that sorts.
fn is_greater(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a > b,
        (Value::Float(a), Value::Float(b)) => a > b,
        (Value::Text(a), Value::Text(b)) => a > b,
        _ => false,
    }
}

fn in_set(item: &Item<'_>, dtype: Dtype) -> Option<Rule> {
    let items = item.list()?;
    if items.is_empty() {
        item.refuse_value("an empty set refuses every value");
    }
    let values = items.iter().filter_map(|item| value(item, dtype));
    Some(Rule::InSet(values.collect()))
}

/// A value of the column's own dtype. Datetimes are in UTC with six digits of a second.
fn value(item: &Item<'_>, dtype: Dtype) -> Option<Value> {
    Some(match dtype {
        Dtype::String => Value::Text(item.text()?.to_string()),
        Dtype::Bool => Value::Bool(item.boolean()?),
        Dtype::I64 => Value::Integer(item.integer()?),
        Dtype::F64 => Value::Float(item.float()?),
        Dtype::Date => Value::Text(item.date()?.to_string()),
        Dtype::Datetime => Value::Text(format!("{:.6}", item.instant()?)),
    })
}

/// A number above 0 and at most 1.
fn share(item: &Item<'_>) -> Option<f64> {
    let share = item.float()?;
    let is_share = share > 0.0 && share <= 1.0;
    if !is_share {
        item.refuse_value("a share of rows, above 0 and at most 1");
    }
    is_share.then_some(share)
}
