//! Parquet files of other people.
//!
//! A column is taken when its values are of the declared type by their nature: any integers and
//! floats as f64, any integers, and floats that are integers, as i64. Nothing is parsed: strings
//! where numbers are declared are refused. A column of nothing but nulls fits every type.

use polars::prelude::{DataType, Series, TimeUnit};

use crate::definition::{ColumnName, Dtype};
use crate::error::{Error, Result};

use super::super::parquet::{Damaged, File, Stored};
use super::super::parse::{self, DAY, Unreadable};
use super::super::refusal::{aligned, counted};
use super::super::{Frame, Places, Values};
use super::header::{self, Header};
use super::problems::{self, BadValue, Problems};
use super::{Incoming, ReadFile};

pub fn read(bytes: &[u8], incoming: &Incoming<'_>) -> Result<ReadFile> {
    let damaged = |why: Damaged| refuse_damaged(&why, incoming);
    let file = File::open(bytes).map_err(damaged)?;
    let names: Vec<&str> = file
        .columns()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let header = header::resolve(&names, incoming)?;
    incoming.refuse_too_long(file.rows())?;
    refuse_others(&file, &header, incoming)?;
    let series = file.read(&names).map_err(damaged)?;
    convert(&file, &header, series, incoming)
}

fn refuse_damaged(why: &Damaged, incoming: &Incoming<'_>) -> Error {
    incoming
        .refused("the file is not a readable Parquet file")
        .detail(format!("{}   {}", incoming.path, why.0))
        .help("export the table again, or copy the file again")
}

/// Refuses columns of types that no declared type holds.
fn refuse_others(file: &File<'_>, header: &Header<'_>, incoming: &Incoming<'_>) -> Result<()> {
    let others = header.fields.iter().zip(file.columns());
    let others = others.filter(|(_, (_, stored))| matches!(stored, Stored::Other(_)));
    let lines = others.map(|((name, column), (_, stored))| mismatch(name, column.dtype, stored));
    refuse_mismatches(&lines.collect::<Vec<_>>(), incoming)
}

fn mismatch(name: &ColumnName, declared: Dtype, stored: &Stored) -> Vec<String> {
    vec![
        name.to_string(),
        format!("declared {}", declared.as_str()),
        format!("holds {stored}"),
    ]
}

fn refuse_mismatches(lines: &[Vec<String>], incoming: &Incoming<'_>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let verb = if lines.len() == 1 { "is" } else { "are" };
    Err(incoming
        .refused(&format!("{} {verb} of another type", counted(lines.len(), "column")))
        .detail(incoming.path)
        .details(aligned(lines))
        .help(format!(
            "declare the types that the file holds under [columns] in {}, or cast the columns in the export",
            incoming.definition()
        )))
}

fn convert(
    file: &File<'_>,
    header: &Header<'_>,
    series: Vec<Series>,
    incoming: &Incoming<'_>,
) -> Result<ReadFile> {
    let rows = file.rows();
    let mut bad = Problems::default();
    let mut mismatches = Vec::new();
    let mut columns = Vec::with_capacity(header.fields.len() + header.absent.len());
    for (((name, column), (_, stored)), series) in
        header.fields.iter().zip(file.columns()).zip(series)
    {
        let mut cells = Cells {
            name,
            dtype: column.dtype,
            bad: &mut bad,
        };
        match cells.convert(&series.with_name("".into())) {
            Some(values) => columns.push(((*name).clone(), values)),
            None => mismatches.push(mismatch(name, column.dtype, stored)),
        }
    }
    refuse_mismatches(&mismatches, incoming)?;
    let places = Places::parquet(incoming.path, rows);
    if !bad.is_empty() {
        return Err(problems::unreadable(&bad, &places, incoming));
    }
    let absent = header.absent.iter();
    columns
        .extend(absent.map(|(name, column)| ((*name).clone(), Values::nulls(column.dtype, rows))));
    Ok(ReadFile {
        // A file has its columns in pieces, which everything after this would go through one by one.
        frame: Frame::new(rows, columns.into_iter().collect()).contiguous(),
        places,
        columns: header.names(),
    })
}

/// A column on its way to the declared type.
struct Cells<'a> {
    name: &'a ColumnName,
    dtype: Dtype,
    bad: &'a mut Problems<BadValue>,
}

