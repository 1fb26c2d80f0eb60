//! Promotion: the gates are asked, then the run is pinned.

use std::collections::{BTreeMap, BTreeSet};

use super::approval::approved_by;
use super::gate::{DriftFact, GateFacts, GateResult, Reproduction, ShadowFact, WayOut, evaluate};
use super::signature::SignatureKey;
use super::stage::{Registry, pin_file};
use super::transition::{Transition, TransitionKind};
use crate::compared::{self, Wanted};
use crate::definition::{Experiment, Gate, ModelName, Stage};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, RunId};
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

impl Outcome {
    /// The entry of the log, where something was done.
    pub fn transition(&self) -> Option<&Transition> {
        match self {
            Self::Promoted(transition) => Some(transition),
            Self::Unchanged | Self::Refused => None,
        }
    }
}

/// What is asked for beside the run.
pub struct Promote<'a> {
    pub stage: Stage,
    pub reason: &'a str,
    /// Pins the run also where gates do not hold. It needs its approvals all the same.
    pub override_gates: bool,
    /// Vouches for the promotion.
    pub key: Option<&'a SignatureKey>,
    /// How far the newest values have moved from those of the run.
    pub drift: &'a dyn Fn(&KnownRun) -> Result<DriftFact>,
    /// Finds what stands against a run whose gates hold.
    pub obstacle: &'a dyn Fn(&KnownRun) -> Result<Option<Error>>,
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

/// Pins a run to a stage, if its gates hold or are overridden, and nothing stands against it.
///
/// A run that is refused gives both the promotion, with every gate's answer, and the error.
///
/// # Errors
/// The run's experiment registers no model, or the run has never been executed.
pub fn promote(
    workspace: &Workspace,
    known: &KnownRun,
    asked: &Promote,
) -> Result<(Promotion, Option<Error>)> {
    let reason = reason_of(asked.reason)?;
    let stage = asked.stage;
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
        before: registry.file.pins.get(&stage).cloned(),
        notices: registry.notice().into_iter().collect(),
        disagreement: Disagreement::of(known),
    };
    if promotion
        .before
        .as_ref()
        .is_some_and(|pin| stands(pin, known, asked))
    {
        return Ok((promotion, None));
    }
    let judged = judge(
        workspace,
        known,
        &registry,
        experiment,
        asked,
        &mut promotion,
    )?;
    let error = match judged.refusal {
        Some(error) => Some(error),
        None => (asked.obstacle)(known)?,
    };
    if error.is_some() {
        promotion.outcome = Outcome::Refused;
        return Ok((promotion, error));
    }
    let mut decision = registry.pinning(TransitionKind::Promotion, known.run, stage, reason);
    decision.gates.clone_from(&promotion.gates);
    decision.overridden = judged.overridden;
    decision.approved_by = judged.approved_by;
    let signer = asked.key.zip(known.outputs());
    let transition = registry.record_signed(decision, signer)?;
    promotion.outcome = Outcome::Promoted(Box::new(transition));
    Ok((promotion, None))
}

/// What became of a promotion's gates.
struct Judgement {
    /// Some did not hold, and the run is pinned all the same.
    overridden: bool,
    /// Whose approvals it uses.
    approved_by: Vec<String>,
    refusal: Option<Error>,
}

/// Asks every gate, and whether enough people approve of a run that is to go to production.
fn judge(
    workspace: &Workspace,
    known: &KnownRun,
    registry: &Registry,
    experiment: &Experiment,
    asked: &Promote,
    promotion: &mut Promotion,
) -> Result<Judgement> {
    let gates = experiment
        .gates
        .get(&asked.stage)
        .map_or(&[][..], Vec::as_slice);
    let facts = facts_of(workspace, known, registry, gates, asked)?;
    promotion.gates = evaluate(gates, &facts);
    let fails = promotion.gates.iter().any(|gate| !gate.held);
    let overridden = asked.override_gates && fails;
    if asked.override_gates && !fails {
        let notice = "every gate holds: nothing was overridden".to_string();
        promotion.notices.push(notice);
    }
    // One that stands there already and is to be signed has been approved.
    let enters = promotion
        .before
        .as_ref()
        .is_none_or(|pin| pin.run != known.run);
    let approved_by = match asked.stage {
        Stage::Production if enters => approved_by(registry, known.run),
        _ => Vec::new(),
    };
    let needed = experiment.approvals;
    let mut approved = true;
    if needed > 0 && asked.stage == Stage::Production && enters {
        let approvals = approvals(needed, &approved_by);
        approved = approvals.held;
        promotion.gates.push(approvals);
    }
    Ok(Judgement {
        overridden,
        approved_by,
        refusal: refused(promotion, known).filter(|_| !(overridden && approved)),
    })
}

