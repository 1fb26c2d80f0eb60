//! Promotions, rollbacks, and whatever else moves a pointer.

use serde_json::{Value, json};

use super::answers::{answers_document, answers_text};
use super::style::{Table, bold, dim, green, red, wrap, yellow};
use crate::definition::{ModelName, Stage, Standing};
use crate::hash::{Digest, RunId};
use crate::lockfile::pin_path;
use crate::registry::{
    AliasChange, Approval, Demotion, GateResult, Outcome, Promotion, Rollback, Transition,
};

pub fn promotion_document(promotion: &Promotion) -> Value {
    let status = status_of(&promotion.outcome, "promoted");
    let transition = promotion.outcome.transition();
    json!({
        "model": promotion.model,
        "run": promotion.run,
        "experiment": promotion.experiment,
        "stage": promotion.stage,
        "status": status,
        "gates": promotion.gates,
        "overridden": transition.is_some_and(|transition| transition.overridden),
        "transition": transition,
        "pin": pin_path(&promotion.model),
        "notices": promotion.notices,
        "disagreement": promotion.disagreement.as_ref().map(answers_document),
    })
}

fn status_of(outcome: &Outcome, done: &'static str) -> &'static str {
    match outcome {
        Outcome::Promoted(_) => done,
        Outcome::Unchanged => "unchanged",
        Outcome::Refused => "refused",
    }
}

/// Every gate with its numbers, and what became of the pin.
pub fn promotion_text(promotion: &Promotion) -> String {
    let (run, stage) = (promotion.run.short(), promotion.stage);
    let done = match &promotion.outcome {
        Outcome::Promoted(transition) if transition.overridden => {
            format!(
                "{} {}",
                green(format!("promoted to {stage}")),
                yellow("over its gates")
            )
        }
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
    if let Some(transition) = promotion.outcome.transition() {
        text.push('\n');
        text.push_str(&pin_lines(
            &promotion.model,
            transition,
            &before_words(transition),
        ));
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

/// What an entry did to the run that stood there before.
fn before_words(transition: &Transition) -> String {
    let run = |run: RunId| run.short();
    match (transition.replaced, transition.archived) {
        (None, _) => "nothing was pinned before".to_string(),
        (Some(before), Some(_)) => format!("before it stood {}, which is archived", run(before)),
        (Some(before), None) => format!("before it stood {}", run(before)),
    }
}

fn pin_lines(model: &ModelName, transition: &Transition, before: &str) -> String {
    let path = pin_path(model);
    let signed = transition.signed.as_ref().map_or(String::new(), |signed| {
        let key: String = signed.key.chars().take(12).collect();
        format!("  signed with key {key}\n")
    });
    format!(
        "  {} {path}\n  transition {} by {}; {before}\n{signed}  next: git add {path} && git commit\n",
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
        green(format!("back in {}", Stage::Production))
    );
    for notice in &rollback.notices {
        text.push_str(&notice_line(notice));
    }
    text.push('\n');
    text.push_str(&pin_lines(
        &rollback.model,
        transition,
        &before_words(transition),
    ));
    text
}

pub(super) fn notice_line(sentence: &str) -> String {
    wrap(&format!("  {} ", yellow("notice")), sentence)
}

pub fn demotion_document(demotion: &Demotion) -> Value {
    json!({
        "model": demotion.model,
        "run": demotion.run,
        "stage": demotion.to,
        "status": status_of(&demotion.outcome, "demoted"),
        "left": demotion.left,
        "transition": demotion.outcome.transition(),
        "pin": pin_path(&demotion.model),
        "notices": demotion.notices,
    })
}

pub fn demotion_text(demotion: &Demotion) -> String {
    let run = demotion.run.short();
    let stands = match demotion.to {
        Standing::Archived => "archived",
        _ => "in no stage",
    };
    let done = match demotion.outcome {
        Outcome::Promoted(_) => green(stands),
        _ => format!("{}: it is {stands} already", yellow("nothing to do")),
    };
    let mut text = format!("{}   run {run}   {done}\n", bold(&demotion.model));
    for notice in &demotion.notices {
        text.push_str(&notice_line(notice));
    }
    if let Some(transition) = demotion.outcome.transition() {
        let left: Vec<&str> = demotion.left.iter().map(|stage| stage.as_str()).collect();
        let left = match left.is_empty() {
            true => "it stood in no stage".to_string(),
            false => format!("it left {}", left.join(" and ")),
        };
        text.push('\n');
        text.push_str(&pin_lines(&demotion.model, transition, &left));
    }
    text
}

pub fn approval_document(approval: &Approval) -> Value {
    json!({
        "model": approval.model,
        "run": approval.run,
        "status": status_of(&approval.outcome, "approved"),
        "by": approval.by,
        "approved_by": approval.approved_by,
        "needed": approval.needed,
        "transition": approval.outcome.transition(),
        "pin": pin_path(&approval.model),
        "notices": approval.notices,
    })
}

pub fn approval_text(approval: &Approval) -> String {
    let done = match approval.outcome {
        Outcome::Promoted(_) => green("approved for production"),
        _ => yellow("nothing to do"),
    };
    let run = approval.run.short();
    let mut text = format!("{}   run {run}   {done}\n", bold(&approval.model));
    let count = approval.approved_by.len();
    if count > 0 {
        let of = match approval.needed {
            0 => String::new(),
            needed => format!(" of {needed}"),
        };
        text.push_str(&format!(
            "  {count}{of}: {}\n",
            approval.approved_by.join(", ")
        ));
    }
    for notice in &approval.notices {
        text.push_str(&notice_line(notice));
    }
    if let Some(transition) = approval.outcome.transition() {
        text.push('\n');
        let before = "others see it once the file is committed";
        text.push_str(&pin_lines(&approval.model, transition, before));
    }
    text
}

pub fn alias_document(change: &AliasChange) -> Value {
    let done = if change.removed { "removed" } else { "set" };
    json!({
        "model": change.model,
        "alias": change.alias,
        "run": change.run,
        "status": status_of(&change.outcome, done),
        "before": change.before,
        "transition": change.outcome.transition(),
        "pin": pin_path(&change.model),
        "notices": change.notices,
    })
}

pub fn alias_text(change: &AliasChange) -> String {
    let (model, alias, run) = (&change.model, &change.alias, change.run.short());
    let name = bold(format!("{model}@{alias}"));
    let mut text = match (&change.outcome, change.removed) {
        (Outcome::Promoted(_), true) => format!("{name}   {}\n", green("removed")),
        (Outcome::Promoted(_), false) => format!("{name}   {} run {run}\n", green("points at")),
        _ => format!(
            "{name}   {}: it is run {run} already\n",
            yellow("nothing to do")
        ),
    };
    for notice in &change.notices {
        text.push_str(&notice_line(notice));
    }
    if let Some(transition) = change.outcome.transition() {
        let before = match (change.before, change.removed) {
            (None, _) => "it is new".to_string(),
            (Some(before), true) => format!("it was run {}", before.short()),
            (Some(before), false) => format!("before it was run {}", before.short()),
        };
        text.push('\n');
        text.push_str(&pin_lines(model, transition, &before));
    }
    text
}
