//! The entities of one key column over all tables, found once for all of them.

use std::sync::Arc;

use super::keys::{Key, KeyRef, Keys};
use crate::definition::{ColumnName, Dtype};

/// Every entity that some table knows by a key column. A place is an entity's number in the order of
/// the keys.
#[derive(Debug, Clone)]
pub struct Entities {
    pub column: ColumnName,
    keys: Arc<Keys>,
}

impl Entities {
    /// The entities of several tables, one element for each key column and type of keys; those of
    /// one column side by side.
    pub(super) fn of_all(tables: impl IntoIterator<Item = (ColumnName, Keys)>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (column, keys) in tables {
            let same = all
                .iter_mut()
                .find(|known| known.column == column && known.keys.dtype() == keys.dtype());
            match same {
                Some(known) if *known.keys == keys => {}
                Some(known) => known.keys = Arc::new(known.keys.union(&keys)),
                None => all.push(Self {
                    column,
                    keys: Arc::new(keys),
                }),
            }
        }
        all.sort_by(|a, b| (&a.column, a.dtype().as_str()).cmp(&(&b.column, b.dtype().as_str())));
        all
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The type of the keys.
    pub fn dtype(&self) -> Dtype {
        self.keys.dtype()
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.keys.iter().map(KeyRef::to_key)
    }

    /// The place of a key.
    pub fn find(&self, key: &Key) -> Option<usize> {
        self.keys.find(key.into())
    }

    /// The rows of a table's keys, which are among these.
    pub(super) fn rows_of(&self, keys: &Keys) -> Rows {
        if *self.keys == *keys {
            return Rows::Same;
        }
        let mut own = keys.iter().zip(0..).peekable();
        let rows = self.keys.iter().map(|key| {
            own.next_if(|(next, _)| *next == key)
                .map_or(ABSENT, |(_, row)| row)
        });
        Rows::Through(rows.collect())
    }
}

/// The row of each entity in one table.
#[derive(Debug, Clone)]
pub(super) enum Rows {
    /// The table has a row for each, in the same order.
    Same,
    /// By place; [`ABSENT`] where the table has none.
    Through(Vec<u32>),
}

const ABSENT: u32 = u32::MAX;

impl Rows {
    /// The row of the entity at a place.
    pub fn at(&self, place: usize) -> Option<usize> {
        match self {
            Self::Same => Some(place),
            Self::Through(rows) => match rows[place] {
                ABSENT => None,
                row => Some(row as usize),
            },
        }
    }
}
