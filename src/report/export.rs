//! A table as a file for other programs.

use std::path::Path;

use serde_json::{Map, Value};

use crate::definition::ColumnName;
use crate::error::{Error, Result};
use crate::table::{Cell, Frame, to_parquet};

/// The bytes of a table as CSV, Parquet or JSON, by the ending of the file's name.
///
/// CSV has the columns in the given order; a null is an empty field. JSON is a list of objects.
pub fn table_file(path: &Path, frame: &Frame, order: &[ColumnName]) -> Result<Vec<u8>> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Ok(to_csv(frame, order)),
        Some("parquet") => to_parquet(frame),
        Some("json") => to_json(frame),
        _ => Err(Error::usage(format!(
            "{} does not say which format it has",
            path.display()
        ))
        .help("end its name in .csv, .parquet or .json")),
    }
}

fn to_csv(frame: &Frame, order: &[ColumnName]) -> Vec<u8> {
    let columns: Vec<_> = order
        .iter()
        .filter_map(|name| frame.column(name.as_str()))
        .collect();
    let names: Vec<String> = order.iter().map(|name| field(name.as_str())).collect();
    let mut text = names.join(",");
    text.push('\n');
    for row in 0..frame.rows() {
        let cells: Vec<String> = columns
            .iter()
            .map(|values| csv_cell(values.cell(row)))
            .collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text.into_bytes()
}

fn csv_cell(cell: Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::String(text) => field(text),
        other => other.to_string(),
    }
}

/// A text in quotation marks where RFC 4180 wants them.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.trim() != text {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_string()
}

fn to_json(frame: &Frame) -> Result<Vec<u8>> {
    let row = |row: usize| -> Map<String, Value> {
        let columns = frame.columns().iter();
        columns
            .map(|(name, values)| {
                // A cell is a scalar; nothing in it fails to be JSON.
                let value = serde_json::to_value(values.cell(row)).unwrap_or(Value::Null);
                (name.to_string(), value)
            })
            .collect()
    };
    let rows: Vec<_> = (0..frame.rows()).map(row).collect();
    let mut bytes = serde_json::to_vec_pretty(&rows)
        .map_err(|error| Error::failure("a table cannot be written as JSON").caused_by(error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Values;
    use std::collections::BTreeMap;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let name = |text: &str| text.parse::<ColumnName>().unwrap();
        let texts = Values::strings(&[Some("a,\"b\""), None, Some(" c")]);
        let numbers = Values::floats(&[Some(0.5), Some(2.0), None]);
        let frame = Frame::new(
            3,
            BTreeMap::from([(name("n"), numbers), (name("t"), texts)]),
        );
        let file = |path: &str| {
            let bytes = table_file(Path::new(path), &frame, &[name("t"), name("n")]);
            String::from_utf8(bytes.unwrap()).unwrap()
        };
        assert_eq!(file("x.csv"), "t,n\n\"a,\"\"b\"\"\",0.5\n,2\n\" c\",\n");
        assert!(file("x.json").contains("\"n\": null"));
        assert!(table_file(Path::new("x"), &frame, &[]).is_err());
    }
}
