//! What is learnt from the scores of the folds: probabilities, and from which of them on a row is positive.

use super::predictions::Predictions;
use super::{FOLD, WEIGHT, column};
use crate::definition::{Calibrate, ThresholdRule};
use crate::error::{Error, Kind, Result};
use crate::learn::{self, Calibration, HeldOut};
use crate::table::{Cell, Frame};

/// What a model says becomes a probability, and a decision.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Calibrated {
    pub calibration: Option<Calibration>,
    pub threshold: Option<f64>,
}

/// Scores of rows that were held out, by fold.
#[derive(Debug, Clone)]
pub(super) struct FoldScores {
    scored: Predictions,
    weights: Option<Vec<f64>>,
    /// From 1.
    fold: Vec<i64>,
}

impl FoldScores {
    pub fn of(frame: &Frame) -> Result<Self> {
        let numbers = column(frame, FOLD)?;
        let fold = (0..frame.rows()).map(|row| match numbers.cell(row) {
            Cell::I64(fold) => Ok(fold),
            _ => Err(Error::failure("a score stands in no fold")),
        });
        let weight = |values: &crate::table::Values, row| match values.cell(row) {
            Cell::F64(weight) => Ok(weight),
            _ => Err(Error::failure("a score has no weight")),
        };
        let weights = frame.column(WEIGHT).map(|values| {
            let rows = 0..frame.rows();
            rows.map(|row| weight(values, row))
                .collect::<Result<Vec<f64>>>()
        });
        Ok(Self {
            scored: Predictions::of(frame)?,
            weights: weights.transpose()?,
            fold: fold.collect::<Result<_>>()?,
        })
    }

    /// The rows of one fold, or of all others.
    fn rows_where(&self, wanted: impl Fn(i64) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.fold.len())
            .filter(|row| wanted(self.fold[*row]))
            .collect();
        Self {
            scored: self.scored.gather(&rows),
            weights: self
                .weights
                .as_ref()
                .map(|all| rows.iter().map(|row| all[*row]).collect()),
            fold: rows.iter().map(|row| self.fold[*row]).collect(),
        }
    }

    /// What one fold is judged by: its scores, calibrated by what the others say, and the threshold that they
    /// give. The threshold is none where no rule says one, and where none fulfils it.
    pub fn judged(&self, fold: u32, rule: Option<&Calibrate>) -> (Predictions, FoldThreshold) {
        let fold = i64::from(fold);
        let own = self.rows_where(|other| other == fold).scored;
        let Some(rule) = rule else {
            return (own, FoldThreshold::Declared);
        };
        let others = self.rows_where(|other| other != fold);
        let calibration = others.calibration(rule);
        let calibrated = |scored: Predictions| match &calibration {
            Some(calibration) => scored.calibrated(calibration),
            None => scored,
        };
        let threshold = match rule.threshold {
            None => FoldThreshold::Declared,
            Some(rule) => match threshold_of(rule, &calibrated(others.scored)) {
                Some(threshold) => FoldThreshold::At(threshold),
                None => FoldThreshold::Unreached,
            },
        };
        (calibrated(own), threshold)
    }

    /// What the whole run is calibrated with.
    ///
    /// # Errors
    /// [`Kind::DataRefused`] where no threshold does what the rule wants.
    pub fn calibrated(&self, rule: &Calibrate) -> Result<Calibrated> {
        let calibration = self.calibration(rule);
        let scored = match &calibration {
            Some(calibration) => self.scored.calibrated(calibration),
            None => self.scored.clone(),
        };
        let threshold = rule.threshold.map(|rule| {
            let found = threshold_of(rule, &scored);
            found.ok_or_else(|| unreached(rule))
        });
        Ok(Calibrated {
            calibration,
            threshold: threshold.transpose()?,
        })
    }

    fn calibration(&self, rule: &Calibrate) -> Option<Calibration> {
        let numbered = self.scored.numbered();
        let held_out = HeldOut {
            target: numbered.target(),
            scores: self.scored.all_scores(),
            weights: self.weights.as_deref(),
        };
        Some(Calibration::fit(rule.method?, &held_out))
    }
}

/// From which score on a row of a fold is positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FoldThreshold {
    /// As the experiment says.
    Declared,
    At(f64),
    /// The rule is not fulfilled by the other folds.
    Unreached,
}

fn threshold_of(rule: ThresholdRule, scored: &Predictions) -> Option<f64> {
    match scored {
        Predictions::Binary {
            labels,
            probabilities,
        } => learn::threshold(rule, labels, probabilities),
        Predictions::Multiclass { .. } | Predictions::Regression { .. } => None,
    }
}

/// Only a precision may be out of reach: from 0 on everything is found, and errors cost something.
fn unreached(rule: ThresholdRule) -> Error {
    let wanted = match rule {
        ThresholdRule::Precision(least) => format!("gives a precision of {least}"),
        _ => "can be chosen".to_string(),
    };
    Error::new(
        Kind::DataRefused,
        format!("no threshold {wanted} on the rows that were held out"),
    )
    .help("ask less of `threshold` under [calibrate], or bring features that tell more")
}
