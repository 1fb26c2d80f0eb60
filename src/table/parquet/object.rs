//! Frames as Parquet files in the store.
//!
//! Columns are written with the types people expect to find: dates as `DATE`, instants as
//! `TIMESTAMP(MICROS)` without a time zone, in UTC by convention. They are
//! compressed with zstd, which makes a table of customers a quarter smaller than lz4 does.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{Column, DataFrame, DataType, IntoColumn, IntoSeries, Series, TimeUnit};

use crate::definition::ColumnName;
use crate::error::{Error, Result};
use crate::hash::TableHash;

use super::super::{ColumnDigest, Frame, Values, column_hash, table_hash};
use super::reader::{Damaged, File};
use super::writer::write;

/// A frame as the bytes of a Parquet file.
///
/// The bytes depend on the values and on the version of polars, not on threads or on how the values
/// lie in memory. A frame without columns loses its rows.
pub fn to_parquet(frame: &Frame) -> Result<Vec<u8>> {
    let columns = frame.columns().iter();
    let columns: Vec<_> = columns
        .map(|(name, values)| (name.as_str(), values))
        .collect();
    columns_to_parquet(frame.rows(), &columns)
}

/// Columns in an order of one's own as the bytes of a Parquet file.
pub fn columns_to_parquet(rows: usize, columns: &[(&str, &Values)]) -> Result<Vec<u8>> {
    let failed = |error| Error::failure("a table could not be written as Parquet").caused_by(error);
    let columns = columns.iter();
    let columns = columns
        .map(|(name, values)| as_column(name, values))
        .collect();
    let mut columns = DataFrame::new(rows, columns).map_err(failed)?;
    write(&mut columns).map_err(failed)
}

fn as_column(name: &str, values: &Values) -> Column {
    let series = match values.rechunked() {
        Values::String(array) => array.into_series(),
        Values::Bool(array) => array.into_series(),
        Values::I64(array) => array.into_series(),
        Values::F64(array) => array.into_series(),
        Values::Date(array) => array.into_date().into_series(),
        Values::Datetime(array) => array
            .into_datetime(TimeUnit::Microseconds, None)
            .into_series(),
    };
    series.with_name(name.into()).into_column()
}

/// The frame that [`to_parquet`] wrote.
///
/// # Errors
/// A failure for bytes that are no Parquet file, and for columns of types that we do not write.
/// The bytes of an object are verified before they come here.
pub fn from_parquet_object(bytes: &[u8]) -> Result<Frame> {
    let file = File::open(bytes).map_err(no_table)?;
    read_columns(&file, |_| true)
}

/// The same, with only those of these columns that it has.
///
/// # Errors
/// As [`from_parquet_object`].
pub fn columns_of_parquet_object(bytes: &[u8], wanted: &BTreeSet<ColumnName>) -> Result<Frame> {
    let file = File::open(bytes).map_err(no_table)?;
    read_columns(&file, |name| wanted.contains(name))
}

/// The same, with the rows of the first row group only.
///
/// # Errors
/// As [`from_parquet_object`].
pub fn head_of_parquet_object(bytes: &[u8]) -> Result<Frame> {
    let file = File::open(bytes).map_err(no_table)?;
    read_columns(&file.first_group(), |_| true)
}

fn read_columns(file: &File<'_>, is_wanted: impl Fn(&str) -> bool) -> Result<Frame> {
    let names = file.columns().iter().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.filter(|name| is_wanted(name)).collect();
    let columns = file.read(&names).map_err(no_table)?;
    let columns = names.iter().zip(columns).map(|(name, series)| {
        let values =
            from_series(series).ok_or_else(|| format!("column `{name}` is of a foreign type"));
        Ok((
            column_name(name)?,
            values.map_err(|why| no_table(Damaged(why)))?,
        ))
    });
    Ok(Frame::new(file.rows(), columns.collect::<Result<_>>()?))
}

/// The number of rows of a stored table and the digest of each column, one column in memory at a
/// time.
///
/// # Errors
/// As [`from_parquet_object`].
pub fn digest_parquet_object(bytes: &[u8]) -> Result<(usize, BTreeMap<ColumnName, ColumnDigest>)> {
    let file = File::open(bytes).map_err(no_table)?;
    let mut digests = BTreeMap::new();
    for (name, _) in file.columns() {
        for series in file.read(&[name]).map_err(no_table)? {
            let foreign = || no_table(Damaged(format!("column `{name}` is of a foreign type")));
            let values = from_series(series).ok_or_else(foreign)?;
            digests.insert(column_name(name)?, column_hash(&values));
        }
    }
    Ok((file.rows(), digests))
}

/// The table hash of a stored table.
///
/// # Errors
/// As [`from_parquet_object`].
pub fn hash_parquet_object(bytes: &[u8]) -> Result<TableHash> {
    Ok(table_hash(&digest_parquet_object(bytes)?.1))
}

fn no_table(damaged: Damaged) -> Error {
    Error::failure("a stored table is no Parquet file that streamflow wrote").caused_by(damaged.0)
}

/// The name of a column that we wrote, our own such as `__row_date` among them.
fn column_name(text: &str) -> Result<ColumnName> {
    ColumnName::stored(text)
        .map_err(|error| Error::failure("a stored table has a nameless column").caused_by(error))
}

fn from_series(series: Series) -> Option<Values> {
    let series = series.with_name("".into());
    let values = match series.dtype() {
        DataType::String => Values::String(series.str().ok()?.clone()),
        DataType::Boolean => Values::Bool(series.bool().ok()?.clone()),
        DataType::Int64 => Values::I64(series.i64().ok()?.clone()),
        DataType::Float64 => Values::F64(series.f64().ok()?.clone()),
        DataType::Date => Values::Date(series.date().ok()?.physical().clone()),
        DataType::Datetime(TimeUnit::Microseconds, None) => {
            Values::Datetime(series.datetime().ok()?.physical().clone())
        }
        _ => return None,
    };
    Some(values)
}
