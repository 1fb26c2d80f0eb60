//! `streamflow bundle`.

use std::path::Path;

use super::Context;
use super::arguments::BundleArguments;
use super::output::Output;
use crate::error::{Error, Result};
use crate::{keep, report};

/// Writes everything of a run into one file.
pub fn bundle(context: &Context, arguments: &BundleArguments) -> Result<Output> {
    let file = &arguments.output;
    if file == Path::new("-") || file.is_dir() {
        return Err(Error::usage(format!("`-o {}` is no file", file.display()))
            .help("name a file, such as `-o churn.tar`"));
    }
    let workspace = context.workspace()?;
    let known = keep::find_bundled(&workspace, &arguments.run)?;
    let done = keep::bundle(&workspace, &known, file)?;
    let shown = file.display().to_string();
    Ok(Output::new(
        report::bundled_text(&done, &shown),
        &report::bundled_document(&done, &shown),
    ))
}
