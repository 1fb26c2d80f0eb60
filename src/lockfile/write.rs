//! A lock as text: sorted, one fact a line.

use std::fmt::Write;

use super::model::{Lock, LockVersion, LockedData, LockedResults, LockedSearch};
use crate::definition::{Value, ValuePath, toml_key};

const HEADER: &str = "# Written by streamflow; review it, commit it, do not edit it.\n\
                      # `streamflow run --locked` proves every line again.\n";

/// The text of a lock: the same bytes for the same lock.
pub fn render_lock(lock: &Lock) -> String {
    let mut text = String::from(HEADER);
    line(
        &mut text,
        "version",
        &Value::Integer(i64::from(LockVersion::CURRENT.0)),
    );
    line(&mut text, "experiment", &string(&lock.experiment));
    line(&mut text, "run", &string(&lock.run));

    section(&mut text, "[declared]");
    values(&mut text, lock.declared.iter());
    section(&mut text, "[operations]");
    for (name, version) in &lock.operations.0 {
        line(&mut text, name, &Value::Integer(i64::from(*version)));
    }
    if let Some(search) = &lock.search {
        render_search(&mut text, search);
    }
    for data in &lock.data {
        render_data(&mut text, data);
    }
    section(&mut text, "[code]");
    line(&mut text, "commit", &string(&lock.code.commit));
    section(&mut text, "[code.files]");
    for (path, hash) in &lock.code.files {
        line(&mut text, path, &string(hash));
    }
    section(&mut text, "[environment]");
    for (name, fact) in lock.environment.facts() {
        line(&mut text, name, &string(&fact));
    }
    line(&mut text, "hash", &string(&lock.environment.hash()));
    if let Some(results) = &lock.results {
        render_results(&mut text, results);
    }
    text
}

fn render_search(text: &mut String, search: &LockedSearch) {
    section(text, "[search]");
    line(text, "id", &string(&search.id));
    section(text, "[search.chosen]");
    values(text, search.chosen.iter());
    section(text, "[search.declared]");
    values(text, search.declared.iter());
}

fn values<'a>(text: &mut String, values: impl Iterator<Item = (&'a ValuePath, &'a Value)>) {
    for (path, value) in values {
        let keys: Vec<String> = path.segments().map(toml_key).collect();
        dotted(text, &keys.join("."), value);
    }
}

fn render_data(text: &mut String, data: &LockedData) {
    section(text, "[[data]]");
    line(text, "table", &string(&data.table));
    line(text, "as_of", &string(&data.as_of));
    line(text, "rows", &count(data.rows));
    line(text, "hash", &string(&data.hash));
    for source in &data.sources {
        section(text, "[[data.source]]");
        line(text, "date", &string(&source.date));
        line(text, "path", &string(&source.path));
        line(text, "rows", &count(source.rows));
        line(text, "hash", &string(&source.hash));
    }
}

fn render_results(text: &mut String, results: &LockedResults) {
    section(text, "[outputs]");
    let mut outputs = results.outputs.named();
    outputs.sort();
    for (name, hash) in outputs {
        line(text, name, &Value::Text(hash));
    }
    section(text, "[metrics]");
    for (name, value) in &results.metrics {
        line(text, name, &Value::Float(*value));
    }
}

fn section(text: &mut String, header: &str) {
    text.push('\n');
    text.push_str(header);
    text.push('\n');
}

fn line(text: &mut String, name: &str, value: &Value) {
    dotted(text, &toml_key(name), value);
}

fn dotted(text: &mut String, keys: &str, value: &Value) {
    writeln!(text, "{keys} = {value}").expect("writing to a string does not fail");
}

fn string(value: &impl ToString) -> Value {
    Value::Text(value.to_string())
}

fn count(rows: u64) -> Value {
    Value::Integer(i64::try_from(rows).unwrap_or(i64::MAX))
}
