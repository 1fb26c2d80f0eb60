//! `[allow]`: what the leakage guards let pass.

use std::collections::{BTreeMap, BTreeSet};

use super::{Tables, dataset};
use crate::definition::section::Section;
use crate::definition::{Allow, DerivedName, InputName, Label, Preprocess};

pub(super) fn read(
    section: &Section<'_>,
    preprocess: Option<&Preprocess>,
    label: Option<&Label>,
    tables: &Tables,
) -> Allow {
    let none = BTreeMap::new();
    let label_column = features(section, "label_column", &none, label, tables);
    let derived = preprocess.map_or(&none, |preprocess| &preprocess.derived);
    let label_function = features(section, "label_function", derived, label, tables);
    let entity_overlap = section
        .optional("entity_overlap")
        .and_then(|item| item.boolean());
    section.finish();
    Allow {
        label_column,
        label_function,
        entity_overlap: entity_overlap.unwrap_or(false),
    }
}

/// Features by their full names. They need not be taken: an experiment that leaves one out for a
/// run (`--set dataset.features=…`) may still say what it would allow.
fn features(
    section: &Section<'_>,
    key: &'static str,
    derived: &BTreeMap<DerivedName, String>,
    label: Option<&Label>,
    tables: &Tables,
) -> BTreeSet<InputName> {
    let mut allowed = BTreeSet::new();
    let items = section.optional(key).and_then(|item| item.texts());
    for (text, item) in items.unwrap_or_default() {
        if text.ends_with(".*") {
            let why = "name each feature: a guard that is off for all of a table guards nothing";
            item.refuse(format!("`{text}` is no feature"), why);
            continue;
        }
        if let Some((name, _)) = derived.get_key_value(text) {
            allowed.insert(name.clone().into());
            continue;
        }
        let named = dataset::named(text, &item, label, tables);
        allowed.extend(named.into_iter().map(|(_, name)| InputName::from(name)));
    }
    allowed
}
