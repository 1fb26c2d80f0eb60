//! Differences: between two runs, and between a run and what it would be now.

use serde_json::{Value, json};

use super::style::{Table, bold, count, dim, green, yellow};
use crate::hash::Digest;
use crate::run::{InputDifference, InputKind, KnownRun, PredictionChanges, RunDiff, Why, short};

/// What changed, causes first; what it did.
pub fn diff_text(diff: &RunDiff, a: &KnownRun, b: &KnownRun) -> String {
    let mut text = headline("a", a);
    text.push_str(&headline("b", b));
    if diff.a == diff.b {
        text.push_str("\nBoth are the same run.\n");
    }
    text.push_str("\nwhat changed\n");
    text.push_str(&inputs_text(&diff.inputs));
    text.push_str("\nwhat it did\n");
    text.push_str(&metrics_text(diff));
    text.push_str(&outputs_text(diff));
    text.push_str(&predictions_text(diff.predictions.as_ref()));
    text
}

fn headline(side: &str, known: &KnownRun) -> String {
    let dates: Vec<String> = known.as_of().iter().map(ToString::to_string).collect();
    let auc = known
        .metrics()
        .get("auc")
        .map_or(String::new(), |auc| format!("   auc {auc:.4}"));
    format!(
        "{side}  {}  {}  {}{auc}\n",
        known.run.short(),
        bold(&known.experiment),
        dates.join(", ")
    )
}

fn inputs_text(inputs: &[InputDifference]) -> String {
    let mut table = Table::default();
    for input in inputs {
        table
            .row()
            .left(kind_word(input))
            .left(input.name.clone())
            .left(input.detail.clone());
    }
    let mut text = table.render(2);
    let same: Vec<&str> = InputKind::ALL
        .into_iter()
        .filter(|kind| inputs.iter().all(|input| input.kind != *kind))
        .map(InputKind::as_str)
        .collect();
    if !same.is_empty() {
        text.push_str(&format!(
            "  {}\n",
            dim(format!("{}: the same", same.join(", ")))
        ));
    }
    text
}

/// Causes stand out; what only explains does not.
fn kind_word(input: &InputDifference) -> String {
    match input.kind {
        InputKind::Code | InputKind::Environment => dim(input.kind.as_str()),
        kind => yellow(kind.as_str()),
    }
}

fn metrics_text(diff: &RunDiff) -> String {
    let mut table = Table::default();
    let number =
        |value: Option<f64>| value.map_or("–".to_string(), |value| format!("{value:.4}"));
    for metric in &diff.metrics {
        let delta = match metric.delta {
            Some(0.0) => dim("the same"),
            Some(delta) => {
                let sign = if delta < 0.0 { '−' } else { '+' };
                format!("{sign}{:.4}", delta.abs())
            }
            None => "–".to_string(),
        };
        let sides = format!("{} → {}", number(metric.a), number(metric.b));
        table
            .row()
            .left(metric.name.clone())
            .right(sides)
            .right(delta);
    }
    table.render(2)
}

fn outputs_text(diff: &RunDiff) -> String {
    let mut table = Table::default();
    for output in &diff.outputs {
        let side = |hash: &Option<String>| hash.as_deref().map_or("–".to_string(), short);
        let sides = match output.same {
            true => format!("{}   {}", side(&output.a), dim("the same")),
            false => format!("{} → {}", side(&output.a), side(&output.b)),
        };
        table.row().left(output.name).left(sides);
    }
    table.render(2)
}

fn predictions_text(changes: Option<&PredictionChanges>) -> String {
    match changes {
        None => format!(
            "  {}\n",
            dim("predictions cannot be compared: those of one run are not in this store")
        ),
        Some(PredictionChanges {
            compared,
            changed,
            flipped,
        }) => format!(
            "  {} of {} common test rows moved, {} flipped\n",
            count(*changed),
            count(*compared),
            count(*flipped)
        ),
    }
}

/// What would execute, and why.
pub fn why_text(why: &Why) -> String {
    let run = why.run.short();
    let mut text = match why.would_execute.as_slice() {
        [] => format!(
            "{}   nothing would execute: run {run} is in the store\n",
            green(&why.experiment)
        ),
        [first, ..] => {
            let rest = if why.would_execute.len() > 1 {
                " and what follows"
            } else {
                ""
            };
            format!(
                "{}   {first}{rest} would execute, as run {run}\n",
                bold(&why.experiment)
            )
        }
    };
    match (&why.previous, why.reasons.as_slice()) {
        (None, _) if !why.would_execute.is_empty() => {
            text.push_str("  it was never executed here, and has no lock\n");
        }
        (Some(previous), []) if !why.would_execute.is_empty() => {
            let previous = previous.short();
            text.push_str(&format!(
                "  nothing changed since run {previous}; its results are not in this store\n"
            ));
        }
        (Some(previous), reasons) if !reasons.is_empty() => {
            text.push_str(&format!("  compared with run {}:\n", previous.short()));
            text.push_str(&reasons_text(why));
        }
        _ => {}
    }
    text
}

fn reasons_text(why: &Why) -> String {
    let mut table = Table::default();
    for (reason, place) in &why.reasons {
        table
            .row()
            .left(yellow(reason.name()))
            .left(reason.to_string())
            .left(place.as_ref().map_or(String::new(), ToString::to_string));
    }
    table.render(2)
}

pub fn why_document(why: &Why) -> Value {
    let reasons: Vec<Value> = why
        .reasons
        .iter()
        .map(|(reason, place)| {
            let (old, new) = reason.sides();
            json!({
                "step": reason.first_step(),
                "name": reason.name(),
                "old": old,
                "new": new,
                "at": place.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    json!({
        "experiment": why.experiment,
        "run": why.run,
        "previous": why.previous,
        "would_execute": why.would_execute,
        "reasons": reasons,
    })
}
