//! What is minimized: where rows start, the derivatives of the loss where they are, and the loss.
//!
//! Scores stand output by output, in each of them row by row. Two classes and numbers have one
//! output, more classes one each.

use rayon::prelude::*;

use super::histogram::{Gradient, ONE};
use crate::learn::{Examples, Target};
use crate::math;

/// Rows that one task derives or sums up.
pub(super) const ROWS_PER_TASK: usize = 1 << 14;

/// A class that no train row has starts as if it had this share.
const LEAST_SHARE: f64 = 1e-15;

/// A row further from its number than this, as a multiple of the farthest one's distance from the
/// mean, pulls no harder. Sums of 2¹⁶ derivatives stay whole numbers of 46 bits.
const FARTHEST: f64 = 4.0 - 1.0 / ONE;

/// The logistic loss of two classes, the softmax loss of more, half the square of a number's error.
pub(super) struct Loss<'a> {
    target: Target<'a>,
    weights: Option<&'a [f64]>,
    /// Weights are in this unit, a power of two: none is above 1 in it.
    pub weight_unit: f64,
    /// So are distances of numbers from their mean. 1 where there are classes.
    pub score_unit: f64,
}

impl<'a> Loss<'a> {
    /// Of the examples, learnt from on these of their rows.
    pub(super) fn new(examples: &Examples<'a>, rows: &[u32]) -> Self {
        let mut loss = Self {
            target: examples.target,
            weights: examples.weights,
            weight_unit: 1.0,
            score_unit: 1.0,
        };
        if let Some(weights) = examples.weights {
            loss.weight_unit = unit_of(weights.iter().copied());
        }
        if let Target::Regression(numbers) = examples.target {
            let mean = loss.base(rows)[0];
            loss.score_unit = unit_of(numbers.iter().map(|number| (number - mean).abs()));
        }
        loss
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.target.rows()
    }

    /// In its unit.
    fn weight(&self, row: usize) -> f64 {
        self.weights
            .map_or(1.0, |weights| weights[row] / self.weight_unit)
    }

    /// The scores that rows start from: of those that all rows could share, the ones of least loss.
    pub(super) fn base(&self, rows: &[u32]) -> Vec<f64> {
        let sum = |of: &dyn Fn(usize) -> f64| {
            let terms = rows.iter().map(|row| of(*row as usize));
            terms.fold(0.0, |sum, term| sum + term)
        };
        let all = sum(&|row| self.weight(row));
        let share = |is: &dyn Fn(usize) -> bool| sum(&|row| self.weight(row) * f64::from(is(row)));
        match self.target {
            Target::Binary(labels) => {
                let (positive, negative) = (share(&|row| labels[row]), share(&|row| !labels[row]));
                vec![math::ln(positive / negative)]
            }
            Target::Multiclass { classes, rows } => (0..classes)
                .map(|class| share(&|row| rows[row] as usize == class) / all)
                .map(|share| math::ln(share.max(LEAST_SHARE)))
                .collect(),
            Target::Regression(numbers) => {
                vec![sum(&|row| self.weight(row) * numbers[row]) / all]
            }
        }
    }

    /// The derivatives of every row's loss by its scores.
    pub(super) fn derive(&self, scores: &[Vec<f64>], gradients: &mut [Vec<Gradient>]) {
        let softmaxes: Vec<Softmax> = match self.target {
            Target::Multiclass { rows, .. } => (0..rows.len())
                .into_par_iter()
                .with_min_len(ROWS_PER_TASK)
                .map(|row| Softmax::of(row, scores))
                .collect(),
            Target::Binary(_) | Target::Regression(_) => Vec::new(),
        };
        for (output, gradients) in gradients.iter_mut().enumerate() {
            let tasks = gradients.par_chunks_mut(ROWS_PER_TASK).enumerate();
            tasks.for_each(|(task, gradients)| {
                for (row, place) in (task * ROWS_PER_TASK..).zip(gradients) {
                    let score = scores[output][row];
                    *place = self.gradient(output, row, score, softmaxes.get(row));
                }
            });
        }
    }

