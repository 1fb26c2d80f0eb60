//! Frames as tables, in one transaction.
//!
//! A table that was made here carries a comment that says so. One without it is somebody else's: it
//! is neither written nor dropped.

use super::address::Address;
use super::connection::{Connection, TextRows};
use super::copy::RowJoiner;
use super::login::log_in;
use super::trouble::{Circumstance, Trouble};
use super::types::{EPOCH_DAYS, EPOCH_MICROSECONDS};
use crate::definition::Dtype;
use crate::error::{Error, Kind, Result};
use crate::table::{Cell, Values};

/// A column to write.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub values: Values,
}

/// A table of ours.
#[derive(Debug, Clone)]
pub struct Kept {
    pub name: String,
    /// What is in it, for who looks at its comment.
    pub about: String,
    /// The columns that tell rows apart; none for a table of events.
    pub key: Vec<String>,
}

/// How the comments of our tables begin.
const MARK: &str = "streamflow export: ";
/// PostgreSQL cuts longer names off, and two names would be one.
const LONGEST_NAME: usize = 63;
/// Bytes of rows that are sent at a time.
const CHUNK: usize = 1 << 20;

/// A transaction that writes tables into a schema. What is not committed was never there.
pub struct WriteSession {
    address: Address,
    connection: Connection,
    schema: String,
}

