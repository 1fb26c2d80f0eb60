//! Promotion: the gates are asked, then the run is pinned.

use std::collections::{BTreeMap, BTreeSet};

use super::gate::{GateFacts, GateResult, Reproduction, WayOut, evaluate};
use super::log::{Decision, Transition, TransitionKind};
use super::stage::Registry;
use crate::definition::{Experiment, ModelName, Stage};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, RunId};
use crate::host;
use crate::lockfile::Pin;
use crate::run::{self, Disagreement, KnownRun};
use crate::workspace::Workspace;

/// What became of a promotion.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Promoted(Box<Transition>),
    /// The run stands there already.
    Unchanged,
    /// The run was not pinned.
    Refused,
}

/// A promotion and how it was judged.
#[derive(Debug, Clone)]
pub struct Promotion {
    pub model: ModelName,
    pub stage: Stage,
    pub run: RunId,
    /// Whose gates were asked.
    pub experiment: String,
    pub gates: Vec<GateResult>,
    pub outcome: Outcome,
    /// What stood there before.
    pub before: Option<Pin>,
    pub notices: Vec<String>,
    /// Results of the run that are not the same.
    pub disagreement: Option<Disagreement>,
}

/// Pins a run to a stage, if its gates hold and `obstacle` finds none.
///
/// A run that is refused gives both the promotion, with every gate's answer, and the error.
///
/// # Errors
/// The run's experiment registers no model, or the run has never been executed.
pub fn promote(
    workspace: &Workspace,
    known: &KnownRun,
    stage: Stage,
    reason: &str,
    obstacle: &dyn Fn(&KnownRun) -> Result<Option<Error>>,
) -> Result<(Promotion, Option<Error>)> {
    let reason = reason_of(reason)?;
    let (experiment, model) = registering(workspace, known)?;
    if known.results.is_none() {
        return Err(never_executed(known));
    }
    let mut registry = Registry::open(workspace, model)?;
    let mut promotion = Promotion {
        model: model.clone(),
        stage,
        run: known.run,
        experiment: experiment.name.to_string(),
        gates: Vec::new(),
        outcome: Outcome::Unchanged,
        before: registry.pins.get(&stage).copied(),
        notices: registry.notice().into_iter().collect(),
        disagreement: Disagreement::of(known),
    };
    if promotion.before.is_some_and(|pin| pin.run == known.run) {
        return Ok((promotion, None));
    }
    let gates = experiment.gates.get(&stage).map_or(&[][..], Vec::as_slice);
    promotion.gates = evaluate(gates, &facts_of(workspace, known, &registry)?);
    let error = match refused(&promotion, known) {
        Some(error) => Some(error),
        None => obstacle(known)?,
    };
    if error.is_some() {
        promotion.outcome = Outcome::Refused;
        return Ok((promotion, error));
    }
    let transition = registry.record(Decision {
        run: known.run,
        from: registry.other_stage(known.run, stage),
        to: stage,
        by: host::user(),
        at: host::now(),
        reason,
        kind: TransitionKind::Promotion,
        replaced: promotion.before.map(|pin| pin.run),
    })?;
    promotion.outcome = Outcome::Promoted(Box::new(transition));
    Ok((promotion, None))
}

/// A reason without the spaces around it; there has to be one.
pub(super) fn reason_of(text: &str) -> Result<String> {
    match text.trim() {
        "" => Err(Error::usage("the reason is empty")
            .help("`--reason TEXT` tells those who come later why; one sentence is enough")),
        reason => Ok(reason.to_string()),
    }
}

