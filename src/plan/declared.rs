//! The flat map of declared values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::{Value, ValuePath};
use crate::error::{Error, Kind, Result};
use crate::hash::{ContentHash, ContentHasher};

/// Every value that decides a run's result, by key path, in bytewise order of the paths.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Declared(BTreeMap<ValuePath, Value>);

impl Declared {
    pub fn insert(&mut self, path: impl Into<String>, value: Value) {
        self.0.insert(ValuePath::new(path), value);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&ValuePath, &Value)> {
        self.0.iter()
    }

    pub fn get(&self, path: &str) -> Option<&Value> {
        self.0.get(path)
    }

    /// The values at and below these paths.
    #[must_use]
    pub fn within(&self, parents: &[&str]) -> Self {
        let inside = |path: &ValuePath| parents.iter().any(|parent| path.is_within(parent));
        Self(
            self.0
                .iter()
                .filter(|(path, _)| inside(path))
                .map(|(p, v)| (p.clone(), v.clone()))
                .collect(),
        )
    }

    /// The values below a path, by the rest of their paths.
    pub fn below<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.iter().filter_map(move |(path, value)| {
            let rest = path.as_str().strip_prefix(parent)?.strip_prefix('.')?;
            Some((rest, value))
        })
    }

    pub fn text(&self, path: &str) -> Result<&str> {
        match self.0.get(path) {
            Some(Value::Text(text)) => Ok(text),
            other => Err(unexpected(path, "a text", other)),
        }
    }

    pub fn integer(&self, path: &str) -> Result<i64> {
        match self.0.get(path) {
            Some(Value::Integer(value)) => Ok(*value),
            other => Err(unexpected(path, "an integer", other)),
        }
    }

    pub fn float(&self, path: &str) -> Result<f64> {
        match self.0.get(path) {
            Some(Value::Float(value)) => Ok(*value),
            other => Err(unexpected(path, "a float", other)),
        }
    }

    pub fn boolean(&self, path: &str) -> Result<bool> {
        match self.0.get(path) {
            Some(Value::Bool(value)) => Ok(*value),
            other => Err(unexpected(path, "a bool", other)),
        }
    }

    /// A text that parses as `T`.
    pub fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, path: &str) -> Result<T> {
        parse(path, self.text(path)?)
    }
}

/// Parses a declared text, or says at which path it does not fit.
pub(super) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
    path: &str,
    text: &str,
) -> Result<T> {
    text.parse()
        .map_err(|error: T::Err| unreadable(path).detail(error.to_string()))
}

/// The error of a declared map that no version of this program has written.
pub(super) fn unreadable(path: &str) -> Error {
    Error::new(
        Kind::Lock,
        format!("the declared value `{path}` cannot be read"),
    )
}

fn unexpected(path: &str, expected: &str, found: Option<&Value>) -> Error {
    let found = found.map_or("nothing".to_string(), ToString::to_string);
    unreadable(path).detail(format!("expected {expected}, found {found}"))
}

impl ContentHash for Declared {
    fn feed(&self, hasher: &mut ContentHasher) {
        self.0.feed(hasher);
    }
}

impl FromIterator<(ValuePath, Value)> for Declared {
    fn from_iter<I: IntoIterator<Item = (ValuePath, Value)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}
