//! `streamflow promote`.

use super::Context;
use super::arguments::PromoteArguments;
use super::output::Output;
use crate::definition::Stage;
use crate::error::{Error, Result};
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

fn materialized_features_missing(_: &Workspace, _: &KnownRun) -> Result<Option<Error>> {
    Ok(None)
}
