//! CAST from each type to each; what fails is null.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Compiler, Each, null, number};
use crate::definition::expression::Node;
use crate::definition::{AsOf, Dtype};

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Applies a conversion that may fail to each value.
fn each<'a, A: 'a, B: 'a>(
    operand: Each<'a, A>,
    convert: impl Fn(A) -> Option<B> + 'a,
) -> Each<'a, B> {
    Box::new(move |row| convert(operand(row)?))
}

impl<'a> Compiler<'a> {
    pub fn cast_to_text(self, operand: &'a Node) -> Each<'a, Cow<'a, str>> {
        let owned = |text: String| Some(Cow::Owned(text));
        match operand.dtype() {
            Some(Dtype::String) => self.text(operand),
            Some(Dtype::Bool) => each(self.bool(operand), move |value| owned(value.to_string())),
            Some(Dtype::I64) => each(self.integer(operand), move |value| owned(value.to_string())),
            Some(Dtype::F64) => each(self.float(operand), move |value| owned(value.to_string())),
            Some(Dtype::Date) => each(self.date(operand), move |days| {
                owned(AsOf::from_days(days)?.to_string())
            }),
            Some(Dtype::Datetime) => each(self.datetime(operand), move |instant| {
                owned(Timestamp::from_microsecond(instant).ok()?.to_string())
            }),
            None => null(),
        }
    }

    pub fn cast_to_bool(self, operand: &'a Node) -> Each<'a, bool> {
        match operand.dtype() {
            Some(Dtype::Bool) => self.bool(operand),
            Some(Dtype::I64) => each(self.integer(operand), |value| Some(value != 0)),
            Some(Dtype::F64) => each(self.float(operand), |value| Some(value != 0.0)),
            Some(Dtype::String) => each(self.text(operand), |text| truth(text.trim())),
            _ => null(),
        }
    }

    pub fn cast_to_integer(self, operand: &'a Node) -> Each<'a, i64> {
        match operand.dtype() {
            Some(Dtype::Bool) => each(self.bool(operand), |value| Some(i64::from(value))),
            Some(Dtype::I64) => self.integer(operand),
            Some(Dtype::F64) => each(self.float(operand), |value| whole(value.round())),
            Some(Dtype::String) => each(self.text(operand), |text| integer(text.trim())),
            _ => null(),
        }
    }

    pub fn cast_to_float(self, operand: &'a Node) -> Each<'a, f64> {
        match operand.dtype() {
            Some(Dtype::Bool) => each(self.bool(operand), |value| Some(f64::from(u8::from(value)))),
            Some(Dtype::I64 | Dtype::F64) => self.float(operand),
            Some(Dtype::String) => each(self.text(operand), |text| {
                number::canonical(text.trim().parse().ok()?)
            }),
            _ => null(),
        }
    }

    pub fn cast_to_date(self, operand: &'a Node) -> Each<'a, i32> {
        match operand.dtype() {
            Some(Dtype::Date) => self.date(operand),
            Some(Dtype::Datetime) => each(self.datetime(operand), |instant| {
                i32::try_from(instant.div_euclid(MICROSECONDS_PER_DAY)).ok()
            }),
            Some(Dtype::String) => each(self.text(operand), |text| {
                text.trim().parse().ok().map(AsOf::days)
            }),
            _ => null(),
        }
    }

    /// A date becomes its first instant.
    pub fn cast_to_datetime(self, operand: &'a Node) -> Each<'a, i64> {
        match operand.dtype() {
            Some(Dtype::Date) => each(self.date(operand), |days| {
                i64::from(days).checked_mul(MICROSECONDS_PER_DAY)
            }),
            Some(Dtype::Datetime) => self.datetime(operand),
            Some(Dtype::String) => each(self.text(operand), |text| datetime(text.trim())),
            _ => null(),
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => text.to_ascii_lowercase().parse().ok(),
    }
}

/// A whole f64 as an i64.
fn whole(value: f64) -> Option<i64> {
    let integer = value as i64;
    (number::compare(&integer, &value)?.is_eq()).then_some(integer)
}

/// As files are read: `3`, and also `3.0`.
fn integer(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| whole(text.parse().ok()?))
}

/// ISO 8601, with an offset or in UTC; digits beyond microseconds are dropped.
fn datetime(text: &str) -> Option<i64> {
    let instant = match text.parse::<Timestamp>() {
        Ok(instant) => instant,
        Err(_) => {
            let local: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(local).ok()?
        }
    };
    i64::try_from(instant.as_nanosecond().div_euclid(1000)).ok()
}
