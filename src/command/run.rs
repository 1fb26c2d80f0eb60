//! `streamflow run`.

use serde_json::{Value, json};

use super::arguments::{self, RunArguments};
use super::lock::chosen;
use super::output::Output;
use super::progress::Progress;
use super::{Context, assignment};
use crate::definition::{Definitions, Experiment, ExperimentName};
use crate::error::{Error, Result};
use crate::host::Stopwatch;
use crate::report;
use crate::run::{self, CachePolicy, Family, Performed, Repeat, RunOptions, RunResult, Seeds};
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
    let mut failures = Vec::new();
    for experiment in &experiments {
        let done = perform(context, &workspace, experiment, arguments);
        let mut told = tell(experiment, &done, arguments);
        if let (Ok((result, None)), Some(n)) = (&done, arguments.repeat) {
            match repeat(context, &workspace, result, n, arguments) {
                Ok(family) => add_family(&mut told, &family),
                Err(error) => {
                    told.document["error"] = report::error_json(&error);
                    told.error = Some(error);
                }
            }
        }
        let told = with_error(told, done);
        texts.push(told.text);
        documents.push(told.document);
        failures.extend(told.error.map(|error| (experiment.name.as_str(), error)));
    }
    let mut text = if arguments.locked {
        texts.concat()
    } else {
        texts.retain(|text| !text.is_empty());
        texts.join("\n")
    };
    if arguments.locked && failures.is_empty() {
        text.push_str(&report::proved_text(&documents, watch.seconds()));
    }
    let document = match <[Value; 1]>::try_from(documents) {
        Ok([only]) if arguments.names.len() == 1 => only,
        Ok([only]) => json!({ "runs": [only] }),
        Err(all) => json!({ "runs": all }),
    };
    let told = (experiments.len() > 1).then(|| failures_text(&failures));
    let error = failures.into_iter().next().map(|(_, error)| error);
    Ok(Output {
        text,
        document,
        failures: told.filter(|_| error.is_some()),
        error,
    })
}

/// Each failure once, with the experiments it stopped.
fn failures_text(failures: &[(&str, Error)]) -> String {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, error) in failures {
        let text = report::error_text(error);
        match told.iter_mut().find(|(earlier, _)| *earlier == text) {
            Some((_, names)) => names.push(name),
            None => told.push((text, vec![name])),
        }
    }
    let blocks = told
        .iter()
        .map(|(text, names)| format!("{}\n{text}", report::bold(names.join(", "))));
    blocks.collect::<Vec<_>>().join("\n")
}

fn perform(
    context: &Context,
    workspace: &Workspace,
    experiment: &Experiment,
    arguments: &RunArguments,
) -> Result<Performed> {
    let cache = cache_of(arguments);
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
    refuse_searched(experiment, &arguments.set)?;
    let definitions = with_values(workspace, &experiment.name, &arguments.set)?;
    let changed = run::find_experiment(&definitions, experiment.name.as_str())?;
    run::run(workspace, &definitions, changed, &options, &progress)
}

/// A value that a search tries is not set beside it.
fn refuse_searched(experiment: &Experiment, set: &[String]) -> Result<()> {
    let Some(search) = &experiment.search else {
        return Ok(());
    };
    for (key, value) in assignments(set)? {
        if search.paths().any(|path| path.as_str() == key) {
            let name = &experiment.name;
            return Err(Error::usage(format!(
                "--set {key}={value}: [search] of {name} tries values for it"
            ))
            .help(format!(
                "`--set 'search.{key}=[{value}]'` tries this one alone"
            )));
        }
    }
    Ok(())
}

fn with_values(
    workspace: &Workspace,
    experiment: &ExperimentName,
    set: &[String],
) -> Result<Definitions> {
    Definitions::parse_with(workspace.files(), Some(experiment), &assignments(set)?)
}

/// One experiment's result as text and document.
fn tell(experiment: &Experiment, done: &Result<Performed>, arguments: &RunArguments) -> Output {
    match done {
        Err(error) => {
            let document = json!({
                "experiment": experiment.name,
                "error": report::error_json(error),
            });
            Output::new(String::new(), &document)
        }
        Ok((result, error)) => {
            let document = report::performed_document(result, error.as_ref());
            let text = match arguments.locked {
                true => report::locked_text(result, error.is_some()),
                false => report::performed_text(result, experiment, error.is_some()),
            };
            Output::new(text, &document)
        }
    }
}

/// The output of an experiment with what stopped it.
fn with_error(mut told: Output, done: Result<Performed>) -> Output {
    let stopped = done.map_or_else(Some, |(_, error)| error);
    told.error = stopped.or(told.error);
    told
}

/// Executes the family of a run, a line of progress for each member.
fn repeat(
    context: &Context,
    workspace: &Workspace,
    base: &RunResult,
    n: u16,
    arguments: &RunArguments,
) -> Result<Family> {
    let how = Repeat {
        n: usize::from(n),
        vary: match arguments.vary {
            None => Seeds::All,
            Some(arguments::VariedSeed::Model) => Seeds::Model,
            Some(arguments::VariedSeed::Split) => Seeds::Split,
        },
        cache: cache_of(arguments),
        set: &assignments(&arguments.set)?,
    };
    let experiment = &base.record.experiment;
    run::repeat(workspace, base, &how, &mut |number, seconds| {
        let word = report::bold(format!("{:>12}", "Executed"));
        let what = format!("run {} of {n} of {experiment}", number + 1);
        let seconds = report::seconds(seconds);
        context
            .printer
            .log(&format!("{word} {what:<52} {seconds:>8}"));
    })
}

fn add_family(told: &mut Output, family: &Family) {
    told.document["family"] = report::family_document(family);
    told.text.push('\n');
    told.text
        .push_str(&report::band_text(&family.band(), family.base));
}

fn assignments(set: &[String]) -> Result<Vec<(String, String)>> {
    set.iter().map(|text| assignment(text)).collect()
}

fn cache_of(arguments: &RunArguments) -> CachePolicy {
    match arguments.no_cache {
        true => CachePolicy::Ignore,
        false => CachePolicy::Use,
    }
}
