//! `streamflow snapshots`, `snapshots show` and `snapshots diff`.

use std::path::Path;

use serde_json::json;

use super::Context;
use super::arguments::{
    Format, SnapshotDiffArguments, SnapshotShowArguments, SnapshotsArguments, SnapshotsCommand,
};
use super::get::to_standard_output;
use super::output::Output;
use crate::definition::TableName;
use crate::error::{Error, Result};
use crate::fsio;
use crate::report::{self, SnapshotDiffView, SnapshotView};
use crate::snapshot::{self, Snapshot, Snapshots};
use crate::table::FileForm;
use crate::table_store;
use crate::workspace::Workspace;

pub fn snapshots(context: &Context, arguments: &SnapshotsArguments) -> Result<Output> {
    match &arguments.command {
        None => list(context),
        Some(SnapshotsCommand::Show(arguments)) => show(context, arguments),
        Some(SnapshotsCommand::Diff(arguments)) => diff(context, arguments),
    }
}

/// Lists the newest revision of every date.
fn list(context: &Context) -> Result<Output> {
    let workspace = context.workspace()?;
    let definitions = workspace.definitions();
    let all = Snapshots {
        workspace: &workspace,
        definitions,
    }
    .all()?;
    Ok(Output::new(
        report::snapshots_text(&all),
        &report::snapshots_document(&all),
    ))
}

/// Shows one snapshot, or writes one of its tables into a file.
fn show(context: &Context, arguments: &SnapshotShowArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let catalog = workspace.store().catalog();
    let found = snapshot::find_snapshot(catalog, &arguments.snapshot)?;
    let only = match &arguments.table {
        Some(name) => Some(snapshot::table_of(&found, name)?.0),
        None => None,
    };
    if let (Some(table), Some(file)) = (only, &arguments.output) {
        return write(context, &workspace, (&found, table), file);
    }
    let mut tables = Vec::new();
    for (name, table) in &found.tables {
        if only.is_none_or(|only| only == name) {
            tables.push((name, table, snapshot::kept(catalog, table.hash)?));
        }
    }
    let revisions = snapshot::revisions_of(catalog, found.as_of)?;
    let view = SnapshotView {
        snapshot: &found,
        tables,
        revisions: &revisions,
    };
    Ok(Output::new(
        report::snapshot_view_text(&view),
        &report::snapshot_view_document(&view),
    ))
}

/// Writes a table whole, however the store keeps it.
fn write(
    context: &Context,
    workspace: &Workspace,
    (found, name): (&Snapshot, &TableName),
    file: &Path,
) -> Result<Output> {
    let to_stdout = file == Path::new("-");
    let form = match (to_stdout, context.printer.format()) {
        (true, Format::Json) => FileForm::Json,
        (true, _) => FileForm::Csv,
        (false, _) => FileForm::of(file).ok_or_else(|| no_form(file))?,
    };
    let store = workspace.store();
    let table = &found.tables[name];
    snapshot::require_kept(store.catalog(), found, name, table)?;
    let needed_by = format!("the snapshot of {name} at {}", found.as_of);
    let bytes = match form {
        FileForm::Parquet => table_store::parquet(store, table.hash, &needed_by)?,
        form => {
            let declared = workspace.definitions().tables.get(name);
            let leading: Vec<&str> = declared.iter().map(|table| table.key.as_str()).collect();
            form.encode(&table_store::read(store, table.hash, &needed_by)?, &leading)?
        }
    };
    if to_stdout {
        return to_standard_output(context, &bytes);
    }
    fsio::write_atomic(file, &bytes)?;
    let size = bytes.len() as u64;
    let text = format!(
        "{name} of snapshot {}@{} written to {}   {} rows, {} bytes\n",
        found.as_of,
        found.revision,
        file.display(),
        report::count(table.rows),
        report::count(size)
    );
    let document = json!({
        "as_of": found.as_of,
        "revision": found.revision,
        "table": name,
        "rows": table.rows,
        "hash": table.hash,
        "file": file,
        "bytes": size,
    });
    Ok(Output::new(text, &document))
}

fn no_form(file: &Path) -> Error {
    let ending = file.extension().map(|ending| ending.to_string_lossy());
    let found = ending.map_or("no ending".to_string(), |ending| format!("`.{ending}`"));
    Error::usage(format!(
        "a table is written as .parquet, .csv or .json, not as {found}"
    ))
    .detail(format!("file  {}", file.display()))
    .help("the file's name decides the format, as in `-o usage.parquet`; `-` is standard output")
}

/// Compares two snapshots, table by table.
fn diff(context: &Context, arguments: &SnapshotDiffArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let store = workspace.store();
    let a = snapshot::find_snapshot(store.catalog(), &arguments.a)?;
    let b = snapshot::find_snapshot(store.catalog(), &arguments.b)?;
    let only = match &arguments.table {
        Some(name) => {
            let of_b = snapshot::table_of(&b, name);
            let found = snapshot::table_of(&a, name).map(|(name, _)| name.clone());
            Some(found.or_else(|error| of_b.map(|(name, _)| name.clone()).map_err(|_| error))?)
        }
        None => None,
    };
    let pair = (&a, &b);
    let tables = snapshot::compare(store, workspace.definitions(), pair, only.as_ref())?;
    let is_other = |name: &TableName| tables.iter().any(|table| table.found.table == *name);
    let same = a
        .tables
        .keys()
        .filter(|name| !is_other(name) && only.as_ref().is_none_or(|only| only == *name))
        .collect();
    let view = SnapshotDiffView {
        a: &a,
        b: &b,
        tables: &tables,
        same,
    };
    Ok(Output::new(
        report::snapshot_diff_text(&view),
        &report::snapshot_diff_document(&view),
    ))
}
