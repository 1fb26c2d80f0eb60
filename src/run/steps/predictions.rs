//! What a model said of test rows, as the table of predictions has it.
//!
//! | task | columns beside key, `as_of` and `label` |
//! |---|---|
//! | binary | `probability`, of the positive class |
//! | multiclass | `prediction`, and `probability.CLASS` for each class of the train rows |
//! | regression | `prediction` |

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::labels::{Labels, Numbered, number, numbers};
use super::{PREDICTION, PROBABILITY, column, own};
use crate::definition::ColumnName;
use crate::error::{Error, Kind, Result};
use crate::learn::{Calibration, Outcome, Scored, most_probable};
use crate::table::{Frame, Values};

/// Labels beside what was said, row by row.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    Binary {
        labels: Vec<bool>,
        probabilities: Vec<f64>,
    },
    Multiclass {
        /// In bytewise order: those of the train rows, and those that only test rows have.
        classes: Vec<String>,
        labels: Vec<u32>,
        /// Row after row; 0 for a class that no train row has.
        probabilities: Vec<f64>,
    },
    Regression {
        truth: Vec<f64>,
        predictions: Vec<f64>,
    },
}

/// A label, or what was predicted in its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Decision {
    Truth(bool),
    Class(String),
    Number(f64),
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Class(class) => write!(f, "{}", class.escape_debug()),
            Self::Number(number) => write!(f, "{number:.4}"),
        }
    }
}

/// The columns that hold a model's scores.
///
/// # Errors
/// [`Kind::DataRefused`] where a class cannot name a column.
pub(in crate::run) fn columns(
    outcome: &Outcome,
    scores: &[f64],
) -> Result<BTreeMap<ColumnName, Values>> {
    let floats = |numbers: &mut dyn Iterator<Item = f64>| {
        Values::floats(&numbers.map(Some).collect::<Vec<_>>())
    };
    let all = floats(&mut scores.iter().copied());
    let classes = match outcome {
        Outcome::Binary => return Ok(BTreeMap::from([(own(PROBABILITY), all)])),
        Outcome::Regression => return Ok(BTreeMap::from([(own(PREDICTION), all)])),
        Outcome::Multiclass(classes) => classes,
    };
    let rows = scores.chunks_exact(classes.len());
    let predicted = rows.map(|row| Some(classes[most_probable(row)].as_str()));
    let predicted: Vec<Option<&str>> = predicted.collect();
    let mut columns = BTreeMap::from([(own(PREDICTION), Values::strings(&predicted))]);
    for (class, name) in classes.iter().enumerate() {
        let mut of_class = scores.iter().skip(class).step_by(classes.len()).copied();
        columns.insert(of_class_name(name)?, floats(&mut of_class));
    }
    Ok(columns)
}

/// `probability.CLASS`.
fn of_class_name(class: &str) -> Result<ColumnName> {
    format!("{CLASS}{class}").parse().map_err(|_| {
        let message = format!("the class {class:?} cannot name a column of predictions");
        Error::new(Kind::DataRefused, message)
            .help("classes are texts without control characters: clean the label in the export")
    })
}

/// Before the name of a class.
const CLASS: &str = "probability.";

impl Predictions {
    /// Reads them from a table of predictions.
    pub fn of(frame: &Frame) -> Result<Self> {
        let floats = |values: &Values| -> Result<Vec<f64>> {
            let cells = (0..frame.rows()).map(|row| number(values.cell(row)));
            let floats: Option<Vec<f64>> = cells.collect();
            floats.ok_or_else(|| Error::failure("a prediction holds no score"))
        };
        // Without rows the columns alone tell the task.
        let labels = match (Labels::of(frame)?, frame.rows()) {
            (_, 0) if frame.column(PROBABILITY).is_none() => Labels::Regression(Vec::new()),
            (labels, _) => labels,
        };
        Ok(match labels {
            Labels::Binary(labels) => Self::Binary {
                labels,
                probabilities: floats(column(frame, PROBABILITY)?)?,
            },
            Labels::Regression(truth) => Self::Regression {
                truth,
                predictions: floats(column(frame, PREDICTION)?)?,
            },
            Labels::Multiclass(labels) => {
                let of_class = |(name, values): (&ColumnName, &Values)| {
                    let class = name.as_str().strip_prefix(CLASS)?.to_string();
                    Some(floats(values).map(|floats| (class, floats)))
                };
                let known = frame.columns().iter().filter_map(of_class);
                Self::of_classes(&labels, &known.collect::<Result<_>>()?)
            }
        })
    }

