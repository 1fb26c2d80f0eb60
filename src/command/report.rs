//! `streamflow report`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Context;
use super::arguments::{Format, ReportArguments};
use super::get::to_standard_output;
use super::output::Output;
use super::page::page_name;
use super::show::view_of;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::Digest;
use crate::plan::RunSpec;
use crate::report::{self, Pair, Portrait};
use crate::run::{self, KnownRun};
use crate::workspace::Workspace;

/// Writes the page of a run, or of two runs over each other.
pub fn report(context: &Context, arguments: &ReportArguments) -> Result<Output> {
    let file = arguments.output.as_deref();
    match file {
        Some(path) if path == Path::new("-") => json_has_no_pages(context)?,
        Some(path) => page_name(path, "report.html")?,
        None => {}
    }
    let workspace = context.workspace()?;
    let a = run::find_reference(&workspace, &arguments.a)?;
    let portrait = portrait_of(&workspace, &a)?;
    let Some(word) = &arguments.b else {
        let page = report::portrait_page(&portrait);
        let name = format!("report-{}.html", a.run.short());
        let of = format!("report of run {}", a.run.short());
        let document = report::portrait_document(&portrait);
        return write(context, file, &page, Written { name, of, document });
    };
    let b = run::find_reference(&workspace, word)?;
    let other = portrait_of(&workspace, &b)?;
    let pair = Pair::new(portrait, other, run::diff(&workspace, &a, &b)?)?;
    let page = report::pair_page(&pair);
    let (of_a, of_b) = (a.run.short(), b.run.short());
    let name = format!("report-{of_a}-{of_b}.html");
    let of = format!("report of runs {of_a} and {of_b}");
    let document = report::pair_document(&pair);
    write(context, file, &page, Written { name, of, document })
}

/// Before anything is looked for.
fn json_has_no_pages(context: &Context) -> Result<()> {
    match context.printer.format() {
        Format::Json => Err(Error::usage(
            "a page is no JSON document, so it cannot go to standard output with --format json",
        )
        .help("`-o FILE` writes it into a file, and --format json prints all numbers beside")),
        _ => Ok(()),
    }
}

pub(super) fn portrait_of<'a>(workspace: &Workspace, known: &'a KnownRun) -> Result<Portrait<'a>> {
    let store = workspace.store();
    let scores = run::test_scores(store, known)?;
    let report = run::evaluation(store, known)?;
    let contributions = match report.importances.is_empty() {
        true => run::mean_contributions(store, known)?,
        false => None,
    };
    Ok(Portrait {
        spec: RunSpec::from_declared(&known.record.declared)?,
        scores,
        report,
        contributions,
        view: view_of(workspace, known)?,
    })
}

/// A page and what is said of it.
struct Written {
    /// Where none is named.
    name: String,
    of: String,
    document: Value,
}

fn write(context: &Context, file: Option<&Path>, page: &str, written: Written) -> Result<Output> {
    if file == Some(Path::new("-")) {
        return to_standard_output(context, page.as_bytes());
    }
    let file = file.map_or_else(|| PathBuf::from(written.name), Path::to_path_buf);
    fsio::write_atomic(&file, page.as_bytes())?;
    let size = page.len() as u64;
    let text = format!(
        "{} written to {}   {} bytes\n",
        written.of,
        file.display(),
        report::count(size)
    );
    let mut document = written.document;
    document["file"] = json!(file);
    document["bytes"] = json!(size);
    Ok(Output::new(text, &document))
}
