//! What a model takes, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DerivedName, FeatureName, InvalidName};

/// A feature of a table, or one that the experiment derives. The first has a dot in its name and the second
/// has none. Ordered bytewise by its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum InputName {
    Feature(FeatureName),
    Derived(DerivedName),
}

impl InputName {
    /// The feature of a table, where it is one.
    pub fn as_feature(&self) -> Option<&FeatureName> {
        match self {
            Self::Feature(name) => Some(name),
            Self::Derived(_) => None,
        }
    }
}

impl From<FeatureName> for InputName {
    fn from(name: FeatureName) -> Self {
        Self::Feature(name)
    }
}

impl From<DerivedName> for InputName {
    fn from(name: DerivedName) -> Self {
        Self::Derived(name)
    }
}

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(name) => name.fmt(f),
            Self::Derived(name) => name.fmt(f),
        }
    }
}

impl Ord for InputName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Feature(a), Self::Feature(b)) => a.cmp(b),
            _ => self.to_string().cmp(&other.to_string()),
        }
    }
}

impl PartialOrd for InputName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for InputName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.contains('.') {
            true => text.parse().map(Self::Feature),
            false => text.parse().map(Self::Derived),
        }
    }
}

impl Serialize for InputName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InputName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
