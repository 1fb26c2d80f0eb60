//! The cells of one CSV column, collected.

use std::borrow::Cow;

use polars::prelude::{
    BooleanChunkedBuilder, ChunkedBuilder, Float64Type, Int32Type, Int64Type,
    PrimitiveChunkedBuilder, StringChunkedBuilder,
};

use crate::definition::{CsvDialect, Dtype};

use super::super::Values;
use super::super::parse::{self, Unreadable};

/// A column under construction.
pub struct Column<'a> {
    dialect: &'a CsvDialect,
    cells: Cells,
}

enum Cells {
    String(StringChunkedBuilder),
    Bool(BooleanChunkedBuilder),
    I64(PrimitiveChunkedBuilder<Int64Type>),
    F64(PrimitiveChunkedBuilder<Float64Type>),
    Date(PrimitiveChunkedBuilder<Int32Type>),
    Datetime(PrimitiveChunkedBuilder<Int64Type>),
}

impl<'a> Column<'a> {
    pub fn new(dtype: Dtype, rows: usize, dialect: &'a CsvDialect) -> Self {
        let name = || "".into();
        let cells = match dtype {
            Dtype::String => Cells::String(StringChunkedBuilder::new(name(), rows)),
            Dtype::Bool => Cells::Bool(BooleanChunkedBuilder::new(name(), rows)),
            Dtype::I64 => Cells::I64(PrimitiveChunkedBuilder::new(name(), rows)),
            Dtype::F64 => Cells::F64(PrimitiveChunkedBuilder::new(name(), rows)),
            Dtype::Date => Cells::Date(PrimitiveChunkedBuilder::new(name(), rows)),
            Dtype::Datetime => Cells::Datetime(PrimitiveChunkedBuilder::new(name(), rows)),
        };
        Self { dialect, cells }
    }

    /// Adds the next cell; a null in place of one that cannot be read.
    pub fn push(&mut self, text: &str) -> Result<(), Unreadable> {
        let dialect = self.dialect;
        match &mut self.cells {
            Cells::String(cells) => {
                cells.append_option((!is_null(text, dialect)).then_some(text));
                Ok(())
            }
            Cells::Bool(cells) => push(cells, text, dialect, |text| boolean(text, dialect)),
            Cells::I64(cells) => push(cells, text, dialect, |text| {
                parse::integer(&with_point(text, dialect)?).map(Some)
            }),
            Cells::F64(cells) => push(cells, text, dialect, |text| {
                parse::float(&with_point(text, dialect)?)
            }),
            Cells::Date(cells) => push(cells, text, dialect, |text| parse::date(text).map(Some)),
            Cells::Datetime(cells) => {
                push(cells, text, dialect, |text| parse::datetime(text).map(Some))
            }
        }
    }

    pub fn finish(self) -> Values {
        match self.cells {
            Cells::String(cells) => Values::String(cells.finish()),
            Cells::Bool(cells) => Values::Bool(cells.finish()),
            Cells::I64(cells) => Values::I64(cells.finish()),
            Cells::F64(cells) => Values::F64(cells.finish()),
            Cells::Date(cells) => Values::Date(cells.finish()),
            Cells::Datetime(cells) => Values::Datetime(cells.finish()),
        }
    }
}

/// Reads one cell of a column of anything but strings: white space around the value is trimmed.
fn push<N, T: polars::prelude::PolarsDataType>(
    cells: &mut impl ChunkedBuilder<N, T>,
    text: &str,
    dialect: &CsvDialect,
    read: impl FnOnce(&str) -> Result<Option<N>, Unreadable>,
) -> Result<(), Unreadable> {
    let text = text.trim_ascii();
    let value = if is_null(text, dialect) {
        Ok(None)
    } else {
        read(text)
    };
    match value {
        Ok(value) => {
            cells.append_option(value);
            Ok(())
        }
        Err(why) => {
            cells.append_null();
            Err(why)
        }
    }
}

fn is_null(text: &str, dialect: &CsvDialect) -> bool {
    text.is_empty() || dialect.null.iter().any(|null| null == text)
}

fn boolean(text: &str, dialect: &CsvDialect) -> Result<Option<bool>, Unreadable> {
    let is_in = |texts: &[String]| texts.iter().any(|listed| listed == text);
    if is_in(&dialect.r#true) {
        Ok(Some(true))
    } else if is_in(&dialect.r#false) {
        Ok(Some(false))
    } else {
        Err(Unreadable::Shape)
    }
}

/// A number with `.` as its decimal sign. Where that is `,`, a point has no place in a number.
fn with_point<'t>(text: &'t str, dialect: &CsvDialect) -> Result<Cow<'t, str>, Unreadable> {
    match dialect.decimal {
        '.' => Ok(Cow::Borrowed(text)),
        _ if text.contains('.') => Err(Unreadable::Shape),
        sign if text.contains(sign) => Ok(Cow::Owned(text.replace(sign, "."))),
        _ => Ok(Cow::Borrowed(text)),
    }
}
