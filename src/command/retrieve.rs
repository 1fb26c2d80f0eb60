//! `streamflow features --spine`.

use std::path::Path;

use super::Context;
use super::arguments::{FeaturesArguments, Format};
use super::get::to_standard_output;
use super::ingest::date;
use super::output::Output;
use crate::definition::Definitions;
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::host::Stopwatch;
use crate::report;
use crate::retrieval::{self, Choice, Request, When};
use crate::run;
use crate::table::{FileForm, LooseTable};

/// Writes the rows of a spine with features, into a file, or to standard output for `-`.
pub fn retrieve(
    context: &Context,
    arguments: &FeaturesArguments,
    spine: &Path,
    output: &Path,
) -> Result<Output> {
    let watch = Stopwatch::start();
    let to_stdout = output == Path::new("-");
    let form = match (to_stdout, context.printer.format()) {
        (true, Format::Json) => FileForm::Json,
        (true, _) => FileForm::Csv,
        _ => form_of(output)?,
    };
    refuse_itself(spine, output)?;
    let workspace = context.workspace()?;
    let request = Request {
        when: when(arguments)?,
        features: choice(workspace.definitions(), arguments)?,
        spine: read(spine)?,
        with_status: arguments.status,
    };
    let found = retrieval::retrieve(&workspace, request)?;
    let bytes = found.table.encode(form)?;
    if to_stdout {
        for notice in &found.notices {
            context
                .printer
                .log(&format!("{} {notice}", report::yellow("notice")));
        }
        return to_standard_output(context, &bytes);
    }
    fsio::write_atomic(output, &bytes)?;
    Ok(Output::new(
        report::retrieved_text(&found, output, watch.seconds()),
        &report::retrieved_document(&found, spine, output, watch.seconds()),
    ))
}

fn form_of(output: &Path) -> Result<FileForm> {
    FileForm::of(output).ok_or_else(|| {
        Error::usage(format!(
            "{} does not say which format it has",
            output.display()
        ))
        .help("end its name in .csv, .parquet or .json; `-o -` writes CSV to standard output")
    })
}

/// A spine that a broken run would have to be made from again is not written over.
fn refuse_itself(spine: &Path, output: &Path) -> Result<()> {
    let place = |path: &Path| path.canonicalize().ok();
    match (place(spine), place(output)) {
        (Some(one), Some(other)) if one == other => {
            Err(Error::usage("the spine would be written over").help("name another file with `-o`"))
        }
        _ => Ok(()),
    }
}

fn read(spine: &Path) -> Result<LooseTable> {
    let shown = spine.display().to_string();
    let form = match FileForm::of(spine) {
        Some(form @ (FileForm::Csv | FileForm::Parquet)) => form,
        _ => {
            return Err(
                Error::usage(format!("{shown} is read neither as CSV nor as Parquet"))
                    .help("a spine's name ends in .csv or .parquet"),
            );
        }
    };
    let bytes = fsio::read_optional(spine)?.ok_or_else(|| {
        Error::new(Kind::MissingInput, format!("there is no file {shown}"))
            .help("a spine is a table with the key of an entity and a time in each row")
    })?;
    LooseTable::read(&bytes, &shown, form)
}

fn when(arguments: &FeaturesArguments) -> Result<When> {
    let dates = arguments.date_column.clone().map(When::DateColumn);
    let instants = arguments.timestamp_column.clone();
    let column = dates.or(instants.map(When::TimestampColumn));
    match &arguments.as_of {
        Some(text) => Ok(When::At(date(text)?)),
        None => Ok(column.unwrap_or(When::ByName)),
    }
}

fn choice(definitions: &Definitions, arguments: &FeaturesArguments) -> Result<Choice> {
    match &arguments.experiment {
        Some(name) => {
            let experiment = run::find_experiment(definitions, name)?;
            Ok(Choice::These(experiment.features.clone()))
        }
        None if arguments.features.is_empty() => Ok(Choice::All),
        None => {
            let names = arguments.features.iter();
            let names = names.map(|name| name.trim().to_string());
            Ok(Choice::Named(names.collect()))
        }
    }
}
