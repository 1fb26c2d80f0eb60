//! `streamflow promote`.

use super::Context;
use super::arguments::PromoteArguments;
use super::output::Output;
use crate::definition::Stage;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::online;
use crate::registry;
use crate::report;
use crate::run::{self, KnownRun};
use crate::workspace::Workspace;

/// Pins a run to a stage, if its gates hold.
pub fn promote(context: &Context, arguments: &PromoteArguments) -> Result<Output> {
    let stage: Stage = arguments
        .to
        .parse()
        .map_err(|error: crate::definition::InvalidName| Error::usage(error.to_string()))?;
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, &arguments.run)?;
    let obstacle = |known: &KnownRun| match stage {
        Stage::Production => materialized_features_missing(&workspace, known),
        Stage::Staging => Ok(None),
    };
    let (promotion, error) =
        registry::promote(&workspace, &known, stage, &arguments.reason, &obstacle)?;
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
