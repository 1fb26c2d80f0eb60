//! `[features.request]`: what comes with a request, and whether a label's table brings it to training.

use std::collections::BTreeMap;

use super::feature;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{ColumnName, Dtype, FeatureName, InvalidName, Label, Table, Windowed};

/// The names with their types. A name is neither a column's of the table nor the key's.
pub(super) fn read(
    section: &Section<'_>,
    table: Option<&feature::Table<'_>>,
    windowed: &BTreeMap<ColumnName, Windowed>,
) -> BTreeMap<ColumnName, Dtype> {
    let one = |(name, item): (&str, Item<'_>)| {
        let refuse = |why: InvalidName| {
            section.refuse_key(name, "invalid name of a feature", why.0);
        };
        let parsed: ColumnName = name.parse().map_err(refuse).ok()?;
        let ambiguous = |label| {
            let message = format!("`{name}` from the request is ambiguous");
            section.refuse_key(name, message, label);
        };
        if table?.columns.names().any(|own| *own == parsed) {
            ambiguous("a column has this name: expressions could mean either");
        }
        if windowed.contains_key(&parsed) {
            ambiguous("[features.windowed] has one of this name");
        }
        let dtype = item.word(&Dtype::ALL.map(|dtype| (dtype.as_str(), dtype)))?;
        Some((parsed, dtype))
    };
    section.entries().filter_map(one).collect()
}

/// Reports what a feature needs of a request and the table of the labels does not bring to training.
pub(super) fn check(
    name: &FeatureName,
    table: &Table,
    item: &Item<'_>,
    label: &Label,
    labels: &Table,
) {
    for (request, dtype) in table.features.requested(&name.feature) {
        let why = match labels.columns.get(&request) {
            _ if request == label.column => "that column is what is predicted".to_string(),
            _ if label.lead > 0 => {
                "with `lead` the label's row is of a later date, and so is what it says".to_string()
            }
            _ if request == labels.key => "that column is the key".to_string(),
            Some(column) if column.dtype == dtype => continue,
            Some(column) => format!(
                "{request} is {} in [columns] there, and {} in [features.request] of {}",
                column.dtype.as_str(),
                dtype.as_str(),
                table.name
            ),
            None => format!(
                "declare `{request} = \"{}\"` in [columns] of features/{}.toml",
                dtype.as_str(),
                labels.name
            ),
        };
        let message = format!(
            "`{name}` needs `{request}` of the request, and `{}` does not bring it to training",
            labels.name
        );
        item.refuse(message, why);
    }
}
