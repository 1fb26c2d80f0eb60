//! Rows that a database gives, whose columns have types of their own.
//!
//! The rules are those of Parquet files: a column is taken when its values are of the declared type
//! by their nature, and nothing is parsed but decimal numbers.

use polars::prelude::{
    BooleanChunkedBuilder, ChunkedBuilder, Float64Type, Int32Type, Int64Type,
    PrimitiveChunkedBuilder, StringChunkedBuilder,
};

use super::super::parse::{self, DAY, Unreadable};
use super::super::refusal::{aligned, counted};
use super::super::{Frame, Places, Values};
use super::Incoming;
use super::header;
use super::parquet::within_calendar;
use super::problems::{self, BadValue, Problems};
use crate::definition::{AsOf, ColumnName, Dtype, Table};
use crate::error::{Error, Result};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    Bool,
    Integer,
    Float,
    /// A number written in decimal digits.
    Decimal,
    Text,
    Date,
    Instant,
    /// What no declared type holds.
    Other,
}

/// A column as a database describes it.
#[derive(Debug, Clone)]
pub struct GivenColumn {
    pub name: String,
    pub nature: Nature,
    /// The database's word for the type.
    pub type_name: String,
}

/// One value as a database gives it.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Decimal(&'a str),
    Text(&'a str),
    /// Days since 1970-01-01.
    Day(i64),
    /// Microseconds since 1970-01-01T00:00Z.
    Microsecond(i64),
    /// A date, an instant or a number beyond all others, in the database's word.
    Infinite(&'a str),
}

/// Collects rows under the declared columns.
pub struct RowReader<'a> {
    incoming: Incoming<'a>,
    cells: Vec<Cells<'a>>,
    rows: usize,
    bad: Problems<BadValue>,
}

impl<'a> RowReader<'a> {
    /// Holds the columns of a result against the declared ones. `path` is what errors name.
    ///
    /// # Errors
    /// [`Kind::DataRefused`](crate::error::Kind): every column that is unknown, missing, repeated,
    /// or of a type whose values are none of the declared type.
    pub fn new(
        columns: &[GivenColumn],
        path: &'a str,
        as_of: AsOf,
        table: &'a Table,
    ) -> Result<Self> {
        let incoming = Incoming { path, as_of, table };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let fields = header::resolve(&names, &incoming)?.fields;
        let mut mismatches = Vec::new();
        let mut cells = Vec::new();
        for ((name, column), given) in fields.into_iter().zip(columns) {
            if !fits(given.nature, column.dtype) {
                mismatches.push((name, column.dtype, given));
            }
            cells.push(Cells::new(name, column.dtype));
        }
        refuse_mismatches(&mismatches, &incoming)?;
        Ok(Self {
            incoming,
            cells,
            rows: 0,
            bad: Problems::default(),
        })
    }

    /// Adds a value to a column of the present row.
    pub fn push(&mut self, column: usize, value: Given<'_>) {
        let cells = &mut self.cells[column];
        if let Err(why) = cells.push(value) {
            let line = u32::try_from(self.rows + 1).unwrap_or(u32::MAX);
            let (name, dtype) = (cells.name, cells.dtype);
            self.bad.add(|| BadValue {
                line,
                column: name.clone(),
                dtype,
                text: text_of(value),
                why,
            });
        }
    }

    /// Ends the present row, all of whose values were added.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// The rows, in the order they came; columns that the result may lack are not there.
    ///
    /// # Errors
    /// [`Kind::DataRefused`](crate::error::Kind): the first ten values that cannot be held.
    pub fn finish(self) -> Result<Frame> {
        self.incoming.refuse_too_long(self.rows)?;
        if !self.bad.is_empty() {
            let places = Places::parquet(self.incoming.path, self.rows);
            return Err(problems::unreadable(&self.bad, &places, &self.incoming));
        }
        let columns = self
            .cells
            .into_iter()
            .map(|cells| (cells.name.clone(), cells.finish()));
        Ok(Frame::new(self.rows, columns.collect()))
    }
}

