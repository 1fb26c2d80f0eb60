//! From step to step.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use super::command::{Circumstances, Typed, typed, unknown_flow};
use super::outcome::{ending, timed_out};
use super::record::{Attempt, Ending, Event, FlowRecord, Log, StepRecord, StepState};
use crate::definition::{Age, AsOf, Flow, FlowStep, TableName};
use crate::error::{Error, Kind, Result};
use crate::fsio::FileLock;
use crate::host;
use crate::snapshot::Snapshots;
use crate::workspace::Workspace;

/// Told of a flow while it goes on.
pub trait FlowEvents {
    /// A flow begins, or goes on where it stopped.
    fn flow_started(&self, record: &FlowRecord, resumed: bool);
    /// A step is done, skipped or has failed.
    fn step_ended(&self, record: &FlowRecord, step: usize);
    /// A step that failed is tried again after a wait.
    fn step_retried(&self, name: &str, ending: &Ending, wait: Duration);
}

/// A flow at a date, as it now stands.
#[derive(Debug)]
pub struct Performed {
    pub record: FlowRecord,
    /// Whether an earlier call had begun it.
    pub resumed: bool,
    /// Whether everything had been done before this call.
    pub done_before: bool,
    /// Of the step that stopped it.
    pub error: Option<Error>,
}

/// Does what a flow says for a date: from its first step, or from where an earlier call stopped.
/// `restart` begins anew.
///
/// # Errors
/// There is no such flow; it is being done by another process; the store cannot be written. A step
/// that fails is in [`Performed::error`].
pub fn perform(
    workspace: &Workspace,
    name: &str,
    as_of: AsOf,
    restart: bool,
    events: &dyn FlowEvents,
) -> Result<Performed> {
    let flow = flow_of(workspace, name)?;
    let place = workspace.store().path().join(format!("flow-{name}.lock"));
    let Some(_lock) = FileLock::try_acquire(&place)? else {
        return Err(
            Error::failure(format!("flow {name} is being done already")).help(format!(
                "`streamflow flow history {name}` shows how far it is"
            )),
        );
    };
    let catalog = workspace.store().catalog();
    let latest = Log::latest(catalog, flow, as_of)?.filter(|_| !restart);
    let resumed = latest.is_some();
    let mut log = match latest {
        Some(log) => log,
        None => Log::begin(catalog, flow, as_of, host::user(), host::now())?,
    };
    if log.record.finished.is_some() {
        return Ok(Performed {
            record: log.record,
            resumed,
            done_before: true,
            error: None,
        });
    }
    events.flow_started(&log.record, resumed);
    let circumstances = Circumstances {
        workspace,
        flow,
        as_of,
        previous: dates_on_file(workspace)?
            .into_iter()
            .rfind(|date| *date < as_of),
    };
    let error = go_on(&circumstances, &mut log, events)?;
    if error.is_none() {
        log.add(Event::Finished { at: host::now() })?;
    }
    Ok(Performed {
        record: log.record,
        resumed,
        done_before: false,
        error,
    })
}

/// A flow by its name.
fn flow_of<'a>(workspace: &'a Workspace, name: &str) -> Result<&'a Flow> {
    let definitions = workspace.definitions();
    definitions.check_flows()?;
    let flows = &definitions.project.flows;
    flows
        .get(name)
        .ok_or_else(|| unknown_flow(name, flows.keys().cloned()))
}

/// The dates from `from` to `to`, both included, for which every table with features has a file.
///
/// # Errors
/// There is none.
pub fn dates_between(workspace: &Workspace, from: AsOf, to: AsOf) -> Result<Vec<AsOf>> {
    if from > to {
        return Err(Error::usage(format!("{from} is after {to}"))
            .help("`--from` names the first date, `--to` the last"));
    }
    let all = dates_on_file(workspace)?;
    let dates: Vec<AsOf> = all
        .iter()
        .copied()
        .filter(|d| (from..=to).contains(d))
        .collect();
    if dates.is_empty() {
        let on_file: Vec<String> = all.iter().map(ToString::to_string).collect();
        let error = Error::new(
            Kind::MissingInput,
            format!("no date from {from} to {to} has a file of every table with features"),
        );
        return Err(error.detail(match on_file.is_empty() {
            true => "on file   no date at all".to_string(),
            false => format!("on file   {}", on_file.join(", ")),
        }));
    }
    Ok(dates)
}

/// The dates for which every table with features has a file, ascending.
fn dates_on_file(workspace: &Workspace) -> Result<BTreeSet<AsOf>> {
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace,
        definitions,
    };
    let with_features = definitions.tables.values();
    let tables: BTreeSet<TableName> = with_features
        .filter(|table| !table.features.names().is_empty())
        .map(|table| table.name.clone())
        .collect();
    snapshots.common_dates(&tables)
}

