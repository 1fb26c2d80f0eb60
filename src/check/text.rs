//! Rules over texts.

use jiff::fmt::strtime::BrokenDownTime;

use super::lane;
use super::value::cells_of;
use super::view::View;
use crate::definition::{Bounds, Dtype, Value};
use crate::table::{Values, reads_as};

/// The rows whose text has no part that matches.
pub fn unmatched(pattern: &str, values: &Values, view: &View<'_>) -> Vec<u32> {
    // The definition has compiled it before.
    let (Values::String(array), Ok(regex)) = (values, regex::Regex::new(pattern)) else {
        return Vec::new();
    };
    let parts = view.blocks(|rows| {
        // A matcher of its own: threads that share one wait for each other.
        let regex = regex.clone();
        let read = lane::texts(array);
        let broken = rows
            .filter(|row| view.lets(*row) && read(*row).is_some_and(|text| !regex.is_match(text)));
        broken.map(crate::table::row_number).collect::<Vec<_>>()
    });
    parts.concat()
}

/// The rows whose text has too few or too many characters.
pub fn of_other_length(bounds: &Bounds, values: &Values, view: &View<'_>) -> Vec<u32> {
    let Values::String(array) = values else {
        return Vec::new();
    };
    let side = |value: &Option<Value>, open: usize| match value {
        Some(Value::Integer(value)) => usize::try_from(*value).unwrap_or(0),
        _ => open,
    };
    let (low, high) = (side(&bounds.low, 0), side(&bounds.high, usize::MAX));
    let read = lane::texts(array);
    view.rows_where(|row| {
        read(row).is_some_and(|text| {
            let length = match text.is_ascii() {
                true => text.len(),
                false => text.chars().count(),
            };
            length < low || length > high
        })
    })
}

/// The rows whose text is no date in a form of `strptime`.
pub fn of_other_form(form: &str, values: &Values, view: &View<'_>) -> Vec<u32> {
    let Values::String(array) = values else {
        return Vec::new();
    };
    view.rows_where(|row| array.get(row).is_some_and(|text| !is_date(form, text)))
}

fn is_date(form: &str, text: &str) -> bool {
    BrokenDownTime::parse(form, text).is_ok_and(|parsed| parsed.to_date().is_ok())
}

/// The rows whose value cannot be read as one of another dtype.
pub fn unreadable(dtype: Dtype, values: &Values, view: &View<'_>) -> Vec<u32> {
    const DAY: i64 = 86_400_000_000;
    // The integers from −2⁶³ to 2⁶³ − 1, the last of which is no f64.
    const RANGE: std::ops::Range<f64> = -9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0;
    match (values, dtype) {
        (Values::String(array), _) => {
            view.rows_where(|row| array.get(row).is_some_and(|text| !reads_as(text, dtype)))
        }
        (Values::F64(array), Dtype::I64) => {
            let whole = |value: f64| value == value.trunc() && RANGE.contains(&value);
            view.rows_where(|row| array.get(row).is_some_and(|value| !whole(value)))
        }
        (Values::Datetime(array), Dtype::Date) => {
            view.rows_where(|row| array.get(row).is_some_and(|value| value % DAY != 0))
        }
        // Every value of these reads as one of those.
        _ => Vec::new(),
    }
}

/// The rows whose value lies outside of bounds.
pub fn outside(bounds: &Bounds, values: &Values, view: &View<'_>) -> Vec<u32> {
    let Some((low, high)) = cells_of(bounds, values.dtype()) else {
        // A bound that is no value lets nothing through.
        return view.rows_where(|row| values.cell(row) != crate::table::Cell::Null);
    };
    macro_rules! outside {
        ($array:expr, $read:ident, $cell:ident, $lowest:expr, $highest:expr) => {{
            let side = |cell| match cell {
                Some(crate::table::Cell::$cell(value)) => Some(value),
                _ => None,
            };
            let (low, high) = (side(low).unwrap_or($lowest), side(high).unwrap_or($highest));
            let read = lane::$read($array);
            let beyond = |value| value < low || value > high;
            view.rows_where(|row| read(row).is_some_and(beyond))
        }};
    }
    match values {
        Values::I64(array) => outside!(array, integers, I64, i64::MIN, i64::MAX),
        Values::F64(array) => outside!(array, floats, F64, f64::NEG_INFINITY, f64::INFINITY),
        Values::Date(array) => outside!(array, days, Date, i32::MIN, i32::MAX),
        Values::Datetime(array) => outside!(array, integers, Datetime, i64::MIN, i64::MAX),
        Values::String(_) | Values::Bool(_) => Vec::new(),
    }
}
