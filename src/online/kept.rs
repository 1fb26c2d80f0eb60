//! Values that were computed once, found again by what they were computed from.
//!
//! A value is a function of the table's rows, of the date and of the feature's definition. So the
//! values of a table are kept under the hash of the table; with them stand the date, how rows are
//! found, and the hash of each definition. Each sheet is kept as soon as it is whole: what a killed
//! process had finished, the next one takes up.
//!
//! **A later date often changes nothing.** Where every row of the table was known at the date, a
//! later date sees the same rows. Then a feature has other values only when a row that was young
//! enough has become too old for its time to live, and `until` says when the first of them does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::{AsOf, ColumnName, Table};
use crate::error::Result;
use crate::feature::{FeatureSource, FeatureSpec, History};
use crate::hash::{FeatureHash, TableHash};
use crate::store::Catalog;
use crate::table::{Cell, Values};

/// The kind of these facts. They say nothing without their object, and may go with it.
pub const SHEET_KIND: &str = "sheet";

/// The way values are computed; another number makes no use of what is kept.
const WAY: u32 = 1;

/// The values of one table, and what they were computed from; a fact under the table's hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptSheet {
    way: u32,
    pub as_of: AsOf,
    key: ColumnName,
    timestamp: Option<ColumnName>,
    created: Option<ColumnName>,
    /// The Parquet object, as [`compute`](super::sheet::compute) gives it.
    pub object: TableHash,
    /// Every row of the table was known at the date.
    settled: bool,
    /// For each definition the last instant at which its values are these; none: for ever.
    columns: BTreeMap<FeatureHash, Option<i64>>,
}

/// One table as it is computed now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub table: &'a Table,
    /// The snapshot's table.
    pub hash: TableHash,
    pub as_of: AsOf,
}

impl KeptSheet {
    /// What is to be kept of a sheet that was computed. `base` is the one it was built on.
    pub fn new(
        inputs: &Inputs<'_>,
        specs: &[FeatureSpec],
        object: TableHash,
        instants: &Values,
        settled: bool,
    ) -> Self {
        let source = &inputs.table.source;
        let columns = specs
            .iter()
            .map(|spec| (spec.hash(), until(spec, instants, inputs.as_of)));
        Self {
            way: WAY,
            as_of: inputs.as_of,
            key: inputs.table.key.clone(),
            timestamp: source.timestamp.clone(),
            created: source.created.clone(),
            object,
            settled,
            columns: columns.collect(),
        }
    }

    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether its rows are those of the table at the date.
    fn has_rows_of(&self, inputs: &Inputs<'_>) -> bool {
        let source = &inputs.table.source;
        self.way == WAY
            && self.key == inputs.table.key
            && self.timestamp == source.timestamp
            && self.created == source.created
            && (self.as_of == inputs.as_of || (self.settled && self.as_of < inputs.as_of))
    }

    /// Whether its values of a definition are those of the date.
    pub fn has(&self, feature: FeatureHash, as_of: AsOf) -> bool {
        match self.columns.get(&feature) {
            None => false,
            Some(_) if self.as_of == as_of => true,
            Some(until) => until.is_none_or(|until| as_of.end() - 1 <= until),
        }
    }

    /// Whether it holds these definitions and no other.
    pub fn is_of(&self, specs: &[FeatureSpec]) -> bool {
        self.columns.len() == specs.len()
            && specs
                .iter()
                .all(|spec| self.columns.contains_key(&spec.hash()))
    }
}

/// The last instant at which a feature's values are those of the date, given that the same rows are
/// seen; none when they never become others.
fn until(spec: &FeatureSpec, instants: &Values, as_of: AsOf) -> Option<i64> {
    let last_instant = as_of.end() - 1;
    match (&spec.source, spec.ttl) {
        (FeatureSource::Column | FeatureSource::Derived(_), None) => None,
        (FeatureSource::Column | FeatureSource::Derived(_), Some(ttl)) => (0..instants.len())
            .filter_map(|row| match instants.cell(row) {
                Cell::Datetime(instant) => instant.checked_add(ttl.microseconds()),
                _ => None,
            })
            .filter(|expiry| *expiry >= last_instant)
            .min(),
    }
}

/// The kept sheet that has most of the definitions; the newest of several. None when no sheet has
/// the table's rows.
pub(super) fn best(
    catalog: &Catalog,
    inputs: &Inputs<'_>,
    specs: &[FeatureSpec],
) -> Result<Option<KeptSheet>> {
    let kept = catalog.history::<KeptSheet>(SHEET_KIND, &inputs.hash.to_string())?;
    let fitting = kept
        .into_iter()
        .map(|fact| fact.value)
        .filter(|sheet| sheet.has_rows_of(inputs));
    let had = |sheet: &KeptSheet| {
        let had = specs
            .iter()
            .filter(|spec| sheet.has(spec.hash(), inputs.as_of));
        (had.count(), sheet.is_of(specs))
    };
    // `max_by_key` gives the last of several.
    Ok(fitting.max_by_key(had))
}

/// Whether every row of a history was known at the date.
pub(super) fn is_settled(history: &History<'_>, as_of: AsOf) -> bool {
    history
        .newest_instant()
        .is_none_or(|newest| newest < as_of.end())
}

/// Keeps a sheet, unless the last one kept says the same.
pub(super) fn keep(catalog: &Catalog, inputs: &Inputs<'_>, sheet: &KeptSheet) -> Result<()> {
    let key = inputs.hash.to_string();
    let last = catalog.latest::<KeptSheet>(SHEET_KIND, &key)?;
    if last.is_some_and(|fact| fact.value == *sheet) {
        return Ok(());
    }
    catalog.append(SHEET_KIND, &key, sheet, &[sheet.object.into()])?;
    Ok(())
}
