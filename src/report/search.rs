//! What a search tried, and what it chose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::style::{Table, bold, count, dim, fixed, green, wrap};
use crate::definition::{self, ExperimentName, ValuePath};
use crate::hash::Digest;
use crate::run::{RunResult, SearchRecord, Tried, ranked};

/// Candidates that the screen after `run` shows at most.
const SHOWN: usize = 3;

/// `"search"` of a run whose values were searched for; null for any other.
pub fn searched_document(result: &RunResult) -> Value {
    let Some(search) = &result.search else {
        return Value::Null;
    };
    json!({
        "id": search.id,
        "method": search.declared.get("method"),
        "metric": search.declared.get("metric"),
        "chosen": search.chosen,
        "candidates": result.searched.as_ref().map(SearchRecord::candidates),
        "searched": result.searched.is_some(),
    })
}

/// Which values were chosen, and what came next; nothing of a run without a search.
pub fn searched_text(result: &RunResult, experiment: &ExperimentName) -> String {
    let Some(search) = &result.search else {
        return String::new();
    };
    let first = "  search             ";
    let Some(record) = &result.searched else {
        let words = format!("{}, as locked", tried_words(&search.chosen));
        return wrap(first, &words);
    };
    let mut text = wrap(first, &headline(record));
    let last = last_round(record);
    let mut table = Table::default();
    for tried in last.iter().take(SHOWN) {
        let words = tried_words(&tried.values);
        table
            .row()
            .right(score(tried))
            .left(match is_chosen(record, tried) {
                true => green(words),
                false => dim(words),
            });
    }
    text.push_str(&table.render(4));
    if record.tried.len() > SHOWN {
        let all = format!("    `streamflow runs --search {experiment}` lists all of them\n");
        text.push_str(&dim(all));
    }
    text
}

/// `random, 20 candidates by cv_auc`
fn headline(record: &SearchRecord) -> String {
    let candidates = count(record.candidates() as u64);
    let rounds = match record.rounds() {
        1 => String::new(),
        rounds => format!(" in {rounds} rounds"),
    };
    let (method, metric) = (&record.method, &record.metric);
    format!("{method}, {candidates} candidates{rounds} by {metric}")
}

fn is_chosen(record: &SearchRecord, tried: &Tried) -> bool {
    record
        .chosen()
        .is_some_and(|chosen| (chosen.round, chosen.candidate) == (tried.round, tried.candidate))
}

/// `0.8443 ± 0.0113`
fn score(tried: &Tried) -> String {
    match tried.sd {
        Some(sd) => format!("{} ± {}", fixed(tried.score), fixed(sd)),
        None => fixed(tried.score),
    }
}

/// Those that came to the last round, the best first.
fn last_round(record: &SearchRecord) -> Vec<Tried> {
    in_order(record)
        .into_iter()
        .filter(|tried| tried.round + 1 == record.rounds())
        .collect()
}

/// Each candidate once, as it was in the last of its rounds: who came furthest first, then the best.
fn in_order(record: &SearchRecord) -> Vec<Tried> {
    let mut last: BTreeMap<usize, &Tried> = BTreeMap::new();
    for tried in &record.tried {
        last.insert(tried.candidate, tried);
    }
    let mut rounds: BTreeMap<usize, Vec<Tried>> = BTreeMap::new();
    for tried in last.into_values() {
        rounds.entry(tried.round).or_default().push(tried.clone());
    }
    let best_first = |tried| ranked(&record.metric, tried);
    rounds.into_values().rev().flat_map(best_first).collect()
}

/// `runs --search NAME`: every candidate in every round.
pub fn search_document(experiment: &ExperimentName, record: &SearchRecord) -> Value {
    let runs: Vec<Value> = in_order(record)
        .iter()
        .map(|tried| {
            json!({
                "run": tried.run,
                "candidate": tried.candidate + 1,
                "round": tried.round + 1,
                "score": tried.score,
                "sd": tried.sd,
                "values": tried.values,
                "chosen": is_chosen(record, tried),
            })
        })
        .collect();
    json!({
        "search": {
            "id": record.id,
            "experiment": experiment,
            "method": record.method,
            "metric": record.metric,
            "candidates": record.candidates(),
            "rounds": record.rounds(),
            "chosen": record.chosen_run(),
        },
        "runs": runs,
    })
}

/// The same as a table: a column for each value.
pub fn search_text(experiment: &ExperimentName, record: &SearchRecord) -> String {
    let order = in_order(record);
    let paths: BTreeSet<&ValuePath> = order.iter().flat_map(|tried| tried.values.keys()).collect();
    let mut table = Table::default();
    table.row().left("").left(dim("run"));
    if record.rounds() > 1 {
        table.right(dim("round"));
    }
    table.right(dim(&record.metric)).right(dim("± folds"));
    for path in &paths {
        table.right(dim(name_of(path)));
    }
    for tried in &order {
        let mark = match is_chosen(record, tried) {
            true => green("●"),
            false => String::new(),
        };
        table.row().left(mark).left(tried.run.short());
        if record.rounds() > 1 {
            table.right((tried.round + 1).to_string());
        }
        table.right(fixed(tried.score));
        table.right(tried.sd.map_or("–".to_string(), fixed));
        for path in &paths {
            let value = tried.values.get(*path);
            table.right(value.map_or(String::new(), plain));
        }
    }
    let head = format!("{}   {}\n", bold(experiment), headline(record));
    head + &table.render(0) + &format!("\n{}\n", dim("● chosen"))
}

/// `max_depth 5, max_features sqrt`
pub fn tried_words(values: &BTreeMap<ValuePath, definition::Value>) -> String {
    let words = values
        .iter()
        .map(|(path, value)| format!("{} {}", name_of(path), plain(value)));
    words.collect::<Vec<_>>().join(", ")
}

/// `trees` says as much as `model.trees`, in less room.
fn name_of(path: &ValuePath) -> &str {
    path.as_str().rsplit('.').next().unwrap_or_default()
}

/// A value without the quotation marks of TOML.
fn plain(value: &definition::Value) -> String {
    match value {
        definition::Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}
