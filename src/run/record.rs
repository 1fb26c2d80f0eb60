//! Executions as facts: where, when, how long, what came out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::execute::{Execution, StepOutcome};
use super::guard::Leak;
use super::resolve::Resolved;
use crate::code::CodeState;
use crate::definition::ExperimentName;
use crate::error::Result;
use crate::hash::{Digest, HashPrefix, ObjectId, RunId, TableHash};
use crate::host::{Environment, Instant};
use crate::lockfile::{Lock, LockedData, Outputs};
use crate::plan::{DataInput, Declared, Operations, RunIdentity, Step};
use crate::store::{Catalog, NewObject, ObjectName, Store};

const RUN: &str = "run";
const EXECUTION: &str = "execution";
const FINISHED: &str = "finished";

/// What a run is; a fact under its hash, written once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub declared: Declared,
    pub operations: Operations,
    pub data: Vec<LockedData>,
}

impl RunRecord {
    pub fn of(resolved: &Resolved) -> Self {
        let identity = &resolved.plan.identity;
        Self {
            declared: identity.declared.clone(),
            operations: identity.operations.clone(),
            data: resolved.locked_data(),
        }
    }

    /// What a lock says.
    pub fn of_lock(lock: &Lock) -> Self {
        Self {
            declared: lock.declared.clone(),
            operations: lock.operations.clone(),
            data: lock.data.clone(),
        }
    }

    pub fn identity(&self) -> RunIdentity {
        RunIdentity {
            declared: self.declared.clone(),
            operations: self.operations.clone(),
            data: self.data.iter().map(DataInput::from).collect(),
        }
    }
}

/// Which command executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionKind {
    Run,
    Locked,
    Replay,
    /// One of the executions of `verify`.
    Verify,
    /// None did here: the record came with a bundle.
    Bundle,
}

/// Rows of a run's training set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub total: u64,
    pub train: u64,
    pub test: u64,
    pub unlabelled: u64,
    /// Rows of `total` whose label is true.
    pub positive: u64,
}

/// One execution; a fact under the run's hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionRecord {
    pub run: RunId,
    pub experiment: ExperimentName,
    pub kind: ExecutionKind,
    pub at: Instant,
    pub seconds: f64,
    pub threads: usize,
    pub steps: Vec<RecordedStep>,
    pub outputs: Outputs,
    pub metrics: BTreeMap<String, f64>,
    pub rows: Rows,
    pub code: CodeState,
    /// The definition files as they were, by path; each is an object of the store.
    pub files: BTreeMap<String, ObjectId>,
    pub environment: Environment,
    /// Outputs and metrics were those of an earlier execution or of a lock, found anew: nothing came
    /// from the cache, or this store had never executed the run that the lock describes.
    pub reproduced: bool,
    /// `run --accept`: this result was settled on, whatever others there were before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
    /// What was not as usual, as `verify` wanted it: `timezone Asia/Kathmandu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub varied: Option<String>,
    /// Leaks that the experiment allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Leak>,
}

/// A step as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedStep {
    pub name: String,
    pub key: String,
    pub output: String,
    pub cached: bool,
    pub seconds: f64,
}

impl From<&StepOutcome> for RecordedStep {
    fn from(outcome: &StepOutcome) -> Self {
        Self {
            name: outcome.step.to_string(),
            key: outcome.key.to_string(),
            output: outcome.output.to_string(),
            cached: outcome.cached,
            seconds: outcome.seconds,
        }
    }
}

/// The run an experiment finished last; a fact under the experiment's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedRun {
    pub run: RunId,
}

/// The same run gave other outputs or metrics than before.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The first step whose output, or metric, is another.
    pub first: Step,
    /// Name, before, now.
    pub differences: Vec<(String, String, String)>,
    pub before: Environment,
}

impl ExecutionRecord {
    /// Puts the record of an execution together. `files` are the texts of the definitions used.
    pub fn new(
        resolved: &Resolved,
        execution: &Execution,
        experiment: &ExperimentName,
        kind: ExecutionKind,
        context: ExecutionContext,
    ) -> Self {
        let ExecutionContext {
            at,
            code,
            files,
            environment,
        } = context;
        Self {
            run: resolved.plan.run,
            experiment: experiment.clone(),
            kind,
            at,
            seconds: execution.seconds,
            threads: execution.threads,
            steps: execution.steps.iter().map(RecordedStep::from).collect(),
            outputs: execution.outputs,
            metrics: execution.report.metrics.clone(),
            rows: Rows {
                total: execution.rows.total,
                train: execution.report.train,
                test: execution.report.test,
                unlabelled: execution.rows.unlabelled,
                positive: execution.rows.positive,
            },
            code,
            files,
            environment,
            reproduced: false,
            accepted: false,
            varied: None,
            overrides: Vec::new(),
        }
    }

    /// The object of its report. It is no output of the contract; the last step names it.
    pub fn report(&self) -> Option<ObjectId> {
        let evaluate = |step: &&RecordedStep| step.name == Step::Evaluate.as_str();
        self.steps.iter().find(evaluate)?.output.parse().ok()
    }

    /// The scores of its folds, where it has some and computed them here.
    pub fn folds(&self) -> Option<TableHash> {
        let folds = |step: &&RecordedStep| step.name == Step::CrossValidate.as_str();
        self.steps.iter().find(folds)?.output.parse().ok()
    }

