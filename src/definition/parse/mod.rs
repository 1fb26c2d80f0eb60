//! From the texts of all files to checked definitions, or to every finding in all of them.
//!
//! The order is that of knowledge: the project names entities, tables refer to entities, and
//! experiments to tables. A file that cannot be read stays known by its name, so that what refers
//! to it is neither refused nor believed.

mod allow;
mod calibrate;
mod check;
mod column;
mod cross_validation;
mod dataset;
mod derived;
mod dialect;
mod experiment;
mod feature;
mod flow;
mod gate;
mod label;
mod model;
mod preprocess;
mod project;
mod query;
mod report;
mod request;
mod search;
mod source;
mod table;
mod windowed;

use std::collections::BTreeMap;
use std::str::FromStr;

pub(super) use self::check::SEVERITIES;
pub(super) use self::dialect::DECIMALS;
pub(super) use self::flow::ACTIONS;
use self::report::Report;
pub(super) use self::source::MODES;
use super::{DefinitionFiles, Definitions, ExperimentName, InvalidName, Table, TableName};
use crate::error::{Error, Kind, Result};

const PROJECT: &str = "streamflow.toml";

impl Definitions {
    /// Reads and cross-checks every definition. On failure the error has kind
    /// [`Kind::Definition`] and holds the findings of all files.
    pub fn parse(files: &DefinitionFiles) -> Result<Self> {
        Self::parse_with(files, None, &[])
    }

    /// [`Definitions::parse`] with values set over those of one experiment, or of all.
    ///
    /// An override is a key path (`model.trees`) and a TOML value or bare word. One that does not
    /// fit is an error of kind [`Kind::Usage`].
    pub fn parse_with(
        files: &DefinitionFiles,
        experiment: Option<&ExperimentName>,
        overrides: &[(String, String)],
    ) -> Result<Self> {
        let project = files.0.get(PROJECT).ok_or_else(no_project)?;
        let mut report = Report::default();
        let project = report.read(PROJECT, project, &[], project::read);
        let mut tables = BTreeMap::new();
        for (name, path, text) in named::<TableName>(files, "features/", &mut report) {
            let table = report.read(path, text, &[], |document| {
                table::read(document, name.clone(), project.as_ref())
            });
            tables.insert(name, table);
        }
        check::hold_references(&tables, &mut report);
        let tables = Tables(tables);
        let mut experiments = BTreeMap::new();
        for (name, path, text) in named::<ExperimentName>(files, "experiments/", &mut report) {
            let is_meant = experiment.is_none_or(|meant| *meant == name);
            let set = if is_meant { overrides } else { &[] };
            let experiment = report.read(path, text, set, |document| {
                experiment::read(document, &name, &tables)
            });
            experiments.insert(name, experiment);
        }
        report.finish()?;
        let whole = || {
            Some(Self {
                project: project?,
                tables: tables.whole()?,
                experiments: whole(experiments)?,
            })
        };
        Ok(whole().expect("a definition is missing only where something was reported"))
    }
}

fn no_project() -> Error {
    Error::new(Kind::Definition, format!("{PROJECT} is missing"))
        .help("`streamflow init` writes one, with a small project around it")
}

/// The files of one folder, each with the name it gives its definition, its path and its text.
fn named<'f, N: FromStr<Err = InvalidName>>(
    files: &'f DefinitionFiles,
    folder: &str,
    report: &mut Report,
) -> Vec<(N, &'f str, &'f str)> {
    let mut found = Vec::new();
    for (path, text) in &files.0 {
        let stem = path
            .strip_prefix(folder)
            .and_then(|name| name.strip_suffix(".toml"))
            .filter(|stem| !stem.contains('/'));
        match stem.map(str::parse) {
            None => {}
            Some(Err(InvalidName(why))) => report.refuse_file(path, text, why),
            Some(Ok(name)) => found.push((name, path.as_str(), text.as_str())),
        }
    }
    found
}

fn whole<N: Ord, T>(definitions: BTreeMap<N, Option<T>>) -> Option<BTreeMap<N, T>> {
    let each = definitions.into_iter();
    each.map(|(name, definition)| Some((name, definition?)))
        .collect()
}

/// The tables by name; none for one that could not be read.
struct Tables(BTreeMap<TableName, Option<Table>>);

impl Tables {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(TableName::as_str)
    }

    fn whole(self) -> Option<BTreeMap<TableName, Table>> {
        whole(self.0)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use tests::asked_by_the_parser;
