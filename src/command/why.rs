//! `streamflow why`.

use super::Context;
use super::arguments::NameArgument;
use super::output::Output;
use crate::error::Result;
use crate::report;
use crate::run;

/// Says what would execute now, and which changed input is the reason.
pub fn why(context: &Context, arguments: &NameArgument) -> Result<Output> {
    let workspace = context.workspace()?;
    let experiment = run::find_experiment(workspace.definitions(), &arguments.name)?;
    let why = run::why(&workspace, experiment)?;
    Ok(Output::new(
        report::why_text(&why),
        &report::why_document(&why),
    ))
}
