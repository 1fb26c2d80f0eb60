//! Types of columns, and one value out of its bytes.
//!
//! `bool` · `smallint`, `integer`, `bigint`, `oid` · `real`, `double precision` · `numeric` · `text`,
//! `varchar`, `char`, `name`, `citext`, enums, `json`, `jsonb`, `uuid` · `date` · `timestamp`,
//! `timestamptz`. Domains are what they are made of. A `real` is the number that its shortest decimal
//! form writes: 29.85 is 29.85, as in a CSV export. A `timestamp` is in UTC.

use super::connection::Described;
use crate::table::{Given, Nature};

/// How the bytes of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    /// Text behind a byte with a version.
    Jsonb,
    Uuid,
    Date,
    Timestamp,
    Other,
}

/// A type by its number in `pg_type`, with its name in SQL; the numbers of these never change.
const BUILT_IN: [(u32, Encoding, &str); 22] = [
    (16, Encoding::Bool, "boolean"),
    (18, Encoding::Text, "\"char\""),
    (19, Encoding::Text, "name"),
    (20, Encoding::Int8, "bigint"),
    (21, Encoding::Int2, "smallint"),
    (23, Encoding::Int4, "integer"),
    (25, Encoding::Text, "text"),
    (26, Encoding::Oid, "oid"),
    (114, Encoding::Text, "json"),
    (700, Encoding::Float4, "real"),
    (701, Encoding::Float8, "double precision"),
    (705, Encoding::Text, "unknown"),
    (1042, Encoding::Text, "char"),
    (1043, Encoding::Text, "varchar"),
    (1082, Encoding::Date, "date"),
    (1083, Encoding::Other, "time"),
    (1114, Encoding::Timestamp, "timestamp"),
    (1184, Encoding::Timestamp, "timestamptz"),
    (1186, Encoding::Other, "interval"),
    (1700, Encoding::Numeric, "numeric"),
    (2950, Encoding::Uuid, "uuid"),
    (3802, Encoding::Jsonb, "jsonb"),
];

impl Encoding {
    /// The encoding and name of a type that every server has.
    pub fn built_in(column: &Described) -> Option<(Self, &'static str)> {
        let found = BUILT_IN.iter().find(|(id, ..)| *id == column.type_id)?;
        Some((found.1, found.2))
    }

    /// That of a type which a database has of its own, by `typtype` and name.
    pub fn own(kind: &str, name: &str) -> Self {
        match (kind, name) {
            ("e", _) | (_, "citext") => Self::Text,
            _ => Self::Other,
        }
    }

    pub fn nature(self) -> Nature {
        match self {
            Self::Bool => Nature::Bool,
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid => Nature::Integer,
            Self::Float4 | Self::Float8 => Nature::Float,
            Self::Numeric => Nature::Decimal,
            Self::Text | Self::Jsonb | Self::Uuid => Nature::Text,
            Self::Date => Nature::Date,
            Self::Timestamp => Nature::Instant,
            Self::Other => Nature::Other,
        }
    }

    /// One value that is not null; `scratch` holds texts that have to be made.
    ///
    /// # Errors
    /// Bytes that are no value of the type.
    pub fn decode<'a>(
        self,
        bytes: &'a [u8],
        scratch: &'a mut String,
    ) -> Result<Given<'a>, &'static str> {
        const SIZE: &str = "a value of the wrong size";
        scratch.clear();
        Ok(match self {
            Self::Bool => Given::Bool(fixed::<1>(bytes).ok_or(SIZE)?[0] != 0),
            Self::Int2 => Given::Integer(i16::from_be_bytes(fixed(bytes).ok_or(SIZE)?).into()),
            Self::Int4 => Given::Integer(i32::from_be_bytes(fixed(bytes).ok_or(SIZE)?).into()),
            Self::Int8 => Given::Integer(i64::from_be_bytes(fixed(bytes).ok_or(SIZE)?)),
            Self::Oid => Given::Integer(u32::from_be_bytes(fixed(bytes).ok_or(SIZE)?).into()),
            Self::Float4 => {
                let value = f32::from_be_bytes(fixed(bytes).ok_or(SIZE)?);
                Given::Float(shortest(value, scratch))
            }
            Self::Float8 => Given::Float(f64::from_be_bytes(fixed(bytes).ok_or(SIZE)?)),
            Self::Numeric => return numeric(bytes, scratch).ok_or(SIZE),
            Self::Text => Given::Text(utf8(bytes)?),
            Self::Jsonb => match bytes {
                [1, text @ ..] => Given::Text(utf8(text)?),
                _ => return Err("a jsonb of another version"),
            },
            Self::Uuid => {
                let value = u128::from_be_bytes(fixed(bytes).ok_or(SIZE)?);
                write_uuid(value, scratch);
                Given::Text(scratch)
            }
            Self::Date => date(i32::from_be_bytes(fixed(bytes).ok_or(SIZE)?)),
            Self::Timestamp => timestamp(i64::from_be_bytes(fixed(bytes).ok_or(SIZE)?)),
            Self::Other => return Err("a value of a type that was refused"),
        })
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn utf8(bytes: &[u8]) -> Result<&str, &'static str> {
    std::str::from_utf8(bytes).map_err(|_| "a text that is not UTF-8")
}

