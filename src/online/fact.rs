//! What the catalog keeps of a materialization.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::{AsOf, ColumnName, EntityName, TableName};
use crate::error::Result;
use crate::feature::FeatureSpec;
use crate::hash::{
    ContentHash, ContentHasher, Digest, FeatureHash, MaterializationId, SnapshotHash, TableHash,
};
use crate::host::Instant;
use crate::store::{Catalog, Fact, ObjectName};

const KIND: &str = "materialization";
/// There is one line of materializations; the newest serves.
const KEY: &str = "online";

/// The values of all tables at a date; a fact of kind `materialization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Materialization {
    pub id: MaterializationId,
    pub as_of: AsOf,
    pub at: Instant,
    /// The snapshot the values were computed from.
    pub snapshot: SnapshotHash,
    pub tables: BTreeMap<TableName, SheetFact>,
}

/// The values of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SheetFact {
    pub entity: EntityName,
    pub key: ColumnName,
    /// Entities the table knows at the date.
    pub rows: u64,
    /// The Parquet object: columns `key`, `instant`, and one for each feature under its hash.
    pub object: TableHash,
    pub features: Vec<FeatureSpec>,
    /// Features that need a request: computed when it comes, of columns that are among `features`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_demand: Vec<FeatureSpec>,
    /// Those of `features` and `on_demand` that the working tree offered.
    pub offered: Vec<FeatureHash>,
}

/// When it was made is no part of what it is.
struct Content<'a>(AsOf, &'a BTreeMap<TableName, SheetFact>);

impl ContentHash for Content<'_> {
    fn feed(&self, hasher: &mut ContentHasher) {
        let Self(as_of, tables) = self;
        hasher.integer(i64::from(as_of.days()));
        hasher.count(tables.len());
        for (name, sheet) in *tables {
            hasher.text(name.as_str());
            hasher.text(sheet.entity.as_str());
            hasher.text(sheet.key.as_str());
            sheet.object.feed(hasher);
            sheet.offered.feed(hasher);
            if !sheet.on_demand.is_empty() {
                let hashes: Vec<_> = sheet.on_demand.iter().map(FeatureSpec::hash).collect();
                hashes.feed(hasher);
            }
        }
    }
}

impl Materialization {
    pub fn new(
        as_of: AsOf,
        at: Instant,
        snapshot: SnapshotHash,
        tables: BTreeMap<TableName, SheetFact>,
    ) -> Self {
        Self {
            id: MaterializationId::of(&Content(as_of, &tables)),
            as_of,
            at,
            snapshot,
            tables,
        }
    }

    /// Every feature definition whose values are there, or are computed when a request comes.
    pub fn features(&self) -> impl Iterator<Item = &FeatureSpec> {
        let sheets = self.tables.values();
        sheets.flat_map(|sheet| sheet.features.iter().chain(&sheet.on_demand))
    }

    fn objects(&self) -> Vec<ObjectName> {
        let objects = self.tables.values().map(|sheet| sheet.object.into());
        objects.collect()
    }
}

/// The newest materialization, with its number in the order of arrival.
pub fn newest(catalog: &Catalog) -> Result<Option<Fact<Materialization>>> {
    catalog.latest(KIND, KEY)
}

/// Every materialization, the oldest first.
pub fn all(catalog: &Catalog) -> Result<Vec<Fact<Materialization>>> {
    catalog.history(KIND, KEY)
}

/// The number of the newest materialization; 0 when there is none.
pub fn newest_sequence(catalog: &Catalog) -> Result<i64> {
    Ok(newest(catalog)?.map_or(0, |fact| fact.sequence))
}

/// Appends a materialization, unless it is what the newest one says already.
///
/// Two that are made at once both end: the one that comes second finds its own there, or serves
/// after the other.
pub(super) fn append(catalog: &Catalog, made: &Materialization) -> Result<bool> {
    loop {
        let newest = newest(catalog)?;
        let seen = newest.as_ref().map_or(0, |fact| fact.sequence);
        if newest.is_some_and(|fact| fact.value.id == made.id) {
            return Ok(false);
        }
        let added = catalog.append_after(KIND, KEY, Some(seen), made, &made.objects())?;
        if added.is_some() {
            return Ok(true);
        }
    }
}
