//! `streamflow checks`.

use serde_json::json;

use super::Context;
use super::arguments::ChecksArguments;
use super::ingest::date;
use super::output::Output;
use crate::definition::{AsOf, Definitions, Table, TableName};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::fsio;
use crate::report;
use crate::snapshot::{Outcome, Snapshots};
use crate::table::FileForm;

/// Shows what checks found at a date, writes the rows that were set aside, or proposes rules.
pub fn checks(context: &Context, arguments: &ChecksArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let definitions = workspace.definitions();
    let snapshots = Snapshots {
        workspace: &workspace,
        definitions,
    };
    if let Some(name) = &arguments.suggest {
        let table = find_table(definitions, name)?;
        let (path, suggestions) = snapshots.suggest(table)?;
        return Ok(Output::new(
            report::suggestions_text(table, &path, &suggestions),
            &report::suggestions_document(table, &path, &suggestions),
        ));
    }
    let as_of = arguments.as_of.as_deref().map(date).transpose()?;
    let table = arguments.table.as_deref();
    let table = table
        .map(|name| find_table(definitions, name))
        .transpose()?;
    let outcome = snapshots.outcome(as_of)?;
    if let Some(table) = table
        && !outcome.tables().contains(&&table.name)
    {
        let message = format!("{} has no result at {}", table.name, outcome.as_of);
        let help = format!(
            "`streamflow ingest --as-of {}` reads its file",
            outcome.as_of
        );
        return Err(Error::new(Kind::MissingInput, message).help(help));
    }
    match (&arguments.output, table) {
        (Some(file), Some(table)) => write_quarantined(&snapshots, &outcome, table, file),
        _ => Ok(Output::new(
            report::checks_text(&outcome, table.map(|table| &table.name)),
            &report::checks_document(&outcome, table.map(|table| &table.name)),
        )),
    }
}

/// A table that is declared.
fn find_table<'a>(definitions: &'a Definitions, name: &str) -> Result<&'a Table> {
    definitions.tables.get(name).ok_or_else(|| {
        let known: Vec<&str> = definitions.tables.keys().map(TableName::as_str).collect();
        let error = Error::usage(format!("there is no table `{name}`"));
        match did_you_mean(name, known.iter().copied()) {
            Some(meant) => error.help(format!("did you mean `{meant}`?")),
            None => error.help(format!("there are {}", known.join(", "))),
        }
    })
}

/// Writes the rows of a table that were set aside, in the format that the file's name asks for.
fn write_quarantined(
    snapshots: &Snapshots<'_>,
    outcome: &Outcome,
    table: &Table,
    file: &std::path::Path,
) -> Result<Output> {
    let form = FileForm::of(file).ok_or_else(|| {
        Error::usage("quarantined rows are written as .parquet, .csv or .json")
            .detail(format!("file  {}", file.display()))
            .help("the file's name decides the format, as in `-o quarantined.csv`")
    })?;
    let as_of = outcome.as_of;
    let found = outcome.snapshot.as_ref();
    let found = found.and_then(|snapshot| snapshot.tables.get(&table.name));
    let object = found.and_then(|found| found.quarantine);
    let object = object.ok_or_else(|| none_set_aside(table, as_of, outcome))?;
    let frame = snapshots.quarantined(&table.name, as_of, object)?;
    let leading = ["__line", "__rules", table.key.as_str()];
    let bytes = form.encode(&frame, &leading)?;
    fsio::write_atomic(file, &bytes)?;
    let rows = frame.rows() as u64;
    let text = format!(
        "{} of {} at {as_of} written to {}   {} bytes\n",
        report::plural(rows, "quarantined row"),
        table.name,
        file.display(),
        report::count(bytes.len() as u64)
    );
    let document = json!({
        "table": table.name,
        "as_of": as_of,
        "rows": rows,
        "object": object,
        "file": file,
        "bytes": bytes.len(),
    });
    Ok(Output::new(text, &document))
}

fn none_set_aside(table: &Table, as_of: AsOf, outcome: &Outcome) -> Error {
    let name = &table.name;
    let error = Error::new(
        Kind::MissingInput,
        format!("no row of {name} was quarantined at {as_of}"),
    );
    match outcome.refused.contains_key(name) {
        true => error.help(format!(
            "its file was refused as a whole: `streamflow checks --as-of {as_of} --table {name}` says why"
        )),
        false => error.help("a check with `severity = \"quarantine\"` sets rows aside"),
    }
}
