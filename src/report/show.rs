//! One run with everything that is known of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answers::{answers_document, answers_text, kind_words};
use super::family::band_text;
use super::leakage::counted;
use super::run::{RunDocument, RunScreen, result_text};
use super::style::{Table, bold, count, dim, fixed, green, seconds, yellow};
use crate::code::{CodeState, CommitId};
use crate::definition::{METRICS, ModelName, Standing};
use crate::hash::Digest;
use crate::learn::{Interval, Leakage};
use crate::lockfile::Outputs;
use crate::registry::Places;
use crate::run::{Band, Disagreement, ExecutionRecord, KnownRun, Report};

/// A run as `show` found it.
#[derive(Debug)]
pub struct RunView<'a> {
    pub known: &'a KnownRun,
    /// What the label is called.
    pub label: String,
    /// The 95 % interval of each metric; empty where the predictions are not in this store.
    pub intervals: BTreeMap<&'static str, Interval>,
    /// None when the store does not have it.
    pub report: Option<Report>,
    /// None where this store never looked.
    pub leakage: Option<Leakage>,
    /// What chance does to its numbers, where it was repeated.
    pub band: Option<Band>,
    /// The commit whose definitions give the run.
    pub commit: Option<CommitId>,
    pub places: Places,
}

impl RunView<'_> {
    pub(super) fn reproduced(&self) -> bool {
        self.known
            .executions
            .iter()
            .any(|execution| execution.reproduced)
    }
}

/// The document of contract §3, and what else is known. Of a run that was only read of in a lock,
/// `status`, `rows` and `steps` have nothing to say.
pub fn show_document(view: &RunView) -> Value {
    let known = view.known;
    let mut document = match known.shown_execution() {
        Some(execution) => executed_document(view, execution),
        None => locked_document(view),
    };
    let extra = json!({
        "metrics": known.metrics(),
        "outputs": known.outputs(),
        "data": known.record.data,
        "declared": known.record.declared,
        "operations": known.record.operations,
        "stages": stages_document(&view.places.stages),
        "aliases": aliases_document(&view.places),
        "executions": known.executions.iter().map(execution_document).collect::<Vec<_>>(),
        "reproduced": view.reproduced(),
        "two_results": known.has_two_results(),
        "disagreement": Disagreement::of(known).as_ref().map(answers_document),
        "noise": view.band,
        "intervals": intervals_document(&view.intervals),
    });
    if let (Value::Object(fields), Value::Object(more)) = (&mut document, extra) {
        fields.extend(more);
    }
    document
}

pub(super) fn intervals_document(intervals: &BTreeMap<&'static str, Interval>) -> Value {
    let each = |(name, interval): (&&str, &Interval)| {
        let Interval {
            low,
            high,
            resamples,
        } = interval;
        let about = json!({ "low": low, "high": high, "resamples": resamples });
        ((*name).to_string(), about)
    };
    intervals.iter().map(each).collect()
}

fn executed_document(view: &RunView, execution: &ExecutionRecord) -> Value {
    let mut document = RunDocument::new(execution, &view.known.as_of(), "executed");
    document.experiment.clone_from(&view.known.experiment);
    if let Some(commit) = &view.commit {
        document.code = CodeState {
            commit: commit.clone(),
            dirty: false,
        };
    }
    if let Some(report) = &view.report {
        document = document.with_report(report);
    }
    if let Some(leakage) = &view.leakage {
        document = document.with_leakage(leakage, &execution.overrides);
    }
    serde_json::to_value(document).unwrap_or(Value::Null)
}

fn locked_document(view: &RunView) -> Value {
    let known = view.known;
    let commit = view.commit.clone().or(known.commit().cloned());
    json!({
        "run": known.run,
        "experiment": known.experiment,
        "status": null,
        "as_of": known.as_of(),
        "rows": null,
        "steps": [],
        "code": { "commit": commit.unwrap_or(CommitId::none()), "dirty": view.commit.is_none() },
        "environment": known.environment(),
        "seconds": null,
    })
}

fn execution_document(execution: &ExecutionRecord) -> Value {
    json!({
        "at": execution.at,
        "kind": execution.kind,
        "experiment": execution.experiment,
        "seconds": execution.seconds,
        "threads": execution.threads,
        "varied": execution.varied,
        "accepted": execution.accepted,
        "outputs": execution.outputs,
        "reproduced": execution.reproduced,
        "environment": execution.environment.hash(),
    })
}

fn stages_document(stages: &[(ModelName, Standing)]) -> Value {
    let places = stages
        .iter()
        .map(|(model, stage)| json!({ "model": model, "stage": stage }));
    places.collect()
}

fn aliases_document(places: &Places) -> Value {
    let aliases = places.aliases.iter();
    aliases
        .map(|(model, alias)| json!({ "model": model, "alias": alias }))
        .collect()
}

