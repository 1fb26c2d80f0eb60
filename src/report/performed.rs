//! What `run` says: the screen of a run, and the lines of `--locked`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::divergence::divergence_text;
use super::error::error_json;
use super::leakage::remarkable;
use super::run::{RunDocument, RunScreen, run_text};
use super::search::{searched_document, searched_text};
use super::style::{bold, dim, green, plural, red, seconds, wrap, yellow};
use crate::definition::Experiment;
use crate::error::Error;
use crate::hash::Digest;
use crate::lockfile::lock_path;
use crate::plan::Difference;
use crate::run::{LockOutcome, Replayed, RunResult, ThreadPair};
use crate::snapshot::Ingested;

/// The document of a run that was performed, with its error if it has one.
pub fn performed_document(result: &RunResult, error: Option<&Error>) -> Value {
    let mut document = serde_json::to_value(document_of(result)).unwrap_or(Value::Null);
    if let (Some(error), Value::Object(fields)) = (error, &mut document) {
        fields.insert("error".to_string(), error_json(error));
    }
    document
}

fn document_of(result: &RunResult) -> RunDocument {
    let as_of = &result.resolved.plan.spec.as_of;
    let mut document = RunDocument::new(&result.record, as_of, status(result))
        .with_report(&result.execution.report)
        .with_leakage(&result.execution.leakage, &result.record.overrides);
    document.lock = Some(match result.lock {
        LockOutcome::Written { .. } => "written",
        LockOutcome::Matched => "matched",
        LockOutcome::NotConcerned => "none",
    });
    document.search = Some(searched_document(result)).filter(|search| !search.is_null());
    document.notices.clone_from(&result.notices);
    document
}

fn status(result: &RunResult) -> &'static str {
    if result.execution.is_cached() {
        "cached"
    } else {
        "executed"
    }
}

/// The screen after `run`. `refused` when an error follows it.
pub fn performed_text(result: &RunResult, experiment: &Experiment, refused: bool) -> String {
    let document = document_of(result);
    let screen = RunScreen {
        intervals: &BTreeMap::new(),
        document: &document,
        report: &result.execution.report,
        positive: result.record.rows.positive,
        before: result.before.as_ref().map(|before| &before.metrics),
        label: experiment.label.column.as_str(),
        leakage: &remarkable(&result.execution.leakage),
        warnings: &result.execution.warnings,
    };
    let mut text = run_text(&screen);
    text.push('\n');
    text.push_str(&searched_text(result, &experiment.name));
    for warning in &result.execution.warnings {
        text.push_str(&notice_line(warning));
    }
    for notice in &result.notices {
        text.push_str(&notice_line(notice));
    }
    if !refused {
        text.push_str(&lock_lines(result, experiment));
    }
    text
}

fn notice_line(sentence: &str) -> String {
    wrap(&format!("  {} ", yellow("notice")), sentence)
}

/// `Ingested 2024-01-31   6 tables   42 258 rows   12 checks passed`, and what was left out.
pub fn ingested_text(done: &Ingested) -> String {
    let tables = || done.snapshot.tables.values();
    let rows = tables().map(|table| table.rows).sum();
    let passed: usize = tables().map(|table| table.check_counts().0).sum();
    let failed: usize = tables().map(|table| table.check_counts().1).sum();
    let quarantined: u64 = tables().map(|table| table.quarantined).sum();
    let checks = match failed {
        0 => format!("{} passed", plural(passed as u64, "check")),
        _ => yellow(format!("{failed} of {} checks failed", passed + failed)),
    };
    let aside = match quarantined {
        0 => String::new(),
        some => format!("   {} quarantined", plural(some, "row")),
    };
    let revision = match done.snapshot.revision {
        1 => String::new(),
        revision => format!(" (revision {revision})"),
    };
    let mut text = format!(
        "{} {}{revision}   {}   {}   {checks}{aside}\n",
        bold(format!("{:>12}", "Ingested")),
        done.snapshot.as_of,
        plural(done.snapshot.tables.len() as u64, "table"),
        plural(rows, "row"),
    );
    for (table, error) in &done.left_out {
        text.push_str(&notice_line(&format!("{table} is left out: {error}")));
    }
    text
}

fn lock_lines(result: &RunResult, experiment: &Experiment) -> String {
    let path = lock_path(&experiment.name);
    let run = &result.record.run.to_string()[..8];
    match &result.lock {
        LockOutcome::NotConcerned => {
            "  no lock is written with --set\n  next: write the value into the experiment to keep it\n"
                .to_string()
        }
        LockOutcome::Matched => {
            let next = next_step(result, experiment, run);
            format!("  {} {path}\n{next}", green("lock matched:"))
        }
        LockOutcome::Written { changes, first } => {
            let why = match (first, changes.as_slice()) {
                (true, _) => "   (the first)".to_string(),
                (false, []) => "   (sources or results)".to_string(),
                (false, changes) => changes_lines(changes),
            };
            let next = format!("  next: git add {path} && git commit\n");
            format!("  {} {path}{why}\n{next}", green("lock written:"))
        }
    }
}

