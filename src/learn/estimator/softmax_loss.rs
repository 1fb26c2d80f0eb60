//! The logistic loss of several classes, `Σ weight · (log Σ e^η − η of the row's class)`, and its
//! derivatives.
//!
//! The coefficients stand class after class. Raising all intercepts by the same changes no
//! probability; so that there is one minimum, half the square of their sum is added. It is 0 where the
//! loss is smallest, and leaves the probabilities as they are.

use rayon::prelude::*;

use super::conjugate::{Products, Slope};
use super::design::{Block, Design};
use super::newton::{Derivatives, Loss};
use super::vectors::{add_times, dot};
use crate::math;

pub(super) struct SoftmaxLoss<'a> {
    design: Design<'a>,
    labels: &'a [u32],
    classes: usize,
    /// What half the square of the sum of the intercepts counts: as much as a row of the Hessian.
    anchor: f64,
}

impl<'a> SoftmaxLoss<'a> {
    pub fn new(design: Design<'a>, labels: &'a [u32], classes: usize) -> Self {
        let anchor = design.total_weight() / (classes * classes) as f64;
        Self {
            design,
            labels,
            classes,
            anchor,
        }
    }

    /// How many coefficients there are.
    fn coefficients(&self) -> usize {
        self.classes * self.design.width
    }

    fn intercepts(&self) -> impl Iterator<Item = usize> + use<'_> {
        (1..=self.classes).map(|class| class * self.design.width - 1)
    }

    fn sum_of_intercepts(&self, coefficients: &[f64]) -> f64 {
        self.intercepts()
            .fold(0.0, |sum, at| sum + coefficients[at])
    }

    /// η of each class.
    fn scores(&self, row: &[f64], coefficients: &[f64], scores: &mut [f64]) {
        let classes = coefficients.chunks_exact(self.design.width);
        for (score, coefficients) in scores.iter_mut().zip(classes) {
            *score = dot(row, coefficients);
        }
    }

    fn block_value(&self, block: &Block<'_, u32>, coefficients: &[f64]) -> f64 {
        let mut scores = vec![0.0; self.classes];
        let rows = block.rows(self.design.width);
        rows.fold(0.0, |sum, (row, weight, label)| {
            self.scores(row, coefficients, &mut scores);
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let all = scores
                .iter()
                .fold(0.0, |sum, score| sum + math::exp(score - largest));
            sum + weight * (math::ln(all) + (largest - scores[*label as usize]))
        })
    }

    /// Of the Hessian, of each pair of classes, the lower triangle alone.
    fn block_derivatives(&self, block: &Block<'_, u32>, coefficients: &[f64]) -> Derivatives {
        let width = self.design.width;
        let all = self.classes * width;
        let mut sums = Derivatives::zero(all);
        let mut shares = vec![0.0; self.classes];
        for (row, weight, label) in block.rows(width) {
            self.scores(row, coefficients, &mut shares);
            math::softmax(&mut shares);
            for class in 0..self.classes {
                let is_class = f64::from(u8::from(class == *label as usize));
                let residual = weight * (shares[class] - is_class);
                let gradient = &mut sums.gradient[class * width..(class + 1) * width];
                add_times(gradient, row, residual);
                for other in 0..=class {
                    let same = f64::from(u8::from(class == other));
                    let curvature = weight * (shares[class] * (same - shares[other]));
                    let at = class * width * all + other * width;
                    add_square(&mut sums.hessian[at..], all, row, curvature);
                }
            }
        }
        sums
    }
}

