//! Rules over the rows of an incoming file.
//!
//! A check is one rule over one column. It is run over the file as it was read, before anything is
//! set aside: all checks see the same rows. Then
//!
//! - a check *passes* when the share of rows that keep the rule is at least its `mostly`, counted
//!   over the rows whose value is not null (over all rows for `not_null`); with no such rows it
//!   passes;
//! - null keeps every rule but `not_null`; `unique` is broken by each row of a value that repeats;
//! - a `quarantine` check that does not pass takes away every row that breaks its rule, and one
//!   that passes takes away nothing: what `mostly` lets through, it lets through whole;
//! - a `fail` check that does not pass refuses the file.
//!
//! Rows in = clean rows + quarantined rows, each quarantined row with the rules it broke.

mod checked;
mod refusal;
mod result;
mod rule;
#[cfg(test)]
mod tests;

pub use checked::{Checked, Quarantined, check};
pub use refusal::refusal;
pub use result::{CheckResult, Example, run};