/// The number that the shortest decimal form of `value` writes.
fn shortest(value: f32, scratch: &mut String) -> f64 {
    use std::fmt::Write as _;
    if !value.is_finite() {
        return value.into();
    }
    let _ = write!(scratch, "{value:?}");
    scratch.parse().unwrap_or_else(|_| value.into())
}

fn write_uuid(value: u128, text: &mut String) {
    use std::fmt::Write as _;
    let digits = format!("{value:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
    let _ = write!(text, "{}", parts.join("-"));
}

/// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
pub const EPOCH_DAYS: i64 = 10_957;
pub const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS * 86_400_000_000;

fn date(days: i32) -> Given<'static> {
    match days {
        i32::MAX => Given::Infinite("infinity"),
        i32::MIN => Given::Infinite("-infinity"),
        days => Given::Day(i64::from(days) + EPOCH_DAYS),
    }
}

fn timestamp(microseconds: i64) -> Given<'static> {
    match microseconds {
        i64::MAX => Given::Infinite("infinity"),
        i64::MIN => Given::Infinite("-infinity"),
        // Their years end with 294276: the sum is far from any bound.
        value => Given::Microsecond(value.saturating_add(EPOCH_MICROSECONDS)),
    }
}

/// Digits to base 10 000, with the place of the first one, as a decimal number.
fn numeric<'a>(bytes: &[u8], text: &'a mut String) -> Option<Given<'a>> {
    use std::fmt::Write as _;
    let word = |at: usize| Some(u16::from_be_bytes(fixed(bytes.get(at..at + 2)?)?));
    let (count, weight, sign) = (word(0)?, word(2)? as i16, word(4)?);
    match sign {
        0xC000 => return Some(Given::Null),
        0xD000 => return Some(Given::Infinite("Infinity")),
        0xF000 => return Some(Given::Infinite("-Infinity")),
        0x4000 => text.push('-'),
        0 => {}
        _ => return None,
    }
    if bytes.len() != 8 + 2 * usize::from(count) {
        return None;
    }
    let digit = |place: i32| {
        let at = usize::try_from(i32::from(weight) - place).ok();
        at.filter(|at| *at < usize::from(count))
            .map_or(Some(0), |at| {
                word(8 + 2 * at).filter(|digit| *digit < 10_000)
            })
    };
    let last = i32::from(weight) - i32::from(count) + 1;
    let _ = write!(text, "{}", digit(i32::from(weight).max(0))?);
    for place in (0..i32::from(weight)).rev() {
        let _ = write!(text, "{:04}", digit(place)?);
    }
    if last < 0 {
        text.push('.');
        for place in (last..0).rev() {
            let _ = write!(text, "{:04}", digit(place)?);
        }
    }
    Some(Given::Decimal(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(weight: i16, sign: u16, digits: &[u16]) -> String {
        let count = u16::try_from(digits.len()).unwrap();
        let words = [count, weight as u16, sign, 0];
        let words = words.iter().chain(digits);
        let bytes: Vec<u8> = words.flat_map(|word| word.to_be_bytes()).collect();
        let mut text = String::new();
        match Encoding::Numeric.decode(&bytes, &mut text).unwrap() {
            Given::Decimal(text) => text.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn numbers_in_decimals_keep_every_digit() {
        assert_eq!(number(0, 0, &[29, 8500]), "29.8500");
        assert_eq!(number(1, 0x4000, &[12, 3456]), "-123456");
        assert_eq!(number(2, 0, &[1]), "100000000");
        assert_eq!(number(-1, 0, &[1]), "0.0001");
        assert_eq!(number(-3, 0, &[7]), "0.000000000007");
        assert_eq!(number(0, 0, &[]), "0");
        assert_eq!(number(0, 0xC000, &[]), "Null");
        assert!(number(0, 0xF000, &[]).contains("-Infinity"));
    }

    #[test]
    fn broken_numbers_are_refused() {
        let mut text = String::new();
        for bytes in [
            &[][..],
            &[0, 1, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 1, 0, 0, 0],
        ] {
            assert!(Encoding::Numeric.decode(bytes, &mut text).is_err());
        }
        assert!(Encoding::Int4.decode(&[0; 3], &mut text).is_err());
        assert!(Encoding::Text.decode(&[0xff], &mut text).is_err());
    }

    #[test]
    fn a_real_is_what_it_writes() {
        let mut text = String::new();
        for (value, expected) in [
            (29.85_f32, 29.85_f64),
            (1e-30, 1e-30),
            (16_777_216.0, 16_777_216.0),
        ] {
            let bytes = value.to_be_bytes();
            let Given::Float(found) = Encoding::Float4.decode(&bytes, &mut text).unwrap() else {
                panic!("a real is a float");
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn uuids_and_instants() {
        let mut text = String::new();
        let bytes = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        let given = Encoding::Uuid.decode(&bytes, &mut text).unwrap();
        assert_eq!(
            format!("{given:?}"),
            "Text(\"01234567-89ab-cdef-0123-456789abcdef\")"
        );
        let zero = Encoding::Timestamp.decode(&[0; 8], &mut text).unwrap();
        assert_eq!(format!("{zero:?}"), "Microsecond(946684800000000)");
        let zero = Encoding::Date.decode(&[0; 4], &mut text).unwrap();
        assert_eq!(format!("{zero:?}"), "Day(10957)");
    }
}
