//! One parameter of an estimator: what it may be, and what it is where nothing is written.

use std::fmt;

use crate::definition::Value;

#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub about: &'static str,
    pub range: Range,
    pub default: Default,
}

impl Parameter {
    /// Whether a value is as if the parameter did not exist.
    pub fn is_off(&self, value: &Value) -> bool {
        self.default.is_off() && *value == self.default.value()
    }
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// Inclusive.
    Integer { low: i64, high: i64 },
    /// Inclusive.
    Float { low: f64, high: f64 },
    /// One of the words.
    Word(&'static [&'static str]),
    /// One of the words, or an integer of at least 1.
    WordOrCount(&'static [&'static str]),
}

impl Range {
    /// Whether the value is of this type and fits.
    pub fn contains(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Integer { low, high }, Value::Integer(value)) => (low..=high).contains(&value),
            (Self::Float { low, high }, Value::Float(value)) => (low..=high).contains(&value),
            (Self::Word(words) | Self::WordOrCount(words), Value::Text(word)) => {
                words.contains(&word.as_str())
            }
            (Self::WordOrCount(_), Value::Integer(count)) => *count >= 1,
            _ => false,
        }
    }
}

/// What fits, in words: `an integer from 1 to 100000`.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer {
                low,
                high: i64::MAX,
            } => write!(f, "an integer of at least {low}"),
            Self::Integer { low, high } => write!(f, "an integer from {low} to {high}"),
            Self::Float { low, high } => {
                write!(f, "a number from {} to {}", short(*low), short(*high))
            }
            Self::Word(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                write!(f, "one of {}", words.join(", "))
            }
            Self::WordOrCount(words) => {
                words.iter().try_for_each(|word| write!(f, "`{word}`, "))?;
                f.write_str("or an integer of at least 1")
            }
        }
    }
}

/// `0.25`, `1e12`, `1e-15`: whichever spelling is shorter.
fn short(number: f64) -> String {
    let (plain, exponent) = (number.to_string(), format!("{number:e}"));
    if exponent.len() < plain.len() {
        exponent
    } else {
        plain
    }
}

/// A default, in a form a constant can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    Integer(i64),
    Float(f64),
    Text(&'static str),
    /// 0.0, and declared only where something else is written: the parameter came after the
    /// estimator, and runs that do not use it are those they were.
    Off,
    /// The same with a word.
    OffWord(&'static str),
}

impl Default {
    /// Whether the parameter is declared only where something else is written.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Off | Self::OffWord(_))
    }

    pub fn value(self) -> Value {
        match self {
            Self::Integer(value) => Value::Integer(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(value) | Self::OffWord(value) => Value::Text(value.to_string()),
            Self::Off => Value::Float(0.0),
        }
    }
}
