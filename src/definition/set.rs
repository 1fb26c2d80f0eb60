//! `run --set K=V`: values planted into an experiment's tree before it is read, so that they meet
//! the same rules, suggestions and defaults as those of the file.

use std::sync::Arc;

use super::document::{Content, Document, Entries, Entry, Node, Place, parse_value};

impl Document {
    /// Sets the value at `key`, a path such as `model.trees`, to a TOML value or a bare word.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        let place = Place::Set(Arc::from(format!("{key}={value}")));
        let node = parse_value(value, &place).unwrap_or_else(|| Node {
            place: place.clone(),
            content: Content::Text(value.to_string()),
        });
        let keys: Vec<_> = key.split('.').map(str::trim).collect();
        if keys.iter().any(|key| key.is_empty()) {
            let label = "write keys joined by dots, such as `model.trees`";
            return self.report(&place, format!("`{key}` is not a key path"), label);
        }
        match plant(&mut self.root, &keys, node, &place) {
            Ok(()) => self
                .places
                .retain(|path, _| !path.is_within(&keys.join("."))),
            Err(owner) => {
                let message = format!("`{owner}` is not a section");
                self.report(&place, message, "it holds one value: set that");
            }
        }
    }
}

/// Puts `leaf` at the end of `keys`, making sections on the way; the key that is no section if one
/// is not.
pub(super) fn plant<'k>(
    node: &mut Node,
    keys: &[&'k str],
    leaf: Node,
    place: &Place,
) -> Result<(), &'k str> {
    let [key, rest @ ..] = keys else {
        *node = leaf;
        return Ok(());
    };
    let Content::Table(entries) = &mut node.content else {
        return Err(key);
    };
    let new_section = || Entry {
        key: place.clone(),
        node: Node {
            place: place.clone(),
            content: Content::Table(Entries::new()),
        },
    };
    let entry = entries
        .entry((*key).to_string())
        .or_insert_with(new_section);
    if !rest.is_empty() && !matches!(entry.node.content, Content::Table(_)) {
        return Err(key);
    }
    plant(&mut entry.node, rest, leaf, place)
}
