//! What a check found.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::view::View;
use super::words::words;
use super::{Against, rows, whole};
use crate::definition::{Check, ColumnName, Rule, Severity, Threshold, Value};
use crate::table::{Frame, Places, ReadFile};

/// So many rows that break a rule are kept as examples.
const EXAMPLES: usize = 20;

/// What one check found in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The one column it looks at.
    pub column: Option<ColumnName>,
    /// The columns it looks at where they are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnName>,
    /// In words: `between 0 and 744`.
    pub rule: String,
    /// What happens when it does not pass; where thresholds decide, what did happen.
    pub severity: Severity,
    /// The share of the checked rows that must keep the rule.
    pub mostly: f64,
    /// Rows that were looked at: those that `where` lets through and that have a value, with or
    /// without one for `not_null`.
    pub checked: usize,
    /// How many of them break the rule; 0 for a rule that holds or does not.
    pub failed: usize,
    pub passed: bool,
    /// The first rows that break the rule.
    pub examples: Vec<Example>,
    /// What a rule that holds or does not has looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Value>,
    /// Rows that `where` lets through and that have no value to look at. None in results of
    /// versions that did not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<usize>,
    /// The block as it was declared, keys below others joined by dots. Empty in results of versions
    /// that did not keep it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub block: BTreeMap<String, Value>,
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

impl CheckResult {
    /// `hours`, `user_id, plan`, `rows` of a condition, or `the file`.
    pub fn subject(&self) -> String {
        match &self.column {
            Some(column) => column.to_string(),
            None if self.block.contains_key("sql") => "rows".to_string(),
            None if self.columns.is_empty() => "the file".to_string(),
            None => {
                let names: Vec<&str> = self.columns.iter().map(ColumnName::as_str).collect();
                names.join(", ")
            }
        }
    }

    /// Whether rows keep or break the rule; otherwise it holds or does not.
    pub fn is_by_row(&self) -> bool {
        self.observed.is_none() && (self.passed || self.failed > 0)
    }

    /// Whether rows that break it can be set aside: not where their order is what is broken.
    pub fn may_quarantine(&self) -> bool {
        let minds_order = ["increasing", "strictly_increasing"];
        !minds_order.iter().any(|key| self.block.contains_key(*key))
    }

    /// Whether it has no bounds that could be wider.
    pub fn is_about_file(&self) -> bool {
        let exact = ["row_count_equals", "column_set", "column_order"];
        exact.iter().any(|key| self.block.contains_key(*key))
    }

    /// What was observed, as messages show it.
    pub fn observed_words(&self) -> String {
        let observed = self.observed.as_ref();
        observed.map_or("nothing".to_string(), super::words::plain)
    }
}

/// Runs each check over the whole file. A check on a column the file does not have, which only a
/// definition of another time could hold, finds nothing.
pub fn run(checks: &[Check], file: &ReadFile, against: &Against) -> Vec<CheckResult> {
    let frame = file.frame.contiguous();
    let view = View {
        frame: &frame,
        places: &file.places,
        columns: &file.columns,
        against,
        mask: None,
    };
    let masks = masks(checks, &view);
    let one = |check: &Check| {
        let filter = check.filter.as_ref();
        let mask = filter.and_then(|filter| masks.get(filter.as_str()));
        let view = View {
            mask: mask.map(Vec::as_slice),
            ..view
        };
        run_one(check, &view)
    };
    checks.par_iter().map(one).collect()
}

/// The rows that each `where` lets through; checks with the same one share it.
fn masks<'a>(checks: &'a [Check], view: &View<'_>) -> BTreeMap<&'a str, Vec<bool>> {
    let mut masks = BTreeMap::new();
    for filter in checks.iter().filter_map(|check| check.filter.as_ref()) {
        masks
            .entry(filter.as_str())
            .or_insert_with(|| rows::mask(filter, view.frame, view));
    }
    masks
}

