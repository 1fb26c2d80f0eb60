//! `streamflow why`.

use super::Context;
use super::arguments::WhyArguments;
use super::output::Output;
use crate::definition::{Definitions, Stage};
use crate::error::Result;
use crate::report;
use crate::run;

/// Says what would execute now, and which changed input is the reason; of two runs, why the second is
/// another than the first.
pub fn why(context: &Context, arguments: &WhyArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let definitions = workspace.definitions();
    let why = match &arguments.b {
        Some(b) => {
            let a = run::find_reference(&workspace, &arguments.a)?;
            run::why_runs(&workspace, &a, &run::find_reference(&workspace, b)?)?
        }
        None if names_run(&arguments.a, definitions) => {
            let known = run::find_reference(&workspace, &arguments.a)?;
            let experiment = run::find_experiment(definitions, known.experiment.as_str())?;
            run::why(&workspace, experiment, Some(&known))?
        }
        None => {
            let experiment = run::find_experiment(definitions, &arguments.a)?;
            run::why(&workspace, experiment, None)?
        }
    };
    Ok(Output::new(
        report::why_text(&why),
        &report::why_document(&why),
    ))
}

/// Whether a word is one of those that name runs, and no experiment's name.
fn names_run(word: &str, definitions: &Definitions) -> bool {
    let is_prefix = word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_stage = word.parse::<Stage>().is_ok();
    !definitions.experiments.contains_key(word) && (word.contains('@') || is_prefix || is_stage)
}
