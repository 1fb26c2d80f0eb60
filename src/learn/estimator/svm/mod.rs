//! Support vector machines: the widest margin between two classes, in the space of a kernel.
//!
//! > minimum of ½·|w|² + c · Σ weight · max(0, 1 − y·(w·φ(x) + intercept))
//!
//! That is scikit-learn's `SVC(C = c, kernel, gamma)`; decision values agree with it to the tolerance.
//! Probabilities are a sigmoid of the decision value ([`crate::learn::platt`]), fitted on values of rows that the machine
//! was not learnt from ([`pair`]).
//!
//! Of several classes each pair has a machine and a sigmoid of its own, learnt from the rows of both alone,
//! and what they say is coupled into one share a class ([`coupling`]). `gamma` and balanced weights are of
//! all rows, as scikit-learn has them.

mod coupling;
mod kernel;
mod model;
mod pair;
mod smo;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub(in crate::learn) use self::coupling::{LEAST_SHARE, pairs};
use self::kernel::Kernel;
pub use self::kernel::KernelKind;
pub use self::model::{PairFunction, SvmModel};
use self::pair::Pair;
use super::class_weight::ClassWeight;
use super::parameters::{float, integer, unusable};
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::learn::{Examples, Matrix, Warning, exact};

/// Above so many rows people are told that it takes long.
const MANY_ROWS: usize = 20_000;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SvmParameters {
    #[serde(with = "exact")]
    pub c: f64,
    #[serde(default, skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    /// 0: by the number of columns and their variance.
    #[serde(with = "exact")]
    pub gamma: f64,
    pub kernel: KernelKind,
    pub seed: i64,
    #[serde(with = "exact")]
    pub tolerance: f64,
}

impl SvmParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        let kernel = match model.parameters.get("kernel") {
            Some(Value::Text(word)) if word == "linear" => KernelKind::Linear,
            Some(Value::Text(word)) if word == "rbf" => KernelKind::Rbf,
            _ => return Err(unusable("kernel")),
        };
        Ok(Self {
            c: float(model, "c")?,
            class_weight: ClassWeight::of(model)?,
            gamma: float(model, "gamma")?,
            kernel,
            seed: integer(model, "seed")?,
            tolerance: float(model, "tolerance")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        let kernel = match self.kernel {
            KernelKind::Linear => "linear",
            KernelKind::Rbf => "rbf",
        };
        vec![
            ("c", Value::Float(self.c)),
            self.class_weight.value(),
            ("gamma", Value::Float(self.gamma)),
            ("kernel", Value::Text(kernel.to_string())),
            ("seed", Value::Integer(self.seed)),
            ("tolerance", Value::Float(self.tolerance)),
        ]
    }
}

/// Learns from rows of two classes at least; `labels` are their numbers.
///
/// # Errors
/// [`Kind::DataRefused`] where a distance between rows leaves the range of an f64.
pub(super) fn fit(
    parameters: &SvmParameters,
    examples: &Examples<'_>,
    labels: &[u32],
) -> Result<(SvmModel, Vec<Warning>)> {
    let matrix = examples.matrix;
    check_range(matrix)?;
    let kernel = Kernel {
        kind: parameters.kernel,
        gamma: match parameters.gamma == 0.0 {
            true => scale(matrix),
            false => parameters.gamma,
        },
    };
    let weights = examples.row_weights();
    let classes: BTreeSet<u32> = labels.iter().copied().collect();
    let classes: Vec<u32> = classes.into_iter().collect();
    let (mut machines, mut most, mut converged) = (Vec::new(), 0, true);
    for (first, second) in pairs(classes.len()) {
        let both = [classes[first], classes[second]];
        let rows = labels.iter().enumerate();
        let rows = rows.filter(|(_, label)| both.contains(*label));
        let (rows, later): (Vec<usize>, Vec<bool>) =
            rows.map(|(row, label)| (row, *label == both[1])).unzip();
        let bounds = rows.iter().map(|row| parameters.c * weights[*row]);
        let pair = Pair {
            kernel,
            tolerance: parameters.tolerance,
            matrix,
            bounds: bounds.collect(),
            rows,
            later,
        };
        let (machine, done) = pair.learn(parameters.seed);
        machines.push(machine);
        most = pair.rows.len().max(most);
        converged &= done;
    }
    let output = examples.target.output();
    let model = SvmModel::new(kernel, matrix, classes, machines, output);
    Ok((model, warnings(most, converged)))
}

/// 1 / (columns · variance of all numbers), as scikit-learn's "scale".
fn scale(matrix: &Matrix) -> f64 {
    let values = matrix.values();
    let count = values.len() as f64;
    let mean = values.iter().fold(0.0, |sum, value| sum + value / count);
    let variance = values
        .iter()
        .fold(0.0, |sum, value| sum + (value - mean) * (value - mean))
        / count;
    match variance.is_normal() {
        true => 1.0 / (matrix.columns() as f64 * variance),
        false => 1.0,
    }
}

fn check_range(matrix: &Matrix) -> Result<()> {
    let all = matrix.values().iter();
    let largest = all.fold(0.0_f64, |most, value| most.max(value.abs()));
    let far = 4.0 * largest * largest * matrix.values().len() as f64;
    if far.is_finite() {
        return Ok(());
    }
    Err(Error::new(
        Kind::DataRefused,
        "a distance between rows leaves the range of an f64",
    )
    .help("bring columns with huge numbers to another unit, or set `numeric = \"standardize\"` under [preprocess]"))
}

fn warnings(rows: usize, converged: bool) -> Vec<Warning> {
    let slow = (rows > MANY_ROWS).then(|| {
        Warning::new(format!(
            "The support vector machine held {rows} train rows against each other, which takes long; \
             `logistic_regression` and trees do not."
        ))
    });
    let early = (!converged).then(|| {
        Warning::new(
            "The support vector machine had not converged; `numeric = \"standardize\"`, a smaller `c` or a \
             larger `tolerance` makes it easier.",
        )
    });
    slow.into_iter().chain(early).collect()
}
