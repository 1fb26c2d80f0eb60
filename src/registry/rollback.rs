//! Rollback: Production goes back to the promotion before.

use std::collections::BTreeSet;

use super::log;
use super::promote::reason_of;
use super::signature::SignatureKey;
use super::stack::{Pinning, stack_of};
use super::stage::{self, Registry};
use super::transition::{Transition, TransitionKind};
use crate::code::Code;
use crate::definition::{ModelName, Stage};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, RunId, TransitionHash};
use crate::lockfile::{Outputs, Pin, PinFile, pin_path};
use crate::run;
use crate::workspace::Workspace;

/// A rollback that was made.
#[derive(Debug, Clone)]
pub struct Rollback {
    pub model: ModelName,
    /// What stood in Production until now.
    pub before: Pin,
    pub transition: Transition,
    pub notices: Vec<String>,
}

/// Pins Production to the run of the previous promotion. Gates are not asked: it was promoted.
///
/// # Errors
/// [`Kind::Failure`] when there is no earlier promotion; [`Kind::MissingInput`] when there may be
/// one, and neither the log of this store nor git history knows it.
pub fn rollback(
    workspace: &Workspace,
    model: &ModelName,
    reason: &str,
    key: Option<&SignatureKey>,
) -> Result<Rollback> {
    let reason = reason_of(reason)?;
    let stage = Stage::Production;
    let mut registry = Registry::open(workspace, model)?;
    let notices = registry.notice().into_iter().collect();
    let Some(before) = registry.file.pins.get(&stage).cloned() else {
        return Err(Error::failure(format!(
            "nothing to go back from: no run of {model} is pinned to {stage}"
        ))
        .help(format!(
            "`streamflow promote RUN --to {stage} --reason TEXT` pins one"
        )));
    };
    let target = previous(workspace, model, &registry, &before)?;
    let decision = registry.pinning(TransitionKind::Rollback, target, stage, reason);
    let signer = match key {
        Some(key) => Some((key, outputs_of(workspace, target)?)),
        None => None,
    };
    let transition = registry.record_signed(decision, signer)?;
    Ok(Rollback {
        model: model.clone(),
        before,
        transition,
        notices,
    })
}

/// What a run gave, which is signed with it.
fn outputs_of(workspace: &Workspace, run: RunId) -> Result<Outputs> {
    let known = run::find_known(workspace, run)?;
    known.and_then(|known| known.outputs()).ok_or_else(|| {
        Error::new(
            Kind::MissingInput,
            format!(
                "what run {} gave is not known here, so it cannot be signed",
                run.short()
            ),
        )
        .help("fetch the history that holds its lock, or the store it was executed in")
    })
}

/// The run that stood in Production before the present pin.
fn previous(
    workspace: &Workspace,
    model: &ModelName,
    registry: &Registry,
    current: &Pin,
) -> Result<RunId> {
    let mut known = committed_files(workspace, model)?;
    known.push(registry.file.clone());
    let pinnings = pinnings(&registry.log, &known, current.sequence);
    let stack = stack_of(&pinnings);
    if let Some(below) = stack.len().checked_sub(2) {
        return Ok(stack[below]);
    }
    let mut sequences: BTreeSet<u64> = known.iter().flat_map(PinFile::sequences).collect();
    sequences.extend(registry.log.iter().map(|transition| transition.sequence));
    let complete = (1..=current.sequence).all(|sequence| sequences.contains(&sequence));
    let run = current.run.short();
    Err(match complete {
        true => Error::failure(format!(
            "nothing to go back to: {run} is the first run of {model} in production"
        ))
        .help("`streamflow promote RUN --to production --reason TEXT` pins another"),
        false => Error::new(
            Kind::MissingInput,
            format!("what stood in production of {model} before {run} is not known here"),
        )
        .detail("neither the log of this store nor the git history of its pin file tells")
        .help("roll back where the promotions were made, or promote the run by its hash"),
    })
}

/// The runs that stand below each other in Production: what rollbacks could go back to, one after
/// the other, by the log and by every committed pin file.
pub fn returnable(workspace: &Workspace, model: &ModelName) -> Result<Vec<RunId>> {
    let log = log::transitions(workspace.store().catalog(), model)?;
    let mut known = committed_files(workspace, model)?;
    known.push(stage::pin_file(workspace, model)?);
    let mut in_production = known
        .iter()
        .rev()
        .filter_map(|file| file.pins.get(&Stage::Production));
    let current = in_production.next().map_or(u64::MAX, |pin| pin.sequence);
    // Where the file was put back to an older one, both pasts can be gone back into.
    let mut runs = stack_of(&pinnings(&log, &known, current));
    runs.extend(stack_of(&pinnings(&log, &known, u64::MAX)));
    Ok(runs)
}

/// Everything that was put into Production, or set aside, up to a transition: of the log, and what
/// only pin files tell of.
fn pinnings(log: &[Transition], known: &[PinFile], until: u64) -> Vec<Pinning> {
    let decides = |transition: &&Transition| {
        transition.stage() == Some(Stage::Production) || transition.kind == TransitionKind::Demotion
    };
    let mut pinnings: Vec<Pinning> = log.iter().filter(decides).map(Pinning::from).collect();
    let mut hashes: Vec<TransitionHash> = log.iter().map(|transition| transition.hash).collect();
    for pin in known
        .iter()
        .filter_map(|file| file.pins.get(&Stage::Production))
    {
        if !hashes.contains(&pin.hash) {
            hashes.push(pin.hash);
            pinnings.push(Pinning {
                sequence: pin.sequence,
                run: pin.run,
                kind: None,
                replaced: None,
            });
        }
    }
    pinnings.retain(|pinning| pinning.sequence <= until);
    pinnings.sort_by_key(|pinning| pinning.sequence);
    pinnings
}

/// The pin files of every commit that changed it, the oldest first.
fn committed_files(workspace: &Workspace, model: &ModelName) -> Result<Vec<PinFile>> {
    let path = pin_path(model);
    let code = Code::discover(workspace.root())?;
    let mut files = Vec::new();
    for commit in code.history(&[path.as_str()])?.iter().rev() {
        if let Some(text) = code.file_at(&commit.id.to_string(), &path)?
            && let Ok(file) = PinFile::parse(&path, &text)
        {
            files.push(file);
        }
    }
    Ok(files)
}
