//! CSV files.
//!
//! The file is decoded as a whole, its header is held against the declared columns, and its rows
//! are parsed in one pass into one builder a column, in pieces of whole rows by several threads; the
//! pieces are put together in their order, so that nothing depends on their number. A piece without
//! a quotation mark has a row in every line and is taken apart without the library's reader.

use std::io::Cursor;

use csv::{Reader, ReaderBuilder, StringRecord};
use memchr::{memchr, memchr_iter, memchr3_iter};
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
    let mut reader = reader(&text, dialect.delimiter);
    if !next(&mut reader, &mut record)? {
        return Err(incoming.empty());
    }
    let names: Vec<&str> = record.iter().collect();
    let header = header::resolve(&names, incoming)?;
    let body = usize::try_from(reader.position().byte()).unwrap_or(text.len());
    let most = rayon::current_num_threads() * 4;
    let length = ((text.len() - body) / most).max(SHORTEST_PIECE);
    let pieces = pieces(&text, body, dialect.delimiter, length);
    let parts = pieces
        .par_iter()
        .map(|piece| parse(piece, &header, dialect))
        .collect::<Result<Vec<_>>>()?;
    if let Some(line) = unclosed_quote(&text, &parts, dialect.delimiter) {
        return Err(never_closed(line, incoming));
    }
    assemble(parts, &header, incoming)
}

fn reader(text: &str, delimiter: u8) -> Reader<Cursor<&str>> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
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
    /// Ends of lines in it.
    lines: usize,
    end_of_line: u8,
}

/// Cuts the text behind `body`, a byte offset, into pieces of whole rows, about `length` bytes long.
fn pieces(text: &str, body: usize, delimiter: u8, length: usize) -> Vec<Piece<'_>> {
    let (header, rows) = text.split_at(body);
    let end_of_line = end_of_line(text);
    let mut cuts = Cuts::new(rows.as_bytes(), delimiter);
    let mut texts = Vec::new();
    let mut start = 0;
    while start < rows.len() || texts.is_empty() {
        let end = cuts.at_or_after(start + length).unwrap_or(rows.len());
        texts.push(&rows[start..end]);
        start = end;
    }
    let lines = texts
        .par_iter()
        .map(|text| lines_in(text.as_bytes(), end_of_line));
    let lines: Vec<usize> = lines.collect();
    let mut start = body;
    let mut line = 1 + lines_in(header.as_bytes(), end_of_line);
    let pieces = texts.into_iter().zip(lines).map(|(text, lines)| {
        let piece = Piece {
            text,
            start,
            line,
            lines,
            end_of_line,
        };
        start += text.len();
        line += lines;
        piece
    });
    pieces.collect()
}

/// Finds places between two rows, from one to the next.
struct Cuts<'t> {
    bytes: &'t [u8],
    delimiter: u8,
    /// What lies before is known; a row or a field of it may go on here.
    at: usize,
    /// Whether a quotation mark is open at `at`.
    quoted: bool,
    /// The first quotation mark not before `at`, if it was looked for since; the end when there is none.
    mark: usize,
}

impl<'t> Cuts<'t> {
    fn new(bytes: &'t [u8], delimiter: u8) -> Self {
        Self {
            bytes,
            delimiter,
            at: 0,
            quoted: false,
            mark: memchr(b'"', bytes).unwrap_or(bytes.len()),
        }
    }

    /// The first quotation mark that is still ahead.
    fn next_mark(&mut self) -> Option<usize> {
        if self.mark < self.at {
            let mark = memchr(b'"', &self.bytes[self.at..]);
            self.mark = mark.map_or(self.bytes.len(), |mark| self.at + mark);
        }
        (self.mark < self.bytes.len()).then_some(self.mark)
    }

    /// The first place behind a line feed that ends a row, not before `from`; none when the last row
    /// begins before.
    fn at_or_after(&mut self, from: usize) -> Option<usize> {
        loop {
            let mark = self.next_mark();
            let end = mark.unwrap_or(self.bytes.len());
            if self.quoted {
                let doubled = self.bytes.get(end + 1) == Some(&b'"');
                self.quoted = doubled;
                self.at = mark? + 1 + usize::from(doubled);
                continue;
            }
            let searched = self.at.max(from).min(end);
            let cut = memchr_iter(b'\n', &self.bytes[searched..end]).map(|at| searched + at + 1);
            // A reader takes a byte order mark (0xEF …) away from the beginning of its text.
            if let Some(cut) = cut
                .into_iter()
                .find(|at| self.bytes.get(*at) != Some(&0xEF))
            {
                self.at = cut;
                return Some(cut);
            }
            // Elsewhere in a field a quotation mark is a character like any other.
            let mark = mark?;
            let before = mark.checked_sub(1).map(|before| self.bytes[before]);
            self.quoted =
                before.is_none_or(|byte| byte == self.delimiter || byte == b'\n' || byte == b'\r');
            self.at = mark + 1;
        }
    }
}

/// What ends a line: `\n`, or `\r` in files of a long-gone system, which have no other.
fn end_of_line(text: &str) -> u8 {
    if text.contains('\n') { b'\n' } else { b'\r' }
}

