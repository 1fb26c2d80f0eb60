//! A run again, from what it was: recorded values, stored data, no cache.

use super::execute::{CachePolicy, Events, execute};
use super::guard::{Leak, declared_leaks, found_leaks};
use super::history::{FoundDefinitions, definitions_of};
use super::perform::{RunResult, circumstances, keep, not_reproduced, override_notices};
use super::record::{ExecutionKind, ExecutionRecord, Finding};
use super::reference::KnownRun;
use super::resolve::{Resolved, locked_tables, operations, resolve_with};
use super::{LockOutcome, used_texts_of};
use crate::definition::{Allow, Definitions};
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::learn::Leakage;
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
    // A replay asks whether the past comes out again. A guard that would stop the run today does
    // not keep the answer back; it is told beside it.
    let pass = |_: &Leakage| Ok(());
    let execution = execute(
        workspace.store(),
        &resolved,
        CachePolicy::Ignore,
        &pass,
        events,
    )?;
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
    let (allowed, refused) = leaks_of(&resolved, &execution.leakage, found.as_ref())?;
    notices.extend(override_notices(&allowed));
    notices.extend(refused.iter().map(stopped_notice));
    record.overrides = allowed;
    let before = known.environment().unwrap_or(workspace.environment());
    let finding = record.compare(&outputs, metrics, before);
    record.reproduced = finding.is_none();
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

/// Everything the guards see of a run: what its experiment allows, and what it does not.
fn leaks_of(
    resolved: &Resolved,
    leakage: &Leakage,
    found: Option<&FoundDefinitions>,
) -> Result<(Vec<Leak>, Vec<Leak>)> {
    let RunSpec { label, split, .. } = &resolved.plan.spec;
    let mut leaks = declared_leaks(label, &resolved.feature_specs()?);
    leaks.extend(found_leaks(label, split.method, &leaks, leakage));
    let experiment = found.and_then(|found| found.definitions.experiments.get(&found.experiment));
    let allow = experiment.map_or_else(Allow::default, |experiment| experiment.allow.clone());
    Ok(leaks.into_iter().partition(|leak| leak.is_allowed(&allow)))
}

fn stopped_notice(leak: &Leak) -> String {
    format!(
        "{}: `run` stops here unless the experiment allows it",
        leak.evidence
    )
}

fn tables(
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
fn refuse_other_operations(known: &KnownRun, spec: &RunSpec) -> Result<()> {
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
