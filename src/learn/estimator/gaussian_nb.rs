//! Naive Bayes: in each class every column has a normal distribution of its own, and the columns are
//! taken as independent. The score is the posterior of the positive class, or of each, by Bayes' rule.
//!
//! Means and variances (over n, not n − 1) are of the train rows of a class; to every variance comes
//! the share `smoothing` of the largest variance that a column has over all rows. That is
//! scikit-learn's `GaussianNB(var_smoothing = smoothing)`. It has no class weights; here `balanced` gives
//! the classes equal shares, as its `priors` would.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::class_weight::ClassWeight;
use super::parameters::float;
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::{Examples, Matrix, Output, exact};
use crate::math;

/// Rows one thread predicts at a time.
const ROWS_PER_BLOCK: usize = 1024;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaussianNbParameters {
    #[serde(default, skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    #[serde(with = "exact")]
    pub smoothing: f64,
}

impl GaussianNbParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        Ok(Self {
            class_weight: ClassWeight::of(model)?,
            smoothing: float(model, "smoothing")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            self.class_weight.value(),
            ("smoothing", Value::Float(self.smoothing)),
        ]
    }
}

/// What is known of each class.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianNbModel {
    /// By their numbers; of two without names, false comes first.
    pub classes: Vec<Normals>,
    output: Output,
}

/// One class.
#[derive(Debug, Clone, PartialEq)]
pub struct Normals {
    /// Its share of the train rows, by their weights; 0 where it has none.
    pub share: f64,
    /// One for each matrix column.
    pub means: Vec<f64>,
    /// One for each matrix column, above 0. Empty when every column is constant: then no column
    /// says anything.
    pub variances: Vec<f64>,
}

/// Learns from rows of two classes at least.
///
/// # Errors
/// [`Kind::DataRefused`] where the squares of a column leave the range of an f64.
pub(super) fn fit(
    parameters: &GaussianNbParameters,
    examples: &Examples<'_>,
    labels: &[u32],
) -> Result<GaussianNbModel> {
    let output = examples.target.output();
    let classes = output.width().max(2);
    let weights = examples.row_weights();
    let all = total(&weights, |_| true);
    let matrix = examples.matrix;
    // What is added to the variances counts each row once, as scikit-learn's does.
    let ones = vec![1.0; matrix.rows()];
    let columns: Vec<Vec<Moments>> = (0..matrix.columns())
        .into_par_iter()
        .map(|column| {
            let everywhere = Moments::of(matrix, column, &ones, &|_| true);
            let of = |class| {
                let wanted = |row: usize| labels[row] as usize == class;
                Moments::of(matrix, column, &weights, &wanted)
            };
            std::iter::once(everywhere)
                .chain((0..classes).map(of))
                .collect()
        })
        .collect();
    let largest = columns.iter().map(|moments| moments[0].variance);
    let largest = largest.fold(0.0_f64, f64::max);
    if !columns.iter().flatten().all(Moments::is_finite) {
        return Err(Error::new(
            Kind::DataRefused,
            "the variance of a feature leaves the range of an f64",
        )
        .help("bring columns with huge numbers to another unit, or set `numeric = \"standardize\"` under [preprocess]"));
    }
    let added = parameters.smoothing * largest;
    let class = |class: usize| {
        let moments = || columns.iter().map(|moments| &moments[class + 1]);
        let of_class = total(&weights, |row| labels[row] as usize == class);
        Normals {
            share: of_class / all,
            means: moments().map(|moments| moments.mean).collect(),
            variances: match added.is_normal() {
                true => moments().map(|moments| moments.variance + added).collect(),
                false => Vec::new(),
            },
        }
    };
    Ok(GaussianNbModel {
        classes: (0..classes).map(class).collect(),
        output,
    })
}

/// How much the wanted rows count together.
fn total(weights: &[f64], wanted: impl Fn(usize) -> bool) -> f64 {
    let rows = weights.iter().enumerate();
    let rows = rows.filter(|(row, _)| wanted(*row));
    rows.fold(0.0, |sum, (_, weight)| sum + weight)
}

/// Mean and variance of a column over some rows; 0 over none.
struct Moments {
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(matrix: &Matrix, column: usize, weights: &[f64], wanted: &dyn Fn(usize) -> bool) -> Self {
        let values = || {
            let rows = matrix.column(column).zip(weights).enumerate();
            rows.filter(|(row, _)| wanted(*row)).map(|(_, cell)| cell)
        };
        let first = values().next().map_or(0.0, |(value, _)| value);
        if values().all(|(value, _)| value == first) {
            // A sum of equal numbers would leave a trace of rounding.
            return Self {
                mean: first,
                variance: 0.0,
            };
        }
        let count = total(weights, wanted);
        let mean = values().fold(0.0, |sum, (value, weight)| sum + weight * value) / count;
        let squares = values().fold(0.0, |sum, (value, weight)| {
            sum + weight * ((value - mean) * (value - mean))
        });
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
    /// The logarithm of share times density, without the constant that all classes have.
    fn log_joint(&self, row: &[f64]) -> f64 {
        if self.share == 0.0 {
            return f64::NEG_INFINITY;
        }
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
        let sound = (0.0..1.0).contains(&share) && normals.variances.iter().all(|v| *v > 0.0);
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
        let width = self.output.width();
        let mut probabilities = vec![0.0; matrix.rows() * width];
        for_each_block(
            &mut probabilities,
            ROWS_PER_BLOCK * width,
            |block, probabilities| {
                for (offset, answer) in probabilities.chunks_exact_mut(width).enumerate() {
                    let row = matrix.row(block * ROWS_PER_BLOCK + offset);
                    match (answer, &self.classes[..]) {
                        ([probability], [negative, positive]) => {
                            *probability = positive_share(negative, positive, row);
                        }
                        (shares, classes) => class_shares(classes, row, shares),
                    }
                }
            },
        );
        probabilities
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.classes.iter().for_each(|class| class.write(writer));
    }

    pub(super) fn read(reader: &mut Reader<'_>, columns: usize, output: Output) -> Result<Self> {
        let classes = (0..output.width().max(2)).map(|_| Normals::read(reader, columns));
        Ok(Self {
            classes: classes.collect::<Result<_>>()?,
            output,
        })
    }

    /// Every number with its name, in the order of the file.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let of_class = |(at, normals): (usize, &Normals)| {
            let class = match (self.output, at) {
                (Output::Probabilities(_), at) => format!("class {}", at + 1),
                (_, 0) => "false".to_string(),
                _ => "true".to_string(),
            };
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
        let classes = self.classes.iter().enumerate();
        classes.flat_map(of_class).collect()
    }
}

fn positive_share(negative: &Normals, positive: &Normals, row: &[f64]) -> f64 {
    let difference = positive.log_joint(row) - negative.log_joint(row);
    match difference.is_nan() {
        // So far from both that neither has a density: only the shares are left.
        true => positive.share,
        false => math::sigmoid(difference),
    }
}

fn class_shares(classes: &[Normals], row: &[f64], shares: &mut [f64]) {
    for (share, class) in shares.iter_mut().zip(classes) {
        *share = class.log_joint(row);
    }
    if shares.iter().any(|joint| joint.is_finite()) {
        math::softmax(shares);
        return;
    }
    // So far from all that none has a density: only the shares are left.
    for (share, class) in shares.iter_mut().zip(classes) {
        *share = class.share;
    }
}
