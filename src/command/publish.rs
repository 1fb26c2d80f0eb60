//! `streamflow export --to postgres`.

use super::Context;
use super::arguments::{ExportArguments, Format};
use super::ingest::date;
use super::output::Output;
use crate::error::{Error, Result};
use crate::host::Stopwatch;
use crate::publish;
use crate::report;

const URL_VARIABLE: &str = "STREAMFLOW_POSTGRES";
const SCHEMA: &str = "streamflow";

/// Writes a snapshot and the online values as tables of a database.
pub fn publish(context: &Context, arguments: &ExportArguments) -> Result<Output> {
    if !matches!(context.printer.format(), Format::Text | Format::Json) {
        return Err(
            Error::usage("neither a model nor a statement about a run goes to a database").help(
                "`streamflow export --to postgres` exports tables, with `--format text` or json",
            ),
        );
    }
    let as_of = arguments.as_of.as_deref().map(date).transpose()?;
    let workspace = context.workspace()?;
    let watch = Stopwatch::start();
    let variable = arguments.url_env.as_deref().unwrap_or(URL_VARIABLE);
    let schema = arguments.schema.as_deref().unwrap_or(SCHEMA);
    let done = publish::publish(&workspace, variable, schema, as_of)?;
    let seconds = watch.seconds();
    Ok(Output::new(
        report::published_text(&done, seconds),
        &report::published_document(&done, seconds),
    ))
}
