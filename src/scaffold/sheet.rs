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

/// How a file's text is written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes below 128 only: the same in UTF-8 and Latin-1.
    Ascii,
    Utf8,
    Latin1,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => Self::Ascii,
            Ok(_) => Self::Utf8,
            Err(_) if bytes.starts_with(b"\xff\xfe") => Self::Utf16Le,
            Err(_) if bytes.starts_with(b"\xfe\xff") => Self::Utf16Be,
            Err(_) => Self::Latin1,
        }
    }

    /// The value of `encoding`, where it must be declared.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Self::Ascii | Self::Utf8 => None,
            Self::Latin1 => Some("latin1"),
            Self::Utf16Le => Some("utf-16le"),
            Self::Utf16Be => Some("utf-16be"),
        }
    }

    fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        let label = self.label().unwrap_or("utf-8");
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes());
        encoding
            .unwrap_or(encoding_rs::UTF_8)
            .decode_with_bom_removal(bytes)
            .0
    }
}

/// One file as rows of cells.
pub struct Sheet {
    pub date: Date,
    /// The path under the project's root.
    pub path: String,
    pub delimiter: u8,
    pub encoding: Encoding,
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
    let encoding = Encoding::of(bytes);
    let text = encoding.decode(bytes);
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
    let rows: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().map_err(refuse)?;
    if rows.is_empty() {
        return Err(refused(&path, "it has no rows"));
    }
    Ok(Sheet {
        date,
        path,
        delimiter,
        encoding,
        header,
        rows,
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
        let why = if name.trim().is_empty() {
            format!("column {} has no name", position + 1)
        } else if name.starts_with("__") || name.contains(char::is_control) {
            format!("{name:?} cannot name a column")
        } else if header[..position].contains(name) {
            format!("it has two columns `{name}`")
        } else {
            continue;
        };
        return Err(refused(path, &why).help("correct the first line of the file"));
    }
    Ok(())
}

/// A table has one delimiter and one encoding: they are declared once, for all its files.
fn require_one_dialect(sheets: &[Sheet]) -> Result<()> {
    let wide = sheets.iter().filter(|sheet| sheet.header.len() > 1);
    require_same(wide, "delimiter", |sheet| char::from(sheet.delimiter))?;
    let telling = sheets
        .iter()
        .filter(|sheet| sheet.encoding != Encoding::Ascii);
    require_same(telling, "encoding", |sheet| {
        sheet.encoding.label().unwrap_or("utf-8")
    })
}

fn require_same<'a, T: PartialEq + std::fmt::Debug>(
    mut sheets: impl Iterator<Item = &'a Sheet>,
    what: &str,
    of: impl Fn(&Sheet) -> T,
) -> Result<()> {
    let Some(first) = sheets.next() else {
        return Ok(());
    };
    match sheets.find(|sheet| of(sheet) != of(first)) {
        None => Ok(()),
        Some(other) => {
            let (this, that) = (of(other), of(first));
            let why = format!("its {what} is {this:?}, while {} has {that:?}", first.path);
            Err(refused(&other.path, &why).help("export all files of a table alike"))
        }
    }
}

/// The delimiter of a table's files; a comma where they have one column.
pub fn delimiter_of(sheets: &[Sheet]) -> char {
    let wide = sheets.iter().find(|sheet| sheet.header.len() > 1);
    wide.map_or(',', |sheet| char::from(sheet.delimiter))
}

fn refused(path: &str, why: &str) -> Error {
    Error::new(Kind::DataRefused, format!("{path} cannot be read: {why}"))
}
