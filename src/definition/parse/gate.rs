//! `[promote]`: the gates of each stage, and how many people must approve.
//!
//! ```text
//! gate   = "reproduced" | "clean" | "no_leakage" | "drift" ("<" | "<=") NUMBER
//!        | ("shadow_agreement" | "shadow_compared") (">" | ">=") NUMBER
//!        | METRIC (">=" | ">" | "<=" | "<") bound
//! bound  = NUMBER | STAGE "." METRIC [("+" | "-") NUMBER]
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::suggestion;
use crate::definition::{
    Bound, Comparison, CrossValidation, Gate, METRICS, ShadowMeasure, Stage, Task,
};

/// The longer sign stands before the one it begins with.
const COMPARISONS: [(&str, Comparison); 4] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::MoreThan),
    ("<", Comparison::LessThan),
];

/// Gates that are no metrics.
const GATES: [&str; 6] = [
    "reproduced",
    "clean",
    "no_leakage",
    "drift",
    "shadow_agreement",
    "shadow_compared",
];

/// What `[promote]` says.
pub(super) struct Promote {
    pub gates: BTreeMap<Stage, Vec<Gate>>,
    pub approvals: u32,
}

/// `folds`: whether the experiment has means over folds.
pub(super) fn read(section: &Section<'_>, task: Option<Task>, folds: bool) -> Promote {
    // Of a label that is in error any metric may be meant.
    let of_task = |name: &str| task.is_none_or(|task| task.metrics().contains(&name));
    let is_there = |name: &&str| match CrossValidation::metric_of(name) {
        Some(metric) => folds && of_task(metric),
        None => of_task(name),
    };
    let metrics: Vec<&'static str> = METRICS.into_iter().filter(is_there).collect();
    let mut gates = BTreeMap::new();
    for stage in Stage::ALL {
        if let Some(items) = section
            .optional(stage.as_str())
            .and_then(|item| item.texts())
        {
            let stage_gates = items
                .iter()
                .filter_map(|(text, item)| gate(text, item, &metrics));
            gates.insert(stage, stage_gates.collect());
        }
    }
    let approvals = section
        .optional("approvals")
        .and_then(|item| approvals(&item));
    section.finish();
    Promote {
        gates,
        approvals: approvals.unwrap_or(0),
    }
}

/// The most people that can be asked for.
const MOST_APPROVALS: i64 = 100;

fn approvals(item: &Item<'_>) -> Option<u32> {
    let count = item.integer()?;
    match u32::try_from(count) {
        Ok(count) if i64::from(count) <= MOST_APPROVALS => Some(count),
        _ => {
            item.refuse_value("expected how many people, from 0 to 100");
            None
        }
    }
}

fn gate(text: &str, item: &Item<'_>, metrics: &[&'static str]) -> Option<Gate> {
    let refuse = |trouble: Trouble| {
        item.refuse_part(&trouble.range, trouble.message, trouble.label);
    };
    parse(text, metrics).map_err(refuse).ok()
}

/// Why a text is no gate, and which bytes of it.
#[derive(Debug)]
struct Trouble {
    message: String,
    label: String,
    range: Range<usize>,
}

fn parse(text: &str, metrics: &[&'static str]) -> Result<Gate, Trouble> {
    match text.trim() {
        "reproduced" => return Ok(Gate::Reproduced),
        "clean" => return Ok(Gate::Clean),
        "no_leakage" => return Ok(Gate::NoLeakage),
        _ => {}
    }
    let mut scanner = Scanner {
        text,
        metrics,
        at: 0,
    };
    if scanner.word() == "drift" {
        return scanner.drift();
    }
    let word = scanner.word();
    let mut measures = ShadowMeasure::WORDS.into_iter();
    if let Some((name, what)) = measures.find(|(name, _)| *name == word) {
        return scanner.shadow(name, what);
    }
    let metric = scanner.metric("unknown gate", &GATES)?;
    let comparison = scanner.comparison()?;
    let bound = scanner.bound()?;
    Ok(Gate::Metric {
        metric,
        comparison,
        bound,
        text: text.trim().to_string(),
    })
}

struct Scanner<'t> {
    text: &'t str,
    /// Those that the experiment's runs have.
    metrics: &'t [&'static str],
    /// Bytes of the text that are done.
    at: usize,
}

