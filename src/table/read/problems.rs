//! What cannot be read in a file, collected and told with a guess at the reason.

use crate::definition::{ColumnName, Dtype, Format};
use crate::error::Error;

use super::super::Places;
use super::super::parse::Unreadable;
use super::super::refusal::{aligned, counted, grouped, quoted};
use super::Incoming;

/// So many are shown; all are counted.
const SHOWN: usize = 10;

/// Problems of one kind: the first ten, and the count of all.
#[derive(Debug)]
pub struct Problems<P> {
    first: Vec<P>,
    count: usize,
}

impl<P> Default for Problems<P> {
    fn default() -> Self {
        Self {
            first: Vec::new(),
            count: 0,
        }
    }
}

impl<P> Problems<P> {
    /// Counts a problem; it is only made when it will be shown.
    pub fn add(&mut self, problem: impl FnOnce() -> P) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(problem());
        }
    }

    /// Adds the problems of a later part of the file.
    pub fn append(&mut self, later: Self) {
        self.count += later.count;
        let room = SHOWN - self.first.len();
        self.first.extend(later.first.into_iter().take(room));
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lines of the first problems, then how many there are beyond them.
    fn lines(&self, describe: impl Fn(&P) -> Vec<String>) -> Vec<String> {
        let mut lines = aligned(&self.first.iter().map(describe).collect::<Vec<_>>());
        if self.count > self.first.len() {
            lines.push(format!(
                "and {} more",
                grouped(self.count - self.first.len())
            ));
        }
        lines
    }
}

/// A row with too few or too many fields.
#[derive(Debug)]
pub struct Ragged {
    pub line: u32,
    pub found: usize,
}

/// The error of a file with ragged rows.
pub fn ragged(
    problems: &Problems<Ragged>,
    fields: usize,
    places: &Places,
    incoming: &Incoming<'_>,
) -> Error {
    let describe = |row: &Ragged| {
        let found = counted(row.found, "field");
        vec![
            places.place_of_line(row.line),
            format!("{found}, the header has {fields}"),
        ]
    };
    let subject = counted(problems.count, "row");
    let verb = if problems.count == 1 { "has" } else { "have" };
    incoming
        .refused(&format!(
            "{subject} {verb} another number of fields than the header"
        ))
        .details(problems.lines(describe))
        .help("a value that holds the delimiter or a line break must stand in quotation marks")
}

/// A value that cannot be read as what its column declares.
#[derive(Debug)]
pub struct BadValue {
    pub line: u32,
    pub column: ColumnName,
    pub dtype: Dtype,
    /// As it stands in the file.
    pub text: String,
    pub why: Unreadable,
}

/// The error of a file with unreadable values.
pub fn unreadable(
    problems: &Problems<BadValue>,
    places: &Places,
    incoming: &Incoming<'_>,
) -> Error {
    let describe = |bad: &BadValue| {
        vec![
            places.place_of_line(bad.line),
            bad.column.to_string(),
            quoted(&bad.text),
            reason(bad.why, bad.dtype),
        ]
    };
    let error = incoming
        .refused(&format!(
            "{} cannot be read",
            counted(problems.count, "value")
        ))
        .details(problems.lines(describe));
    let mut helps: Vec<String> = Vec::new();
    for bad in &problems.first {
        let help = guess(bad, incoming);
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    helps.into_iter().take(3).fold(error, Error::help)
}

/// The end of the sentence that the value begins.
fn reason(why: Unreadable, dtype: Dtype) -> String {
    match why {
        Unreadable::Shape => format!("is not {} {}", article(dtype), dtype.as_str()),
        Unreadable::TooLarge => "does not fit in an i64".into(),
        Unreadable::Fraction => "has a fraction, and is no i64".into(),
        Unreadable::Infinite => "is infinite".into(),
        Unreadable::Year => "is not within the years 1 to 9999".into(),
        Unreadable::TimeOfDay => "has a time of day, and is no date".into(),
    }
}

fn article(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::I64 | Dtype::F64 => "an",
        _ => "a",
    }
}

/// What was probably meant, and the edit that says so.
fn guess(bad: &BadValue, incoming: &Incoming<'_>) -> String {
    let definition = incoming.definition();
    let text = bad.text.trim_ascii();
    let declare = |dtype: &str| {
        format!(
            "declare `{} = \"{dtype}\"` under [columns] in {definition}",
            bad.column
        )
    };
    match (bad.why, bad.dtype) {
        (Unreadable::Fraction, _) => format!("if fractions are right, {}", declare("f64")),
        (Unreadable::TooLarge, _) => format!("if it is an identifier, {}", declare("string")),
        (Unreadable::TimeOfDay, _) => format!("if the time of day counts, {}", declare("datetime")),
        (Unreadable::Year, _) => {
            "mend the date in the file, or leave it empty where it is unknown".into()
        }
        (Unreadable::Infinite, _) => {
            "nothing can be computed with infinity: leave the value empty where it is unknown"
                .into()
        }
        (Unreadable::Shape, _) if matches!(incoming.table.source.format, Format::Parquet) => {
            declare("string")
        }
        (Unreadable::Shape, _) if means_nothing(text) => {
            format!(
                "if {text:?} means that there is no value, say `null = [{text:?}]` under [source] in {definition}"
            )
        }
        (Unreadable::Shape, Dtype::Bool) => {
            format!(
                "say which texts are meant by `true = [\"…\"]` and `false = [\"…\"]` under [source] in {definition}"
            )
        }
        (Unreadable::Shape, Dtype::F64 | Dtype::I64) => {
            guess_number(text, incoming).unwrap_or_else(|| declare("string"))
        }
        (Unreadable::Shape, Dtype::Date | Dtype::Datetime) => {
            guess_time(text).unwrap_or_else(|| declare("string"))
        }
        (Unreadable::Shape, Dtype::String) => declare("string"),
    }
}

/// Texts that people and programs write for a missing value.
fn means_nothing(text: &str) -> bool {
    const NOTHING: [&str; 11] = [
        "na", "n/a", "#n/a", "nan", "nil", "none", "null", "nat", "\\n", "-", "?",
    ];
    NOTHING.contains(&text.to_ascii_lowercase().as_str())
}

fn guess_number(text: &str, incoming: &Incoming<'_>) -> Option<String> {
    let numeric = |c: char| c.is_ascii_digit() || "+-.,' \u{a0}\u{202f}".contains(c);
    if !text.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    if !text.chars().all(numeric) {
        return Some("write numbers as digits alone, without units or signs of currency".into());
    }
    let decimal = match &incoming.table.source.format {
        Format::Csv(dialect) => dialect.decimal,
        Format::Parquet => '.',
    };
    let other = if decimal == '.' { ',' } else { '.' };
    if text.matches(other).count() == 1 && !text.contains(decimal) {
        let name = if other == ',' { "commas" } else { "points" };
        return Some(format!(
            "if the file uses decimal {name}, say `decimal = \"{other}\"` under [source] in {}",
            incoming.definition()
        ));
    }
    Some("write numbers without separators between thousands".into())
}

fn guess_time(text: &str) -> Option<String> {
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| {
        "dates are written YYYY-MM-DD, instants YYYY-MM-DDTHH:MM:SS with Z or an offset".into()
    })
}
