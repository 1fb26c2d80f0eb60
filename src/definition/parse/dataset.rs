//! `[dataset]`: the features an experiment learns from.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Tables;
use crate::definition::section::{Item, Section};
use crate::definition::wording::owned;
use crate::definition::{ColumnName, Dtype, FeatureName, Label, Table};

/// The features by name, each with the place of the text that took it.
pub(super) type Places = BTreeMap<FeatureName, Option<Range<usize>>>;

pub(super) fn read(
    section: &Section<'_>,
    label: Option<&Label>,
    tables: &Tables,
) -> Option<Places> {
    let list = section
        .required("features", "such as [\"usage_agg_30d.*\"]")
        .and_then(|item| Some((item.texts()?, item)));
    section.finish();
    let (items, list) = list?;
    if items.is_empty() && list.list()?.is_empty() {
        list.refuse_value("a model needs at least one feature");
    }
    let mut places = Places::new();
    for (text, item) in &items {
        for name in named(text, item, tables) {
            check(&name, item, label, tables);
            places.entry(name).or_insert_with(|| item.range());
        }
    }
    Some(places)
}

/// The features that `TABLE.FEATURE` or `TABLE.*` names.
fn named(text: &str, item: &Item<'_>, tables: &Tables) -> Vec<FeatureName> {
    let Some((table, feature)) = text.split_once('.') else {
        item.refuse(
            format!("`{text}` is no feature"),
            "write TABLE.FEATURE, or TABLE.* for all of a table",
        );
        return Vec::new();
    };
    let Some(Some(table)) = tables.find_named(item, table) else {
        return Vec::new();
    };
    let offered = table.features.names();
    let owner = format!("table `{}`", table.name);
    let full = |name: &ColumnName| FeatureName::new(table.name.clone(), name.clone());
    if feature == "*" && !offered.is_empty() {
        return offered.into_iter().map(full).collect();
    }
    let found = offered.iter().find(|name| name.as_str() == feature);
    if found.is_none() {
        let message = match feature {
            "*" => format!("{owner} offers no features"),
            _ => format!("unknown feature `{text}`"),
        };
        item.refuse(message, label_unknown(feature, table, &owner));
    }
    found.into_iter().map(|name| full(name)).collect()
}

/// What helps where a table does not offer a feature.
fn label_unknown(feature: &str, table: &Table, owner: &str) -> String {
    if table.columns.contains_key(feature) && table.key.as_str() != feature {
        let path = format!("features/{}.toml", table.name);
        return format!("{owner} has the column: take it in `columns` of [features] in {path}");
    }
    let offered = table.features.names();
    owned(feature, owner, offered.into_iter().map(ColumnName::as_str))
}

/// Reports a feature that an experiment cannot use.
fn check(name: &FeatureName, item: &Item<'_>, label: Option<&Label>, tables: &Tables) {
    let Some(Some(table)) = tables.0.get(name.table.as_str()) else {
        return;
    };
    if matches!(
        dtype(table, &name.feature),
        Some(Dtype::Date | Dtype::Datetime)
    ) {
        let label = "a model takes numbers, strings and bools: name the features one by one";
        item.refuse(format!("feature `{name}` is a date"), label);
    }
    let Some(label) = label else {
        return;
    };
    if let Some(Some(other)) = tables.0.get(label.table.as_str())
        && other.entity != table.entity
    {
        let message = format!("feature `{name}` is about another entity");
        let about = format!(
            "the label is about `{}`, this about `{}`",
            other.entity, table.entity
        );
        item.refuse(message, about);
    }
    if label.lead == 0 && name.table == label.table && reads(table, &name.feature, &label.column) {
        let why = "the model would be told what it is to predict; only with `lead` above 0 is it \
                   a fact of the past";
        item.refuse(format!("feature `{name}` gives the label away"), why);
    }
}

fn dtype(table: &Table, feature: &ColumnName) -> Option<Dtype> {
    let derived = table.features.derived.get(feature);
    let column = || table.columns.get(feature).map(|column| column.dtype);
    derived.map(|expression| expression.dtype()).or_else(column)
}

/// Whether a feature is computed from `column`.
fn reads(table: &Table, feature: &ColumnName, column: &ColumnName) -> bool {
    match table.features.derived.get(feature) {
        Some(expression) => expression.columns().contains(column),
        None => feature == column,
    }
}
