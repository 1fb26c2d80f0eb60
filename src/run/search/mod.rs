//! Searches: candidates that differ in some declared values, each a run like any other, and the best of
//! them by a metric of their folds. What is here says who takes part; `trial` executes them.
//!
//! What an experiment with a `[search]` is, is the run that the search chose. Its lock names the search
//! and what it chose; while the search compares the same runs, nothing is searched again, and
//! `--locked` proves the chosen run alone.

mod contest;
mod draw;
mod locked;
mod record;
mod round;

pub use contest::Contest;
pub use draw::Values;
pub use locked::{
    choice_of, choice_under_lock, chosen_spec, locked_differences, refuse_other_search,
    search_differences,
};
pub use record::{SearchRecord, last_search, note_search};
pub use round::{Tried, goes_before, ranked, rounds, values_in};

/// `model.trees = 300, model.max_depth = 8`
pub fn words_of(values: &Values) -> String {
    let words = values
        .iter()
        .map(|(path, value)| format!("{path} = {value}"));
    words.collect::<Vec<_>>().join(", ")
}
