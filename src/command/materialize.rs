//! `streamflow materialize`.

use super::Context;
use super::arguments::MaterializeArguments;
use super::ingest::date;
use super::output::Output;
use crate::error::Result;
use crate::host::Stopwatch;
use crate::online::{self, Recompute};
use crate::report;
use crate::snapshot::Snapshots;

/// Computes the newest feature values at a date.
pub fn materialize(context: &Context, arguments: &MaterializeArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let watch = Stopwatch::start();
    let as_of = match &arguments.as_of {
        Some(text) => date(text)?,
        None => online::default_date(&Snapshots {
            workspace: &workspace,
            definitions: workspace.definitions(),
        })?,
    };
    let recompute = match arguments.full {
        true => Recompute::All,
        false => Recompute::Missing,
    };
    let done = online::materialize(&workspace, as_of, recompute)?;
    let seconds = watch.seconds();
    Ok(Output::new(
        report::materialized_text(&done, seconds),
        &report::materialized_document(&done, seconds),
    ))
}
