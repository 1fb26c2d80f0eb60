//! A spine with its features.

use std::path::Path;

use serde_json::{Value, json};

use super::style::{Table, count, dim, green, plural, seconds, wrap, yellow};
use crate::retrieval::{Retrieved, RetrievedFeature, TimeKind};
use crate::table::Cell;

/// The document of `features --spine`.
pub fn retrieved_document(found: &Retrieved, spine: &Path, output: &Path, duration: f64) -> Value {
    let features = found.features.iter().map(|feature| {
        json!({
            "name": feature.name,
            "dtype": feature.dtype,
            "definition": feature.definition,
            "present": feature.present,
            "null": feature.null,
            "expired": feature.expired,
            "not_found": feature.not_found,
        })
    });
    let times = &found.times;
    let (first, last) = match times.range() {
        Some((first, last)) => (Some(time(times.kind, first)), Some(time(times.kind, last))),
        None => (None, None),
    };
    let kind = match times.kind {
        TimeKind::Dates => "date",
        TimeKind::Instants => "timestamp",
    };
    json!({
        "spine": spine.display().to_string(),
        "path": output.display().to_string(),
        "rows": found.table.rows(),
        "time": { "column": times.column, "kind": kind, "first": first, "last": last },
        "features": features.collect::<Vec<_>>(),
        "notices": found.notices,
        "seconds": duration,
    })
}

const DAY: i64 = 86_400_000_000;

/// A date by its last instant, or an instant.
fn time(kind: TimeKind, instant: i64) -> String {
    let day = i32::try_from(instant.div_euclid(DAY));
    match (kind, day) {
        (TimeKind::Dates, Ok(day)) => Cell::Date(day).to_string(),
        _ => Cell::Datetime(instant).to_string(),
    }
}

/// One feature a line with the states of its values, then what was written.
pub fn retrieved_text(found: &Retrieved, output: &Path, duration: f64) -> String {
    let mut table = Table::default();
    let head = table.row().left(dim("feature"));
    for state in ["present", "null", "expired", "not found"] {
        head.right(dim(state));
    }
    for feature in &found.features {
        feature_row(&mut table, feature);
    }
    let mut text = table.render(2);
    for notice in &found.notices {
        text.push_str(&wrap(&format!("  {} ", yellow("notice")), notice));
    }
    let times = &found.times;
    let range = match times.range() {
        Some((first, last)) => {
            let [first, last] = [first, last].map(|instant| time(times.kind, instant));
            match first == last {
                true => format!(" at {first}"),
                false => format!(" from {first} to {last}"),
            }
        }
        None => String::new(),
    };
    let rows = plural(found.table.rows() as u64, "row");
    let features = plural(found.features.len() as u64, "feature");
    text.push_str(&wrap(
        &format!("{} ", green("Retrieved")),
        &format!("{features} for {rows}{range} in {}.", seconds(duration)),
    ));
    text.push_str(&format!("  written to {}\n", output.display()));
    text
}

/// What is lost stands out from the zeros.
fn feature_row(table: &mut Table, feature: &RetrievedFeature) {
    let RetrievedFeature {
        present,
        null,
        expired,
        not_found,
        ..
    } = feature;
    let row = table.row().left(feature.name.to_string());
    row.right(count(*present));
    for lost in [null, expired, not_found] {
        row.right(match lost {
            0 => dim("0"),
            lost => count(*lost),
        });
    }
}
