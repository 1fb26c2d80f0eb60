//! `streamflow diff`.

use super::Context;
use super::arguments::DiffArguments;
use super::output::Output;
use crate::error::Result;
use crate::report;
use crate::run;

/// Compares two runs, causes first.
pub fn diff(context: &Context, arguments: &DiffArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let a = run::find_reference(&workspace, &arguments.a)?;
    let b = run::find_reference(&workspace, &arguments.b)?;
    let diff = run::diff(&workspace, &a, &b)?;
    Ok(Output::new(report::diff_text(&diff, &a, &b), &diff))
}