impl Cells<'_> {
    /// The values as the declared type; `None` where the types do not fit.
    fn convert(&mut self, series: &Series) -> Option<Values> {
        if series.null_count() == series.len() {
            return Some(Values::nulls(self.dtype, series.len()));
        }
        match self.dtype {
            Dtype::String => self.strings(series),
            Dtype::Bool => series.bool().ok().map(|array| Values::Bool(array.clone())),
            Dtype::I64 => self.integers(series),
            Dtype::F64 => self.floats(series),
            Dtype::Date => self.dates(series),
            Dtype::Datetime => self.datetimes(series),
        }
    }

    fn strings(&mut self, series: &Series) -> Option<Values> {
        let array = series.str().ok()?;
        if !array.iter().any(|text| text == Some("")) {
            return Some(Values::String(array.clone()));
        }
        let texts: Vec<_> = array
            .iter()
            .map(|text| text.filter(|text| !text.is_empty()))
            .collect();
        Some(Values::strings(&texts))
    }

    fn integers(&mut self, series: &Series) -> Option<Values> {
        let values = match series.dtype() {
            DataType::Int64 => return Some(Values::I64(series.i64().ok()?.clone())),
            DataType::Int32 => self.each(series.i32().ok()?.iter(), |value| {
                Ok(Some(i64::from(value)))
            }),
            DataType::UInt32 => self.each(series.u32().ok()?.iter(), |value| {
                Ok(Some(i64::from(value)))
            }),
            DataType::UInt64 => self.each(series.u64().ok()?.iter(), |value: u64| {
                i64::try_from(value)
                    .map(Some)
                    .map_err(|_| Unreadable::TooLarge)
            }),
            DataType::Float32 => self.each(series.f32().ok()?.iter(), |v| integer(f64::from(v))),
            DataType::Float64 => self.each(series.f64().ok()?.iter(), integer),
            _ => return None,
        };
        Some(Values::integers(&values))
    }

    fn floats(&mut self, series: &Series) -> Option<Values> {
        let values = match series.dtype() {
            DataType::Int64 => self.each(series.i64().ok()?.iter(), |value: i64| {
                Ok(Some(value as f64))
            }),
            DataType::Int32 => self.each(series.i32().ok()?.iter(), |value| {
                Ok(Some(f64::from(value)))
            }),
            DataType::UInt32 => self.each(series.u32().ok()?.iter(), |value| {
                Ok(Some(f64::from(value)))
            }),
            DataType::UInt64 => self.each(series.u64().ok()?.iter(), |value: u64| {
                Ok(Some(value as f64))
            }),
            DataType::Float32 => self.each(series.f32().ok()?.iter(), |v| {
                parse::canonical_float(f64::from(v))
            }),
            DataType::Float64 => self.each(series.f64().ok()?.iter(), parse::canonical_float),
            _ => return None,
        };
        Some(Values::floats(&values))
    }

    fn dates(&mut self, series: &Series) -> Option<Values> {
        let values = match series.dtype() {
            DataType::Date => {
                let days = series.date().ok()?.physical().iter();
                self.each(days, |days| {
                    within_calendar(i64::from(days) * DAY).map(|_| Some(days))
                })
            }
            DataType::Datetime(unit, _) => {
                let instants = series.datetime().ok()?.physical().iter();
                self.each(instants, |value| date_of_midnight(value, *unit).map(Some))
            }
            _ => return None,
        };
        Some(Values::dates(&values))
    }

    fn datetimes(&mut self, series: &Series) -> Option<Values> {
        let values = match series.dtype() {
            DataType::Date => {
                let days = series.date().ok()?.physical().iter();
                self.each(days, |days| {
                    within_calendar(i64::from(days) * DAY).map(Some)
                })
            }
            DataType::Datetime(unit, _) => {
                let instants = series.datetime().ok()?.physical().iter();
                self.each(instants, |value| microseconds(value, *unit).map(Some))
            }
            _ => return None,
        };
        Some(Values::datetimes(&values))
    }

    /// Converts each value that is not null, and notes those that cannot be.
    fn each<T: Copy + std::fmt::Display, V>(
        &mut self,
        values: impl Iterator<Item = Option<T>>,
        convert: impl Fn(T) -> Result<Option<V>, Unreadable>,
    ) -> Vec<Option<V>> {
        let mut row = 0;
        let cell = |value: Option<T>| {
            row += 1;
            let value = value?;
            convert(value).unwrap_or_else(|why| {
                let (column, dtype) = (self.name.clone(), self.dtype);
                let text = value.to_string();
                self.bad.add(|| BadValue {
                    line: row,
                    column,
                    dtype,
                    text,
                    why,
                });
                None
            })
        };
        values.map(cell).collect()
    }
}

/// The integer a float stands for; null for NaN.
fn integer(value: f64) -> Result<Option<i64>, Unreadable> {
    match parse::canonical_float(value)? {
        Some(value) => parse::integer_from_float(value).map(Some),
        None => Ok(None),
    }
}

/// Microseconds of an instant, cut off towards the past.
fn microseconds(value: i64, unit: TimeUnit) -> Result<i64, Unreadable> {
    let microseconds = match unit {
        // What polars makes of an instant in an INT96 that nanoseconds cannot hold.
        TimeUnit::Nanoseconds if value == i64::MAX => None,
        TimeUnit::Nanoseconds => Some(value.div_euclid(1_000)),
        TimeUnit::Microseconds => Some(value),
        TimeUnit::Milliseconds => value.checked_mul(1_000),
    };
    within_calendar(microseconds.ok_or(Unreadable::Year)?)
}

/// The same instant, when its year is 1 to 9999.
pub(super) fn within_calendar(microseconds: i64) -> Result<i64, Unreadable> {
    const FIRST_DAY: i64 = -719_162; // 0001-01-01
    const LAST_DAY: i64 = 2_932_896; // 9999-12-31
    let day = microseconds.div_euclid(DAY);
    if (FIRST_DAY..=LAST_DAY).contains(&day) {
        Ok(microseconds)
    } else {
        Err(Unreadable::Year)
    }
}

fn date_of_midnight(value: i64, unit: TimeUnit) -> Result<i32, Unreadable> {
    let instant = microseconds(value, unit)?;
    if instant % DAY != 0 {
        return Err(Unreadable::TimeOfDay);
    }
    i32::try_from(instant / DAY).map_err(|_| Unreadable::Year)
}
