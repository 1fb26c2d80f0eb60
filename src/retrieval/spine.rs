//! Keys and times of a spine's rows.

use super::wanted::no_key;
use crate::definition::{AsOf, Dtype, Table};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::table::{
    Cell, LooseTable, Values, aligned, counted, grouped, parse_date, parse_datetime, parse_integer,
    quoted,
};

/// The column of dates that is taken when none is named.
const DATES: &str = "as_of";
/// The column of instants that is taken when none is named; the name that Feast has for it.
const INSTANTS: &str = "event_timestamp";

const DAY: i64 = 86_400_000_000;

/// Where the time of each row comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// From `as_of`, a column of dates, or `event_timestamp`, one of instants.
    ByName,
    DateColumn(String),
    TimestampColumn(String),
    /// One date for all.
    At(AsOf),
}

/// What a column of times holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeKind {
    /// Each counts at its last instant.
    Dates,
    /// Each counts as itself; a date alone is its midnight in UTC.
    Instants,
}

/// The last instant each row sees.
#[derive(Debug)]
pub struct Times {
    /// None where one date was given for all.
    pub column: Option<String>,
    pub kind: TimeKind,
    /// Microseconds since 1970-01-01T00:00Z.
    pub instants: Vec<i64>,
    /// All instants came as dates alone.
    dates_for_instants: bool,
}

impl Times {
    /// The first and the last; none for a spine without rows.
    pub fn range(&self) -> Option<(i64, i64)> {
        let first = self.instants.iter().min()?;
        let last = self.instants.iter().max()?;
        Some((*first, *last))
    }

    pub fn notices(&self) -> Vec<String> {
        let column = self.column.as_deref().unwrap_or_default();
        let notice = format!(
            "`{column}` holds dates: each was taken as its midnight, before that day's events and files; `--date-column {column}` takes the end of the day"
        );
        let told = self.dates_for_instants.then_some(notice);
        told.into_iter().collect()
    }
}

/// The time of each row.
///
/// # Errors
/// No column says it, or one that holds no times, or a row without one.
pub fn times(spine: &LooseTable, when: &When) -> Result<Times> {
    match when {
        When::At(as_of) => {
            for name in [DATES, INSTANTS] {
                if spine.column(name).is_some() {
                    return Err(two_times("--as-of", name));
                }
            }
            Ok(Times {
                column: None,
                kind: TimeKind::Dates,
                instants: vec![as_of.end() - 1; spine.rows()],
                dates_for_instants: false,
            })
        }
        When::DateColumn(name) => of_column(spine, name, TimeKind::Dates),
        When::TimestampColumn(name) => of_column(spine, name, TimeKind::Instants),
        When::ByName => match (spine.column(DATES), spine.column(INSTANTS)) {
            (Some(_), None) => of_column(spine, DATES, TimeKind::Dates),
            (None, Some(_)) => of_column(spine, INSTANTS, TimeKind::Instants),
            (Some(_), Some(_)) => Err(two_times(DATES, INSTANTS)),
            (None, None) => Err(no_time(spine)),
        },
    }
}

fn two_times(one: &str, other: &str) -> Error {
    Error::usage(format!(
        "the time of a row is said twice: by `{one}` and by the column `{other}`"
    ))
    .help("choose with `--date-column NAME` or `--timestamp-column NAME`; other columns are carried through")
}

fn no_time(spine: &LooseTable) -> Error {
    let names: Vec<&str> = spine.names().collect();
    Error::usage("the spine does not say at which time each row is")
        .detail(format!(
            "{}  has {}",
            spine.places().path(),
            names.join(", ")
        ))
        .help("`--timestamp-column NAME` names a column of instants, `--date-column NAME` one of dates")
        .help("without either, `event_timestamp` and `as_of` are looked for; `--as-of DATE` is one date for all rows")
}

fn of_column(spine: &LooseTable, name: &str, kind: TimeKind) -> Result<Times> {
    let values = spine.column(name).ok_or_else(|| {
        let error = Error::usage(format!("the spine has no column `{name}`"));
        match did_you_mean(name, spine.names()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.detail(format!(
                "it has {}",
                spine.names().collect::<Vec<_>>().join(", ")
            )),
        }
    })?;
    if !matches!(
        values.dtype(),
        Dtype::String | Dtype::Date | Dtype::Datetime
    ) {
        let why = format!(
            "`{name}` holds {} values and no times",
            values.dtype().as_str()
        );
        return Err(refused(spine, &why));
    }
    let (read, wanted): (for<'a> fn(Cell<'a>) -> Option<i64>, _) = match kind {
        TimeKind::Dates => (end_of_date, "is no date YYYY-MM-DD"),
        TimeKind::Instants => (instant, "is no instant such as 2024-01-31T12:00:00Z"),
    };
    let read = converted(spine, name, values, read, wanted)?;
    let instants: Option<Vec<i64>> = read.into_iter().collect();
    let instants = instants.ok_or_else(|| nulls(spine, name, values))?;
    let is_date = |row| match values.cell(row) {
        Cell::Date(_) => true,
        Cell::String(text) => parse_date(text.trim_ascii()).is_ok(),
        _ => false,
    };
    Ok(Times {
        column: Some(name.to_string()),
        kind,
        dates_for_instants: kind == TimeKind::Instants
            && !instants.is_empty()
            && (0..values.len()).all(is_date),
        instants,
    })
}

