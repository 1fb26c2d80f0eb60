//! `[features]`: what a table offers to experiments.

use std::collections::BTreeMap;

use super::column::Columns;
use super::windowed;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{ColumnName, Expression, Features, Source, Windowed};

/// What is known of the table besides its columns.
pub(super) struct Table<'a> {
    pub columns: &'a Columns<'a>,
    pub key: Option<&'a ColumnName>,
    pub source: Option<&'a Source>,
}

pub(super) fn read(section: &Section<'_>, table: Option<&Table<'_>>) -> Features {
    let ttl = section.optional("ttl").and_then(|item| item.parse());
    let columns = section
        .optional("columns")
        .and_then(|item| Some(taken(&item.texts()?, table?)))
        .unwrap_or_default();
    let windowed = section
        .section("windowed")
        .map(|section| windowed::read(&section, table))
        .unwrap_or_default();
    let derived = section
        .section("derived")
        .map(|section| derived(&section, table, &columns, &windowed))
        .unwrap_or_default();
    let request = "features from the request are not computed by this version";
    section.unsupported("request", request);
    section.finish();
    Features {
        ttl,
        columns,
        derived,
        windowed,
    }
}

/// The columns taken as they are, in the order of the file; `["*"]` in the order of names.
fn taken(items: &[(&str, Item<'_>)], table: &Table<'_>) -> Vec<ColumnName> {
    if let [("*", _)] = items {
        return all(table);
    }
    let mut names = Vec::new();
    for (text, item) in items {
        if *text == "*" {
            item.refuse("`*` beside names", "`[\"*\"]` alone takes every column");
            continue;
        }
        let Some((name, _)) = table.columns.find(item) else {
            continue;
        };
        if Some(&name) == table.key {
            let label = "every row has its own: nothing can be learned from it";
            item.refuse(format!("the key `{name}` is no feature"), label);
        } else if names.contains(&name) {
            item.refuse(format!("column `{name}` is taken twice"), "remove it");
        } else {
            names.push(name);
        }
    }
    names
}

/// Every column but the key and those that place a row in time.
fn all(table: &Table<'_>) -> Vec<ColumnName> {
    let timestamp = table.source.and_then(|source| source.timestamp.as_ref());
    let created = table.source.and_then(|source| source.created.as_ref());
    let left_out = [table.key, timestamp, created];
    let names = table.columns.names();
    names
        .filter(|name| !left_out.contains(&Some(*name)))
        .cloned()
        .collect()
}

fn derived(
    section: &Section<'_>,
    table: Option<&Table<'_>>,
    taken: &[ColumnName],
    windowed: &BTreeMap<ColumnName, Windowed>,
) -> BTreeMap<ColumnName, Expression> {
    let feature = |(name, item): (&str, Item<'_>)| {
        let refuse = |why: crate::definition::InvalidName| {
            section.refuse_key(name, "invalid name of a feature", why.0);
        };
        let parsed: ColumnName = name.parse().map_err(refuse).ok()?;
        if taken.contains(&parsed) {
            let label = "`columns` takes a column of this name";
            section.refuse_key(name, format!("two features `{name}`"), label);
        }
        if windowed.contains_key(&parsed) {
            let label = "[features.windowed] has one of this name";
            section.refuse_key(name, format!("two features `{name}`"), label);
        }
        Some((parsed, expression(&item, table?, windowed)?))
    };
    section.entries().filter_map(feature).collect()
}

/// Windowed features are columns to an expression.
fn expression(
    item: &Item<'_>,
    table: &Table<'_>,
    windowed: &BTreeMap<ColumnName, Windowed>,
) -> Option<Expression> {
    let text = item.text()?;
    let refuse = |error: crate::definition::ExpressionError| {
        item.refuse_part(&error.range, error.message, error.label);
    };
    let mut columns = table.columns.dtypes()?;
    columns.extend(windowed.iter().map(|(name, w)| (name.clone(), w.dtype())));
    Expression::parse(text, &columns).map_err(refuse).ok()
}
