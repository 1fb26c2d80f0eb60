//! One snapshot, and two of them side by side.

use serde_json::{Value, json};

use super::checks::{check_document, check_text};
use super::diff::change_text;
use super::style::{Table, bold, count, dim, green, plural, size, wrap, yellow};
use crate::definition::{ColumnName, TableName};
use crate::hash::{Digest, ObjectId};
use crate::snapshot::{
    ComparedTable, Kept, Revision, Snapshot, SourceDifference, TableDifference, TableSnapshot,
};

/// One snapshot as it is shown.
pub struct SnapshotView<'a> {
    pub snapshot: &'a Snapshot,
    /// The tables that are shown, and how the store keeps them.
    pub tables: Vec<(&'a TableName, &'a TableSnapshot, Option<Kept>)>,
    /// All revisions of its date, the oldest first.
    pub revisions: &'a [Revision],
}

/// So many files of a table are listed.
const FILES: usize = 6;

pub fn snapshot_view_document(view: &SnapshotView) -> Value {
    let snapshot = view.snapshot;
    let tables = view
        .tables
        .iter()
        .map(|(name, table, kept)| table_document(name, table, *kept));
    json!({
        "as_of": snapshot.as_of,
        "revision": snapshot.revision,
        "hash": snapshot.hash,
        "tables": tables.collect::<Vec<_>>(),
        "revisions": view.revisions.iter().map(revision_document).collect::<Vec<_>>(),
    })
}

fn table_document(name: &TableName, table: &TableSnapshot, kept: Option<Kept>) -> Value {
    let (passed, failed) = table.check_counts();
    let columns = table.dtypes();
    let columns = columns
        .iter()
        .map(|(column, dtype)| json!({ "column": column, "dtype": dtype }));
    let results = table.checks.iter().map(|check| check_document(name, check));
    json!({
        "table": name,
        "rows": table.rows,
        "hash": table.hash,
        "checks": { "passed": passed, "failed": failed, "quarantined": table.quarantined },
        "check_results": results.collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
        "sources": table.sources,
        "kept": kept,
    })
}

fn revision_document(revision: &Revision) -> Value {
    let snapshot = &revision.snapshot;
    json!({
        "revision": snapshot.revision,
        "hash": snapshot.hash,
        "changes": revision.changes.iter().map(difference_document).collect::<Vec<_>>(),
        "gone": revision.gone,
    })
}

fn difference_document(found: &TableDifference) -> Value {
    json!({
        "table": found.table,
        "hash_a": found.hash_a,
        "hash_b": found.hash_b,
        "rows_a": found.rows_a,
        "rows_b": found.rows_b,
        "columns_a": found.columns_a,
        "columns_b": found.columns_b,
        "read_otherwise": found.read_otherwise,
        "sources": found.sources,
    })
}

/// Each table with its columns, files and checks, then the revisions of the date.
pub fn snapshot_view_text(view: &SnapshotView) -> String {
    let snapshot = view.snapshot;
    let (date, revision) = (snapshot.as_of, snapshot.revision);
    let mut text = format!(
        "Snapshot {}, revision {revision} of {}   {}\n",
        bold(date),
        view.revisions.len(),
        dim(snapshot.hash.short())
    );
    for (name, table, kept) in &view.tables {
        text.push('\n');
        text.push_str(&table_text(name, table, *kept));
    }
    if view.revisions.len() > 1 {
        text.push('\n');
        text.push_str(&revisions_text(view.revisions));
        let other = match view.revisions.last() {
            Some(newest) if newest.snapshot.revision == revision => {
                format!("{date}@{}", revision - 1)
            }
            _ => date.to_string(),
        };
        text.push_str(&format!(
            "next: `streamflow snapshots diff {other} {date}@{revision}`\n"
        ));
    }
    text
}

