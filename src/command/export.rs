//! `streamflow export RUN`: statements about a run.

use std::path::Path;

use serde_json::json;

use super::Context;
use super::arguments::{ExportArguments, Format};
use super::output::Output;
use super::publish::publish;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::Digest;
use crate::report;
use crate::run;

/// Writes a statement about a run to standard output, or into a file.
pub fn export(context: &Context, arguments: &ExportArguments) -> Result<Output> {
    if let Some(destination) = arguments.to {
        return publish(context, arguments, destination);
    }
    let format = context.printer.format();
    if !format.is_statement() {
        return Err(Error::usage("export needs a format for others")
            .help("`--format slsa` is provenance, `--format model-card` a card in Markdown"));
    }
    let workspace = context.workspace()?;
    let run = arguments.run.as_deref().unwrap_or_default();
    let known = run::find_reference(&workspace, run)?;
    let statement = run::statement(&workspace, &known)?;
    let text = match format {
        Format::ModelCard => report::model_card(&statement),
        _ => format!("{:#}\n", report::provenance(&statement)),
    };
    let file = arguments.output.as_deref();
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        return Ok(Output::new(text, &json!({})));
    };
    fsio::write_atomic(file, text.as_bytes())?;
    let words = format!(
        "{} of run {} written to {}\n",
        format.as_str(),
        known.run.short(),
        file.display()
    );
    Ok(Output::new(words, &json!({})))
}
