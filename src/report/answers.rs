//! The different results of one run, with the executions that gave them.

use serde_json::{Value, json};

use super::style::{Table, green, plural, wrap, yellow};
use crate::hash::Digest;
use crate::run::{Answer, Disagreement, ExecutionKind, Source, short};

/// How an execution came about, as it is typed.
pub fn kind_words(kind: ExecutionKind) -> &'static str {
    match kind {
        ExecutionKind::Run => "run",
        ExecutionKind::Locked => "run --locked",
        ExecutionKind::Replay => "replay",
        ExecutionKind::Verify => "verify",
        ExecutionKind::Bundle => "from a bundle",
    }
}

/// `gave 2 results`, for a headline.
pub fn mark(disagreement: &Disagreement) -> String {
    let settled = match disagreement.settled {
        true => ", one of them accepted",
        false => "",
    };
    yellow(format!(
        "gave {} results{settled}",
        disagreement.answers.len()
    ))
}

/// Each result with the execution that gave it first, and what in it is not as in the first.
pub fn answers_text(disagreement: &Disagreement) -> String {
    let count = disagreement.answers.len();
    let sentence = match disagreement.settled {
        true => format!(
            "this run gave {count} results; one was accepted, and every execution since gave that"
        ),
        false => format!(
            "this run gave {count} results; `streamflow replay` tells which this machine gives, \
             `streamflow run NAME --no-cache --accept` settles on it"
        ),
    };
    let mut text = wrap(&format!("  {} ", yellow("notice")), &sentence);
    for (at, answer) in disagreement.answers.iter().enumerate() {
        let mut table = Table::default();
        table.row().left((at + 1).to_string());
        for words in answer_words(answer) {
            table.left(words);
        }
        text.push_str(&table.render(4));
        if !answer.differs.is_empty() {
            let differs = answer.differs.join(", ");
            text.push_str(&wrap("       differs in ", &differs));
        }
    }
    text + &environments_text(disagreement)
}

fn answer_words(answer: &Answer) -> Vec<String> {
    let environment = format!("environment {}", answer.environment.hash().short());
    let model = format!("model {}", answer.outputs.model.short());
    match &answer.execution {
        None => vec!["the lock".to_string(), environment, model],
        Some(Source {
            at, kind, threads, ..
        }) => vec![
            at.to_minute(),
            kind_words(*kind).to_string(),
            plural(*threads as u64, "thread"),
            environment,
        ],
    }
}

/// The facts in which the first two environments differ.
fn environments_text(disagreement: &Disagreement) -> String {
    let [first, second, ..] = disagreement.answers.as_slice() else {
        return String::new();
    };
    let mut table = Table::default();
    for (name, a, b) in first.environment.differences(&second.environment) {
        table
            .row()
            .left(name)
            .left(format!("{} → {}", short(a), short(b)));
    }
    let text = table.render(7);
    match text.is_empty() {
        true => format!("       {}\n", green("environment: the same")),
        false => text,
    }
}

pub fn answers_document(disagreement: &Disagreement) -> Value {
    let answers = disagreement.answers.iter().map(|answer| {
        let source = answer.execution.as_ref();
        json!({
            "at": source.map(|source| source.at),
            "kind": source.map_or("lock", |source| kind_words(source.kind)),
            "varied": source.and_then(|source| source.varied.as_deref()),
            "threads": source.map(|source| source.threads),
            "environment": answer.environment.hash(),
            "facts": answer.environment,
            "outputs": answer.outputs,
            "metrics": answer.metrics,
            "times": answer.times,
            "differs": answer.differs,
        })
    });
    json!({ "settled": disagreement.settled, "answers": answers.collect::<Vec<_>>() })
}
