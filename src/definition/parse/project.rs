//! `streamflow.toml`.

use std::collections::BTreeMap;

use super::flow::flows;
use crate::definition::document::Document;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{Entity, EntityName, Project, Serve};

pub(super) fn read(document: &Document) -> Option<Project> {
    let root = document.root();
    let name = root
        .required_section("project", "a project has a `name`")
        .and_then(|section| name(&section));
    let store = root.section("store").and_then(|section| store(&section));
    let entities = root
        .required_section("entities", "rows are about something: `[entities.user]`")
        .map(|section| entities(&section));
    let serve = root.section("serve").and_then(|section| serve(&section));
    let flows = root.section("flow").map(|section| flows(&section));
    root.finish();
    Some(Project {
        name: name?,
        store: store?,
        entities: entities?,
        serve: serve?,
        flows: flows?,
    })
}

fn name(section: &Section<'_>) -> Option<String> {
    let name = section
        .required("name", "what the project is called")
        .and_then(|item| not_empty(&item));
    section.finish();
    name
}

fn store(section: &Section<'_>) -> Option<String> {
    let path = section.optional("path").and_then(|item| not_empty(&item));
    section.finish();
    Some(path.unwrap_or_else(|| ".streamflow".to_string()))
}

/// A text of at least one character, on one line.
fn not_empty(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if text.trim().is_empty() || text.contains(char::is_control) {
        item.refuse_value("expected a text of one line that is not empty");
        return None;
    }
    Some(text.to_string())
}

fn entities(section: &Section<'_>) -> BTreeMap<EntityName, Entity> {
    if section.is_empty() {
        section.refuse(
            "no entity is declared",
            "add `[entities.user]` with its `key`",
        );
    }
    section
        .entries()
        .filter_map(|(name, item)| Some((entity_name(section, name)?, entity(&item.section()?)?)))
        .collect()
}

fn entity_name(section: &Section<'_>, name: &str) -> Option<EntityName> {
    let refuse = |why: crate::definition::InvalidName| {
        section.refuse_key(name, "invalid name of an entity", why.0);
    };
    name.parse().map_err(refuse).ok()
}

fn entity(section: &Section<'_>) -> Option<Entity> {
    let key = section
        .required("key", "the column that identifies one, such as `user_id`")
        .and_then(|item| item.parse());
    section.finish();
    Some(Entity { key: key? })
}

fn serve(section: &Section<'_>) -> Option<Serve> {
    let address = section.optional("address").and_then(|item| address(&item));
    let model = section.optional("model").and_then(|item| item.parse());
    let max_age = section.optional("max_age").and_then(|item| item.parse());
    let token_file = section.optional("token_file");
    let token_file = token_file.and_then(|item| not_empty(&item));
    let log_predictions = section.optional("log_predictions");
    let log_predictions = log_predictions.and_then(|item| item.boolean());
    let shadow = section.optional("shadow");
    let shadow = shadow.and_then(|item| item.word(&[("staging", true)]));
    let canary = section.optional("canary").and_then(|item| canary(&item));
    section.finish();
    Some(Serve {
        address: address.unwrap_or_else(|| "127.0.0.1:8000".to_string()),
        model,
        max_age,
        token_file,
        log_predictions: log_predictions.unwrap_or(false),
        shadow: shadow.unwrap_or(false),
        canary: canary.unwrap_or(0.0),
    })
}

/// A number from 0 to 1.
fn canary(item: &Item<'_>) -> Option<f64> {
    let share = item.float()?;
    let is_share = (0.0..=1.0).contains(&share);
    if !is_share {
        item.refuse_value("the share of entities lies between 0 and 1, such as 0.1");
    }
    is_share.then_some(share)
}

/// `HOST:PORT`.
fn address(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let is_address = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if !is_address {
        item.refuse_value("expected HOST:PORT such as `127.0.0.1:8000`");
    }
    is_address.then(|| text.to_string())
}
