//! `streamflow export --to postgres`.

use super::Context;
use super::arguments::{Destination, ExportArguments, Format};
use super::ingest::date;
use super::output::Output;
use crate::error::{Error, Result};
use crate::host::Stopwatch;
use crate::publish;
use crate::report;

/// Writes a snapshot and the online values as tables of a database.
pub fn publish(
    context: &Context,
    arguments: &ExportArguments,
    destination: Destination,
) -> Result<Output> {
    let Destination::Postgres = destination;
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
    let done = publish::publish(&workspace, &arguments.url_env, &arguments.schema, as_of)?;
    let seconds = watch.seconds();
    Ok(Output::new(
        report::published_text(&done, seconds),
        &report::published_document(&done, seconds),
    ))
}
