//! What stands behind the metrics, as curves to be drawn.
//!
//! 1. `ranking`: what is found and what is taken for it at every threshold, as ROC and as
//!    precision over recall.
//! 2. `quantile`: rows that were predicted alike, put together: what was said of them on average,
//!    and what happened.
//! 3. `histogram`: how many rows stand between two edges.
//! 4. `cloud`: rows as dots, those that are close together as one.
//!
//! Two classes have one ranking, several have one for each class against all others, numbers have
//! none. Values equal those of scikit-learn's functions; `tests/peers/reference_curves.py` makes
//! the vectors that the tests compare with. Curves of many rows are thinned to what a picture can
//! show ([`thinned`]), areas are those of all rows.

mod cloud;
mod histogram;
mod quantile;
mod ranking;

use serde::Serialize;

pub use cloud::Dot;
pub use histogram::{Histogram, Range};
pub use quantile::Quantile;
pub use ranking::{PrecisionRecallPoint, Ranking, RocPoint};

use super::metric::{Scored, most_probable};

/// Intervals between 0 and 1, and those of residuals.
const BINS: usize = 20;

/// What a run's pictures are drawn of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Curves {
    Binary(BinaryCurves),
    Multiclass(MulticlassCurves),
    Regression(RegressionCurves),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BinaryCurves {
    /// None while the rows are of one class.
    pub ranking: Option<Ranking>,
    /// Probabilities beside how often the label was true.
    pub calibration: Vec<Quantile>,
    /// Probabilities: of the rows that are true, then of those that are false.
    pub scores: Histogram,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MulticlassCurves {
    /// Each class against all others, in the order of the classes.
    pub classes: Vec<ClassCurves>,
    /// The probability of the predicted class: of the rows that are of it, then of those that are
    /// not.
    pub scores: Histogram,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassCurves {
    /// Rows of the class.
    pub rows: u64,
    /// None where no row or every row is of the class.
    pub ranking: Option<Ranking>,
}

/// Empty where numbers leave the range of an f64.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RegressionCurves {
    /// Predictions beside what happened.
    pub calibration: Vec<Quantile>,
    /// What happened minus what was predicted; over the range that was asked for.
    pub residuals: Option<Histogram>,
    /// What happened over what was predicted.
    pub truth: Vec<Dot>,
    /// What happened minus what was predicted, over what was predicted.
    pub errors: Vec<Dot>,
}

/// Everything that is drawn of a model's rows. `residuals` is the range of their histogram, so that
/// two models can share it; their own without one.
pub fn curves(scored: &Scored<'_>, residuals: Option<Range>) -> Curves {
    match *scored {
        Scored::Binary {
            labels,
            probabilities,
            ..
        } => Curves::Binary(BinaryCurves {
            ranking: Ranking::of(labels, probabilities).map(Ranking::thinned),
            calibration: quantile::of_labels(labels, probabilities),
            scores: by_label(labels, probabilities),
        }),
        Scored::Multiclass {
            classes,
            labels,
            probabilities,
        } => Curves::Multiclass(MulticlassCurves {
            classes: (0..classes)
                .map(|class| class_curves(class, classes, labels, probabilities))
                .collect(),
            scores: certainty(classes, labels, probabilities),
        }),
        Scored::Regression { truth, predictions } => {
            Curves::Regression(of_numbers(truth, predictions, residuals).unwrap_or_default())
        }
    }
}

/// Between which two numbers the residuals of a model lie; none without rows, of classes, and
/// outside the range of an f64.
pub fn residual_range(scored: &Scored<'_>) -> Option<Range> {
    match *scored {
        Scored::Regression { truth, predictions } => Range::of(&errors(truth, predictions)),
        Scored::Binary { .. } | Scored::Multiclass { .. } => None,
    }
}

/// The points that a picture can show: the first, the last, and between them those that lie 1/400
/// or more, in one direction, from the last that was kept. Coordinates are shares.
pub fn thinned<T: Copy>(points: &[T], place: impl Fn(&T) -> [f64; 2]) -> Vec<T> {
    const SEEN: f64 = 1.0 / 400.0;
    let mut kept: Vec<T> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        let is_seen = kept.last().is_none_or(|last| {
            let (last, here) = (place(last), place(point));
            (0..2).any(|axis| (here[axis] - last[axis]).abs() >= SEEN)
        });
        if is_seen || at + 1 == points.len() {
            kept.push(*point);
        }
    }
    kept
}

fn by_label(labels: &[bool], probabilities: &[f64]) -> Histogram {
    let mut groups = [Vec::new(), Vec::new()];
    for (label, probability) in labels.iter().zip(probabilities) {
        groups[usize::from(!label)].push(*probability);
    }
    Histogram::of(Range::SHARES, BINS, &groups)
}

fn class_curves(
    class: usize,
    classes: usize,
    labels: &[u32],
    probabilities: &[f64],
) -> ClassCurves {
    let labels: Vec<bool> = labels
        .iter()
        .map(|label| *label as usize == class)
        .collect();
    let of_class = probabilities.iter().skip(class).step_by(classes);
    let of_class: Vec<f64> = of_class.copied().collect();
    ClassCurves {
        rows: labels.iter().filter(|label| **label).count() as u64,
        ranking: Ranking::of(&labels, &of_class).map(Ranking::thinned),
    }
}

fn certainty(classes: usize, labels: &[u32], probabilities: &[f64]) -> Histogram {
    let rows = labels.iter().zip(probabilities.chunks_exact(classes));
    let (right, largest): (Vec<bool>, Vec<f64>) = rows
        .map(|(label, row)| {
            let predicted = most_probable(row);
            (*label as usize == predicted, row[predicted])
        })
        .unzip();
    by_label(&right, &largest)
}

fn errors(truth: &[f64], predictions: &[f64]) -> Vec<f64> {
    let rows = truth.iter().zip(predictions);
    rows.map(|(truth, prediction)| truth - prediction).collect()
}

fn of_numbers(
    truth: &[f64],
    predictions: &[f64],
    residuals: Option<Range>,
) -> Option<RegressionCurves> {
    let errors = errors(truth, predictions);
    let (of_errors, of_truth) = (Range::of(&errors)?, Range::of(truth)?);
    let of_predictions = Range::of(predictions)?;
    let range = residuals.unwrap_or(of_errors);
    Some(RegressionCurves {
        calibration: quantile::of_numbers(truth, predictions),
        truth: cloud::dots(predictions, truth, of_predictions, of_truth),
        residuals: Some(Histogram::of(range, BINS, std::slice::from_ref(&errors))),
        errors: cloud::dots(predictions, &errors, of_predictions, of_errors),
    })
}

#[cfg(test)]
mod tests;
