//! One experiment from its definition to its lock.

use std::collections::BTreeMap;

use super::execute::{CachePolicy, Events, Execution, execute};
use super::guard::{Guards, Leak};
use super::lock::{environment_lines, lock_of, out_of_date, usable};
use super::record::{
    ExecutionContext, ExecutionKind, ExecutionRecord, Finding, executions_of, finished, keep_files,
    latest_of, record, short,
};
use super::resolve::{
    Resolved, locked_tables, operations, resolve, resolve_with, spec_of, used_files,
};
use super::search::{
    SearchRecord, choice_under_lock, chosen_spec, locked_differences, refuse_other_search,
};
use crate::code::{Code, CodeState};
use crate::definition::{
    DefinitionFiles, Definitions, Experiment, ExperimentName, Value, ValuePath,
};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::host::{self, Environment};
use crate::learn::Leakage;
use crate::lockfile::{Lock, LockedResults, LockedSearch, lock_path, read_lock, write_lock};
use crate::plan::{Difference, RunIdentity, RunSpec, differences};
use crate::snapshot::Snapshots;
use crate::workspace::Workspace;

/// How to run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    pub cache: CachePolicy,
    /// Other outputs than before are taken and locked.
    pub accept: bool,
    /// Whether the definitions were changed by `--set`: then no lock is read or written.
    pub set: bool,
}

/// What became of the lock.
#[derive(Debug, Clone, PartialEq)]
pub enum LockOutcome {
    /// It was written; with what changed in it, nothing for a first one.
    Written {
        changes: Vec<Difference>,
        first: bool,
    },
    /// It says what came out.
    Matched,
    /// `--set` never writes one.
    NotConcerned,
}

/// An experiment that was run.
#[derive(Debug)]
pub struct RunResult {
    pub resolved: Resolved,
    pub execution: Execution,
    pub record: ExecutionRecord,
    pub lock: LockOutcome,
    /// The search that chose some of its values.
    pub search: Option<LockedSearch>,
    /// What was tried; none where the lock says what was chosen.
    pub searched: Option<SearchRecord>,
    /// Results of the lock as it was before.
    pub before: Option<LockedResults>,
    /// Things that do not stop a run and should be known.
    pub notices: Vec<String>,
}

/// A result, and the error that goes with it: a run whose outputs are others has both.
pub type Performed = (RunResult, Option<Error>);

/// Values that stand in place of those an experiment declares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chosen {
    pub values: BTreeMap<ValuePath, Value>,
    /// The search that chose them, for the lock.
    pub search: Option<LockedSearch>,
}

/// The experiment of a name.
pub fn find_experiment<'a>(definitions: &'a Definitions, name: &str) -> Result<&'a Experiment> {
    let names = || definitions.experiments.keys().map(ExperimentName::as_str);
    definitions.experiments.get(name).ok_or_else(|| {
        let error = Error::usage(format!("there is no experiment `{name}`")).detail(format!(
            "experiments: {}",
            names().collect::<Vec<_>>().join(", ")
        ));
        match did_you_mean(name, names()) {
            Some(close) => error.help(format!("did you mean `{close}`?")),
            None => error.help(format!("an experiment is a file: experiments/{name}.toml")),
        }
    })
}

/// The texts of the definition files an experiment of the working tree uses.
pub fn used_texts(
    workspace: &Workspace,
    definitions: &Definitions,
    experiment: &Experiment,
) -> BTreeMap<String, String> {
    used_texts_of(workspace.files(), definitions, &experiment.name)
}

/// The texts of the files an experiment uses; none when the definitions do not have it.
pub fn used_texts_of(
    files: &DefinitionFiles,
    definitions: &Definitions,
    experiment: &ExperimentName,
) -> BTreeMap<String, String> {
    let used = definitions
        .experiments
        .get(experiment)
        .map(|experiment| used_files(definitions, experiment));
    used.unwrap_or_default()
        .into_iter()
        .filter_map(|path| Some((path.clone(), files.0.get(&path)?.clone())))
        .collect()
}

