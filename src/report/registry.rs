//! Promotions, rollbacks, and the log of both.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answers::{answers_document, answers_text};
use super::style::{Table, bold, dim, green, red, wrap, yellow};
use crate::definition::{ModelName, Stage};
use crate::hash::{Digest, RunId};
use crate::host::Instant;
use crate::lockfile::pin_path;
use crate::registry::{GateResult, Outcome, Promotion, Rollback, Transition, TransitionKind};

pub fn promotion_document(promotion: &Promotion) -> Value {
    let (status, transition) = match &promotion.outcome {
        Outcome::Promoted(transition) => ("promoted", Some(transition)),
        Outcome::Unchanged => ("unchanged", None),
        Outcome::Refused => ("refused", None),
    };
    json!({
        "model": promotion.model,
        "run": promotion.run,
        "experiment": promotion.experiment,
        "stage": promotion.stage,
        "status": status,
        "gates": promotion.gates,
        "transition": transition,
        "pin": pin_path(&promotion.model),
        "notices": promotion.notices,
        "disagreement": promotion.disagreement.as_ref().map(answers_document),
    })
}

/// Every gate with its numbers, and what became of the pin.
pub fn promotion_text(promotion: &Promotion) -> String {
    let (run, stage) = (promotion.run.short(), promotion.stage);
    let done = match &promotion.outcome {
        Outcome::Promoted(_) => green(format!("promoted to {stage}")),
        Outcome::Unchanged => format!("{}: it is in {stage} already", yellow("nothing to do")),
        Outcome::Refused => red(format!("not promoted to {stage}")),
    };
    let mut text = format!("{}   run {run}   {done}\n", bold(&promotion.model));
    if promotion.outcome != Outcome::Unchanged {
        text.push_str(&gates_text(&promotion.gates, stage));
    }
    if let Some(disagreement) = &promotion.disagreement {
        text.push_str(&answers_text(disagreement));
    }
    for notice in &promotion.notices {
        text.push_str(&notice_line(notice));
    }
    if let Outcome::Promoted(transition) = &promotion.outcome {
        let before = promotion.before.map(|pin| pin.run);
        text.push('\n');
        text.push_str(&pin_lines(&promotion.model, transition, before));
    }
    text
}

fn gates_text(gates: &[GateResult], stage: Stage) -> String {
    if gates.is_empty() {
        return dim(format!("  its experiment declares no gates for {stage}")) + "\n";
    }
    let mut table = Table::default();
    for gate in gates {
        let answer = match gate.held {
            true => green("held"),
            false => red("refused"),
        };
        table
            .row()
            .left(gate.gate.clone())
            .left(answer)
            .left(gate.detail.clone());
    }
    table.render(2)
}

fn pin_lines(model: &ModelName, transition: &Transition, before: Option<RunId>) -> String {
    let path = pin_path(model);
    let before = before.map_or("nothing was pinned before".to_string(), |run| {
        format!("before it stood {}", run.short())
    });
    format!(
        "  {} {path}\n  transition {} by {}; {before}\n  next: git add {path} && git commit\n",
        green("pin written:"),
        transition.sequence,
        transition.by,
    )
}

pub fn rollback_document(rollback: &Rollback) -> Value {
    json!({
        "model": rollback.model,
        "run": rollback.transition.run,
        "stage": rollback.transition.to,
        "status": "rolled_back",
        "before": rollback.before.run,
        "transition": rollback.transition,
        "pin": pin_path(&rollback.model),
        "notices": rollback.notices,
    })
}

pub fn rollback_text(rollback: &Rollback) -> String {
    let transition = &rollback.transition;
    let mut text = format!(
        "{}   run {}   {}\n",
        bold(&rollback.model),
        transition.run.short(),
        green(format!("back in {}", transition.to))
    );
    for notice in &rollback.notices {
        text.push_str(&notice_line(notice));
    }
    text.push('\n');
    text.push_str(&pin_lines(
        &rollback.model,
        transition,
        Some(rollback.before.run),
    ));
    text
}

fn notice_line(sentence: &str) -> String {
    wrap(&format!("  {} ", yellow("notice")), sentence)
}

/// The log of a model, and what is pinned.
#[derive(Debug)]
pub struct HistoryView<'a> {
    pub model: &'a ModelName,
    /// The oldest first.
    pub transitions: &'a [Transition],
    /// Now by the pin file, or at a time by the log.
    pub pinned: BTreeMap<Stage, RunId>,
    pub at: Option<Instant>,
    pub notices: Vec<String>,
}

pub fn history_document(view: &HistoryView) -> Value {
    let mut document = json!({
        "model": view.model,
        "transitions": view.transitions,
        "pinned": view.pinned,
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
    let mut table = Table::default();
    for transition in view.transitions {
        table
            .row()
            .right(transition.sequence.to_string())
            .left(transition.at.to_minute())
            .left(transition.run.short())
            .left(where_to(transition))
            .left(transition.by.clone());
    }
    let table = table.render(2);
    for (line, transition) in table.lines().zip(view.transitions) {
        text.push_str(&format!(
            "{line}\n{}",
            wrap("       ", &dim(&transition.reason))
        ));
    }
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

fn where_to(transition: &Transition) -> String {
    match transition.kind {
        TransitionKind::Promotion => format!("to {}", transition.to),
        TransitionKind::Rollback => format!("back to {}", transition.to),
    }
}

fn pinned_lines(view: &HistoryView) -> String {
    let when = view
        .at
        .map_or("now".to_string(), |at| format!("at {} UTC", at.to_minute()));
    if view.pinned.is_empty() {
        return format!("  {when}: nothing pinned\n");
    }
    let places = view
        .pinned
        .iter()
        .map(|(stage, run)| format!("{stage} {}", run.short()));
    format!("  {when}: {}\n", places.collect::<Vec<_>>().join(", "))
}
