//! What is asked and said now, beside what a run learnt from.

use serde_json::{Value, json};

use super::document::column;
use super::screen::{columns_text, rows};
use super::{percent, rule_in_words};
use crate::drift::{Method, Pair, SIGNIFICANCE};
use crate::error::{Error, Kind};
use crate::hash::Digest;
use crate::online::{LiveDrift, RunDrift};
use crate::report::style::{bold, count, green, plural, wrap, yellow};

/// `{"live":true,"first_day","last_day",…,"drifted","runs":[…],"notices":[…]}`.
pub fn live_drift_document(drift: &LiveDrift) -> Value {
    json!({
        "live": true,
        "first_day": drift.days.0,
        "last_day": drift.days.1,
        "method": drift.rule.method,
        "threshold": match drift.rule.method {
            Method::Evidently => None,
            _ => Some(drift.rule.threshold),
        },
        "significance": SIGNIFICANCE,
        "share_threshold": drift.share,
        "drifted": drift.drifted(),
        "runs": drift.runs.iter().map(|run| run_document(drift, run)).collect::<Vec<_>>(),
        "notices": drift.notices,
    })
}

fn run_document(drift: &LiveDrift, run: &RunDrift) -> Value {
    json!({
        "model": run.model,
        "run": run.known.run,
        "experiment": run.known.experiment,
        "as_of": run.as_of,
        "predictions": run.predictions,
        "rows": run.rows,
        "drifted": run.drifted(drift.share),
        "columns_compared": run.columns.len(),
        "columns_drifted": run.drifted_columns(),
        "scores": run.scores.as_ref().map(column),
        "columns": run.columns.iter().map(column).collect::<Vec<_>>(),
        "notices": run.notices,
    })
}

/// Each run with its scores and features.
pub fn live_drift_text(drift: &LiveDrift) -> String {
    let (first, last) = drift.days;
    let days = match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    };
    let mut text = format!(
        "{}   predictions logged, beside what their runs learnt from\n{}\n",
        bold(days),
        rule_in_words(drift.rule)
    );
    for run in &drift.runs {
        text.push('\n');
        text.push_str(&run_text(run));
    }
    text.push('\n');
    for notice in &drift.notices {
        text.push_str(&wrap(&format!("{} ", yellow("notice")), notice));
    }
    if !drift.drifted() {
        let counts = drift.runs.iter().map(|run| counted(drift, run));
        let counts: Vec<String> = counts.collect();
        text.push_str(&format!("{}: {}\n", green("No drift"), counts.join("; ")));
    }
    text
}

fn run_text(run: &RunDrift) -> String {
    let dates: Vec<String> = run.as_of.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "{}   run {}   {} of {}, from values of {}\n",
        bold(&run.model),
        run.known.run.short(),
        plural(run.predictions, "prediction"),
        match run.rows {
            1 => "1 entity".to_string(),
            rows => format!("{} entities", count(rows)),
        },
        dates.join(", ")
    );
    if let Some(scores) = &run.scores {
        let of = Pair::new(scores.drift.rows.reference, scores.drift.rows.current);
        text.push_str(&format!("  test rows → entities: {}\n", rows(of)));
    }
    text.push_str(&columns_text(
        &run.columns,
        run.scores.as_ref().map(|scores| ("scores", scores)),
        "in `--format json`",
    ));
    for notice in &run.notices {
        text.push_str(&wrap(&format!("{} ", yellow("notice")), notice));
    }
    text
}

/// What stops a scheduler: what is asked or said has drifted.
pub fn live_drift_error(drift: &LiveDrift) -> Option<Error> {
    let drifted = drift.runs.iter().filter(|run| run.drifted(drift.share));
    let counts: Vec<String> = drifted.map(|run| counted(drift, run)).collect();
    if counts.is_empty() {
        return None;
    }
    let message = format!("what is served has drifted: {}", counts.join("; "));
    Some(
        Error::new(Kind::Drift, message)
            .help("`streamflow evaluate --live --labels DATE` says what it does to the metrics, once labels are known"),
    )
}

/// `run 0a1b…: 4 of 11 columns (36 %, limit 50 %), and the scores`.
fn counted(drift: &LiveDrift, run: &RunDrift) -> String {
    let (columns, drifted) = (run.columns.len(), run.drifted_columns());
    let share = match columns {
        0 => 0.0,
        all => drifted as f64 / all as f64,
    };
    let scores = match run.scores_drifted() {
        true => ", and the scores",
        false => "",
    };
    format!(
        "run {}: {drifted} of {columns} columns ({}, limit {}){scores}",
        run.known.run.short(),
        percent(share),
        percent(drift.share)
    )
}