fn lines_in(bytes: &[u8], end: u8) -> usize {
    memchr_iter(end, bytes).count()
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
    let mut rows = Rows {
        header,
        columns: header.fields.iter().map(|(_, c)| column(c.dtype)).collect(),
        part: Part {
            columns: Vec::new(),
            lines: Vec::with_capacity(expected),
            last_row: piece.start,
            ragged: Problems::default(),
            bad: Problems::default(),
        },
    };
    let mut push = |row: Row<'_>| rows.push(&row);
    if piece.text.contains('"') {
        quoted_rows(piece, dialect.delimiter, &mut push)?;
    } else {
        plain_rows(piece, dialect.delimiter, &mut push);
    }
    Ok(rows.finish())
}

/// A row as it stands in the file.
struct Row<'r> {
    /// The line it begins on, counted from 1.
    line: u32,
    /// Where it begins in the file, in bytes.
    start: usize,
    fields: &'r [&'r str],
}

/// Rows as they come.
struct Rows<'h> {
    header: &'h Header<'h>,
    columns: Vec<Column<'h>>,
    part: Part,
}

impl Rows<'_> {
    fn push(&mut self, row: &Row<'_>) {
        let (line, part) = (row.line, &mut self.part);
        part.last_row = row.start;
        part.lines.push(line);
        if row.fields.len() != self.columns.len() {
            let found = row.fields.len();
            part.ragged.add(|| Ragged { line, found });
            return;
        }
        for (at, (text, column)) in row.fields.iter().zip(&mut self.columns).enumerate() {
            if let Err(why) = column.push(text) {
                let (name, declared) = self.header.fields[at];
                let (column, dtype) = (name.clone(), declared.dtype);
                part.bad.add(|| BadValue {
                    line,
                    column,
                    dtype,
                    text: (*text).into(),
                    why,
                });
            }
        }
    }

    fn finish(mut self) -> Part {
        self.part.columns = self.columns.into_iter().map(Column::finish).collect();
        self.part
    }
}

/// The rows of a piece, as the library reads them.
fn quoted_rows(piece: &Piece<'_>, delimiter: u8, push: &mut dyn FnMut(Row<'_>)) -> Result<()> {
    let mut counter = LineCounter::new(piece);
    let mut reader = reader(piece.text, delimiter);
    let mut record = StringRecord::new();
    while next(&mut reader, &mut record)? {
        let line = counter.line_of(&record);
        let fields: Vec<&str> = record.iter().collect();
        push(Row {
            line,
            start: piece.start + counter.at,
            fields: &fields,
        });
    }
    Ok(())
}

/// The rows of a piece without a quotation mark: a row ends with its line, a field at the next
/// delimiter. Blank lines are no rows.
fn plain_rows(piece: &Piece<'_>, delimiter: u8, push: &mut impl FnMut(Row<'_>)) {
    let text = piece.text;
    let mut fields: Vec<&str> = Vec::new();
    let mut line = piece.line;
    let (mut row, mut field) = (0, 0);
    let mut end_row = |line, row, fields: &[&str]| {
        push(Row {
            line: line_number(line),
            start: piece.start + row,
            fields,
        });
    };
    for at in memchr3_iter(delimiter, b'\n', b'\r', text.as_bytes()) {
        let found = text.as_bytes()[at];
        if found == delimiter {
            fields.push(&text[field..at]);
        } else {
            if row < at {
                fields.push(&text[field..at]);
                end_row(line, row, &fields);
                fields.clear();
            }
            line += usize::from(found == piece.end_of_line);
            row = at + 1;
        }
        field = at + 1;
    }
    if row < text.len() {
        fields.push(&text[field..]);
        end_row(line, row, &fields);
    }
}

/// How many rows a piece can have: no more than lines, and every row has a delimiter between fields
/// and the end of its line.
fn most_rows(piece: &Piece<'_>, fields: usize) -> usize {
    (1 + piece.lines).min(1 + piece.text.len() / fields.max(1))
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
        line_number(self.line)
    }
}

fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
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
    let read = header.fields.par_iter().zip(columns);
    let read = read
        .map(|((name, column), parts)| ((*name).clone(), Values::concat_all(column.dtype, &parts)));
    let read: Vec<_> = read.collect();
    let absent = header.absent.iter();
    let absent = absent.map(|(name, column)| ((*name).clone(), Values::nulls(column.dtype, rows)));
    Ok(ReadFile {
        frame: Frame::new(rows, read.into_iter().chain(absent).collect()),
        places,
        columns: header.names(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Told = (u32, usize, Vec<String>);

    fn told(rows: &mut Vec<Told>) -> impl FnMut(Row<'_>) {
        |row| {
            let fields = row.fields.iter().map(ToString::to_string).collect();
            rows.push((row.line, row.start, fields));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// However short the pieces, and whichever way their rows are taken apart, the rows are those
        /// the library reads in the whole text.
        #[test]
        fn pieces_have_the_rows_of_the_whole(text in "[ab,\"\r\n]{0,40}", length in 1..9_usize) {
            let mut whole = Vec::new();
            for piece in pieces(&text, 0, b',', text.len() + 1) {
                quoted_rows(&piece, b',', &mut told(&mut whole)).unwrap();
            }
            let mut parts = Vec::new();
            for piece in pieces(&text, 0, b',', length) {
                if piece.text.contains('"') {
                    quoted_rows(&piece, b',', &mut told(&mut parts)).unwrap();
                } else {
                    plain_rows(&piece, b',', &mut told(&mut parts));
                }
            }
            prop_assert_eq!(parts, whole);
        }
    }
}
