//! Answers to questions that are asked of a run: tables with bars, and what `show` adds to its
//! document.

mod dependence;
mod importances;
mod segments;
mod values;

use serde_json::Value;

use super::style::{WIDTH, bold};
use crate::hash::Digest;
use crate::run::KnownRun;

pub use dependence::{dependence_document, dependence_text};
pub use importances::{importances_document, importances_text};
pub use segments::{segments_document, segments_text};

/// The longest bar, in characters; without so many a bar says nothing.
const LONGEST: usize = 24;
const SHORTEST: usize = 4;

/// The first line of an answer.
fn headline(known: &KnownRun, what: &str) -> String {
    let name = bold(&known.experiment);
    format!("{name}   run {}   {what}\n", known.run.short())
}

/// How long bars may be behind columns that take `used` characters; 0 where no room is left.
fn room_for_bars(used: usize) -> usize {
    match WIDTH.saturating_sub(used).min(LONGEST) {
        room if room < SHORTEST => 0,
        room => room,
    }
}

/// One object with the fields of several.
fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let objects = parts.into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(objects.flatten().collect())
}
