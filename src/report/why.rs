//! What would execute, and why; why two runs differ.

use serde_json::{Value, json};

use super::style::{Table, WIDTH, bold, dim, green, width, yellow};
use crate::hash::Digest;
use crate::plan::Step;
use crate::run::{Cause, Reason, StepWhy, Why};

/// The screen of `why`.
pub fn why_text(why: &Why) -> String {
    let mut text = headline(why);
    if why.previous.is_some() && !why.reasons.is_empty() {
        text.push_str(&reasons_text(&why.reasons));
    }
    text + &unchanged_text(why)
}

fn headline(why: &Why) -> String {
    let (name, run) = (bold(&why.experiment), why.run.short());
    let previous = why.previous.map(|previous| previous.short());
    let missing = why.would_execute();
    if let Some(candidates) = why.would_try {
        return search_headline(why, candidates);
    }
    match (why.now, previous, missing.as_slice()) {
        (true, previous, []) => {
            let mut text = format!(
                "{}   nothing would execute: run {run} is in the store\n",
                green(&why.experiment)
            );
            if let (Some(previous), false) = (previous, why.reasons.is_empty()) {
                text.push_str(&format!("  compared with run {previous}:\n"));
            }
            text
        }
        (true, None, missing) => format!(
            "{name}   {} would execute, as run {run}\n  it was never executed here, and has no lock\n",
            and_what_follows(missing)
        ),
        (true, Some(previous), missing) if why.reasons.is_empty() => format!(
            "{name}   {} would execute, as run {run}\n  nothing changed since run {previous}; its results are not in this store\n",
            and_what_follows(missing)
        ),
        (true, Some(previous), missing) => format!(
            "{name}   {} would execute, as run {run}\n  compared with run {previous}:\n",
            and_what_follows(missing)
        ),
        (false, previous, _) => runs_headline(why, &previous.unwrap_or_default(), &run),
    }
}

fn search_headline(why: &Why, candidates: usize) -> String {
    let name = bold(&why.experiment);
    let text = format!("{name}   its search would try {candidates} candidates\n");
    match why.previous {
        Some(previous) if !why.reasons.is_empty() => {
            text + &format!("  compared with run {}:\n", previous.short())
        }
        Some(_) => text + "  which of them it chose last, no lock says\n",
        None => text + "  it was never executed here, and has no lock\n",
    }
}

fn runs_headline(why: &Why, previous: &str, run: &str) -> String {
    let changed: Vec<Step> = steps(why, |cause| cause != Cause::AsBefore);
    let name = bold(&why.experiment);
    match changed.as_slice() {
        [] => format!("{name}   runs {previous} and {run} are the same\n"),
        changed => {
            let verb = if changed.len() == 1 {
                "differs"
            } else {
                "differ"
            };
            format!(
                "{name}   run {run}, compared with run {previous}\n  {} {verb}:\n",
                and_what_follows(changed)
            )
        }
    }
}

/// `fit and what follows`.
fn and_what_follows(steps: &[Step]) -> String {
    match steps {
        [] => String::new(),
        [only] => only.to_string(),
        [first, ..] => format!("{first} and what follows"),
    }
}

fn steps(why: &Why, wanted: impl Fn(Cause) -> bool) -> Vec<Step> {
    let found = why.steps.iter().filter(|step| wanted(step.cause));
    found.map(|step| step.step).collect()
}

/// Each difference with the step that reads it first, old → new, and where it stands. The place goes
/// below where a line has no room for it.
fn reasons_text(reasons: &[Reason]) -> String {
    let mut table = Table::default();
    for reason in reasons {
        table
            .row()
            .left(yellow(reason.difference.name()))
            .left(reason.difference.to_string());
    }
    let lines: Vec<String> = table.render(2).lines().map(ToString::to_string).collect();
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let mut text = String::new();
    for (line, reason) in lines.iter().zip(reasons) {
        let place = place(reason);
        let gap = " ".repeat(widest.saturating_sub(width(line)) + 2);
        if place.is_empty() {
            text.push_str(&format!("{line}\n"));
        } else if widest + 2 + width(&place) <= WIDTH {
            text.push_str(&format!("{line}{gap}{}\n", dim(place)));
        } else {
            text.push_str(&format!("{line}\n      {}\n", dim(place)));
        }
    }
    text
}

/// `experiments/churn.toml:31:9`, or the files of a table.
fn place(reason: &Reason) -> String {
    match &reason.at {
        Some(span) => span.to_string(),
        None => reason.files.join(", "),
    }
}

/// `training_set and split are as before.`
fn unchanged_text(why: &Why) -> String {
    let same: Vec<String> = steps(why, |cause| cause == Cause::AsBefore)
        .iter()
        .map(ToString::to_string)
        .collect();
    let all = same.len() == why.steps.len();
    let words = match same.split_last() {
        Some((last, [])) if !all => format!("{last} is as before."),
        Some((last, others)) if !all => format!("{} and {last} are as before.", others.join(", ")),
        _ => return String::new(),
    };
    format!("  {}\n", dim(words))
}

pub fn why_document(why: &Why) -> Value {
    let reasons: Vec<Value> = why.reasons.iter().map(reason_document).collect();
    let steps: Vec<Value> = why
        .steps
        .iter()
        .map(|step| step_document(why, step))
        .collect();
    json!({
        "experiment": why.experiment,
        "run": why.run,
        "previous": why.previous,
        "would_execute": why.would_execute(),
        "would_try": why.would_try,
        "steps": steps,
        "reasons": reasons,
    })
}

fn reason_document(reason: &Reason) -> Value {
    let (old, new) = reason.difference.sides();
    json!({
        "step": reason.difference.first_step(),
        "name": reason.difference.name(),
        "old": old,
        "new": new,
        "at": reason.at.as_ref().map(ToString::to_string),
        "files": reason.files,
    })
}

/// `cause` is the name of the first difference the step reads itself, else the first step before it
/// that is another; null for a step that is as it was.
fn step_document(why: &Why, step: &StepWhy) -> Value {
    let cause = match step.cause {
        Cause::AsBefore | Cause::Unknown => None,
        Cause::Own(at) => Some(why.reasons[at].difference.name()),
        Cause::Upstream(upstream) => Some(upstream.to_string()),
    };
    json!({
        "name": step.step,
        "same": step.cause == Cause::AsBefore,
        "cause": cause,
        "in_store": step.known,
    })
}
