//! Logged predictions held against labels.

use serde_json::{Value, json};

use super::run::interval;
use super::show::intervals_document;
use super::style::{Table, bold, count, dim, dim_lines, fixed, wrap, yellow};
use crate::definition::METRICS;
use crate::hash::Digest;
use crate::run::{Hindsight, JudgedRun};

/// `{"labels","runs":[…],"notices":[…]}`.
pub fn hindsight_document(found: &Hindsight) -> Value {
    json!({
        "labels": found.labels,
        "runs": found.runs.iter().map(run_document).collect::<Vec<_>>(),
        "notices": found.notices,
    })
}

fn run_document(judged: &JudgedRun) -> Value {
    let counted = &judged.counted;
    let known = &judged.known;
    json!({
        "model": judged.model,
        "run": known.run,
        "experiment": known.experiment,
        "label": judged.label,
        "lead": judged.lead,
        "as_of": judged.as_of,
        "predictions": counted.predictions,
        "judged": counted.judged,
        "repeated": counted.repeated,
        "too_late": counted.too_late,
        "of_other_labels": counted.of_other_labels,
        "without_label": counted.without_label,
        "without_prediction": counted.without_prediction,
        "trained_on": counted.trained_on,
        "threshold": judged.threshold,
        "metrics": judged.all.metrics,
        "intervals": intervals_document(&judged.all.intervals),
        "unseen": judged.unseen.as_ref().map(|unseen| json!({
            "rows": unseen.rows,
            "metrics": unseen.metrics,
            "intervals": intervals_document(&unseen.intervals),
        })),
        "test": {
            "rows": known.shown_execution().map(|execution| execution.rows.test),
            "metrics": known.metrics(),
            "intervals": intervals_document(&judged.test_intervals),
        },
        "warnings": judged.all.warnings,
    })
}

/// The metrics of each run as it was asked, beside those of its test rows.
pub fn hindsight_text(found: &Hindsight) -> String {
    let mut text = String::new();
    for judged in &found.runs {
        text.push_str(&run_text(found, judged));
        text.push('\n');
    }
    for notice in &found.notices {
        text.push_str(&wrap(&format!("{} ", yellow("notice")), notice));
    }
    let rule = "Of several predictions of one entity the last made counts; of those from values that could know \
                the label none does.";
    text + &dim_lines(&wrap("", rule))
}

fn run_text(found: &Hindsight, judged: &JudgedRun) -> String {
    let (known, counted) = (&judged.known, &judged.counted);
    let dates: Vec<String> = judged.as_of.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "{}   run {}   {} of {}, from values of {}\n",
        bold(&judged.model),
        known.run.short(),
        judged.label,
        found.labels,
        dates.join(", ")
    );
    text.push_str(&metrics_text(judged));
    let mut table = Table::default();
    let mut row = |name: &str, rows: u64, words: &str| {
        if rows > 0 {
            table.row().left(name).right(count(rows)).left(dim(words));
        }
    };
    row(
        "judged",
        counted.judged,
        "entities with a prediction and a label",
    );
    row(
        "trained on",
        counted.trained_on.unwrap_or_default(),
        "of these, of whom the model has seen a label in training",
    );
    row(
        "no label",
        counted.without_label,
        "entities that were predicted, and have none at the date",
    );
    row(
        "no prediction",
        counted.without_prediction,
        "entities that have a label, and were not predicted",
    );
    row(
        "repeated",
        counted.repeated,
        "predictions that a later one of the same entity replaces",
    );
    row(
        "too late",
        counted.too_late,
        "predictions from values that could know the label",
    );
    row(
        "other labels",
        counted.of_other_labels,
        "predictions from values of earlier dates",
    );
    text.push_str(&table.render(2));
    for warning in &judged.all.warnings {
        text.push_str(&wrap(&format!("  {} ", yellow("warning")), warning));
    }
    text
}

/// Live, with intervals where there are some; of those the run was not trained on; of the test rows.
fn metrics_text(judged: &JudgedRun) -> String {
    let all = &judged.all;
    let draws = !all.intervals.is_empty();
    let or_none = |value: Option<&f64>| value.map_or("–".to_string(), |value| fixed(*value));
    let mut table = Table::default();
    table.row().left("").right("live");
    if draws {
        table.left(dim("95 of 100 draws"));
    }
    if judged.unseen.is_some() {
        table.right("not trained on");
    }
    table.right("test rows");
    for name in METRICS {
        let Some(value) = all.metrics.get(name) else {
            continue;
        };
        table.row().left(name).right(fixed(*value));
        if draws {
            table.left(dim(interval(all.intervals.get(name))));
        }
        if let Some(unseen) = &judged.unseen {
            table.right(or_none(unseen.metrics.get(name)));
        }
        table.right(or_none(judged.known.metrics().get(name)));
    }
    let tested = judged.known.shown_execution();
    let tested = tested.map(|execution| execution.rows.test);
    table.row().left(dim("rows")).right(dim(count(all.rows)));
    if draws {
        table.left("");
    }
    if let Some(unseen) = &judged.unseen {
        table.right(dim(count(unseen.rows)));
    }
    table.right(dim(tested.map_or("–".to_string(), count)));
    table.render(2)
}
