//! Tables to test with.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::definition::{
    AsOf, Column, ColumnName, CsvDialect, Dtype, Features, Format, Mode, Origin, Source, Table,
};
use crate::error::{Error, Result, SourceText};

use super::{ReadFile, read};

pub fn name(text: &str) -> ColumnName {
    text.parse().unwrap()
}

pub fn as_of() -> AsOf {
    "2024-02-29".parse().unwrap()
}

/// RFC 4180 in UTF-8.
pub fn dialect() -> CsvDialect {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    CsvDialect {
        delimiter: b',',
        decimal: '.',
        encoding: "utf-8".into(),
        null: Vec::new(),
        r#true: texts(&["true", "True", "1"]),
        r#false: texts(&["false", "False", "0"]),
    }
}

/// A table `usage` in CSV with the string key `user_id` and these columns beside it.
pub fn table(columns: &[(&str, Dtype)]) -> Table {
    let columns = columns.iter().copied().chain([("user_id", Dtype::String)]);
    let columns = columns.map(|(text, dtype)| (name(text), Column { dtype, since: None }));
    Table {
        name: "usage".parse().unwrap(),
        entity: "user".parse().unwrap(),
        key: name("user_id"),
        description: String::new(),
        source: Source {
            path: "data/{as_of}/usage.csv".into(),
            format: Format::Csv(dialect()),
            query: None,
            mode: Mode::Upsert,
            timestamp: None,
            created: None,
        },
        columns: columns.collect(),
        checks: Vec::new(),
        features: Features::default(),
        origin: Origin {
            source: Arc::new(SourceText {
                path: "features/usage.toml".into(),
                text: String::new(),
            }),
            places: BTreeMap::new(),
        },
    }
}

pub fn parquet(mut table: Table) -> Table {
    table.source.format = Format::Parquet;
    table
}

pub fn with_dialect(mut table: Table, change: impl FnOnce(&mut CsvDialect)) -> Table {
    let mut dialect = dialect();
    change(&mut dialect);
    table.source.format = Format::Csv(dialect);
    table
}

pub fn read_text(text: impl AsRef<[u8]>, table: &Table) -> Result<ReadFile> {
    let path = match table.source.format {
        Format::Csv(_) => "usage.csv",
        Format::Parquet => "usage.parquet",
    };
    read(text.as_ref(), path, as_of(), table)
}

/// The column of a file as texts, as messages show the values.
pub fn column(file: &ReadFile, name: &str) -> Vec<String> {
    let values = file.frame.column(name).unwrap();
    (0..values.len())
        .map(|row| values.cell(row).to_string())
        .collect()
}

/// Everything an error says, a line each.
pub fn told(error: &Error) -> String {
    let helps = error.all_help().iter().map(|line| format!("help: {line}"));
    let lines = std::iter::once(error.message().to_string());
    lines
        .chain(error.all_details().iter().map(|line| format!("  {line}")))
        .chain(helps)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What reading says when it refuses the text.
pub fn refusal(text: impl AsRef<[u8]>, table: &Table) -> String {
    let error = read_text(text, table).expect_err("the file is to be refused");
    assert_eq!(error.kind(), crate::error::Kind::DataRefused);
    told(&error)
}