impl<'t> Scanner<'t> {
    /// What is left, without leading blanks.
    fn rest(&mut self) -> &'t str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn trouble<T>(&self, length: usize, message: String, label: String) -> Result<T, Trouble> {
        Err(Trouble {
            message,
            label,
            range: self.at..self.at + length,
        })
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        &rest[..end]
    }

    /// The name of a metric; `others` could stand in its place.
    fn metric(&mut self, otherwise: &str, others: &[&'static str]) -> Result<String, Trouble> {
        let word = self.word();
        if self.metrics.contains(&word) {
            self.at += word.len();
            return Ok(word.to_string());
        }
        // Means over folds are named to those alone who mean one.
        let of_folds = CrossValidation::metric_of(word).is_some();
        let is_near = |name: &&&str| CrossValidation::metric_of(name).is_some() == of_folds;
        let known = self.metrics.iter().filter(is_near).chain(others).copied();
        let label = match CrossValidation::metric_of(word) {
            Some(metric) if self.metrics.contains(&metric) => {
                "means over folds come with a section `[cross_validation]`".to_string()
            }
            _ => suggestion(word, known, "expected one of"),
        };
        let named = if word.is_empty() { self.text } else { word };
        self.trouble(word.len(), format!("{otherwise} `{named}`"), label)
    }

    /// `drift < NUMBER`.
    fn drift(&mut self) -> Result<Gate, Trouble> {
        let down = [Comparison::LessThan, Comparison::AtMost];
        let label = "less drift is better: expected `<` or `<=`";
        let (comparison, limit) = self.towards("drift", down, label)?;
        Ok(Gate::Drift {
            comparison,
            limit,
            text: self.text.trim().to_string(),
        })
    }

    /// `shadow_agreement >= NUMBER`.
    fn shadow(&mut self, name: &str, what: ShadowMeasure) -> Result<Gate, Trouble> {
        let up = [Comparison::MoreThan, Comparison::AtLeast];
        let label = "more is better: expected `>=` or `>`";
        let (comparison, limit) = self.towards(name, up, label)?;
        Ok(Gate::Shadow {
            what,
            comparison,
            limit,
            text: self.text.trim().to_string(),
        })
    }

    /// A comparison in one of two directions, and the number, behind a word.
    fn towards(
        &mut self,
        word: &str,
        directions: [Comparison; 2],
        label: &str,
    ) -> Result<(Comparison, f64), Trouble> {
        self.at += word.len();
        let length = self.rest().len();
        let comparison = self.comparison()?;
        if !directions.contains(&comparison) {
            self.at = self.text.len() - length;
            return self.trouble(1, self.invalid(), label.to_string());
        }
        Ok((comparison, self.number()?))
    }

    fn comparison(&mut self) -> Result<Comparison, Trouble> {
        let rest = self.rest();
        let found = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign));
        let Some((sign, comparison)) = found else {
            let label = "expected `>=`, `>`, `<=` or `<`".to_string();
            return self.trouble(rest.len(), format!("invalid gate `{}`", self.text), label);
        };
        self.at += sign.len();
        Ok(*comparison)
    }

    /// Everything after the comparison.
    fn bound(&mut self) -> Result<Bound, Trouble> {
        let is_number = |c: char| c.is_ascii_digit() || "+-.".contains(c);
        if self.rest().starts_with(is_number) {
            let number = self.number()?;
            return Ok(Bound {
                pinned: None,
                number,
            });
        }
        let stage = self.stage()?;
        let metric = self.metric("unknown metric", &[])?;
        let number = match self.rest() {
            "" => 0.0,
            rest => self.offset(rest)?,
        };
        Ok(Bound {
            pinned: Some((stage, metric)),
            number,
        })
    }

    /// `STAGE.`
    fn stage(&mut self) -> Result<Stage, Trouble> {
        let word = self.word();
        let dotted = self.text[self.at + word.len()..].starts_with('.');
        match word.parse() {
            Ok(stage) if dotted => {
                self.at += word.len() + 1;
                Ok(stage)
            }
            _ => {
                let label = "expected a number, or a stage's metric such as `production.auc`";
                let length = self.text.len() - self.at;
                let message = format!("invalid gate `{}`", self.text);
                self.trouble(length, message, label.to_string())
            }
        }
    }

    /// A sign and a number.
    fn offset(&mut self, rest: &str) -> Result<f64, Trouble> {
        let sign = match rest.as_bytes().first() {
            Some(b'+') => 1.0,
            Some(b'-') => -1.0,
            _ => return self.trouble(rest.len(), self.invalid(), "expected `+` or `-`".into()),
        };
        self.at += 1;
        if self.rest().starts_with(['+', '-']) {
            return self.trouble(1, self.invalid(), "one sign is enough".into());
        }
        Ok(sign * self.number()?)
    }

    /// The number that the rest of the text is.
    fn number(&mut self) -> Result<f64, Trouble> {
        let rest = self.rest().trim_end();
        match rest.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number + 0.0),
            _ => self.trouble(rest.len(), self.invalid(), "expected a number".into()),
        }
    }

    fn invalid(&self) -> String {
        format!("invalid gate `{}`", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str) -> Bound {
        match parse(text, Task::Binary.metrics()).unwrap() {
            Gate::Metric { bound, .. } => bound,
            _ => panic!("{text} names no metric"),
        }
    }

    #[test]
    fn blanks_do_not_matter() {
        let expected = Bound {
            pinned: Some((Stage::Production, "auc".into())),
            number: -0.01,
        };
        for text in [
            "auc>=production.auc-0.01",
            " auc  >= production.auc  -  0.01 ",
        ] {
            assert_eq!(bound(text), expected, "{text}");
        }
        assert_eq!(bound("log_loss<.5").number, 0.5);
        assert_eq!(bound("brier <= Staging.brier + 1e-3").number, 1e-3);
    }

    #[test]
    fn drift_is_held_below_a_number() {
        for (text, expected) in [
            ("drift < 0.3", Comparison::LessThan),
            (" drift<=0.3 ", Comparison::AtMost),
        ] {
            match parse(text, Task::Binary.metrics()).unwrap() {
                Gate::Drift {
                    comparison, limit, ..
                } => assert_eq!((comparison, limit), (expected, 0.3)),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_shadow_is_held_above_a_number() {
        for (text, expected) in [
            ("shadow_agreement >= 0.95", ShadowMeasure::Agreement),
            (" shadow_compared>1000", ShadowMeasure::Compared),
        ] {
            match parse(text, Task::Binary.metrics()).unwrap() {
                Gate::Shadow { what, .. } => assert_eq!(what, expected),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn each_sign_is_its_own_comparison() {
        let comparison = |text: &str| match parse(text, Task::Binary.metrics()).unwrap() {
            Gate::Metric { comparison, .. } => comparison,
            _ => panic!("{text} names no metric"),
        };
        assert_eq!(comparison("auc >= 1"), Comparison::AtLeast);
        assert_eq!(comparison("auc > 1"), Comparison::MoreThan);
        assert_eq!(comparison("auc <= 1"), Comparison::AtMost);
        assert_eq!(comparison("auc < 1"), Comparison::LessThan);
    }

    #[test]
    fn what_is_no_gate_is_refused() {
        for text in [
            "",
            "auc",
            "auc >=",
            "auc == 1",
            "auc = 1",
            "auc >= x",
            "auc >= 75%",
            "auc >= nan",
            "auc >= inf",
            "auc >= production",
            "auc >= production.",
            "auc >= production.lift",
            "auc >= production.auc 0.1",
            "auc >= production.auc - -0.1",
            "auc >= production.auc -",
            "auc >= 0.5 and f1 >= 0.5",
            "auc >= 0x1",
            "clean reproduced",
            "é",
            "AUC >= 0.5",
            "drift",
            "drift > 0.3",
            "drift >= 0.3",
            "drift < production.drift",
            "drift < production.auc",
            "drifts < 0.3",
            "no_leakage < 1",
            "shadow_agreement",
            "shadow_agreement < 0.95",
            "shadow_agreement >= production.auc",
            "shadow_compared <= 10",
            "shadow >= 0.95",
            "auc >= production.drift",
        ] {
            let trouble = parse(text, Task::Binary.metrics()).expect_err(text);
            assert!(
                text.get(trouble.range).is_some(),
                "{text}: bytes of the text"
            );
        }
    }
}
