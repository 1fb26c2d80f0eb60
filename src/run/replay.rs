//! A run again, from what it was: recorded values, stored data, no cache.
//!
//! It is executed on another number of threads than before, so that a result that hangs on how the
//! work was shared cannot come out the same by habit.

use std::collections::BTreeMap;

use super::divergence::{Divergence, Earlier, divergence};
use super::engine::plan_of;
use super::execute::{CachePolicy, Events, execute_on};
use super::guard::{Leak, declared_leaks, found_leaks};
use super::history::{FoundDefinitions, damaged_files, definitions_of};
use super::perform::{
    RunResult, circumstances, keep, not_reproduced, other_environment, override_notices,
};
use super::record::{ExecutionContext, ExecutionKind, ExecutionRecord, Finding};
use super::reference::KnownRun;
use super::resolve::{Resolved, locked_tables, resolve_with};
use super::row_order::in_another_order;
use super::{LockOutcome, used_texts_of};
use crate::definition::{Allow, Definitions};
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::host::{self, Threads};
use crate::learn::Leakage;
use crate::lockfile::LockedResults;
use crate::plan::{RunSpec, TableAt};
use crate::snapshot::{Snapshots, TableSnapshot};
use crate::workspace::Workspace;

/// How to execute a run again.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    pub kind: ExecutionKind,
    /// None: the machine's, or one more where it was executed on just as many.
    pub threads: Option<usize>,
    /// The seed of an order in which the rows of every source are read anew.
    pub row_order: Option<u64>,
    /// What is not as usual, in words.
    pub varied: Option<String>,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self {
            kind: ExecutionKind::Replay,
            threads: None,
            row_order: None,
            varied: None,
        }
    }
}

