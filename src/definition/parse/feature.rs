//! `[features]`: what a table offers to experiments.

use std::collections::BTreeMap;

use super::column::Columns;
use super::{request, windowed};
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{ColumnName, Dtype, Expression, Features, Source, Windowed};

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
    let request = section
        .section("request")
        .map(|section| request::read(&section, table, &windowed))
        .unwrap_or_default();
    let others = Others {
        windowed: &windowed,
        request: &request,
    };
    let derived = section
        .section("derived")
        .map(|section| derived(&section, table, &columns, &others))
        .unwrap_or_default();
    section.finish();
    Features {
        ttl,
        columns,
        derived,
        windowed,
        request,
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

/// What derived features read besides columns.
struct Others<'a> {
    windowed: &'a BTreeMap<ColumnName, Windowed>,
    request: &'a BTreeMap<ColumnName, Dtype>,
}

fn derived(
    section: &Section<'_>,
    table: Option<&Table<'_>>,
    taken: &[ColumnName],
    others: &Others<'_>,
) -> BTreeMap<ColumnName, Expression> {
    let feature = |(name, item): (&str, Item<'_>)| {
        let refuse = |why: crate::definition::InvalidName| {
            section.refuse_key(name, "invalid name of a feature", why.0);
        };
        let parsed: ColumnName = name.parse().map_err(refuse).ok()?;
        let twice = |label| section.refuse_key(name, format!("two features `{name}`"), label);
        if taken.contains(&parsed) {
            twice("`columns` takes a column of this name");
        }
        if others.windowed.contains_key(&parsed) {
            twice("[features.windowed] has one of this name");
        }
        if others.request.contains_key(&parsed) {
            twice("[features.request] has one of this name");
        }
        Some((parsed, expression(&item, table?, others)?))
    };
    section.entries().filter_map(feature).collect()
}

/// Windowed features and what comes with a request are columns to an expression.
fn expression(item: &Item<'_>, table: &Table<'_>, others: &Others<'_>) -> Option<Expression> {
    let text = item.text()?;
    let refuse = |error: crate::definition::ExpressionError| {
        item.refuse_part(&error.range, error.message, error.label);
    };
    let mut inputs = table.columns.dtypes()?;
    let windowed = others.windowed.iter();
    inputs.extend(windowed.map(|(name, windowed)| (name.clone(), windowed.dtype())));
    inputs.extend(others.request.clone());
    Expression::parse(text, &inputs).map_err(refuse).ok()
}
