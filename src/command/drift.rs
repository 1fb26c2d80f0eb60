//! `streamflow drift`.

use super::Context;
use super::arguments::{DriftArguments, DriftMethod};
use super::ingest::date;
use super::output::Output;
use super::page::page_name;
use crate::drift::{DEFAULT_THRESHOLD, Method, Pair, Rule};
use crate::error::{Error, Result};
use crate::fsio;
use crate::online::{self, DriftOptions, LiveOptions};
use crate::report;
use crate::run;

/// Compares the columns of two dates, and stops with exit code 6 when they drifted apart.
pub fn drift(context: &Context, arguments: &DriftArguments) -> Result<Output> {
    let rule = rule(arguments)?;
    let share = share(arguments)?;
    let (Some(reference), Some(current)) = (&arguments.reference, &arguments.current) else {
        return live(context, arguments, rule, share);
    };
    let dates = Pair::new(date(reference)?, date(current)?);
    let output = arguments.output.as_deref();
    if let Some(path) = output {
        page_name(path, "drift.html")?;
    }
    let workspace = context.workspace()?;
    let experiment = arguments.experiment.as_deref();
    let experiment = experiment
        .map(|name| run::find_experiment(workspace.definitions(), name))
        .transpose()?;
    let options = DriftOptions {
        dates,
        experiment,
        rule,
        share,
    };
    let found = online::drift(&workspace, &options)?;
    if let Some(path) = output {
        fsio::write_atomic(path, report::drift_page(&found).as_bytes())?;
    }
    let mut told = Output::new(
        report::drift_text(&found, output),
        &report::drift_document(&found, output),
    );
    told.error = report::drift_error(&found, output);
    Ok(told)
}

/// Compares what is served with what it learnt from.
fn live(context: &Context, arguments: &DriftArguments, rule: Rule, share: f64) -> Result<Output> {
    let day = |text: &Option<String>| text.as_deref().map(date).transpose();
    let (since, until) = (day(&arguments.since)?, day(&arguments.until)?);
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(
            Error::usage(format!("there is no day from {since} until {until}"))
                .help("`--since` names the first day, `--until` the last"),
        );
    }
    let workspace = context.workspace()?;
    let model = arguments.model.as_deref();
    let model = model
        .map(|name| run::find_model(&workspace, name))
        .transpose()?;
    let options = LiveOptions {
        model: model.as_ref(),
        since,
        until,
        rule,
        share,
    };
    let found = online::live_drift(&workspace, &options)?;
    let mut told = Output::new(
        report::live_drift_text(&found),
        &report::live_drift_document(&found),
    );
    told.error = report::live_drift_error(&found);
    Ok(told)
}

fn share(arguments: &DriftArguments) -> Result<f64> {
    let share = arguments.share;
    if !(share > 0.0 && share <= 1.0) {
        return Err(Error::usage(format!("`--share {share}` is no share"))
            .help("a share is above 0 and at most 1, such as 0.5"));
    }
    Ok(share)
}

fn rule(arguments: &DriftArguments) -> Result<Rule> {
    let method = match arguments.method {
        DriftMethod::Psi => Method::Psi,
        DriftMethod::Effect => Method::Effect,
        DriftMethod::Evidently => Method::Evidently,
    };
    match arguments.threshold {
        Some(_) if method == Method::Evidently => Err(Error::usage(
            "`--threshold` is none of `--method evidently`",
        )
        .detail("each of Evidently's tests has a threshold of its own")
        .help("use it with `--method psi` or `--method effect`")),
        Some(threshold) if !(threshold > 0.0 && threshold.is_finite()) => Err(Error::usage(
            format!("`--threshold {threshold}` is no threshold"),
        )
        .help("a threshold is a number above 0, such as 0.1")),
        Some(threshold) if method == Method::Effect && threshold > 1.0 => Err(Error::usage(
            format!("`--threshold {threshold}` is never reached"),
        )
        .help("an effect is at most 1")),
        threshold => Ok(Rule {
            method,
            threshold: threshold.unwrap_or(DEFAULT_THRESHOLD),
        }),
    }
}
