//! Values in memory, found by key.
//!
//! A key is sought once for all tables: `entities` has every key of a key column, and each sheet the
//! row of each. Columns lie as the store has them.

use std::collections::{BTreeMap, BTreeSet};

use super::entities::{Entities, Rows};
use super::fact::{Materialization, SheetFact};
use super::keys::{Key, Keys};
use super::sheet::{INSTANT, KEY, column_of};
use crate::definition::{Age, AsOf, ColumnName, Dtype, FeatureName, TableName};
use crate::error::{Error, Result};
use crate::feature::{FeatureSpec, Status};
use crate::hash::FeatureHash;
use crate::store::Store;
use crate::table::{Cell, Frame, Values};
use crate::table_store;

/// The values of one table, before its keys are joined with those of others.
#[derive(Debug)]
pub struct OnlineSheet {
    key: ColumnName,
    keys: Keys,
    values: SheetValues,
}

/// The values of one table, by row.
#[derive(Debug)]
struct SheetValues {
    table: TableName,
    /// Microseconds to the row's instant.
    instants: Vec<i64>,
    on_demand: Vec<OnDemand>,
    /// The newest of them.
    newest: Option<i64>,
    columns: Vec<OnlineColumn>,
}

/// A feature that needs a request.
#[derive(Debug)]
struct OnDemand {
    name: FeatureName,
    spec: FeatureSpec,
    offered: bool,
}

#[derive(Debug)]
struct OnlineColumn {
    feature: FeatureHash,
    name: FeatureName,
    ttl: Option<Age>,
    offered: bool,
    values: Values,
}

impl OnlineSheet {
    /// Takes the values of a table as [`compute`](super::sheet::compute) made them.
    pub fn new(table: &TableName, fact: &SheetFact, frame: &Frame) -> Result<Self> {
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
        let instants: Vec<i64> = instants.collect();
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
        let on_demand = fact.on_demand.iter().map(|spec| OnDemand {
            name: spec.name(),
            offered: fact.offered.contains(&spec.hash()),
            spec: spec.clone(),
        });
        Ok(Self {
            key: fact.key.clone(),
            keys: Keys::of(column(KEY)?),
            values: SheetValues {
                table: table.clone(),
                on_demand: on_demand.collect(),
                newest: instants.iter().copied().max(),
                instants,
                columns,
            },
        })
    }
}

/// All values of a date.
#[derive(Debug)]
pub struct OnlineView {
    as_of: AsOf,
    entities: Vec<Entities>,
    sheets: Vec<PlacedSheet>,
    /// Where the values of a definition stand: sheet, column.
    places: BTreeMap<FeatureHash, (usize, usize)>,
    /// Sheet and column of what the working tree offered, in order of the names.
    offered: Vec<(usize, usize)>,
}

/// A sheet among those of a view.
#[derive(Debug)]
struct PlacedSheet {
    /// The number of its entities.
    entities: usize,
    rows: Rows,
    values: SheetValues,
}

/// Where an entity stands: its place among the entities of each number that know it.
#[derive(Debug, Clone)]
pub struct EntityRows {
    entities: usize,
    place: usize,
}

/// One value and what became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueAt<'a> {
    pub cell: Cell<'a>,
    pub status: Status,
}

/// What the working tree offers under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferedAs<'a> {
    /// Values of the entities that this column identifies, by this definition.
    Stored(&'a ColumnName, FeatureHash),
    /// Nothing before a request comes.
    OnDemand,
}

/// How fresh the values of one table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFreshness<'a> {
    pub table: &'a TableName,
    /// Entities with a row.
    pub entities: usize,
    /// Microseconds to the instant of the newest row that counts; none for a table without rows.
    pub newest_row: Option<i64>,
}

