//! CSV files.
//!
//! The file is decoded as a whole, its header is held against the declared columns, and its rows
//! are parsed in one pass into one builder a column. A file without a quotation mark has a row in
//! every line, and is parsed in pieces by several threads; the pieces are put together in their
//! order, so that nothing depends on their number.

use std::io::Cursor;

use csv::{Reader, ReaderBuilder, StringRecord};
use rayon::prelude::*;

use crate::definition::CsvDialect;
use crate::error::{Error, Result};

use super::super::{Frame, Places, Values};
use super::column::Column;
use super::header::{self, Header};
use super::problems::{self, BadValue, Problems, Ragged};
use super::{Incoming, ReadFile, text};

/// Pieces shorter than this are not worth a thread.
const SHORTEST_PIECE: usize = 1 << 20;

pub fn read(bytes: &[u8], dialect: &CsvDialect, incoming: &Incoming<'_>) -> Result<ReadFile> {
    let text = text::decode(bytes, &dialect.encoding, incoming)?;
    let mut record = StringRecord::new();
    let mut reader = reader(&text, dialect);
    if !next(&mut reader, &mut record)? {
        return Err(incoming.empty());
    }
    let names: Vec<&str> = record.iter().collect();
    let header = header::resolve(&names, incoming)?;
    let body = usize::try_from(reader.position().byte()).unwrap_or(text.len());
    let pieces = pieces(&text, body);
    let parts = pieces
        .par_iter()
        .map(|piece| parse(piece, &header, dialect))
        .collect::<Result<Vec<_>>>()?;
    if let Some(line) = unclosed_quote(&text, &parts, dialect.delimiter) {
        return Err(never_closed(line, incoming));
    }
    assemble(parts, &header, incoming)
}

fn reader<'t>(text: &'t str, dialect: &CsvDialect) -> Reader<Cursor<&'t str>> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .from_reader(Cursor::new(text))
}

/// Reads the next record; false at the end.
fn next(reader: &mut Reader<Cursor<&str>>, record: &mut StringRecord) -> Result<bool> {
    reader
        .read_record(record)
        .map_err(|error| Error::failure("text in memory could not be read").caused_by(error))
}

/// Whole rows of the file, next to one another.
struct Piece<'t> {
    text: &'t str,
    /// Where it begins in the file, in bytes.
    start: usize,
    /// The line it begins on, counted from 1.
    line: usize,
    end_of_line: u8,
}

/// Cuts the text behind `body`, a byte offset, into pieces of whole lines.
fn pieces(text: &str, body: usize) -> Vec<Piece<'_>> {
    let (header, rows) = text.split_at(body);
    let end_of_line = end_of_line(text);
    let mut line = 1 + lines_in(header.as_bytes(), end_of_line);
    let most = if rows.contains('"') {
        1
    } else {
        rayon::current_num_threads() * 4
    };
    let length = (rows.len() / most).max(SHORTEST_PIECE);
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < rows.len() || pieces.is_empty() {
        let bytes = rows.as_bytes();
        let from = rows.len().min(start + length);
        // A reader takes a byte order mark (0xEF …) away from the beginning of its text.
        let cut = bytes[from..]
            .windows(2)
            .position(|pair| pair[0] == b'\n' && pair[1] != 0xEF);
        let end = cut.map_or(rows.len(), |at| from + at + 1);
        pieces.push(Piece {
            text: &rows[start..end],
            start: body + start,
            line,
            end_of_line,
        });
        line += lines_in(&bytes[start..end], end_of_line);
        start = end;
    }
    pieces
}

/// What ends a line: `\n`, or `\r` in files of a long-gone system, which have no other.
fn end_of_line(text: &str) -> u8 {
    if text.contains('\n') { b'\n' } else { b'\r' }
}

fn lines_in(bytes: &[u8], end: u8) -> usize {
    bytes.iter().filter(|byte| **byte == end).count()
}

/// What came out of a piece.
struct Part {
    columns: Vec<Values>,
    /// The line each row begins on.
    lines: Vec<u32>,
    /// Where the last row begins in the file, in bytes.
    last_row: usize,
    ragged: Problems<Ragged>,
    bad: Problems<BadValue>,
}

