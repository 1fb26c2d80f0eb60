//! The text of one CSV cell as a canonical value.
//!
//! Each function takes a text that is neither empty nor one of the file's texts for null, with the
//! white space around it already gone.

use jiff::civil::Date;

use super::Cell;
use crate::definition::{AsOf, Dtype};

/// Why a text is not a value of its column's type. Displays as the end of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The text is of another shape.
    Shape,
    /// An integer that does not fit in 64 bits.
    TooLarge,
    /// A number with a fraction where integers are declared.
    Fraction,
    /// An infinite number, written as such or by a huge exponent.
    Infinite,
    /// A date outside the years 1 to 9999.
    Year,
    /// An instant with a time of day where dates are declared.
    TimeOfDay,
}

/// A text as a value of a type, with the texts for true and false that a file has by default; NaN is
/// null. None where it is no such value.
pub fn cell(text: &str, dtype: Dtype) -> Option<Cell<'_>> {
    Some(match dtype {
        Dtype::String => Cell::String(text),
        Dtype::Bool => Cell::Bool(match text {
            "true" | "True" | "1" => true,
            "false" | "False" | "0" => false,
            _ => return None,
        }),
        Dtype::I64 => Cell::I64(integer(text).ok()?),
        Dtype::F64 => float(text).ok()?.map_or(Cell::Null, Cell::F64),
        Dtype::Date => Cell::Date(date(text).ok()?),
        Dtype::Datetime => Cell::Datetime(datetime(text).ok()?),
    })
}

/// Whether a text of a string column could be a value of another dtype.
pub fn reads_as(text: &str, dtype: Dtype) -> bool {
    cell(text.trim_ascii(), dtype).is_some_and(|cell| cell != Cell::Null)
}

/// A number; `None` for NaN. −0.0 becomes 0.0.
pub fn float(text: &str) -> Result<Option<f64>, Unreadable> {
    let value = match short_decimal(text) {
        Some(value) => value,
        None => text.parse().map_err(|_| Unreadable::Shape)?,
    };
    canonical_float(value)
}

/// 10^0 to 10^15. A float holds each of them exactly.
const POWERS_OF_TEN: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// A number of at most fifteen digits, with or without a point: nearly all numbers in files. None for
/// every other text.
///
/// The digits are an integer below 2^53, so a float holds it exactly, and one division is rounded
/// correctly: the number is the one that `str::parse` gives, sooner.
fn short_decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text).as_bytes();
    // Fifteen digits and a point.
    if unsigned.len() > 16 {
        return None;
    }
    let mut number = 0_u64;
    let mut point = None;
    for (at, byte) in unsigned.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let digits = unsigned.len() - usize::from(point.is_some());
    let places = point.map_or(0, |point| unsigned.len() - point - 1);
    if !(1..=15).contains(&digits) {
        return None;
    }
    let value = number as f64 / POWERS_OF_TEN[places];
    Some(if unsigned.len() < text.len() {
        -value
    } else {
        value
    })
}

/// The canonical form of a number: `None` for NaN, 0.0 for −0.0, nothing infinite.
pub fn canonical_float(value: f64) -> Result<Option<f64>, Unreadable> {
    if value.is_infinite() {
        return Err(Unreadable::Infinite);
    }
    // Adding 0.0 turns −0.0 into 0.0 and leaves every other number as it is.
    Ok((!value.is_nan()).then_some(value + 0.0))
}

/// An integer. Written as a decimal or with an exponent it is read when it is one exactly: `3.0`
/// and `1e3` are integers, `3.5` is not.
pub fn integer(text: &str) -> Result<i64, Unreadable> {
    match text.parse() {
        Ok(value) => Ok(value),
        Err(_) => integer_in_decimals(text),
    }
}

fn integer_in_decimals(text: &str) -> Result<i64, Unreadable> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().map_err(|_| Unreadable::Shape)?),
        None => (text, 0_i32),
    };
    let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = whole
        .bytes()
        .chain(fraction.bytes())
        .all(|b| b.is_ascii_digit());
    if !all_digits || (whole.is_empty() && fraction.is_empty()) {
        return Err(Unreadable::Shape);
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = [whole, fraction].concat();
    let places = i64::from(exponent) - fraction.len() as i64;
    shifted(
        digits.trim_start_matches('0'),
        places,
        mantissa.starts_with('-'),
    )
}

/// The integer `±digits · 10^places`; `digits` does not begin with 0.
fn shifted(digits: &str, places: i64, negative: bool) -> Result<i64, Unreadable> {
    if digits.is_empty() {
        return Ok(0);
    }
    let significant = digits.trim_end_matches('0');
    let zeros = places + (digits.len() - significant.len()) as i64;
    let zeros = usize::try_from(zeros).map_err(|_| Unreadable::Fraction)?;
    if significant.len() + zeros > 19 {
        return Err(Unreadable::TooLarge);
    }
    let sign = if negative { "-" } else { "" };
    format!("{sign}{significant}{}", "0".repeat(zeros))
        .parse()
        .map_err(|_| Unreadable::TooLarge)
}

