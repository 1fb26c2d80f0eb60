//! Naive Bayes: in each class every column has a normal distribution of its own, and the columns are
//! taken as independent. The score is the posterior of the positive class by Bayes' rule.
//!
//! Means and variances (over n, not n − 1) are of the train rows of a class; to every variance comes
//! the share `smoothing` of the largest variance that a column has over all rows. That is
//! scikit-learn's `GaussianNB(var_smoothing = smoothing)`.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::parameters::float;
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::{Matrix, exact};
use crate::math;

/// Rows one thread predicts at a time.
const ROWS_PER_BLOCK: usize = 1024;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaussianNbParameters {
    #[serde(with = "exact")]
    pub smoothing: f64,
}

impl GaussianNbParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        Ok(Self {
            smoothing: float(model, "smoothing")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        vec![("smoothing", Value::Float(self.smoothing))]
    }
}

/// What is known of both classes.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianNbModel {
    pub negative: Normals,
    pub positive: Normals,
}

/// One class.
#[derive(Debug, Clone, PartialEq)]
pub struct Normals {
    /// Its share of the train rows.
    pub share: f64,
    /// One for each matrix column.
    pub means: Vec<f64>,
    /// One for each matrix column, above 0. Empty when every column is constant: then no column
    /// says anything.
    pub variances: Vec<f64>,
}

/// Learns from rows of both classes.
///
/// # Errors
/// [`Kind::DataRefused`] where the squares of a column leave the range of an f64.
pub(super) fn fit(
    parameters: &GaussianNbParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> Result<GaussianNbModel> {
    let columns: Vec<[Moments; 3]> = (0..matrix.columns())
        .into_par_iter()
        .map(|column| {
            let of = |wanted: &dyn Fn(bool) -> bool| Moments::of(matrix, labels, column, wanted);
            [of(&|_| true), of(&|label| !label), of(&|label| label)]
        })
        .collect();
    let largest = columns.iter().map(|[all, ..]| all.variance);
    let largest = largest.fold(0.0_f64, f64::max);
    if !columns.iter().flatten().all(Moments::is_finite) {
        return Err(Error::new(
            Kind::DataRefused,
            "the variance of a feature leaves the range of an f64",
        )
        .help("bring columns with huge numbers to another unit, or set `numeric = \"standardize\"` under [preprocess]"));
    }
    let added = parameters.smoothing * largest;
    let class = |at: usize, label: bool| {
        let rows = labels.iter().filter(|found| **found == label).count();
        let variances = columns.iter().map(|moments| moments[at].variance + added);
        Normals {
            share: rows as f64 / labels.len() as f64,
            means: columns.iter().map(|moments| moments[at].mean).collect(),
            variances: match added.is_normal() {
                true => variances.collect(),
                false => Vec::new(),
            },
        }
    };
    Ok(GaussianNbModel {
        negative: class(1, false),
        positive: class(2, true),
    })
}

/// Mean and variance of a column over some rows.
struct Moments {
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(matrix: &Matrix, labels: &[bool], column: usize, wanted: &dyn Fn(bool) -> bool) -> Self {
        let values = || {
            let rows = matrix.column(column).zip(labels);
            rows.filter(|(_, label)| wanted(**label))
                .map(|(value, _)| value)
        };
        let count = values().count() as f64;
        let first = values().next().unwrap_or(0.0);
        if values().all(|value| value == first) {
            // A sum of equal numbers would leave a trace of rounding.
            return Self {
                mean: first,
                variance: 0.0,
            };
        }
        let mean = values().fold(0.0, |sum, value| sum + value) / count;
        let squares = values().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
        Self {
            mean,
            variance: squares / count,
        }
    }

    fn is_finite(&self) -> bool {
        self.mean.is_finite() && self.variance.is_finite()
    }
}

impl Normals {
    /// The logarithm of share times density, without the constant that both classes have.
    fn log_joint(&self, row: &[f64]) -> f64 {
        let columns = row.iter().zip(&self.means).zip(&self.variances);
        let terms = columns.fold(0.0, |sum, ((value, mean), variance)| {
            let distance = value - mean;
            sum + math::ln(*variance) + distance * distance / variance
        });
        math::ln(self.share) - terms / 2.0
    }

    fn write(&self, writer: &mut Writer) {
        writer.float(self.share);
        writer.u32(u32::from(!self.variances.is_empty()));
        for number in self.means.iter().chain(&self.variances) {
            writer.float(*number);
        }
    }

    fn read(reader: &mut Reader<'_>, columns: usize) -> Result<Self> {
        let share = reader.float()?;
        let has_variances = reader.u32()? == 1;
        let normals = Self {
            share,
            means: reader.floats(columns)?,
            variances: match has_variances {
                true => reader.floats(columns)?,
                false => Vec::new(),
            },
        };
        let sound = share > 0.0 && share < 1.0 && normals.variances.iter().all(|v| *v > 0.0);
        match sound {
            true => Ok(normals),
            false => Err(Error::failure(
                "the model file holds a share or a variance out of range",
            )),
        }
    }
}

impl GaussianNbModel {
    pub(super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let mut probabilities = vec![0.0; matrix.rows()];
        for_each_block(
            &mut probabilities,
            ROWS_PER_BLOCK,
            |block, probabilities| {
                for (offset, probability) in probabilities.iter_mut().enumerate() {
                    *probability = self.probability(matrix.row(block * ROWS_PER_BLOCK + offset));
                }
            },
        );
        probabilities
    }

    fn probability(&self, row: &[f64]) -> f64 {
        let (positive, negative) = (self.positive.log_joint(row), self.negative.log_joint(row));
        match (positive - negative).is_nan() {
            // So far from both that neither has a density: only the shares are left.
            true => self.positive.share,
            false => math::sigmoid(positive - negative),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.negative.write(writer);
        self.positive.write(writer);
    }

    pub(super) fn read(reader: &mut Reader<'_>, columns: usize) -> Result<Self> {
        Ok(Self {
            negative: Normals::read(reader, columns)?,
            positive: Normals::read(reader, columns)?,
        })
    }

    /// Every number with its name, in the order of the file.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let classes = [("false", &self.negative), ("true", &self.positive)];
        let of_class = |(class, normals): (&str, &Normals)| {
            let named = |what: &'static str, values: &[f64]| -> Vec<(String, f64)> {
                let named = values.iter().zip(columns);
                named
                    .map(|(value, column)| (format!("{what} of {column} where {class}"), *value))
                    .collect()
            };
            let share = vec![(format!("share of {class}"), normals.share)];
            let means = named("mean", &normals.means);
            [share, means, named("variance", &normals.variances)].concat()
        };
        classes.into_iter().flat_map(of_class).collect()
    }
}