/// Runs an experiment with the values that were chosen for it, and writes its lock.
pub fn perform(
    workspace: &Workspace,
    definitions: &Definitions,
    experiment: &Experiment,
    chosen: &Chosen,
    options: &RunOptions,
    events: &dyn Events,
) -> Result<Performed> {
    let lock = lock_before(workspace, experiment, options)?;
    let guards = Guards::of(definitions, experiment);
    guards.before_data()?;
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let spec = spec_of(&snapshots, experiment)?.with(&chosen.values)?;
    let locked = lock.as_ref().map_or(&[][..], |lock| &lock.data);
    let resolved = resolve(&snapshots, &spec, locked, |done| events.ingested(&done))?;
    let policy = match (options.cache, options.accept) {
        (CachePolicy::Ignore, true) => CachePolicy::Replace,
        (policy, _) => policy,
    };
    let guard = |leakage: &Leakage| guards.before_fit(leakage);
    let execution = execute(workspace.store(), &resolved, policy, &guard, events)?;
    let texts = used_texts(workspace, definitions, experiment);
    let context = circumstances(workspace, &texts)?;
    let mut record = ExecutionRecord::new(
        &resolved,
        &execution,
        &experiment.name,
        ExecutionKind::Run,
        context,
    );
    record.overrides = guards.overrides(&execution.leakage);
    let earlier = compare_with_earlier(workspace, &record, lock.as_ref())?;
    record.reproduced = execution.is_proof() && earlier == Earlier::Same;
    record.accepted = options.accept && settles(workspace, &record, &earlier)?;
    keep(workspace, &resolved, &execution, &mut record, &texts)?;
    let mut result = RunResult {
        before: lock.as_ref().and_then(|lock| lock.results.clone()),
        lock: LockOutcome::Matched,
        notices: override_notices(&record.overrides),
        search: chosen.search.clone(),
        searched: None,
        resolved,
        execution,
        record,
    };
    if let Earlier::Other(finding) = earlier
        && !options.accept
    {
        let error = not_reproduced(&result.record, &finding).help(format!(
            "`streamflow run {}{} --accept` takes the new outputs",
            experiment.name,
            // What was computed anew does not take the place of what the store holds.
            match options.cache {
                CachePolicy::Use => "",
                _ => " --no-cache",
            },
        ));
        return Ok((result, Some(error)));
    }
    result.lock = match options.set {
        true => LockOutcome::NotConcerned,
        false => update_lock(workspace, &result, lock.as_ref(), &texts)?,
    };
    Ok((result, None))
}

/// The lock that a run is held against: none with `--set`, and none that is to be written anew.
pub(super) fn lock_before(
    workspace: &Workspace,
    experiment: &Experiment,
    options: &RunOptions,
) -> Result<Option<Lock>> {
    match read_lock(workspace, &experiment.name) {
        Ok(lock) => Ok(lock.filter(|_| !options.set)),
        Err(_) if options.accept || options.set => Ok(None),
        Err(error) => Err(error.help(format!(
            "`streamflow run {} --accept` writes it anew",
            experiment.name
        ))),
    }
}

/// Proves what is locked: nothing is written outside the store.
pub fn run_locked(
    workspace: &Workspace,
    experiment: &Experiment,
    cache: CachePolicy,
    events: &dyn Events,
) -> Result<Performed> {
    let definitions = workspace.definitions();
    let name = &experiment.name;
    let lock = read_lock(workspace, name)?.ok_or_else(|| no_lock(name))?;
    let locked = usable(&lock)?.clone();
    let guards = Guards::of(definitions, experiment);
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let chosen = choice_under_lock(experiment, &lock)?;
    let spec = spec_under_lock(&snapshots, experiment, &lock)?.with(&chosen)?;
    let identity = RunIdentity {
        declared: spec.declare(),
        operations: operations(&spec),
        data: lock.identity().data,
    };
    if let Some(error) = out_of_date(&lock, &identity, definitions, experiment) {
        return Err(error);
    }
    refuse_other_search(experiment, &lock, &spec)?;
    guards.before_data()?;
    let mut notices = Vec::new();
    let tables = locked_tables(&snapshots, &spec, &identity.data, &lock.data, |notice| {
        notices.push(notice);
    })?;
    let resolved = resolve_with(&spec, identity.operations, tables)?;
    let guard = |leakage: &Leakage| guards.before_fit(leakage);
    let execution = execute(workspace.store(), &resolved, cache, &guard, events)?;
    let texts = used_texts(workspace, definitions, experiment);
    let context = circumstances(workspace, &texts)?;
    let mut record =
        ExecutionRecord::new(&resolved, &execution, name, ExecutionKind::Locked, context);
    record.overrides = guards.overrides(&execution.leakage);
    notices.extend(override_notices(&record.overrides));
    let finding = record.compare(&locked.outputs, &locked.metrics, &lock.environment);
    // Steps that runs share are computed once. In a store that has never executed this run, they
    // were computed here all the same, and what the lock says was found elsewhere.
    let first_here = executions_of(workspace.store().catalog(), record.run)?.is_empty();
    record.reproduced = finding.is_none() && (execution.is_proof() || first_here);
    keep(workspace, &resolved, &execution, &mut record, &texts)?;
    if finding.is_none() {
        notices.extend(other_environment(name, &lock.environment, workspace));
    }
    let error = finding.map(|finding| {
        not_reproduced(&record, &finding)
            .help("the lock was not touched; compare the machines, or accept with")
            .help(format!("`streamflow run {name} --accept`"))
    });
    let before = Some(locked);
    let result = RunResult {
        resolved,
        execution,
        record,
        lock: LockOutcome::Matched,
        search: lock.search,
        searched: None,
        before,
        notices,
    };
    Ok((result, error))
}

