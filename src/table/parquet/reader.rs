//! The columns of a Parquet file, each read as a type of our choice.
//!
//! polars reads a column as the type that the Arrow schema in the file's metadata names, if there
//! is one, and else as the one the Parquet schema means. We take that schema away, because it may be
//! damaged, and names types (dictionaries, time zones, small integers) that this build of polars
//! lacks; and put one in its place with the types we ask for.

use std::io::Cursor;
use std::sync::Arc;

use polars::prelude::infer_schema;
use polars::prelude::{
    ArrowDataType, ArrowTimeUnit, Column, DataFrame, DataType, FileMetadata, ParallelStrategy,
    ParquetReader, ParquetWriter, PolarsError, PolarsResult, SerReader, Series, TimeUnit,
};
use rayon::prelude::*;

use super::pages::{Claims, are_sound};
use super::quiet::{Panicked, quietly};

/// A Parquet file whose metadata is read.
pub struct File<'a> {
    bytes: &'a [u8],
    metadata: Arc<FileMetadata>,
    columns: Vec<(String, Stored)>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// A type polars reads it as.
    Known(DataType),
    /// Any other, by its name for messages.
    Other(String),
}

/// Why a file cannot be read, in words.
#[derive(Debug)]
pub struct Damaged(pub String);

impl From<PolarsError> for Damaged {
    fn from(error: PolarsError) -> Self {
        Self(error.to_string())
    }
}

impl From<Panicked> for Damaged {
    fn from(_: Panicked) -> Self {
        Self("its parts contradict each other".into())
    }
}

impl<'a> File<'a> {
    /// Reads the metadata.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let metadata = quietly(|| metadata(bytes))??;
        let columns = quietly(|| infer_schema(&metadata))??
            .iter_values()
            .map(|field| (field.name.to_string(), Stored::of(&field.dtype)))
            .collect();
        Ok(Self {
            bytes,
            metadata: Arc::new(metadata),
            columns,
        })
    }

    /// Names and types of all columns, in the order of the file.
    pub fn columns(&self) -> &[(String, Stored)] {
        &self.columns
    }

    pub fn rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// The file as if it ended with its first row group.
    #[must_use]
    pub fn first_group(self) -> Self {
        let mut metadata = Arc::unwrap_or_clone(self.metadata);
        metadata.row_groups.truncate(1);
        let groups = metadata.row_groups.iter();
        metadata.num_rows = groups.fold(0, |rows, group| rows + group.num_rows());
        Self {
            metadata: Arc::new(metadata),
            ..self
        }
    }

    /// The values of these columns, each of a known type, in the order of the file.
    pub fn read(&self, names: &[&str]) -> Result<Vec<Series>, Damaged> {
        if !quietly(|| names.iter().all(|name| self.is_sound(name)))? {
            return Err(Panicked.into());
        }
        let metadata = quietly(|| self.metadata_for(names))??;
        names
            .par_iter()
            .map(|name| {
                let series = quietly(|| read_column(self.bytes, &metadata, name))??;
                if series.len() == self.rows() {
                    Ok(series)
                } else {
                    Err(Damaged(format!(
                        "column `{name}` has another number of rows than the file"
                    )))
                }
            })
            .collect()
    }

    /// Whether the pages of a column agree with the metadata.
    fn is_sound(&self, name: &str) -> bool {
        let groups = &self.metadata.row_groups;
        let rows = groups
            .iter()
            .try_fold(0_usize, |rows, group| rows.checked_add(group.num_rows()));
        rows == Some(self.rows())
            && groups.iter().all(|group| {
                let mut chunks = group.columns_under_root_iter(name).into_iter().flatten();
                let values = i64::try_from(group.num_rows()).ok();
                chunks.all(|chunk| {
                    let claims = Claims {
                        values: chunk.num_values(),
                        uncompressed: chunk.uncompressed_size(),
                    };
                    let range = chunk.byte_range();
                    let range = range.start as usize..range.end as usize;
                    let bytes = self.bytes.get(range);
                    values == Some(claims.values)
                        && bytes.is_some_and(|bytes| are_sound(bytes, &claims))
                })
            })
    }

    /// The metadata with an Arrow schema of just these columns.
    fn metadata_for(&self, names: &[&str]) -> PolarsResult<Arc<FileMetadata>> {
        let wanted = self
            .columns
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        let wanted = wanted.filter_map(|(name, stored)| match stored {
            Stored::Known(dtype) => Some(Column::new_empty(name.into(), dtype)),
            Stored::Other(_) => None,
        });
        let mut schema = DataFrame::new(0, wanted.collect())?;
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut schema)?;
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let mut metadata = FileMetadata::clone(&self.metadata);
        metadata
            .key_value_metadata
            .clone_from(&reader.get_metadata()?.key_value_metadata);
        Ok(Arc::new(metadata))
    }
}

