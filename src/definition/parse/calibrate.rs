//! `[calibrate]`.

use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{Calibrate, CalibrationMethod, Task, ThresholdRule};

/// What an experiment has beside it.
pub(super) struct Beside<'a> {
    pub task: Option<Task>,
    /// Whether there are folds.
    pub folds: bool,
    /// `evaluate.threshold`, where it is written.
    pub threshold: Option<&'a Item<'a>>,
}

pub(super) fn read(section: &Section<'_>, beside: &Beside<'_>) -> Option<Calibrate> {
    let method = section.optional("method").and_then(|item| {
        if beside.task == Some(Task::Regression) {
            let label = "a number is no probability";
            item.refuse("numbers are not calibrated", label);
            return None;
        }
        item.word(CalibrationMethod::WORDS)
    });
    let item = section.optional("threshold");
    let threshold = item.as_ref().and_then(|item| threshold(item, beside));
    let says_nothing = !section.has("method") && !section.has("threshold");
    section.finish();
    if says_nothing {
        section.refuse(
            "`[calibrate]` says nothing",
            "expected `method`, `threshold` or both",
        );
    } else if !beside.folds {
        section.refuse(
            "`[calibrate]` learns from scores of rows that were held out",
            "expected a section `[cross_validation]` beside it",
        );
    }
    (method.is_some() || threshold.is_some()).then_some(Calibrate { method, threshold })
}

fn threshold(item: &Item<'_>, beside: &Beside<'_>) -> Option<ThresholdRule> {
    if let Some(task @ (Task::Multiclass | Task::Regression)) = beside.task {
        let label = format!("`task = \"{}\"` decides without one", task.as_str());
        item.refuse("`threshold` has no meaning here", label);
        return None;
    }
    if let Some(fixed) = beside.threshold {
        let label = "a rule stands under [calibrate]: remove one of the two";
        fixed.refuse("the threshold is said twice", label);
    }
    if !item.is_table() {
        return match item.as_text() {
            Some(ThresholdRule::F1_WORD) => Some(ThresholdRule::F1),
            _ => {
                item.refuse_value(EXPECTED);
                None
            }
        };
    }
    let section = item.section()?;
    let number = |key| section.optional(key).map(|item| item.float());
    let found = [
        ("false_negative", number("false_negative")),
        ("false_positive", number("false_positive")),
        ("precision", number("precision")),
        ("recall", number("recall")),
    ];
    section.finish();
    let written = found
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    // A value of another type was refused where it stands.
    let values: Option<Vec<(&str, f64)>> =
        written.map(|(name, value)| Some((name, value?))).collect();
    let values = values?;
    let rule = ThresholdRule::of(&values);
    if rule.is_none() {
        item.refuse("invalid rule for the threshold", EXPECTED);
    }
    rule
}

const EXPECTED: &str = "expected \"f1\", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: \
                        { false_positive = 1, false_negative = 5 }";
