//! The logistic loss of two classes, `Σ weight · (log(1 + e^η) − y·η)`, and its derivatives.

use rayon::prelude::*;

use super::design::{Block, Design};
use super::newton::{Derivatives, Loss};
use super::vectors::dot;
use crate::math;

pub(super) struct LogLoss<'a> {
    pub design: Design<'a>,
    pub labels: &'a [bool],
}

impl Loss for LogLoss<'_> {
    fn value(&self, coefficients: &[f64]) -> f64 {
        let width = self.design.width;
        let blocks: Vec<f64> = self
            .design
            .blocks(self.labels, width * width)
            .map(|block| {
                block.rows(width).fold(0.0, |sum, (row, weight, label)| {
                    let eta = dot(row, coefficients);
                    sum + weight * softplus(if *label { -eta } else { eta })
                })
            })
            .collect();
        blocks.iter().fold(0.0, |sum, block| sum + block)
    }

    fn derivatives(&self, coefficients: &[f64]) -> Derivatives {
        let width = self.design.width;
        let blocks: Vec<Derivatives> = self
            .design
            .blocks(self.labels, width * width)
            .map(|block| self.block_derivatives(&block, coefficients))
            .collect();
        Derivatives::sum(width, &blocks)
    }
}

impl LogLoss<'_> {
    fn block_derivatives(&self, block: &Block<'_, bool>, coefficients: &[f64]) -> Derivatives {
        let width = self.design.width;
        let mut sums = Derivatives::zero(width);
        for (row, weight, label) in block.rows(width) {
            let probability = math::sigmoid(dot(row, coefficients));
            let residual = weight * (probability - f64::from(u8::from(*label)));
            let curvature = weight * (probability * (1.0 - probability));
            for (i, &value) in row.iter().enumerate() {
                // One-hot columns are mostly zeros.
                if value != 0.0 {
                    sums.gradient[i] += residual * value;
                    let line = &mut sums.hessian[i * width..i * width + i + 1];
                    for (cell, other) in line.iter_mut().zip(row) {
                        *cell += curvature * value * other;
                    }
                }
            }
        }
        sums
    }
}

/// `log(1 + e^x)`, without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + math::ln_1p(math::exp(-x.abs()))
}
