//! Snapshots and ingests.

use serde_json::{Value, json};

use super::checks::{check_document, check_text, statistics};
use super::style::{Table, bold, count, dim, green, plural, seconds, yellow};
use crate::check::CheckResult;
use crate::hash::Digest;
use crate::snapshot::{Ingested, Snapshot, TableSnapshot};

/// `{"snapshots":[…]}`, contract §3.
pub fn snapshots_document(all: &[Snapshot]) -> Value {
    json!({ "snapshots": all.iter().map(snapshot_document).collect::<Vec<_>>() })
}

fn snapshot_document(snapshot: &Snapshot) -> Value {
    let tables = snapshot.tables.iter().map(|(name, table)| {
        let (passed, failed) = table.check_counts();
        json!({
            "table": name,
            "rows": table.rows,
            "hash": table.hash,
            "checks": { "passed": passed, "failed": failed, "quarantined": table.quarantined },
        })
    });
    json!({
        "as_of": snapshot.as_of,
        "revision": snapshot.revision,
        "hash": snapshot.hash,
        "tables": tables.collect::<Vec<_>>(),
    })
}

pub fn snapshots_text(all: &[Snapshot]) -> String {
    if all.is_empty() {
        return "No snapshot is stamped yet.\nnext: `streamflow ingest --as-of DATE`, or `streamflow run`\n".into();
    }
    let mut table = Table::default();
    table.row();
    for header in [
        "as of",
        "revision",
        "tables",
        "rows",
        "checks",
        "quarantined",
        "hash",
    ] {
        table.right(dim(header));
    }
    for snapshot in all {
        let tables = || snapshot.tables.values();
        let passed: usize = tables().map(|table| table.check_counts().0).sum();
        let failed: usize = tables().map(|table| table.check_counts().1).sum();
        let checks = match failed {
            0 => format!("{passed} passed"),
            _ => yellow(format!("{failed} of {} failed", passed + failed)),
        };
        table
            .row()
            .right(snapshot.as_of.to_string())
            .right(snapshot.revision.to_string())
            .right(snapshot.tables.len().to_string())
            .right(count(tables().map(|table| table.rows).sum()))
            .right(checks)
            .right(count(tables().map(|table| table.quarantined).sum()))
            .right(snapshot.hash.short());
    }
    table.render(0)
}

/// The document of an ingest: the snapshot, and what became of each table.
pub fn ingest_document(done: &Ingested) -> Value {
    let mut document = snapshot_document(&done.snapshot);
    let read: Vec<_> = done
        .tables
        .iter()
        .filter(|table| table.read)
        .map(|table| &table.table)
        .collect();
    let left_out: Vec<Value> = done
        .left_out
        .iter()
        .map(|(table, error)| json!({ "table": table, "reason": error.to_string() }))
        .collect();
    let checks: Vec<Value> = done
        .snapshot
        .tables
        .iter()
        .flat_map(|(name, table)| {
            table
                .checks
                .iter()
                .map(move |check| check_document(name, check))
        })
        .collect();
    if let Value::Object(fields) = &mut document {
        fields.insert("stamped".into(), json!(done.stamped));
        fields.insert("read".into(), json!(read));
        fields.insert("left_out".into(), json!(left_out));
        fields.insert("checks".into(), json!(checks));
        let all = done.snapshot.tables.values();
        let all = all.flat_map(|table| &table.checks);
        fields.insert("statistics".into(), statistics(all));
    }
    document
}

/// One table a line, then every check that did not pass.
pub fn ingest_text(done: &Ingested, duration: f64) -> String {
    let snapshot = &done.snapshot;
    let mut table = Table::default();
    for entry in &done.tables {
        let Some(found) = snapshot.tables.get(&entry.table) else {
            continue;
        };
        table_row(&mut table, entry.table.as_str(), found, entry.read);
    }
    let mut text = table.render(2);
    for (name, found) in &snapshot.tables {
        let broken = |check: &&CheckResult| check.failed > 0 || !check.passed;
        for check in found.checks.iter().filter(broken) {
            text.push_str(&check_text(name.as_str(), check));
        }
    }
    for (name, error) in &done.left_out {
        text.push_str(&format!("  {} {name}: {error}\n", yellow("left out")));
    }
    let rows: u64 = snapshot.tables.values().map(|table| table.rows).sum();
    let what = match done.stamped {
        true => green(format!("Stamped {}", snapshot.as_of)),
        false => format!("{} is as it was", bold(snapshot.as_of)),
    };
    text.push_str(&format!(
        "{what}, revision {}: {}, {}, in {}.   {}\n",
        snapshot.revision,
        plural(snapshot.tables.len() as u64, "table"),
        plural(rows, "row"),
        seconds(duration),
        dim(snapshot.hash.short()),
    ));
    text
}

fn table_row(table: &mut Table, name: &str, found: &TableSnapshot, read: bool) {
    let (passed, failed) = found.check_counts();
    let checks = match (passed, failed) {
        (0, 0) => dim("no checks"),
        (passed, 0) => format!("{} passed", plural(passed as u64, "check")),
        (passed, failed) => yellow(format!("{failed} of {} checks failed", passed + failed)),
    };
    let file_rows = found.sources.last().map_or(0, |source| source.rows);
    table
        .row()
        .left(name)
        .right(format!("{} live", plural(found.rows, "row")))
        .right(format!("{} in the file", count(file_rows)))
        .left(checks)
        .left(if read { "" } else { "unchanged" });
}