fn run_one(check: &Check, view: &View<'_>) -> CheckResult {
    let mut result = CheckResult {
        column: check.column().cloned(),
        columns: match check.columns.as_slice() {
            [_] => Vec::new(),
            columns => columns.to_vec(),
        },
        rule: words(check),
        severity: check.severity,
        mostly: check.mostly,
        checked: 0,
        failed: 0,
        passed: true,
        examples: Vec::new(),
        observed: None,
        missing: None,
        block: check.block().into_iter().collect(),
        rows: Vec::new(),
    };
    if let Some(found) = rows::judge(check, view) {
        let checked = view.elements() - found.missing;
        let outcome = outcome(check, checked, found.broken.len());
        result.severity = outcome.unwrap_or(check.severity);
        result.passed = outcome.is_none();
        result.checked = checked;
        result.failed = found.broken.len();
        result.missing = Some(found.missing);
        result.examples = examples(check, &found.broken, view);
        result.rows = found.broken;
    } else if let Some(found) = whole::judge(check, view) {
        result.checked = view.elements() - found.missing;
        result.missing = Some(found.missing);
        result.passed = found.holds;
        result.observed = found.observed;
    }
    result
}

fn examples(check: &Check, broken: &[u32], view: &View<'_>) -> Vec<Example> {
    let rows = broken.iter().take(EXAMPLES);
    let example = |row: &u32| Example {
        line: view.places.line(*row as usize),
        value: shown(check, *row as usize, view.frame),
    };
    rows.map(example).collect()
}

/// What a row has in the columns that its rule looks at.
fn shown(check: &Check, row: usize, frame: &Frame) -> String {
    let cell = |name: &ColumnName| {
        let values = frame.column(name.as_str());
        values.map_or("null".to_string(), |values| values.cell(row).to_string())
    };
    let named = |names: &[ColumnName]| {
        let named = names.iter().map(|name| format!("{name} {}", cell(name)));
        named.collect::<Vec<_>>().join(", ")
    };
    match (&check.rule, check.columns.as_slice()) {
        (Rule::GreaterThan(other) | Rule::AtLeast(other), [column]) => {
            format!("{} beside {other} {}", cell(column), cell(other))
        }
        (Rule::RowSum(_), columns) => {
            let values = columns.iter().map(|name| frame.column(name.as_str()));
            let values = values.collect::<Option<Vec<_>>>();
            let sum = values.and_then(|values| rows::row_sum(&values, row));
            sum.map_or("null".to_string(), |sum| sum.to_string())
        }
        (Rule::Sql(condition), []) => named(condition.columns()),
        (_, [column]) => cell(column),
        (_, columns) => named(columns),
    }
}

/// What happens to a file of whose `checked` rows `failed` break the rule; none when it passes.
fn outcome(check: &Check, checked: usize, failed: usize) -> Option<Severity> {
    let reached = |threshold: Option<Threshold>| match threshold {
        None => false,
        Some(Threshold::Count(count)) => failed as u64 >= count,
        Some(Threshold::Share(share)) => failed > 0 && failed as f64 / checked as f64 >= share,
    };
    if !check.has_thresholds() {
        return (!passes(checked, failed, check.mostly)).then_some(check.severity);
    }
    if reached(check.fail) {
        return Some(Severity::Fail);
    }
    if check.severity == Severity::Quarantine {
        return (failed > 0).then_some(Severity::Quarantine);
    }
    reached(check.warn).then_some(Severity::Warn)
}

fn passes(checked: usize, failed: usize, mostly: f64) -> bool {
    // A quotient is rounded to the float nearest to it, as is a share written in TOML: 99 of 100
    // pass 0.99.
    checked == 0 || (checked - failed) as f64 / checked as f64 >= mostly
}

/// Where the rows of a file stand, beside them.
pub(super) fn lines(places: &Places, rows: &[u32]) -> Vec<Option<i64>> {
    let line = |row: &u32| Some(i64::from(places.line(*row as usize)));
    rows.iter().map(line).collect()
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
