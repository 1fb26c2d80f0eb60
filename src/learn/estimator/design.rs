//! The train rows of a logistic regression as its search sees them.

use rayon::prelude::*;

use super::moments::Moments;
use crate::learn::Matrix;

/// Fewest rows a thread takes at a time.
const ROWS_PER_BLOCK: usize = 1024;
/// Numbers that the sums of all blocks may take together.
const CELLS: usize = 1 << 22;

/// Rows of `width` numbers, the last of each row being 1, for the intercept; and how much each counts.
pub(super) struct Design<'a> {
    pub width: usize,
    values: Vec<f64>,
    weights: &'a [f64],
}

/// A column is searched as `(x − centre) / scale`.
pub(super) struct Rescaling {
    pub centre: f64,
    pub scale: f64,
}

impl Rescaling {
    /// Centring makes zeros dense, so it is kept for columns far from zero, where it is needed.
    pub fn of(moments: &Moments) -> Self {
        let Moments { mean, deviation } = *moments;
        if deviation == 0.0 {
            return Self {
                centre: mean,
                scale: 1.0,
            };
        }
        if !deviation.is_normal() {
            return Self {
                centre: 0.0,
                scale: 1.0,
            };
        }
        let centre = if mean.abs() > deviation { mean } else { 0.0 };
        Self {
            centre,
            scale: deviation,
        }
    }

    fn apply(&self, value: f64) -> f64 {
        (value - self.centre) / self.scale
    }
}

/// Some rows of a design with what they say.
pub(super) struct Block<'a, L> {
    pub values: &'a [f64],
    pub weights: &'a [f64],
    pub labels: &'a [L],
}

impl<'a> Design<'a> {
    pub fn new(matrix: &Matrix, rescalings: &[Rescaling], weights: &'a [f64]) -> Self {
        let mut values = Vec::with_capacity(matrix.rows() * (matrix.columns() + 1));
        for row in 0..matrix.rows() {
            let row = matrix.row(row).iter().zip(rescalings);
            values.extend(row.map(|(value, rescaling)| rescaling.apply(*value)));
            values.push(1.0);
        }
        Self {
            width: matrix.columns() + 1,
            values,
            weights,
        }
    }

    pub fn total_weight(&self) -> f64 {
        self.weights.iter().fold(0.0, |sum, weight| sum + weight)
    }

    /// The rows in blocks, for sums of so many `cells` each. Their size depends on the shape of the data
    /// alone.
    pub fn blocks<'b, L: Sync>(
        &'b self,
        labels: &'b [L],
        cells: usize,
    ) -> impl IndexedParallelIterator<Item = Block<'b, L>> {
        let most_blocks = (CELLS / cells).max(1);
        let rows = ROWS_PER_BLOCK.max(labels.len().div_ceil(most_blocks));
        self.values
            .par_chunks(rows * self.width)
            .zip(self.weights.par_chunks(rows))
            .zip(labels.par_chunks(rows))
            .map(|((values, weights), labels)| Block {
                values,
                weights,
                labels,
            })
    }
}

impl<L> Block<'_, L> {
    /// Each row with its weight and its label.
    pub fn rows(&self, width: usize) -> impl Iterator<Item = (&[f64], f64, &L)> {
        let rows = self.values.chunks_exact(width);
        let rows = rows.zip(self.weights).zip(self.labels);
        rows.map(|((row, weight), label)| (row, *weight, label))
    }
}
