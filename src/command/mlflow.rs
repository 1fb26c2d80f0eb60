//! `streamflow export RUN --to mlflow`.

use super::Context;
use super::arguments::{ExportArguments, Format};
use super::output::Output;
use super::report::portrait_of;
use crate::error::{Error, Result};
use crate::host::Stopwatch;
use crate::mlflow::{self, Pieces, Server};
use crate::{keep, report, run};

/// Writes a run to an MLflow server, or shows what would be written.
pub fn mlflow(context: &Context, arguments: &ExportArguments, uri: Option<&str>) -> Result<Output> {
    if !matches!(context.printer.format(), Format::Text | Format::Json) {
        return Err(
            Error::usage("`--format` and `--to` name two places for one export")
                .help(
                    "`streamflow export RUN --to mlflow URI` takes the model as ONNX, \
                 and everything else, to MLflow",
                )
                .help("`streamflow export RUN --format onnx -o FILE` writes the model into a file"),
        );
    }
    let Some(word) = &arguments.run else {
        return Err(no_run(uri));
    };
    let client = mlflow::client(mlflow::address(uri)?)?;
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, word)?;
    let pieces = Pieces {
        page: report::portrait_page(&portrait_of(&workspace, &known)?),
        lock: keep::lock_of(&workspace, &known)?,
    };
    let export = mlflow::export(&workspace, &known, pieces)?;
    let address = client.address().clone();
    if arguments.dry_run {
        return Ok(Output::new(
            report::mlflow_plan_text(&export, &address),
            &report::mlflow_plan_document(&export, &address),
        ));
    }
    let watch = Stopwatch::start();
    let written = mlflow::write(&Server::new(client), &export)?;
    let seconds = watch.seconds();
    Ok(Output::new(
        report::mlflow_text(&export, &written, &address, seconds),
        &report::mlflow_document(&export, &written, &address, seconds),
    ))
}

/// `export --to mlflow RUN` takes the run for a URI.
fn no_run(uri: Option<&str>) -> Error {
    let run = uri.filter(|uri| !uri.contains("://")).unwrap_or("RUN");
    Error::usage("`--to mlflow` takes a run to a server, and no run is named").help(format!(
        "`streamflow export {run} --to mlflow http://HOST:5000`"
    ))
}