/// One change beside the path, several below it.
fn changes_lines(changes: &[Difference]) -> String {
    if let [only] = changes {
        return format!("   ({} {only})", only.name());
    }
    let shown = 8;
    let mut text = String::new();
    for change in changes.iter().take(shown) {
        text.push_str(&format!("\n    {} {change}", change.name()));
    }
    if changes.len() > shown {
        text.push_str(&format!("\n    and {} more", changes.len() - shown));
    }
    text
}

fn next_step(result: &RunResult, experiment: &Experiment, run: &str) -> String {
    match (&experiment.registers, result.record.code.commit.is_none()) {
        (Some(_), false) => {
            format!("  next: streamflow promote {run} --to production --reason \"…\"\n")
        }
        (Some(_), true) => "  next: commit the definition and its lock together\n".to_string(),
        (None, _) => format!("  next: streamflow show {run}\n"),
    }
}

/// `churn_prior   run 1c02fe88a9b1   executed   identical to its lock`.
///
/// `refused` when the error that follows says in what it differs.
pub fn locked_text(result: &RunResult, refused: bool) -> String {
    let verdict = match status(result) {
        _ if refused => red("not what its lock says"),
        "executed" => green("identical to its lock"),
        _ => "identical to its lock".to_string(),
    };
    let mut text = format!(
        "{:<24} run {}   {:<8}   {verdict}\n",
        result.record.experiment,
        result.record.run.short(),
        status(result),
    );
    for notice in &result.notices {
        text.push_str(&notice_line(notice));
    }
    text
}

/// The document of a replay: a run with its verdict.
pub fn replayed_document(replayed: &Replayed) -> RunDocument {
    let mut document = document_of(&replayed.result);
    let (verdict, first) = match &replayed.finding {
        None => ("identical", None),
        Some(finding) => ("diverged", Some(finding.first.to_string())),
    };
    document.lock = None;
    document.verdict = Some(verdict);
    document.first_divergence = Some(first);
    document.divergence = Some(replayed.divergence.clone());
    document.threads = Some(threads_of(replayed));
    document.definitions = Some(replayed.definitions.clone());
    document
}

fn threads_of(replayed: &Replayed) -> ThreadPair {
    ThreadPair {
        before: replayed.threads_before,
        now: replayed.result.record.threads,
    }
}

/// `churn_prior   run 1c02fe88a9b1   replayed in 0.4 s   identical`.
pub fn replayed_text(replayed: &Replayed) -> String {
    let record = &replayed.result.record;
    let verdict = match &replayed.finding {
        None => green("identical"),
        Some(_) => red("diverged"),
    };
    let mut text = format!(
        "{}   run {}   replayed in {}   {verdict}\n",
        bold(&record.experiment),
        record.run.short(),
        seconds(record.seconds),
    );
    if let Some(divergence) = &replayed.divergence {
        text.push_str(&divergence_text(divergence));
    }
    if replayed.finding.is_none() {
        text.push_str(
            "  training set, split, model, predictions and every metric are as they were\n",
        );
    }
    let threads = threads_of(replayed);
    let before = threads
        .before
        .map_or(String::new(), |before| format!(", before on {before}"));
    text.push_str(&format!(
        "  on {}{before}\n",
        plural(threads.now as u64, "thread")
    ));
    text.push_str(&wrap("  ", &replayed.definitions));
    for notice in &replayed.result.notices {
        text.push_str(&notice_line(notice));
    }
    text
}

/// The last line of `run --locked`: what was proved, which is only what was executed.
pub fn proved_text(documents: &[Value], duration: f64) -> String {
    let executed = documents
        .iter()
        .filter(|run| run["status"] == "executed")
        .count() as u64;
    let cached = documents.len() as u64 - executed;
    let duration = seconds(duration);
    match (executed, cached) {
        (0, cached) => format!(
            "{} from the cache in {duration}; {}\n",
            plural(cached, "run"),
            dim("`streamflow run --locked --no-cache` proves again"),
        ),
        (executed, 0) => {
            green(format!(
                "{} proved on this machine in {duration}.",
                plural(executed, "run")
            )) + "\n"
        }
        (executed, cached) => format!(
            "{}, {} from the cache.\n",
            green(format!(
                "{} proved on this machine in {duration}",
                plural(executed, "run")
            )),
            cached
        ),
    }
}
