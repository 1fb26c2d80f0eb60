//! How far the metrics of a run may be off, its test rows being a draw of all there could be.

use std::collections::BTreeMap;

use super::diff::{FEWEST_ROWS, number_entities, scores};
use super::reference::KnownRun;
use crate::error::Result;
use crate::learn::{Interval, intervals};
use crate::plan::RunSpec;
use crate::store::Store;

/// The 95 % interval of each metric. Empty while the predictions are not in this store, and for fewer
/// than [`FEWEST_ROWS`] test rows.
pub fn intervals_of(store: &Store, known: &KnownRun) -> Result<BTreeMap<&'static str, Interval>> {
    let spec = RunSpec::from_declared(&known.record.declared).ok();
    let found = scores(store, known, spec.as_ref(), true)?;
    let Some(found) = found.filter(|found| found.rows.len() >= FEWEST_ROWS) else {
        return Ok(BTreeMap::new());
    };
    let entities = number_entities(found.rows.keys().map(|(key, _)| key));
    let rows: Vec<usize> = found.rows.values().copied().collect();
    let predictions = found.predictions.gather(&rows);
    Ok(intervals(&predictions.scored(found.threshold), &entities))
}
