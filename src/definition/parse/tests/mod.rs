//! Wrong definitions, and what is said of them.

mod check;
mod experiment;
mod preprocess;
mod project;
mod search;
mod set;
mod table;
mod task;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::document::Document;
use crate::definition::estimator::ESTIMATORS;
use crate::definition::schema::SchemaKind;
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
        let what = if new.is_empty() {
            format!("without {old}")
        } else {
            (*new).to_string()
        };
        let what = what.trim_end().replace('\n', " | ");
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

/// The keys that reading the small project asked for, by section; names people give count as `*`.
pub(in crate::definition) fn asked_by_the_parser(
    kind: SchemaKind,
) -> BTreeMap<String, BTreeSet<String>> {
    let files = small();
    let definitions = Definitions::parse(&files).unwrap();
    let tables = definitions
        .tables
        .into_iter()
        .map(|(name, table)| (name, Some(table)));
    let tables = super::Tables(tables.collect());
    let mut asked = BTreeMap::new();
    let mut read = |path: &str, text: &str, read: &dyn Fn(&Document)| {
        let document = Document::parse(path, text);
        read(&document);
        for (path, keys) in document.asked() {
            let keys = keys.into_iter().map(str::to_string);
            asked
                .entry(generic(&path))
                .or_insert_with(BTreeSet::new)
                .extend(keys);
        }
    };
    let name = "any".parse().unwrap();
    match kind {
        SchemaKind::Streamflow => read(PROJECT, &files.0[PROJECT], &|document| {
            super::project::read(document);
        }),
        SchemaKind::Feature => {
            let query = "[source.postgres]\nurl_env = \"A\"\nquery = \"SELECT 1\"\n";
            for text in [files.0[USAGE].as_str(), query] {
                read(USAGE, text, &|document| {
                    let name = "any".parse().unwrap();
                    super::table::read(document, name, Some(&definitions.project));
                });
            }
        }
        SchemaKind::Experiment => {
            for estimator in ESTIMATORS {
                let text = files.0[FOREST].replace("random_forest", estimator.name);
                let text = text
                    + "[calibrate]\nthreshold = { precision = 0.8 }\n"
                    + "[preprocess.derived]\neach = \"usage.hours / 2\"\nword = \"usage.plan\"\n"
                    + "[preprocess.columns.each]\nbins = 3\n"
                    + "[preprocess.columns.word]\nrare = 0.1\n";
                read(FOREST, &text, &|document| {
                    super::experiment::read(document, &name, &tables);
                });
            }
        }
    }
    asked
}

/// `checks.0` and `entities.user` as `checks.*` and `entities.*`.
fn generic(path: &str) -> String {
    match path.split_once('.') {
        Some((list @ ("checks" | "entities" | "columns"), _)) => format!("{list}.*"),
        Some(("features", rest)) if rest.starts_with("windowed.") => "features.windowed.*".into(),
        Some(("preprocess", rest)) if rest.starts_with("columns.") => {
            let parts = rest.split('.').enumerate();
            let parts = parts.map(|(at, part)| if at == 0 { part } else { "*" });
            format!("preprocess.{}", parts.collect::<Vec<_>>().join("."))
        }
        Some(("search", rest)) if rest.starts_with("model.") => "search.model.*".into(),
        Some(("search", rest)) if rest.starts_with("preprocess.") => "search.preprocess.*".into(),
        // `flow.NAME.steps.AT.when`
        Some(("flow", _)) => {
            let parts = path.split('.').enumerate();
            let parts = parts.map(|(at, part)| if at % 2 == 1 { "*" } else { part });
            parts.collect::<Vec<_>>().join(".")
        }
        _ => path.to_string(),
    }
}
