//! One value of a table, as it is compared and shown.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::definition::AsOf;

use super::refusal::quoted;

/// One value of one column. The order is that of canonical rows: null first, then the values.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    I64(i64),
    F64(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01T00:00Z.
    Datetime(i64),
    String(&'a str),
}

/// As messages show it: strings in quotation marks and cut when long, dates and instants in ISO
/// form.
impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::I64(value) => write!(f, "{value}"),
            Self::F64(value) => write!(f, "{value}"),
            Self::Date(days) => match AsOf::from_days(*days) {
                Some(date) => write!(f, "{date}"),
                None => write!(f, "day {days}"),
            },
            Self::Datetime(microseconds) => match Timestamp::from_microsecond(*microseconds) {
                Ok(instant) => write!(f, "{instant}"),
                Err(_) => write!(f, "microsecond {microseconds}"),
            },
            Self::String(text) => f.write_str(&quoted(text)),
        }
    }
}

/// As JSON holds it: dates in ISO form, instants as RFC 3339, numbers and texts as they are.
impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::I64(value) => serializer.serialize_i64(*value),
            Self::F64(value) => serializer.serialize_f64(*value),
            Self::String(text) => serializer.serialize_str(text),
            Self::Date(_) | Self::Datetime(_) => serializer.collect_str(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_show_as_people_write_them() {
        assert_eq!(Cell::Date(19_782).to_string(), "2024-02-29");
        assert_eq!(
            Cell::Datetime(1_500_000).to_string(),
            "1970-01-01T00:00:01.5Z"
        );
        assert_eq!(Cell::Date(i32::MAX).to_string(), "day 2147483647");
        assert_eq!(
            Cell::Datetime(i64::MIN).to_string(),
            "microsecond -9223372036854775808"
        );
        assert_eq!(Cell::F64(744.0).to_string(), "744");
        assert_eq!(Cell::String("a\nb").to_string(), r#""a\nb""#);
    }
}
