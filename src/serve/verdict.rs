//! What a model's scores of one row come to.

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::compared::Said;
use crate::learn::{Outcome, most_probable};

/// What is predicted for one entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<'a> {
    Binary {
        /// The probability of the positive class.
        probability: f64,
        /// Whether it reaches the run's threshold.
        positive: bool,
    },
    Class {
        class: &'a str,
        /// Of each class, in bytewise order.
        probabilities: Vec<(&'a str, f64)>,
    },
    Number(f64),
}

impl<'a> Verdict<'a> {
    /// `scores` are all numbers of a row.
    pub fn of(outcome: &'a Outcome, scores: &[f64], threshold: f64) -> Self {
        match outcome {
            Outcome::Binary => Self::Binary {
                probability: scores[0],
                positive: scores[0] >= threshold,
            },
            Outcome::Regression => Self::Number(scores[0]),
            Outcome::Multiclass(classes) => Self::Class {
                class: &classes[most_probable(scores)],
                probabilities: classes
                    .iter()
                    .map(String::as_str)
                    .zip(scores.iter().copied())
                    .collect(),
            },
        }
    }

    /// Of the class that is predicted, or of the positive one; a number has none.
    pub fn probability(&self) -> Option<f64> {
        match self {
            Self::Binary { probability, .. } => Some(*probability),
            Self::Class {
                class,
                probabilities,
            } => {
                let found = probabilities.iter().find(|(name, _)| name == class);
                found.map(|(_, probability)| *probability)
            }
            Self::Number(_) => None,
        }
    }

    /// The same to be compared, and kept.
    pub fn said(&self) -> Said {
        match self {
            Self::Binary {
                probability,
                positive,
            } => Said::Binary {
                probability: *probability,
                positive: *positive,
            },
            Self::Class { class, .. } => Said::Class {
                class: (*class).to_string(),
                probability: self.probability().unwrap_or_default(),
            },
            Self::Number(number) => Said::Number(*number),
        }
    }

    /// Adds `prediction` and, where there are any, `probability` and `probabilities`.
    pub fn add_to<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Binary { positive, .. } => {
                map.serialize_entry("prediction", &u8::from(*positive))?;
            }
            Self::Class { class, .. } => map.serialize_entry("prediction", class)?,
            Self::Number(number) => map.serialize_entry("prediction", number)?,
        }
        if let Some(probability) = self.probability() {
            map.serialize_entry("probability", &probability)?;
        }
        if let Self::Class { probabilities, .. } = self {
            map.serialize_entry("probabilities", &Named(probabilities))?;
        }
        Ok(())
    }
}

struct Named<'a>(&'a [(&'a str, f64)]);

impl Serialize for Named<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
