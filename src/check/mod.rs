//! Rules over an incoming file.
//!
//! A check is one rule. It is run over the file as it was read, before anything is set aside: all
//! checks see the same rows. Rules are of two sorts. One sort is kept or broken by each row:
//!
//! - the rows *looked at* are those for which `where` is true and no column that is looked at is
//!   null (for `not_null` those for which `where` is true);
//! - the check *passes* when the share of them that keep the rule is at least its `mostly`; with no
//!   such rows it passes. With thresholds it passes when neither is reached;
//! - null keeps every rule but `not_null`; `unique` is broken by each row of a value that repeats;
//! - a `quarantine` check that does not pass takes away every row that breaks its rule, and one
//!   that passes takes away nothing: what `mostly` lets through, it lets through whole;
//! - a `fail` check that does not pass refuses the file.
//!
//! The other sort holds or does not: a statistic of a column, a property of the whole file. A
//! statistic of no values lies between no bounds.
//!
//! Rows in = clean rows + quarantined rows, each quarantined row with the rules it broke.
//!
//! `run` decides what a check found; `rows` and `whole` have one function for each rule of the two
//! sorts, on typed columns, in blocks of rows on several threads. What is found does not depend on
//! their number: rows are counted, sums are exact, values are selected.

mod against;
mod checked;
mod distinct;
mod lane;
mod quarantine;
mod refusal;
mod result;
mod rows;
mod statistic;
mod suggest;
mod sum;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod view;
mod whole;
mod words;

pub use against::{Against, OtherTable};
pub use checked::{Checked, Quarantined, check};
pub use refusal::refusal;
pub use result::{CheckResult, Example, run};
pub use suggest::{Suggestion, suggest};
