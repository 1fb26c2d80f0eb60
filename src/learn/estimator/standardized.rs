//! The train rows of a linear regression, brought to where arithmetic is easy.
//!
//! Each column and the target are centred on their weighted mean and divided by their deviation, so
//! that units do not disturb, and the intercept is found apart from the coefficients. Each row is
//! multiplied by the root of its weight: a plain sum of squares is then the weighted one.

use std::borrow::Cow;
use std::ops::Range;

use super::linear::{LinearFunction, LinearModel};
use super::moments::Moments;
use crate::error::{Error, Kind, Result};
use crate::learn::{Examples, Matrix};

pub(super) struct Standardized<'a> {
    matrix: &'a Matrix,
    numbers: &'a [f64],
    roots: Cow<'a, [f64]>,
    columns: Vec<Moments>,
    target: Moments,
}

impl<'a> Standardized<'a> {
    /// `weights` has one entry for each row.
    ///
    /// # Errors
    /// [`Kind::DataRefused`] where the squares of a column or of the target leave the range of an f64.
    pub fn of(
        examples: &Examples<'a>,
        numbers: &'a [f64],
        weights: Cow<'a, [f64]>,
    ) -> Result<Self> {
        let columns = Moments::of_columns(examples.matrix, &weights);
        let target = Moments::of(|| numbers.iter().copied(), &weights);
        let all = columns.iter().chain([&target]);
        if !all.into_iter().all(|moments| moments.deviation.is_finite()) {
            return Err(out_of_range());
        }
        let roots = match examples.weights {
            None => weights,
            Some(_) => weights.iter().map(|weight| weight.sqrt()).collect(),
        };
        Ok(Self {
            matrix: examples.matrix,
            numbers,
            roots,
            columns,
            target,
        })
    }

    pub fn rows(&self) -> usize {
        self.matrix.rows()
    }

    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// What a column was divided by.
    pub fn scale(&self, column: usize) -> f64 {
        scale(&self.columns[column])
    }

    pub fn target_scale(&self) -> f64 {
        scale(&self.target)
    }

    /// Some rows of a column.
    pub fn column(&self, column: usize, rows: Range<usize>) -> Vec<f64> {
        let (moments, scale) = (self.columns[column], self.scale(column));
        rows.map(|row| {
            let value = self.matrix.row(row)[column];
            self.roots[row] * ((value - moments.mean) / scale)
        })
        .collect()
    }

    /// Some rows of the target.
    pub fn target(&self, rows: Range<usize>) -> Vec<f64> {
        let (mean, scale) = (self.target.mean, self.target_scale());
        rows.map(|row| self.roots[row] * ((self.numbers[row] - mean) / scale))
            .collect()
    }

    /// The model on the columns as they are, of coefficients on what stands here.
    ///
    /// # Errors
    /// [`Kind::DataRefused`] where a number of it leaves the range of an f64.
    pub fn model(&self, coefficients: &[f64]) -> Result<LinearModel> {
        let mut intercept = self.target.mean;
        let mut on_columns = Vec::with_capacity(coefficients.len());
        for (coefficient, moments) in coefficients.iter().zip(&self.columns) {
            let coefficient = coefficient * self.target_scale() / scale(moments);
            intercept -= coefficient * moments.mean;
            on_columns.push(coefficient);
        }
        if !on_columns.iter().chain([&intercept]).all(|x| x.is_finite()) {
            return Err(out_of_range());
        }
        let function = LinearFunction {
            intercept,
            coefficients: on_columns,
        };
        Ok(LinearModel {
            functions: vec![function],
            means: Some(self.columns.iter().map(|column| column.mean).collect()),
        })
    }
}

/// Columns of equal rows, and those whose rows differ by next to nothing, are centred alone.
fn scale(moments: &Moments) -> f64 {
    match moments.deviation.is_normal() {
        true => moments.deviation,
        false => 1.0,
    }
}

fn out_of_range() -> Error {
    let message = "the squares of a feature or of the label leave the range of an f64";
    Error::new(Kind::DataRefused, message).help(
        "bring columns with huge numbers to another unit, or set `numeric = \"standardize\"` under [preprocess]",
    )
}
