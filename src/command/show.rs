//! `streamflow show`.

use super::Context;
use super::arguments::ReferenceArgument;
use super::output::Output;
use crate::error::Result;
use crate::plan::RunSpec;
use crate::registry;
use crate::report::{self, RunView};
use crate::run;

/// Shows everything that is known of one run.
pub fn show(context: &Context, arguments: &ReferenceArgument) -> Result<Output> {
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, &arguments.run)?;
    let label = RunSpec::from_declared(&known.record.declared)
        .map_or("label".to_string(), |spec| spec.label.column.to_string());
    let found = run::find_commit(&workspace, &known.record.identity(), known.commit())?;
    let mut stages = registry::stages(&workspace)?;
    let leakage = match known.outputs() {
        None => None,
        Some(outputs) => run::leakage_of(
            workspace.store(),
            outputs.training_set.into(),
            outputs.split.into(),
        )?,
    };
    let view = RunView {
        label,
        leakage,
        intervals: run::intervals_of(workspace.store(), &known)?,
        band: run::band_of(workspace.store(), known.run)?,
        report: run::stored_report(workspace.store(), &known)?,
        commit: found.and_then(|found| found.commit),
        stages: stages.remove(&known.run).unwrap_or_default(),
        known: &known,
    };
    Ok(Output::new(
        report::show_text(&view),
        &report::show_document(&view),
    ))
}
