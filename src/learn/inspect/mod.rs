//! Questions that are asked of a fitted model: what it leans on, how what it says moves with one
//! feature, which rows are alike.
//!
//! | module | |
//! |---|---|
//! | `permutation` | how much worse a model does when a feature's values change rows |
//! | `dependence` | the mean prediction when all rows have one value |
//! | `segment` | rows by the values of a feature |

mod dependence;
mod permutation;
mod segment;

use std::ops::Range;

use super::{Matrix, Model};

pub use dependence::{DependencePoint, Grid, GridValue};
pub use permutation::{PermutationImportance, Permutations};
pub use segment::{Segment, SegmentValues, segments};

/// One value of a feature.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureValue {
    /// As [`super::FeatureValues::Numeric`] has it.
    Number(f64),
    /// Strings, and bools as `true` and `false`.
    Category(String),
    Null,
}

/// Rows that are changed and scored at a time: what bounds the memory of a question.
const ROWS_PER_BLOCK: usize = 4096;

/// What a model says of each row when the matrix columns at `place` hold other numbers: those of
/// `cells`, which is told the number of the row.
fn predict_with<'a>(
    model: &Model,
    matrix: &Matrix,
    place: &Range<usize>,
    cells: impl Fn(usize) -> &'a [f64],
) -> Vec<f64> {
    if place.is_empty() {
        return model.scores(matrix);
    }
    let columns = matrix.columns();
    let mut scores = Vec::new();
    for first in (0..matrix.rows()).step_by(ROWS_PER_BLOCK) {
        let rows = first..(first + ROWS_PER_BLOCK).min(matrix.rows());
        let mut values = matrix.values()[rows.start * columns..rows.end * columns].to_vec();
        for (row, changed) in rows.clone().zip(values.chunks_exact_mut(columns)) {
            changed[place.clone()].copy_from_slice(cells(row));
        }
        scores.extend(model.scores(&Matrix::new(rows.len(), columns, values)));
    }
    scores
}

#[cfg(test)]
mod tests;
