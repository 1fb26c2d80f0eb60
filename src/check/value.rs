//! Declared values beside those of columns.

use std::cmp::Ordering;

use crate::definition::{AsOf, Bounds, Dtype, Value};
use crate::table::{Cell, parse_datetime};

/// A declared value as a cell of a column. The definition has seen to it that it is one.
pub fn cell_of(value: &Value, dtype: Dtype) -> Option<Cell<'_>> {
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

/// A cell as a declared value; none for null.
pub fn value_of(cell: Cell<'_>) -> Option<Value> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Bool(value) => Value::Bool(value),
        Cell::I64(value) => Value::Integer(value),
        Cell::F64(value) => Value::Float(value),
        Cell::String(text) => Value::Text(text.to_string()),
        Cell::Date(_) | Cell::Datetime(_) => Value::Text(cell.to_string()),
    })
}

/// Bounds as cells of a column: none for a side that is open.
///
/// The outer option is none when a bound is no value of the column: nothing lies between then.
pub fn cells_of(bounds: &Bounds, dtype: Dtype) -> Option<(Option<Cell<'_>>, Option<Cell<'_>>)> {
    let side = |value: &'_ Option<Value>| value.is_none();
    let low = bounds.low.as_ref().and_then(|value| cell_of(value, dtype));
    let high = bounds.high.as_ref().and_then(|value| cell_of(value, dtype));
    let whole = low.is_none() == side(&bounds.low) && high.is_none() == side(&bounds.high);
    whole.then_some((low, high))
}

/// Whether a cell lies between bounds, both inclusive. Values of one type have an order.
pub fn lies_between(cell: Cell<'_>, bounds: &Bounds, dtype: Dtype) -> bool {
    let Some((low, high)) = cells_of(bounds, dtype) else {
        return false;
    };
    low.is_none_or(|low| low <= cell) && high.is_none_or(|high| cell <= high)
}

/// Whether a computed number lies between bounds that are integers or floats.
pub fn number_lies_between(number: f64, bounds: &Bounds) -> bool {
    let is_beyond = |bound: &Option<Value>, beyond: Ordering| {
        let bound = match bound {
            None => return false,
            Some(Value::Integer(bound)) => *bound as f64,
            Some(Value::Float(bound)) => *bound,
            Some(_) => return true,
        };
        number
            .partial_cmp(&bound)
            .is_none_or(|order| order == beyond)
    };
    !is_beyond(&bounds.low, Ordering::Less) && !is_beyond(&bounds.high, Ordering::Greater)
}
