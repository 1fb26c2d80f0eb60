//! Linear regression: ordinary least squares, and ridge, which adds
//!
//! > alpha · Σ coefficient²
//!
//! to the sum of squares. The intercept is free. That is scikit-learn's `LinearRegression()` and
//! `Ridge(alpha)`. Where columns explain each other, as the dummies of a category do, many coefficients
//! fit as well; those with the smallest sum of squares are taken, as scikit-learn does.

use serde::{Deserialize, Serialize};

use super::least_squares;
use super::linear::LinearModel;
use super::parameters::float;
use super::standardized::Standardized;
use crate::definition::{Model, Value};
use crate::error::Result;
use crate::learn::{Examples, exact};

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RidgeParameters {
    #[serde(with = "exact")]
    pub alpha: f64,
}

impl RidgeParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        Ok(Self {
            alpha: float(model, "alpha")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        vec![("alpha", Value::Float(self.alpha))]
    }
}

/// An `alpha` of 0 is ordinary least squares.
///
/// # Errors
/// [`crate::error::Kind::DataRefused`] where squares leave the range of an f64.
pub(super) fn fit(alpha: f64, examples: &Examples<'_>, numbers: &[f64]) -> Result<LinearModel> {
    let data = Standardized::of(examples, numbers, examples.row_weights())?;
    data.model(&least_squares::solve(&data, alpha))
}
