//! A file whose columns nobody declared: they are kept as they stand, in their order.
//!
//! Of a CSV file every column is text, an empty cell null. Of a Parquet file integers are i64,
//! floats f64, instants UTC microseconds; NaN, infinity and empty text stay what they are, because
//! nothing is computed with them. Columns of other types are refused.

use csv::{ReaderBuilder, StringRecord};
use polars::prelude::{DataType, Series, StringChunkedBuilder, TimeUnit};

use super::parquet::{Damaged, File, Stored};
use super::refusal::{aligned, counted};
use super::{FileForm, Places, Values};
use crate::error::{Error, Kind, Result};

/// Columns in the order of their file.
#[derive(Debug, Clone)]
pub struct LooseTable {
    columns: Vec<(String, Values)>,
    places: Places,
    rows: usize,
}

impl LooseTable {
    /// Reads a CSV file (comma, UTF-8, a header) or a Parquet file. `path` is only printed.
    ///
    /// # Errors
    /// [`Kind::DataRefused`] for a file that cannot be read as a table, with the place.
    pub fn read(bytes: &[u8], path: &str, form: FileForm) -> Result<Self> {
        match form {
            FileForm::Parquet => from_parquet(bytes, path),
            FileForm::Csv => from_csv(bytes, path),
            FileForm::Json => Err(refused(path, "JSON is not read as a table")
                .help("write the table as .csv or .parquet")),
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    pub fn column(&self, name: &str) -> Option<&Values> {
        let mut columns = self.columns.iter();
        columns
            .find(|(own, _)| own == name)
            .map(|(_, values)| values)
    }

    /// Where the rows stand in the file.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Adds a column at the end.
    ///
    /// # Panics
    /// When it is not as long as the others.
    pub fn push(&mut self, name: String, values: Values) {
        assert_eq!(values.len(), self.rows, "columns of equal length");
        self.columns.push((name, values));
    }

    /// The table as a file, its columns in their order.
    pub fn encode(&self, form: FileForm) -> Result<Vec<u8>> {
        let columns = self.columns.iter();
        let columns: Vec<_> = columns
            .map(|(name, values)| (name.as_str(), values))
            .collect();
        form.encode_columns(self.rows, &columns)
    }
}

fn refused(path: &str, why: &str) -> Error {
    Error::new(Kind::DataRefused, format!("{path} refused: {why}"))
}

fn refuse_repeated<'n>(path: &str, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            let why = format!("the column `{name}` stands twice");
            return Err(refused(path, &why).help("rename or drop one of them"));
        }
    }
    Ok(())
}

fn from_csv(bytes: &[u8], path: &str) -> Result<LooseTable> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        refused(path, "the file is not UTF-8")
            .detail(format!("{path}:{line}   holds a byte that is not UTF-8"))
            .help("write it in UTF-8, or as .parquet")
    })?;
    let failed = |error: csv::Error| refused(path, "it is not readable as CSV").caused_by(error);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    if !reader.read_record(&mut record).map_err(failed)? {
        return Err(refused(path, "empty file").help("a header names its columns"));
    }
    let names: Vec<String> = record.iter().map(ToString::to_string).collect();
    refuse_repeated(path, names.iter().map(String::as_str))?;
    let mut cells: Vec<_> = names
        .iter()
        .map(|_| StringChunkedBuilder::new("".into(), 0))
        .collect();
    let mut lines = Vec::new();
    while reader.read_record(&mut record).map_err(failed)? {
        let line = record.position().map_or(0, csv::Position::line);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        if record.len() != names.len() {
            return Err(ragged(path, line, record.len(), names.len()));
        }
        lines.push(line);
        for (cells, text) in cells.iter_mut().zip(&record) {
            cells.append_option((!text.is_empty()).then_some(text));
        }
    }
    refuse_too_long(path, lines.len())?;
    let columns = cells
        .into_iter()
        .map(|cells| Values::String(cells.finish()));
    Ok(LooseTable {
        rows: lines.len(),
        columns: names.into_iter().zip(columns).collect(),
        places: Places::csv(path, lines),
    })
}

fn ragged(path: &str, line: u32, found: usize, header: usize) -> Error {
    refused(path, "a row has another number of fields than the header")
        .detail(format!(
            "{path}:{line}   {}, the header has {header}",
            counted(found, "field")
        ))
        .help("a value that holds a comma or a line break must stand in quotation marks")
}

/// Rows are counted in 32 bits.
fn refuse_too_long(path: &str, rows: usize) -> Result<()> {
    match u32::try_from(rows) {
        Ok(count) if count < u32::MAX => Ok(()),
        _ => Err(refused(path, "the file has more than 4 294 967 294 rows")),
    }
}

