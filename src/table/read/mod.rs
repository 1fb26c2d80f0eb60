//! The bytes of one file as a frame with exactly the declared columns.
//!
//! What a file says is taken literally or refused, never repaired: a row with too few fields, a
//! column nobody declared, a text that is no number all stop the file, with every place named. All
//! leniency is here and in [`parse`](super::parse):
//!
//! - a byte order mark, CRLF, quoted line breaks and blank lines are fine;
//! - ASCII white space around values other than strings is not part of them; strings are kept as
//!   they are, white space and NUL characters included;
//! - empty text is null, quoted or not, also in strings, also in Parquet; so is NaN among numbers;
//! - `3.0` is an integer, a date is the instant of its midnight in UTC, and in Parquet an instant
//!   at midnight is a date, because that is how pandas writes integers with nulls and dates;
//! - numbers are rounded to the nearest f64, instants cut off to the microsecond.

mod column;
mod csv;
mod header;
mod parquet;
mod problems;
mod shuffled;
#[cfg(test)]
mod tests;
mod text;
mod typed;

pub use shuffled::read_shuffled;
pub use typed::{Given, GivenColumn, Nature, RowReader};

use crate::definition::{AsOf, ColumnName, Format, Table};
use crate::error::{Error, Kind, Result};

use super::{Frame, Places};

/// A file as it was read: the declared columns, and where each row stands in the file.
#[derive(Debug, Clone)]
pub struct ReadFile {
    pub frame: Frame,
    pub places: Places,
    /// The columns that stand in the file, in its order.
    pub columns: Vec<ColumnName>,
}

/// Reads one file of a table. `path` is relative to the project's root and only printed.
///
/// A declared column that the file lacks is null when `as_of` is earlier than its `since`.
///
/// # Errors
/// [`Kind::DataRefused`], with all wrong columns, or the first ten wrong rows or values and their
/// count.
pub fn read(bytes: &[u8], path: &str, as_of: AsOf, table: &Table) -> Result<ReadFile> {
    let incoming = Incoming { path, as_of, table };
    if bytes.is_empty() {
        return Err(incoming.empty());
    }
    let file = match &table.source.format {
        Format::Csv(dialect) => csv::read(bytes, dialect, &incoming)?,
        Format::Parquet => parquet::read(bytes, &incoming)?,
    };
    if file.frame.rows() == 0 {
        return Err(incoming.empty());
    }
    Ok(file)
}

/// The file being read: what errors name, and what its columns are held against.
struct Incoming<'a> {
    path: &'a str,
    as_of: AsOf,
    table: &'a Table,
}

impl Incoming<'_> {
    /// `usage refused: WHY`.
    fn refused(&self, why: &str) -> Error {
        Error::new(
            Kind::DataRefused,
            format!("{} refused: {why}", self.table.name),
        )
    }

    /// The file with the table's definition.
    fn definition(&self) -> &str {
        &self.table.origin.source.path
    }

    /// Rows are counted in 32 bits.
    fn refuse_too_long(&self, rows: usize) -> Result<()> {
        match u32::try_from(rows) {
            Ok(count) if count < u32::MAX => Ok(()),
            _ => Err(self.refused("the file has more than 4 294 967 294 rows")),
        }
    }

    fn empty(&self) -> Error {
        self.refused("empty file")
            .detail(format!("{}   holds no rows", self.path))
            .help("export the table again; if it truly has no rows, take the file away")
    }
}
