//! `[source]`: where the rows of a table come from.

use super::column::Columns;
use super::{dialect, query};
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{ColumnName, Format, Mode, Source};

pub(in crate::definition) const MODES: &[(&str, Mode)] =
    &[("upsert", Mode::Upsert), ("replace", Mode::Replace)];

#[derive(Clone, Copy)]
enum Extension {
    Csv,
    Parquet,
}

pub(super) fn read(
    section: &Section<'_>,
    columns: Option<&Columns<'_>>,
    table: &str,
) -> Option<Source> {
    if section.optional("postgres").is_some() {
        return query::read(section, columns, table);
    }
    let path = section
        .required(
            "path",
            "the file of a date, such as \"data/{as_of}/users.csv\"",
        )
        .and_then(|item| path(&item));
    let Common {
        mode,
        timestamp,
        created,
    } = Common::read(section, columns);
    let format = match path.as_ref().map(|(_, extension)| *extension) {
        Some(Extension::Parquet) => {
            dialect::refuse(section, "a Parquet file says for itself how it is written");
            Format::Parquet
        }
        _ => Format::Csv(dialect::read(section)),
    };
    section.finish();
    Some(Source {
        path: path?.0,
        format,
        query: None,
        mode,
        timestamp,
        created,
    })
}

/// What a file and a query both have.
pub(super) struct Common {
    pub mode: Mode,
    pub timestamp: Option<ColumnName>,
    pub created: Option<ColumnName>,
}

impl Common {
    pub fn read(section: &Section<'_>, columns: Option<&Columns<'_>>) -> Self {
        let mode = section.optional("mode").and_then(|item| item.word(MODES));
        let time = |item: Item<'_>| columns?.find_time(&item);
        Self {
            mode: mode.unwrap_or(Mode::Upsert),
            timestamp: section.optional("timestamp").and_then(time),
            created: section.optional("created").and_then(time),
        }
    }
}

/// A path below the project root, with `/`, to CSV or Parquet.
fn path(item: &Item<'_>) -> Option<(String, Extension)> {
    let path = item.text()?;
    let trouble = outside(path).or_else(|| placeholder(path));
    if let Some(why) = trouble {
        item.refuse_value(why);
        return None;
    }
    let extension = if path.ends_with(".csv") {
        Extension::Csv
    } else if path.ends_with(".parquet") {
        Extension::Parquet
    } else {
        item.refuse_value("the path ends in neither .csv nor .parquet");
        return None;
    };
    Some((path.to_string(), extension))
}

/// Why a path is not one below the project root on every system.
fn outside(path: &str) -> Option<&'static str> {
    if path.contains('\\') {
        return Some("folders are separated by `/` on every system");
    }
    if path.starts_with('/') || path.chars().nth(1) == Some(':') {
        return Some("the path is relative to the project root");
    }
    let leaves = path.split('/').any(|part| part == "..");
    leaves.then_some("the path stays in the project: no `..`")
}

fn placeholder(path: &str) -> Option<&'static str> {
    let rest = path.replace(Source::AS_OF, "");
    rest.contains(['{', '}'])
        .then_some("the one placeholder is `{as_of}`, the snapshot's date")
}