    fn of_classes(labels: &[String], known: &BTreeMap<String, Vec<f64>>) -> Self {
        let names = known.keys().chain(labels).map(String::as_str);
        let classes: Vec<&str> = names.collect::<BTreeSet<_>>().into_iter().collect();
        let columns: Vec<_> = classes.iter().map(|class| known.get(*class)).collect();
        let of_row = |row: usize| {
            columns
                .iter()
                .map(move |column| column.map_or(0.0, |c| c[row]))
        };
        Self::Multiclass {
            labels: numbers(labels, &classes),
            probabilities: (0..labels.len()).flat_map(of_row).collect(),
            classes: classes.into_iter().map(ToString::to_string).collect(),
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::Binary { labels, .. } => labels.len(),
            Self::Multiclass { labels, .. } => labels.len(),
            Self::Regression { truth, .. } => truth.len(),
        }
    }

    /// What would be said of the same rows by who knows but the labels of the train rows: their class
    /// rates, or their mean.
    pub(super) fn by_prior(&self, all: &Labels, train: &[usize]) -> Self {
        let rows = train.len().max(1) as f64;
        let mut prior = self.clone();
        match (&mut prior, all) {
            (Self::Binary { probabilities, .. }, Labels::Binary(all)) => {
                let rate = train.iter().filter(|row| all[**row]).count() as f64 / rows;
                probabilities.fill(rate);
            }
            (
                Self::Multiclass {
                    classes,
                    probabilities,
                    ..
                },
                Labels::Multiclass(all),
            ) => {
                let rate = |class: &String| {
                    train.iter().filter(|row| all[**row] == *class).count() as f64 / rows
                };
                let rates: Vec<f64> = classes.iter().map(rate).collect();
                *probabilities = rates.repeat(self.rows());
            }
            (Self::Regression { predictions, .. }, Labels::Regression(all)) => {
                let sum = train.iter().fold(0.0, |sum, row| sum + all[*row]);
                predictions.fill(sum / rows);
            }
            // Labels and predictions come from one training set.
            _ => {}
        }
        prior
    }

    /// The labels as numbers, for who learns from them.
    pub(super) fn numbered(&self) -> Numbered {
        match self {
            Self::Binary { labels, .. } => Numbered::Binary(labels.clone()),
            Self::Multiclass {
                classes, labels, ..
            } => Numbered::Multiclass {
                classes: classes.len(),
                rows: labels.clone(),
            },
            Self::Regression { truth, .. } => Numbered::Regression(truth.clone()),
        }
    }

    /// What was said, row after row.
    pub(super) fn all_scores(&self) -> &[f64] {
        match self {
            Self::Binary { probabilities, .. } | Self::Multiclass { probabilities, .. } => {
                probabilities
            }
            Self::Regression { predictions, .. } => predictions,
        }
    }

    /// The same as probabilities that come true.
    pub(super) fn calibrated(&self, calibration: &Calibration) -> Self {
        let mut calibrated = self.clone();
        match &mut calibrated {
            Self::Binary { probabilities, .. } | Self::Multiclass { probabilities, .. } => {
                calibration.apply(probabilities);
            }
            Self::Regression { .. } => {}
        }
        calibrated
    }

    /// The same labels beside what a model says now: `scores` of the same rows.
    pub(in crate::run) fn with_scores(&self, outcome: &Outcome, scores: Vec<f64>) -> Self {
        let mut other = self.clone();
        match (&mut other, outcome) {
            (
                Self::Multiclass {
                    classes,
                    probabilities,
                    ..
                },
                Outcome::Multiclass(known),
            ) => {
                // A class that no train row has keeps its 0.
                let places = classes.iter().map(|class| known.binary_search(class).ok());
                let places: Vec<Option<usize>> = places.collect();
                let of_row = |row: &[f64]| {
                    let of_class = |place: &Option<usize>| place.map_or(0.0, |place| row[place]);
                    places.iter().map(of_class).collect::<Vec<f64>>()
                };
                *probabilities = scores.chunks_exact(known.len()).flat_map(of_row).collect();
            }
            (
                Self::Binary {
                    probabilities: own, ..
                }
                | Self::Regression {
                    predictions: own, ..
                },
                _,
            ) => *own = scores,
            // Labels and model come from one training set.
            (Self::Multiclass { .. }, _) => {}
        }
        other
    }

