//! What the answer of a command means.

use serde_json::Value;

use super::record::Ending;
use crate::definition::{FlowAction, FlowOutcome, Task};
use crate::error::Kind;
use crate::hash::{Digest, RunId};
use crate::host::Ended;

/// How an attempt ended, from exit code and JSON document.
pub fn ending(action: &FlowAction, ended: &Ended, seconds: f64) -> Ending {
    let document: Value = serde_json::from_slice(&ended.stdout).unwrap_or(Value::Null);
    let outcome = outcome(action, ended.code, &document);
    let error = &document["error"];
    let detail = match outcome {
        Some(FlowOutcome::Refused) => text(error, "message"),
        Some(_) => done(action, &document),
        None => failed(ended, error),
    };
    let run = text(&document, "run").and_then(|run| run.parse::<RunId>().ok());
    Ending {
        seconds,
        outcome,
        rows: rows(action, &document),
        detail: detail.unwrap_or_default(),
        run: run.filter(|_| outcome.is_some()),
        exit_code: ended.code,
        help: text(error, "help").filter(|_| outcome.is_none()),
    }
}

/// An attempt that took too long.
pub fn timed_out(seconds: f64) -> Ending {
    Ending {
        seconds,
        outcome: None,
        rows: None,
        detail: "it took longer than its `timeout` and was ended".to_string(),
        run: None,
        exit_code: None,
        help: None,
    }
}

fn outcome(action: &FlowAction, code: Option<i32>, document: &Value) -> Option<FlowOutcome> {
    let is = |field: &str| document[field] == Value::Bool(true);
    let refused = Some(i32::from(Kind::GateRefused.exit_code()));
    let drifted = Some(i32::from(Kind::DataRefused.exit_code()));
    let status = document["status"].as_str();
    match (action, code) {
        // `drift` has no error of its own where it ends with what data that is refused ends with.
        (FlowAction::Drift { .. }, code) if code == drifted && is("drifted") => {
            Some(FlowOutcome::Drifted)
        }
        (FlowAction::Promote { .. }, code) if code == refused => Some(FlowOutcome::Refused),
        (_, Some(0)) => Some(match action {
            FlowAction::Ingest if is("stamped") => FlowOutcome::New,
            FlowAction::Materialize if is("new") => FlowOutcome::New,
            FlowAction::Ingest | FlowAction::Materialize => FlowOutcome::Unchanged,
            FlowAction::Drift { .. } => FlowOutcome::Steady,
            FlowAction::Run { .. } if status == Some("executed") => FlowOutcome::Executed,
            FlowAction::Run { .. } => FlowOutcome::Cached,
            FlowAction::Replay { .. } => FlowOutcome::Identical,
            FlowAction::Promote { .. } if status == Some("promoted") => FlowOutcome::Promoted,
            FlowAction::Promote { .. } => FlowOutcome::Unchanged,
        }),
        _ => None,
    }
}

fn text(document: &Value, field: &str) -> Option<String> {
    document[field].as_str().map(ToString::to_string)
}

/// The message of a failed command, or the last line it wrote where it printed no document.
fn failed(ended: &Ended, error: &Value) -> Option<String> {
    text(error, "message").or_else(|| {
        let said = String::from_utf8_lossy(&ended.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let ended_by = match ended.code {
            Some(code) => format!("it ended with exit code {code}"),
            None => "a signal ended it".to_string(),
        };
        Some(last.map_or(ended_by, ToString::to_string))
    })
}

fn rows(action: &FlowAction, document: &Value) -> Option<u64> {
    match action {
        FlowAction::Ingest => {
            let tables = document["tables"].as_array()?;
            Some(
                tables
                    .iter()
                    .filter_map(|table| table["rows"].as_u64())
                    .sum(),
            )
        }
        FlowAction::Run { .. } | FlowAction::Replay { .. } => document["rows"]["total"].as_u64(),
        FlowAction::Materialize => document["entities"].as_u64(),
        FlowAction::Drift { .. } | FlowAction::Promote { .. } => None,
    }
}

/// What a command did, in a few words.
fn done(action: &FlowAction, document: &Value) -> Option<String> {
    let count = |field: &str| document[field].as_array().map(Vec::len);
    match action {
        FlowAction::Ingest => Some(format!(
            "{} tables, revision {}",
            count("tables")?,
            document["revision"].as_u64()?
        )),
        FlowAction::Drift { .. } => Some(format!(
            "{} of {} columns",
            document["columns_drifted"].as_u64()?,
            count("columns")?
        )),
        FlowAction::Run { .. } => {
            let run: RunId = document["run"].as_str()?.parse().ok()?;
            let value = |name: &str| document["metrics"][name].as_f64();
            let metric = Task::main_metric_among(|name| value(name).is_some())
                .and_then(|name| Some(format!(", {name} {:.4}", value(name)?)));
            Some(format!("run {}{}", run.short(), metric.unwrap_or_default()))
        }
        FlowAction::Replay { .. } | FlowAction::Promote { .. } => {
            let run: RunId = document["run"].as_str()?.parse().ok()?;
            Some(format!("run {}", run.short()))
        }
        FlowAction::Materialize => {
            let features = document["features"].as_u64()?;
            Some(format!("{features} features"))
        }
    }
}