impl Products for SoftmaxLoss<'_> {
    fn slope(&self, coefficients: &[f64]) -> Slope {
        let (width, all) = (self.design.width, self.coefficients());
        let blocks: Vec<[Vec<f64>; 2]> = self
            .design
            .blocks(self.labels, 2 * all)
            .map(|block| {
                let [mut gradient, mut diagonal] = [vec![0.0; all], vec![0.0; all]];
                let mut shares = vec![0.0; self.classes];
                for (row, weight, label) in block.rows(width) {
                    self.scores(row, coefficients, &mut shares);
                    math::softmax(&mut shares);
                    for (class, share) in shares.iter().enumerate() {
                        let is_class = f64::from(u8::from(class == *label as usize));
                        let curvature = weight * (share * (1.0 - share));
                        let at = class * width..(class + 1) * width;
                        add_times(&mut gradient[at.clone()], row, weight * (share - is_class));
                        for (cell, value) in diagonal[at].iter_mut().zip(row) {
                            *cell += curvature * value * value;
                        }
                    }
                }
                [gradient, diagonal]
            })
            .collect();
        let [mut gradient, mut diagonal] = [vec![0.0; all], vec![0.0; all]];
        for [of_block, squares] in &blocks {
            add_times(&mut gradient, of_block, 1.0);
            add_times(&mut diagonal, squares, 1.0);
        }
        let sum = self.sum_of_intercepts(coefficients);
        for at in self.intercepts() {
            gradient[at] += self.anchor * sum;
            diagonal[at] += self.anchor;
        }
        Slope { gradient, diagonal }
    }

    fn product(&self, coefficients: &[f64], direction: &[f64]) -> Vec<f64> {
        let (width, all) = (self.design.width, self.coefficients());
        let blocks: Vec<Vec<f64>> = self
            .design
            .blocks(self.labels, all)
            .map(|block| {
                let mut product = vec![0.0; all];
                let mut shares = vec![0.0; self.classes];
                let mut moves = vec![0.0; self.classes];
                for (row, weight, _) in block.rows(width) {
                    self.scores(row, coefficients, &mut shares);
                    math::softmax(&mut shares);
                    self.scores(row, direction, &mut moves);
                    let mean = dot(&shares, &moves);
                    for (class, cells) in product.chunks_exact_mut(width).enumerate() {
                        add_times(cells, row, weight * (shares[class] * (moves[class] - mean)));
                    }
                }
                product
            })
            .collect();
        let mut product = vec![0.0; all];
        for block in &blocks {
            add_times(&mut product, block, 1.0);
        }
        let sum = self.sum_of_intercepts(direction);
        for at in self.intercepts() {
            product[at] += self.anchor * sum;
        }
        product
    }
}

/// Adds `by` times the square of a row to the lower triangle of a part of a matrix with `all` columns.
fn add_square(part: &mut [f64], all: usize, row: &[f64], by: f64) {
    for (i, &value) in row.iter().enumerate() {
        // One-hot columns are mostly zeros.
        if value != 0.0 {
            let line = &mut part[i * all..i * all + i + 1];
            for (cell, other) in line.iter_mut().zip(row) {
                *cell += by * value * other;
            }
        }
    }
}

impl Loss for SoftmaxLoss<'_> {
    fn value(&self, coefficients: &[f64]) -> f64 {
        let blocks: Vec<f64> = self
            .design
            .blocks(self.labels, self.classes)
            .map(|block| self.block_value(&block, coefficients))
            .collect();
        let sum = self.sum_of_intercepts(coefficients);
        blocks.iter().fold(0.0, |sum, block| sum + block) + self.anchor * sum * sum / 2.0
    }

    fn derivatives(&self, coefficients: &[f64]) -> Derivatives {
        let (width, all) = (self.design.width, coefficients.len());
        let blocks: Vec<Derivatives> = self
            .design
            .blocks(self.labels, all * all)
            .map(|block| self.block_derivatives(&block, coefficients))
            .collect();
        let mut total = Derivatives::sum(all, &blocks);
        // Two classes have the same curvature in columns i and j as in j and i.
        for row in 0..all {
            let (class, i) = (row / width, row % width);
            for other in 0..class {
                for j in i + 1..width {
                    let mirrored = (class * width + j) * all + other * width + i;
                    total.hessian[row * all + other * width + j] = total.hessian[mirrored];
                }
            }
        }
        let sum = self.sum_of_intercepts(coefficients);
        for row in self.intercepts() {
            total.gradient[row] += self.anchor * sum;
            for column in self.intercepts() {
                total.hessian[row * all + column] += self.anchor;
            }
        }
        total
    }
}
