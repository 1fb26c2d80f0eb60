//! `streamflow ingest`.

use super::Context;
use super::arguments::IngestArguments;
use super::output::Output;
use crate::definition::{AsOf, InvalidName};
use crate::error::{Error, Result};
use crate::host::Stopwatch;
use crate::report;
use crate::snapshot::Snapshots;

/// Stamps the snapshot of a date.
pub fn ingest(context: &Context, arguments: &IngestArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let as_of = date(&arguments.as_of)?;
    let watch = Stopwatch::start();
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace: &workspace,
        definitions,
    };
    let done = snapshots.ingest(as_of, arguments.from.as_deref())?;
    let text = report::ingest_text(&done, watch.seconds());
    Ok(Output::new(text, &report::ingest_document(&done)))
}

/// A date of the command line.
pub fn date(text: &str) -> Result<AsOf> {
    text.parse()
        .map_err(|error: InvalidName| Error::usage(error.to_string()))
}
