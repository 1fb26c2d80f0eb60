//! `streamflow runs`.

use super::Context;
use super::arguments::RunsArguments;
use super::output::Output;
use crate::definition::{CrossValidation, LOSSES, METRICS};
use crate::error::{Error, Result, did_you_mean};
use crate::registry;
use crate::report;
use crate::run::{self, RunSummary};
use crate::workspace::Workspace;

/// Lists the runs of this store, the newest or the best first.
pub fn runs(context: &Context, arguments: &RunsArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    if let Some(name) = &arguments.search {
        return search(&workspace, name);
    }
    let sort = arguments.sort.as_deref();
    if let Some(metric) = sort {
        known_metric(metric)?;
    }
    let mut runs = run::summaries(&workspace)?;
    if let Some(metric) = sort {
        sort_by(&mut runs, metric);
    }
    let places = registry::places(&workspace)?;
    Ok(Output::new(
        report::runs_text(&runs, &places, sort),
        &report::runs_document(&runs, &places),
    ))
}

/// Lists what the last search of an experiment tried.
fn search(workspace: &Workspace, name: &str) -> Result<Output> {
    let experiment = run::find_experiment(workspace.definitions(), name)?;
    let record = run::last_search(workspace.store().catalog(), &experiment.name)?;
    let record = record.ok_or_else(|| {
        let error = Error::usage(format!("no search of {name} was done in this store"));
        match &experiment.search {
            None => error.help(format!("experiments/{name}.toml has no section [search]")),
            // A lock says what was chosen, and keeps `run` from searching again.
            Some(_) => error
                .help(format!(
                    "`streamflow run {name}` searches, unless its lock says what was chosen;"
                ))
                .help(format!(
                    "`streamflow run {name} --no-cache` tries all candidates anew"
                )),
        }
    })?;
    Ok(Output::new(
        report::search_text(&experiment.name, &record),
        &report::search_document(&experiment.name, &record),
    ))
}

/// Refuses a word that is no metric.
pub(super) fn known_metric(metric: &str) -> Result<()> {
    if METRICS.contains(&metric) {
        return Ok(());
    }
    let of_test_rows = |name: &&str| CrossValidation::metric_of(name).is_none();
    let of_test_rows: Vec<&str> = METRICS.into_iter().filter(of_test_rows).collect();
    let error = Error::usage(format!("there is no metric `{metric}`"))
        .detail(format!("metrics: {}", of_test_rows.join(", ")))
        .detail("and of each its mean over the folds of [cross_validation], such as cv_auc");
    Err(match did_you_mean(metric, METRICS) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None => error,
    })
}

/// The best first; runs without the metric, or with no number for it, last. Equal ones stay in
/// order of time.
fn sort_by(runs: &mut [RunSummary], metric: &str) {
    let key = |run: &RunSummary| -> f64 {
        let value = run
            .metrics
            .get(metric)
            .copied()
            .filter(|value| !value.is_nan());
        match value {
            None => f64::INFINITY,
            Some(value) if LOSSES.contains(&metric) => value,
            Some(value) => -value,
        }
    };
    runs.sort_by(|a, b| key(a).total_cmp(&key(b)));
}
