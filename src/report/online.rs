//! Materialized values and one entity's.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::style::{Table, bold, count, dim, green, plural, seconds, yellow};
use crate::definition::{AsOf, FeatureName};
use crate::feature::Status;
use crate::hash::Digest;
use crate::online::{Key, Materialized, MaterializedTable, ValueAt};

/// The document of `materialize`.
pub fn materialized_document(done: &Materialized, duration: f64) -> Value {
    let made = &done.materialization;
    let tables: Vec<Value> = made
        .tables
        .iter()
        .map(|(name, sheet)| {
            let told = done.tables.get(name);
            json!({
                "table": name,
                "rows": sheet.rows,
                "features": sheet.features.len(),
                "computed": told.map(|told| told.computed),
                "confirmed": told.map(|told| told.confirmed),
                "kept": told.map(|told| told.kept),
                "newest_row": told.and_then(|told| told.newest_row).map(|row| row.to_string()),
            })
        })
        .collect();
    json!({
        "as_of": made.as_of,
        "materialization": made.id,
        "new": done.new,
        "features": done.features,
        "entities": done.entities,
        "tables": tables,
        "notices": done.notices,
        "seconds": duration,
    })
}

/// One table a line, then what the sum is.
pub fn materialized_text(done: &Materialized, duration: f64) -> String {
    let made = &done.materialization;
    let mut table = Table::default();
    for (name, sheet) in &made.tables {
        table
            .row()
            .left(name.as_str())
            .right(plural(sheet.features.len() as u64, "feature"))
            .right(count(sheet.rows))
            .left(done.tables.get(name).map_or(String::new(), newest_row))
            .left(done.tables.get(name).map_or(String::new(), how))
            .left(dim(sheet.object.short()));
    }
    let mut text = table.render(2);
    for notice in &done.notices {
        text.push_str(&format!("  {} {notice}\n", yellow("notice")));
    }
    let what = match done.new {
        true => green(format!("Materialized {}", made.as_of)),
        false => format!("{} is what serves already", bold(made.as_of)),
    };
    text.push_str(&format!(
        "{what}: {}, {} in all, in {}.   {}\n",
        entities(done.entities),
        plural(done.features, "feature"),
        seconds(duration),
        dim(made.id.short()),
    ));
    text
}

fn newest_row(told: &MaterializedTable) -> String {
    match told.newest_row {
        Some(instant) => format!("to {:.10}", instant.to_string()),
        None => dim("no rows"),
    }
}

/// What was done for a table.
fn how(told: &MaterializedTable) -> String {
    match (told.computed, told.kept) {
        (0, _) => dim("as before"),
        (computed, 0) if computed == told.confirmed => green("computed, the same"),
        (_, 0) => "computed".to_string(),
        (computed, _) => format!("{computed} computed"),
    }
}

fn entities(value: u64) -> String {
    match value {
        1 => "1 entity".to_string(),
        _ => format!("{} entities", count(value)),
    }
}

/// The values of one entity.
#[derive(Debug)]
pub struct EntityView<'a> {
    pub key: &'a Key,
    pub as_of: AsOf,
    /// In order of the names.
    pub values: &'a [(&'a FeatureName, ValueAt<'a>)],
}

#[derive(Serialize)]
struct FeaturesDocument<'a> {
    entity: &'a Key,
    as_of: AsOf,
    features: BTreeMap<String, crate::table::Cell<'a>>,
    status: BTreeMap<String, Status>,
}

/// `{"entity","as_of","features","status"}`, contract §3.
pub fn features_document(view: &EntityView) -> Value {
    let values = || view.values.iter();
    let document = FeaturesDocument {
        entity: view.key,
        as_of: view.as_of,
        features: values()
            .map(|(name, value)| (name.to_string(), value.cell))
            .collect(),
        status: values()
            .map(|(name, value)| (name.to_string(), value.status))
            .collect(),
    };
    serde_json::to_value(document).unwrap_or(Value::Null)
}

/// One feature a line; why a value is not there beside it.
pub fn features_text(view: &EntityView) -> String {
    let mut table = Table::default();
    for (name, value) in view.values {
        let why = match value.status {
            Status::Present => String::new(),
            Status::Null => dim("null in its row"),
            Status::Expired => yellow("expired"),
            Status::NotFound => dim("no row in this table"),
            Status::Request => dim("needs a request"),
        };
        let shown = match value.status {
            Status::Present => value.cell.to_string(),
            _ => dim("null"),
        };
        table.row().left(name.to_string()).right(shown).left(why);
    }
    format!(
        "{}   at {}\n{}",
        bold(view.key),
        view.as_of,
        table.render(2)
    )
}
