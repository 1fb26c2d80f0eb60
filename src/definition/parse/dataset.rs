//! `[dataset]`: the features an experiment learns from.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Tables, request};
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::owned;
use crate::definition::{ColumnName, Dtype, Expression, FeatureName, Label, Table, Windowed};

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
        for (table, name) in named(text, item, label, tables) {
            check(&name, table, item);
            let labels = label.and_then(|label| tables.0.get(&label.table)?.as_ref());
            if let (Some(label), Some(labels)) = (label, labels) {
                request::check(&name, table, item, label, labels);
            }
            places.entry(name).or_insert_with(|| item.range());
        }
    }
    Some(places)
}

/// The features that `TABLE.FEATURE` or `TABLE.*` names, each with its table.
pub(super) fn named<'t>(
    text: &str,
    item: &Item<'_>,
    label: Option<&Label>,
    tables: &'t Tables,
) -> Vec<(&'t Table, FeatureName)> {
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
    if !shares_entity(table, item, label, tables) {
        return Vec::new();
    }
    let offered = table.features.names();
    let is_taken = |name: &&&ColumnName| feature == "*" || name.as_str() == feature;
    let full = |name: &&ColumnName| FeatureName::new(table.name.clone(), (*name).clone());
    let names: Vec<_> = offered.iter().filter(is_taken).map(full).collect();
    if names.is_empty() {
        let owner = format!("table `{}`", table.name);
        let message = match feature {
            "*" => format!("{owner} offers no features"),
            _ => format!("unknown feature `{text}`"),
        };
        item.refuse(message, label_unknown(feature, table, &owner));
    }
    names.into_iter().map(|name| (table, name)).collect()
}

/// Whether the rows of a table are about what the label is about; reported if not.
fn shares_entity(table: &Table, item: &Item<'_>, label: Option<&Label>, tables: &Tables) -> bool {
    let labels = label.and_then(|label| tables.0.get(&label.table)?.as_ref());
    let other = labels.filter(|labels| labels.entity != table.entity);
    if let Some(labels) = other {
        let message = format!("table `{}` is about another entity", table.name);
        let why = format!(
            "`{}`, and the label is about `{}`",
            table.entity, labels.entity
        );
        item.refuse(message, why);
    }
    other.is_none()
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
fn check(name: &FeatureName, table: &Table, item: &Item<'_>) {
    if matches!(
        dtype(table, &name.feature),
        Some(Dtype::Date | Dtype::Datetime)
    ) {
        let label = "a model takes numbers, strings and bools: leave it out, or derive a part of it, such as EXTRACT(MONTH FROM …)";
        item.refuse(format!("feature `{name}` is a date"), label);
    }
}

pub(super) fn dtype(table: &Table, feature: &ColumnName) -> Option<Dtype> {
    let derived = table.features.derived.get(feature);
    let column = || table.columns.get(feature).map(|column| column.dtype);
    let windowed = table.features.windowed.get(feature);
    let computed = derived
        .map(Expression::dtype)
        .or_else(|| windowed.map(Windowed::dtype));
    let request = || table.features.request.get(feature).copied();
    computed.or_else(column).or_else(request)
}
