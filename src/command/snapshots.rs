//! `streamflow snapshots`.

use super::Context;
use super::output::Output;
use crate::error::Result;
use crate::report;
use crate::snapshot::Snapshots;

/// Lists the newest revision of every date.
pub fn snapshots(context: &Context) -> Result<Output> {
    let workspace = context.workspace()?;
    let definitions = workspace.definitions();
    let all = Snapshots {
        workspace: &workspace,
        definitions,
    }
    .all()?;
    Ok(Output::new(
        report::snapshots_text(&all),
        &report::snapshots_document(&all),
    ))
}
