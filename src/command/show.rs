//! `streamflow show`.

use serde_json::Value;

use super::Context;
use super::arguments::{Format, ShowArguments};
use super::output::Output;
use crate::error::Result;
use crate::plan::RunSpec;
use crate::registry;
use crate::report::{self, RunView};
use crate::run::{self, DEFAULT_GRID, DEFAULT_REPEATS, KnownRun};
use crate::workspace::Workspace;

/// Shows everything that is known of one run, or answers a question about it.
pub fn show(context: &Context, arguments: &ShowArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, &arguments.run)?;
    let Some((text, answer)) = answer(&workspace, &known, arguments)? else {
        return overview(&workspace, &known);
    };
    // The document of `show` with the answer in it; a screen has room for one thing.
    if context.printer.format() != Format::Json {
        return Ok(Output::new(text, &answer));
    }
    let mut output = overview(&workspace, &known)?;
    output.extend(answer);
    Ok(output)
}

/// The answer as a screen and as fields of the document; none where nothing is asked.
fn answer(
    workspace: &Workspace,
    known: &KnownRun,
    arguments: &ShowArguments,
) -> Result<Option<(String, Value)>> {
    let store = workspace.store();
    if arguments.importances {
        let repeats = arguments.repeats.unwrap_or(DEFAULT_REPEATS);
        let found = run::importances(store, known, arguments.metric.as_deref(), repeats)?;
        return Ok(Some((
            report::importances_text(known, &found),
            report::importances_document(&found),
        )));
    }
    if let Some(feature) = &arguments.by {
        let found = run::segments(workspace, known, feature)?;
        let label = label_of(known);
        return Ok(Some((
            report::segments_text(known, &label, &found),
            report::segments_document(&found),
        )));
    }
    if let Some(feature) = &arguments.dependence {
        let points = arguments.grid.unwrap_or(DEFAULT_GRID);
        let found = run::dependence(store, known, feature, points)?;
        return Ok(Some((
            report::dependence_text(known, &found),
            report::dependence_document(&found),
        )));
    }
    Ok(None)
}

/// What the label is called.
fn label_of(known: &KnownRun) -> String {
    RunSpec::from_declared(&known.record.declared)
        .map_or("label".to_string(), |spec| spec.label.column.to_string())
}

fn overview(workspace: &Workspace, known: &KnownRun) -> Result<Output> {
    let view = view_of(workspace, known)?;
    Ok(Output::new(
        report::show_text(&view),
        &report::show_document(&view),
    ))
}

/// Everything that this store and the project's history know of a run.
pub fn view_of<'a>(workspace: &Workspace, known: &'a KnownRun) -> Result<RunView<'a>> {
    let found = run::find_commit(workspace, &known.record.identity(), known.commit())?;
    let mut places = registry::places(workspace)?;
    let leakage = match known.outputs() {
        None => None,
        Some(outputs) => run::leakage_of(
            workspace.store(),
            run::Looked {
                training_set: outputs.training_set.into(),
                split: outputs.split.into(),
                declared: &known.record.declared,
            },
        )?,
    };
    Ok(RunView {
        label: label_of(known),
        leakage,
        intervals: run::intervals_of(workspace.store(), known)?,
        band: run::band_of(workspace.store(), known.run)?,
        report: run::stored_report(workspace.store(), known)?,
        commit: found.and_then(|found| found.commit),
        places: places.remove(&known.run).unwrap_or_default(),
        known,
    })
}
