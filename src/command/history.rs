//! `streamflow history`.

use std::collections::BTreeMap;

use super::Context;
use super::arguments::HistoryArguments;
use super::output::Output;
use crate::definition::{ModelName, Stage};
use crate::error::{Error, Result};
use crate::host::Instant;
use crate::lockfile::Pin;
use crate::registry::{self, Transition};
use crate::report::{self, HistoryView};
use crate::run;

/// Shows the transitions of a model, and what is or was pinned.
pub fn history(context: &Context, arguments: &HistoryArguments) -> Result<Output> {
    let at = arguments.at.as_deref().map(time).transpose()?;
    let workspace = context.workspace()?;
    let model = match &arguments.model {
        Some(name) => run::find_model(&workspace, name)?,
        None => run::only_model(&workspace)?,
    };
    let log = registry::transitions(workspace.store().catalog(), &model)?;
    let pins = registry::pins(&workspace, &model)?;
    let view = match at {
        None => HistoryView {
            model: &model,
            transitions: &log,
            pinned: pins.iter().map(|(stage, pin)| (*stage, pin.run)).collect(),
            at,
            notices: notices(&model, &log, &pins),
        },
        Some(at) => HistoryView {
            model: &model,
            transitions: &log[..log.partition_point(|transition| transition.at <= at)],
            pinned: registry::pinned_at(&log, at),
            at: Some(at),
            notices: before_the_log(&log, at),
        },
    };
    Ok(Output::new(
        report::history_text(&view),
        &report::history_document(&view),
    ))
}

fn time(text: &str) -> Result<Instant> {
    Instant::parse(text).ok_or_else(|| {
        Error::usage(format!("`{text}` is not a time"))
            .help("write a date, which stands for its end, or RFC 3339: 2024-02-29T12:00:00Z")
    })
}

/// How log and pin file stand to each other.
fn notices(model: &ModelName, log: &[Transition], pins: &BTreeMap<Stage, Pin>) -> Vec<String> {
    let mut notices: Vec<String> = registry::ahead_of_file(model, log, pins)
        .into_iter()
        .collect();
    let unknown = |pin: &&Pin| log.iter().all(|transition| transition.hash != pin.hash);
    if let Some(pin) = pins.values().filter(unknown).max_by_key(|pin| pin.sequence) {
        notices.push(format!(
            "transition {} of lockfiles/{model}.pin was made in another store, which has its log",
            pin.sequence
        ));
    }
    notices
}

/// What was before the first entry of a log that does not begin at 1 is not known here.
fn before_the_log(log: &[Transition], at: Instant) -> Vec<String> {
    let unknown = match log.first() {
        None => true,
        Some(first) => first.adopted && first.at > at,
    };
    match unknown {
        true => vec!["the log of this store does not reach back to then".to_string()],
        false => Vec::new(),
    }
}