/// The screen of `show`.
pub fn show_text(view: &RunView) -> String {
    let known = view.known;
    let name = bold(&known.experiment);
    let mut text = match known.shown_execution() {
        None => format!(
            "{name}   run {}   {}\n",
            known.run.short(),
            dim("not executed here")
        ),
        Some(execution) => format!(
            "{name}   run {}   executed {} in {}\n",
            known.run.short(),
            execution.at.to_minute(),
            seconds(execution.seconds)
        ),
    };
    text.push_str(&result(view));
    text.push('\n');
    if let Some(band) = &view.band {
        text.push_str(&band_text(band, known.run));
        text.push('\n');
    }
    text.push_str(&facts(view));
    text.push('\n');
    text.push_str(&data(view));
    if let Some(disagreement) = Disagreement::of(known) {
        text.push('\n');
        text.push_str(&answers_text(&disagreement));
    }
    text
}

fn result(view: &RunView) -> String {
    let known = view.known;
    if let (Some(execution), Some(report)) = (known.shown_execution(), &view.report) {
        let document = RunDocument::new(execution, &known.as_of(), "executed");
        let leakage = view.leakage.as_ref();
        let leakage = leakage.map(|leakage| counted(leakage, execution.rows.test));
        return result_text(&RunScreen {
            intervals: &view.intervals,
            document: &document,
            report,
            positive: execution.rows.positive,
            before: None,
            label: &view.label,
            leakage: &leakage.unwrap_or_default(),
            warnings: &[],
        });
    }
    let dates: Vec<String> = known.as_of().iter().map(ToString::to_string).collect();
    let mut text = format!("  as of      {}\n", dates.join(", "));
    if known.results.is_none() {
        text.push_str("  it has no results yet: `streamflow run` executes it\n");
        return text;
    }
    let mut table = Table::default();
    table.row().left("").right("in the lock");
    for name in METRICS {
        if let Some(value) = known.metrics().get(name) {
            table.row().left(name).right(fixed(*value));
        }
    }
    text + "\n" + &table.render(2)
}

fn facts(view: &RunView) -> String {
    let known = view.known;
    let mut table = Table::default();
    let mut row = |name: &str, words: String| {
        table.row().left(name).left(words);
    };
    row("code", code_words(view));
    let pinned = pinned_words(&view.places);
    if !pinned.is_empty() {
        row("pinned", green(pinned.join(", ")));
    }
    let archived = view.places.stages.iter();
    let archived = archived.filter(|(_, standing)| *standing == Standing::Archived);
    let archived: Vec<&str> = archived.map(|(model, _)| model.as_str()).collect();
    if !archived.is_empty() {
        row("archived", format!("of {}", archived.join(", ")));
    }
    row("executions", executions_words(view));
    for leak in known.shown_execution().iter().flat_map(|e| &e.overrides) {
        let name = leak.feature.as_ref();
        let feature = name.map_or(String::new(), |name| format!(" {name}"));
        row(
            "allowed",
            yellow(format!("{}{feature}", leak.guard.as_str())),
        );
    }
    if let Some(environment) = known.environment() {
        let words = format!(
            "streamflow {}, {}, {}",
            environment.streamflow, environment.target, environment.c_library
        );
        row("machine", words);
    }
    row("full hash", known.run.to_string());
    for (name, hash) in known.outputs().iter().flat_map(Outputs::named) {
        row(name, hash);
    }
    table.render(2)
}

/// `MODEL@STAGE` and `MODEL@ALIAS`: what people may name the run by.
pub(super) fn pinned_words(places: &Places) -> Vec<String> {
    let stages = places.stages.iter();
    let stages = stages
        .filter(|(_, standing)| standing.stage().is_some())
        .map(|(model, stage)| format!("{model}@{stage}"));
    let aliases = places.aliases.iter();
    stages
        .chain(aliases.map(|(model, alias)| format!("{model}@{alias}")))
        .collect()
}

fn code_words(view: &RunView) -> String {
    match &view.commit {
        Some(commit) => format!("commit {}", commit.short()),
        None => yellow("no commit holds definitions that give this run"),
    }
}

/// `3 times (run, replay), reproduced`.
fn executions_words(view: &RunView) -> String {
    let executions = &view.known.executions;
    let mut words: Vec<&str> = Vec::new();
    for execution in executions {
        let word = kind_words(execution.kind);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if executions.is_empty() {
        return "none in this store".to_string();
    }
    let proof = match (view.known.has_two_results(), view.reproduced()) {
        (true, _) => yellow("with different outputs"),
        (false, true) => green("reproduced"),
        (false, false) => "not yet reproduced".to_string(),
    };
    format!("{} ({}), {proof}", executions.len(), words.join(", "))
}

fn data(view: &RunView) -> String {
    let mut table = Table::default();
    table.row();
    for header in ["data", "as of"] {
        table.left(dim(header));
    }
    table
        .right(dim("rows"))
        .left(dim("hash of the columns used"));
    for data in &view.known.record.data {
        table
            .row()
            .left(data.table.to_string())
            .left(data.as_of.to_string())
            .right(count(data.rows))
            .left(data.hash.short());
    }
    table.render(2)
}