/// Whether values of a nature can be of a declared type.
fn fits(nature: Nature, dtype: Dtype) -> bool {
    use Nature::{Bool, Date, Decimal, Float, Instant, Integer, Text};
    match dtype {
        Dtype::String => nature == Text,
        Dtype::Bool => nature == Bool,
        Dtype::I64 | Dtype::F64 => matches!(nature, Integer | Float | Decimal),
        Dtype::Date | Dtype::Datetime => matches!(nature, Date | Instant),
    }
}

fn refuse_mismatches(
    mismatches: &[(&ColumnName, Dtype, &GivenColumn)],
    incoming: &Incoming<'_>,
) -> Result<()> {
    let Some((name, dtype, given)) = mismatches.first() else {
        return Ok(());
    };
    let line = |(name, dtype, given): &(&ColumnName, Dtype, &GivenColumn)| {
        vec![
            name.to_string(),
            format!("declared {}", dtype.as_str()),
            format!("the query gives {}", given.type_name),
        ]
    };
    let verb = if mismatches.len() == 1 { "is" } else { "are" };
    let refused = format!(
        "{} {verb} of another type",
        counted(mismatches.len(), "column")
    );
    let mut error: Error = incoming
        .refused(&refused)
        .detail(incoming.path)
        .details(aligned(&mismatches.iter().map(line).collect::<Vec<_>>()))
        .help(format!(
            "cast it in the query: `{name}::{}`",
            sql_type(*dtype)
        ));
    if let Some(dtype) = declarable(given.nature) {
        error = error.help(format!(
            "or declare `{} = \"{}\"` under [columns] in {}",
            crate::definition::toml_key(name.as_str()),
            dtype.as_str(),
            incoming.definition()
        ));
    }
    Err(error)
}

/// The type that a column is cast to so that it fits.
fn sql_type(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::String => "text",
        Dtype::Bool => "boolean",
        Dtype::I64 => "bigint",
        Dtype::F64 => "float8",
        Dtype::Date => "date",
        Dtype::Datetime => "timestamptz",
    }
}

fn declarable(nature: Nature) -> Option<Dtype> {
    Some(match nature {
        Nature::Bool => Dtype::Bool,
        Nature::Integer => Dtype::I64,
        Nature::Float | Nature::Decimal => Dtype::F64,
        Nature::Text => Dtype::String,
        Nature::Date => Dtype::Date,
        Nature::Instant => Dtype::Datetime,
        Nature::Other => return None,
    })
}

/// A column under construction.
struct Cells<'a> {
    name: &'a ColumnName,
    dtype: Dtype,
    builder: Builder,
}

enum Builder {
    String(StringChunkedBuilder),
    Bool(BooleanChunkedBuilder),
    I64(PrimitiveChunkedBuilder<Int64Type>),
    F64(PrimitiveChunkedBuilder<Float64Type>),
    Date(PrimitiveChunkedBuilder<Int32Type>),
    Datetime(PrimitiveChunkedBuilder<Int64Type>),
}

impl<'a> Cells<'a> {
    fn new(name: &'a ColumnName, dtype: Dtype) -> Self {
        let builder = match dtype {
            Dtype::String => Builder::String(StringChunkedBuilder::new("".into(), 0)),
            Dtype::Bool => Builder::Bool(BooleanChunkedBuilder::new("".into(), 0)),
            Dtype::I64 => Builder::I64(PrimitiveChunkedBuilder::new("".into(), 0)),
            Dtype::F64 => Builder::F64(PrimitiveChunkedBuilder::new("".into(), 0)),
            Dtype::Date => Builder::Date(PrimitiveChunkedBuilder::new("".into(), 0)),
            Dtype::Datetime => Builder::Datetime(PrimitiveChunkedBuilder::new("".into(), 0)),
        };
        Self {
            name,
            dtype,
            builder,
        }
    }