    /// These rows of it, in this order.
    #[must_use]
    pub fn gather(&self, rows: &[usize]) -> Self {
        fn of<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| values[*row]).collect()
        }
        match self {
            Self::Binary {
                labels,
                probabilities,
            } => Self::Binary {
                labels: of(labels, rows),
                probabilities: of(probabilities, rows),
            },
            Self::Multiclass {
                classes,
                labels,
                probabilities,
            } => {
                let width = classes.len();
                let row = |row: &usize| &probabilities[row * width..(row + 1) * width];
                Self::Multiclass {
                    classes: classes.clone(),
                    labels: of(labels, rows),
                    probabilities: rows.iter().flat_map(row).copied().collect(),
                }
            }
            Self::Regression { truth, predictions } => Self::Regression {
                truth: of(truth, rows),
                predictions: of(predictions, rows),
            },
        }
    }

    /// For judging; `threshold` decides between two classes.
    pub fn scored(&self, threshold: f64) -> Scored<'_> {
        match self {
            Self::Binary {
                labels,
                probabilities,
            } => Scored::Binary {
                labels,
                probabilities,
                threshold,
            },
            Self::Multiclass {
                classes,
                labels,
                probabilities,
            } => Scored::Multiclass {
                classes: classes.len(),
                labels,
                probabilities,
            },
            Self::Regression { truth, predictions } => Scored::Regression { truth, predictions },
        }
    }

    /// The names of classes; none where they have none.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Multiclass { classes, .. } => classes,
            Self::Binary { .. } | Self::Regression { .. } => &[],
        }
    }

    pub fn label(&self, row: usize) -> Decision {
        match self {
            Self::Binary { labels, .. } => Decision::Truth(labels[row]),
            Self::Multiclass {
                classes, labels, ..
            } => Decision::Class(classes[labels[row] as usize].clone()),
            Self::Regression { truth, .. } => Decision::Number(truth[row]),
        }
    }

    pub fn decision(&self, row: usize, threshold: f64) -> Decision {
        match self {
            Self::Binary { probabilities, .. } => Decision::Truth(probabilities[row] >= threshold),
            Self::Multiclass { classes, .. } => {
                Decision::Class(classes[most_probable(self.scores(row))].clone())
            }
            Self::Regression { predictions, .. } => Decision::Number(predictions[row]),
        }
    }

    /// One number of a row: the probability of the positive class or of the class `label`, or the
    /// predicted number.
    pub fn score_of(&self, row: usize, label: &Decision) -> f64 {
        match self {
            Self::Binary { probabilities, .. } => probabilities[row],
            Self::Multiclass {
                classes,
                probabilities,
                ..
            } => {
                let is_label = |class: &String| *label == Decision::Class(class.clone());
                let class = classes.iter().position(is_label);
                class.map_or(0.0, |class| probabilities[row * classes.len() + class])
            }
            Self::Regression { predictions, .. } => predictions[row],
        }
    }

    /// Whether a row of both is scored the same, to the bit.
    pub fn agrees(&self, other: &Self, row: usize) -> bool {
        fn bits(scores: &[f64]) -> impl Iterator<Item = u64> {
            scores.iter().map(|score| score.to_bits())
        }
        bits(self.scores(row)).eq(bits(other.scores(row)))
    }

    /// All numbers of a row.
    fn scores(&self, row: usize) -> &[f64] {
        match self {
            Self::Binary { probabilities, .. } => &probabilities[row..=row],
            Self::Multiclass {
                classes,
                probabilities,
                ..
            } => &probabilities[row * classes.len()..(row + 1) * classes.len()],
            Self::Regression { predictions, .. } => &predictions[row..=row],
        }
    }
}
