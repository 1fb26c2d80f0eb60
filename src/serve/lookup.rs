//! One entity's values, as `features` and `/features/{id}` give them.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::predict::unknown;
use crate::definition::{AsOf, ColumnName, FeatureName};
use crate::error;
use crate::online::{Key, OnlineView, ValueAt};

/// The values of the features the working tree offered when they were computed.
#[derive(Debug)]
pub struct FeatureAnswer<'a> {
    pub column: &'a ColumnName,
    pub key: Key,
    pub as_of: AsOf,
    /// In order of the names.
    pub values: Vec<(&'a FeatureName, ValueAt<'a>)>,
}

impl<'a> FeatureAnswer<'a> {
    /// # Errors
    /// [`crate::error::Kind::UnknownEntity`] for a key that no table knows.
    pub fn of(view: &'a OnlineView, column: &'a ColumnName, key: &Key) -> error::Result<Self> {
        let rows = view
            .find(column, key)
            .ok_or_else(|| unknown(column.as_str(), key, view.as_of()))?;
        Ok(Self {
            column,
            key: key.clone(),
            as_of: view.as_of(),
            values: view.offered(column, &rows),
        })
    }
}

/// One part of each value under its feature's name.
struct Parts<'a, T>(&'a [(&'a FeatureName, ValueAt<'a>)], fn(&ValueAt<'a>) -> T);

impl<T: Serialize> Serialize for Parts<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(values, part) = self;
        serializer.collect_map(values.iter().map(|(name, value)| (name, part(value))))
    }
}

/// With the key under its own name, as HTTP has it.
impl Serialize for FeatureAnswer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.column.as_str(), &self.key)?;
        map.serialize_entry("as_of", &self.as_of)?;
        map.serialize_entry("features", &Parts(&self.values, |value| value.cell))?;
        map.serialize_entry("status", &Parts(&self.values, |value| value.status))?;
        map.end()
    }
}
