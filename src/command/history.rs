//! `streamflow history`.

use super::Context;
use super::arguments::HistoryArguments;
use super::output::Output;
use crate::definition::ModelName;
use crate::error::{Error, Result};
use crate::host::Instant;
use crate::lockfile::{PinFile, pin_path};
use crate::registry::{self, Transition};
use crate::report::{self, HistoryView};
use crate::run;
use crate::workspace::Workspace;

/// Shows the transitions of a model, and what is or was pinned.
pub fn history(context: &Context, arguments: &HistoryArguments) -> Result<Output> {
    let at = arguments.at.as_deref().map(time).transpose()?;
    let workspace = context.workspace()?;
    let model = match &arguments.model {
        Some(name) => run::find_model(&workspace, name)?,
        None => run::only_model(&workspace)?,
    };
    if arguments.verify {
        return verify(&workspace, &model);
    }
    let log = registry::transitions(workspace.store().catalog(), &model)?;
    let (file, shown, notices) = match at {
        None => {
            let file = registry::pin_file(&workspace, &model)?;
            let notices = notices(&log, &file);
            (file, &log[..], notices)
        }
        Some(at) => (
            registry::file_at(&model, &log, at),
            &log[..log.partition_point(|transition| transition.at <= at)],
            before_the_log(&log, at),
        ),
    };
    let stages = file.pins.iter().map(|(stage, pin)| (*stage, pin.run));
    let aliases = file
        .aliases
        .iter()
        .map(|(alias, pin)| (alias.clone(), pin.run));
    let view = HistoryView {
        model: &model,
        transitions: shown,
        pinned: stages.collect(),
        aliases: aliases.collect(),
        at,
        notices,
    };
    Ok(Output::new(
        report::history_text(&view),
        &report::history_document(&view),
    ))
}

/// Holds every entry of the log against its hash, its neighbours and the pin file.
fn verify(workspace: &Workspace, model: &ModelName) -> Result<Output> {
    let file = registry::pin_file(workspace, model)?;
    let audit = registry::verify_log(workspace.store().catalog(), model, &file)?;
    let mut output = Output::new(
        report::audit_text(model, &audit),
        &report::audit_document(model, &audit),
    );
    output.error = report::audit_error(model, &audit);
    Ok(output)
}

fn time(text: &str) -> Result<Instant> {
    Instant::parse(text).ok_or_else(|| {
        Error::usage(format!("`{text}` is not a time"))
            .help("write a date, which stands for its end, or RFC 3339: 2024-02-29T12:00:00Z")
    })
}

/// How log and pin file stand to each other.
fn notices(log: &[Transition], file: &PinFile) -> Vec<String> {
    let mut notices: Vec<String> = registry::ahead_of_file(log, file).into_iter().collect();
    let end = file.end();
    if let Some(end) = end.filter(|end| log.iter().all(|entry| entry.hash != end.hash)) {
        notices.push(format!(
            "transition {} of {} was made in another store, which has its log",
            end.sequence,
            pin_path(&file.model)
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
