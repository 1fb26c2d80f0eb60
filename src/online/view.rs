//! Values in memory, found by key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use super::fact::{Materialization, SheetFact};
use super::sheet::{INSTANT, KEY, column_of};
use crate::definition::{Age, AsOf, ColumnName, Dtype, FeatureName};
use crate::error::{Error, Result};
use crate::feature::Status;
use crate::hash::FeatureHash;
use crate::store::Store;
use crate::table::{Cell, Frame, Values};
use crate::table_store;

/// One entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Integer(i64),
    Text(String),
}

impl Key {
    /// A key of that type as it is written in a path or on a command line.
    pub fn parse(text: &str, dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::I64 => text.parse().ok().map(Self::Integer),
            _ => Some(Self::Text(text.to_string())),
        }
    }

    /// The key as a column of one row.
    pub fn to_values(&self) -> Values {
        match self {
            Self::Integer(value) => Values::integers(&[Some(*value)]),
            Self::Text(text) => Values::strings(&[Some(text)]),
        }
    }

    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Integer(value) => Cell::I64(*value),
            Self::Text(text) => Cell::String(text),
        }
    }
}

/// As people write it.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A JSON integer, or a text.
impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.cell().serialize(serializer)
    }
}

/// The values of one table, by key.
#[derive(Debug, Clone)]
pub struct OnlineSheet {
    key: ColumnName,
    keys: Keys,
    /// Microseconds to the row's instant; one for each key.
    instants: Vec<i64>,
    columns: Vec<OnlineColumn>,
}

#[derive(Debug, Clone)]
struct OnlineColumn {
    feature: FeatureHash,
    name: FeatureName,
    ttl: Option<Age>,
    offered: bool,
    values: Values,
}

/// Ascending, each once.
#[derive(Debug, Clone)]
enum Keys {
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

impl Keys {
    fn find(&self, key: &Key) -> Option<usize> {
        match (self, key) {
            (Self::Integers(keys), Key::Integer(key)) => keys.binary_search(key).ok(),
            (Self::Texts(keys), Key::Text(key)) => {
                keys.binary_search_by(|own| own.as_str().cmp(key)).ok()
            }
            _ => None,
        }
    }