fn parse(piece: &Piece<'_>, header: &Header<'_>, dialect: &CsvDialect) -> Result<Part> {
    let expected = most_rows(piece, header.fields.len());
    let column = |dtype| Column::new(dtype, expected, dialect);
    let mut columns: Vec<_> = header.fields.iter().map(|(_, c)| column(c.dtype)).collect();
    let mut part = Part {
        columns: Vec::new(),
        lines: Vec::with_capacity(expected),
        last_row: piece.start,
        ragged: Problems::default(),
        bad: Problems::default(),
    };
    let mut counter = LineCounter::new(piece);
    let mut reader = reader(piece.text, dialect);
    let mut record = StringRecord::new();
    while next(&mut reader, &mut record)? {
        let line = counter.line_of(&record);
        part.last_row = piece.start + counter.at;
        part.lines.push(line);
        if record.len() != columns.len() {
            part.ragged.add(|| Ragged {
                line,
                found: record.len(),
            });
            continue;
        }
        for (at, (text, column)) in record.iter().zip(&mut columns).enumerate() {
            if let Err(why) = column.push(text) {
                let (name, declared) = header.fields[at];
                let (column, dtype) = (name.clone(), declared.dtype);
                part.bad.add(|| BadValue {
                    line,
                    column,
                    dtype,
                    text: text.into(),
                    why,
                });
            }
        }
    }
    part.columns = columns.into_iter().map(Column::finish).collect();
    Ok(part)
}

/// How many rows a piece can have: no more than lines, and every row has a delimiter between fields
/// and the end of its line.
fn most_rows(piece: &Piece<'_>, fields: usize) -> usize {
    let lines = 1 + lines_in(piece.text.as_bytes(), piece.end_of_line);
    lines.min(1 + piece.text.len() / fields.max(1))
}

/// Counts lines up to each record. The reader's own count is off where blank lines or the second
/// byte of a CRLF lie between two records.
struct LineCounter<'t> {
    bytes: &'t [u8],
    end: u8,
    /// Lines before `at` are counted.
    at: usize,
    line: usize,
}

impl<'t> LineCounter<'t> {
    fn new(piece: &Piece<'t>) -> Self {
        Self {
            bytes: piece.text.as_bytes(),
            end: piece.end_of_line,
            at: 0,
            line: piece.line,
        }
    }

    /// The line a record begins on. Records come in the order of the file.
    fn line_of(&mut self, record: &StringRecord) -> u32 {
        let position = record.position().map_or(0, csv::Position::byte);
        let mut start = usize::try_from(position).unwrap_or(self.bytes.len());
        while matches!(self.bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        self.line += lines_in(&self.bytes[self.at..start], self.end);
        self.at = start;
        u32::try_from(self.line).unwrap_or(u32::MAX)
    }
}

/// The line on which the last row begins, when a quotation mark in it is still open at the end of
/// the file. The reader takes such a row as whole, with everything that follows in one field.
fn unclosed_quote(text: &str, parts: &[Part], delimiter: u8) -> Option<u32> {
    let part = parts.last()?;
    let line = *part.lines.last()?;
    let mut state = State::FieldStart;
    for byte in text.as_bytes()[part.last_row..].iter().copied() {
        state = match (state, byte) {
            (State::FieldStart, b'"') | (State::QuoteInQuoted, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) => State::Quoted,
            (_, byte) if byte == delimiter => State::FieldStart,
            _ => State::Unquoted,
        };
    }
    (state == State::Quoted).then_some(line)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Unquoted,
    Quoted,
    QuoteInQuoted,
}

fn never_closed(line: u32, incoming: &Incoming<'_>) -> Error {
    incoming
        .refused("a quotation mark is never closed")
        .detail(format!(
            "{}:{line}   opens a value that runs to the end of the file",
            incoming.path
        ))
        .help("close it, or write a quotation mark within a value twice: \"\"")
}

/// Puts the parts together, or tells what is wrong in them.
fn assemble(parts: Vec<Part>, header: &Header<'_>, incoming: &Incoming<'_>) -> Result<ReadFile> {
    let mut lines = Vec::new();
    let mut columns: Vec<Vec<Values>> = header.fields.iter().map(|_| Vec::new()).collect();
    let (mut ragged, mut bad) = (Problems::default(), Problems::default());
    for part in parts {
        lines.extend(part.lines);
        ragged.append(part.ragged);
        bad.append(part.bad);
        for (column, values) in columns.iter_mut().zip(part.columns) {
            column.push(values);
        }
    }
    let rows = lines.len();
    incoming.refuse_too_long(rows)?;
    let places = Places::csv(incoming.path, lines);
    if !ragged.is_empty() {
        return Err(problems::ragged(
            &ragged,
            header.fields.len(),
            &places,
            incoming,
        ));
    }
    if !bad.is_empty() {
        return Err(problems::unreadable(&bad, &places, incoming));
    }
    let read = header.fields.iter().zip(columns);
    let read = read
        .map(|((name, column), parts)| ((*name).clone(), Values::concat_all(column.dtype, &parts)));
    let absent = header.absent.iter();
    let absent = absent.map(|(name, column)| ((*name).clone(), Values::nulls(column.dtype, rows)));
    Ok(ReadFile {
        frame: Frame::new(rows, read.chain(absent).collect()),
        places,
        columns: header.names(),
    })
}
