//! Frames as files for other programs: CSV and JSON records.
//!
//! Both hold the same values: numbers in the fewest digits that read back as the same number, dates
//! and instants in ISO form, nulls as nothing (CSV) and `null` (JSON). Columns stand in bytewise
//! order of their names, as in the store.

use serde_json::{Map, Value};

use super::{Cell, Frame};
use crate::error::{Error, Result};

/// A header and a line for each row.
pub fn to_csv(frame: &Frame) -> Result<Vec<u8>> {
    let failed =
        |error: csv::Error| Error::failure("a table cannot be written as CSV").caused_by(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = frame.columns().keys().map(|name| name.as_str());
    writer.write_record(header).map_err(failed)?;
    for row in 0..frame.rows() {
        let cells = frame
            .columns()
            .values()
            .map(|values| csv_field(values.cell(row)));
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
pub fn to_json(frame: &Frame) -> Result<Vec<u8>> {
    let mut text = String::from("[");
    for row in 0..frame.rows() {
        text.push_str(if row == 0 { "\n" } else { ",\n" });
        text.push_str(&record(frame, row).to_string());
    }
    text.push_str(if frame.rows() == 0 { "]\n" } else { "\n]\n" });
    Ok(text.into_bytes())
}

fn record(frame: &Frame, row: usize) -> Value {
    let fields = frame.columns().iter();
    let fields = fields.map(|(name, values)| (name.to_string(), json_value(values.cell(row))));
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
    use crate::table::Values;
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
        let text = String::from_utf8(to_csv(&frame()).unwrap()).unwrap();
        assert_eq!(
            text,
            "b,d,f,i,s,t\ntrue,2024-02-29,0.30000000000000004,9223372036854775807,\
             \"a,\"\"b\"\"\nc\",1970-01-01T00:00:01.5Z\n,,,,,\n"
        );
    }

    #[test]
    fn json_has_one_object_for_each_row() {
        let records: Value = serde_json::from_slice(&to_json(&frame()).unwrap()).unwrap();
        assert_eq!(records[0]["f"], 0.1 + 0.2);
        assert_eq!(records[0]["i"], i64::MAX);
        assert_eq!(records[0]["d"], "2024-02-29");
        assert!(records[1]["s"].is_null());
        assert_eq!(records.as_array().unwrap().len(), 2);
        let empty = to_json(&Frame::new(0, BTreeMap::new())).unwrap();
        assert_eq!(empty, b"[]\n");
    }
}
