//! The same file with its rows in another order.

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use super::{Incoming, ReadFile, read, text};
use crate::definition::{AsOf, CsvDialect, Format, Table};
use crate::error::{Error, Result};
use crate::hash::{Digest, ObjectId};
use crate::table::{row_number, to_parquet};

/// Writes the file anew with its rows in an order that follows from `seed`, and reads that. Line
/// breaks within quotation marks stay within their row.
///
/// # Errors
/// Those of [`read`].
pub fn read_shuffled(
    bytes: &[u8],
    path: &str,
    as_of: AsOf,
    table: &Table,
    seed: u64,
) -> Result<ReadFile> {
    match &table.source.format {
        Format::Csv(dialect) => {
            let incoming = Incoming { path, as_of, table };
            let turned = csv_in_another_order(bytes, dialect, &incoming, seed)?;
            let mut table = table.clone();
            table.source.format = Format::Csv(CsvDialect {
                encoding: "utf-8".to_string(),
                ..dialect.clone()
            });
            read(&turned, path, as_of, &table)
        }
        Format::Parquet => {
            let frame = read(bytes, path, as_of, table)?.frame;
            let rows = order(frame.rows(), seed).into_iter().map(row_number);
            read(
                &to_parquet(&frame.take(rows.collect()))?,
                path,
                as_of,
                table,
            )
        }
    }
}

fn csv_in_another_order(
    bytes: &[u8],
    dialect: &CsvDialect,
    incoming: &Incoming<'_>,
    seed: u64,
) -> Result<Vec<u8>> {
    let text = text::decode(bytes, &dialect.encoding, incoming)?;
    let failed =
        |error: csv::Error| Error::failure("text in memory could not be read").caused_by(error);
    let records: Vec<StringRecord> = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .from_reader(text.as_bytes())
        .into_records()
        .collect::<std::result::Result<_, _>>()
        .map_err(failed)?;
    let mut writer = WriterBuilder::new()
        .flexible(true)
        .delimiter(dialect.delimiter)
        .from_writer(Vec::new());
    let rows = order(records.len().saturating_sub(1), seed);
    for at in std::iter::once(0).chain(rows.into_iter().map(|row| row + 1)) {
        if let Some(record) = records.get(at) {
            writer.write_record(record).map_err(failed)?;
        }
    }
    writer.into_inner().map_err(|error| {
        Error::failure("text in memory could not be written").caused_by(error.into_error())
    })
}

/// The numbers below `rows` in an order that follows from the seed alone.
fn order(rows: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by_cached_key(|row| {
        *ObjectId::of_bytes(format!("{seed} {row}").as_bytes()).as_bytes()
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_comes_once_and_the_seed_decides_where() {
        let mut rows = order(100, 7);
        assert_eq!(rows, order(100, 7));
        assert_ne!(rows, order(100, 8));
        assert_ne!(rows, (0..100).collect::<Vec<_>>());
        rows.sort_unstable();
        assert_eq!(rows, (0..100).collect::<Vec<_>>());
    }
}