    fn all(&self) -> Vec<Key> {
        match self {
            Self::Integers(keys) => keys.iter().copied().map(Key::Integer).collect(),
            Self::Texts(keys) => keys.iter().cloned().map(Key::Text).collect(),
        }
    }
}

impl OnlineSheet {
    /// Takes the values of a table as [`compute`](super::sheet::compute) made them.
    pub fn new(fact: &SheetFact, frame: &Frame) -> Result<Self> {
        let column = |name: &str| {
            frame.column(name).ok_or_else(|| {
                Error::failure(format!("materialized values lack their column {name}"))
            })
        };
        let last = column(INSTANT)?;
        let instants = (0..frame.rows()).map(|row| match last.cell(row) {
            Cell::Datetime(instant) => instant,
            _ => i64::MIN,
        });
        let mut columns = Vec::new();
        for spec in &fact.features {
            let feature = spec.hash();
            columns.push(OnlineColumn {
                feature,
                name: spec.name(),
                ttl: spec.ttl,
                offered: fact.offered.contains(&feature),
                values: column(column_of(feature).as_str())?.clone(),
            });
        }
        Ok(Self {
            key: fact.key.clone(),
            keys: keys_of(column(KEY)?),
            instants: instants.collect(),
            columns,
        })
    }
}

fn keys_of(values: &Values) -> Keys {
    let cells = (0..values.len()).map(|row| values.cell(row));
    match values.dtype() {
        Dtype::I64 => Keys::Integers(
            cells
                .filter_map(|cell| match cell {
                    Cell::I64(value) => Some(value),
                    _ => None,
                })
                .collect(),
        ),
        _ => Keys::Texts(
            cells
                .filter_map(|cell| match cell {
                    Cell::String(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect(),
        ),
    }
}

/// All values of a date.
#[derive(Debug, Clone)]
pub struct OnlineView {
    as_of: AsOf,
    sheets: Vec<OnlineSheet>,
    /// Where the values of a definition stand: sheet, column.
    places: BTreeMap<FeatureHash, (usize, usize)>,
}

/// Where an entity stands in each sheet.
#[derive(Debug, Clone)]
pub struct EntityRows(Vec<Option<usize>>);

/// One value and what became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueAt<'a> {
    pub cell: Cell<'a>,
    pub status: Status,
}

impl OnlineView {
    pub fn new(as_of: AsOf, sheets: Vec<OnlineSheet>) -> Self {
        let mut places = BTreeMap::new();
        for (at, sheet) in sheets.iter().enumerate() {
            for (column, found) in sheet.columns.iter().enumerate() {
                places.insert(found.feature, (at, column));
            }
        }
        Self {
            as_of,
            sheets,
            places,
        }
    }

    /// Brings a materialization into memory.
    pub fn load(store: &Store, made: &Materialization) -> Result<Self> {
        let mut sheets = Vec::new();
        for (name, fact) in &made.tables {
            let needed_by = format!("the materialized values of {name} at {}", made.as_of);
            let frame = table_store::read(store, fact.object, &needed_by)?;
            sheets.push(OnlineSheet::new(fact, &frame)?);
        }
        Ok(Self::new(made.as_of, sheets))
    }

    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// Whether the values of a definition are there.
    pub fn has(&self, feature: FeatureHash) -> bool {
        self.places.contains_key(&feature)
    }

    /// The type of a definition's values.
    pub fn dtype(&self, feature: FeatureHash) -> Option<Dtype> {
        let (sheet, column) = self.places.get(&feature)?;
        Some(self.sheets[*sheet].columns[*column].values.dtype())
    }

    /// The columns that identify entities, each once.
    pub fn key_columns(&self) -> impl Iterator<Item = &ColumnName> {
        let columns: BTreeSet<&ColumnName> = self.sheets.iter().map(|sheet| &sheet.key).collect();
        columns.into_iter()
    }

    /// The type of an entity's keys; none where no table has them.
    pub fn key_dtype(&self, key: &ColumnName) -> Option<Dtype> {
        let sheet = self.sheets.iter().find(|sheet| sheet.key == *key)?;
        Some(match sheet.keys {
            Keys::Integers(_) => Dtype::I64,
            Keys::Texts(_) => Dtype::String,
        })
    }

    /// Every entity that some table knows by this key column, in order.
    pub fn keys(&self, key: &ColumnName) -> Vec<Key> {
        let sheets = self.sheets.iter().filter(|sheet| sheet.key == *key);
        let keys: BTreeSet<Key> = sheets.flat_map(|sheet| sheet.keys.all()).collect();
        keys.into_iter().collect()
    }

    /// Where an entity stands; none when no table knows it.
    pub fn find(&self, column: &ColumnName, key: &Key) -> Option<EntityRows> {
        let find = |sheet: &OnlineSheet| {
            (sheet.key == *column)
                .then(|| sheet.keys.find(key))
                .flatten()
        };
        let rows: Vec<Option<usize>> = self.sheets.iter().map(find).collect();
        rows.iter().any(Option::is_some).then_some(EntityRows(rows))
    }

    /// The value of one definition; none when the definition is not there.
    pub fn value(&self, rows: &EntityRows, feature: FeatureHash) -> Option<ValueAt<'_>> {
        let (sheet, column) = *self.places.get(&feature)?;
        Some(self.value_in(rows, sheet, column))
    }

    /// The features that the working tree offered when the values were computed, of the entity's
    /// tables, with their values.
    pub fn offered<'a>(
        &'a self,
        key: &ColumnName,
        rows: &EntityRows,
    ) -> BTreeMap<&'a FeatureName, ValueAt<'a>> {
        let mut values = BTreeMap::new();
        for (at, sheet) in self.sheets.iter().enumerate() {
            if sheet.key != *key {
                continue;
            }
            for (column, found) in sheet.columns.iter().enumerate() {
                if found.offered {
                    values.insert(&found.name, self.value_in(rows, at, column));
                }
            }
        }
        values
    }

    fn value_in(&self, rows: &EntityRows, sheet: usize, column: usize) -> ValueAt<'_> {
        let null = |status| ValueAt {
            cell: Cell::Null,
            status,
        };
        let Some(row) = rows.0[sheet] else {
            return null(Status::NotFound);
        };
        let sheet = &self.sheets[sheet];
        let column = &sheet.columns[column];
        let age = (self.as_of.end() - 1).saturating_sub(sheet.instants[row]);
        if column.ttl.is_some_and(|ttl| age > ttl.microseconds()) {
            return null(Status::Expired);
        }
        match column.values.cell(row) {
            Cell::Null => null(Status::Null),
            cell => ValueAt {
                cell,
                status: Status::Present,
            },
        }
    }
}
