//! The one order of a table's rows.
//!
//! A table's rows stand in the order of their key; event rows, whose keys repeat, in the order of
//! key, timestamp, created, and then every other column by name. Nulls stand first, strings are
//! compared bytewise. Rows that tie in all of that are equal, so the order is the same whatever the
//! order of the file and the number of threads.

use std::cmp::Ordering;
use std::ops::Range;

use polars::prelude::IdxSize;
use rayon::prelude::*;

use crate::definition::{ColumnName, Table};
use crate::error::{Error, Kind, Result};

use super::refusal::{aligned, counted, grouped};
use super::{Cell, Frame, Places, Values, lane, row_number};

/// So many are shown; all are counted.
const SHOWN: usize = 10;

/// The columns that order the rows of a table, the first one first.
pub fn row_order(table: &Table, frame: &Frame) -> Vec<ColumnName> {
    let mut order = vec![table.key.clone()];
    if let Some(timestamp) = &table.source.timestamp {
        let first = [Some(timestamp), table.source.created.as_ref()];
        let all = first.into_iter().flatten().chain(frame.columns().keys());
        for name in all {
            if !order.contains(name) {
                order.push(name.clone());
            }
        }
    }
    order
}

/// The rows in the order of these columns, the first one first. Columns the frame does not have are
/// passed over; rows that tie keep their order.
#[must_use]
pub fn sort(frame: &Frame, by: &[ColumnName]) -> Frame {
    let columns: Vec<&Values> = by
        .iter()
        .filter_map(|name| frame.column(name.as_str()))
        .collect();
    reorder(frame, sorted_rows(frame.rows(), &columns))
}

fn reorder(frame: &Frame, rows: Vec<IdxSize>) -> Frame {
    let in_order = rows.iter().enumerate().all(|(at, row)| at == *row as usize);
    if in_order {
        frame.clone()
    } else {
        frame.take(rows)
    }
}

/// The row numbers in the order of these columns; ties in the order of the rows.
pub fn sorted_rows(rows: usize, columns: &[&Values]) -> Vec<IdxSize> {
    match columns.first() {
        None => (0..row_number(rows)).collect(),
        Some(first) => first.with_prefixes(Ordered { columns }),
    }
}

/// The row numbers in the order of a column, and the stretches of them, two rows long or longer, that
/// have one value. Nulls are one value.
fn sorted_repeats(values: &Values) -> (Vec<IdxSize>, Vec<Range<usize>>) {
    values.with_prefixes(Repeated { values })
}

/// Work that needs a number for each row which never contradicts the order of the values, and mostly
/// decides it.
trait OverPrefixes {
    type Out;

    fn over<P: Prefix>(self, rows: usize, prefix: impl Fn(usize) -> P + Sync) -> Self::Out;
}

/// A number for a row.
trait Prefix: Ord + Copy + Send + Sync {}

impl Prefix for u64 {}
impl Prefix for (u64, u64) {}

struct Ordered<'a> {
    columns: &'a [&'a Values],
}

impl OverPrefixes for Ordered<'_> {
    type Out = Vec<IdxSize>;

    fn over<P: Prefix>(self, rows: usize, prefix: impl Fn(usize) -> P + Sync) -> Self::Out {
        row_numbers(&keyed_order(rows, prefix, self.columns))
    }
}

struct Repeated<'a> {
    values: &'a Values,
}

impl OverPrefixes for Repeated<'_> {
    type Out = (Vec<IdxSize>, Vec<Range<usize>>);

    fn over<P: Prefix>(self, rows: usize, prefix: impl Fn(usize) -> P + Sync) -> Self::Out {
        let order = keyed_order(rows, prefix, &[self.values]);
        // Values are fetched, from all over memory, only where their numbers are the same.
        let is_same = |a: &(P, IdxSize), b: &(P, IdxSize)| {
            a.0 == b.0 && self.values.cell(a.1 as usize) == self.values.cell(b.1 as usize)
        };
        let mut repeats = Vec::new();
        let repeat = |pair: &[(P, IdxSize)]| is_same(&pair[0], &pair[1]);
        if !order.par_windows(2).any(repeat) {
            return (row_numbers(&order), repeats);
        }
        let mut start = 0;
        for stretch in order.chunk_by(is_same) {
            if stretch.len() > 1 {
                repeats.push(start..start + stretch.len());
            }
            start += stretch.len();
        }
        (row_numbers(&order), repeats)
    }
}

