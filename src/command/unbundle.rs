//! `streamflow unbundle`.

use std::path::PathBuf;

use super::Context;
use super::arguments::UnbundleArguments;
use super::output::Output;
use crate::error::{Error, Kind, Result};
use crate::{fsio, host, keep, report};

/// Brings a bundle into a project, or makes one of it.
pub fn unbundle(context: &Context, arguments: &UnbundleArguments) -> Result<Output> {
    let base = base(context)?;
    let target = keep::find_target(&base, arguments.directory.as_deref())?;
    let done = keep::unbundle(&arguments.file, target)?;
    let folder = arguments
        .directory
        .as_ref()
        .map(|folder| folder.display().to_string());
    let mut output = Output::new(
        report::unbundled_text(&done, folder.as_deref()),
        &report::unbundled_document(&done),
    );
    output.error = done.finding.as_ref().map(|differences| {
        let lines = differences.iter().map(|(name, here, bundled)| {
            format!("{name:<22} {here} here, {bundled} in the bundle")
        });
        Error::new(
            Kind::NotReproduced,
            format!("this store knows other results of {}", done.experiment),
        )
        .details(lines)
        .help("both are kept; `streamflow replay` tells which this machine gives")
    });
    Ok(output)
}

/// The folder that the target's path starts from.
fn base(context: &Context) -> Result<PathBuf> {
    match &context.folder {
        Some(folder) => Ok(folder.clone()),
        None => host::current_dir().map_err(|error| fsio::cannot("read", ".".as_ref(), error)),
    }
}
