//! Aliases: free pointers to runs of a model, beside its stages.

use super::promote::{Outcome, model_of, never_executed, reason_of};
use super::stage::Registry;
use super::transition::TransitionKind;
use crate::code::Code;
use crate::definition::{AliasName, ModelName};
use crate::error::{Error, Result, did_you_mean};
use crate::hash::{Digest, RunId};
use crate::lockfile::PinFile;
use crate::run::KnownRun;
use crate::workspace::Workspace;

/// An alias that was set, moved or removed.
#[derive(Debug, Clone)]
pub struct AliasChange {
    pub model: ModelName,
    pub alias: AliasName,
    pub run: RunId,
    /// What it pointed at until now.
    pub before: Option<RunId>,
    pub removed: bool,
    pub outcome: Outcome,
    pub notices: Vec<String>,
}

/// Points an alias at a run. No gates are asked.
///
/// # Errors
/// The run belongs to no model or was never executed, or git has a revision of that name and an
/// experiment is called as the model.
pub fn set_alias(
    workspace: &Workspace,
    known: &KnownRun,
    alias: &AliasName,
    reason: &str,
) -> Result<AliasChange> {
    let reason = reason_of(reason)?;
    let model = model_of(workspace, known)?;
    if known.results.is_none() {
        return Err(never_executed(known));
    }
    refuse_revision(workspace, &model, alias)?;
    let mut registry = Registry::open(workspace, &model)?;
    let before = registry.file.aliases.get(alias).map(|pin| pin.run);
    let mut change = AliasChange {
        model: model.clone(),
        alias: alias.clone(),
        run: known.run,
        before,
        removed: false,
        outcome: Outcome::Unchanged,
        notices: registry.notice().into_iter().collect(),
    };
    if before == Some(known.run) {
        return Ok(change);
    }
    let mut decision = registry.decision(TransitionKind::Alias, known.run, reason);
    decision.alias = Some(alias.clone());
    decision.replaced = before;
    change.outcome = Outcome::Promoted(Box::new(registry.record(decision)?));
    Ok(change)
}

/// Removes an alias from the run it points at.
///
/// # Errors
/// The model has no such alias, or it points at another run.
pub fn remove_alias(
    workspace: &Workspace,
    known: &KnownRun,
    alias: &AliasName,
    reason: &str,
) -> Result<AliasChange> {
    let reason = reason_of(reason)?;
    let model = model_of(workspace, known)?;
    let mut registry = Registry::open(workspace, &model)?;
    let Some(pin) = registry.file.aliases.get(alias) else {
        return Err(unknown_alias(&registry.file, alias.as_str()));
    };
    if pin.run != known.run {
        return Err(Error::usage(format!(
            "{model}@{alias} is run {}, not {}",
            pin.run.short(),
            known.run.short()
        ))
        .help(format!("to remove it, name its run: `{model}@{alias}`")));
    }
    let notices = registry.notice().into_iter().collect();
    let mut decision = registry.decision(TransitionKind::Unalias, known.run, reason);
    decision.alias = Some(alias.clone());
    decision.replaced = Some(known.run);
    Ok(AliasChange {
        alias: alias.clone(),
        run: known.run,
        before: Some(known.run),
        removed: true,
        outcome: Outcome::Promoted(Box::new(registry.record(decision)?)),
        model: model.clone(),
        notices,
    })
}

fn unknown_alias(file: &PinFile, alias: &str) -> Error {
    let names: Vec<&str> = file.aliases.keys().map(AliasName::as_str).collect();
    let error = Error::usage(format!("{} has no alias `{alias}`", file.model));
    let error = match names.is_empty() {
        true => error.detail("it has none at all"),
        false => error.detail(format!("aliases: {}", names.join(", "))),
    };
    match did_you_mean(alias, names) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None => error,
    }
}

/// Where an experiment is called as the model, `NAME@WORD` may mean a git revision.
fn refuse_revision(workspace: &Workspace, model: &ModelName, alias: &AliasName) -> Result<()> {
    let experiments = &workspace.definitions().experiments;
    let revision =
        || Ok::<_, Error>(Code::discover(workspace.root())?.has_revision(alias.as_str()));
    if experiments.contains_key(model.as_str()) && revision()? {
        return Err(Error::usage(format!(
            "`{model}@{alias}` is a git revision of the experiment {model} already"
        ))
        .help("choose another name"));
    }
    Ok(())
}
