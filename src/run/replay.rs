//! A run again, from what it was: recorded values, stored data, no cache.

use super::execute::{CachePolicy, Events, execute};
use super::history::definitions_of;
use super::perform::{RunResult, circumstances, keep, not_reproduced, other_environment};
use super::record::{ExecutionKind, ExecutionRecord, Finding};
use super::reference::KnownRun;
use super::resolve::{locked_tables, operations, resolve_with};
use super::{LockOutcome, used_texts_of};
use crate::definition::Definitions;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::plan::{Difference, Plan, RunSpec, differences};
use crate::snapshot::Snapshots;
use crate::workspace::Workspace;

/// What a replay found.
#[derive(Debug)]
pub struct Replayed {
    pub result: RunResult,
    /// None: every output and metric is as it was.
    pub finding: Option<Finding>,
}

impl Replayed {
    /// The error of a run that came out otherwise.
    pub fn error(&self) -> Option<Error> {
        let finding = self.finding.as_ref()?;
        let run = self.result.record.run.short();
        Some(not_reproduced(&self.result.record, finding).help(format!(
            "`streamflow show {run}` lists its executions; both results are kept"
        )))
    }
}

/// Executes a run again and compares every output and metric with what is known of it.
pub fn replay(workspace: &Workspace, known: &KnownRun, events: &dyn Events) -> Result<Replayed> {
    let plan = Plan::new(known.record.identity())?;
    refuse_other_operations(known, &plan.spec)?;
    let (outputs, metrics) = known
        .outputs()
        .map(|outputs| (outputs, known.metrics()))
        .ok_or_else(|| {
            Error::new(
                Kind::MissingInput,
                format!("nothing is known of what run {} gave", known.run.short()),
            )
            .help(format!(
                "`streamflow run {}` executes it first",
                known.experiment
            ))
        })?;
    let found = definitions_of(workspace, known)?;
    let definitions = found
        .as_ref()
        .map_or(workspace.definitions(), |found| &found.definitions);
    let mut notices = Vec::new();
    let tables = tables(workspace, definitions, known, &plan.spec, &mut notices)?;
    let resolved = resolve_with(&plan.spec, plan.identity.operations.clone(), tables)?;
    let execution = execute(workspace.store(), &resolved, CachePolicy::Ignore, events)?;
    let texts = found.as_ref().map_or_else(Default::default, |found| {
        used_texts_of(&found.files, &found.definitions, &found.experiment)
    });
    let mut context = circumstances(workspace, &texts)?;
    if let Some(commit) = found.as_ref().and_then(|found| found.commit.clone()) {
        context.code.commit = commit;
    }
    let mut record = ExecutionRecord::new(
        &resolved,
        &execution,
        &known.experiment,
        ExecutionKind::Replay,
        context,
    );
    let before = known.environment().unwrap_or(workspace.environment());
    let finding = record.compare(&outputs, metrics, before);
    record.reproduced = finding.is_none();
    if let (Some(lock), None) = (&known.lock, &finding) {
        notices.extend(other_environment(
            &known.experiment,
            &lock.environment,
            workspace,
        ));
    }
    keep(workspace, &resolved, &execution, &mut record, &texts)?;
    let result = RunResult {
        resolved,
        execution,
        record,
        lock: LockOutcome::NotConcerned,
        before: None,
        notices,
    };
    Ok(Replayed { result, finding })
}

/// The tables of a run: from the store by their hashes, else rebuilt from the sources.
pub(super) fn tables(
    workspace: &Workspace,
    definitions: &Definitions,
    known: &KnownRun,
    spec: &RunSpec,
    notices: &mut Vec<String>,
) -> Result<std::collections::BTreeMap<crate::plan::TableAt, crate::snapshot::TableSnapshot>> {
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let data = known.record.identity().data;
    locked_tables(&snapshots, spec, &data, &known.record.data, |notice| {
        notices.push(notice);
    })
}

/// A run of operations at other versions can be read and not repeated.
pub(super) fn refuse_other_operations(known: &KnownRun, spec: &RunSpec) -> Result<()> {
    let mut here = known.record.identity();
    here.operations = operations(spec);
    let others: Vec<String> = differences(&known.record.identity(), &here)
        .into_iter()
        .filter(|difference| matches!(difference, Difference::Operation { .. }))
        .map(|difference| format!("{}  {difference}", difference.name()))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let recorded = known
        .environment()
        .map_or("another version", |e| e.streamflow.as_str());
    Err(Error::new(
        Kind::Lock,
        format!(
            "run {} was made by operations that this streamflow does not have",
            known.run.short()
        ),
    )
    .details(others)
    .help(format!("replay it with streamflow {recorded}")))
}
