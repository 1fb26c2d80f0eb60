//! Values that were computed once, found again by what they were computed from.
//!
//! A value is a function of the table's rows, of the date and of the feature's definition. So the
//! values of a table are kept under the hash of the table; with them stand the date, how rows are
//! found, and the hash of each definition. Each sheet is kept as soon as it is whole: what a killed
//! process had finished, the next one takes up.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::definition::{AsOf, ColumnName, Table};
use crate::error::Result;
use crate::feature::FeatureSpec;
use crate::hash::{FeatureHash, TableHash};
use crate::store::Catalog;

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
    features: BTreeSet<FeatureHash>,
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
    /// What is to be kept of a sheet that was computed.
    pub fn new(inputs: &Inputs<'_>, specs: &[FeatureSpec], object: TableHash) -> Self {
        let source = &inputs.table.source;
        Self {
            way: WAY,
            as_of: inputs.as_of,
            key: inputs.table.key.clone(),
            timestamp: source.timestamp.clone(),
            created: source.created.clone(),
            object,
            features: specs.iter().map(FeatureSpec::hash).collect(),
        }
    }

    /// Whether its rows are those of the table at the date.
    fn has_rows_of(&self, inputs: &Inputs<'_>) -> bool {
        let source = &inputs.table.source;
        self.way == WAY
            && self.key == inputs.table.key
            && self.timestamp == source.timestamp
            && self.created == source.created
            && self.as_of == inputs.as_of
    }

    pub fn has(&self, feature: FeatureHash) -> bool {
        self.features.contains(&feature)
    }

    /// Whether it holds these definitions and no other.
    pub fn is_of(&self, specs: &[FeatureSpec]) -> bool {
        self.features.len() == specs.len() && specs.iter().all(|spec| self.has(spec.hash()))
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
        let had = specs.iter().filter(|spec| sheet.has(spec.hash()));
        (had.count(), sheet.is_of(specs))
    };
    // `max_by_key` gives the last of several.
    Ok(fitting.max_by_key(had))
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
