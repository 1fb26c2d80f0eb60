//! How a run does by the values of a feature.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::values::{segment_fields, segment_words};
use super::{headline, merged};
use crate::definition::METRICS;
use crate::report::run::interval;
use crate::report::runs::heading;
use crate::report::show::intervals_document;
use crate::report::style::{Table, count, dim, fixed, wrap};
use crate::run::{JudgedSegment, KnownRun, Segments};

/// What `show --by` adds to the document of `show`.
pub fn segments_document(found: &Segments) -> Value {
    let segment = |of: &JudgedSegment| {
        let mut fields = Map::new();
        if let Some(share) = of.positive {
            fields.insert("positive".to_string(), json!(share));
        }
        let judged = json!({
            "rows": of.rows,
            "metrics": of.metrics,
            "intervals": intervals_document(&of.intervals),
            "warnings": of.warnings,
        });
        let named = segment_fields(found.dtype, &of.values);
        merged([named, judged, Value::Object(fields)])
    };
    json!({
        "segmented_by": found.feature,
        "segments": found.segments.iter().map(segment).collect::<Vec<_>>(),
    })
}

/// The screen of `show --by`: the metric that says most with its interval, then the others.
pub fn segments_text(known: &KnownRun, label: &str, found: &Segments) -> String {
    let mut text = headline(known, &format!("by {}", found.feature)) + "\n";
    text.push_str(&main_table(label, found));
    text.push('\n');
    text.push_str(&others_table(found));
    for (warning, names) in warnings(found) {
        text.push('\n');
        text.push_str(&wrap("  ", &warning));
        text.push_str(&wrap("  in ", &names.join(", ")));
    }
    text
}

/// What is said of segments, each sentence once, with the segments it is said of.
fn warnings(found: &Segments) -> BTreeMap<String, Vec<String>> {
    let mut warnings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for of in &found.segments {
        for warning in &of.warnings {
            let names = warnings.entry(warning.clone()).or_default();
            names.push(segment_words(found.dtype, &of.values));
        }
    }
    warnings
}

fn main_table(label: &str, found: &Segments) -> String {
    let main = found.main_metric;
    let has_positive = found.segments.iter().any(|of| of.positive.is_some());
    let has_interval = found
        .segments
        .iter()
        .any(|of| of.intervals.contains_key(main));
    let mut table = Table::default();
    table.row().left("").right(dim("test rows"));
    if has_positive {
        table.right(dim(label));
    }
    table.right(dim(main));
    if has_interval {
        table.left(dim("95 of 100 draws"));
    }
    for of in &found.segments {
        table.row().left(segment_words(found.dtype, &of.values));
        table.right(count(of.rows));
        if has_positive {
            let share = of.positive.unwrap_or(0.0);
            table.right(format!("{:.1} %", 100.0 * share));
        }
        table.right(metric(of, main));
        if has_interval {
            table.left(interval(of.intervals.get(main)));
        }
    }
    table.render(2)
}

fn others_table(found: &Segments) -> String {
    let is_there = |name: &&str| {
        **name != *found.main_metric
            && found
                .segments
                .iter()
                .any(|of| of.metrics.contains_key(*name))
    };
    let names: Vec<&str> = METRICS.into_iter().filter(is_there).collect();
    let mut table = Table::default();
    table.row().left("");
    for name in &names {
        table.right(dim(heading(name)));
    }
    for of in &found.segments {
        table.row().left(segment_words(found.dtype, &of.values));
        for name in &names {
            table.right(metric(of, name));
        }
    }
    table.render(2)
}

fn metric(of: &JudgedSegment, name: &str) -> String {
    let found = of.metrics.get(name);
    found.map_or("–".to_string(), |value| fixed(*value))
}