fn end_of_date(cell: Cell) -> Option<i64> {
    let days = match cell {
        Cell::Date(days) => i64::from(days),
        Cell::String(text) => i64::from(parse_date(text.trim_ascii()).ok()?),
        Cell::Datetime(instant) if instant % DAY == 0 => instant / DAY,
        _ => return None,
    };
    Some((days + 1) * DAY - 1)
}

fn instant(cell: Cell) -> Option<i64> {
    match cell {
        Cell::Date(days) => Some(i64::from(days) * DAY),
        Cell::String(text) => parse_datetime(text.trim_ascii()).ok(),
        Cell::Datetime(instant) => Some(instant),
        _ => None,
    }
}

/// The key of each row as the table declares it; null is nobody.
///
/// # Errors
/// The spine has no such column, or one of another type.
pub fn keys(spine: &LooseTable, table: &Table) -> Result<Values> {
    let key = table.key.as_str();
    let values = spine.column(key).ok_or_else(|| no_key(spine, &[key]))?;
    let declared = table.columns.get(&table.key).map(|column| column.dtype);
    match (declared, values.dtype()) {
        (Some(Dtype::String), Dtype::String) | (Some(Dtype::I64), Dtype::I64) => Ok(values.clone()),
        (Some(Dtype::I64), Dtype::String | Dtype::F64) => {
            let read = converted(spine, key, values, whole_number, "is no i64")?;
            Ok(Values::integers(&read))
        }
        (declared, found) => {
            let declared = declared.map_or("another type", Dtype::as_str);
            let why = format!(
                "`{key}` holds {} values; {} declares {declared}",
                found.as_str(),
                table.name
            );
            Err(refused(spine, &why).help("cast the column where the spine is made"))
        }
    }
}

/// pandas writes integers with nulls as floats.
fn whole_number(cell: Cell) -> Option<i64> {
    match cell {
        Cell::String(text) => parse_integer(text.trim_ascii()).ok(),
        Cell::F64(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => Some(value as i64),
        _ => None,
    }
}

/// Each value by `read`, null where it is null.
///
/// # Errors
/// With the first values that cannot be read, and the count of all.
pub(super) fn converted<'a, T>(
    spine: &LooseTable,
    name: &str,
    values: &'a Values,
    read: impl Fn(Cell<'a>) -> Option<T>,
    wanted: &str,
) -> Result<Vec<Option<T>>> {
    let mut bad = Vec::new();
    let mut all = Vec::with_capacity(values.len());
    for row in 0..values.len() {
        let cell = values.cell(row);
        // A float that is no number is how pandas writes null.
        let is_null = matches!(cell, Cell::Null) || matches!(cell, Cell::F64(x) if x.is_nan());
        let value = read(cell);
        if value.is_none() && !is_null {
            bad.push(row);
        }
        all.push(value);
    }
    if bad.is_empty() {
        return Ok(all);
    }
    let line = |row: &usize| {
        let text = match values.cell(*row) {
            Cell::String(text) => quoted(text),
            other => other.to_string(),
        };
        vec![
            spine.places().place(*row),
            name.to_string(),
            text,
            wanted.to_string(),
        ]
    };
    let lines: Vec<_> = bad.iter().take(SHOWN).map(line).collect();
    let why = format!("{} cannot be read", counted(bad.len(), "value"));
    Err(more(
        refused(spine, &why).details(aligned(&lines)),
        bad.len(),
    ))
}

const SHOWN: usize = 5;

fn nulls(spine: &LooseTable, name: &str, values: &Values) -> Error {
    let rows = (0..values.len()).filter(|row| values.cell(*row) == Cell::Null);
    let lines: Vec<_> = rows
        .take(SHOWN)
        .map(|row| vec![spine.places().place(row), name.to_string(), "null".into()])
        .collect();
    let count = values.null_count();
    let why = format!("{} without a time", counted(count, "row"));
    more(refused(spine, &why).details(aligned(&lines)), count)
        .help("drop these rows: nobody can say what was known at no time")
}

fn more(error: Error, count: usize) -> Error {
    match count > SHOWN {
        true => error.detail(format!("and {} more", grouped(count - SHOWN))),
        false => error,
    }
}

pub(super) fn refused(spine: &LooseTable, why: &str) -> Error {
    let path = spine.places().path();
    Error::new(Kind::DataRefused, format!("{path} refused: {why}"))
}
