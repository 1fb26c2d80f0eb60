//! Typed columns of equal length.

use std::collections::BTreeMap;
use std::ops::Range;

use polars::prelude::{
    ArrayRef, BooleanChunked, ChunkTake, Float64Chunked, IdxCa, IdxSize, Int32Chunked,
    Int64Chunked, NamedFrom, StringChunked,
};

use rayon::prelude::*;

use crate::definition::{ColumnName, Dtype};

use super::Cell;

/// The values of one column. Each is canonical: no NaN, no −0.0, no infinity, no empty text.
#[derive(Debug, Clone)]
pub enum Values {
    String(StringChunked),
    Bool(BooleanChunked),
    I64(Int64Chunked),
    F64(Float64Chunked),
    /// Days since 1970-01-01.
    Date(Int32Chunked),
    /// Microseconds since 1970-01-01T00:00Z.
    Datetime(Int64Chunked),
}

/// Runs an expression on the chunked array inside any variant.
macro_rules! for_each_array {
    ($values:expr, $array:ident => $body:expr) => {
        match $values {
            Values::String($array) => $body,
            Values::Bool($array) => $body,
            Values::I64($array) => $body,
            Values::F64($array) => $body,
            Values::Date($array) => $body,
            Values::Datetime($array) => $body,
        }
    };
}

/// Runs an expression on the chunked array inside any variant, and wraps the array it gives.
macro_rules! map_array {
    ($values:expr, $array:ident => $body:expr) => {
        match $values {
            Values::String($array) => Values::String($body),
            Values::Bool($array) => Values::Bool($body),
            Values::I64($array) => Values::I64($body),
            Values::F64($array) => Values::F64($body),
            Values::Date($array) => Values::Date($body),
            Values::Datetime($array) => Values::Datetime($body),
        }
    };
}

impl Values {
    pub fn strings<S: AsRef<str>>(values: &[Option<S>]) -> Self {
        let values: Vec<Option<&str>> = values
            .iter()
            .map(|value| value.as_ref().map(AsRef::as_ref))
            .collect();
        Self::String(StringChunked::new("".into(), values))
    }

    pub fn bools(values: &[Option<bool>]) -> Self {
        Self::Bool(BooleanChunked::new("".into(), values))
    }

    pub fn integers(values: &[Option<i64>]) -> Self {
        Self::I64(Int64Chunked::new("".into(), values))
    }

    pub fn floats(values: &[Option<f64>]) -> Self {
        Self::F64(Float64Chunked::new("".into(), values))
    }

    /// Days since 1970-01-01.
    pub fn dates(values: &[Option<i32>]) -> Self {
        Self::Date(Int32Chunked::new("".into(), values))
    }

    /// Microseconds since 1970-01-01T00:00Z.
    pub fn datetimes(values: &[Option<i64>]) -> Self {
        Self::Datetime(Int64Chunked::new("".into(), values))
    }

    /// The same value in every row.
    pub fn repeated_date(days: i32, rows: usize) -> Self {
        Self::Date(Int32Chunked::from_vec("".into(), vec![days; rows]))
    }

