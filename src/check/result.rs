//! What a check found.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::definition::{Check, ColumnName, Severity};
use crate::table::ReadFile;

use super::rule;

/// So many rows that break a rule are kept as examples.
const EXAMPLES: usize = 5;

/// What one check found in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    pub column: ColumnName,
    /// In words: `between 0 and 744`.
    pub rule: String,
    pub severity: Severity,
    /// The share of the checked rows that must keep the rule.
    pub mostly: f64,
    /// Rows with a value; all rows for `not_null`.
    pub checked: usize,
    /// How many of them break the rule.
    pub failed: usize,
    pub passed: bool,
    /// The first rows that break the rule.
    pub examples: Vec<Example>,
    /// All rows that break the rule, counted from 0 in the file as it was read, ascending.
    #[serde(skip)]
    pub rows: Vec<u32>,
}

/// A row that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The line in a CSV file, the number of the row in a Parquet file, counted from 1.
    pub line: u32,
    /// The value, as messages show it.
    pub value: String,
}

/// Runs each check over the whole file. A check on a column the file does not have, which only a
/// definition of another time could hold, finds nothing.
pub fn run(checks: &[Check], file: &ReadFile) -> Vec<CheckResult> {
    checks
        .par_iter()
        .map(|check| run_one(check, file))
        .collect()
}

fn run_one(check: &Check, file: &ReadFile) -> CheckResult {
    let values = file.frame.column(check.column.as_str());
    let rows = values.map_or_else(Vec::new, |values| rule::broken_rows(&check.rule, values));
    let checked = values.map_or(0, |values| rule::rows_concerned(&check.rule, values));
    let examples = values.into_iter().flat_map(|values| {
        rows.iter().take(EXAMPLES).map(|row| Example {
            line: file.places.line(*row as usize),
            value: values.cell(*row as usize).to_string(),
        })
    });
    CheckResult {
        column: check.column.clone(),
        rule: rule::words(&check.rule),
        severity: check.severity,
        mostly: check.mostly,
        checked,
        failed: rows.len(),
        passed: passes(checked, rows.len(), check.mostly),
        examples: examples.collect(),
        rows,
    }
}

fn passes(checked: usize, failed: usize, mostly: f64) -> bool {
    // A quotient is rounded to the float nearest to it, as is a share written in TOML: 99 of 100
    // pass 0.99.
    checked == 0 || (checked - failed) as f64 / checked as f64 >= mostly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met_exactly() {
        assert!(passes(100, 1, 0.99));
        assert!(!passes(100, 2, 0.99));
        assert!(passes(0, 0, 1.0));
        assert!(passes(3, 3, 0.0));
        for checked in 1..2000 {
            let share: f64 = format!("{}", (checked - 1) as f64 / checked as f64)
                .parse()
                .unwrap();
            assert!(passes(checked, 1, share));
        }
    }
}