fn keyed_order<P: Prefix>(
    rows: usize,
    prefix: impl Fn(usize) -> P + Sync,
    columns: &[&Values],
) -> Vec<(P, IdxSize)> {
    let rows = (0..row_number(rows)).into_par_iter();
    let mut order: Vec<(P, IdxSize)> = rows.map(|row| (prefix(row as usize), row)).collect();
    order.par_sort_unstable_by(|a, b| {
        let by_cells = || compare(columns, a.1 as usize, b.1 as usize);
        a.0.cmp(&b.0).then_with(by_cells).then(a.1.cmp(&b.1))
    });
    order
}

fn row_numbers<P: Prefix>(order: &[(P, IdxSize)]) -> Vec<IdxSize> {
    order.par_iter().map(|(_, row)| *row).collect()
}

fn compare(columns: &[&Values], a: usize, b: usize) -> Ordering {
    let unequal = |values: &&Values| match compare_cells(values.cell(a), values.cell(b)) {
        Ordering::Equal => None,
        order => Some(order),
    };
    columns.iter().find_map(unequal).unwrap_or(Ordering::Equal)
}

pub(super) fn compare_cells(a: Cell<'_>, b: Cell<'_>) -> Ordering {
    a.partial_cmp(&b).expect("canonical values have no NaN")
}

impl Values {
    /// Hands over a number for each row that never contradicts the order of the values, and decides
    /// it mostly. Two rows with one number must still be compared.
    fn with_prefixes<W: OverPrefixes>(&self, work: W) -> W::Out {
        // Turns signed integers into unsigned ones of the same order.
        let signed = |value: i64| (value as u64) ^ (1 << 63);
        let nulls_first = |value: Option<u64>| value.unwrap_or(0);
        let rows = self.len();
        match self {
            Self::String(array) => {
                let text = lane::texts(array);
                let (common, longest) = common_and_longest(rows, text);
                let rest = move |row| text(row).map(|text| &text.as_bytes()[common..]);
                // Half as many bytes to sort, where they say it all.
                match longest - common {
                    ..=8 => work.over(rows, |row| rest(row).map_or(0, |text| text_prefix(text).0)),
                    _ => work.over(rows, |row| rest(row).map_or((0, 0), text_prefix)),
                }
            }
            Self::Bool(array) => {
                let flag = lane::flags(array);
                work.over(rows, |row| nulls_first(flag(row).map(u64::from)))
            }
            Self::I64(array) | Self::Datetime(array) => {
                let value = lane::integers(array);
                work.over(rows, |row| nulls_first(value(row).map(signed)))
            }
            Self::F64(array) => {
                let value = lane::floats(array);
                work.over(rows, |row| nulls_first(value(row).map(float_prefix)))
            }
            Self::Date(array) => {
                let day = lane::days(array);
                work.over(rows, |row| {
                    nulls_first(day(row).map(|v| signed(i64::from(v))))
                })
            }
        }
    }
}

