//! `streamflow replay`.

use super::Context;
use super::arguments::ReferenceArgument;
use super::output::Output;
use super::progress::Progress;
use crate::error::Result;
use crate::report;
use crate::run::{self, ReplayOptions};

/// Executes a run again and says whether everything is as it was.
pub fn replay(context: &Context, arguments: &ReferenceArgument) -> Result<Output> {
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, &arguments.run)?;
    let progress = Progress::new(context.printer, known.experiment.as_str());
    let replayed = run::replay(&workspace, &known, &ReplayOptions::default(), &progress)?;
    let document = report::replayed_document(&replayed);
    let mut output = Output::new(report::replayed_text(&replayed), &document);
    output.error = replayed.error();
    Ok(output)
}