impl OnlineView {
    pub fn new(as_of: AsOf, sheets: Vec<OnlineSheet>) -> Self {
        let mut all_keys = Vec::new();
        let mut values = Vec::new();
        for sheet in sheets {
            all_keys.push((sheet.key, sheet.keys));
            values.push(sheet.values);
        }
        let entities = Entities::of_all(all_keys.iter().cloned());
        let mut places = BTreeMap::new();
        let mut placed = Vec::new();
        for ((key, keys), values) in all_keys.iter().zip(values) {
            let known = entities
                .iter()
                .position(|known| known.column == *key && known.dtype() == keys.dtype());
            // Its keys are among those the entities were made of.
            let Some(of) = known else { continue };
            for (column, found) in values.columns.iter().enumerate() {
                places.insert(found.feature, (placed.len(), column));
            }
            placed.push(PlacedSheet {
                entities: of,
                rows: entities[of].rows_of(keys),
                values,
            });
        }
        Self {
            as_of,
            entities,
            offered: offered(&placed),
            sheets: placed,
            places,
        }
    }

    /// Brings a materialization into memory.
    pub fn load(store: &Store, made: &Materialization) -> Result<Self> {
        let mut sheets = Vec::new();
        for (name, fact) in &made.tables {
            let needed_by = format!("the materialized values of {name} at {}", made.as_of);
            let frame = table_store::read(store, fact.object, &needed_by)?;
            sheets.push(OnlineSheet::new(name, fact, &frame)?);
        }
        Ok(Self::new(made.as_of, sheets))
    }

    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// The definition of a feature that is computed when a request comes; none for any other.
    pub fn on_demand(&self, feature: FeatureHash) -> Option<&FeatureSpec> {
        let sheets = self.sheets.iter();
        let mut all = sheets.flat_map(|sheet| &sheet.values.on_demand);
        all.find(|found| found.spec.hash() == feature)
            .map(|found| &found.spec)
    }

    /// The type of a definition's values; none when they are not there.
    pub fn dtype(&self, feature: FeatureHash) -> Option<Dtype> {
        let (sheet, column) = self.places.get(&feature)?;
        let sheet = &self.sheets[*sheet].values;
        Some(sheet.columns[*column].values.dtype())
    }

