//! `streamflow check`.

use serde_json::json;

use super::Context;
use super::output::Output;
use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::report;
use crate::run::Guards;
use crate::workspace::{find_root, read_definition_files};

/// Parses and cross-checks all definitions. Reads no data and opens no store.
pub fn check(context: &Context) -> Result<Output> {
    let root = find_root(context.folder.as_deref())?;
    let files = read_definition_files(&root)?;
    let definitions = Definitions::parse(&files)?;
    definitions.check_flows()?;
    guard(&definitions)?;
    let (tables, experiments) = (definitions.tables.len(), definitions.experiments.len());
    let checks: usize = definitions
        .tables
        .values()
        .map(|table| table.checks.len())
        .sum();
    let text = format!(
        "{} {} in {}: {}, {}, {}.\n",
        report::green("All definitions are sound."),
        report::plural(files.0.len() as u64, "file"),
        definitions.project.name,
        report::plural(tables as u64, "table"),
        report::plural(checks as u64, "check"),
        report::plural(experiments as u64, "experiment"),
    );
    let document = json!({
        "project": definitions.project.name,
        "files": files.0.len(),
        "tables": definitions.tables.keys().collect::<Vec<_>>(),
        "experiments": definitions.experiments.keys().collect::<Vec<_>>(),
    });
    Ok(Output::new(text, &document))
}

/// What `run` would refuse without reading any data, of all experiments at once.
fn guard(definitions: &Definitions) -> Result<()> {
    let refusals = definitions.experiments.values().filter_map(|experiment| {
        let guards = Guards::of(definitions, experiment);
        guards.before_data().err()
    });
    let together = |all: Error, one: Error| {
        let all = all
            .findings(one.all_findings().iter().cloned())
            .detail(one.message());
        one.all_help().iter().cloned().fold(all, Error::help)
    };
    refusals.reduce(together).map_or(Ok(()), Err)
}
