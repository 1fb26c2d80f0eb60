//! Dates of snapshots, and ages.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::name::InvalidName;

/// A calendar date at which the world is looked at: everything before its end in UTC is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsOf(Date);

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

fn epoch() -> Date {
    jiff::civil::date(1970, 1, 1)
}

impl AsOf {
    pub fn new(date: Date) -> Self {
        Self(date)
    }

    /// Days since 1970-01-01, as Parquet and polars count dates.
    pub fn days(self) -> i32 {
        let hours = self.0.duration_since(epoch()).as_hours();
        i32::try_from(hours / 24).expect("years −9999 to 9999 fit in 32 bits of days")
    }

    pub fn from_days(days: i32) -> Option<Self> {
        epoch()
            .checked_add(jiff::Span::new().try_days(days).ok()?)
            .ok()
            .map(Self)
    }

    /// The first instant that is no longer seen: the next midnight, in microseconds UTC.
    pub fn end(self) -> i64 {
        (i64::from(self.days()) + 1) * MICROSECONDS_PER_DAY
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for AsOf {
    type Err = InvalidName;

    /// `YYYY-MM-DD` and nothing else.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName(format!("`{text}` is not a date of the form YYYY-MM-DD"));
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shape {
            return Err(invalid());
        }
        text.parse().map(Self).map_err(|_| invalid())
    }
}

impl Serialize for AsOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A length of time: how long a value stays valid, or how old a row may be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age {
    microseconds: i64,
}

impl Age {
    pub fn microseconds(self) -> i64 {
        self.microseconds
    }
}

/// Units of ages, the largest first, in microseconds.
const UNITS: [(char, i64); 5] = [
    ('w', 7 * MICROSECONDS_PER_DAY),
    ('d', MICROSECONDS_PER_DAY),
    ('h', 3_600_000_000),
    ('m', 60_000_000),
    ('s', 1_000_000),
];

/// In the largest unit that divides it, days at most: `45d`, never `6w`.
impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = UNITS[1..]
            .iter()
            .find(|(_, size)| self.microseconds % size == 0)
            .expect("an age is a whole number of seconds");
        f.pad(&format!("{}{unit}", self.microseconds / size))
    }
}

impl fmt::Debug for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Age {
    type Err = InvalidName;

    /// A whole number and a unit: `45d`, `12h`, `30m`, `90s`, `2w`.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parse = || {
            let unit = text.chars().next_back()?;
            let digits = text.strip_suffix(unit)?;
            let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
            let count = digits
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| digits.parse().ok())??;
            i64::checked_mul(count, *size).filter(|age| *age > 0)
        };
        parse()
            .map(|microseconds| Self { microseconds })
            .ok_or_else(|| {
                InvalidName(format!(
                    "`{text}` is not a length of time such as `45d`, `12h` or `30m`"
                ))
            })
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        let days = |text: &str| text.parse::<AsOf>().unwrap().days();
        assert_eq!(days("1970-01-01"), 0);
        assert_eq!(days("1969-12-31"), -1);
        assert_eq!(days("2024-02-29"), 19_782);
        assert_eq!(AsOf::from_days(19_782), "2024-02-29".parse().ok());
    }

    #[test]
    fn only_whole_iso_dates_are_dates() {
        for text in [
            "2024-1-31",
            "2024-02-30",
            "31.01.2024",
            "2024-01-31T00:00",
            "+2024-01-3",
        ] {
            assert!(text.parse::<AsOf>().is_err(), "{text}");
        }
    }

    #[test]
    fn ages_print_in_days_at_most() {
        let round = |text: &str| text.parse::<Age>().unwrap().to_string();
        assert_eq!(round("45d"), "45d");
        assert_eq!(round("2w"), "14d");
        assert_eq!(round("48h"), "2d");
        assert_eq!(round("90s"), "90s");
        for text in ["", "d", "45", "-1d", "0d", "1.5d", "9999999999999999d"] {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
    }
}
