//! What one run said of an entity.

use serde::Serialize;

use crate::error::{Error, Kind};

/// A prediction, to be compared with another's.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Binary {
        /// Of the positive class.
        probability: f64,
        positive: bool,
    },
    Class {
        class: String,
        /// Of that class.
        probability: f64,
    },
    Number(f64),
}

impl Said {
    /// The probability that a reply shows, or the number.
    pub fn score(&self) -> f64 {
        match self {
            Self::Binary { probability, .. } | Self::Class { probability, .. } => *probability,
            Self::Number(number) => *number,
        }
    }

    /// `0`, `1` or the class; a number has none.
    pub fn class(&self) -> Option<&str> {
        match self {
            Self::Binary { positive: true, .. } => Some("1"),
            Self::Binary { .. } => Some("0"),
            Self::Class { class, .. } => Some(class),
            Self::Number(_) => None,
        }
    }

    /// Whether both predict the same. Numbers do where they are equal.
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Binary { positive, .. }, Self::Binary { positive: with, .. }) => {
                positive == with
            }
            (Self::Class { class, .. }, Self::Class { class: with, .. }) => class == with,
            (Self::Number(number), Self::Number(with)) => number == with,
            _ => false,
        }
    }
}

/// Which of two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Production,
    Staged,
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Production, Self::Staged];

    pub fn other(self) -> Self {
        match self {
            Self::Production => Self::Staged,
            Self::Staged => Self::Production,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staged => "staged",
        }
    }
}

/// Why one run said nothing of an entity that the other answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The request did not bring what the run needs of it.
    Context,
    /// It failed inside.
    Failure,
    MissingFeatures,
    UnknownEntity,
}

impl Silence {
    pub const ALL: [Self; 4] = [
        Self::Context,
        Self::Failure,
        Self::MissingFeatures,
        Self::UnknownEntity,
    ];

    /// Of the error that stands in place of an answer.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::UnknownEntity => Self::UnknownEntity,
            Kind::MissingFeatures => Self::MissingFeatures,
            _ => Self::Failure,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Failure => "failure",
            Self::MissingFeatures => "missing_features",
            Self::UnknownEntity => "unknown_entity",
        }
    }
}