    /// Cells of a type; one of another type is null.
    pub fn of_cells(dtype: Dtype, cells: &[Cell<'_>]) -> Self {
        macro_rules! gathered {
            ($make:ident, $variant:ident) => {
                Self::$make(
                    &cells
                        .iter()
                        .map(|cell| match cell {
                            Cell::$variant(value) => Some(*value),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                )
            };
        }
        match dtype {
            Dtype::String => gathered!(strings, String),
            Dtype::Bool => gathered!(bools, Bool),
            Dtype::I64 => gathered!(integers, I64),
            Dtype::F64 => gathered!(floats, F64),
            Dtype::Date => gathered!(dates, Date),
            Dtype::Datetime => gathered!(datetimes, Datetime),
        }
    }

    /// Nulls of a type.
    pub fn nulls(dtype: Dtype, rows: usize) -> Self {
        match dtype {
            Dtype::String => Self::strings(&vec![None::<&str>; rows]),
            Dtype::Bool => Self::bools(&vec![None; rows]),
            Dtype::I64 => Self::integers(&vec![None; rows]),
            Dtype::F64 => Self::floats(&vec![None; rows]),
            Dtype::Date => Self::dates(&vec![None; rows]),
            Dtype::Datetime => Self::datetimes(&vec![None; rows]),
        }
    }

    pub fn dtype(&self) -> Dtype {
        match self {
            Self::String(_) => Dtype::String,
            Self::Bool(_) => Dtype::Bool,
            Self::I64(_) => Dtype::I64,
            Self::F64(_) => Dtype::F64,
            Self::Date(_) => Dtype::Date,
            Self::Datetime(_) => Dtype::Datetime,
        }
    }

    pub fn len(&self) -> usize {
        for_each_array!(self, array => array.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn null_count(&self) -> usize {
        for_each_array!(self, array => array.null_count())
    }

    /// The value in a row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::String(array) => array.get(row).map_or(Cell::Null, Cell::String),
            Self::Bool(array) => array.get(row).map_or(Cell::Null, Cell::Bool),
            Self::I64(array) => array.get(row).map_or(Cell::Null, Cell::I64),
            Self::F64(array) => array.get(row).map_or(Cell::Null, Cell::F64),
            Self::Date(array) => array.get(row).map_or(Cell::Null, Cell::Date),
            Self::Datetime(array) => array.get(row).map_or(Cell::Null, Cell::Datetime),
        }
    }

    /// The values of these rows, in this order; null where there is no row.
    #[must_use]
    pub fn gather(&self, rows: &[Option<IdxSize>]) -> Self {
        let index = IdxCa::new("".into(), rows);
        map_array!(self, array => {
            array.take(&index).expect("row numbers come from this frame").rechunk().into_owned()
        })
    }

    /// The values of a stretch of rows, without copying them.
    #[must_use]
    pub fn slice(&self, rows: &Range<usize>) -> Self {
        let start = i64::from(row_number(rows.start));
        map_array!(self, array => array.slice(start, rows.len()))
    }

    /// The values of `self`, then those of `other`. Both have one dtype.
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.append(other);
        all.rechunked()
    }

    /// The values of all parts in their order. Every part has the type `dtype`.
    pub(super) fn concat_all(dtype: Dtype, parts: &[Self]) -> Self {
        let mut all = Self::nulls(dtype, 0);
        for part in parts {
            all.append(part);
        }
        all.rechunked()
    }

    fn append(&mut self, other: &Self) {
        macro_rules! append {
            ($($variant:ident),*) => {
                match (self, other) {
                    $((Self::$variant(all), Self::$variant(more)) => {
                        all.append(more).expect("one dtype");
                    })*
                    _ => unreachable!("columns of one name have one dtype"),
                }
            };
        }
        append!(String, Bool, I64, F64, Date, Datetime);
    }

    /// The stretches of memory they lie in.
    pub(super) fn chunks(&self) -> &[ArrayRef] {
        for_each_array!(self, array => array.chunks().as_slice())
    }

    /// The same values in one stretch of memory.
    #[must_use]
    pub(super) fn rechunked(&self) -> Self {
        map_array!(self, array => array.rechunk().into_owned())
    }

    /// The values of these rows, in this order.
    #[must_use]
    pub(super) fn take(&self, rows: &IdxCa) -> Self {
        map_array!(self, array => {
            array.take(rows).expect("row numbers come from this frame").rechunk().into_owned()
        })
    }
}

/// Columns of equal length in bytewise order of their names.
#[derive(Debug, Clone)]
pub struct Frame {
    rows: usize,
    columns: BTreeMap<ColumnName, Values>,
}

impl Frame {
    /// # Panics
    /// When the columns are not equally long.
    pub fn new(rows: usize, columns: BTreeMap<ColumnName, Values>) -> Self {
        assert!(
            columns.values().all(|values| values.len() == rows),
            "columns of equal length"
        );
        Self { rows, columns }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn columns(&self) -> &BTreeMap<ColumnName, Values> {
        &self.columns
    }

    pub fn column(&self, name: &str) -> Option<&Values> {
        self.columns.get(name)
    }

    #[must_use]
    pub fn with_column(mut self, name: ColumnName, values: Values) -> Self {
        assert_eq!(values.len(), self.rows, "columns of equal length");
        self.columns.insert(name, values);
        self
    }

    /// Only these columns; names the frame does not have are passed over.
    #[must_use]
    pub fn select<'a>(&self, names: impl IntoIterator<Item = &'a ColumnName>) -> Self {
        let columns = names
            .into_iter()
            .filter_map(|name| Some((name.clone(), self.columns.get(name)?.clone())))
            .collect();
        Self {
            rows: self.rows,
            columns,
        }
    }

    /// The same values, each column in one stretch of memory.
    #[must_use]
    pub fn contiguous(&self) -> Self {
        let columns: Vec<_> = self.columns.iter().collect();
        let columns = columns
            .into_par_iter()
            .map(|(name, values)| (name.clone(), values.rechunked()));
        Self {
            rows: self.rows,
            columns: columns.collect(),
        }
    }

    /// A stretch of rows, without copying them.
    #[must_use]
    pub fn slice(&self, rows: &Range<usize>) -> Self {
        let columns = self.columns.iter();
        let columns = columns.map(|(name, values)| (name.clone(), values.slice(rows)));
        Self {
            rows: rows.len(),
            columns: columns.collect(),
        }
    }

    /// These rows, in this order; a row of nulls where there is no row.
    #[must_use]
    pub fn gather(&self, rows: &[Option<IdxSize>]) -> Self {
        let columns = self
            .columns
            .iter()
            .map(|(name, values)| (name.clone(), values.gather(rows)))
            .collect();
        Self {
            rows: rows.len(),
            columns,
        }
    }

    /// These rows, in this order.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn take(&self, rows: Vec<IdxSize>) -> Self {
        let count = rows.len();
        let rows = IdxCa::from_vec("".into(), rows);
        let columns: Vec<_> = self.columns.iter().collect();
        let columns = columns
            .into_par_iter()
            .map(|(name, values)| (name.clone(), values.take(&rows)))
            .collect();
        Self {
            rows: count,
            columns,
        }
    }

    /// The rows for which `keep` holds, in their order.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let rows = (0..self.rows).filter(|row| keep(*row)).map(row_number);
        self.take(rows.collect())
    }

    /// The rows of `self`, then those of `other`. Both have the same columns.
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        assert!(
            self.columns.keys().eq(other.columns.keys()),
            "the same columns"
        );
        let pairs: Vec<_> = self.columns.iter().zip(other.columns.values()).collect();
        let columns = pairs
            .into_par_iter()
            .map(|((name, a), b)| (name.clone(), a.concat(b)))
            .collect();
        Self {
            rows: self.rows + other.rows,
            columns,
        }
    }
}

/// A row's number as polars counts rows.
pub fn row_number(row: usize) -> IdxSize {
    IdxSize::try_from(row).expect("a table has less than 2^32 rows")
}
