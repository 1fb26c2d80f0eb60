//! What is typed for a step.

use super::record::FlowRecord;
use crate::definition::{
    AsOf, DriftReference, ExperimentName, Flow, FlowAction, FlowName, RunDate,
};
use crate::error::{Error, Kind, Result};
use crate::hash::RunId;
use crate::plan::RunSpec;
use crate::run;
use crate::workspace::Workspace;

/// What a step is done with.
pub struct Circumstances<'a> {
    pub workspace: &'a Workspace,
    pub flow: &'a Flow,
    pub as_of: AsOf,
    /// The date on file before.
    pub previous: Option<AsOf>,
}

/// A command, or why there is nothing to do.
pub enum Typed {
    Command(Vec<String>),
    Nothing(String),
}

/// What is typed after `streamflow` for a step.
pub fn typed(
    action: &FlowAction,
    circumstances: &Circumstances<'_>,
    done: &FlowRecord,
) -> Result<Typed> {
    let as_of = circumstances.as_of.to_string();
    let words = |words: &[&str]| Typed::Command(words.iter().map(ToString::to_string).collect());
    Ok(match action {
        FlowAction::Ingest => words(&["ingest", "--as-of", &as_of]),
        FlowAction::Materialize => words(&["materialize", "--as-of", &as_of]),
        FlowAction::Drift {
            reference,
            experiment,
        } => match reference_date(*reference, circumstances)? {
            Err(why) => Typed::Nothing(why),
            Ok(reference) => {
                let reference = reference.to_string();
                let mut typed = vec!["drift", "--reference", &reference, "--current", &as_of];
                if let Some(name) = experiment {
                    typed.extend(["--experiment", name.as_str()]);
                }
                words(&typed)
            }
        },
        FlowAction::Run { experiment, date } => match run_date(*date, circumstances) {
            None => Typed::Nothing(no_date_before(circumstances)),
            Some(date) => words(&[
                "run",
                experiment.as_str(),
                "--set",
                &format!("as_of={date}"),
            ]),
        },
        FlowAction::Replay { experiment } => match run_of(experiment, circumstances.flow, done) {
            None => Typed::Nothing(format!("{experiment} was not run")),
            Some(run) => words(&["replay", &run.to_string()]),
        },
        FlowAction::Promote {
            experiment,
            to,
            reason,
        } => match run_of(experiment, circumstances.flow, done) {
            None => Typed::Nothing(format!("{experiment} was not run")),
            Some(run) => {
                let default = format!("flow {} of {{as_of}}", circumstances.flow.name);
                let reason = reason.as_deref().unwrap_or(&default);
                let reason = reason.replace("{as_of}", &as_of);
                let run = run.to_string();
                words(&["promote", &run, "--to", to.as_str(), "--reason", &reason])
            }
        },
    })
}

fn no_date_before(circumstances: &Circumstances<'_>) -> String {
    format!("no date before {} is on file", circumstances.as_of)
}

fn run_date(date: RunDate, circumstances: &Circumstances<'_>) -> Option<AsOf> {
    match date {
        RunDate::Flow => Some(circumstances.as_of),
        RunDate::Previous => circumstances.previous,
    }
}

/// The date to compare with, or why there is none.
fn reference_date(
    reference: DriftReference,
    circumstances: &Circumstances<'_>,
) -> Result<Result<AsOf, String>> {
    Ok(match reference {
        DriftReference::Date(date) => Ok(date),
        DriftReference::Previous => circumstances
            .previous
            .ok_or_else(|| no_date_before(circumstances)),
        DriftReference::Production => {
            match run::find_reference(circumstances.workspace, "production") {
                Ok(pinned) => {
                    let spec = RunSpec::from_declared(&pinned.record.identity().declared)?;
                    spec.as_of
                        .iter()
                        .max()
                        .copied()
                        .ok_or_else(|| "the pinned run has no date".to_string())
                }
                Err(error) => Err(error.message().to_string()),
            }
        }
    })
}

/// The run that the last step of an experiment executed.
fn run_of(experiment: &ExperimentName, flow: &Flow, done: &FlowRecord) -> Option<RunId> {
    let steps = flow.steps.iter().zip(&done.steps).rev();
    let mut runs = steps.filter_map(|(step, record)| match &step.action {
        FlowAction::Run {
            experiment: own, ..
        } if own == experiment => record.ending()?.run,
        _ => None,
    });
    runs.next()
}

/// The error of a flow that is not declared.
pub fn unknown_flow(name: &str, known: impl Iterator<Item = FlowName>) -> Error {
    let known: Vec<String> = known.map(|name| name.to_string()).collect();
    let error = Error::new(Kind::Usage, format!("there is no flow `{name}`"));
    match crate::error::did_you_mean(name, known.iter().map(String::as_str)) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None if known.is_empty() => error.help(
            "streamflow.toml declares none: `[flow.monthly]` with `steps = [{ do = \"ingest\" }]`",
        ),
        None => error.help(format!("streamflow.toml declares {}", known.join(", "))),
    }
}