/// How many bytes all texts begin with alike, and how many the longest has.
fn common_and_longest<'a>(
    rows: usize,
    text: impl Fn(usize) -> Option<&'a str> + Sync,
) -> (usize, usize) {
    let Some(first) = (0..rows).find_map(&text) else {
        return (0, 0);
    };
    let all = (first.len(), first.len());
    let with = |(common, longest): (usize, usize), row| {
        let Some(text) = text(row) else {
            return (common, longest);
        };
        let pairs = first.as_bytes()[..common].iter().zip(text.as_bytes());
        let alike = pairs.take_while(|(a, b)| a == b).count();
        (alike, longest.max(text.len()))
    };
    (0..rows)
        .into_par_iter()
        .fold(|| all, with)
        .reduce(|| all, |a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// The first sixteen bytes; zeros stand for the missing ones.
fn text_prefix(bytes: &[u8]) -> (u64, u64) {
    let mut prefix = [0; 16];
    let length = bytes.len().min(16);
    prefix[..length].copy_from_slice(&bytes[..length]);
    let whole = u128::from_be_bytes(prefix);
    ((whole >> 64) as u64, whole as u64)
}

/// The bits of a number, turned so that they are ordered as the numbers are.
fn float_prefix(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// The rows of one file in canonical order, every one with a key.
///
/// `places` are those of `frame`'s rows and name them in errors.
///
/// # Errors
/// [`Kind::DataRefused`] for a null key, for a null timestamp in an event table, and for a key that
/// stands in several rows of any other table.
pub fn arrange(frame: &Frame, places: &Places, table: &Table) -> Result<Frame> {
    refuse_nulls(frame, places, table, &table.key)?;
    if let Some(timestamp) = &table.source.timestamp {
        refuse_nulls(frame, places, table, timestamp)?;
    }
    match frame.column(table.key.as_str()) {
        Some(key) if table.source.timestamp.is_none() => {
            let (rows, repeats) = sorted_repeats(key);
            refuse_repeated(&rows, &repeats, key, places, table)?;
            Ok(reorder(frame, rows))
        }
        _ => Ok(sort(frame, &row_order(table, frame))),
    }
}

fn refuse_nulls(frame: &Frame, places: &Places, table: &Table, name: &ColumnName) -> Result<()> {
    let values = frame.column(name.as_str());
    let Some(values) = values.filter(|values| values.null_count() > 0) else {
        return Ok(());
    };
    let rows = (0..values.len()).filter(|row| values.cell(*row) == Cell::Null);
    let lines = rows
        .take(SHOWN)
        .map(|row| vec![places.place(row), name.to_string(), "null".into()]);
    let error = refused(
        table,
        &format!("{} without {name}", counted(values.null_count(), "row")),
    )
    .details(aligned(&lines.collect::<Vec<_>>()));
    Err(more(error, values.null_count()).help(format!(
        "every row needs its {name}; mend the file, or set such rows aside with a check in {}: column = \"{name}\", not_null = true, severity = \"quarantine\"",
        table.origin.source.path
    )))
}

fn refuse_repeated(
    rows: &[IdxSize],
    repeated: &[Range<usize>],
    key: &Values,
    places: &Places,
    table: &Table,
) -> Result<()> {
    if repeated.is_empty() {
        return Ok(());
    }
    let name = &table.key;
    let lines = repeated.iter().take(SHOWN).map(|group| {
        let lines = rows[group.clone()]
            .iter()
            .map(|row| places.line(*row as usize));
        let lines: Vec<u32> = lines.take(SHOWN).collect();
        let rest: Vec<String> = lines[1..].iter().map(u32::to_string).collect();
        let first = places.place_of_line(lines[0]);
        vec![
            first,
            format!("again {}", rest.join(", ")),
            name.to_string(),
            key.cell(rows[group.start] as usize).to_string(),
        ]
    });
    let error = refused(
        table,
        &format!(
            "{} of {name} in more than one row",
            counted(repeated.len(), "value")
        ),
    )
    .details(aligned(&lines.collect::<Vec<_>>()));
    Err(more(error, repeated.len()).help(format!(
        "a file has one row for each {name}; mend it, or declare `timestamp` under [source] in {} if the rows are events",
        table.origin.source.path
    )))
}

fn refused(table: &Table, why: &str) -> Error {
    Error::new(Kind::DataRefused, format!("{} refused: {why}", table.name))
}

fn more(error: Error, count: usize) -> Error {
    if count > SHOWN {
        error.detail(format!("and {} more", grouped(count - SHOWN)))
    } else {
        error
    }
}
