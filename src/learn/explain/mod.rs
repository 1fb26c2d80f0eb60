//! What each feature contributes to a prediction: Shapley values, exactly.
//!
//! A prediction is taken apart into a base, what the model says of the train rows on average, and
//! one contribution for each feature; they add up to what the model says of the row. Trees are
//! taken apart by path-dependent TreeSHAP, linear sums by coefficient · (x − mean). Matrix
//! columns are what is explained first; a feature's contribution is the sum over its columns, which
//! Shapley values allow.
//!
//! Columns and trees are summed up in their order, so that one row alone and one among thousands
//! have the same bits.

mod linear;
mod of_model;
mod quadrature;
mod shapley;
mod tree;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Matrix;

use linear::LinearSums;
use shapley::{Rules, Scratch, add_tree};
use tree::CoveredTree;

/// Rows that go through one tree after the other: the tree stays in the processor's cache.
const ROWS_PER_BLOCK: usize = 16;

/// What base and contributions add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The probability itself.
    Probability,
    /// Its log-odds: the probability is 1 / (1 + e^−sum). Of several classes, their scores before
    /// they are made probabilities.
    LogOdds,
    /// The number that is predicted.
    Number,
}

/// A prediction taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub scale: Scale,
    /// What the model says of the train rows on average, on the scale.
    pub base: f64,
    /// What each comes to above or below it, in the order of the model.
    pub contributions: Vec<f64>,
}

/// A model made ready to be taken apart, in terms of matrix columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Explainer {
    scale: Scale,
    columns: usize,
    sum: Sum,
}

/// What a model sums up.
#[derive(Debug, Clone, PartialEq)]
enum Sum {
    Trees(Trees),
    Linear(LinearSums),
    /// Nothing: the same is said of each row.
    Constant(Vec<f64>),
}

#[derive(Debug, Clone, PartialEq)]
struct Trees {
    trees: Vec<CoveredTree>,
    rules: Rules,
    /// For each output, on the scale.
    bases: Vec<f64>,
    /// What the sum of the trees is divided by.
    divisor: f64,
}

impl Explainer {
    /// The sum of trees by `divisor`, and of `offsets`, one for each output.
    fn trees(
        scale: Scale,
        columns: usize,
        trees: Vec<CoveredTree>,
        offsets: &[f64],
        divisor: f64,
    ) -> Self {
        let longest = trees.iter().map(|tree| tree.columns_on_a_way).max();
        let base = |(output, offset): (usize, &f64)| {
            let means = trees.iter().map(|tree| tree.means[output]);
            offset + means.fold(0.0, |sum, mean| sum + mean) / divisor
        };
        let bases = offsets.iter().enumerate().map(base).collect();
        let rules = Rules::new(longest.unwrap_or(0));
        let sum = Sum::Trees(Trees {
            trees,
            rules,
            bases,
            divisor,
        });
        Self {
            scale,
            columns,
            sum,
        }
    }

    fn linear(scale: Scale, sums: LinearSums) -> Self {
        Self {
            scale,
            columns: sums.means.len(),
            sum: Sum::Linear(sums),
        }
    }

    /// A model that says the same of each row.
    fn constant(scale: Scale, columns: usize, answer: Vec<f64>) -> Self {
        Self {
            scale,
            columns,
            sum: Sum::Constant(answer),
        }
    }

    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Takes apart what is said of each row: of several outputs, the one whose number `outputs`
    /// has for the row. `by_feature` makes contributions of features of those of columns.
    ///
    /// # Panics
    /// When there are not as many outputs as rows: a mistake of the caller.
    fn explain(
        &self,
        matrix: &Matrix,
        outputs: &[usize],
        by_feature: impl Fn(&[f64]) -> Vec<f64> + Sync,
    ) -> Vec<Explanation> {
        assert_eq!(matrix.rows(), outputs.len());
        let block = |(block, outputs): (usize, &[usize])| {
            let first = block * ROWS_PER_BLOCK;
            let columns = self.of_columns(matrix, first, outputs);
            let explanation = |(at, output): (usize, &usize)| Explanation {
                scale: self.scale,
                base: self.base(*output),
                contributions: by_feature(&columns[at * self.columns..][..self.columns]),
            };
            let explained = outputs.iter().enumerate().map(explanation);
            explained.collect::<Vec<_>>()
        };
        // A single request should not wait for a thread pool.
        if outputs.len() <= ROWS_PER_BLOCK {
            return block((0, outputs));
        }
        let blocks = outputs.par_chunks(ROWS_PER_BLOCK).enumerate();
        let explained: Vec<Vec<Explanation>> = blocks.map(block).collect();
        explained.into_iter().flatten().collect()
    }

    fn base(&self, output: usize) -> f64 {
        match &self.sum {
            Sum::Trees(trees) => trees.bases[output],
            Sum::Linear(sums) => sums.base(output),
            Sum::Constant(answer) => answer[output],
        }
    }

    /// The contributions of the matrix columns, row after row from `first` on.
    fn of_columns(&self, matrix: &Matrix, first: usize, outputs: &[usize]) -> Vec<f64> {
        let mut sums = vec![0.0; outputs.len() * self.columns];
        if self.columns == 0 {
            return sums;
        }
        let rows = sums.chunks_exact_mut(self.columns).zip(outputs);
        let rows = rows.zip((first..).map(|row| matrix.row(row)));
        match &self.sum {
            Sum::Constant(_) => {}
            Sum::Linear(linear) => {
                rows.for_each(|((sums, output), row)| linear.explain(*output, row, sums));
            }
            Sum::Trees(trees) => {
                let mut rows: Vec<_> = rows.collect();
                let mut scratch = Scratch::default();
                for tree in &trees.trees {
                    for ((sums, output), row) in &mut rows {
                        add_tree(tree, **output, row, &trees.rules, &mut scratch, sums);
                    }
                }
                for sum in &mut sums {
                    *sum /= trees.divisor;
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests;
