//! One run: the document machines read, and the screen after `run`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::leakage::{LeakageDocument, leakage_text};
use super::style::{Table, bold, count, dim, fixed, green, seconds, signed};
use crate::code::CodeState;
use crate::definition::{AsOf, CrossValidation, ExperimentName, METRICS};
use crate::hash::{Digest, EnvironmentHash, RunId};
use crate::host::Environment;
use crate::learn::{Confusion, Interval, Leakage, Residuals};
use crate::lockfile::Outputs;
use crate::run::{
    ClassTable, CrossValidated, Divergence, ExecutionRecord, Leak, RecordedStep, Report, ThreadPair,
};

/// `run`, `replay`, `show`: contract §3.
#[derive(Debug, Clone, Serialize)]
pub struct RunDocument {
    pub run: RunId,
    pub experiment: ExperimentName,
    pub status: &'static str,
    pub as_of: Vec<AsOf>,
    pub outputs: Outputs,
    pub metrics: BTreeMap<String, f64>,
    pub rows: RowsDocument,
    pub steps: Vec<RecordedStep>,
    pub code: CodeState,
    pub environment: EnvironmentDocument,
    pub seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// With a verdict: the first output or metric that is another, else null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_divergence: Option<Option<String>>,
    /// With a verdict: the first diverging step taken apart, else null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divergence: Option<Option<Divergence>>,
    /// Of a replay: on how many threads it was executed, and on how many before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<ThreadPair>,
    /// Of a replay: where its definitions came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definitions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<EvaluationDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leakage: Option<LeakageDocument>,
    /// The search that chose some of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct RowsDocument {
    pub total: u64,
    pub train: u64,
    pub test: u64,
    pub unlabelled: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct EnvironmentDocument {
    #[serde(flatten)]
    pub facts: Environment,
    pub hash: EnvironmentHash,
}

#[derive(Debug, Clone, Serialize)]
pub struct EvaluationDocument {
    pub prior_metrics: BTreeMap<String, f64>,
    /// Of two classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Confusion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Of several classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassTable>,
    /// Of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residuals: Option<Residuals>,
    /// Of runs with folds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossValidated>,
    pub importances: Vec<(String, f64)>,
    pub warnings: Vec<String>,
}

impl RunDocument {
    /// The document of an execution; `status` is `executed`, `cached` or `fetched`.
    pub fn new(record: &ExecutionRecord, as_of: &[AsOf], status: &'static str) -> Self {
        let environment = record.environment.clone();
        Self {
            run: record.run,
            experiment: record.experiment.clone(),
            status,
            as_of: as_of.to_vec(),
            outputs: record.outputs,
            metrics: record.metrics.clone(),
            rows: RowsDocument {
                total: record.rows.total,
                train: record.rows.train,
                test: record.rows.test,
                unlabelled: record.rows.unlabelled,
            },
            steps: record.steps.clone(),
            code: record.code.clone(),
            environment: EnvironmentDocument {
                hash: environment.hash(),
                facts: environment,
            },
            seconds: record.seconds,
            lock: None,
            verdict: None,
            first_divergence: None,
            divergence: None,
            threads: None,
            definitions: None,
            evaluation: None,
            leakage: None,
            search: None,
            notices: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_leakage(mut self, leakage: &Leakage, overrides: &[Leak]) -> Self {
        self.leakage = Some(LeakageDocument::new(leakage, overrides));
        self
    }

    #[must_use]
    pub fn with_report(mut self, report: &Report) -> Self {
        self.evaluation = Some(EvaluationDocument {
            prior_metrics: report.prior_metrics.clone(),
            confusion: report.confusion,
            threshold: report.threshold,
            classes: report.classes.clone(),
            residuals: report.residuals,
            cross_validation: report.cross_validation.clone(),
            importances: report.importances.clone(),
            warnings: report.warnings.clone(),
        });
        self
    }
}

/// Everything the screen of a run shows beside its document.
#[derive(Debug)]
pub struct RunScreen<'a> {
    pub document: &'a RunDocument,
    pub report: &'a Report,
    /// Rows of the training set whose label is true.
    pub positive: u64,
    /// Where each metric lies in 95 of 100 draws of the test rows, where that was looked at.
    pub intervals: &'a BTreeMap<&'static str, Interval>,
    /// Metrics that the lock held before.
    pub before: Option<&'a BTreeMap<String, f64>>,
    /// What the label is called.
    pub label: &'a str,
    /// What is said of leakage.
    pub leakage: &'a [String],
    pub warnings: &'a [String],
}

/// The headline, rows, metrics, confusion and importances of a run.
pub fn run_text(screen: &RunScreen) -> String {
    let document = screen.document;
    let done = match document.status {
        "executed" => green(format!("executed in {}", seconds(document.seconds))),
        _ => green("from the cache"),
    };
    let name = bold(&document.experiment);
    format!("{name}   run {}   {done}\n", document.run.short()) + &result_text(screen)
}

/// What stands below the headline.
pub(super) fn result_text(screen: &RunScreen) -> String {
    let report = screen.report;
    let mut text = rows_text(screen);
    text.push_str(&leakage_text(screen.leakage));
    text.push('\n');
    text.push_str(&metrics_text(screen));
    if let Some(folds) = &report.cross_validation {
        text.push('\n');
        text.push_str(&folds_text(folds));
    }
    if let Some(confusion) = &report.confusion {
        text.push('\n');
        text.push_str(&confusion_text(confusion, screen.label));
        if let Some(threshold) = report.threshold.filter(|_| report.threshold_picked) {
            let from = format!(
                "{} from {} on, picked by the folds",
                screen.label,
                fixed(threshold)
            );
            text.push_str(&format!("  {}\n", dim(from)));
        }
    }
    if let Some(classes) = &report.classes {
        text.push('\n');
        text.push_str(&classes_text(classes));
    }
    if let Some(residuals) = &report.residuals {
        text.push('\n');
        text.push_str(&residuals_text(residuals, screen.label));
    }
    if !report.importances.is_empty() {
        text.push('\n');
        text.push_str(&importances_text(&report.importances));
    }
    text
}

fn rows_text(screen: &RunScreen) -> String {
    let rows = &screen.document.rows;
    let share = 100.0 * screen.positive as f64 / rows.total.max(1) as f64;
    let label = match (&screen.report.confusion, &screen.report.classes) {
        (Some(_), _) => format!("{} {share:.1} %", screen.label),
        (None, Some(classes)) => format!("{} of {} classes", screen.label, classes.names.len()),
        (None, None) => screen.label.to_string(),
    };
    let dates: Vec<String> = screen
        .document
        .as_of
        .iter()
        .map(ToString::to_string)
        .collect();
    let unlabelled = match rows.unlabelled {
        0 => String::new(),
        some => format!("   without a label {}", count(some)),
    };
    format!(
        "  rows       {}   train {}   test {}   {label}{unlabelled}\n  as of      {}\n",
        count(rows.total),
        count(rows.train),
        count(rows.test),
        dates.join(", "),
    )
}

fn metrics_text(screen: &RunScreen) -> String {
    let mut table = Table::default();
    table.row().left("").right("this run");
    if !screen.intervals.is_empty() {
        table.left("95 of 100 draws");
    }
    table.right("prior");
    if screen.before.is_some() {
        table.right("lock before");
    }
    // Means over folds have a table of their own.
    let of_test_rows = |name: &&str| CrossValidation::metric_of(name).is_none();
    for name in METRICS.into_iter().filter(of_test_rows) {
        let Some(value) = screen.document.metrics.get(name) else {
            continue;
        };
        let prior = screen.report.prior_metrics.get(name);
        table.row().left(name).right(fixed(*value));
        if !screen.intervals.is_empty() {
            table.left(interval(screen.intervals.get(name)));
        }
        table.right(dim(prior.map_or("–".to_string(), |prior| fixed(*prior))));
        if let Some(before) = screen.before {
            table.right(delta(*value, before.get(name)));
        }
    }
    table.render(2)
}

/// Each metric over the folds of the train rows.
fn folds_text(folds: &CrossValidated) -> String {
    let mut table = Table::default();
    table.row().left(format!("{} folds", folds.rows.len()));
    for header in ["mean", "sd", "least", "most"] {
        table.right(dim(header));
    }
    for name in METRICS {
        let Some(metric) = folds.metrics.get(name) else {
            continue;
        };
        let values = || metric.folds.iter().flatten().copied();
        let [least, most] = [values().reduce(f64::min), values().reduce(f64::max)];
        table.row().left(name);
        for value in [metric.mean, metric.sd, least, most] {
            table.right(value.map_or("–".to_string(), fixed));
        }
    }
    table.render(2)
}

/// `0.7243 to 0.8136`.
pub(super) fn interval(interval: Option<&Interval>) -> String {
    interval.map_or("–".to_string(), |Interval { low, high, .. }| {
        format!("{} to {}", fixed(*low), fixed(*high))
    })
}

/// `+0.0031`, `−0.0017`, `the same`.
fn delta(value: f64, before: Option<&f64>) -> String {
    match before {
        None => "–".to_string(),
        Some(before) if before.to_bits() == value.to_bits() => dim("the same"),
        Some(before) => signed(value - before),
    }
}

fn confusion_text(confusion: &Confusion, label: &str) -> String {
    let mut table = Table::default();
    table
        .row()
        .left("")
        .right(format!("predicted not {label}"))
        .right(format!("predicted {label}"));
    table.row().left(format!("was not {label}"));
    table
        .right(count(confusion.true_negatives))
        .right(count(confusion.false_positives));
    table.row().left(format!("was {label}"));
    table
        .right(count(confusion.false_negatives))
        .right(count(confusion.true_positives));
    table.render(2)
}

/// Classes whose rows and columns fit 80 columns.
const CLASSES_SHOWN: usize = 8;

/// Rows by their class and the one that was predicted; of more classes than fit, how many rows each
/// has and how many of them were found.
fn classes_text(classes: &ClassTable) -> String {
    let ClassTable { names, confusion } = classes;
    let mut table = Table::default();
    let right = |class: usize| confusion[class][class];
    let of = |class: usize| confusion[class].iter().sum::<u64>();
    let short = |name: &str| shortened(name, 14);
    if names.len() > CLASSES_SHOWN {
        table.row().left("was").right("rows").right("predicted so");
        for (class, name) in names.iter().enumerate() {
            table.row().left(short(name));
            table.right(count(of(class))).right(count(right(class)));
        }
        return table.render(2);
    }
    table.row().left("was  \\  predicted");
    for name in names {
        // What stays of a line beside the first column, two characters apart.
        let room = 58 / names.len() - 2;
        table.right(shortened(name, room.min(20)));
    }
    for (row, name) in confusion.iter().zip(names) {
        table.row().left(short(name));
        for rows in row {
            table.right(count(*rows));
        }
    }
    table.render(2)
}

/// A class as it may stand on a screen, in so many characters.
pub(super) fn shortened(name: &str, width: usize) -> String {
    let name = name.escape_debug().to_string();
    if name.chars().count() <= width {
        return name;
    }
    name.chars().take(width - 1).chain(['…']).collect()
}

fn residuals_text(residuals: &Residuals, label: &str) -> String {
    let Residuals {
        mean,
        p05,
        median,
        p95,
    } = residuals;
    let mut table = Table::default();
    table.row().left("");
    for header in ["mean", "5 %", "median", "95 %"] {
        table.right(dim(header));
    }
    table.row().left(format!("{label} less predicted"));
    for value in [mean, p05, median, p95] {
        table.right(fixed(*value));
    }
    table.render(2)
}

/// Ten features at most, as many a line as fit 80 columns.
fn importances_text(importances: &[(String, f64)]) -> String {
    const WIDTH: usize = 80;
    let items = importances.iter().take(10).map(|(name, share)| {
        let short = name
            .split_once('.')
            .map_or(name.as_str(), |(_, feature)| feature);
        format!("{short} {share:.2}")
    });
    let mut lines = vec!["  what it looks at   ".to_string()];
    for item in items {
        let line = lines.last_mut().expect("there is a first line");
        if line.chars().count() + item.chars().count() + 3 > WIDTH {
            lines.push(format!("                     {item}"));
        } else if line.ends_with("   ") && line.trim_end().ends_with("at") {
            line.push_str(&item);
        } else {
            line.push_str(" · ");
            line.push_str(&item);
        }
    }
    lines.join("\n") + "\n"
}