fn table_text(name: &TableName, table: &TableSnapshot, kept: Option<Kept>) -> String {
    let own = ColumnName::row_date();
    let declared = table.columns.keys().filter(|name| **name != own).count();
    let mut text = format!(
        "  {}   {}, {}   {}\n",
        bold(name),
        plural(table.rows, "row"),
        plural(declared as u64, "column"),
        dim(table.hash.short())
    );
    let mut facts = Table::default();
    facts.row().left(dim("kept")).left(kept_words(kept));
    facts.row().left(dim("checks")).left(checks_words(table));
    text.push_str(&facts.render(4));
    let mut files = Table::default();
    let first = table.sources.len().saturating_sub(FILES);
    for (at, source) in table.sources.iter().skip(first).enumerate() {
        files
            .row()
            // As wide as the words above it.
            .left(if at == 0 {
                dim("files ")
            } else {
                " ".repeat(6)
            })
            .left(source.path.clone())
            .right(plural(source.rows, "row"))
            .left(dim(source.hash.short()));
    }
    text.push_str(&files.render(4));
    if first > 0 {
        let more = plural(first as u64, "older file");
        text.push_str(&format!("            {}\n", dim(format!("and {more}"))));
    }
    for check in table.checks.iter().filter(|check| check.failed > 0) {
        text.push_str(&check_text(name.as_str(), check));
    }
    text
}

fn kept_words(kept: Option<Kept>) -> String {
    match kept {
        None => yellow("no more: `gc` removed what no run, lock or pin needed"),
        Some(Kept { bytes, built_on: 0 }) => format!("{}, whole", size(bytes)),
        Some(Kept { bytes, built_on }) => {
            let before = plural(built_on as u64, "table");
            format!("{}, as changes to {before} before it", size(bytes))
        }
    }
}

fn checks_words(table: &TableSnapshot) -> String {
    let (passed, failed) = table.check_counts();
    let checks = match (passed, failed) {
        (0, 0) => dim("none"),
        (passed, 0) => format!("{} passed", count(passed as u64)),
        _ => yellow(format!("{failed} of {} failed", passed + failed)),
    };
    match table.quarantined {
        0 => checks,
        rows => format!(
            "{checks}, {}",
            yellow(format!("{} quarantined", plural(rows, "row")))
        ),
    }
}

fn revisions_text(revisions: &[Revision]) -> String {
    let mut text = format!("  {}\n", bold("revisions"));
    for revision in revisions {
        let snapshot = &revision.snapshot;
        let gone = match revision.gone.as_slice() {
            [] => String::new(),
            gone => {
                let names: Vec<String> = gone.iter().map(ToString::to_string).collect();
                yellow(format!("   no longer in the store: {}", names.join(", ")))
            }
        };
        text.push_str(&format!(
            "    {}   {}{gone}\n",
            snapshot.revision,
            dim(snapshot.hash.short())
        ));
        for change in &revision.changes {
            text.push_str(&wrap("      ", &revision_words(change)));
        }
    }
    text
}

/// `usage  7 043 → 7 044 rows: data/2024-01-31/usage.csv changed`.
fn revision_words(change: &TableDifference) -> String {
    let rows = match (change.rows_a, change.rows_b) {
        (Some(a), Some(b)) if a == b => plural(a, "row"),
        (Some(a), Some(b)) => format!("{} → {}", count(a), plural(b, "row")),
        (None, Some(b)) => format!("came with {}", plural(b, "row")),
        (Some(_), None) => "is gone".to_string(),
        (None, None) => String::new(),
    };
    let mut causes: Vec<String> = match (change.rows_a, change.rows_b) {
        (Some(_), Some(_)) => change.sources.iter().map(source_words).collect(),
        _ => Vec::new(),
    };
    if change.read_otherwise {
        causes.push("read otherwise: columns, checks or dialect changed".to_string());
    }
    match causes.is_empty() {
        true => format!("{}  {rows}", change.table),
        false => format!("{}  {rows}: {}", change.table, causes.join(", ")),
    }
}

