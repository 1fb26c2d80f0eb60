//! Taking a run out of the stages of its model.

use super::promote::{Outcome, model_of, reason_of};
use super::stage::Registry;
use super::transition::TransitionKind;
use crate::definition::{ModelName, Stage, Standing};
use crate::error::{Error, Result};
use crate::hash::RunId;
use crate::run::KnownRun;
use crate::workspace::Workspace;

/// A run that left the stages.
#[derive(Debug, Clone)]
pub struct Demotion {
    pub model: ModelName,
    pub run: RunId,
    /// Archived, or nothing.
    pub to: Standing,
    /// Where it stood until now, production first.
    pub left: Vec<Stage>,
    pub outcome: Outcome,
    pub notices: Vec<String>,
}

/// Takes a run out of whatever stages it stands in, and archives it or forgets that it ever was;
/// approvals that nobody has used are withdrawn. No gates are asked. A run that stands nowhere may be archived too.
///
/// # Errors
/// `to` is a stage, the reason is empty, or the run belongs to no model.
pub fn demote(
    workspace: &Workspace,
    known: &KnownRun,
    to: Standing,
    reason: &str,
) -> Result<Demotion> {
    let reason = reason_of(reason)?;
    if to.stage().is_some() {
        return Err(Error::usage(format!(
            "a run is promoted to {to}, not taken out to it"
        )));
    }
    let model = model_of(workspace, known)?;
    let mut registry = Registry::open(workspace, &model)?;
    let left: Vec<Stage> = registry.stages_of(known.run).collect();
    let mut demotion = Demotion {
        model: model.clone(),
        run: known.run,
        to,
        outcome: Outcome::Unchanged,
        notices: registry.notice().into_iter().collect(),
        left,
    };
    let archived = registry.is_archived(known.run);
    let mut approvals = registry.file.approvals.iter();
    let approved = approvals.any(|approval| approval.run == known.run);
    if demotion.left.is_empty() && !approved && archived == (to == Standing::Archived) {
        return Ok(demotion);
    }
    let mut decision = registry.decision(TransitionKind::Demotion, known.run, reason);
    decision.from = demotion.left.first().copied();
    decision.to = Some(to);
    decision.archived = (to == Standing::Archived).then_some(known.run);
    let transition = registry.record(decision)?;
    if demotion.left.contains(&Stage::Production) {
        demotion.notices.push(format!(
            "nothing of {model} is in production now: a server that runs keeps answering with \
             what it has, and answers 503 once it is started anew"
        ));
    }
    demotion.outcome = Outcome::Promoted(Box::new(transition));
    Ok(demotion)
}
