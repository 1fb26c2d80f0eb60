//! How far the newest values have moved from those that a run was trained on.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::sheet::{column_of, compute};
use super::wanted::Wanted;
use crate::definition::{AsOf, FeatureName};
use crate::drift::{self, Form};
use crate::error::Result;
use crate::feature::History;
use crate::hash::Digest;
use crate::plan::RunSpec;
use crate::run::{self, KnownRun};
use crate::snapshot::{Snapshot, Snapshots};
use crate::table::Values;
use crate::table_store;
use crate::workspace::Workspace;

/// The feature that has moved most.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// Its population stability index; infinite where one side has no value at all.
    pub psi: f64,
    pub feature: FeatureName,
    /// Of the newest snapshot.
    pub as_of: AsOf,
}

/// The largest population stability index of a run's features, between the rows its model was fitted
/// on and all entities of the newest snapshot in this store that has the run's tables.
///
/// Dates are left out, which move with the calendar, and features that need a request, which
/// entities do not have by themselves. What cannot be told is told in words.
pub fn largest_shift(workspace: &Workspace, known: &KnownRun) -> Result<Result<Shift, String>> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let Some(snapshot) = newest_with(workspace, &spec)? else {
        return Ok(Err(
            "this store has no snapshot of the run's tables".to_string()
        ));
    };
    let trained = match run::trained_on(workspace.store(), known) {
        Ok(trained) => trained,
        Err(_) => return Ok(Err("this store does not have its train rows".to_string())),
    };
    let now = match values_at(workspace, &snapshot, known, &spec, None)? {
        Ok(now) => now,
        Err(words) => return Ok(Err(words)),
    };
    let pairs: Vec<_> = trained
        .iter()
        .filter_map(|(name, values)| Some((name, values, now.get(name)?)))
        .collect();
    let shifts: Vec<(f64, &FeatureName)> = pairs
        .into_par_iter()
        .filter_map(|(name, before, after)| Some((index(before, after)?, name)))
        .collect();
    // Of equal ones the first in order of names.
    let largest = shifts
        .into_iter()
        .reduce(|a, b| if b.0 > a.0 { b } else { a });
    Ok(largest
        .map(|(psi, feature)| Shift {
            psi,
            feature: feature.clone(),
            as_of: snapshot.as_of,
        })
        .ok_or_else(|| "none of its features can be compared".to_string()))
}

/// None for dates.
fn index(before: &Values, after: &Values) -> Option<f64> {
    let found = drift::compare(before, after);
    if found.form == Form::Calendar {
        return None;
    }
    let both_empty = found.missing.share.reference >= 1.0 && found.missing.share.current >= 1.0;
    Some(match found.change {
        Some(change) => change.psi,
        None if both_empty => 0.0,
        None => f64::INFINITY,
    })
}

fn newest_with(workspace: &Workspace, spec: &RunSpec) -> Result<Option<Snapshot>> {
    let snapshots = Snapshots {
        workspace,
        definitions: workspace.definitions(),
    };
    let all = snapshots.all()?.into_iter().rev();
    let mut with = all.filter(|snapshot| {
        let tables = spec.tables.keys();
        tables
            .into_iter()
            .all(|name| snapshot.tables.contains_key(name))
    });
    Ok(with.next())
}

/// The features of a run for every entity that their tables know in a snapshot, or for some keys, which
/// stand in their order: null where a table does not know one.
pub(super) fn values_at(
    workspace: &Workspace,
    snapshot: &Snapshot,
    known: &KnownRun,
    spec: &RunSpec,
    keys: Option<&Values>,
) -> Result<Result<BTreeMap<FeatureName, Values>, String>> {
    let mut wanted = Wanted::default();
    wanted.add_run(workspace, snapshot, known.run, spec);
    if let Some(notice) = wanted.notices.pop() {
        return Ok(Err(notice));
    }
    let mut columns = BTreeMap::new();
    for (name, specs) in &wanted.tables {
        let table = &workspace.definitions().tables[name];
        let needed_by = format!("the drift of run {}", known.run.short());
        let rows = table_store::read(workspace.store(), snapshot.tables[name].hash, &needed_by)?;
        let history = History::of(table, &rows)?;
        let frame = compute(&history, keys, &table.key, snapshot.as_of, specs)?;
        for feature in specs
            .iter()
            .filter(|feature| spec.features.contains_key(&feature.name()))
        {
            if let Some(values) = frame.column(column_of(feature.hash()).as_str()) {
                let unknown = keys.map_or(0, |keys| keys.len() - frame.rows());
                let values = match unknown {
                    0 => values.clone(),
                    _ => values.concat(&Values::nulls(values.dtype(), unknown)),
                };
                columns.insert(feature.name(), values);
            }
        }
    }
    Ok(Ok(columns))
}
