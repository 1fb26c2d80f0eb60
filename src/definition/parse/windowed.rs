//! `[features.windowed]`: aggregates over the events of a window.

use std::collections::BTreeMap;

use super::feature::Table;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::suggestion;
use crate::definition::{Age, ColumnName, InvalidName, Windowed};

pub(super) fn read(
    section: &Section<'_>,
    table: Option<&Table<'_>>,
) -> BTreeMap<ColumnName, Windowed> {
    let source = table.and_then(|table| table.source);
    if !section.is_empty() && source.is_some_and(|source| source.timestamp.is_none()) {
        let label = "say which column has the instant of an event: `timestamp` under [source]";
        section.refuse("a window needs events", label);
    }
    let feature = |(name, item): (&str, Item<'_>)| {
        let refuse = |why: InvalidName| {
            section.refuse_key(name, "invalid name of a feature", why.0);
        };
        let parsed: ColumnName = name.parse().map_err(refuse).ok()?;
        if table?.columns.names().any(|column| *column == parsed) {
            let label = "a column has this name: expressions could mean either";
            section.refuse_key(name, format!("a windowed feature named `{name}`"), label);
        }
        Some((parsed, windowed(&item, table?)?))
    };
    section.entries().filter_map(feature).collect()
}

/// `{ sql = "SUM(hours)", window = "7d" }`.
fn windowed(item: &Item<'_>, table: &Table<'_>) -> Option<Windowed> {
    if !item.is_table() {
        return item.wrong_type("`{ sql = \"SUM(x)\", window = \"7d\" }`");
    }
    let section = item.section()?;
    let sql = section.required("sql", "an aggregate such as \"SUM(hours)\"");
    let window = section
        .required("window", "how far back events count, such as \"7d\"")
        .and_then(|item| item.parse::<Age>());
    section
        .finish_as(|key, known| suggestion(key, known.iter().copied(), "a windowed feature takes"));
    let sql = sql?;
    let columns = table.columns.dtypes()?;
    let refuse = |error: crate::definition::ExpressionError| {
        sql.refuse_part(&error.range, error.message, error.label);
    };
    // An aggregate is looked at also where its window is missing: every error at once.
    let any = "1d".parse().expect("a day is a length of time");
    let read = Windowed::parse(sql.text()?, window.unwrap_or(any), &columns);
    read.map_err(refuse).ok().filter(|_| window.is_some())
}
