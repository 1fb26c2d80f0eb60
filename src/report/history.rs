//! The log of a model, and whether it is what was written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::registry::notice_line;
use super::style::{Table, bold, dim, green, wrap, yellow};
use crate::definition::{AliasName, ModelName, Stage, Standing};
use crate::error::Error;
use crate::hash::{Digest, RunId};
use crate::host::Instant;
use crate::lockfile::pin_path;
use crate::registry::{LogAudit, Transition, TransitionKind};

/// The log of a model, and what is pinned.
#[derive(Debug)]
pub struct HistoryView<'a> {
    pub model: &'a ModelName,
    /// The oldest first.
    pub transitions: &'a [Transition],
    /// Now by the pin file, or at a time by the log.
    pub pinned: BTreeMap<Stage, RunId>,
    pub aliases: BTreeMap<AliasName, RunId>,
    pub at: Option<Instant>,
    pub notices: Vec<String>,
}

pub fn history_document(view: &HistoryView) -> Value {
    let mut document = json!({
        "model": view.model,
        "transitions": view.transitions,
        "pinned": view.pinned,
        "aliases": view.aliases,
        "notices": view.notices,
    });
    if let (Some(at), Value::Object(fields)) = (view.at, &mut document) {
        fields.insert("at".to_string(), json!(at));
    }
    document
}

/// Two lines for each transition: what, and why. The newest stands last, nearest to the prompt.
pub fn history_text(view: &HistoryView) -> String {
    let mut text = format!("{}\n", bold(view.model));
    text.push_str(&transition_lines(view.transitions));
    if view.transitions.is_empty() {
        text.push_str(&dim("  no transition is in the log of this store\n"));
    }
    text.push('\n');
    text.push_str(&pinned_lines(view));
    for notice in &view.notices {
        text.push_str(&notice_line(notice));
    }
    text
}

fn transition_lines(transitions: &[Transition]) -> String {
    let mut text = String::new();
    let mut table = Table::default();
    for transition in transitions {
        table
            .row()
            .right(transition.sequence.to_string())
            .left(transition.at.to_minute())
            .left(transition.run.short())
            .left(where_to(transition))
            .left(transition.by.clone());
    }
    let table = table.render(2);
    for (line, transition) in table.lines().zip(transitions) {
        text.push_str(&format!(
            "{line}\n{}",
            wrap("       ", &dim(&transition.reason))
        ));
        for remark in remarks(transition) {
            text.push_str(&wrap("       ", &remark));
        }
    }
    text
}

fn where_to(transition: &Transition) -> String {
    let to = transition.to.map_or("", Standing::as_str);
    let alias = transition.alias.as_ref().map_or("", AliasName::as_str);
    match transition.kind {
        TransitionKind::Promotion => format!("to {to}"),
        TransitionKind::Rollback => format!("back to {to}"),
        TransitionKind::Demotion if transition.to == Some(Standing::Archived) => to.to_string(),
        TransitionKind::Demotion => "out of stages".to_string(),
        TransitionKind::Alias => format!("@{alias}"),
        TransitionKind::Unalias => format!("@{alias} removed"),
        TransitionKind::Approval => "approved".to_string(),
    }
}

/// What stands out of an entry.
fn remarks(transition: &Transition) -> Vec<String> {
    let mut remarks = Vec::new();
    if transition.overridden {
        let refused = transition.gates.iter().filter(|gate| !gate.held);
        let refused: Vec<String> = refused
            .map(|gate| format!("{} ({})", gate.gate, gate.detail))
            .collect();
        remarks.push(yellow(format!("gates overridden: {}", refused.join("; "))));
    }
    if !transition.approved_by.is_empty() {
        remarks.push(dim(format!(
            "approved by {}",
            transition.approved_by.join(", ")
        )));
    }
    if let Some(signed) = &transition.signed {
        let key: String = signed.key.chars().take(12).collect();
        remarks.push(dim(format!("signed with key {key}")));
    }
    remarks
}

fn pinned_lines(view: &HistoryView) -> String {
    let when = view
        .at
        .map_or("now".to_string(), |at| format!("at {} UTC", at.to_minute()));
    let stages = view.pinned.iter();
    let stages = stages.map(|(stage, run)| format!("{stage} {}", run.short()));
    let aliases = view.aliases.iter();
    let aliases = aliases.map(|(alias, run)| format!("@{alias} {}", run.short()));
    let places: Vec<String> = stages.chain(aliases).collect();
    match places.is_empty() {
        true => format!("  {when}: nothing pinned\n"),
        false => format!("  {when}: {}\n", places.join(", ")),
    }
}

/// `history --verify`.
pub fn audit_document(model: &ModelName, audit: &LogAudit) -> Value {
    json!({
        "model": model,
        "verified": audit.problems.is_empty(),
        "problems": audit.problems,
        "elsewhere": audit.elsewhere.iter().map(|(first, last)| json!({
            "first": first,
            "last": last,
        })).collect::<Vec<_>>(),
        "transitions": audit.log,
    })
}

pub fn audit_text(model: &ModelName, audit: &LogAudit) -> String {
    let count = audit.log.len();
    let name = bold(model);
    if !audit.problems.is_empty() {
        return format!("{name}   {count} in the log of this store\n");
    }
    let Some(last) = audit.log.last() else {
        return format!("{name}   nothing was ever pinned: there is nothing to verify\n");
    };
    let entries = if count == 1 {
        "transition"
    } else {
        "transitions"
    };
    let mut text = format!(
        "{name}   {count} {entries} {}\n",
        green("as they were written")
    );
    text.push_str(&format!(
        "  the last, {}, is the one that {} names: {}\n",
        last.sequence,
        pin_path(model),
        last.hash.short()
    ));
    for (first, last) in &audit.elsewhere {
        let which = match first == last {
            true => format!("transition {first} was"),
            false => format!("transitions {first} to {last} were"),
        };
        text.push_str(&notice_line(&format!(
            "{which} made in another store, by what the chain itself says; that store has them"
        )));
    }
    text
}

/// The error of a log that is not what was written.
pub fn audit_error(model: &ModelName, audit: &LogAudit) -> Option<Error> {
    if audit.problems.is_empty() {
        return None;
    }
    let error = Error::failure(format!("the log of {model} is not what was written"));
    let lines = audit.problems.iter().flat_map(|problem| {
        let details = problem.details.iter().map(|line| format!("  {line}"));
        std::iter::once(problem.what.clone()).chain(details)
    });
    let path = pin_path(model);
    Some(
        error
            .details(lines)
            .help(format!(
                "`git log -p {path}` has the hashes that were committed"
            ))
            .help("a copy of the store from before shows what the entries were"),
    )
}
