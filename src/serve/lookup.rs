//! One entity's values, as `features` and `/features/{id}` give them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::predict::unknown;
use crate::definition::{AsOf, ColumnName, FeatureName};
use crate::error::Result;
use crate::feature::Status;
use crate::online::{Key, OnlineView, ValueAt};
use crate::table::Cell;

/// The values of the features the working tree offered when they were computed.
#[derive(Debug)]
pub struct FeatureAnswer<'a> {
    pub column: &'a ColumnName,
    pub key: Key,
    pub as_of: AsOf,
    pub values: BTreeMap<&'a FeatureName, ValueAt<'a>>,
}

impl<'a> FeatureAnswer<'a> {
    /// # Errors
    /// [`crate::error::Kind::UnknownEntity`] for a key that no table knows.
    pub fn of(view: &'a OnlineView, column: &'a ColumnName, key: &Key) -> Result<Self> {
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

    pub fn features(&self) -> BTreeMap<&'a FeatureName, Cell<'a>> {
        let values = self.values.iter();
        values.map(|(name, value)| (*name, value.cell)).collect()
    }

    pub fn status(&self) -> BTreeMap<&'a FeatureName, Status> {
        let values = self.values.iter();
        values.map(|(name, value)| (*name, value.status)).collect()
    }
}

/// With the key under its own name, as HTTP has it.
impl Serialize for FeatureAnswer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.column.as_str(), &self.key)?;
        map.serialize_entry("as_of", &self.as_of)?;
        map.serialize_entry("features", &self.features())?;
        map.serialize_entry("status", &self.status())?;
        map.end()
    }
}
