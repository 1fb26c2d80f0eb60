//! Which changed input is the reason that a step is another.
//!
//! A run keeps what its keys are made of: the declared values, the operations and their versions,
//! the hashes of its data. So two runs can be held against each other long after they were executed,
//! and a run against what its experiment would be now, without executing anything. For each step the
//! first upstream cause is named: a difference that the step reads itself, else the step it inherits
//! one from.

use super::execute::is_known;
use super::history::{FoundDefinitions, definitions_of};
use super::record::{RunRecord, find_run, latest_of};
use super::reference::KnownRun;
use super::resolve::{resolve, spec_of};
use super::search::{Contest, choice_under_lock, search_differences};
use crate::definition::{AsOf, Definitions, Experiment, ExperimentName, TableName};
use crate::error::{Result, Span};
use crate::hash::RunId;
use crate::lockfile::{Lock, LockedData, read_lock};
use crate::plan::{Difference, Plan, RunSpec, Step, differences, place_of};
use crate::snapshot::Snapshots;
use crate::workspace::Workspace;

/// One difference, with where it comes from.
#[derive(Debug, Clone)]
pub struct Reason {
    pub difference: Difference,
    /// Where the value was written: in the newer definitions, else in the older ones.
    pub at: Option<Span>,
    /// Of data: the files that the older side does not have.
    pub files: Vec<String>,
}

/// Why a step is another than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It is as it was.
    AsBefore,
    /// There is nothing to compare it with.
    Unknown,
    /// The number of the first of the reasons that the step reads itself.
    Own(usize),
    /// The first of the steps before it that are others.
    Upstream(Step),
}

/// One step of the newer side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWhy {
    pub step: Step,
    pub cause: Cause,
    /// Whether its output is in this store.
    pub known: bool,
}

/// The answer to `why`.
#[derive(Debug, Clone)]
pub struct Why {
    pub experiment: ExperimentName,
    /// The newer side: what the experiment would be now, or the second of two runs.
    pub run: RunId,
    /// The older side: the run that was named, else the last finished, else the locked one.
    pub previous: Option<RunId>,
    /// Whether `run` is what the working tree would be, so that steps without output would execute.
    pub now: bool,
    /// How many candidates would be tried first; none where it is known which run it is.
    pub would_try: Option<usize>,
    pub steps: Vec<StepWhy>,
    /// What differs, causes first.
    pub reasons: Vec<Reason>,
}

impl Why {
    /// Steps whose output is not in the store; none for two runs of the past.
    pub fn would_execute(&self) -> Vec<Step> {
        let missing = self.steps.iter().filter(|step| self.now && !step.known);
        missing.map(|step| step.step).collect()
    }
}

/// A run with the definitions that give it.
struct Side<'a> {
    record: RunRecord,
    /// None when nobody has them any more.
    definitions: Option<(&'a Definitions, &'a Experiment)>,
}

impl<'a> Side<'a> {
    fn of(record: RunRecord, found: Option<&'a FoundDefinitions>) -> Self {
        let definitions = found.and_then(|found| {
            let experiment = found.definitions.experiments.get(&found.experiment)?;
            Some((&found.definitions, experiment))
        });
        Self {
            record,
            definitions,
        }
    }

    fn place(&self, difference: &Difference) -> Option<Span> {
        let (definitions, experiment) = self.definitions?;
        match difference {
            Difference::Value { path, .. } => place_of(definitions, experiment, path),
            _ => None,
        }
    }
}

/// Holds an experiment as it stands against a run: the one named, else what it last was.
pub fn why(
    workspace: &Workspace,
    experiment: &Experiment,
    named: Option<&KnownRun>,
) -> Result<Why> {
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let lock = read_lock(workspace, &experiment.name).ok().flatten();
    let locked = lock.as_ref().map_or(&[][..], |lock| &lock.data);
    let (spec, would_try) = spec_now(&snapshots, experiment, lock.as_ref())?;
    let resolved = resolve(&snapshots, &spec, locked, |_| {})?;
    let found = match named {
        Some(known) => definitions_of(workspace, known)?,
        None => None,
    };
    let previous = match named {
        Some(known) => Some((known.run, known.record.clone())),
        None => previous(workspace, experiment, resolved.plan.run)?,
    };
    let before = previous.map(|(run, record)| (run, Side::of(record, found.as_ref())));
    let now = Side {
        record: RunRecord::of(&resolved),
        definitions: Some((definitions, experiment)),
    };
    let (steps, mut reasons) = compare(workspace, before.as_ref().map(|(_, side)| side), &now)?;
    if let (Some(lock), None) = (&lock, named) {
        let changed = search_differences(lock.search.as_ref(), experiment.search.as_ref());
        reasons.extend(changed.into_iter().map(|difference| Reason {
            at: now.place(&difference),
            files: Vec::new(),
            difference,
        }));
    }
    Ok(Why {
        would_try,
        experiment: experiment.name.clone(),
        run: resolved.plan.run,
        previous: before.as_ref().map(|(run, _)| *run),
        now: true,
        steps,
        reasons,
    })
}

