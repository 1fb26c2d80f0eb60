//! What an export into a database wrote.

use serde_json::{Value, json};

use super::style::{Table, count, dim, green, plural, seconds, yellow};
use crate::publish::Published;

/// The document of `export --to postgres`.
pub fn published_document(done: &Published, duration: f64) -> Value {
    json!({
        "to": "postgres",
        "schema": done.schema,
        "as_of": done.as_of,
        "online_as_of": done.online,
        "tables": done.tables,
        "seconds": duration,
    })
}

/// One table a line, then what the sum is.
pub fn published_text(done: &Published, duration: f64) -> String {
    let mut table = Table::default();
    for written in &done.tables {
        let short: String = written.hash.chars().take(12).collect();
        table
            .row()
            .left(&written.name)
            .left(written.as_of.to_string())
            .right(format!("{} rows", count(written.rows as u64)))
            .left(dim(short));
    }
    let mut text = table.render(2);
    if done.online.is_none() {
        text.push_str(&format!(
            "  {} no online values: `streamflow materialize` computes them\n",
            yellow("notice")
        ));
    }
    text.push_str(&format!(
        "{} to PostgreSQL: {} and `metadata` in schema {}, in {}.\n",
        green(format!("Exported {}", done.as_of)),
        plural(done.tables.len() as u64, "table"),
        done.schema,
        seconds(duration)
    ));
    text
}
