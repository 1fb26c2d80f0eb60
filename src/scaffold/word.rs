//! What one cell may mean, by itself. White space around a value does not count, as it does not
//! when the program reads a column of anything but strings.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// Words that mean null wherever they stand.
const SURELY_NULL: [&str; 9] = ["", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "NaN", "nan"];
/// Words that mean null among numbers, dates or bools, and may be a category elsewhere.
const MAYBE_NULL: [&str; 5] = ["None", "none", "-", "--", "?"];
/// True and false in the languages of exports, lower case. The first pair needs no declaration.
const TRUTHS: [(&str, &str); 10] = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("oui", "non"),
    ("vrai", "faux"),
    ("ja", "nein"),
    ("wahr", "falsch"),
    ("sí", "no"),
    ("si", "no"),
];

pub fn is_surely_null(word: &str) -> bool {
    SURELY_NULL.contains(&word.trim_ascii())
}

pub fn may_be_null(word: &str) -> bool {
    is_surely_null(word) || MAYBE_NULL.contains(&word.trim_ascii())
}

/// Whether the program reads this word as a bool without being told.
pub fn is_plain_bool(word: &str) -> bool {
    matches!(word, "True" | "False" | "true" | "false")
}

/// The pairs of words for true and false, by number.
pub fn pairs() -> std::ops::Range<usize> {
    0..TRUTHS.len()
}

/// Whether the word is the true or the false one of a pair, or neither.
pub fn truth(word: &str, pair: usize) -> Option<bool> {
    let (yes, no) = TRUTHS[pair];
    match word.trim_ascii().to_lowercase() {
        lower if lower == yes => Some(true),
        lower if lower == no => Some(false),
        _ => None,
    }
}

/// A whole number without leading zeros.
pub fn whole(word: &str) -> Option<i64> {
    let word = word.trim_ascii();
    let digits = word.strip_prefix('-').unwrap_or(word);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !has_leading_zero(word);
    if plain { word.parse().ok() } else { None }
}

/// A finite number with the given decimal mark, without leading zeros.
pub fn number(word: &str, decimal: char) -> Option<f64> {
    let word = word.trim_ascii();
    let allowed = |c: char| c.is_ascii_digit() || "+-eE".contains(c) || c == decimal;
    if !word.chars().all(allowed) || has_leading_zero(word) {
        return None;
    }
    let number: f64 = word.replace(decimal, ".").parse().ok()?;
    number.is_finite().then_some(number)
}

/// `007`, `-01`: digits that name something rather than count.
pub fn has_leading_zero(word: &str) -> bool {
    let word = word.trim_ascii();
    let mut digits = word.strip_prefix('-').unwrap_or(word).bytes();
    digits.next() == Some(b'0') && digits.next().is_some_and(|byte| byte.is_ascii_digit())
}

/// `2024-01-31`.
pub fn date(word: &str) -> Option<Date> {
    let word = word.trim_ascii();
    if word.len() == 10 {
        word.parse().ok()
    } else {
        None
    }
}

/// `2024-01-31T08:00:00`, with a blank instead of the T, with or without an offset.
pub fn is_datetime(word: &str) -> bool {
    let word = word.trim_ascii();
    let has_time = word.len() >= 16 && matches!(word.as_bytes()[10], b'T' | b' ');
    has_time
        && !word.contains(['[', ','])
        && (word.parse::<Timestamp>().is_ok() || word.parse::<DateTime>().is_ok())
}

/// Digits in three groups, as in `31.12.2023` or `12/31/23`: a date people write, but not ISO.
pub fn looks_like_a_date(word: &str) -> bool {
    let groups: Vec<&str> = word.split(['.', '/', '-']).collect();
    let digits = |group: &&str| {
        (1..=4).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    groups.len() == 3 && groups.iter().all(digits) && (6..=10).contains(&word.len())
}

/// Digits with marks between them, as in `1.234,50` or `1 234.50`.
pub fn looks_like_a_number(word: &str) -> bool {
    let starts = word
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit());
    starts
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || "-.,' \u{a0}\u{202f}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_know_their_decimal_mark() {
        assert_eq!(number("12,5", ','), Some(12.5));
        assert_eq!(number("12,5", '.'), None);
        assert_eq!(number("-1e3", '.'), Some(-1000.0));
        assert_eq!(number("1.234,5", ','), None);
        assert_eq!(number("1e999", '.'), None);
        assert_eq!(number("", '.'), None);
    }

    #[test]
    fn leading_zeros_make_a_name() {
        assert_eq!(whole("007"), None);
        assert_eq!(number("007", '.'), None);
        assert_eq!(whole("0"), Some(0));
        assert_eq!(number("0.5", '.'), Some(0.5));
        assert_eq!(whole("-"), None);
    }

    #[test]
    fn dates_are_iso_or_look_like_it() {
        assert!(date("2024-02-29").is_some());
        assert!(date("2024-02-30").is_none());
        assert!(looks_like_a_date("31.12.2023"));
        assert!(!looks_like_a_date("192.168.0.1"));
        assert!(is_datetime("2024-01-31T08:00:00Z"));
        assert!(is_datetime("2024-01-31 08:00:00.5"));
        assert!(!is_datetime("2024-01-31 at eight"));
    }

    #[test]
    fn truth_has_languages() {
        assert_eq!(truth("Oui", 4), Some(true));
        assert_eq!(truth("NEIN", 6), Some(false));
        assert_eq!(truth("maybe", 1), None);
    }
}
