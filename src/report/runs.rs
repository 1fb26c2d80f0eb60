//! The table of runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::style::{Table, dim, fixed, green, yellow};
use crate::definition::{METRICS, Stage, Standing};
use crate::hash::{Digest, RunId};
use crate::registry::Places;
use crate::run::RunSummary;

/// Where runs stand.
pub type AllPlaces = BTreeMap<RunId, Places>;

/// Metrics with the heading each has in a narrow column; those that are shown first stand first.
const HEADINGS: [(&str, &str); METRICS.len()] = [
    ("auc", "auc"),
    ("auc_ovr", "auc ovr"),
    ("r2", "r2"),
    ("f1", "f1"),
    ("f1_macro", "f1 m."),
    ("rmse", "rmse"),
    ("accuracy", "acc."),
    ("mae", "mae"),
    ("average_precision", "ap"),
    ("precision_macro", "prec. m."),
    ("recall_macro", "recall m."),
    ("median_absolute_error", "med."),
    ("precision", "prec."),
    ("recall", "recall"),
    ("log_loss", "logl."),
    ("brier", "brier"),
    ("cv_auc", "cv auc"),
    ("cv_auc_ovr", "cv auc ovr"),
    ("cv_r2", "cv r2"),
    ("cv_f1", "cv f1"),
    ("cv_f1_macro", "cv f1 m."),
    ("cv_rmse", "cv rmse"),
    ("cv_accuracy", "cv acc."),
    ("cv_mae", "cv mae"),
    ("cv_average_precision", "cv ap"),
    ("cv_precision_macro", "cv prec. m."),
    ("cv_recall_macro", "cv recall m."),
    ("cv_median_absolute_error", "cv med."),
    ("cv_precision", "cv prec."),
    ("cv_recall", "cv recall"),
    ("cv_log_loss", "cv logl."),
    ("cv_brier", "cv brier"),
];

/// The heading of a metric in a narrow column.
pub(super) fn heading(metric: &str) -> &'static str {
    let found = HEADINGS.iter().find(|(name, _)| *name == metric);
    found.map_or("", |(_, heading)| heading)
}

/// `{"runs":[…]}`, contract §3.
pub fn runs_document(runs: &[RunSummary], places: &AllPlaces) -> Value {
    let runs: Vec<Value> = runs
        .iter()
        .map(|run| {
            json!({
                "run": run.run,
                "experiment": run.experiment,
                "created_at": run.created_at,
                "executed_at": run.executed_at,
                "executions": run.executions,
                "metrics": run.metrics,
                "code": run.code,
                "stage": standing_of(run, places),
                "aliases": aliases_of(run, places),
                "reproduced": run.reproduced,
                "two_results": run.two_results,
            })
        })
        .collect();
    json!({ "runs": runs })
}

/// Production before staging before archived; none of a run about which nothing was decided.
fn standing_of(run: &RunSummary, places: &AllPlaces) -> Option<Standing> {
    let standing = places.get(&run.run)?.standing();
    (standing != Standing::None).then_some(standing)
}

/// `MODEL@ALIAS` of every alias that points at the run.
fn aliases_of(run: &RunSummary, places: &AllPlaces) -> Vec<String> {
    let aliases = places
        .get(&run.run)
        .map_or(&[][..], |places| &places.aliases);
    let named = aliases
        .iter()
        .map(|(model, alias)| format!("{model}@{alias}"));
    named.collect()
}

/// Newest first at 80 columns. `sorted_by` is always among the metrics shown.
pub fn runs_text(runs: &[RunSummary], places: &AllPlaces, sorted_by: Option<&str>) -> String {
    if runs.is_empty() {
        return "No run was executed in this store yet.\nnext: `streamflow run`\n".into();
    }
    let shown = shown_metrics(runs, sorted_by);
    let mut table = Table::default();
    table.row().left("");
    for header in ["run", "experiment", "since"] {
        table.left(dim(header));
    }
    for (_, heading) in &shown {
        table.right(dim(heading));
    }
    table.left(dim("commit"));
    for run in runs {
        let (mark, _) = mark_of(run, places);
        table
            .row()
            .left(mark)
            .left(run.run.short())
            .left(shortened(run.experiment.as_str(), 19))
            .left(run.created_at.to_minute()[..10].to_string());
        for (name, _) in &shown {
            let value = run.metrics.get(*name);
            table.right(value.map_or("–".to_string(), |value| fixed(*value)));
        }
        table.left(commit_words(run));
    }
    table.render(0) + &legend(runs, places)
}

fn commit_words(run: &RunSummary) -> String {
    match run.code.commit.is_none() {
        true => dim("none"),
        false => run.code.commit.short().chars().take(7).collect(),
    }
}

/// Three of the metrics that some run has, and among them the one that is sorted by.
fn shown_metrics(
    runs: &[RunSummary],
    sorted_by: Option<&str>,
) -> Vec<(&'static str, &'static str)> {
    let is_there =
        |(name, _): &&(&str, &str)| runs.iter().any(|run| run.metrics.contains_key(*name));
    let mut shown: Vec<_> = HEADINGS.iter().filter(is_there).take(3).copied().collect();
    let wanted = |(name, _): &&(&str, &str)| Some(*name) == sorted_by;
    if let Some(sorted) = HEADINGS.iter().find(wanted)
        && !shown.contains(sorted)
    {
        shown.truncate(2);
        shown.push(*sorted);
    }
    shown
}

/// What is most to be known of a run, a character each, with the meanings.
fn mark_of(run: &RunSummary, places: &AllPlaces) -> (String, Vec<&'static str>) {
    const TWO: &str = "≠ gave different outputs: `streamflow show RUN`";
    let (stage, meaning) = match standing_of(run, places) {
        Some(Standing::Pinned(Stage::Production)) => (green('P'), "P production"),
        Some(Standing::Pinned(Stage::Staging)) => ("S".to_string(), "S staging"),
        Some(Standing::Archived) => (dim('a'), "a archived"),
        Some(Standing::None) | None => (String::new(), ""),
    };
    let mut meanings = vec![meaning];
    if run.two_results {
        meanings.push(TWO);
        return (yellow('≠') + &stage, meanings);
    }
    (stage, meanings)
}

fn legend(runs: &[RunSummary], places: &AllPlaces) -> String {
    let mut meanings: Vec<&str> = runs.iter().flat_map(|run| mark_of(run, places).1).collect();
    meanings.retain(|meaning| !meaning.is_empty());
    meanings.sort_unstable();
    meanings.dedup();
    match meanings.as_slice() {
        [] => String::new(),
        some => format!("\n{}\n", dim(some.join("   "))),
    }
}

/// At most `width` characters; what is cut off shows.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    let kept: String = text.chars().take(width - 1).collect();
    format!("{kept}…")
}
