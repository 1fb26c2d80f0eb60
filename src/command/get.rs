//! `streamflow get`.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use super::arguments::{Format, GetArguments};
use super::output::Output;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::Digest;
use crate::report;
use crate::run::{self, ArtefactName, KnownRun};
use crate::table::{self, FileForm};

/// What a file holds: the bytes as stored (Parquet of a table, a model, a report), or a table in
/// another format.
type Form = Option<FileForm>;

/// Writes an artefact of a run into a file, or to standard output for `-`.
pub fn get(context: &Context, arguments: &GetArguments) -> Result<Output> {
    let to_stdout = arguments.output == Path::new("-");
    let form = match to_stdout {
        true => form_of_stdout(context, arguments.artefact)?,
        false => form_of(&arguments.output, arguments.artefact)?,
    };
    let workspace = context.workspace()?;
    let known = run::find_reference(&workspace, &arguments.run)?;
    let stored = run::artefact_bytes(workspace.store(), &known, arguments.artefact)?;
    let bytes = convert(&known, stored, form)?;
    if to_stdout {
        return to_standard_output(context, &bytes);
    }
    fsio::write_atomic(&arguments.output, &bytes)?;
    let size = bytes.len() as u64;
    let text = format!(
        "{} of run {} written to {}   {} bytes\n",
        arguments.artefact.as_str(),
        known.run.short(),
        arguments.output.display(),
        report::count(size)
    );
    let document = json!({
        "run": known.run,
        "artefact": arguments.artefact.as_str(),
        "file": arguments.output,
        "bytes": size,
    });
    Ok(Output::new(text, &document))
}

/// What the ending of a file's name asks for.
fn form_of(file: &Path, artefact: ArtefactName) -> Result<Form> {
    let form = FileForm::of(file);
    let possible = match (artefact, form) {
        (ArtefactName::Model, _) | (ArtefactName::Report, Some(FileForm::Json)) => return Ok(None),
        (ArtefactName::Report, _) => ".json",
        (_, Some(FileForm::Parquet)) => return Ok(None),
        (_, Some(form)) => return Ok(Some(form)),
        (_, None) => ".parquet, .csv or .json",
    };
    let ending = file.extension().map(|ending| ending.to_string_lossy());
    let name = artefact.as_str();
    let found = ending.map_or("no ending".to_string(), |ending| format!("`.{ending}`"));
    Err(
        Error::usage(format!("`{name}` is written as {possible}, not as {found}"))
            .detail(format!("file  {}", file.display()))
            .help("the file's name decides the format, as in `-o predictions.csv`"),
    )
}

/// Tables as CSV for people, or as the one JSON document of `--format json`.
fn form_of_stdout(context: &Context, artefact: ArtefactName) -> Result<Form> {
    match (artefact, context.printer.format()) {
        (ArtefactName::Report, _) => Ok(None),
        (ArtefactName::Model, Format::Json) => Err(Error::usage(
            "a model is no JSON document, so it cannot go to standard output with --format json",
        )
        .help("`-o FILE` writes it into a file")),
        (ArtefactName::Model, _) => Ok(None),
        (_, Format::Json) => Ok(Some(FileForm::Json)),
        _ => Ok(Some(FileForm::Csv)),
    }
}

fn convert(known: &KnownRun, stored: Vec<u8>, form: Form) -> Result<Vec<u8>> {
    match form {
        None => Ok(stored),
        Some(form) => {
            let key = known.record.declared.text("entity.key")?;
            form.encode(&table::from_parquet_object(&stored)?, &[key, "as_of"])
        }
    }
}

/// The bytes as they are: values may hold what looks like a colour.
pub fn to_standard_output(context: &Context, bytes: &[u8]) -> Result<Output> {
    if context.printer.format() == Format::Json {
        let document: Value = serde_json::from_slice(bytes)
            .map_err(|error| Error::failure("an artefact is no JSON").caused_by(error))?;
        return Ok(Output::new(String::new(), &document));
    }
    let mut stdout = std::io::stdout();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // The reader has gone: `streamflow get … -o - | head`.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(fsio::cannot("write", Path::new("standard output"), error))
        }
        _ => Ok(Output::new(String::new(), &Value::Null)),
    }
}