    /// What differs from outputs and metrics that were found before.
    pub fn compare(
        &self,
        outputs: &Outputs,
        metrics: &BTreeMap<String, f64>,
        environment: &Environment,
    ) -> Option<Finding> {
        let mut differences = Vec::new();
        for ((name, before), (_, now)) in outputs.named().into_iter().zip(self.outputs.named()) {
            if before != now {
                differences.push((format!("outputs.{name}"), before, now));
            }
        }
        let names: BTreeSet<&String> = metrics.keys().chain(self.metrics.keys()).collect();
        for name in names {
            let (before, now) = (metrics.get(name), self.metrics.get(name));
            if before != now {
                let words = |value: Option<&f64>| value.map_or("none".into(), |v| format!("{v:?}"));
                differences.push((format!("metrics.{name}"), words(before), words(now)));
            }
        }
        let first = step_of(&differences.first()?.0);
        Some(Finding {
            first,
            differences,
            before: environment.clone(),
        })
    }
}

/// The step that gives an output or a metric.
fn step_of(name: &str) -> Step {
    match name {
        "outputs.training_set" => Step::TrainingSet,
        "outputs.split" => Step::Split,
        "outputs.model" => Step::Fit,
        "outputs.predictions" => Step::Predict,
        _ => Step::Evaluate,
    }
}

/// The circumstances of an execution.
#[derive(Debug, Clone)]
pub struct ExecutionContext {
    pub at: Instant,
    pub code: CodeState,
    pub files: BTreeMap<String, ObjectId>,
    pub environment: Environment,
}

/// Writes what a run is, and one execution of it.
pub fn record(store: &Store, resolved: &Resolved, execution: &ExecutionRecord) -> Result<()> {
    let tables = resolved.tables.values();
    let tables: Vec<ObjectName> = tables.map(|table| table.hash.into()).collect();
    let run = RunRecord::of(resolved);
    enter(store.catalog(), &run, &tables, execution)
}

/// Enters what a run is, unless that is known, and one execution of it. `tables` are the objects
/// of the snapshots it reads.
pub fn enter(
    catalog: &Catalog,
    run: &RunRecord,
    tables: &[ObjectName],
    execution: &ExecutionRecord,
) -> Result<()> {
    let key = execution.run.to_string();
    if catalog.latest::<RunRecord>(RUN, &key)?.is_none() {
        catalog.append(RUN, &key, run, tables)?;
    }
    let Outputs {
        training_set,
        split,
        model,
        predictions,
    } = execution.outputs;
    let mut needs = vec![
        training_set.into(),
        split.into(),
        model.into(),
        predictions.into(),
    ];
    needs.extend(execution.files.values().map(|file| ObjectName::from(*file)));
    needs.extend(execution.report().map(ObjectName::from));
    catalog.append(EXECUTION, &key, execution, &needs)?;
    finished(catalog, &execution.experiment, execution.run)
}

/// Notes which run an experiment finished last, if it is not that one already.
pub fn finished(catalog: &Catalog, experiment: &ExperimentName, run: RunId) -> Result<()> {
    if latest_of(catalog, experiment)? != Some(run) {
        catalog.append(FINISHED, experiment.as_str(), &FinishedRun { run }, &[])?;
    }
    Ok(())
}

/// Keeps the texts of definition files as objects.
pub fn keep_files(
    store: &Store,
    files: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, ObjectId>> {
    let mut ids = BTreeMap::new();
    for (path, text) in files {
        let object = NewObject::of_bytes(text.as_bytes());
        store.put(&object)?;
        ids.insert(path.clone(), ObjectId::of_bytes(text.as_bytes()));
    }
    Ok(ids)
}

/// The run that an experiment finished last.
pub fn latest_of(catalog: &Catalog, experiment: &ExperimentName) -> Result<Option<RunId>> {
    let fact = catalog.latest::<FinishedRun>(FINISHED, experiment.as_str())?;
    Ok(fact.map(|fact| fact.value.run))
}

/// What a run is, if this store has executed it.
pub fn find_run(catalog: &Catalog, run: RunId) -> Result<Option<RunRecord>> {
    Ok(catalog
        .latest(RUN, &run.to_string())?
        .map(|fact| fact.value))
}

/// The executions of a run, the oldest first.
pub fn executions_of(catalog: &Catalog, run: RunId) -> Result<Vec<ExecutionRecord>> {
    let facts = catalog.history(EXECUTION, &run.to_string())?;
    Ok(facts.into_iter().map(|fact| fact.value).collect())
}

/// Every execution, the oldest first.
pub fn all_executions(catalog: &Catalog) -> Result<Vec<ExecutionRecord>> {
    Ok(catalog
        .all(EXECUTION)?
        .into_iter()
        .map(|fact| fact.value)
        .collect())
}

/// The recorded runs whose hash begins with a prefix.
pub fn run_ids(catalog: &Catalog, prefix: &HashPrefix) -> Result<Vec<RunId>> {
    let keys = catalog.keys(RUN, prefix.as_str())?;
    Ok(keys.iter().filter_map(|key| key.parse().ok()).collect())
}

/// The short form of a hash in words of a difference.
pub fn short(text: &str) -> String {
    text.parse::<RunId>()
        .map_or_else(|_| text.to_string(), |hash| hash.short())
}
