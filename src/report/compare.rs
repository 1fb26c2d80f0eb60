//! What would execute, and why.

use serde_json::{Value, json};

use super::style::{Table, bold, green, yellow};
use crate::hash::Digest;
use crate::run::Why;

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