/// Does the steps that are not settled; the error of the one that fails.
fn go_on(
    circumstances: &Circumstances<'_>,
    log: &mut Log<'_>,
    events: &dyn FlowEvents,
) -> Result<Option<Error>> {
    for (at, step) in circumstances.flow.steps.iter().enumerate() {
        if log.record.steps[at].outcome.is_some() {
            continue;
        }
        let command = match unmet(step, circumstances.flow, &log.record) {
            Some(why) => Typed::Nothing(why),
            None => typed(&step.action, circumstances, &log.record)?,
        };
        match command {
            Typed::Nothing(why) => {
                log.add(Event::Skipped {
                    step: at,
                    why,
                    at: host::now(),
                })?;
            }
            Typed::Command(command) => attempt(circumstances, step, at, &command, log, events)?,
        }
        events.step_ended(&log.record, at);
        if log.record.steps[at].state == StepState::Failed {
            return Ok(Some(failure(circumstances, &log.record, at)));
        }
    }
    Ok(None)
}

/// Why a step is not to be done; none when its condition holds.
fn unmet(step: &FlowStep, flow: &Flow, record: &FlowRecord) -> Option<String> {
    let condition = step.when.as_ref()?;
    let earlier = flow
        .steps
        .iter()
        .position(|step| step.name == condition.step);
    let outcome = earlier.and_then(|at| record.steps[at].outcome);
    (outcome != Some(condition.is)).then(|| {
        let was = outcome.map_or("open", |outcome| outcome.as_str());
        format!("{} is {was}, not {}", condition.step, condition.is.as_str())
    })
}

/// Tries a step until it is done or has no try left.
fn attempt(
    circumstances: &Circumstances<'_>,
    step: &FlowStep,
    at: usize,
    command: &[String],
    log: &mut Log<'_>,
    events: &dyn FlowEvents,
) -> Result<()> {
    for tried in 0..=step.retries {
        let started = Event::Started {
            step: at,
            command: command.to_vec(),
            at: host::now(),
        };
        log.add(started)?;
        let mut ending = run(circumstances.workspace, step, command)?;
        if interrupted(&log.record.steps[at]) {
            ending.outcome = ending
                .outcome
                .map(|found| step.action.outcome_of_both(found));
        }
        let ended = Event::Ended {
            step: at,
            at: host::now(),
            ending: ending.clone(),
        };
        log.add(ended)?;
        if ending.outcome.is_some() || tried == step.retries {
            break;
        }
        let wait = duration(step.backoff).saturating_mul(1 << tried.min(16));
        events.step_retried(&step.name, &ending, wait);
        host::wait(wait);
    }
    Ok(())
}

/// Whether an earlier attempt was ended from outside, and may have done the work before that.
fn interrupted(step: &StepRecord) -> bool {
    let earlier = step.attempts.split_last().map_or(&[][..], |(_, all)| all);
    let from_outside = |attempt: &Attempt| {
        let ending = attempt.ending.as_ref();
        ending.is_none_or(|ending| ending.exit_code.is_none())
    };
    earlier.iter().any(from_outside)
}

fn duration(age: Age) -> Duration {
    Duration::from_micros(u64::try_from(age.microseconds()).unwrap_or(u64::MAX))
}

/// One attempt, in a process of its own.
fn run(workspace: &Workspace, step: &FlowStep, command: &[String]) -> Result<Ending> {
    let watch = host::Stopwatch::start();
    let mut arguments: Vec<OsString> = vec!["-C".into(), workspace.root().into()];
    arguments.extend(["--format", "json", "--color", "never"].map(OsString::from));
    arguments.extend(command.iter().map(OsString::from));
    let ended = host::run_this_program_within(&arguments, step.timeout.map(duration))?;
    let seconds = watch.seconds();
    Ok(match ended {
        Some(ended) => ending(&step.action, &ended, seconds),
        None => timed_out(seconds),
    })
}

/// The error of the step that stopped a flow, of the kind the command's exit code says.
fn failure(circumstances: &Circumstances<'_>, record: &FlowRecord, at: usize) -> Error {
    let step = &record.steps[at];
    let (name, as_of) = (&circumstances.flow.name, circumstances.as_of);
    let ending = step.ending();
    let kind = ending.and_then(|ending| ending.exit_code).map(kind_of);
    let mut error = Error::new(
        kind.unwrap_or(Kind::Failure),
        format!("flow {name} of {as_of} stopped at {}", step.name),
    );
    if let Some(ending) = ending {
        error = error.detail(ending.detail.clone());
        if let Some(help) = &ending.help {
            error = help.lines().fold(error, Error::help);
        }
    }
    error.help(format!(
        "`streamflow flow {name} --as-of {as_of}` goes on from there"
    ))
}

fn kind_of(exit_code: i32) -> Kind {
    let kinds = [
        Kind::Definition,
        Kind::Lock,
        Kind::NotReproduced,
        Kind::MissingInput,
        Kind::DataRefused,
        Kind::GateRefused,
    ];
    let found = kinds
        .into_iter()
        .find(|kind| i32::from(kind.exit_code()) == exit_code);
    found.unwrap_or(Kind::Failure)
}
