//! `streamflow gc`.

use super::Context;
use super::arguments::GcArguments;
use super::output::Output;
use crate::definition::Age;
use crate::error::{Error, Result};
use crate::keep::{self, GcOptions};
use crate::report;

/// Lists what nothing needs; removes it with `--yes`.
pub fn gc(context: &Context, arguments: &GcArguments) -> Result<Output> {
    let options = GcOptions {
        remove: arguments.yes,
        keep: arguments.keep,
        grace: grace(&arguments.grace)?,
        grace_text: arguments.grace.clone(),
    };
    let workspace = context.workspace()?;
    let report = keep::gc(&workspace, &options)?;
    Ok(Output::new(
        report::gc_text(&report),
        &report::gc_document(&report),
    ))
}

/// An age in microseconds. Nothing (`0d`) is none for a feature and is one here.
fn grace(text: &str) -> Result<i64> {
    if matches!(text, "0" | "0s" | "0m" | "0h" | "0d" | "0w") {
        return Ok(0);
    }
    let age: Age = text.parse().map_err(|error| {
        Error::usage(format!("`--grace {text}`: {error}"))
            .help("files younger than this stay: `--grace 14d`, or `--grace 0d` for none")
    })?;
    Ok(age.microseconds())
}
