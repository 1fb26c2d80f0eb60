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
use super::{Cell, Frame, Places, Values, row_number};

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
    let Some(first) = columns.first() else {
        return (0..row_number(rows)).collect();
    };
    let mut order: Vec<(u64, IdxSize)> = prefixes(first).into_iter().zip(0..).collect();
    order.par_sort_unstable_by(|a, b| {
        let by_cells = || compare(columns, a.1 as usize, b.1 as usize);
        a.0.cmp(&b.0).then_with(by_cells).then(a.1.cmp(&b.1))
    });
    order.into_iter().map(|(_, row)| row).collect()
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

/// For each row a number that never contradicts the order of the values, and decides it mostly. Two
/// rows with one number must still be compared.
fn prefixes(values: &Values) -> Vec<u64> {
    // Turns signed integers into unsigned ones of the same order.
    let signed = |value: i64| (value as u64) ^ (1 << 63);
    let nulls_first = |value: Option<u64>| value.unwrap_or(0);
    match values {
        Values::String(array) => {
            let common = common_prefix(array.iter().flatten());
            let prefix = |text: &str| text_prefix(&text.as_bytes()[common..]);
            array
                .iter()
                .map(|text| nulls_first(text.map(prefix)))
                .collect()
        }
        Values::Bool(array) => array
            .iter()
            .map(|v| nulls_first(v.map(u64::from)))
            .collect(),
        Values::I64(array) | Values::Datetime(array) => array
            .iter()
            .map(|value| nulls_first(value.map(signed)))
            .collect(),
        Values::F64(array) => array
            .iter()
            .map(|value| nulls_first(value.map(float_prefix)))
            .collect(),
        Values::Date(array) => array
            .iter()
            .map(|value| nulls_first(value.map(|v| signed(i64::from(v)))))
            .collect(),
    }
}

/// How many bytes all texts begin with alike.
fn common_prefix<'a>(mut texts: impl Iterator<Item = &'a str>) -> usize {
    let Some(first) = texts.next() else { return 0 };
    texts.fold(first.len(), |common, text| {
        let pairs = first.as_bytes()[..common].iter().zip(text.as_bytes());
        pairs.take_while(|(a, b)| a == b).count()
    })
}

/// The first eight bytes; zeros stand for the missing ones.
fn text_prefix(bytes: &[u8]) -> u64 {
    let mut prefix = [0; 8];
    let length = bytes.len().min(8);
    prefix[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(prefix)
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
    let order = row_order(table, frame);
    let columns: Vec<_> = order
        .iter()
        .filter_map(|name| frame.column(name.as_str()))
        .collect();
    let rows = sorted_rows(frame.rows(), &columns);
    if table.source.timestamp.is_none() {
        refuse_repeated(&rows, columns[0], places, table)?;
    }
    Ok(reorder(frame, rows))
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

fn refuse_repeated(rows: &[IdxSize], key: &Values, places: &Places, table: &Table) -> Result<()> {
    let repeated: Vec<Range<usize>> = groups(rows, key)
        .into_iter()
        .filter(|group| group.len() > 1)
        .collect();
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

/// Stretches of `rows`, which are in the order of `key`, that have the same value of `key`.
pub fn groups(rows: &[IdxSize], key: &Values) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for at in 1..=rows.len() {
        let ends = rows
            .get(at)
            .is_none_or(|row| key.cell(*row as usize) != key.cell(rows[start] as usize));
        if ends {
            groups.push(start..at);
            start = at;
        }
    }
    groups
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