    fn gradient(
        &self,
        output: usize,
        row: usize,
        score: f64,
        softmax: Option<&Softmax>,
    ) -> Gradient {
        match self.target {
            Target::Binary(labels) => {
                of_probability(math::sigmoid(score), labels[row], self.weight(row))
            }
            Target::Multiclass { rows, .. } => {
                let probability = softmax.map_or(0.0, |softmax| softmax.share(score));
                of_probability(probability, rows[row] as usize == output, self.weight(row))
            }
            Target::Regression(numbers) => {
                let error = (score - numbers[row]) / self.score_unit;
                let error = error.clamp(-FARTHEST, FARTHEST) * self.weight(row);
                Gradient {
                    first: (error * ONE).round_ties_even() as i32,
                    second: whole(self.weight(row)),
                }
            }
        }
    }

    /// The mean loss of rows, in a unit of its own. They are summed up in pieces of one size, and those
    /// in their order.
    pub(super) fn mean(&self, rows: &[u32], scores: &[Vec<f64>]) -> f64 {
        let add = |(sum, weights): (f64, f64), row: &u32| {
            let row = *row as usize;
            let weight = self.weight(row);
            (sum + weight * self.of_row(row, scores), weights + weight)
        };
        let pieces: Vec<(f64, f64)> = rows
            .par_chunks(ROWS_PER_TASK)
            .map(|rows| rows.iter().fold((0.0, 0.0), add))
            .collect();
        let sums = pieces.iter().fold((0.0, 0.0), |sums, piece| {
            (sums.0 + piece.0, sums.1 + piece.1)
        });
        sums.0 / sums.1
    }

    fn of_row(&self, row: usize, scores: &[Vec<f64>]) -> f64 {
        match self.target {
            Target::Binary(labels) => {
                let score = scores[0][row];
                let against = if labels[row] { -score } else { score };
                against.max(0.0) + math::ln_1p(math::exp(-against.abs()))
            }
            Target::Multiclass { rows, .. } => {
                let Softmax { most, sum } = Softmax::of(row, scores);
                most + math::ln(sum) - scores[rows[row] as usize][row]
            }
            Target::Regression(numbers) => {
                let error = (scores[0][row] - numbers[row]) / self.score_unit;
                error * error
            }
        }
    }
}

/// What turns the scores of a row into shares.
struct Softmax {
    /// The highest score.
    most: f64,
    /// Of the exponentials of how far each score is from it.
    sum: f64,
}

impl Softmax {
    fn of(row: usize, scores: &[Vec<f64>]) -> Self {
        let of_row = || scores.iter().map(|scores| scores[row]);
        let most = of_row().fold(f64::NEG_INFINITY, f64::max);
        let sum = of_row().fold(0.0, |sum, score| sum + math::exp(score - most));
        Self { most, sum }
    }

    fn share(&self, score: f64) -> f64 {
        math::exp(score - self.most) / self.sum
    }
}

/// Of a class that a row has or has not, with a weight of at most 1.
pub(super) fn of_probability(probability: f64, label: bool, weight: f64) -> Gradient {
    let error = probability - if label { 1.0 } else { 0.0 };
    Gradient {
        first: whole(error * weight),
        second: whole(probability * (1.0 - probability) * weight),
    }
}

/// A number from −1 to 1 in units of 2⁻²⁸. It is made positive, so that cutting off the fraction rounds
/// to the nearest.
fn whole(number: f64) -> i32 {
    ((number + 1.0) * ONE + 0.5) as i32 - ONE as i32
}

/// The least power of two that none of the numbers is above; 1 where all are 0.
fn unit_of(numbers: impl Iterator<Item = f64>) -> f64 {
    let most = numbers.fold(0.0, f64::max);
    if most == 0.0 {
        return 1.0;
    }
    // The power of two below, if that is a normal number.
    let below = f64::from_bits(most.to_bits() & !((1 << 52) - 1)).max(f64::MIN_POSITIVE);
    if below < most { 2.0 * below } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_the_next_power_of_two() {
        for (most, unit) in [
            (0.0, 1.0),
            (1.0, 1.0),
            (1.5, 2.0),
            (0.3, 0.5),
            (1e-320, f64::MIN_POSITIVE),
            (1e150, f64::from_bits(1522 << 52)),
        ] {
            assert_eq!(unit_of([0.0, most].into_iter()), unit, "{most}");
        }
    }
}