fn from_parquet(bytes: &[u8], path: &str) -> Result<LooseTable> {
    let damaged = |why: Damaged| {
        refused(path, "the file is not a readable Parquet file")
            .detail(why.0)
            .help("write it again")
    };
    let file = File::open(bytes).map_err(damaged)?;
    let names: Vec<&str> = file
        .columns()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    refuse_repeated(path, names.iter().copied())?;
    refuse_too_long(path, file.rows())?;
    let others: Vec<_> = file
        .columns()
        .iter()
        .filter(|(_, stored)| matches!(stored, Stored::Other(_)))
        .map(|(name, stored)| vec![format!("`{name}`"), format!("holds {stored}")])
        .collect();
    if !others.is_empty() {
        let why = format!(
            "{} of a type that is not carried",
            counted(others.len(), "column")
        );
        return Err(refused(path, &why)
            .details(aligned(&others))
            .help("leave them out, or cast them to numbers, strings, dates or timestamps"));
    }
    let series = file.read(&names).map_err(damaged)?;
    let columns = names.iter().zip(series).map(|(name, series)| {
        let values = of_series(&series).ok_or_else(|| {
            refused(
                path,
                &format!("a value of `{name}` does not fit in 64 bits"),
            )
            .help("leave the column out, or cast it")
        });
        Ok(((*name).to_string(), values?))
    });
    Ok(LooseTable {
        columns: columns.collect::<Result<_>>()?,
        rows: file.rows(),
        places: Places::parquet(path, file.rows()),
    })
}

/// None where an unsigned integer or an instant has no place among ours.
fn of_series(series: &Series) -> Option<Values> {
    let integers = |values: Vec<Option<i64>>| Some(Values::integers(&values));
    match series.dtype() {
        DataType::String => Some(Values::String(series.str().ok()?.clone())),
        DataType::Boolean => Some(Values::Bool(series.bool().ok()?.clone())),
        DataType::Int64 => Some(Values::I64(series.i64().ok()?.clone())),
        DataType::Int32 => {
            let values = series.i32().ok()?.iter();
            integers(values.map(|value| value.map(i64::from)).collect())
        }
        DataType::UInt32 => {
            let values = series.u32().ok()?.iter();
            integers(values.map(|value| value.map(i64::from)).collect())
        }
        DataType::UInt64 => {
            let values = series.u64().ok()?.iter();
            let signed = |value: Option<u64>| value.map(|value| i64::try_from(value).ok());
            let values = values.map(|value| match signed(value) {
                None => Some(None),
                Some(fits) => fits.map(Some),
            });
            integers(values.collect::<Option<_>>()?)
        }
        DataType::Float32 => {
            let values = series.f32().ok()?.iter();
            let values: Vec<_> = values.map(|value| value.map(f64::from)).collect();
            Some(Values::floats(&values))
        }
        DataType::Float64 => Some(Values::F64(series.f64().ok()?.clone())),
        DataType::Date => Some(Values::Date(series.date().ok()?.physical().clone())),
        DataType::Datetime(unit, _) => {
            let values = series.datetime().ok()?.physical().iter();
            let microseconds = |value: i64| match unit {
                TimeUnit::Nanoseconds => Some(value.div_euclid(1_000)),
                TimeUnit::Microseconds => Some(value),
                TimeUnit::Milliseconds => value.checked_mul(1_000),
            };
            let values = values.map(|value| match value {
                None => Some(None),
                Some(value) => microseconds(value).map(Some),
            });
            Some(Values::datetimes(&values.collect::<Option<Vec<_>>>()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LooseTable> {
        LooseTable::read(text.as_bytes(), "spine.csv", FileForm::Csv)
    }

    #[test]
    fn a_csv_file_goes_through_unchanged() {
        let text = "id,note, x \na,\"1,5\",\n,\"say \"\"hi\"\"\",007\n";
        let table = read(&format!("\u{feff}{text}")).unwrap();
        assert_eq!(table.rows(), 2);
        assert_eq!(table.names().collect::<Vec<_>>(), ["id", "note", " x "]);
        assert_eq!(table.column("id").unwrap().null_count(), 1);
        assert_eq!(table.places().place(1), "spine.csv:3");
        let again = table.encode(FileForm::Csv).unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), text);
    }

    #[test]
    fn a_parquet_file_keeps_the_order_of_its_columns_and_what_is_no_number() {
        let mut table = read("b\n1\n2\n").unwrap();
        let odd = [Some(f64::NAN), Some(f64::INFINITY)];
        table.push("a".into(), Values::floats(&odd));
        table.push(
            "__index_level_0__".into(),
            Values::integers(&[Some(7), None]),
        );
        let bytes = table.encode(FileForm::Parquet).unwrap();
        let again = LooseTable::read(&bytes, "x.parquet", FileForm::Parquet).unwrap();
        let names: Vec<_> = again.names().collect();
        assert_eq!(names, ["b", "a", "__index_level_0__"]);
        let text = String::from_utf8(again.encode(FileForm::Csv).unwrap()).unwrap();
        assert_eq!(text, "b,a,__index_level_0__\n1,NaN,7\n2,inf,\n");
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        let message = |bytes: &[u8]| {
            let error = LooseTable::read(bytes, "s.csv", FileForm::Csv).unwrap_err();
            format!("{error} {:?}", error.all_details())
        };
        assert!(message(b"").contains("empty file"));
        assert!(message(b"a,a\n1,2\n").contains("`a` stands twice"));
        assert!(message(b"a,b\n1,2\n1\n").contains("s.csv:3"));
        assert!(message(b"a\n1\n\xff\n").contains("s.csv:3"));
        let error = LooseTable::read(b"PAR1", "s.parquet", FileForm::Parquet).unwrap_err();
        assert_eq!(error.kind(), Kind::DataRefused);
    }
}
