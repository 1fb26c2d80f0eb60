//! What a block says beside its rule: `where`, `mostly`, `severity`, `warn`, `fail`.

use super::super::column::Columns;
use super::SEVERITIES;
use crate::definition::expression::ExpressionError;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::suggestion;
use crate::definition::{Check, ColumnName, Dtype, Expression, Rule, Severity, Threshold};

#[derive(Clone)]
pub struct Options {
    filter: Option<Expression>,
    mostly: Option<f64>,
    severity: Option<Severity>,
    warn: Option<Threshold>,
    fail: Option<Threshold>,
}

pub fn read(block: &Section<'_>, columns: &Columns<'_>) -> Options {
    let threshold = |key| block.optional(key).and_then(|item| threshold(&item));
    Options {
        filter: block
            .optional("where")
            .and_then(|item| condition(&item, columns)),
        mostly: block.optional("mostly").and_then(|item| share(&item)),
        severity: block
            .optional("severity")
            .and_then(|item| item.word(SEVERITIES)),
        warn: threshold("warn"),
        fail: threshold("fail"),
    }
}

/// A SQL expression that is true or false.
pub fn condition(item: &Item<'_>, columns: &Columns<'_>) -> Option<Expression> {
    let text = item.text()?;
    let refuse = |error: ExpressionError| {
        item.refuse_part(&error.range, error.message, error.label);
    };
    let parsed = Expression::parse(text, &columns.dtypes()?)
        .map_err(refuse)
        .ok()?;
    let is_condition = parsed.dtype() == Dtype::Bool;
    if !is_condition {
        let dtype = parsed.dtype().as_str();
        item.refuse_value(format!(
            "it gives a value of dtype {dtype}; a condition is true or false"
        ));
    }
    is_condition.then_some(parsed)
}

/// A number above 0 and at most 1.
fn share(item: &Item<'_>) -> Option<f64> {
    let share = item.float()?;
    let is_share = share > 0.0 && share <= 1.0;
    if !is_share {
        item.refuse_value("a share of rows, above 0 and at most 1");
    }
    is_share.then_some(share)
}

/// `{ count = 10 }` or `{ share = 0.01 }`.
fn threshold(item: &Item<'_>) -> Option<Threshold> {
    if !item.is_table() {
        return item.wrong_type("{ count = … } or { share = … }");
    }
    let section = item.section()?;
    let (count, part) = (section.optional("count"), section.optional("share"));
    section.finish_as(|key, known| suggestion(key, known.iter().copied(), "a threshold takes"));
    match (count, part) {
        (Some(item), None) => {
            let count = item.integer()?;
            let positive = u64::try_from(count).ok().filter(|count| *count > 0);
            if positive.is_none() {
                item.refuse_value("a number of rows, 1 or more");
            }
            positive.map(Threshold::Count)
        }
        (None, Some(item)) => share(&item).map(Threshold::Share),
        _ => {
            item.refuse_value("expected either `count` or `share`");
            None
        }
    }
}

impl Options {
    /// Reports what does not go with the rule, or with one another.
    pub fn hold_against(&self, block: &Section<'_>, rule: &Rule) {
        let key = rule.key();
        if !rule.is_by_row() {
            for option in ["mostly", "warn", "fail"] {
                if block.has(option) {
                    let message = format!("`{option}` with `{key}`");
                    let label = format!("`{key}` holds or not: no share of rows keeps it");
                    block.refuse_key(option, message, label);
                }
            }
            if self.severity == Some(Severity::Quarantine) {
                let message = format!("`{key}` has no rows to quarantine");
                let label = "it holds or not: `severity` is \"warn\" or \"fail\"";
                block.refuse_key("severity", message, label);
            }
            self.hold_filter(block, rule);
            return;
        }
        if rule.minds_order() && self.severity == Some(Severity::Quarantine) {
            let message = format!("`{key}` has no rows to quarantine");
            let label = "without them others would follow one another: \"warn\" or \"fail\"";
            block.refuse_key("severity", message, label);
        }
        self.hold_thresholds(block);
    }

    fn hold_filter(&self, block: &Section<'_>, rule: &Rule) {
        let whole = matches!(
            rule,
            Rule::ColumnSet(_) | Rule::ColumnOrder(_) | Rule::RowCountEquals(_)
        );
        if whole && block.has("where") {
            let message = format!("`where` with `{}`", rule.key());
            block.refuse_key("where", message, "it looks at the file as a whole");
        }
    }

    fn hold_thresholds(&self, block: &Section<'_>) {
        let has = |key| block.has(key);
        if !has("warn") && !has("fail") {
            return;
        }
        if has("mostly") {
            let label = "`warn` and `fail` say how many rows may break: keep one way";
            block.refuse_key("mostly", "`mostly` beside a threshold", label);
        }
        match self.severity {
            Some(Severity::Quarantine) if has("warn") => {
                let label = "quarantined rows are always shown: keep `fail` alone";
                block.refuse_key("warn", "`warn` with severity quarantine", label);
            }
            Some(Severity::Warn | Severity::Fail) => {
                let label = "thresholds say what happens; only \"quarantine\" goes with `fail`";
                block.refuse_key("severity", "`severity` beside a threshold", label);
            }
            _ => {}
        }
        let is_hidden = match (self.warn, self.fail) {
            (Some(Threshold::Count(warn)), Some(Threshold::Count(fail))) => warn >= fail,
            (Some(Threshold::Share(warn)), Some(Threshold::Share(fail))) => warn >= fail,
            _ => false,
        };
        if is_hidden {
            let label = "`fail` is reached first: `warn` has to be less";
            block.refuse_key("warn", "`warn` is never reached", label);
        }
    }

    pub fn into_check(self, columns: Vec<ColumnName>, rule: Rule) -> Check {
        let by_threshold = match (self.warn, self.fail) {
            (Some(_), None) => Severity::Warn,
            _ => Severity::Fail,
        };
        Check {
            columns,
            rule,
            filter: self.filter,
            mostly: self.mostly.unwrap_or(1.0),
            severity: self.severity.unwrap_or(by_threshold),
            warn: self.warn,
            fail: self.fail,
        }
    }
}
