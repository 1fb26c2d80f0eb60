//! Wrong definitions, and what is said of them.

mod experiment;
mod project;
mod set;
mod table;
mod whole;

use crate::definition::{DefinitionFiles, Definitions};
use crate::error::{Error, Finding};

const PROJECT: &str = "streamflow.toml";
const USAGE: &str = "features/usage.toml";
const LABELS: &str = "features/labels.toml";
const ACCOUNTS: &str = "features/accounts.toml";
const FOREST: &str = "experiments/forest.toml";

/// A project without an error that uses every key there is.
fn small() -> DefinitionFiles {
    let files = [
        (PROJECT, include_str!("small/streamflow.toml")),
        (USAGE, include_str!("small/usage.toml")),
        (LABELS, include_str!("small/labels.toml")),
        (ACCOUNTS, include_str!("small/accounts.toml")),
        (FOREST, include_str!("small/forest.toml")),
    ];
    DefinitionFiles(files.map(|(path, text)| (path.into(), text.into())).into())
}

/// The small project with one text of a file replaced by another.
fn edited(path: &str, old: &str, new: &str) -> DefinitionFiles {
    let mut files = small();
    let text = files.0.get_mut(path).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{path} holds once: {old}");
    *text = text.replace(old, new);
    files
}

/// What is said of each edit of a file.
fn said_of(path: &str, edits: &[(&str, &str)]) -> String {
    let said = |(old, new): &(&str, &str)| {
        let what = new.replace('\n', " | ");
        match Definitions::parse(&edited(path, old, new)) {
            Ok(_) => format!("{what}\n   accepted\n"),
            Err(error) => format!("{what}\n{}", findings(&error)),
        }
    };
    edits.iter().map(said).collect()
}

/// `file:line:column message / label`, a line each.
fn findings(error: &Error) -> String {
    let line = |Finding {
                    message,
                    span,
                    label,
                }: &Finding| {
        let place = span.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("   {place} {message} / {label}\n")
    };
    error.all_findings().iter().map(line).collect()
}

/// The whole error: kind, message, findings, details and help.
fn whole_error(error: &Error) -> String {
    let lines = |name: &str, lines: &[String]| -> String {
        lines
            .iter()
            .map(|line| format!("{name}: {line}\n"))
            .collect()
    };
    format!(
        "{}: {}\n{}{}{}",
        error.kind().code(),
        error.message(),
        findings(error),
        lines("detail", error.all_details()),
        lines("help", error.all_help()),
    )
}
