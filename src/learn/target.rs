//! What is learnt from: train rows, what they say, and how much each counts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Matrix;
use crate::definition::Task;
use crate::error::{Error, Kind, Result};

/// What the train rows say, one entry a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// Yes or no.
    Binary(&'a [bool]),
    /// One of several classes, by number.
    Multiclass {
        /// How many classes there are; at least 2.
        classes: usize,
        /// Each below `classes`.
        rows: &'a [u32],
    },
    /// A finite number.
    Regression(&'a [f64]),
}

impl Target<'_> {
    pub fn rows(&self) -> usize {
        match self {
            Self::Binary(rows) => rows.len(),
            Self::Multiclass { rows, .. } => rows.len(),
            Self::Regression(rows) => rows.len(),
        }
    }

    /// Whether a row is of a class; of two classes, class 0 is the positive one.
    pub fn is_of(&self, row: usize, class: usize) -> bool {
        match self {
            Self::Binary(rows) => rows[row],
            Self::Multiclass { rows, .. } => rows[row] as usize == class,
            Self::Regression(_) => false,
        }
    }

    pub fn output(&self) -> Output {
        match self {
            Self::Binary(_) => Output::Probability,
            Self::Multiclass { classes, .. } => Output::Probabilities(*classes),
            Self::Regression(_) => Output::Number,
        }
    }
}

/// What a model says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The probability of the positive class.
    Probability,
    /// The probability of each of so many classes, in the order of their numbers; they add up to 1.
    Probabilities(usize),
    /// The number that is expected.
    Number,
}

impl Output {
    /// How many numbers a row has.
    pub fn width(self) -> usize {
        match self {
            Self::Probability | Self::Number => 1,
            Self::Probabilities(classes) => classes,
        }
    }

    pub fn task(self) -> Task {
        match self {
            Self::Probability => Task::Binary,
            Self::Probabilities(_) => Task::Multiclass,
            Self::Number => Task::Regression,
        }
    }
}

/// What is predicted, with the names of its classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    #[default]
    Binary,
    /// In bytewise order, at least 2.
    Multiclass(Vec<String>),
    Regression,
}

impl Outcome {
    pub fn output(&self) -> Output {
        match self {
            Self::Binary => Output::Probability,
            Self::Multiclass(classes) => Output::Probabilities(classes.len()),
            Self::Regression => Output::Number,
        }
    }

    pub(super) fn is_binary(&self) -> bool {
        *self == Self::Binary
    }

    /// Whether the classes are at least 2, in order, and all different.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Multiclass(classes) => classes.len() >= 2 && classes.is_sorted_by(|a, b| a < b),
            Self::Binary | Self::Regression => true,
        }
    }
}

/// The train rows.
#[derive(Debug, Clone, Copy)]
pub struct Examples<'a> {
    pub matrix: &'a Matrix,
    /// One entry for each row of the matrix.
    pub target: Target<'a>,
    /// How much each row counts, above 0 and finite. None: each counts 1.
    pub weights: Option<&'a [f64]>,
}

impl<'a> Examples<'a> {
    /// Rows that count the same.
    pub fn new(matrix: &'a Matrix, target: Target<'a>) -> Self {
        Self {
            matrix,
            target,
            weights: None,
        }
    }

    /// Rows of two classes that count the same.
    pub fn binary(matrix: &'a Matrix, labels: &'a [bool]) -> Self {
        Self::new(matrix, Target::Binary(labels))
    }

    /// How much each row counts. Ones leave no trace in a sum of products: rows without weights are
    /// learnt from as if there were no weights anywhere.
    pub(super) fn row_weights(&self) -> Cow<'a, [f64]> {
        match self.weights {
            Some(weights) => Cow::Borrowed(weights),
            None => Cow::Owned(vec![1.0; self.matrix.rows()]),
        }
    }

    /// How much all rows count together.
    pub(super) fn total_weight(&self) -> f64 {
        match self.weights {
            Some(weights) => weights.iter().fold(0.0, |sum, weight| sum + weight),
            None => self.matrix.rows() as f64,
        }
    }

    /// Refuses rows from which nothing can be learnt.
    pub(super) fn check(&self) -> Result<()> {
        let (rows, entries) = (self.matrix.rows(), self.target.rows());
        let weights = self.weights.map_or(rows, <[f64]>::len);
        if rows != entries || rows != weights {
            let message = format!("{rows} rows, but {entries} labels and {weights} weights");
            return Err(Error::failure(message));
        }
        self.check_target()?;
        // A NaN has no rank.
        if self.matrix.values().iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        Err(Error::new(
            Kind::DataRefused,
            "a feature leaves the range of an f64 when it is encoded",
        )
        .help("bring columns with huge or tiny numbers to another unit"))
    }

    fn check_target(&self) -> Result<()> {
        let rows = self.target.rows();
        let (message, help) = match self.target {
            Target::Binary(labels) if labels.contains(&true) && labels.contains(&false) => {
                return Ok(());
            }
            Target::Binary(_) => (
                format!("the {rows} train rows do not hold both label classes"),
                "a classifier needs examples of both; see that the label column holds both",
            ),
            Target::Multiclass { rows: labels, .. }
                if labels.iter().any(|class| *class != labels[0]) =>
            {
                return Ok(());
            }
            Target::Multiclass { .. } => (
                format!("the {rows} train rows hold one label class alone"),
                "a classifier needs examples of two classes or more",
            ),
            Target::Regression(_) if rows > 0 => return Ok(()),
            Target::Regression(_) => (
                "there are no train rows".to_string(),
                "lower `test` under [split], or take more dates",
            ),
        };
        Err(Error::new(Kind::DataRefused, message).help(help))
    }
}
