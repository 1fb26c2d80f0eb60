//! How far the metrics of a run may be off, its test rows being a draw of all there could be.

use std::collections::BTreeMap;

use super::diff::{FEWEST_ROWS, number_entities, scores};
use super::reference::KnownRun;
use crate::error::Result;
use crate::learn::{Interval, Scored, intervals};
use crate::plan::RunSpec;
use crate::store::Store;

/// The 95 % interval of each metric. Empty while the predictions are not in this store, and for fewer
/// than [`FEWEST_ROWS`] test rows.
pub fn intervals_of(store: &Store, known: &KnownRun) -> Result<BTreeMap<&'static str, Interval>> {
    let spec = RunSpec::from_declared(&known.record.declared).ok();
    let found = scores(store, known, spec.as_ref(), true)?.unwrap_or_default();
    let Some(spec) = spec.filter(|_| found.len() >= FEWEST_ROWS) else {
        return Ok(BTreeMap::new());
    };
    let entities = number_entities(found.keys().map(|(key, _)| key));
    let labels: Vec<bool> = found.values().map(|score| score.label).collect();
    let probabilities: Vec<f64> = found.values().map(|score| score.probability).collect();
    let model = Scored {
        labels: &labels,
        probabilities: &probabilities,
        threshold: spec.threshold,
    };
    Ok(intervals(&model, &entities))
}
