//! `[source] postgres = { url_env, query }`.

use super::column::Columns;
use super::dialect;
use super::source::Common;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{Format, Query, Source};

/// Reads a section that has the key `postgres`.
pub(super) fn read(
    section: &Section<'_>,
    columns: Option<&Columns<'_>>,
    table: &str,
) -> Option<Source> {
    let query = section
        .section("postgres")
        .and_then(|postgres| query(&postgres));
    if let Some(item) = section.optional("path") {
        let label = "rows come from a file or from a query: take one of the two away";
        item.refuse("`path` beside `postgres`", label);
    }
    dialect::refuse(section, "a database says for itself what its columns hold");
    let Common {
        mode,
        timestamp,
        created,
    } = Common::read(section, columns);
    section.finish();
    let query = query?;
    Some(Source {
        path: query.name(table),
        format: Format::Parquet,
        query: Some(query),
        mode,
        timestamp,
        created,
    })
}

fn query(section: &Section<'_>) -> Option<Query> {
    let url_env = section
        .required(
            "url_env",
            "the environment variable with the database's URL, such as \"STREAMFLOW_POSTGRES\"",
        )
        .and_then(|item| variable(&item));
    let query = section.required(
        "query",
        "SQL that gives the declared columns, with `{as_of}` for the date",
    );
    section.finish();
    let item = query?;
    let text = item.text()?;
    let (url_env, item) = (url_env?, &item);
    let refuse = |fault: crate::definition::QueryFault| {
        item.refuse_part(&fault.range, "invalid value for `query`", fault.why);
    };
    Query::new(&url_env, text).map_err(refuse).ok()
}

/// The name of an environment variable.
fn variable(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = text.chars().all(word) && !text.starts_with(|c: char| c.is_ascii_digit());
    if !is_name || text.is_empty() {
        let why = if text.contains("://") || text.contains('=') {
            "name the variable: the URL stands in no file"
        } else {
            "expected the name of an environment variable, such as STREAMFLOW_POSTGRES"
        };
        item.refuse_value(why);
        return None;
    }
    Some(text.to_string())
}
