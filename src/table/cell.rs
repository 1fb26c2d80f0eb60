//! One value of a table, as it is compared and shown.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::definition::{AsOf, Dtype};
use crate::hash::{ContentHash, ContentHasher};

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

/// The name of its type as text, then the value; `null` and nothing for null.
impl ContentHash for Cell<'_> {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.text(self.dtype().map_or("null", Dtype::as_str));
        match self {
            Self::Null => {}
            Self::Bool(value) => value.feed(hasher),
            Self::I64(value) | Self::Datetime(value) => hasher.integer(*value),
            Self::F64(value) => hasher.float(*value),
            Self::Date(days) => hasher.integer(i64::from(*days)),
            Self::String(text) => hasher.text(text),
        }
    }
}

impl Cell<'_> {
    /// None for null.
    fn dtype(&self) -> Option<Dtype> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => Dtype::Bool,
            Self::I64(_) => Dtype::I64,
            Self::F64(_) => Dtype::F64,
            Self::Date(_) => Dtype::Date,
            Self::Datetime(_) => Dtype::Datetime,
            Self::String(_) => Dtype::String,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::hash::{Digest, ValuesHash};

    /// As docs/hashing.md has it.
    #[test]
    fn values_have_a_hash() {
        let values: BTreeMap<&str, Cell> = BTreeMap::from([
            ("usage.hours", Cell::F64(1.5)),
            ("usage.devices", Cell::I64(2)),
            ("usage.plan", Cell::String("S")),
            ("usage.since", Cell::Date(19_782)),
            ("usage.trial", Cell::Bool(false)),
            ("usage.last", Cell::Null),
        ]);
        let hash = ValuesHash::of(&values).to_string();
        assert_eq!(
            hash,
            "390f3e3200334f81dbd89c60d1fd1e1dd24669cbd8fb2d69f3e456c57af46563"
        );
    }

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