impl WriteSession {
    /// Begins, and makes the schema where there is none. Exports into one schema wait for each
    /// other.
    pub fn begin(variable: &str, schema: &str) -> Result<Self> {
        check_name("schema", schema)?;
        let address = Address::of_variable(variable)?;
        let connection = log_in(&address)?;
        let mut session = Self {
            address,
            connection,
            schema: schema.to_string(),
        };
        session.run("BEGIN")?;
        session.run(&format!(
            "SELECT pg_advisory_xact_lock(hashtext({}))",
            literal(&format!("{MARK}{schema}"))
        ))?;
        let known = session.run(&format!(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}",
            literal(schema)
        ))?;
        if known.is_empty() {
            session.run(&format!("CREATE SCHEMA {}", identifier(schema)))?;
        }
        Ok(session)
    }

    fn run(&mut self, sql: &str) -> Result<TextRows> {
        let done = self.connection.execute(sql);
        done.map_err(|trouble| self.failed(trouble))
    }

    fn failed(&self, trouble: Trouble) -> Error {
        trouble.into_error(&Circumstance {
            address: &self.address,
            undone: "nothing was exported".into(),
            query: None,
            before: 0,
        })
    }

    /// `"schema"."table"`.
    fn qualified(&self, name: &str) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(name))
    }

    /// Puts rows into a table of ours in place of those for which `condition` holds, and makes the
    /// table, or the columns it lacks.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a table that is not ours, or has a column of another type.
    pub fn replace(&mut self, table: &Kept, columns: &[Column], condition: &str) -> Result<()> {
        for name in columns.iter().map(|column| column.name.as_str()) {
            check_name("column", name)?;
        }
        self.prepare(table, columns)?;
        let name = self.qualified(&table.name);
        self.run(&format!("DELETE FROM {name} WHERE {condition}"))?;
        let names: Vec<String> = columns
            .iter()
            .map(|column| identifier(&column.name))
            .collect();
        let copy = format!(
            "COPY {name} ({}) FROM STDIN (FORMAT binary)",
            names.join(", ")
        );
        let mut rows = Rows::new(&table.name, columns);
        let sent = self
            .connection
            .copy_in(&copy, |bytes| Ok(rows.next_chunk(bytes)?));
        sent.map_err(|trouble| self.failed(trouble))
    }

    fn prepare(&mut self, table: &Kept, columns: &[Column]) -> Result<()> {
        check_name("table", &table.name)?;
        let found = self.run(&format!(
            "SELECT c.oid, coalesce(obj_description(c.oid, 'pg_class'), '') \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {}",
            literal(&self.schema),
            literal(&table.name)
        ))?;
        match found.first().map(Vec::as_slice) {
            None => self.create(table, columns),
            Some([Some(id), Some(comment)]) if comment.starts_with(MARK) => {
                self.extend(table, columns, id)
            }
            Some(_) => Err(Error::usage(format!(
                "nothing was exported: {}.{} is there, and streamflow did not make it",
                self.schema, table.name
            ))
            .help("`--schema NAME` exports into another schema")),
        }
    }

    fn create(&mut self, table: &Kept, columns: &[Column]) -> Result<()> {
        let name = self.qualified(&table.name);
        let mut parts: Vec<String> = columns
            .iter()
            .map(|column| {
                let dtype = sql_type(column.values.dtype());
                format!("{} {dtype}", identifier(&column.name))
            })
            .collect();
        if !table.key.is_empty() {
            let key: Vec<String> = table.key.iter().map(|name| identifier(name)).collect();
            parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
        }
        self.run(&format!("CREATE TABLE {name} ({})", parts.join(", ")))?;
        let comment = literal(&format!("{MARK}{}", table.about));
        self.run(&format!("COMMENT ON TABLE {name} IS {comment}"))?;
        Ok(())
    }

    /// Adds the columns that a table of ours lacks.
    fn extend(&mut self, table: &Kept, columns: &[Column], id: &str) -> Result<()> {
        let found = self.run(&format!(
            "SELECT attname, pg_catalog.format_type(atttypid, atttypmod) \
             FROM pg_catalog.pg_attribute \
             WHERE attrelid = {id} AND attnum > 0 AND NOT attisdropped"
        ))?;
        for column in columns {
            let wanted = sql_type(column.values.dtype());
            let name = Some(&column.name);
            let there = found.iter().find(|row| row[0].as_ref() == name);
            match there.map(|row| row[1].as_deref().unwrap_or_default()) {
                None => {
                    self.run(&format!(
                        "ALTER TABLE {} ADD COLUMN {} {wanted}",
                        self.qualified(&table.name),
                        identifier(&column.name)
                    ))?;
                }
                Some(other) if other != wanted => {
                    let place = format!("{}.{}", self.schema, table.name);
                    return Err(Error::usage(format!(
                        "nothing was exported: column {} of {place} is {other}, and {wanted} now",
                        column.name
                    ))
                    .help(format!("`--schema NAME` exports into another schema; or drop {place} and export each date again")));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Makes everything visible at once.
    pub fn commit(mut self) -> Result<()> {
        self.run("COMMIT")?;
        self.connection.close();
        Ok(())
    }
}

/// The rows of columns as the bytes of binary COPY, a piece at a time.
struct Rows<'a> {
    table: &'a str,
    columns: &'a [Column],
    count: usize,
    /// The next row; beyond the last one when the end was written.
    at: usize,
}

impl<'a> Rows<'a> {
    fn new(table: &'a str, columns: &'a [Column]) -> Self {
        Self {
            table,
            columns,
            count: columns.first().map_or(0, |column| column.values.len()),
            at: 0,
        }
    }

    fn next_chunk(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        if self.at > self.count {
            return Ok(());
        }
        if self.at == 0 {
            RowJoiner::header(bytes);
        }
        while self.at < self.count && bytes.len() < CHUNK {
            RowJoiner::row(bytes, self.columns.len());
            for column in self.columns {
                let cell = column.values.cell(self.at);
                if matches!(cell, Cell::String(text) if text.contains('\0')) {
                    return Err(self.zero(column));
                }
                encode(bytes, cell);
            }
            self.at += 1;
        }
        if self.at == self.count {
            RowJoiner::end(bytes);
            self.at += 1;
        }
        Ok(())
    }

    fn zero(&self, column: &Column) -> Error {
        Error::new(
            Kind::DataRefused,
            format!(
                "nothing was exported: {} of {} holds a NUL character, which no text of PostgreSQL can",
                column.name, self.table
            ),
        )
        .detail(format!("row {}   {}", self.at + 1, column.values.cell(self.at)))
    }
}

fn encode(bytes: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        Cell::Null => RowJoiner::field(bytes, None),
        Cell::Bool(value) => RowJoiner::field(bytes, Some(&[u8::from(value)])),
        Cell::I64(value) => RowJoiner::field(bytes, Some(&value.to_be_bytes())),
        Cell::F64(value) => RowJoiner::field(bytes, Some(&value.to_be_bytes())),
        Cell::String(text) => RowJoiner::field(bytes, Some(text.as_bytes())),
        Cell::Datetime(value) => {
            let value = value - EPOCH_MICROSECONDS;
            RowJoiner::field(bytes, Some(&value.to_be_bytes()));
        }
        Cell::Date(days) => {
            let days = i64::from(days) - EPOCH_DAYS;
            let days = i32::try_from(days).expect("a date of the years 1 to 9999");
            RowJoiner::field(bytes, Some(&days.to_be_bytes()));
        }
    }
}

/// As `format_type` writes it.
fn sql_type(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::String => "text",
        Dtype::Bool => "boolean",
        Dtype::I64 => "bigint",
        Dtype::F64 => "double precision",
        Dtype::Date => "date",
        Dtype::Datetime => "timestamp with time zone",
    }
}

fn check_name(what: &str, name: &str) -> Result<()> {
    if name.len() > LONGEST_NAME || name.is_empty() || name.contains('\0') {
        return Err(Error::usage(format!(
            "nothing was exported: PostgreSQL has no {what} of the name {name:?}"
        ))
        .detail(format!(
            "names have 1 to {LONGEST_NAME} bytes, this one has {}",
            name.len()
        )));
    }
    Ok(())
}

/// A name in quotation marks: it is what it is, capitals and spaces included.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a constant, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_stay_one_thing() {
        assert_eq!(identifier("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'"), "E'a\\\\'''");
    }

    #[test]
    fn long_names_are_refused_by_bytes() {
        assert!(check_name("table", &"é".repeat(31)).is_ok());
        assert!(check_name("table", &"é".repeat(32)).is_err());
        assert!(check_name("table", "").is_err());
    }
}
