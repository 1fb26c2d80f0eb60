//! Values, sets and bounds of rules.

use crate::definition::item::Item;
use crate::definition::wording::suggestion;
use crate::definition::{Bounds, Dtype, Value};

/// A value of the column's own dtype. Datetimes are in UTC with six digits of a second.
pub fn value(item: &Item<'_>, dtype: Dtype) -> Option<Value> {
    Some(match dtype {
        Dtype::String => Value::Text(item.text()?.to_string()),
        Dtype::Bool => Value::Bool(item.boolean()?),
        Dtype::I64 => Value::Integer(item.integer()?),
        Dtype::F64 => Value::Float(item.float()?),
        Dtype::Date => Value::Text(item.date()?.to_string()),
        Dtype::Datetime => Value::Text(format!("{:.6}", item.instant()?)),
    })
}

/// A number of rows, values or characters.
pub fn count(item: &Item<'_>) -> Option<Value> {
    let count = item.integer()?;
    if count < 0 {
        item.refuse_value(format!("{count} is no count: 0 or more"));
    }
    (count >= 0).then_some(Value::Integer(count))
}

pub fn float(item: &Item<'_>) -> Option<Value> {
    Some(Value::Float(item.float()?))
}

/// A number from 0 to 1.
pub fn share(item: &Item<'_>) -> Option<Value> {
    let share = item.float()?;
    let is_share = (0.0..=1.0).contains(&share);
    if !is_share {
        item.refuse_value(format!("{share:?} is no share: 0.0 to 1.0"));
    }
    is_share.then_some(Value::Float(share))
}

/// `[low, high]`, or `{ min = … }` or `{ max = … }` where one side is open.
pub fn bounds(item: &Item<'_>, read: impl Fn(&Item<'_>) -> Option<Value>) -> Option<Bounds> {
    if item.is_table() {
        return open_bounds(item, read);
    }
    if !item.is_list() {
        return item.wrong_type("two bounds: [low, high]");
    }
    let items = item.list()?;
    let [low, high] = items.as_slice() else {
        item.refuse_value("expected two bounds: [low, high]");
        return None;
    };
    let (low, high) = (read(low), read(high));
    let bounds = Bounds {
        low: Some(low?),
        high: Some(high?),
    };
    Some(in_order(item, bounds))
}

fn open_bounds(item: &Item<'_>, read: impl Fn(&Item<'_>) -> Option<Value>) -> Option<Bounds> {
    let section = item.section()?;
    let (low, high) = (section.optional("min"), section.optional("max"));
    if low.is_none() && high.is_none() {
        item.refuse_value("expected [low, high], { min = … } or { max = … }");
    }
    section.finish_as(|key, known| suggestion(key, known.iter().copied(), "bounds take"));
    let (is_low, is_high) = (low.is_some(), high.is_some());
    let (low, high) = (
        low.and_then(|item| read(&item)),
        high.and_then(|item| read(&item)),
    );
    let whole = (is_low || is_high) && is_low == low.is_some() && is_high == high.is_some();
    whole.then(|| in_order(item, Bounds { low, high }))
}

/// Reports bounds that let nothing through.
fn in_order(item: &Item<'_>, bounds: Bounds) -> Bounds {
    if let Bounds {
        low: Some(low),
        high: Some(high),
    } = &bounds
        && is_greater(low, high)
    {
        item.refuse_value(format!(
            "{low} is greater than {high}: nothing lies between"
        ));
    }
    bounds
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

/// Values of the column's own dtype; `empty` is what an empty set would mean.
pub fn set(item: &Item<'_>, dtype: Dtype, empty: &str) -> Option<Vec<Value>> {
    let items = item.list()?;
    if items.is_empty() {
        item.refuse_value(empty);
    }
    let values = items.iter().filter_map(|item| value(item, dtype));
    Some(values.collect())
}
