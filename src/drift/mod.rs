//! Two samples of one column side by side: how far apart they are, and whether that counts.
//!
//! Pure functions of values. A [`Tally`] holds each distinct value once with its counts in both
//! samples; every statistic is a walk over it, so a column is sorted once. For each column stand
//!
//! 1. three numbers that are always the same ones: effect size, p-value and population stability
//!    index. Numbers: Kolmogorov and Smirnov's D and its test. Categories: total variation distance
//!    and Pearson's chi-square test of homogeneity;
//! 2. the score of Evidently, whose choice of test depends on the number of rows and of distinct
//!    values, as `evidently` describes;
//! 3. the share of missing values, which no test of values sees, by the same rule.
//!
//! A [`Rule`] makes a verdict of them. docs/drift.md has the formulas.
//!
//! | module | |
//! |---|---|
//! | `tally` | distinct values with counts |
//! | `distance` | what lies between two samples |
//! | `bins` | shares for the stability index, bars for people |
//! | `distribution/` | chi-square, Kolmogorov, Smirnov: chances on `crate::math` |
//! | `evidently` | its choice of test, its score |
//! | `column` | all of it for one column, and the verdict |

mod bins;
mod column;
mod distance;
mod distribution;
mod evidently;
mod tally;
#[cfg(test)]
mod tests;

pub use bins::Histogram;
pub use column::{
    Change, ColumnDrift, DEFAULT_SHARE, DEFAULT_THRESHOLD, Form, Method, Missing, Reason, Rule,
    SIGNIFICANCE, compare, shown,
};
pub use evidently::{Score, Test};
pub use tally::{Pair, Tallied, Tally};