fn source_words(source: &SourceDifference) -> String {
    let verb = match (source.a, source.b) {
        (Some(_), Some(_)) => "changed",
        (None, _) => "came",
        _ => "is gone",
    };
    format!("{} {verb}", source.path)
}

/// Two snapshots and what is other in them.
pub struct SnapshotDiffView<'a> {
    pub a: &'a Snapshot,
    pub b: &'a Snapshot,
    pub tables: &'a [ComparedTable],
    /// Tables that are the same in both.
    pub same: Vec<&'a TableName>,
}

pub fn snapshot_diff_document(view: &SnapshotDiffView) -> Value {
    let side = |snapshot: &Snapshot| {
        json!({
            "as_of": snapshot.as_of,
            "revision": snapshot.revision,
            "hash": snapshot.hash,
        })
    };
    let tables = view.tables.iter().map(|table| {
        let mut document = difference_document(&table.found);
        if let Value::Object(fields) = &mut document {
            fields.insert("change".into(), json!(table.change));
            fields.insert("reason".into(), json!(table.reason));
        }
        document
    });
    json!({
        "a": side(view.a),
        "b": side(view.b),
        "tables": tables.collect::<Vec<_>>(),
        "same": view.same,
    })
}

pub fn snapshot_diff_text(view: &SnapshotDiffView) -> String {
    let mut heads = Table::default();
    for (letter, snapshot) in [("a", view.a), ("b", view.b)] {
        heads
            .row()
            .left(bold(letter))
            .left(format!("{}@{}", snapshot.as_of, snapshot.revision))
            .left(dim(snapshot.hash.short()));
    }
    let mut text = heads.render(0);
    for table in view.tables {
        text.push('\n');
        text.push_str(&compared_text(table));
    }
    let names: Vec<&str> = view.same.iter().map(|name| name.as_str()).collect();
    match (view.tables.is_empty(), names.is_empty()) {
        (_, true) => {}
        (true, false) => text.push_str(&format!("\n{}\n", green("The same tables."))),
        (false, false) => {
            text.push('\n');
            text.push_str(&wrap("  ", &format!("the same  {}", names.join(", "))));
        }
    }
    text
}

fn compared_text(table: &ComparedTable) -> String {
    let found = &table.found;
    let mut text = match (&table.change, &table.reason) {
        (Some(change), _) => change_text(found.table.as_str(), change),
        (None, reason) => {
            let reason = reason.clone().unwrap_or_default();
            wrap("  ", &format!("{}  {reason}", yellow(&found.table)))
        }
    };
    for (side, columns) in [("a", &found.columns_a), ("b", &found.columns_b)] {
        if !columns.is_empty() {
            let columns: Vec<String> = columns
                .iter()
                .map(|(n, d)| format!("{n} ({})", d.as_str()))
                .collect();
            let words = format!("only in {side}  {}", columns.join(", "));
            text.push_str(&wrap("    ", &words));
        }
    }
    // Of one date the files stand above.
    let named = table
        .change
        .as_ref()
        .is_some_and(|c| c.as_of_a == c.as_of_b);
    if !named {
        text.push_str(&sources_text(found));
    }
    text
}

/// The files that only one was made of, or that are others.
fn sources_text(found: &TableDifference) -> String {
    let mut files = Table::default();
    let hash = |id: Option<ObjectId>| id.map_or("none".to_string(), |id| id.short());
    let first = found.sources.len().saturating_sub(FILES);
    for source in found.sources.iter().skip(first) {
        files.row().left(dim(&source.path)).left(dim(format!(
            "{} → {}",
            hash(source.a),
            hash(source.b)
        )));
    }
    let mut text = files.render(4);
    if first > 0 {
        let more = plural(first as u64, "more file");
        text.push_str(&format!("    {}\n", dim(format!("and {more}"))));
    }
    text
}
