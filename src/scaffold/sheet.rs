//! Bytes of CSV files as rows of cells, with encoding and delimiter guessed.

use std::borrow::Cow;

use csv::StringRecord;
use jiff::civil::Date;

use super::Export;
use crate::error::{Error, Kind, Result};

/// Tried in this order: of two that fit equally well, the first is taken.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows that are looked at to tell the delimiter.
const GLANCE: usize = 200;

/// One file as rows of cells.
pub struct Sheet {
    pub date: Date,
    /// The path under the project's root.
    pub path: String,
    pub delimiter: u8,
    pub latin1: bool,
    pub header: Vec<String>,
    pub rows: Vec<StringRecord>,
}

impl Sheet {
    /// Where a column stands in this file.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name == column)
    }

    /// The cells of a column; none where the file lacks it.
    pub fn cells<'a>(&'a self, column: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let position = self.position(column);
        let rows = if position.is_some() {
            self.rows.as_slice()
        } else {
            &[]
        };
        rows.iter().filter_map(move |row| row.get(position?))
    }
}

/// All files of a table, in the order of their dates.
pub fn read(export: &Export) -> Result<Vec<Sheet>> {
    let mut files: Vec<&(Date, Vec<u8>)> = export.files.iter().collect();
    files.sort_by_key(|(date, _)| *date);
    let sheets = files
        .into_iter()
        .map(|(date, bytes)| {
            read_file(
                *date,
                export.pattern.replace("{as_of}", &date.to_string()),
                bytes,
            )
        })
        .collect::<Result<Vec<Sheet>>>()?;
    require_one_dialect(&sheets)?;
    Ok(sheets)
}

fn read_file(date: Date, path: String, bytes: &[u8]) -> Result<Sheet> {
    let (text, latin1) = decode(&path, bytes)?;
    let delimiter = delimiter(&text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let refuse = |error: csv::Error| refused(&path, "it is not a table").caused_by(error);
    let header: Vec<String> = reader
        .headers()
        .map_err(refuse)?
        .iter()
        .map(str::to_string)
        .collect();
    require_names(&path, &header)?;
    let rows = reader.records().collect::<Result<_, _>>().map_err(refuse)?;
    Ok(Sheet {
        date,
        path,
        delimiter,
        latin1,
        header,
        rows,
    })
}

/// The text, and whether it had to be read as Latin-1.
fn decode<'a>(path: &str, bytes: &'a [u8]) -> Result<(Cow<'a, str>, bool)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(refused(path, "it is UTF-16").help("save it as UTF-8"));
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(bytes)
                .0,
            true,
        ),
    })
}

/// The delimiter that splits the header, and gives most rows as many cells as the header.
fn delimiter(text: &str) -> u8 {
    let mut best = ((0, 0), DELIMITERS[0]);
    for delimiter in DELIMITERS {
        let fit = fit(text, delimiter);
        if fit > best.0 {
            best = (fit, delimiter);
        }
    }
    best.1
}

/// How many rows agree with the header under a delimiter, and how many cells it has.
fn fit(text: &str, delimiter: u8) -> (usize, usize) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let widths: Vec<usize> = reader
        .records()
        .take(GLANCE)
        .map_while(Result::ok)
        .map(|row| row.len())
        .collect();
    match widths.first() {
        Some(&width) if width > 1 => (widths.iter().filter(|&&w| w == width).count(), width),
        _ => (0, 0),
    }
}

fn require_names(path: &str, header: &[String]) -> Result<()> {
    if header.is_empty() {
        return Err(refused(path, "it is empty"));
    }
    for (position, name) in header.iter().enumerate() {
        if name.trim().is_empty() {
            let what = format!("column {} has no name", position + 1);
            return Err(refused(path, &what).help("name it in the file's first line"));
        }
        if header[..position].contains(name) {
            return Err(refused(path, &format!("it has two columns `{name}`")));
        }
    }
    Ok(())
}

/// A table has one delimiter: its dialect is declared once, for all its files.
fn require_one_dialect(sheets: &[Sheet]) -> Result<()> {
    let wide = |sheet: &&Sheet| sheet.header.len() > 1;
    let Some(first) = sheets.iter().find(wide) else {
        return Ok(());
    };
    match sheets
        .iter()
        .find(|sheet| wide(sheet) && sheet.delimiter != first.delimiter)
    {
        None => Ok(()),
        Some(other) => {
            let marks = [first, other].map(|sheet| char::from(sheet.delimiter));
            let what = format!(
                "its delimiter is {:?}, while {} has {:?}",
                marks[1], first.path, marks[0]
            );
            Err(refused(&other.path, &what))
        }
    }
}

fn refused(path: &str, why: &str) -> Error {
    Error::new(Kind::DataRefused, format!("{path} cannot be read: {why}"))
}
