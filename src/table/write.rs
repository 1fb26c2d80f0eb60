//! Frames as files for other programs: CSV and JSON records.
//!
//! Both hold the same values: numbers in the fewest digits that read back as the same number, dates
//! and instants in ISO form, nulls as nothing (CSV) and `null` (JSON). Columns stand in bytewise
//! order of their names, as in the store, where nothing else is asked for.

use std::path::Path;

use serde_json::{Map, Value};

use super::parquet::{columns_to_parquet, to_parquet};
use super::{Cell, Frame, Values};
use crate::error::{Error, Result};

/// A format that tables are written in for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    Parquet,
    Csv,
    Json,
}

impl FileForm {
    /// The format that the ending of a file's name asks for, in any case; none for another ending.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The table as a file. In CSV the columns of `leading` stand first, in that order: what a row
    /// is about, before what is said of it.
    pub fn encode(self, frame: &Frame, leading: &[&str]) -> Result<Vec<u8>> {
        match self {
            Self::Parquet => to_parquet(frame),
            Self::Csv => to_csv(frame, leading),
            Self::Json => to_json(frame.rows(), &columns_of(frame)),
        }
    }

    /// Columns as a file, in the order they are given; an object of JSON has no order.
    pub fn encode_columns(self, rows: usize, columns: &[(&str, &Values)]) -> Result<Vec<u8>> {
        match self {
            Self::Parquet => columns_to_parquet(rows, columns),
            Self::Csv => columns_to_csv(rows, columns),
            Self::Json => to_json(rows, columns),
        }
    }
}

fn columns_of(frame: &Frame) -> Vec<(&str, &Values)> {
    let columns = frame.columns().iter();
    columns
        .map(|(name, values)| (name.as_str(), values))
        .collect()
}

/// A header and a line for each row.
fn to_csv(frame: &Frame, leading: &[&str]) -> Result<Vec<u8>> {
    let first = leading.iter().filter_map(|name| {
        let (name, values) = frame.columns().get_key_value(*name)?;
        Some((name.as_str(), values))
    });
    let mut rest = columns_of(frame);
    rest.retain(|(name, _)| !leading.contains(name));
    columns_to_csv(frame.rows(), &first.chain(rest).collect::<Vec<_>>())
}

fn columns_to_csv(rows: usize, columns: &[(&str, &Values)]) -> Result<Vec<u8>> {
    let failed =
        |error: csv::Error| Error::failure("a table cannot be written as CSV").caused_by(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(columns.iter().map(|(name, _)| *name))
        .map_err(failed)?;
    for row in 0..rows {
        let cells = columns.iter();
        let cells = cells.map(|(_, values)| csv_field(values.cell(row)));
        writer.write_record(cells).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| {
        Error::failure("a table cannot be written as CSV").caused_by(error.into_error())
    })
}

fn csv_field(cell: Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::String(text) => text.to_string(),
        // Debug keeps the `.0` that tells a float from an integer.
        Cell::F64(value) => format!("{value:?}"),
        other => other.to_string(),
    }
}

/// An array of objects, one a line.
fn to_json(rows: usize, columns: &[(&str, &Values)]) -> Result<Vec<u8>> {
    let mut text = String::from("[");
    for row in 0..rows {
        text.push_str(if row == 0 { "\n" } else { ",\n" });
        text.push_str(&record(columns, row).to_string());
    }
    text.push_str(if rows == 0 { "]\n" } else { "\n]\n" });
    Ok(text.into_bytes())
}

fn record(columns: &[(&str, &Values)], row: usize) -> Value {
    let fields = columns.iter();
    let fields = fields.map(|(name, values)| ((*name).to_string(), json_value(values.cell(row))));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn json_value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(value) => value.into(),
        Cell::I64(value) => value.into(),
        Cell::F64(value) => value.into(),
        Cell::String(text) => text.into(),
        Cell::Date(_) | Cell::Datetime(_) => cell.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn frame() -> Frame {
        let column = |name: &str, values: Values| (name.parse().unwrap(), values);
        Frame::new(
            2,
            BTreeMap::from([
                column("f", Values::floats(&[Some(0.1 + 0.2), None])),
                column("i", Values::integers(&[Some(i64::MAX), None])),
                column("s", Values::strings(&[Some("a,\"b\"\nc"), None])),
                column("d", Values::dates(&[Some(19_782), None])),
                column("t", Values::datetimes(&[Some(1_500_000), None])),
                column("b", Values::bools(&[Some(true), None])),
            ]),
        )
    }

    #[test]
    fn csv_keeps_every_digit_and_quotes_what_needs_it() {
        let text = String::from_utf8(to_csv(&frame(), &["s"]).unwrap()).unwrap();
        assert_eq!(
            text,
            "s,b,d,f,i,t\n\"a,\"\"b\"\"\nc\",true,2024-02-29,0.30000000000000004,\
             9223372036854775807,1970-01-01T00:00:01.5Z\n,,,,,\n"
        );
    }

    #[test]
    fn json_has_one_object_for_each_row() {
        let records: Value =
            serde_json::from_slice(&to_json(2, &columns_of(&frame())).unwrap()).unwrap();
        assert_eq!(records[0]["f"], 0.1 + 0.2);
        assert_eq!(records[0]["i"], i64::MAX);
        assert_eq!(records[0]["d"], "2024-02-29");
        assert!(records[1]["s"].is_null());
        assert_eq!(records.as_array().unwrap().len(), 2);
        let empty = to_json(0, &[]).unwrap();
        assert_eq!(empty, b"[]\n");
    }
}
