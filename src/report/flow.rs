//! What flows do and have done.

use serde_json::{Value, json};

use super::style::{Table, bold, count, dim, green, plural, red, seconds, wrap, yellow};
use crate::definition::{Flow, FlowOutcome};
use crate::flow::{FlowRecord, StepRecord, StepState};

/// One flow at one date.
pub fn flow_document(record: &FlowRecord, resumed: bool) -> Value {
    json!({
        "flow": record.flow,
        "as_of": record.as_of,
        "state": record.state(),
        "resumed": resumed,
        "by": record.by,
        "began": record.began,
        "finished": record.finished,
        "seconds": total_seconds(record),
        "steps": record.steps,
    })
}

fn total_seconds(record: &FlowRecord) -> f64 {
    record.steps.iter().map(StepRecord::seconds).sum()
}

/// The first line of a flow that begins or goes on.
pub fn flow_headline(record: &FlowRecord, resumed: bool) -> String {
    let on = match resumed {
        true => yellow(format!("   goes on after {} steps", record.settled())),
        false => String::new(),
    };
    format!("{}   {}{on}", bold(&record.flow), record.as_of)
}

/// The line of a step: its name, what it came to, what it says of itself, rows, seconds.
pub fn flow_step_line(record: &FlowRecord, step: usize) -> String {
    let found = &record.steps[step];
    let names = record.steps.iter().map(|step| step.name.len());
    let width = names.max().unwrap_or(0).max(11);
    let word = state_word(found);
    let mut line = format!("  {:<width$}  {}", found.name, padded(found, &word));
    let tail = tail(found);
    if !tail.is_empty() {
        line.push_str("  ");
        line.push_str(&tail);
    }
    line.trim_end().to_string() + "\n"
}

/// The plain word of a step's state, as wide as the longest.
fn padded(step: &StepRecord, word: &str) -> String {
    let plain = word.len();
    let coloured = match step.state {
        StepState::Failed => red(word),
        StepState::Skipped | StepState::Waiting => dim(word),
        StepState::Started => yellow(word),
        StepState::Done => match step.outcome {
            Some(FlowOutcome::Refused | FlowOutcome::Drifted) => yellow(word),
            _ => green(word),
        },
    };
    format!("{coloured}{}", " ".repeat(9_usize.saturating_sub(plain)))
}

fn state_word(step: &StepRecord) -> String {
    match (step.state, step.outcome) {
        (StepState::Done, Some(outcome)) => outcome.as_str().to_string(),
        (state, _) => state.as_str().to_string(),
    }
}

fn tail(step: &StepRecord) -> String {
    let ending = step.ending();
    let mut parts = Vec::new();
    // What a failed step says stands in the error, and in the list of attempts.
    let detail = ending.filter(|ending| ending.outcome.is_some());
    parts.extend(detail.map(|ending| ending.detail.clone()));
    parts.extend(step.why.clone());
    if let Some(rows) = ending.and_then(|ending| ending.rows) {
        parts.push(format!("{} rows", count(rows)));
    }
    let tries = step.attempts.len();
    if tries > 1 {
        parts.push(format!("{tries} attempts"));
    }
    if !step.attempts.is_empty() {
        parts.push(seconds(step.seconds()));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

/// The last line of a flow that is finished.
pub fn flow_done_text(record: &FlowRecord, done_before: bool) -> String {
    if done_before {
        let when = record.finished.unwrap_or(record.last).to_minute();
        let (flow, as_of) = (&record.flow, record.as_of);
        return format!(
            "{}   {as_of}   done on {when} UTC; nothing to do.\n{}",
            bold(flow),
            dim(format!(
                "  `streamflow flow {flow} --as-of {as_of} --restart` does it anew\n"
            )),
        );
    }
    let steps = record.steps.len() as u64;
    let took = seconds(total_seconds(record));
    format!("{} {} in {took}.\n", green("Done:"), plural(steps, "step"))
}

pub fn flow_history_document(records: &[FlowRecord]) -> Value {
    let records = records.iter().map(|record| flow_document(record, false));
    json!({ "flows": records.collect::<Vec<_>>() })
}

/// A line for each record, the newest last, nearest to the prompt.
pub fn flow_history_text(records: &[FlowRecord]) -> String {
    if records.is_empty() {
        return dim("no flow has been done in this store\n");
    }
    let mut table = Table::default();
    for record in records {
        let state = record.state();
        let word = match state {
            StepState::Done => green("done"),
            StepState::Failed => red("failed"),
            _ => yellow("stopped"),
        };
        let open = record.steps.iter().find(|step| step.outcome.is_none());
        let at = match (state, open) {
            (StepState::Done, _) | (_, None) => String::new(),
            (_, Some(step)) => format!("at {}", step.name),
        };
        table
            .row()
            .left(record.began.to_minute())
            .left(record.flow.to_string())
            .left(record.as_of.to_string())
            .left(word)
            .right(format!("{}/{}", record.settled(), record.steps.len()))
            .right(seconds(total_seconds(record)))
            .left(record.by.clone())
            .left(at);
    }
    table.render(2)
}

/// One record with every attempt.
pub fn flow_record_text(record: &FlowRecord) -> String {
    let mut text = format!(
        "{}   {}   begun {} UTC by {}\n",
        bold(&record.flow),
        record.as_of,
        record.began.to_minute(),
        record.by
    );
    for (at, step) in record.steps.iter().enumerate() {
        text.push_str(&flow_step_line(record, at));
        for (tried, attempt) in step.attempts.iter().enumerate() {
            let how = match &attempt.ending {
                None => "cut off".to_string(),
                Some(ending) => match (ending.outcome, ending.exit_code) {
                    (Some(outcome), _) => outcome.as_str().to_string(),
                    (None, Some(code)) => format!("exit {code}: {}", ending.detail),
                    (None, None) => ending.detail.clone(),
                },
            };
            let (first, when) = (tried + 1, attempt.at.to_minute());
            text.push_str(&dim(wrap(&format!("      {first}  {when}  "), &how)));
        }
    }
    text
}

/// The flows that are declared, each with its steps and what it is for.
pub fn flows_text<'a>(flows: impl Iterator<Item = &'a Flow>) -> String {
    let mut text = String::new();
    for flow in flows {
        let steps: Vec<&str> = flow.steps.iter().map(|step| step.name.as_str()).collect();
        text.push_str(&wrap(
            &format!("{}   ", bold(&flow.name)),
            &steps.join(" → "),
        ));
        if !flow.description.is_empty() {
            text.push_str(&dim(wrap("  ", &flow.description)));
        }
    }
    text
}
