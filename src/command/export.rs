//! `streamflow export RUN`: statements about a run, and its model for other programs.

use std::path::Path;

use serde_json::json;

use super::Context;
use super::arguments::{Destination, ExportArguments, Format};
use super::get::to_standard_output;
use super::mlflow::mlflow;
use super::output::Output;
use super::publish::publish;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::Digest;
use crate::learn::OnnxForm;
use crate::report;
use crate::run::{self, KnownRun};
use crate::workspace::Workspace;

/// Writes a run for others to standard output, or into a file.
pub fn export(context: &Context, arguments: &ExportArguments) -> Result<Output> {
    match arguments.destination()? {
        Some(Destination::Postgres) => return publish(context, arguments),
        Some(Destination::Mlflow(uri)) => return mlflow(context, arguments, uri),
        None => {}
    }
    let format = context.printer.format();
    let file = arguments.output.as_deref();
    let file = file.filter(|file| *file != Path::new("-"));
    let is_onnx = file.is_some_and(|file| file.extension().is_some_and(|end| end == "onnx"));
    if !format.is_for_others() && !is_onnx {
        return Err(Error::usage("export needs a format for others").help(
            "`--format slsa` is provenance, `--format model-card` a card in Markdown, `--format onnx` or \
             `-o FILE.onnx` the model for other programs",
        ));
    }
    let workspace = context.workspace()?;
    let run = arguments.run.as_deref().unwrap_or_default();
    let known = run::find_reference(&workspace, run)?;
    let text = match format {
        Format::ModelCard => report::model_card(&run::statement(&workspace, &known)?),
        Format::Slsa => {
            let statement = run::statement(&workspace, &known)?;
            format!("{:#}\n", report::provenance(&statement))
        }
        _ => return model(context, &workspace, &known, file),
    };
    let Some(file) = file else {
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

/// The model as ONNX.
fn model(
    context: &Context,
    workspace: &Workspace,
    known: &KnownRun,
    file: Option<&Path>,
) -> Result<Output> {
    let onnx = run::onnx_of(workspace, known, OnnxForm::Columns)?;
    let Some(file) = file else {
        return to_standard_output(context, &onnx.bytes);
    };
    fsio::write_atomic(file, &onnx.bytes)?;
    let size = onnx.bytes.len() as u64;
    let text = report::onnx_text(known, file, size, &onnx);
    let document = json!({
        "run": known.run,
        "format": Format::Onnx.as_str(),
        "file": file,
        "bytes": size,
        "inputs": onnx.inputs,
        "outputs": onnx.outputs,
    });
    Ok(Output::new(text, &document))
}