fn no_lock(name: &ExperimentName) -> Error {
    Error::new(
        Kind::Lock,
        format!("{name} has no lock: {} is missing", lock_path(name)),
    )
    .help(format!(
        "`streamflow run {name}` writes it; commit it together with the definition"
    ))
}

/// The working tree's spec; the dates of labels with a lead are those of the lock, which names them.
fn spec_under_lock(snapshots: &Snapshots, experiment: &Experiment, lock: &Lock) -> Result<RunSpec> {
    if experiment.label.lead > 0
        && let Ok(locked) = RunSpec::from_declared(&lock.declared)
        && locked.as_of == experiment.as_of
        && locked.label.lead == experiment.label.lead
    {
        return Ok(RunSpec::of(
            snapshots.definitions,
            experiment,
            locked.label_as_of,
        ));
    }
    spec_of(snapshots, experiment)
}

/// A notice of facts that differ from those a lock was written with; a finding lists them itself.
pub(super) fn other_environment(
    name: &ExperimentName,
    locked: &Environment,
    workspace: &Workspace,
) -> Option<String> {
    let differences = locked.differences(workspace.environment());
    if differences.is_empty() {
        return None;
    }
    let words: Vec<String> = differences
        .iter()
        .map(|(name, locked, here)| format!("{name} {} there, {} here", short(locked), short(here)))
        .collect();
    Some(format!(
        "{name} was locked in another environment: {}",
        words.join("; ")
    ))
}

/// What nobody should overlook: a guard that the experiment has turned off, and what it saw.
pub fn override_notices(overrides: &[Leak]) -> Vec<String> {
    let words = |leak: &Leak| {
        let key = leak.guard.as_str();
        format!("{}; `allow.{key}` lets it pass", leak.evidence)
    };
    overrides.iter().map(words).collect()
}

/// When, from which commit and on what machine.
pub fn circumstances(
    workspace: &Workspace,
    texts: &BTreeMap<String, String>,
) -> Result<ExecutionContext> {
    Ok(ExecutionContext {
        at: host::now(),
        code: code_state(workspace, texts)?,
        files: BTreeMap::new(),
        environment: workspace.environment().clone(),
    })
}

pub fn code_state(workspace: &Workspace, texts: &BTreeMap<String, String>) -> Result<CodeState> {
    Code::discover(workspace.root())?.state(texts)
}

/// Records an execution that computed something, or the first of its run in this store.
pub fn keep(
    workspace: &Workspace,
    resolved: &Resolved,
    execution: &Execution,
    entry: &mut ExecutionRecord,
    texts: &BTreeMap<String, String>,
) -> Result<()> {
    let store = workspace.store();
    let known = !executions_of(store.catalog(), entry.run)?.is_empty();
    if execution.is_cached() && known && !entry.accepted {
        if latest_of(store.catalog(), &entry.experiment)? != Some(entry.run) {
            finished(store.catalog(), &entry.experiment, entry.run)?;
        }
        return Ok(());
    }
    entry.files = keep_files(store, texts)?;
    record(store, resolved, entry)
}

/// Whether there is something to settle: another result than before, or earlier ones that differ.
fn settles(workspace: &Workspace, record: &ExecutionRecord, earlier: &Earlier) -> Result<bool> {
    let executions = executions_of(workspace.store().catalog(), record.run)?;
    let since = executions
        .iter()
        .rev()
        .take_while(|execution| !execution.accepted);
    let mut others = since.filter(|execution| {
        execution.outputs != record.outputs || execution.metrics != record.metrics
    });
    Ok(matches!(earlier, Earlier::Other(_)) || others.next().is_some())
}

