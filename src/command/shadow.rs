//! `streamflow shadow`.

use super::Context;
use super::arguments::ShadowArguments;
use super::ingest::date;
use super::output::Output;
use crate::compared::{self, Wanted};
use crate::error::{Error, Kind, Result};
use crate::report;
use crate::run;
use crate::workspace::Workspace;

/// Shows how the staged run compares with the one in production, on the requests that were served.
pub fn shadow(context: &Context, arguments: &ShadowArguments) -> Result<Output> {
    let since = arguments.since.as_deref().map(date).transpose()?;
    let workspace = context.workspace()?;
    let model = arguments.model.as_deref();
    let model = model
        .map(|name| run::find_model(&workspace, name))
        .transpose()?;
    let wanted = Wanted { model, since };
    let pairs = compared::evidence(workspace.store().path(), &wanted)?;
    if pairs.is_empty() {
        return Err(nothing(&workspace, &wanted)?);
    }
    Ok(Output::new(
        report::shadow_text(&pairs),
        &report::shadow_document(&pairs),
    ))
}

/// The error where there are no rows, with what leads to some.
fn nothing(workspace: &Workspace, wanted: &Wanted) -> Result<Error> {
    let of_model = wanted.model.as_ref();
    let of_model = of_model.map_or(String::new(), |model| format!(" of {model}"));
    let since = wanted.since;
    let since = since.map_or(String::new(), |since| format!(" since {since}"));
    let message = format!("no two runs{of_model} were compared{since}");
    let error = Error::new(Kind::MissingInput, message);
    if let Some(day) = compared::recorded_until(workspace.store().path())? {
        return Ok(error.help(format!("the last rows in this store are of {day}")));
    }
    Ok(match workspace.definitions().project.serve.shadow {
        true => error.help("`streamflow serve` compares what it answers with what a run in staging says: promote one, and ask"),
        false => error.help("`shadow = \"staging\"` under [serve] lets `streamflow serve` ask the run in staging about everything that is answered"),
    })
}