    /// How fresh each table's values are, in order of the names.
    pub fn freshness(&self) -> impl Iterator<Item = TableFreshness<'_>> {
        self.sheets.iter().map(|sheet| TableFreshness {
            table: &sheet.values.table,
            entities: sheet.values.instants.len(),
            newest_row: sheet.values.newest,
        })
    }

    /// The columns that identify entities, each once.
    pub fn key_columns(&self) -> impl Iterator<Item = &ColumnName> {
        let columns: BTreeSet<&ColumnName> =
            self.entities.iter().map(|known| &known.column).collect();
        columns.into_iter()
    }

    /// The type of an entity's keys; none where no table has them.
    pub fn key_dtype(&self, key: &ColumnName) -> Option<Dtype> {
        self.of_column(key).next().map(Entities::dtype)
    }

    fn of_column<'a>(&'a self, key: &'a ColumnName) -> impl Iterator<Item = &'a Entities> {
        self.entities
            .iter()
            .filter(move |known| known.column == *key)
    }

    /// Every entity that some table knows by this key column, in order.
    pub fn keys<'a>(&'a self, key: &'a ColumnName) -> impl Iterator<Item = Key> + 'a {
        self.of_column(key).flat_map(Entities::keys)
    }

    /// Where an entity stands; none when no table knows it.
    pub fn find(&self, column: &ColumnName, key: &Key) -> Option<EntityRows> {
        let mut known = self.entities.iter().enumerate();
        known.find_map(|(entities, known)| {
            let place = (known.column == *column).then(|| known.find(key))??;
            Some(EntityRows { entities, place })
        })
    }

    /// The value of one definition; none when the definition is not there.
    pub fn value(&self, rows: &EntityRows, feature: FeatureHash) -> Option<ValueAt<'_>> {
        let (sheet, column) = *self.places.get(&feature)?;
        Some(self.value_in(rows, sheet, column))
    }

    /// The features that the working tree offered when the values were computed, of the entity's
    /// tables, with their values, in order of the names.
    pub fn offered<'a>(
        &'a self,
        key: &ColumnName,
        rows: &EntityRows,
    ) -> Vec<(&'a FeatureName, ValueAt<'a>)> {
        let of_key = |(sheet, _): &&(usize, usize)| {
            self.entities[self.sheets[*sheet].entities].column == *key
        };
        let offered = self.offered.iter().filter(of_key);
        let stored = offered.map(|(sheet, column)| {
            let name = &self.sheets[*sheet].values.columns[*column].name;
            (name, self.value_in(rows, *sheet, *column))
        });
        let mut values: Vec<_> = stored.chain(self.unanswered(key)).collect();
        values.sort_by_key(|(name, _)| *name);
        values
    }

    /// What the working tree offered under a name when the values were computed.
    pub fn offered_as(&self, name: &FeatureName) -> Option<OfferedAs<'_>> {
        let mut sheets = self.sheets.iter();
        let sheet = sheets.find(|sheet| sheet.values.table == name.table)?;
        let mut columns = sheet.values.columns.iter();
        let stored = columns.find(|found| found.offered && found.name == *name);
        if let Some(found) = stored {
            let key = &self.entities[sheet.entities].column;
            return Some(OfferedAs::Stored(key, found.feature));
        }
        let mut on_demand = sheet.values.on_demand.iter();
        let found = on_demand.any(|found| found.offered && found.name == *name);
        found.then_some(OfferedAs::OnDemand)
    }

    /// The value of one definition with the instant of its row, in microseconds; none when the
    /// definition is not there.
    pub fn dated(
        &self,
        rows: &EntityRows,
        feature: FeatureHash,
    ) -> Option<(ValueAt<'_>, Option<i64>)> {
        let (sheet, _) = *self.places.get(&feature)?;
        let sheet = &self.sheets[sheet];
        let row = (sheet.entities == rows.entities).then(|| sheet.rows.at(rows.place));
        let instant = row.flatten().map(|row| sheet.values.instants[row]);
        Some((self.value(rows, feature)?, instant))
    }

    /// The offered features of the entity's tables that need a request, without one.
    fn unanswered<'a>(
        &'a self,
        key: &ColumnName,
    ) -> impl Iterator<Item = (&'a FeatureName, ValueAt<'a>)> {
        let sheets = self.sheets.iter();
        let of_key = sheets.filter(move |sheet| self.entities[sheet.entities].column == *key);
        let offered = of_key.flat_map(|sheet| &sheet.values.on_demand);
        let value = ValueAt {
            cell: Cell::Null,
            status: Status::Request,
        };
        let offered = offered.filter(|found| found.offered);
        offered.map(move |found| (&found.name, value))
    }

    fn value_in(&self, rows: &EntityRows, sheet: usize, column: usize) -> ValueAt<'_> {
        let null = |status| ValueAt {
            cell: Cell::Null,
            status,
        };
        let sheet = &self.sheets[sheet];
        // A table of another entity does not know this one.
        let row = (sheet.entities == rows.entities).then(|| sheet.rows.at(rows.place));
        let Some(row) = row.flatten() else {
            return null(Status::NotFound);
        };
        let column = &sheet.values.columns[column];
        let age = (self.as_of.end() - 1).saturating_sub(sheet.values.instants[row]);
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

/// Sheet and column of what the working tree offers, in order of the names.
fn offered(sheets: &[PlacedSheet]) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for (at, sheet) in sheets.iter().enumerate() {
        for (column, found) in sheet.values.columns.iter().enumerate() {
            if found.offered {
                places.push((&found.name, at, column));
            }
        }
    }
    places.sort();
    places
        .into_iter()
        .map(|(_, at, column)| (at, column))
        .collect()
}
