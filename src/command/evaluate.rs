//! `streamflow evaluate`.

use super::Context;
use super::arguments::EvaluateArguments;
use super::ingest::date;
use super::output::Output;
use crate::error::{Error, Result};
use crate::report;
use crate::run;

/// Judges logged predictions by the labels of a date.
pub fn evaluate(context: &Context, arguments: &EvaluateArguments) -> Result<Output> {
    if !arguments.live {
        return Err(
            Error::usage("`evaluate` judges what was served: it needs `--live`")
                .help("`streamflow evaluate --live --labels DATE`")
                .help("`streamflow show RUN` has the metrics of a run's test rows"),
        );
    }
    let labels = date(&arguments.labels)?;
    let workspace = context.workspace()?;
    let model = arguments.model.as_deref();
    let model = model
        .map(|name| run::find_model(&workspace, name))
        .transpose()?;
    let found = run::hindsight(&workspace, model.as_ref(), labels)?;
    Ok(Output::new(
        report::hindsight_text(&found),
        &report::hindsight_document(&found),
    ))
}
