//! How fresh the values of each table are: for `/ready` and `/metrics`.

use serde_json::{Map, Value, json};

use super::telemetry::metric;
use crate::host::{self, Instant};
use crate::online::OnlineView;

/// For each table its entities, the instant of its newest row, and how long ago that was by the
/// clock, in whole seconds; null for a table without rows.
pub fn document(view: &OnlineView) -> Value {
    let now = host::now().microseconds();
    let tables = view.freshness().map(|found| {
        let newest = found.newest_row.and_then(Instant::from_microseconds);
        let age = newest.map(|newest| (now - newest.microseconds()).div_euclid(1_000_000));
        let told = json!({
            "entities": found.entities,
            "newest_row": newest.map(|newest| newest.to_string()),
            "age_seconds": age,
        });
        (found.table.to_string(), told)
    });
    Value::Object(tables.collect::<Map<_, _>>())
}

/// The same for Prometheus, which does the subtraction itself.
pub fn render(text: &mut String, view: &OnlineView) {
    let mut entities = Vec::new();
    let mut newest = Vec::new();
    for found in view.freshness() {
        // The name of a table holds nothing that would need escaping.
        let label = format!("{{table=\"{}\"}}", found.table);
        entities.push((label.clone(), found.entities as f64));
        if let Some(instant) = found.newest_row {
            newest.push((label, instant as f64 / 1e6));
        }
    }
    metric(
        text,
        "streamflow_table_entities",
        "gauge",
        "Entities with a row in the table.",
        &entities,
    );
    metric(
        text,
        "streamflow_table_newest_row_timestamp_seconds",
        "gauge",
        "The newest row of the table that counts for an entity, in seconds since 1970.",
        &newest,
    );
}
