//! Answers to questions that are asked of a run: tables with bars, and what `show` adds to its
//! document.

mod importances;

use super::style::{WIDTH, bold};
use crate::hash::Digest;
use crate::run::KnownRun;

pub use importances::{importances_document, importances_text};

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