    /// Adds the next value; a null in place of one that cannot be held.
    fn push(&mut self, value: Given<'_>) -> Result<(), Unreadable> {
        match &mut self.builder {
            Builder::String(cells) => {
                let value = text(value);
                cells.append_option(value.unwrap_or(None));
                value.map(|_| ())
            }
            Builder::Bool(cells) => append(cells, boolean(value)),
            Builder::I64(cells) => append(cells, integer(value)),
            Builder::F64(cells) => append(cells, float(value)),
            Builder::Date(cells) => append(cells, date(value)),
            Builder::Datetime(cells) => append(cells, instant(value)),
        }
    }

    fn finish(self) -> Values {
        match self.builder {
            Builder::String(cells) => Values::String(cells.finish()),
            Builder::Bool(cells) => Values::Bool(cells.finish()),
            Builder::I64(cells) => Values::I64(cells.finish()),
            Builder::F64(cells) => Values::F64(cells.finish()),
            Builder::Date(cells) => Values::Date(cells.finish()),
            Builder::Datetime(cells) => Values::Datetime(cells.finish()),
        }
    }
}

fn append<N, T: polars::prelude::PolarsDataType>(
    cells: &mut impl ChunkedBuilder<N, T>,
    value: Result<Option<N>, Unreadable>,
) -> Result<(), Unreadable> {
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

fn text(value: Given<'_>) -> Result<Option<&str>, Unreadable> {
    match value {
        Given::Null => Ok(None),
        Given::Text(text) => Ok((!text.is_empty()).then_some(text)),
        _ => Err(Unreadable::Shape),
    }
}

fn boolean(value: Given<'_>) -> Result<Option<bool>, Unreadable> {
    match value {
        Given::Null => Ok(None),
        Given::Bool(value) => Ok(Some(value)),
        _ => Err(Unreadable::Shape),
    }
}

fn integer(value: Given<'_>) -> Result<Option<i64>, Unreadable> {
    match value {
        Given::Null => Ok(None),
        Given::Integer(value) => Ok(Some(value)),
        Given::Decimal(text) => parse::integer(text).map(Some),
        Given::Float(value) => parse::canonical_float(value)?
            .map(parse::integer_from_float)
            .transpose(),
        Given::Infinite(_) => Err(Unreadable::Infinite),
        _ => Err(Unreadable::Shape),
    }
}

fn float(value: Given<'_>) -> Result<Option<f64>, Unreadable> {
    match value {
        Given::Null => Ok(None),
        #[allow(clippy::cast_precision_loss)] // to the nearest, as everywhere
        Given::Integer(value) => Ok(Some(value as f64)),
        Given::Decimal(text) => parse::float(text),
        Given::Float(value) => parse::canonical_float(value),
        Given::Infinite(_) => Err(Unreadable::Infinite),
        _ => Err(Unreadable::Shape),
    }
}

fn date(value: Given<'_>) -> Result<Option<i32>, Unreadable> {
    let Some(instant) = instant(value)? else {
        return Ok(None);
    };
    if instant % DAY != 0 {
        return Err(Unreadable::TimeOfDay);
    }
    let days = i32::try_from(instant / DAY).map_err(|_| Unreadable::Year)?;
    Ok(Some(days))
}

fn instant(value: Given<'_>) -> Result<Option<i64>, Unreadable> {
    let microseconds = match value {
        Given::Null => return Ok(None),
        Given::Microsecond(value) => value,
        Given::Day(days) => days.checked_mul(DAY).ok_or(Unreadable::Year)?,
        Given::Infinite(_) => return Err(Unreadable::Infinite),
        _ => return Err(Unreadable::Shape),
    };
    within_calendar(microseconds).map(Some)
}

/// A value as messages quote it.
fn text_of(value: Given<'_>) -> String {
    match value {
        Given::Null => "null".into(),
        Given::Bool(value) => value.to_string(),
        Given::Integer(value) => value.to_string(),
        Given::Float(value) => value.to_string(),
        Given::Decimal(text) | Given::Text(text) | Given::Infinite(text) => text.to_string(),
        Given::Day(days) => match i32::try_from(days).ok().and_then(AsOf::from_days) {
            Some(date) => date.to_string(),
            None => format!("day {days}"),
        },
        Given::Microsecond(value) => super::super::Cell::Datetime(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cell;
    use crate::table::testing::{as_of, table};

    fn column(name: &str, nature: Nature) -> GivenColumn {
        GivenColumn {
            name: name.into(),
            nature,
            type_name: format!("{nature:?}").to_lowercase(),
        }
    }

    /// One value of a nature under a declared type.
    fn held(nature: Nature, dtype: Dtype, value: Given<'_>) -> Result<String> {
        let table = table(&[("x", dtype)]);
        let columns = [column("x", nature), column("user_id", Nature::Text)];
        let mut reader = RowReader::new(&columns, "postgres:usage", as_of(), &table)?;
        reader.push(0, value);
        reader.push(1, Given::Text("u"));
        reader.end_row();
        let frame = reader.finish()?;
        Ok(frame
            .column("x")
            .map_or(Cell::Null, |x| x.cell(0))
            .to_string())
    }

    #[test]
    fn values_become_canonical() {
        let ok = |nature, dtype, value| held(nature, dtype, value).unwrap();
        assert_eq!(ok(Nature::Text, Dtype::String, Given::Text("")), "null");
        assert_eq!(ok(Nature::Text, Dtype::String, Given::Text(" a")), "\" a\"");
        assert_eq!(ok(Nature::Float, Dtype::F64, Given::Float(-0.0)), "0");
        assert_eq!(
            ok(Nature::Float, Dtype::F64, Given::Float(f64::NAN)),
            "null"
        );
        assert_eq!(ok(Nature::Integer, Dtype::F64, Given::Integer(7)), "7");
        assert_eq!(
            ok(Nature::Decimal, Dtype::F64, Given::Decimal("-0.10")),
            "-0.1"
        );
        assert_eq!(
            ok(Nature::Decimal, Dtype::I64, Given::Decimal("12.00")),
            "12"
        );
        assert_eq!(
            ok(Nature::Date, Dtype::Datetime, Given::Day(1)),
            "1970-01-02T00:00:00Z"
        );
        assert_eq!(
            ok(Nature::Instant, Dtype::Date, Given::Microsecond(DAY)),
            "1970-01-02"
        );
        assert_eq!(ok(Nature::Bool, Dtype::Bool, Given::Bool(true)), "true");
    }

    #[test]
    fn values_that_cannot_be_held_are_refused() {
        let why = |nature, dtype, value| {
            let error = held(nature, dtype, value).unwrap_err();
            error.all_details()[0].clone()
        };
        let infinite = why(Nature::Date, Dtype::Date, Given::Infinite("infinity"));
        assert_eq!(
            infinite,
            "postgres:usage row 1   x   \"infinity\"   is infinite"
        );
        let float = why(Nature::Float, Dtype::F64, Given::Float(f64::INFINITY));
        assert!(float.ends_with("is infinite"), "{float}");
        let fraction = why(Nature::Decimal, Dtype::I64, Given::Decimal("1.5"));
        assert!(fraction.ends_with("has a fraction, and is no i64"));
        let time = why(Nature::Instant, Dtype::Date, Given::Microsecond(1));
        assert!(time.contains("has a time of day"), "{time}");
        let year = why(Nature::Date, Dtype::Date, Given::Day(4_000_000));
        assert!(year.contains("years 1 to 9999"), "{year}");
    }

    #[test]
    fn a_column_of_another_type_is_told_with_its_cast() {
        let error = held(Nature::Text, Dtype::I64, Given::Text("5")).unwrap_err();
        assert_eq!(
            error.all_details(),
            ["postgres:usage", "x   declared i64   the query gives text"]
        );
        assert_eq!(error.all_help()[0], "cast it in the query: `x::bigint`");
        assert!(error.all_help()[1].contains("`x = \"string\"`"));
    }
}
