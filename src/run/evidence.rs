//! What a promotion asks of a run beside its metrics.

use std::collections::{BTreeMap, BTreeSet};

use super::guard::{Leak, Looked, declared_leaks, found_leaks, leakage_of};
use super::reference::KnownRun;
use super::steps;
use super::stored::{ArtefactName, artefact_bytes};
use crate::definition::FeatureName;
use crate::error::Result;
use crate::feature::FeatureSpec;
use crate::plan::RunSpec;
use crate::store::Store;
use crate::table::Values;
use crate::table_store;
use crate::workspace::Workspace;

/// Everything the guards see of a run, whatever its experiment allows; none where this store never
/// looked at its rows, or the table of its label is not what it was.
pub fn leaks_of(workspace: &Workspace, known: &KnownRun) -> Result<Option<Vec<Leak>>> {
    let Some(outputs) = known.outputs() else {
        return Ok(None);
    };
    let looked = Looked {
        training_set: outputs.training_set.into(),
        split: outputs.split.into(),
        declared: &known.record.declared,
    };
    let Some(leakage) = leakage_of(workspace.store(), looked)? else {
        return Ok(None);
    };
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let Some(features) = features_beside_label(workspace, &spec) else {
        return Ok(None);
    };
    let mut leaks = declared_leaks(&spec.label, &features);
    leaks.extend(found_leaks(
        &spec.label,
        spec.split.method,
        &leaks,
        &leakage,
    ));
    let seen: BTreeSet<_> = leaks
        .iter()
        .map(|leak| (leak.guard, leak.feature.clone()))
        .collect();
    // What an execution was allowed in so many words counts, also where a guard has changed since.
    let allowed = known
        .executions
        .iter()
        .flat_map(|execution| &execution.overrides);
    for leak in allowed {
        if !seen.contains(&(leak.guard, leak.feature.clone())) && !leaks.contains(leak) {
            leaks.push(leak.clone());
        }
    }
    Ok(Some(leaks))
}

/// The features of a run that come from the table of its label.
fn features_beside_label(workspace: &Workspace, spec: &RunSpec) -> Option<Vec<FeatureSpec>> {
    let name = &spec.label.table;
    if !spec.tables.contains_key(name) {
        return Some(Vec::new());
    }
    let table = workspace.definitions().tables.get(name)?;
    let columns = table.columns.iter();
    let dtypes = columns
        .map(|(name, column)| (name.clone(), column.dtype))
        .collect();
    spec.feature_specs(name, &dtypes).ok()
}

/// The values of each feature in the rows that the model of a run was fitted on.
///
/// # Errors
/// [`crate::error::Kind::MissingInput`] when this store does not have them.
pub fn trained_on(store: &Store, known: &KnownRun) -> Result<BTreeMap<FeatureName, Values>> {
    let frame = |name| table_store::frame(&artefact_bytes(store, known, name)?);
    let training_set = frame(ArtefactName::TrainingSet)?;
    let rows = steps::train_rows(&training_set, &frame(ArtefactName::Split)?)?;
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let features = spec.features.into_keys();
    features
        .map(|name| {
            Ok((
                name.clone(),
                steps::column(&rows, &name.to_string())?.clone(),
            ))
        })
        .collect()
}
