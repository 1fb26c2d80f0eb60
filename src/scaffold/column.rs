//! One column: its dtype, the evidence for it, and whether a model should see it.

use std::fmt;

use jiff::civil::Date;

use super::dialect::{Dialect, Words};
use super::sheet::Sheet;
use super::{text, word};

/// Texts with more different values than this are looked at with suspicion.
const MANY_VALUES: usize = 50;
/// So many different texts are listed in evidence and made an `in_set` check.
const FEW_VALUES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dtype {
    Bool,
    I64,
    F64,
    Date,
    Datetime,
    String,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::String => "string",
        })
    }
}

/// A column of a table, over all its files.
pub struct Column<'a> {
    pub name: &'a str,
    pub words: Words<'a>,
    /// How many files have it.
    pub files: usize,
    /// The date of the first file that has it, where earlier files lack it.
    pub since: Option<Date>,
    pub dtype: Dtype,
    /// Why it is no feature; none when it is one.
    pub left_out: Option<String>,
}

impl<'a> Column<'a> {
    pub fn of(name: &'a str, sheets: &[Sheet], words: Words<'a>, dialect: &Dialect<'a>) -> Self {
        let values: Vec<&str> = dialect.values(&words).map(|(word, _)| word).collect();
        let dtype = dtype(&values, dialect);
        let files = sheets
            .iter()
            .filter(|sheet| sheet.position(name).is_some())
            .count();
        let since = since(sheets, name);
        let mut column = Self {
            name,
            words,
            files,
            since,
            dtype,
            left_out: None,
        };
        column.left_out = column.unfit(dialect);
        column
    }

    /// How many cells hold a value.
    pub fn filled(&self, dialect: &Dialect<'a>) -> usize {
        dialect.values(&self.words).map(|(_, count)| count).sum()
    }

    pub fn empty(&self, dialect: &Dialect<'a>) -> usize {
        self.words.values().sum::<usize>() - self.filled(dialect)
    }

    /// `7 043 values, 11 empty, whole numbers 0…72`.
    pub fn evidence(&self, dialect: &Dialect<'a>) -> String {
        let filled = self.filled(dialect);
        if filled == 0 {
            return "no value in any file".to_string();
        }
        let mut parts = vec![text::counted(filled, "value")];
        match self.empty(dialect) {
            0 => {}
            empty => parts.push(format!("{} empty", text::grouped(empty))),
        }
        parts.push(self.detail(dialect));
        parts.join(", ")
    }

    fn detail(&self, dialect: &Dialect<'a>) -> String {
        let values: Vec<&str> = dialect.values(&self.words).map(|(word, _)| word).collect();
        match self.dtype {
            Dtype::I64 => format!("whole numbers {}", range(&values, dialect.decimal)),
            Dtype::F64 => format!("numbers {}", range(&values, dialect.decimal)),
            Dtype::Date => format!("{}…{}", values[0], values[values.len() - 1]),
            Dtype::Datetime => "dates with a time".to_string(),
            Dtype::Bool => format!("{} %", self.share_of_true(dialect)),
            Dtype::String => describe_texts(&values),
        }
    }

    /// `26.5`, with the word that is true before it.
    fn share_of_true(&self, dialect: &Dialect<'a>) -> String {
        let values: Vec<(&str, usize)> = dialect.values(&self.words).collect();
        let names: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
        let pair = dialect.pair(&names).unwrap_or(0);
        let is_true = |word: &&(&str, usize)| word::truth(word.0, pair) == Some(true);
        let trues: usize = values.iter().filter(is_true).map(|(_, count)| count).sum();
        let share = 100.0 * trues as f64 / self.filled(dialect) as f64;
        format!(
            "{} {share:.1}",
            values.iter().find(is_true).map_or("true", |(word, _)| word)
        )
    }