/// What a replay found.
#[derive(Debug)]
pub struct Replayed {
    pub result: RunResult,
    /// None: every output and metric is as it was.
    pub finding: Option<Finding>,
    /// The first step of the finding, taken apart.
    pub divergence: Option<Divergence>,
    /// Where the definitions came from, in words.
    pub definitions: String,
    /// On how many threads it was executed before, where that is known.
    pub threads_before: Option<usize>,
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
pub fn replay(
    workspace: &Workspace,
    known: &KnownRun,
    options: &ReplayOptions,
    events: &dyn Events,
) -> Result<Replayed> {
    let plan = plan_of(known)?;
    let results = results_of(known)?;
    let found = definitions_of(workspace, known)?;
    let definitions = found
        .as_ref()
        .map_or(workspace.definitions(), |found| &found.definitions);
    let mut notices = Vec::new();
    let tables = match options.row_order {
        None => tables(workspace, definitions, known, &plan.spec, &mut notices)?,
        Some(seed) => in_another_order(workspace, definitions, known, &plan.spec, seed)?,
    };
    let resolved = resolve_with(&plan.spec, plan.identity.operations.clone(), tables)?;
    let threads_before = known.shown_execution().map(|execution| execution.threads);
    let threads = Threads::new(
        options
            .threads
            .unwrap_or_else(|| other_than(threads_before)),
    )?;
    // A replay asks whether the past comes out again. A guard that would stop the run today does
    // not keep the answer back; it is told beside it.
    let pass = |_: &Leakage| Ok(());
    let (store, policy) = (workspace.store(), CachePolicy::Ignore);
    let execution = execute_on(Some(&threads), store, &resolved, policy, &pass, events)?;
    let texts = texts_of(found.as_ref());
    let context = context(workspace, &texts, found.as_ref())?;
    let name = &known.experiment;
    let mut record = ExecutionRecord::new(&resolved, &execution, name, options.kind, context);
    record.varied.clone_from(&options.varied);
    let (allowed, refused) = leaks_of(&resolved, &execution.leakage, found.as_ref())?;
    notices.extend(override_notices(&allowed));
    notices.extend(refused.iter().map(stopped_notice));
    record.overrides = allowed;
    let before = known.environment().unwrap_or(workspace.environment());
    let finding = record.compare(&results.outputs, &results.metrics, before);
    record.reproduced = finding.is_none();
    if let (Some(lock), None) = (&known.lock, &finding) {
        notices.extend(other_environment(name, &lock.environment, workspace));
    }
    keep(workspace, &resolved, &execution, &mut record, &texts)?;
    let earlier = Earlier {
        outputs: &results.outputs,
        threads: threads_before,
        key: &plan.spec.key,
    };
    let result = |record| RunResult {
        resolved,
        execution,
        record,
        lock: LockOutcome::NotConcerned,
        search: None,
        searched: None,
        before: None,
        notices,
    };
    Ok(Replayed {
        divergence: finding
            .as_ref()
            .map(|finding| divergence(store, &earlier, &record, finding)),
        result: result(record),
        finding,
        definitions: origin_words(workspace, known, found.as_ref()),
        threads_before,
    })
}

/// The circumstances, with the commit that the definitions came from.
fn context(
    workspace: &Workspace,
    texts: &BTreeMap<String, String>,
    found: Option<&FoundDefinitions>,
) -> Result<ExecutionContext> {
    let mut context = circumstances(workspace, texts)?;
    if let Some(commit) = found.and_then(|found| found.commit.clone()) {
        context.code.commit = commit;
    }
    Ok(context)
}

/// The machine's number of threads, or one more: another than before, at the same cost.
fn other_than(before: Option<usize>) -> usize {
    let here = host::threads();
    here + usize::from(before == Some(here))
}

/// What the replay is held against.
fn results_of(known: &KnownRun) -> Result<&LockedResults> {
    known.results.as_ref().ok_or_else(|| {
        Error::new(
            Kind::MissingInput,
            format!("nothing is known of what run {} gave", known.run.short()),
        )
        .help(format!(
            "`streamflow run {}` executes it first",
            known.experiment
        ))
    })
}

fn texts_of(found: Option<&FoundDefinitions>) -> BTreeMap<String, String> {
    found.map_or_else(Default::default, |found| {
        used_texts_of(&found.files, &found.definitions, &found.experiment)
    })
}

/// Where the definitions came from, and why not from where one would look first.
fn origin_words(
    workspace: &Workspace,
    known: &KnownRun,
    found: Option<&FoundDefinitions>,
) -> String {
    let recorded = known.commit().filter(|commit| !commit.is_none());
    let gone = match (recorded, found.and_then(|found| found.commit.as_ref())) {
        (Some(recorded), Some(found)) if recorded != found => {
            format!("; the recorded commit {} is gone", recorded.short())
        }
        (Some(recorded), None) => format!("; commit {} is gone", recorded.short()),
        (None, None) => "; no commit holds them".to_string(),
        _ => String::new(),
    };
    let damaged = damaged_files(workspace, known);
    let damaged = match damaged.as_slice() {
        _ if found.is_some_and(|found| found.commit.is_some() || found.kept_at.is_some()) => {
            String::new()
        }
        [] => String::new(),
        paths => format!("; the store's copy is damaged: {}", paths.join(", ")),
    };
    let from = match found {
        Some(FoundDefinitions {
            commit: Some(commit),
            ..
        }) => {
            format!("definitions from commit {}", commit.short())
        }
        Some(FoundDefinitions {
            kept_at: Some(at), ..
        }) => {
            format!("definitions as the store kept them at {}", at.to_minute())
        }
        Some(_) => "definitions from the working tree".to_string(),
        None => "no definitions of it are left; its recorded values and stored data sufficed"
            .to_string(),
    };
    format!("{from}{gone}{damaged}")
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

/// The tables of a run: from the store by their hashes, else rebuilt from the sources.
pub(super) fn tables(
    workspace: &Workspace,
    definitions: &Definitions,
    known: &KnownRun,
    spec: &RunSpec,
    notices: &mut Vec<String>,
) -> Result<BTreeMap<TableAt, TableSnapshot>> {
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let data = known.record.identity().data;
    locked_tables(&snapshots, spec, &data, &known.record.data, |notice| {
        notices.push(notice);
    })
}
