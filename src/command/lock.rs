//! `streamflow lock`.

use serde_json::json;

use super::Context;
use super::arguments::NamesArguments;
use super::output::Output;
use crate::definition::Experiment;
use crate::error::Result;
use crate::hash::Digest;
use crate::lockfile::{Lock, lock_path};
use crate::report;
use crate::run;
use crate::workspace::Workspace;

/// Refreshes locks without executing.
pub fn lock(context: &Context, arguments: &NamesArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let mut text = String::new();
    let mut documents = Vec::new();
    for experiment in chosen(&workspace, &arguments.names)? {
        let (lock, changed) = run::relock(&workspace, experiment)?;
        text.push_str(&line(&lock, changed));
        documents.push(json!({
            "experiment": lock.experiment,
            "run": lock.run,
            "path": lock_path(&lock.experiment),
            "changed": changed,
            "results": lock.results.is_some(),
        }));
    }
    Ok(Output::new(text, &json!({ "locks": documents })))
}

fn line(lock: &Lock, changed: bool) -> String {
    let what = match (changed, &lock.results) {
        (false, _) => "unchanged".to_string(),
        (true, Some(_)) => report::green("refreshed"),
        (true, None) => {
            report::yellow("refreshed, without results: `streamflow run` fills them in")
        }
    };
    format!(
        "{:<40} run {}   {what}\n",
        lock_path(&lock.experiment),
        lock.run.short()
    )
}

/// The experiments of these names; all of them when none is named.
pub fn chosen<'a>(workspace: &'a Workspace, names: &[String]) -> Result<Vec<&'a Experiment>> {
    let definitions = workspace.definitions();
    if names.is_empty() {
        return Ok(definitions.experiments.values().collect());
    }
    names
        .iter()
        .map(|name| run::find_experiment(definitions, name))
        .collect()
}
