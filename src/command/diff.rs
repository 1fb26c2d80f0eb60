//! `streamflow diff`.

use super::Context;
use super::arguments::DiffArguments;
use super::output::Output;
use super::runs::known_metric;
use crate::definition::Task;
use crate::error::Result;
use crate::report;
use crate::run::{self, KnownRun};

/// Compares two runs, causes first; with `--attribute` also splits what each metric moved by cause.
pub fn diff(context: &Context, arguments: &DiffArguments) -> Result<Output> {
    if let Some(metric) = arguments
        .attribute
        .as_ref()
        .filter(|metric| !metric.is_empty())
    {
        known_metric(metric)?;
    }
    let workspace = context.workspace()?;
    let a = run::find_reference(&workspace, &arguments.a)?;
    let b = run::find_reference(&workspace, &arguments.b)?;
    let diff = run::diff(&workspace, &a, &b)?;
    let mut output = Output::new(report::diff_text(&diff, &a, &b), &diff);
    let Some(metric) = &arguments.attribute else {
        return Ok(output);
    };
    let metric = if metric.is_empty() {
        main_metric(&a)
    } else {
        metric
    };
    let printer = context.printer;
    let mut seen = |number| printer.log(&report::hybrid_text(number));
    match run::attribute(&workspace, &a, &b, &mut seen) {
        Ok(found) => {
            output
                .text
                .push_str(&report::attribution_text(&found, metric));
            output.extend(report::attribution_document(&found));
        }
        // What could be compared stands above the reason why the rest could not.
        Err(error) => output.error = Some(error),
    }
    Ok(output)
}

/// The metric that says most of a run.
fn main_metric(run: &KnownRun) -> &'static str {
    let found = Task::main_metric_among(|name| run.metrics().contains_key(name));
    found.unwrap_or(Task::Binary.main_metric())
}