    /// The values of a text column that has few: what an `in_set` check would hold it to.
    pub fn set(&self, dialect: &Dialect<'a>) -> Option<Vec<&'a str>> {
        let values: Vec<&str> = dialect.values(&self.words).map(|(word, _)| word).collect();
        let few = (2..=FEW_VALUES).contains(&values.len());
        let often = self.filled(dialect) >= 5 * values.len();
        (self.dtype == Dtype::String && few && often).then_some(values)
    }

    /// Why a model should not see the column, by its own values alone.
    fn unfit(&self, dialect: &Dialect<'a>) -> Option<String> {
        let (filled, different) = (self.filled(dialect), dialect.values(&self.words).count());
        let in_a_file = filled.div_ceil(self.files.max(1));
        match self.dtype {
            _ if filled == 0 => Some("it has no value yet".to_string()),
            _ if different == 1 && self.words.len() == 1 => {
                Some("it has one value in all rows".to_string())
            }
            Dtype::Date | Dtype::Datetime => Some("no model takes a date as it is".to_string()),
            Dtype::String if are_dates(dialect.values(&self.words).map(|(word, _)| word)) => {
                Some("no model takes a date as it is".to_string())
            }
            Dtype::String if is_a_name(different, in_a_file) => Some(format!(
                "{} different texts in files of {}: a name, not a category",
                text::grouped(different),
                text::counted(in_a_file, "row")
            )),
            Dtype::I64 if is_a_name(different, in_a_file) && named_as_id(self.name) => {
                Some("nearly every row has another number, and the name says id".to_string())
            }
            _ => None,
        }
    }
}

/// Whether values tell rows apart rather than group them.
fn is_a_name(different: usize, rows: usize) -> bool {
    let many = different > MANY_VALUES && 5 * different > rows;
    many || (different > FEW_VALUES && 10 * different >= 9 * rows)
}

fn since(sheets: &[Sheet], column: &str) -> Option<Date> {
    let first = sheets
        .iter()
        .position(|sheet| sheet.position(column).is_some())?;
    (first > 0).then(|| sheets[first].date)
}

fn dtype(values: &[&str], dialect: &Dialect<'_>) -> Dtype {
    let all = |is: &dyn Fn(&str) -> bool| values.iter().all(|value| is(value));
    if values.is_empty() {
        Dtype::String
    } else if all(&|value| word::date(value).is_some()) {
        Dtype::Date
    } else if all(&|value| word::date(value).is_some() || word::is_datetime(value)) {
        Dtype::Datetime
    } else if dialect.pair(values).is_some() {
        Dtype::Bool
    } else if all(&|value| word::whole(value).is_some()) {
        Dtype::I64
    } else if all(&|value| word::number(value, dialect.decimal).is_some()) && !too_long(values) {
        Dtype::F64
    } else {
        Dtype::String
    }
}

/// Whole numbers that an i64 cannot hold are names: an f64 would lose their last digits.
fn too_long(values: &[&str]) -> bool {
    let digits = |value: &&str| value.bytes().all(|byte| byte.is_ascii_digit());
    values.iter().any(|value| digits(value) && value.len() > 18)
}

/// `0…72`.
fn range(values: &[&str], decimal: char) -> String {
    let numbers = || {
        values
            .iter()
            .filter_map(|value| word::number(value, decimal))
    };
    let low = numbers().fold(f64::INFINITY, f64::min);
    let high = numbers().fold(f64::NEG_INFINITY, f64::max);
    format!("{}…{}", text::short(low), text::short(high))
}

fn are_dates<'w>(mut values: impl Iterator<Item = &'w str>) -> bool {
    values.all(word::looks_like_a_date)
}

fn describe_texts(values: &[&str]) -> String {
    let all = |is: fn(&str) -> bool| values.iter().all(|value| is(value));
    if are_dates(values.iter().copied()) {
        "dates, but not as 2024-01-31, hence text".to_string()
    } else if all(word::looks_like_a_number) {
        match values.iter().any(|value| word::has_leading_zero(value)) {
            true => "digits with leading zeros, hence text".to_string(),
            false => "numbers with marks that cannot be declared, hence text".to_string(),
        }
    } else if values.len() <= FEW_VALUES {
        text::listed(values.iter().copied())
    } else {
        format!("{} different texts", text::grouped(values.len()))
    }
}

fn named_as_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["id", "nr", "no", "index", "number"].iter().any(|end| {
        lower
            .strip_suffix(end)
            .is_some_and(|stem| stem.is_empty() || stem.ends_with(['_', '-', ' ']))
    }) || name.ends_with("Id")
        || name.ends_with("ID")
}
