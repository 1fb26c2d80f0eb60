//! The run that is pinned to Production, out of the store.

use std::collections::BTreeMap;

use super::fact::newest;
use crate::definition::{FeatureName, ModelName, Stage};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::{Digest, ObjectId, RunId};
use crate::learn::Model;
use crate::lockfile::{self, FOLDER, Lock, Pin, parse_lock, pin_path};
use crate::plan::{Declared, RunSpec};
use crate::run::{ExecutionRecord, executions_of, find_run};
use crate::store::ObjectName;
use crate::workspace::Workspace;

/// A run with everything it takes to answer.
#[derive(Debug)]
pub struct PinnedRun {
    pub model_name: ModelName,
    pub pin: Pin,
    pub spec: RunSpec,
    pub model: Model,
    /// The execution that made the model.
    pub execution: ExecutionRecord,
    pub data: Vec<lockfile::LockedData>,
}

/// The models that have a pin file in the working tree.
pub(super) fn models_with_pins(workspace: &Workspace) -> Result<Vec<ModelName>> {
    let names = file_stems(workspace, "pin")?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// The model that `predict` answers with: `[serve] model`, or the only one with a pin.
///
/// # Errors
/// [`Kind::NotReady`] when nothing is pinned, or several models are and none is chosen.
pub fn served_model(workspace: &Workspace) -> Result<ModelName> {
    if let Some(model) = &workspace.definitions().project.serve.model {
        return Ok(model.clone());
    }
    let mut models = models_with_pins(workspace)?;
    match (models.pop(), models.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(nothing_pinned("no model has a pin")),
        (Some(_), Some(_)) => Err(Error::new(
            Kind::NotReady,
            "several models have pins, and streamflow.toml names none of them",
        )
        .help("say which one answers: `model = \"NAME\"` under [serve]")),
    }
}

fn nothing_pinned(what: &str) -> Error {
    Error::new(Kind::NotReady, format!("nothing is pinned: {what}"))
        .help("`streamflow promote RUN --to production --reason TEXT` pins a run")
}

/// The run of a model that is pinned to Production.
pub fn load_pinned(workspace: &Workspace, model: &ModelName) -> Result<PinnedRun> {
    load_run(workspace, model, production_pin(workspace, model)?)
}

/// What a model's pin file says of Production.
fn production_pin(workspace: &Workspace, model: &ModelName) -> Result<Pin> {
    let (production, _) = pins_of(workspace, model)?;
    Ok(production)
}

/// What a model's pin file says of Production and of Staging, read at one time.
///
/// # Errors
/// [`Kind::NotReady`] when nothing is in Production.
pub fn pins_of(workspace: &Workspace, model: &ModelName) -> Result<(Pin, Option<Pin>)> {
    let path = pin_path(model);
    let mut pins = lockfile::read_pins(workspace, model)?
        .ok_or_else(|| nothing_pinned(&format!("there is no {path}")))?
        .pins;
    let production = pins.remove(&Stage::Production);
    let production =
        production.ok_or_else(|| nothing_pinned(&format!("{path} names no run in production")))?;
    Ok((production, pins.remove(&Stage::Staging)))
}

/// A run as a pin names it.
pub fn load_run(workspace: &Workspace, model_name: &ModelName, pin: Pin) -> Result<PinnedRun> {
    let catalog = workspace.store().catalog();
    let run = pin.run;
    let record = find_run(catalog, run)?.ok_or_else(|| not_here(run))?;
    let execution = execution_of(workspace, run)?;
    let model = load_model(workspace, run, execution.outputs.model)?;
    Ok(PinnedRun {
        model_name: model_name.clone(),
        pin,
        spec: RunSpec::from_declared(&record.declared)?,
        model,
        execution,
        data: record.data,
    })
}

fn load_model(workspace: &Workspace, run: RunId, object: ObjectId) -> Result<Model> {
    let needed_by = format!("the model of run {}", run.short());
    let bytes = workspace
        .store()
        .get(ObjectName::from(object), &needed_by)?;
    Model::from_bytes(&bytes)
}

/// The execution whose outputs are locked; without a lock the last one.
fn execution_of(workspace: &Workspace, run: RunId) -> Result<ExecutionRecord> {
    let mut executions = executions_of(workspace.store().catalog(), run)?;
    let locked = lock_of(workspace, run)?.and_then(|lock| lock.results);
    if let Some(results) = locked {
        executions.retain(|execution| execution.outputs == results.outputs);
    }
    executions.pop().ok_or_else(|| not_here(run))
}

fn not_here(run: RunId) -> Error {
    Error::new(
        Kind::NotReady,
        format!("run {} is pinned, but not in this store", run.short()),
    )
    .help(format!(
        "`streamflow run --locked` rebuilds what is locked, `streamflow replay {}` this run",
        run.short()
    ))
}

/// What a run declares: from the store, else from a lock of the working tree.
pub(super) fn declared_of(workspace: &Workspace, run: RunId) -> Result<Option<Declared>> {
    if let Some(record) = find_run(workspace.store().catalog(), run)? {
        return Ok(Some(record.declared));
    }
    Ok(lock_of(workspace, run)?.map(|lock| lock.declared))
}

/// The lock of the working tree that is of a run. Locks that cannot be read are passed over.
fn lock_of(workspace: &Workspace, run: RunId) -> Result<Option<Lock>> {
    for stem in file_stems(workspace, "lock")? {
        let path = format!("{FOLDER}/{stem}.lock");
        let Some(bytes) = fsio::read_optional(&workspace.root().join(&path))? else {
            continue;
        };
        if let Ok(lock) = parse_lock(&path, &String::from_utf8_lossy(&bytes))
            && lock.run == run
        {
            return Ok(Some(lock));
        }
    }
    Ok(None)
}

/// The names of the files in `lockfiles/` with an ending, without it, in order.
fn file_stems(workspace: &Workspace, ending: &str) -> Result<Vec<String>> {
    let folder = workspace.root().join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fsio::cannot("read", &folder, error)),
    };
    let mut stems = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fsio::cannot("read", &folder, error))?;
        if let Ok(name) = entry.file_name().into_string()
            && let Some((stem, found)) = name.rsplit_once('.')
            && found == ending
        {
            stems.push(stem.to_string());
        }
    }
    stems.sort();
    Ok(stems)
}

/// The features of a run that the newest materialization lacks; none when nothing is materialized.
pub fn lacks_features(workspace: &Workspace, run: RunId) -> Result<Option<Vec<FeatureName>>> {
    let Some(newest) = newest(workspace.store().catalog())? else {
        return Ok(None);
    };
    let execution = execution_of(workspace, run)?;
    let model = load_model(workspace, run, execution.outputs.model)?;
    let present: BTreeMap<_, _> = newest
        .value
        .features()
        .map(|spec| (spec.hash(), ()))
        .collect();
    let absent = model
        .features
        .iter()
        .filter(|feature| !present.contains_key(&feature.definition));
    Ok(Some(
        absent
            .filter_map(|feature| feature.name.parse().ok())
            .collect(),
    ))
}