/// Whether nothing is to be done: the run is pinned, and by whoever is to vouch for it.
fn stands(pin: &Pin, known: &KnownRun, asked: &Promote) -> bool {
    let signed_with = pin.signature.as_ref().map(|signature| &signature.key);
    let vouched_for = asked
        .key
        .is_none_or(|key| signed_with == Some(&key.public()));
    pin.run == known.run && vouched_for
}

/// How many people must approve, answered as a gate.
fn approvals(needed: u32, approved_by: &[String]) -> GateResult {
    let count = approved_by.len();
    let held = count >= needed as usize;
    let detail = match approved_by.is_empty() {
        true => format!("0 of {needed}"),
        false => format!("{count} of {needed}: {}", approved_by.join(", ")),
    };
    GateResult {
        gate: format!("approvals = {needed}"),
        held,
        detail,
        value: Some(count as f64),
        limit: Some(f64::from(needed)),
        way_out: Some(WayOut::Approve),
    }
}

/// A reason on one line; there has to be one.
pub(super) fn reason_of(text: &str) -> Result<String> {
    let reason = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(Error::usage("the reason is empty")
            .help("`--reason TEXT` tells those who come later why; one sentence is enough"));
    }
    if reason.chars().any(char::is_control) {
        return Err(Error::usage("the reason holds control characters")
            .help("write it as plain text; screens show it later"));
    }
    Ok(reason)
}

/// The experiment of the working tree whose model the run competes for. Several may be one run:
/// the one it was named by comes first, then those that executed it, the last first.
pub(super) fn registering<'a>(
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

/// The model a run belongs to: the one it competes for, else the only one that points at it.
pub(super) fn model_of(workspace: &Workspace, known: &KnownRun) -> Result<ModelName> {
    let error = match registering(workspace, known) {
        Ok((_, model)) => return Ok(model.clone()),
        Err(error) => error,
    };
    let mut pointing = Vec::new();
    for model in run::models(workspace)? {
        if pin_file(workspace, &model)?
            .runs()
            .any(|run| run == known.run)
        {
            pointing.push(model);
        }
    }
    match (pointing.pop(), pointing.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(error),
    }
}

pub(super) fn never_executed(known: &KnownRun) -> Error {
    Error::new(
        Kind::MissingInput,
        format!("run {} was never executed", known.run.short()),
    )
    .help(format!("`streamflow run {}` executes it", known.experiment))
}

fn facts_of(
    workspace: &Workspace,
    known: &KnownRun,
    registry: &Registry,
    gates: &[Gate],
    asked: &Promote,
) -> Result<GateFacts> {
    let mut pinned = BTreeMap::new();
    for (stage, pin) in &registry.file.pins {
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
        leaks: run::leaks_of(workspace, known)?,
        drift: match gates.iter().any(|gate| matches!(gate, Gate::Drift { .. })) {
            true => Some((asked.drift)(known)?),
            false => None,
        },
        shadow: match gates.iter().any(|gate| matches!(gate, Gate::Shadow { .. })) {
            true => Some(shadow_of(workspace, known, registry)?),
            false => None,
        },
    })
}

/// What servers on this store recorded of a run beside the one that is in production now.
fn shadow_of(workspace: &Workspace, known: &KnownRun, registry: &Registry) -> Result<ShadowFact> {
    let Some(production) = registry.file.pins.get(&Stage::Production) else {
        return Ok(ShadowFact::NoProduction);
    };
    let wanted = Wanted {
        model: Some(registry.model.clone()),
        since: None,
    };
    let all = compared::evidence(workspace.store().path(), &wanted)?;
    let found = all
        .iter()
        .find(|found| (found.runs.run, found.runs.staged) == (production.run, known.run));
    Ok(ShadowFact::Found {
        compared: found.map_or(0, |found| found.compared),
        agreed: found.map_or(0, |found| found.agreed),
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
            WayOut::Approve => format!(
                "each of those who agree: `streamflow promote {run} --approve --reason TEXT`"
            ),
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
