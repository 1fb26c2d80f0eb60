//! What would execute now, and which changed input is the reason.

use super::execute::is_known;
use super::record::{find_run, latest_of};
use super::resolve::{Resolved, resolve, spec_of};
use crate::definition::{Experiment, ExperimentName};
use crate::error::{Result, Span};
use crate::hash::RunId;
use crate::lockfile::read_lock;
use crate::plan::{Difference, RunIdentity, Step, differences, place_of};
use crate::snapshot::Snapshots;
use crate::workspace::Workspace;

/// The answer to `why`.
#[derive(Debug, Clone)]
pub struct Why {
    pub experiment: ExperimentName,
    /// The run as it would be now.
    pub run: RunId,
    /// The run it is compared with: the last finished, else the locked one.
    pub previous: Option<RunId>,
    /// Steps whose output is not in the store.
    pub would_execute: Vec<Step>,
    /// What differs from the previous run, causes first, with the place it was written at.
    pub reasons: Vec<(Difference, Option<Span>)>,
}

/// Compares an experiment as it stands with what it last was.
pub fn why(workspace: &Workspace, experiment: &Experiment) -> Result<Why> {
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let spec = spec_of(&snapshots, experiment)?;
    let resolved = resolve(&snapshots, &spec, |_| {})?;
    let previous = previous(workspace, experiment, &resolved)?;
    let reasons = previous.as_ref().map_or(Vec::new(), |(_, identity)| {
        differences(identity, &resolved.plan.identity)
    });
    let placed = reasons.into_iter().map(|reason| {
        let place = match &reason {
            Difference::Value { path, .. } => place_of(definitions, experiment, path),
            _ => None,
        };
        (reason, place)
    });
    let mut would_execute = Vec::new();
    for planned in &resolved.plan.steps {
        if !is_known(workspace.store(), planned)? {
            would_execute.push(planned.step);
        }
    }
    Ok(Why {
        experiment: experiment.name.clone(),
        run: resolved.plan.run,
        previous: previous.as_ref().map(|(run, _)| *run),
        would_execute,
        reasons: placed.collect(),
    })
}

/// The run that the experiment finished last, or that its lock names.
fn previous(
    workspace: &Workspace,
    experiment: &Experiment,
    now: &Resolved,
) -> Result<Option<(RunId, RunIdentity)>> {
    let catalog = workspace.store().catalog();
    if let Some(run) = latest_of(catalog, &experiment.name)?
        && let Some(record) = find_run(catalog, run)?
    {
        return Ok(Some((run, record.identity())));
    }
    let lock = read_lock(workspace, &experiment.name)?;
    Ok(lock
        .map(|lock| (lock.run, lock.identity()))
        .filter(|(run, _)| *run != now.plan.run))
}
