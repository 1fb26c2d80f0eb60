//! Approvals: how many people look at a run before it is pinned to production.
//!
//! An approval is an entry of the log, and until a promotion uses it also stands in the pin file, so
//! that people who work in stores of their own see each other's. There it has no name, only the hash
//! of one: enough to tell two people apart.

use super::promote::{Outcome, never_executed, reason_of, registering};
use super::stage::Registry;
use super::transition::TransitionKind;
use crate::definition::{ModelName, Stage};
use crate::error::{Error, Result};
use crate::hash::{Digest, PersonHash, RunId};
use crate::host;
use crate::run::KnownRun;
use crate::workspace::Workspace;

/// An approval that was given.
#[derive(Debug, Clone)]
pub struct Approval {
    pub model: ModelName,
    pub run: RunId,
    pub by: String,
    /// Everybody who approves the run by now, the first first.
    pub approved_by: Vec<String>,
    /// How many the run's experiment asks for.
    pub needed: u32,
    pub outcome: Outcome,
    pub notices: Vec<String>,
}

/// Records that whoever sits here wants a run in production.
///
/// # Errors
/// The run belongs to no model or was never executed, or nobody knows who sits here.
pub fn approve(workspace: &Workspace, known: &KnownRun, reason: &str) -> Result<Approval> {
    let reason = reason_of(reason)?;
    let (experiment, model) = registering(workspace, known)?;
    if known.results.is_none() {
        return Err(never_executed(known));
    }
    let by = host::user();
    if by == host::NOBODY {
        return Err(Error::usage("nobody knows whose approval it would be")
            .help("set STREAMFLOW_USER to your name"));
    }
    let mut registry = Registry::open(workspace, model)?;
    let mut approval = Approval {
        model: model.clone(),
        run: known.run,
        by: by.clone(),
        approved_by: Vec::new(),
        needed: experiment.approvals,
        outcome: Outcome::Unchanged,
        notices: registry.notice().into_iter().collect(),
    };
    let stands = registry
        .stages_of(known.run)
        .any(|stage| stage == Stage::Production);
    if stands {
        approval
            .notices
            .push("it is in production already".to_string());
    }
    let given = people(&registry, known.run);
    if !stands
        && !given
            .iter()
            .any(|(person, _)| *person == PersonHash::of(&by))
    {
        let decision = registry.decision(TransitionKind::Approval, known.run, reason);
        let transition = registry.record(decision)?;
        approval.outcome = Outcome::Promoted(Box::new(transition));
    }
    approval.approved_by = approved_by(&registry, known.run);
    if approval.needed == 0 {
        approval.notices.push(format!(
            "nobody asks for it: [promote] of experiments/{}.toml has no `approvals`",
            experiment.name
        ));
    }
    Ok(approval)
}

/// Everybody who approves a run, once, the first first: by name where the log of this store knows.
pub(super) fn approved_by(registry: &Registry, run: RunId) -> Vec<String> {
    people(registry, run)
        .into_iter()
        .map(|(_, name)| name)
        .collect()
}

/// An approval counts by the pin file. One that the log of this store knows to be something else
/// does not.
fn people(registry: &Registry, run: RunId) -> Vec<(PersonHash, String)> {
    let mut people: Vec<(PersonHash, String)> = Vec::new();
    let approvals = registry.file.approvals.iter();
    for approval in approvals.filter(|approval| approval.run == run) {
        let entry = registry
            .log
            .iter()
            .find(|entry| entry.hash == approval.hash);
        let denied = match entry {
            Some(entry) => {
                let says = (entry.kind, entry.run, PersonHash::of(&entry.by));
                says != (TransitionKind::Approval, run, approval.person)
            }
            None => registry.log_holds(approval.sequence),
        };
        let twice = people.iter().any(|(person, _)| *person == approval.person);
        if !denied && !twice {
            let name = entry.map_or_else(|| approval.person.short(), |entry| entry.by.clone());
            people.push((approval.person, name));
        }
    }
    people
}