/// The experiment of the working tree whose model the run competes for. Several may be one run:
/// the one it was named by comes first, then those that executed it, the last first.
fn registering<'a>(
    workspace: &'a Workspace,
    known: &KnownRun,
) -> Result<(&'a Experiment, &'a ModelName)> {
    let executed = known.executions.iter().rev();
    let names =
        std::iter::once(&known.experiment).chain(executed.map(|execution| &execution.experiment));
    let mut tried = BTreeSet::new();
    for name in names {
        if let Some(experiment) = workspace.definitions().experiments.get(name)
            && let Some(model) = &experiment.registers
        {
            return Ok((experiment, model));
        }
        tried.insert(name.as_str());
    }
    let names: Vec<&str> = tried.into_iter().collect();
    let error = Error::usage(format!(
        "run {} competes for no model: {} registers none",
        known.run.short(),
        names.join(", ")
    ));
    Err(
        match workspace
            .definitions()
            .experiments
            .contains_key(&known.experiment)
        {
            true => error.help(format!(
                "write `registers = \"MODEL\"` in experiments/{}.toml",
                known.experiment
            )),
            false => error.help(format!(
                "the working tree has no experiment {}; check out the commit that has it",
                known.experiment
            )),
        },
    )
}

fn never_executed(known: &KnownRun) -> Error {
    Error::new(
        Kind::MissingInput,
        format!("run {} was never executed", known.run.short()),
    )
    .help(format!("`streamflow run {}` executes it", known.experiment))
}

fn facts_of(workspace: &Workspace, known: &KnownRun, registry: &Registry) -> Result<GateFacts> {
    let mut pinned = BTreeMap::new();
    for (stage, pin) in &registry.pins {
        let run = run::find_known(workspace, pin.run)?;
        let results = run.and_then(|run| run.results);
        pinned.insert(*stage, results.map(|results| results.metrics));
    }
    let identity = known.record.identity();
    let found = run::find_commit(workspace, &identity, known.commit())?;
    // A lock can be edited; what was executed here is what counts.
    let executed = known.shown_execution().map(|execution| &execution.metrics);
    Ok(GateFacts {
        metrics: executed.unwrap_or(known.metrics()).clone(),
        pinned,
        reproduction: reproduction_of(known),
        commit: found.and_then(|found| found.commit),
    })
}

/// Whether a run came out the same again; two different outputs outweigh any proof.
fn reproduction_of(known: &KnownRun) -> Reproduction {
    if Disagreement::of(known).is_some_and(|disagreement| !disagreement.settled) {
        return Reproduction::Diverged;
    }
    let proof = run::proofs(&known.executions)
        .iter()
        .rfind(|execution| execution.reproduced);
    proof.map_or(Reproduction::Never, |execution| {
        Reproduction::Reproduced(execution.at)
    })
}

/// The error of gates that do not hold, with all of them and how to go on.
fn refused(promotion: &Promotion, known: &KnownRun) -> Option<Error> {
    let refused: Vec<&GateResult> = promotion.gates.iter().filter(|gate| !gate.held).collect();
    if refused.is_empty() {
        return None;
    }
    let run = &known.run.to_string()[..8];
    let width = refused
        .iter()
        .map(|gate| gate.gate.chars().count())
        .max()
        .unwrap_or(0);
    let lines = refused
        .iter()
        .map(|gate| format!("{:<width$}  {}", gate.gate, gate.detail));
    let mut error = Error::new(
        Kind::GateRefused,
        format!(
            "run {} does not pass {} of {} gates of {}",
            known.run.short(),
            refused.len(),
            promotion.gates.len(),
            promotion.stage
        ),
    )
    .details(lines);
    let ways: BTreeSet<WayOut> = refused.iter().filter_map(|gate| gate.way_out).collect();
    for way in &ways {
        error = error.help(match way {
            WayOut::Replay => format!("`streamflow replay {run}` proves that it comes out again"),
            WayOut::Commit => "commit the definitions of this run".to_string(),
            WayOut::Settle => format!(
                "`streamflow run {} --no-cache --accept` settles on what this machine gives; then replay it",
                promotion.experiment
            ),
        });
    }
    if refused.iter().any(|gate| gate.way_out.is_none()) {
        error = error.help(format!(
            "promote another run, or change [promote] in experiments/{}.toml",
            promotion.experiment
        ));
    }
    Some(error)
}
