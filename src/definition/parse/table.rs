//! `features/TABLE.toml`.

use super::column::Columns;
use super::{check, feature, source};
use crate::definition::document::Document;
use crate::definition::item::Item;
use crate::definition::wording::suggestion;
use crate::definition::{ColumnName, EntityName, Project, Table, TableName};

pub(super) fn read(
    document: &Document,
    name: TableName,
    project: Option<&Project>,
) -> Option<Table> {
    let root = document.root();
    let entity = root
        .required("entity", "what a row is about, such as \"user\"")
        .and_then(|item| entity(&item, project));
    let description = root.optional("description").and_then(|item| item.text());
    let columns = root
        .required_section("columns", "name every column of the file, with its dtype")
        .map(|section| Columns::read(section, name.as_str()));
    let source = root
        .required_section("source", "say where the rows come from: `path`")
        .and_then(|section| source::read(&section, columns.as_ref(), name.as_str()));
    let checks = root
        .optional("checks")
        .and_then(|item| Some(check::read(&item, columns.as_ref()?)));
    let known = columns.as_ref().map(|columns| feature::Table {
        columns,
        key: entity.as_ref().map(|(_, key)| key),
        source: source.as_ref(),
    });
    let features = root
        .section("features")
        .map(|section| feature::read(&section, known.as_ref()));
    root.finish();
    if let (Some(columns), Some((entity, key))) = (&columns, &entity) {
        columns.check_key(key, entity.as_str());
    }
    let (entity, key) = entity?;
    Some(Table {
        name,
        entity,
        key,
        description: description.unwrap_or_default().to_string(),
        source: source?,
        columns: columns?.finish()?,
        checks: checks.unwrap_or_default(),
        features: features?,
        origin: document.origin(),
    })
}

/// The entity and its key column. Nothing is said while the project itself is in error.
fn entity(item: &Item<'_>, project: Option<&Project>) -> Option<(EntityName, ColumnName)> {
    let text = item.text()?;
    let entities = &project?.entities;
    let found = entities.get_key_value(text);
    if found.is_none() {
        let known = entities.keys().map(EntityName::as_str);
        let label = suggestion(text, known, "streamflow.toml declares");
        item.refuse(format!("unknown entity `{text}`"), label);
    }
    found.map(|(name, entity)| (name.clone(), entity.key.clone()))
}
