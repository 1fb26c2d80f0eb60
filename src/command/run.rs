//! `streamflow run`.

use serde_json::{Value, json};

use super::arguments::RunArguments;
use super::lock::chosen;
use super::output::Output;
use super::progress::Progress;
use super::{Context, assignment};
use crate::definition::{Definitions, Experiment, ExperimentName};
use crate::error::{Error, Result};
use crate::host::Stopwatch;
use crate::report;
use crate::run::{self, CachePolicy, Performed, RunOptions};
use crate::workspace::Workspace;

/// Runs experiments: one that fails does not keep the others from being tried.
pub fn run(context: &Context, arguments: &RunArguments) -> Result<Output> {
    if arguments.locked && !arguments.set.is_empty() {
        return Err(
            Error::usage("--set changes a run, and --locked forbids changing it")
                .help("leave one of the two out"),
        );
    }
    let workspace = context.workspace()?;
    let watch = Stopwatch::start();
    let experiments = chosen(&workspace, &arguments.names)?;
    if experiments.is_empty() {
        return Err(Error::usage("the project declares no experiment").help(
            "write experiments/NAME.toml; `streamflow schema experiment` tells what goes in",
        ));
    }
    let mut texts = Vec::new();
    let mut documents = Vec::new();
    let mut first_error = None;
    for experiment in &experiments {
        let done = perform(context, &workspace, experiment, arguments);
        let told = tell(experiment, done, arguments);
        if !arguments.locked || told.error.is_none() {
            texts.push(told.text);
        }
        documents.push(told.document);
        keep_first(context, &mut first_error, told.error, experiments.len() > 1);
    }
    let mut text = if arguments.locked {
        texts.concat()
    } else {
        texts.join("\n")
    };
    if arguments.locked && first_error.is_none() {
        text.push_str(&report::proved_text(&documents, watch.seconds()));
    }
    let document = match <[Value; 1]>::try_from(documents) {
        Ok([only]) if arguments.names.len() == 1 => only,
        Ok([only]) => json!({ "runs": [only] }),
        Err(all) => json!({ "runs": all }),
    };
    Ok(Output {
        text,
        document,
        error: first_error,
    })
}

/// Keeps the error that decides the exit code; later ones are printed as they come.
fn keep_first(context: &Context, first: &mut Option<Error>, error: Option<Error>, many: bool) {
    match error {
        Some(error) if first.is_none() => *first = Some(error),
        Some(error) if many => context.printer.log(report::error_text(&error).trim_end()),
        _ => {}
    }
}

fn perform(
    context: &Context,
    workspace: &Workspace,
    experiment: &Experiment,
    arguments: &RunArguments,
) -> Result<Performed> {
    let cache = if arguments.no_cache {
        CachePolicy::Ignore
    } else {
        CachePolicy::Use
    };
    let progress = Progress::new(context.printer, experiment.name.as_str());
    if arguments.locked {
        return run::run_locked(workspace, experiment, cache, &progress);
    }
    let options = RunOptions {
        cache,
        accept: arguments.accept,
        set: !arguments.set.is_empty(),
    };
    if arguments.set.is_empty() {
        return run::run(
            workspace,
            workspace.definitions(),
            experiment,
            &options,
            &progress,
        );
    }
    let definitions = with_values(workspace, &experiment.name, &arguments.set)?;
    let changed = run::find_experiment(&definitions, experiment.name.as_str())?;
    run::run(workspace, &definitions, changed, &options, &progress)
}

fn with_values(
    workspace: &Workspace,
    experiment: &ExperimentName,
    set: &[String],
) -> Result<Definitions> {
    let values = set
        .iter()
        .map(|text| assignment(text))
        .collect::<Result<Vec<_>>>()?;
    Definitions::parse_with(workspace.files(), Some(experiment), &values)
}

/// One experiment's result as text and document.
fn tell(experiment: &Experiment, done: Result<Performed>, arguments: &RunArguments) -> Output {
    match done {
        Err(error) => {
            let document = json!({
                "experiment": experiment.name,
                "error": report::error_json(&error),
            });
            Output {
                text: String::new(),
                document,
                error: Some(error),
            }
        }
        Ok((result, error)) => {
            let document = report::performed_document(&result, error.as_ref());
            let text = match arguments.locked {
                true => report::locked_text(&result),
                false => report::performed_text(&result, experiment, error.is_some()),
            };
            Output {
                text,
                document,
                error,
            }
        }
    }
}