/// How an execution stands to what was found before.
#[derive(Debug, Clone, PartialEq)]
enum Earlier {
    Nothing,
    Same,
    Other(Finding),
}

fn compare_with_earlier(
    workspace: &Workspace,
    record: &ExecutionRecord,
    lock: Option<&Lock>,
) -> Result<Earlier> {
    let mut compared = false;
    if let Some(lock) = lock.filter(|lock| lock.run == record.run)
        && let Some(results) = &lock.results
    {
        compared = true;
        if let Some(finding) = record.compare(&results.outputs, &results.metrics, &lock.environment)
        {
            return Ok(Earlier::Other(finding));
        }
    }
    // Without a lock to hold to, what this store has seen of the run is held against it.
    let executions = executions_of(workspace.store().catalog(), record.run)?;
    let proofs = [ExecutionKind::Replay, ExecutionKind::Verify];
    let counts = |execution: &&ExecutionRecord| !proofs.contains(&execution.kind);
    let last = executions.iter().rfind(counts).or(executions.last());
    if !compared && let Some(last) = last {
        compared = true;
        if let Some(finding) = record.compare(&last.outputs, &last.metrics, &last.environment) {
            return Ok(Earlier::Other(finding));
        }
    }
    Ok(if compared {
        Earlier::Same
    } else {
        Earlier::Nothing
    })
}

/// The error of a run that gave other outputs or metrics.
pub fn not_reproduced(record: &ExecutionRecord, finding: &Finding) -> Error {
    let lines = finding
        .differences
        .iter()
        .map(|(name, before, now)| format!("{name:<22} {before} → {now}"));
    Error::new(
        Kind::NotReproduced,
        format!(
            "{} was not reproduced: step {} is the first to give something else",
            record.experiment, finding.first
        ),
    )
    .details(lines)
    .details(environment_lines(&finding.before, &record.environment))
}

/// Writes the lock when the run, its data or its results changed.
fn update_lock(
    workspace: &Workspace,
    result: &RunResult,
    lock: Option<&Lock>,
    texts: &BTreeMap<String, String>,
) -> Result<LockOutcome> {
    let record = &result.record;
    let results = LockedResults {
        outputs: record.outputs,
        metrics: record.metrics.clone(),
    };
    if let Some(lock) = lock
        && lock.run == record.run
        && lock.identity() == result.resolved.plan.identity
        && lock.data == result.resolved.locked_data()
        && lock.search == result.search
        && lock.results.as_ref() == Some(&results)
    {
        return Ok(LockOutcome::Matched);
    }
    let new = lock_of(
        &record.experiment,
        &result.resolved,
        &record.code,
        texts,
        &record.environment,
        Some(results),
        result.search.clone(),
    );
    write_lock(workspace, &new)?;
    let changes = lock.map_or(Vec::new(), |lock| {
        let mut changes = differences(&lock.identity(), &new.identity());
        changes.extend(locked_differences(
            lock.search.as_ref(),
            new.search.as_ref(),
        ));
        changes
    });
    Ok(LockOutcome::Written {
        changes,
        first: lock.is_none(),
    })
}

/// Refreshes the lock of an experiment without executing: inputs as they are now, results where
/// they are known. Gives the lock, and whether its file changed.
pub fn relock(workspace: &Workspace, experiment: &Experiment) -> Result<(Lock, bool)> {
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let before = read_lock(workspace, &experiment.name).ok().flatten();
    let locked = before.as_ref().map_or(&[][..], |lock| &lock.data);
    let (spec, search) = chosen_spec(&snapshots, experiment, before.as_ref())?;
    let resolved = resolve(&snapshots, &spec, locked, |_| {})?;
    let recorded = executions_of(workspace.store().catalog(), resolved.plan.run)?
        .pop()
        .map(|last| LockedResults {
            outputs: last.outputs,
            metrics: last.metrics,
        });
    let locked = before
        .as_ref()
        .filter(|lock| lock.run == resolved.plan.run)
        .and_then(|lock| lock.results.clone());
    let texts = used_texts(workspace, definitions, experiment);
    let code = code_state(workspace, &texts)?;
    let environment = workspace.environment();
    let results = locked.or(recorded);
    let lock = lock_of(
        &experiment.name,
        &resolved,
        &code,
        &texts,
        environment,
        results,
        search,
    );
    let changed = before.as_ref() != Some(&lock);
    if changed {
        write_lock(workspace, &lock)?;
    }
    Ok((lock, changed))
}
