//! `streamflow promote`.

use super::Context;
use super::arguments::PromoteArguments;
use super::output::Output;
use crate::definition::{AliasName, InvalidName, Stage, Standing};
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::online::{self, Shift};
use crate::registry::{self, DriftFact, Promote, SignatureKey};
use crate::report;
use crate::run::{self, KnownRun};
use crate::workspace::Workspace;

/// What is to be done with the run.
enum Task {
    Pin(Stage),
    TakeOut(Standing),
    SetAlias(AliasName),
    RemoveAlias(AliasName),
    Approve,
}

/// Pins a run to a stage if its gates hold, takes it out of the stages, or moves an alias.
pub fn promote(context: &Context, arguments: &PromoteArguments) -> Result<Output> {
    let task = task_of(arguments)?;
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, &arguments.run)?;
    let reason = arguments.reason.as_str();
    match task {
        Task::Pin(stage) => pin(&workspace, &known, stage, arguments),
        Task::TakeOut(to) => {
            let demotion = registry::demote(&workspace, &known, to, reason)?;
            let document = report::demotion_document(&demotion);
            Ok(Output::new(report::demotion_text(&demotion), &document))
        }
        Task::SetAlias(alias) => {
            let change = registry::set_alias(&workspace, &known, &alias, reason)?;
            let document = report::alias_document(&change);
            Ok(Output::new(report::alias_text(&change), &document))
        }
        Task::Approve => {
            let approval = registry::approve(&workspace, &known, reason)?;
            let document = report::approval_document(&approval);
            Ok(Output::new(report::approval_text(&approval), &document))
        }
        Task::RemoveAlias(alias) => {
            let change = registry::remove_alias(&workspace, &known, &alias, reason)?;
            let document = report::alias_document(&change);
            Ok(Output::new(report::alias_text(&change), &document))
        }
    }
}

fn task_of(arguments: &PromoteArguments) -> Result<Task> {
    let wrong = |error: InvalidName| Error::usage(error.to_string());
    let alias = |text: &str| text.parse::<AliasName>().map_err(wrong);
    let PromoteArguments {
        to,
        alias: set,
        remove_alias,
        ..
    } = arguments;
    if arguments.approve {
        return Ok(Task::Approve);
    }
    match (to, set, remove_alias) {
        (_, Some(name), _) => Ok(Task::SetAlias(alias(name)?)),
        (_, _, Some(name)) => Ok(Task::RemoveAlias(alias(name)?)),
        (to, None, None) => {
            let word = to.as_deref().unwrap_or_default();
            let standing: Standing = word.parse().map_err(wrong)?;
            match standing.stage() {
                Some(stage) => Ok(Task::Pin(stage)),
                None if arguments.override_gates => Err(Error::usage(format!(
                    "no gates are asked to take a run out to {standing}"
                ))
                .help("leave `--override-gates` away")),
                None if arguments.sign.is_some() => Err(Error::usage(
                    "a run that is taken out is vouched for by nobody",
                )
                .help("leave `--sign` away")),
                None => Ok(Task::TakeOut(standing)),
            }
        }
    }
}

fn pin(
    workspace: &Workspace,
    known: &KnownRun,
    stage: Stage,
    arguments: &PromoteArguments,
) -> Result<Output> {
    let key = arguments
        .sign
        .as_deref()
        .map(SignatureKey::read)
        .transpose()?;
    let obstacle = |known: &KnownRun| match stage {
        Stage::Production => materialized_features_missing(workspace, known),
        Stage::Staging => Ok(None),
    };
    let drift = |known: &KnownRun| {
        Ok(match online::largest_shift(workspace, known)? {
            Ok(Shift {
                psi,
                feature,
                as_of,
            }) => DriftFact::Found {
                psi,
                of: format!("{feature}, from its train rows to {as_of}"),
            },
            Err(why) => DriftFact::Unknown(why),
        })
    };
    let asked = Promote {
        stage,
        reason: &arguments.reason,
        override_gates: arguments.override_gates,
        key: key.as_ref(),
        drift: &drift,
        obstacle: &obstacle,
    };
    let (promotion, error) = registry::promote(workspace, known, &asked)?;
    let mut output = Output::new(
        report::promotion_text(&promotion),
        &report::promotion_document(&promotion),
    );
    output.error = error;
    Ok(output)
}

/// The error of values that serve now and would not do for the run.
fn materialized_features_missing(workspace: &Workspace, known: &KnownRun) -> Result<Option<Error>> {
    let lacking = online::lacks_features(workspace, known.run)?.unwrap_or_default();
    if lacking.is_empty() {
        return Ok(None);
    }
    let run = known.run.short();
    let error = Error::new(
        Kind::MissingInput,
        format!("the materialized values lack features of run {run}"),
    )
    .details(lacking.iter().map(ToString::to_string))
    .help("`streamflow materialize` computes those of the working tree and of every pinned run")
    .help(format!(
        "of other definitions, pin the run first: `streamflow promote {run} --to staging --reason TEXT`"
    ));
    Ok(Some(error))
}
