//! `[calibrate]`: what is learnt from the scores that the folds gave.

use super::experiment::words;
use super::{InvalidName, Value};

/// At least one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibrate {
    /// How scores become probabilities; none: they stay.
    pub method: Option<CalibrationMethod>,
    /// Of two classes; none: `evaluate.threshold` decides.
    pub threshold: Option<ThresholdRule>,
}

words! {
    /// How scores become probabilities that come true as often as they say.
    CalibrationMethod {
        /// A sigmoid of the score.
        Platt = "platt",
        /// Whatever never falls as the score rises.
        Isotonic = "isotonic",
    }
}

/// Between which scores the threshold lies. Of equally good places it is the highest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ThresholdRule {
    /// The largest F1.
    F1,
    /// The largest recall of those with this precision; above 0, at most 1.
    Precision(f64),
    /// The largest precision of those with this recall; above 0, at most 1.
    Recall(f64),
    /// The least cost of errors; both at least 0 and one of them above.
    Cost {
        false_positive: f64,
        false_negative: f64,
    },
}

impl ThresholdRule {
    pub const F1_WORD: &'static str = "f1";

    /// The rule as declared values, by the rest of their paths.
    pub fn values(self) -> Vec<(&'static str, Value)> {
        match self {
            Self::F1 => vec![("", Value::Text(Self::F1_WORD.to_string()))],
            Self::Precision(least) => vec![("precision", Value::Float(least))],
            Self::Recall(least) => vec![("recall", Value::Float(least))],
            Self::Cost {
                false_positive,
                false_negative,
            } => vec![
                ("false_negative", Value::Float(false_negative)),
                ("false_positive", Value::Float(false_positive)),
            ],
        }
    }

    /// The rule of such values, by name; none where they are of no rule, or out of range.
    pub fn of(values: &[(&str, f64)]) -> Option<Self> {
        let share = |value: f64| (value > 0.0 && value <= 1.0).then_some(value);
        let cost = |value: f64| value >= 0.0 && value.is_finite();
        match *values {
            [("precision", least)] => Some(Self::Precision(share(least)?)),
            [("recall", least)] => Some(Self::Recall(share(least)?)),
            [
                ("false_negative", false_negative),
                ("false_positive", false_positive),
            ] if cost(false_negative)
                && cost(false_positive)
                && false_negative + false_positive > 0.0 =>
            {
                Some(Self::Cost {
                    false_positive,
                    false_negative,
                })
            }
            _ => None,
        }
    }
}
