//! `streamflow init`.

use std::path::{Path, PathBuf};

use super::Context;
use super::arguments::InitArguments;
use super::output::Output;
use crate::error::{Error, Kind, Result};
use crate::report::{self, NewProject};
use crate::scaffold::{self, Request};
use crate::{fsio, host, sample};

/// Makes a project: the example, or one of a person's own exports.
pub fn init(context: &Context, arguments: &InitArguments) -> Result<Output> {
    let base = base(context.folder.as_deref())?;
    match (&arguments.from, &arguments.key, &arguments.label) {
        (Some(pattern), Some(key), Some(label)) => {
            from_exports(&base, arguments, pattern, key, label)
        }
        _ => example(&base, arguments),
    }
}

/// The folder that paths on the command line start from.
fn base(folder: Option<&Path>) -> Result<PathBuf> {
    let start = match folder {
        Some(folder) => folder.to_path_buf(),
        None => host::current_dir().map_err(|error| fsio::cannot("read", Path::new("."), error))?,
    };
    start.canonicalize().map_err(|error| {
        Error::usage(format!("there is no folder {}", start.display())).caused_by(error)
    })
}

fn example(base: &Path, arguments: &InitArguments) -> Result<Output> {
    let root = base.join(arguments.directory.as_deref().unwrap_or(Path::new("")));
    let files = sample::project();
    let contents: Vec<(&str, &[u8])> = files
        .iter()
        .map(|file| (file.path.as_str(), file.contents.as_slice()))
        .collect();
    scaffold::write_new(&root, &contents)?;
    let made = NewProject {
        folder: typed(arguments),
        files: files.iter().map(|file| file.path.clone()).collect(),
        kept: Vec::new(),
        guesses: Vec::new(),
    };
    Ok(Output::new(
        report::sample_text(&made),
        &report::new_project_document(&made),
    ))
}

fn from_exports(
    base: &Path,
    arguments: &InitArguments,
    pattern: &str,
    key: &str,
    label: &str,
) -> Result<Output> {
    let root = existing(base, arguments.directory.as_deref())?;
    let name = root.file_name().and_then(|name| name.to_str());
    let exports = scaffold::find(pattern, base, &root)?;
    let inferred = scaffold::infer(&Request {
        project: name.unwrap_or("project"),
        exports: &exports,
        key,
        label,
    })?;
    let (kept, beside): (Vec<_>, Vec<_>) = scaffold::BESIDE
        .into_iter()
        .partition(|(path, _)| root.join(path).exists());
    let inferred_files = inferred
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_bytes()));
    let beside = beside
        .into_iter()
        .map(|(path, text)| (path, text.as_bytes()));
    let files: Vec<(&str, &[u8])> = inferred_files.chain(beside).collect();
    scaffold::write_new(&root, &files)?;
    let guesses = inferred
        .guesses
        .iter()
        .map(|guess| (guess.file.clone(), guess.sentence.clone()));
    let made = NewProject {
        folder: typed(arguments),
        files: files.iter().map(|(path, _)| (*path).to_string()).collect(),
        kept: kept.into_iter().map(|(path, _)| path.to_string()).collect(),
        guesses: guesses.collect(),
    };
    Ok(Output::new(
        report::from_exports_text(&made),
        &report::new_project_document(&made),
    ))
}

/// The folder of a project whose exports are in it: it must be there.
fn existing(base: &Path, folder: Option<&Path>) -> Result<PathBuf> {
    let Some(folder) = folder else {
        return Ok(base.to_path_buf());
    };
    base.join(folder).canonicalize().map_err(|error| {
        Error::new(
            Kind::MissingInput,
            format!("there is no folder {}", folder.display()),
        )
        .caused_by(error)
        .help("the project is made in the folder that holds the exports")
    })
}

fn typed(arguments: &InitArguments) -> Option<String> {
    let folder = arguments.directory.as_deref()?.display().to_string();
    (folder != ".").then_some(folder)
}
