//! The key of a row, as people and JSON see it.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::table::Cell;

/// The key of an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum EntityKey {
    Integer(i64),
    Text(String),
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(key) => key.fmt(f),
            // A key comes from a file: what steers a terminal is shown and not obeyed.
            Self::Text(key) => key.chars().try_for_each(|c| match c.is_control() {
                true => write!(f, "{}", c.escape_default()),
                false => f.write_char(c),
            }),
        }
    }
}

impl EntityKey {
    pub fn of(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::String(key) => Some(Self::Text(key.to_string())),
            Cell::I64(key) => Some(Self::Integer(key)),
            _ => None,
        }
    }
}