/// The metadata of a file without its Arrow schema.
fn metadata(bytes: &[u8]) -> PolarsResult<FileMetadata> {
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let mut metadata = FileMetadata::clone(reader.get_metadata()?);
    metadata.key_value_metadata = None;
    Ok(metadata)
}

fn read_column(bytes: &[u8], metadata: &Arc<FileMetadata>, name: &str) -> PolarsResult<Series> {
    let mut reader = ParquetReader::new(Cursor::new(bytes))
        .with_columns(Some(vec![name.to_string()]))
        // On this thread only: `quietly` does not reach into polars' own.
        .read_parallel(ParallelStrategy::None);
    reader.set_metadata(Arc::clone(metadata));
    let frame = reader.set_rechunk(true).finish()?;
    Ok(frame.column(name)?.as_materialized_series().clone())
}

impl Stored {
    /// The type to read a column as. Small integers are stored as 32 bits.
    fn of(dtype: &ArrowDataType) -> Self {
        use ArrowDataType as Arrow;
        let known = match dtype {
            Arrow::Boolean => DataType::Boolean,
            Arrow::Int8 | Arrow::Int16 | Arrow::Int32 => DataType::Int32,
            Arrow::UInt8 | Arrow::UInt16 | Arrow::UInt32 => DataType::UInt32,
            Arrow::Int64 => DataType::Int64,
            Arrow::UInt64 => DataType::UInt64,
            Arrow::Float32 => DataType::Float32,
            Arrow::Float64 => DataType::Float64,
            Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
            Arrow::Date32 => DataType::Date,
            Arrow::Timestamp(unit, _) => DataType::Datetime(time_unit(*unit), None),
            other => return Self::Other(name_of(other)),
        };
        Self::Known(known)
    }
}

fn time_unit(unit: ArrowTimeUnit) -> TimeUnit {
    match unit {
        ArrowTimeUnit::Nanosecond => TimeUnit::Nanoseconds,
        ArrowTimeUnit::Microsecond => TimeUnit::Microseconds,
        ArrowTimeUnit::Second | ArrowTimeUnit::Millisecond => TimeUnit::Milliseconds,
    }
}

fn name_of(dtype: &ArrowDataType) -> String {
    use ArrowDataType as Arrow;
    match dtype {
        Arrow::Decimal(precision, scale) | Arrow::Decimal256(precision, scale) => {
            format!("decimal({precision}, {scale})")
        }
        Arrow::List(_) | Arrow::LargeList(_) | Arrow::FixedSizeList(..) => "lists".into(),
        Arrow::Struct(_) => "structs".into(),
        Arrow::Map(..) => "maps".into(),
        Arrow::Time32(_) | Arrow::Time64(_) => "times of day".into(),
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => {
            "bytes".into()
        }
        other => format!("{other:?}").to_lowercase(),
    }
}

/// As messages name it.
impl std::fmt::Display for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(DataType::Boolean) => f.write_str("bools"),
            Self::Known(DataType::Int32 | DataType::Int64) => f.write_str("integers"),
            Self::Known(DataType::UInt32 | DataType::UInt64) => f.write_str("unsigned integers"),
            Self::Known(DataType::Float32 | DataType::Float64) => f.write_str("floats"),
            Self::Known(DataType::String) => f.write_str("strings"),
            Self::Known(DataType::Date) => f.write_str("dates"),
            Self::Known(DataType::Datetime(..)) => f.write_str("datetimes"),
            Self::Known(other) => write!(f, "{other}"),
            Self::Other(name) => f.write_str(name),
        }
    }
}