/// What an experiment would be now, and how many candidates its search would try to find that out: then it
/// is taken with what the search chose last, else with its first candidate.
fn spec_now(
    snapshots: &Snapshots,
    experiment: &Experiment,
    lock: Option<&Lock>,
) -> Result<(RunSpec, Option<usize>)> {
    let Some(search) = &experiment.search else {
        return Ok((spec_of(snapshots, experiment)?, None));
    };
    let locked = lock.map_or(&[][..], |lock| &lock.data);
    let contest = Contest::of(snapshots, experiment, search, locked, |_| {})?;
    if let Some(values) = contest.locked_choice(lock) {
        return Ok((contest.spec.with(values)?, None));
    }
    let last = lock.and_then(|lock| choice_under_lock(experiment, lock).ok());
    let spec = match last.filter(|values| !values.is_empty()) {
        Some(values) => contest.spec.with(&values)?,
        None => contest.first.plan.spec.clone(),
    };
    Ok((spec, Some(contest.candidates.len())))
}

/// Holds two runs against each other.
pub fn why_runs(workspace: &Workspace, a: &KnownRun, b: &KnownRun) -> Result<Why> {
    let (found_a, found_b) = (definitions_of(workspace, a)?, definitions_of(workspace, b)?);
    let before = Side::of(a.record.clone(), found_a.as_ref());
    let now = Side::of(b.record.clone(), found_b.as_ref());
    let (steps, reasons) = compare(workspace, Some(&before), &now)?;
    Ok(Why {
        experiment: b.experiment.clone(),
        run: b.run,
        previous: Some(a.run),
        now: false,
        would_try: None,
        steps,
        reasons,
    })
}

/// The steps of the newer side, and everything in which the older one differs.
fn compare(
    workspace: &Workspace,
    before: Option<&Side>,
    now: &Side,
) -> Result<(Vec<StepWhy>, Vec<Reason>)> {
    let identity = now.record.identity();
    let reasons = before.map_or(Vec::new(), |before| {
        let reason = |difference: Difference| Reason {
            at: now.place(&difference).or_else(|| before.place(&difference)),
            files: changed_files(&before.record, &now.record, &difference),
            difference,
        };
        let found = differences(&before.record.identity(), &identity);
        found.into_iter().map(reason).collect()
    });
    // Keys of a run whose values this program cannot read are unknown: every step may be another.
    let old = before.and_then(|before| Plan::new(before.record.identity()).ok());
    let mut steps: Vec<StepWhy> = Vec::new();
    for planned in &Plan::new(identity)?.steps {
        let same = old
            .as_ref()
            .is_some_and(|old| old.steps.iter().any(|step| step.key == planned.key));
        steps.push(StepWhy {
            step: planned.step,
            cause: match same {
                true => Cause::AsBefore,
                false => cause(planned.step, &reasons, &steps),
            },
            known: is_known(workspace.store(), planned)?,
        });
    }
    Ok((steps, reasons))
}

/// The first reason that a step reads itself, else the first step before it that is another.
fn cause(step: Step, reasons: &[Reason], before: &[StepWhy]) -> Cause {
    let own = |reason: &Reason| reason.difference.first_step() == step;
    let upstream = || {
        let changed = before
            .iter()
            .find(|earlier| earlier.cause != Cause::AsBefore);
        changed.map(|earlier| Cause::Upstream(earlier.step))
    };
    match reasons.iter().position(own) {
        Some(at) => Cause::Own(at),
        None => upstream().unwrap_or(Cause::Unknown),
    }
}

/// The files behind a difference of data that the older run was not made of.
fn changed_files(before: &RunRecord, now: &RunRecord, difference: &Difference) -> Vec<String> {
    let Difference::Data { table, as_of, .. } = difference else {
        return Vec::new();
    };
    match (find(before, table, *as_of), find(now, table, *as_of)) {
        (Some(before), Some(now)) => now.files_unlike(before),
        _ => Vec::new(),
    }
}

fn find<'a>(record: &'a RunRecord, table: &TableName, as_of: AsOf) -> Option<&'a LockedData> {
    let mut data = record.data.iter();
    data.find(|data| data.table == *table && data.as_of == as_of)
}

/// The run that the experiment finished last, or that its lock names.
fn previous(
    workspace: &Workspace,
    experiment: &Experiment,
    now: RunId,
) -> Result<Option<(RunId, RunRecord)>> {
    let catalog = workspace.store().catalog();
    if let Some(run) = latest_of(catalog, &experiment.name)?
        && let Some(record) = find_run(catalog, run)?
    {
        return Ok(Some((run, record)));
    }
    let lock = read_lock(workspace, &experiment.name)?;
    Ok(lock
        .map(|lock| (lock.run, RunRecord::of_lock(&lock)))
        .filter(|(run, _)| *run != now))
}
