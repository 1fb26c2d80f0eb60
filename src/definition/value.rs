//! Single declared values and their places, as hashed, locked, compared and set.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hash::{ContentHash, ContentHasher};

/// A scalar, or a list of scalars, that someone declared or a default stands for.
///
/// `1` and `1.0` are different values here; which of the two a key takes is decided where the key
/// is read, so that both spellings of a number in TOML end as the same value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
}

/// As TOML writes it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            // Debug keeps the `.0` that tells a float from an integer.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => f.write_str(&toml::Value::String(value.clone()).to_string()),
            Self::List(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// The variant's ordinal, then the value.
impl ContentHash for Value {
    fn feed(&self, hasher: &mut ContentHasher) {
        match self {
            Self::Bool(value) => {
                hasher.byte(0);
                value.feed(hasher);
            }
            Self::Integer(value) => {
                hasher.byte(1);
                value.feed(hasher);
            }
            Self::Float(value) => {
                hasher.byte(2);
                value.feed(hasher);
            }
            Self::Text(value) => {
                hasher.byte(3);
                value.feed(hasher);
            }
            Self::List(values) => {
                hasher.byte(4);
                values.feed(hasher);
            }
        }
    }
}

/// A name as a key in TOML: quoted when it is more than a bare word.
pub fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_string()
    } else {
        Value::Text(name.to_string()).to_string()
    }
}

/// The place of a value: keys joined by dots, `model.trees`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ValuePath(String);

impl ValuePath {
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys. A feature's own name may hold dots and is one key.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        let mut of_feature = ["features.", "windowed."].iter();
        let depth = if of_feature.any(|section| self.0.starts_with(section)) {
            3
        } else {
            usize::MAX
        };
        self.0.splitn(depth, '.')
    }

    /// Whether this is `parent` or lies below it.
    pub fn is_within(&self, parent: &str) -> bool {
        self.0
            .strip_prefix(parent)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for ValuePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl ContentHash for ValuePath {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.text(&self.0);
    }
}
