//! `streamflow verify`, and the hidden command that does one of its executions.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde_json::{Value, json};

use super::Context;
use super::arguments::{AgainArguments, VerifyArguments};
use super::output::Output;
use super::progress::Progress;
use crate::error::{Error, Result};
use crate::report;
use crate::run::{self, ExecutionKind, KnownRun, ReplayOptions, Silent, Vary, Verified};
use crate::workspace::Workspace;

impl ValueEnum for Vary {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// Executes runs under circumstances that must not matter.
pub fn verify(context: &Context, arguments: &VerifyArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let mut vary: Vec<Vary> = Vec::new();
    for wanted in &arguments.vary {
        if !vary.contains(wanted) {
            vary.push(*wanted);
        }
    }
    let words: Vec<String> = match &arguments.run {
        Some(word) => vec![word.clone()],
        None => workspace
            .definitions()
            .experiments
            .keys()
            .map(ToString::to_string)
            .collect(),
    };
    if words.is_empty() {
        return Err(Error::usage("the project declares no experiment"));
    }
    let (mut texts, mut documents, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for word in &words {
        let done = verify_one(
            context,
            &workspace,
            word,
            &vary,
            usize::from(arguments.times),
        );
        let (text, document, error) = told(word, done);
        texts.extend(text);
        documents.push(document);
        failures.extend(error);
    }
    let document = match arguments.run {
        Some(_) => documents.remove(0),
        None => json!({ "runs": documents }),
    };
    let told = failures
        .iter()
        .map(report::error_text)
        .collect::<Vec<_>>()
        .join("\n");
    let several = failures.len() > 1;
    let mut output = Output::new(texts.join("\n"), &document);
    output.error = failures.into_iter().next();
    output.failures = several.then_some(told);
    Ok(output)
}

fn told(word: &str, done: Result<Verified>) -> (Option<String>, Value, Option<Error>) {
    match done {
        Ok(verified) => {
            let error = verified.error();
            let mut document = serde_json::to_value(&verified).unwrap_or(Value::Null);
            if let (Some(error), Value::Object(fields)) = (&error, &mut document) {
                fields.insert("error".to_string(), report::error_json(error));
            }
            (Some(report::verified_text(&verified)), document, error)
        }
        Err(error) => {
            let document = json!({ "experiment": word, "error": report::error_json(&error) });
            (None, document, Some(error))
        }
    }
}

fn verify_one(
    context: &Context,
    workspace: &Workspace,
    word: &str,
    vary: &[Vary],
    times: usize,
) -> Result<Verified> {
    let known = find(workspace, word)?;
    let told = |vary: Vary, value: &str| {
        let what = report::bold(format!("{:>12}", "Executing"));
        let name = &known.experiment;
        context
            .printer
            .log(&format!("{what} {name} with {} {value}", vary.as_str()));
    };
    run::verify(workspace, &known, vary, times, &told)
}

/// An experiment's last run, or the run of a reference.
fn find(workspace: &Workspace, word: &str) -> Result<KnownRun> {
    match workspace.definitions().experiments.contains_key(word) {
        true => run::find_reference(workspace, &format!("{word}@latest")),
        false => run::find_reference(workspace, word),
    }
}

/// One execution of `verify`, in a process of its own.
pub fn again(context: &Context, arguments: &AgainArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, &arguments.run)?;
    let options = ReplayOptions {
        kind: ExecutionKind::Verify,
        threads: arguments.threads,
        row_order: arguments.row_order,
        varied: arguments.varied.clone(),
    };
    let replayed = match context.printer.has_terminal() {
        true => run::replay(
            &workspace,
            &known,
            &options,
            &Progress::new(context.printer, known.experiment.as_str()),
        ),
        false => run::replay(&workspace, &known, &options, &Silent),
    }?;
    let document = report::replayed_document(&replayed);
    let mut output = Output::new(report::replayed_text(&replayed), &document);
    output.error = replayed.error();
    Ok(output)
}