/// The integer a float of a Parquet file stands for; pandas turns integers with nulls into floats.
pub fn integer_from_float(value: f64) -> Result<i64, Unreadable> {
    // −2^63 is a float, 2^63 is the first float that no longer fits.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() != 0.0 {
        Err(Unreadable::Fraction)
    } else if (-BOUND..BOUND).contains(&value) {
        Ok(value as i64)
    } else {
        Err(Unreadable::TooLarge)
    }
}

/// Days since 1970-01-01 of a date `YYYY-MM-DD`, year 1 or later.
pub fn date(text: &str) -> Result<i32, Unreadable> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return Err(Unreadable::Shape);
    }
    let number = |range| digits(&bytes[range]).ok_or(Unreadable::Shape);
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if year == 0 {
        return Err(Unreadable::Year);
    }
    // At most four digits and two: both casts keep the value.
    Date::new(year as i16, month as i8, day as i8)
        .map(|date| AsOf::new(date).days())
        .map_err(|_| Unreadable::Shape)
}

/// Microseconds since 1970-01-01T00:00Z of an ISO 8601 instant.
///
/// `YYYY-MM-DD`, then `T` or a space and `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`, then nothing,
/// `Z`, `UTC` or an offset `±HH`, `±HHMM`, `±HH:MM`. Without an offset the instant is in UTC; a date
/// alone is its midnight. What is finer than a microsecond is cut off, towards the past.
pub fn datetime(text: &str) -> Result<i64, Unreadable> {
    let (day, rest) = text.split_at_checked(10).ok_or(Unreadable::Shape)?;
    let midnight = i64::from(date(day)?) * DAY;
    if rest.is_empty() {
        return Ok(midnight);
    }
    let within_day = || {
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (time, zone) = rest.split_at(
            rest.find(['Z', 'z', 'U', ' ', '+', '-'])
                .unwrap_or(rest.len()),
        );
        Some(time_of_day(time)? - offset(zone)?)
    };
    within_day()
        .map(|time| midnight + time)
        .ok_or(Unreadable::Shape)
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Microseconds of `HH:MM[:SS[.fraction]]`.
fn time_of_day(text: &str) -> Option<i64> {
    let (time, fraction) = text
        .split_once('.')
        .map_or((text, None), |(t, f)| (t, Some(f)));
    let bytes = time.as_bytes();
    let (hours, minutes) = hours_and_minutes(bytes.get(..5)?)?;
    let seconds = match (bytes.len(), fraction) {
        (5, None) => 0,
        (8, _) if bytes[5] == b':' => digits(&bytes[6..]).filter(|s| *s < 60)?,
        _ => return None,
    };
    let fraction = fraction.map_or(Some(0), microseconds)?;
    Some(hours * HOUR + minutes * MINUTE + seconds * SECOND + fraction)
}

/// Hours below 24 and minutes below 60 of `HH:MM` or `HHMM`.
fn hours_and_minutes(bytes: &[u8]) -> Option<(i64, i64)> {
    let (hours, minutes) = match bytes {
        [a, b, b':', c, d] | [a, b, c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some((hours, minutes))
}

/// Microseconds of the digits behind the point of a second; at least one digit.
fn microseconds(fraction: &str) -> Option<i64> {
    let bytes = fraction.as_bytes();
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at| bytes.get(at).map_or(0, |byte| i64::from(byte - b'0'));
    Some((0..6).fold(0, |value, at| value * 10 + digit(at)))
}

/// Microseconds that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.strip_prefix(' ').unwrap_or(zone) {
        "" | "Z" | "z" | "UTC" => return Some(0),
        text if text.starts_with('+') => 1,
        text if text.starts_with('-') => -1,
        _ => return None,
    };
    let bytes = zone.trim_start().as_bytes().get(1..)?;
    let (hours, minutes) = match bytes {
        [_, _] => (digits(bytes).filter(|hours| *hours < 24)?, 0),
        _ => hours_and_minutes(bytes)?,
    };
    Some(sign * (hours * HOUR + minutes * MINUTE))
}

/// The number that a few digits write.
fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().all(u8::is_ascii_digit).then(|| {
        bytes
            .iter()
            .fold(0, |value, byte| value * 10 + i64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Short numbers are read as the library reads them, to the last bit; what it refuses is no
        /// number here either.
        #[test]
        fn short_decimals_are_read_as_the_library_reads_them(text in "[-+]?[0-9]{0,14}[.e]?[0-9.]{0,14}") {
            if let Some(value) = short_decimal(&text) {
                let library: Result<f64, _> = text.parse();
                prop_assert_eq!(library.map(f64::to_bits), Ok(value.to_bits()), "{}", text);
            }
        }

        #[test]
        fn decimals_of_few_digits_are_short(whole in 0..10_000_000_u32, places in 1..9_usize) {
            let text = format!("-{:.places$}", f64::from(whole) / 1000.0);
            prop_assert_eq!(short_decimal(&text).is_some(), text.len() <= 17);
        }
    }

    #[test]
    fn numbers_are_made_canonical() {
        assert_eq!(float("-0.0").unwrap().map(f64::to_bits), Some(0));
        assert_eq!(float("NaN"), Ok(None));
        assert_eq!(float("-nan"), Ok(None));
        assert_eq!(float("1e3"), Ok(Some(1000.0)));
        for text in ["inf", "-Infinity", "1e999", "-1e999"] {
            assert_eq!(float(text), Err(Unreadable::Infinite), "{text}");
        }
        for text in ["29,85", "1_000", "0x10", "12 %", "NA", "--1", "1 2"] {
            assert_eq!(float(text), Err(Unreadable::Shape), "{text}");
        }
    }

    #[test]
    fn integers_are_exact_or_refused() {
        let read = [
            ("3", 3),
            ("+3", 3),
            ("3.0", 3),
            ("-3.000", -3),
            ("3.", 3),
            (".0", 0),
            ("0e-5", 0),
            ("-0.0", 0),
            ("1e3", 1000),
            ("1.5e1", 15),
            ("1200e-2", 12),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808.0", i64::MIN),
            ("9.223372036854775807e18", i64::MAX),
            ("3.00000000000000000000000000000000000000000", 3),
        ];
        for (text, value) in read {
            assert_eq!(integer(text), Ok(value), "{text}");
        }
        let refused = [
            ("3.5", Unreadable::Fraction),
            ("1e-1", Unreadable::Fraction),
            ("9223372036854775808", Unreadable::TooLarge),
            ("1e19", Unreadable::TooLarge),
            ("1e2147483647", Unreadable::TooLarge),
            ("1e99999999999", Unreadable::Shape),
            ("1e", Unreadable::Shape),
            (".", Unreadable::Shape),
            ("-", Unreadable::Shape),
            ("nan", Unreadable::Shape),
            ("1,000", Unreadable::Shape),
            ("٣", Unreadable::Shape),
        ];
        for (text, why) in refused {
            assert_eq!(integer(text), Err(why), "{text}");
        }
    }

    #[test]
    fn floats_stand_for_integers_within_64_bits() {
        assert_eq!(
            integer_from_float(-9_223_372_036_854_775_808.0),
            Ok(i64::MIN)
        );
        assert_eq!(
            integer_from_float(9_223_372_036_854_775_808.0),
            Err(Unreadable::TooLarge)
        );
        assert_eq!(integer_from_float(0.5), Err(Unreadable::Fraction));
    }

    #[test]
    fn only_iso_dates_of_the_calendar_are_dates() {
        assert_eq!(date("1970-01-02"), Ok(1));
        assert_eq!(date("2024-02-29"), Ok(19_782));
        assert_eq!(date("0000-01-01"), Err(Unreadable::Year));
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "31.01.2024",
            "2024/01/31",
            "2024-1-31",
            "é024-01-3",
        ] {
            assert_eq!(date(text), Err(Unreadable::Shape), "{text}");
        }
    }

    #[test]
    fn instants_are_microseconds_in_utc() {
        let read = [
            ("1970-01-01", 0),
            ("1970-01-01T00:00", 0),
            ("1970-01-01 00:00:01", SECOND),
            ("1970-01-01T00:00:00.5Z", 500_000),
            ("1970-01-01T00:00:00.1234567", 123_456),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1970-01-01T02:00:00+0200", 0),
            ("1970-01-01 02:00:00+02", 0),
            ("1969-12-31T19:00-05:00", 0),
            ("1970-01-01 00:00:00 UTC", 0),
        ];
        for (text, value) in read {
            assert_eq!(datetime(text), Ok(value), "{text}");
        }
        let refused = [
            "1970-01-01T",
            "1970-01-01T24:00",
            "1970-01-01T00:60",
            "1970-01-01T00:00:60",
            "1970-01-01T00:00:00.",
            "1970-01-01T00:00.5",
            "1970-01-01T00:00:00 CET",
            "1970-01-01T00:00:00+2",
            "1970-01-01T00",
            "1706745600",
            "10:00",
            "2024-01-3é 10:00",
        ];
        for text in refused {
            assert_eq!(datetime(text), Err(Unreadable::Shape), "{text}");
        }
    }
}
