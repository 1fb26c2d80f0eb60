//! Two classes: the machine that divides their rows, with the sigmoid that makes its values probabilities.
//!
//! The sigmoid is fitted on values of rows that the machine was not learnt from: rows are dealt into five
//! folds by the seed, each class alone, and each fold is decided by a machine of the other four.

use super::kernel::{Kernel, Similarities};
use super::model::{Machine, ROWS_PER_BLOCK};
use super::smo::Dual;
use crate::hash::ContentHasher;
use crate::learn::Matrix;
use crate::learn::blocks::for_each_block;
use crate::learn::platt::Sigmoid;
use crate::learn::random::Random;

const FOLDS: usize = 5;
/// Steps at most, as libsvm.
const STEPS: u64 = 10_000_000;

/// The rows of two classes, and what is asked of their machine.
pub(super) struct Pair<'a> {
    pub kernel: Kernel,
    pub tolerance: f64,
    pub matrix: &'a Matrix,
    /// Those of the matrix, rising.
    pub rows: Vec<usize>,
    /// Whether each of the rows is of the later class, which is the positive one.
    pub later: Vec<bool>,
    /// What the multiplier of each of the rows may be at most.
    pub bounds: Vec<f64>,
}

impl Pair<'_> {
    /// The machine; and whether every search came to an end.
    pub fn learn(&self, seed: i64) -> (Machine, bool) {
        let folds = folds(&self.later, seed);
        let mut values = vec![0.0; self.rows.len()];
        let mut converged = true;
        for fold in 0..FOLDS {
            let (held, others): (Vec<usize>, Vec<usize>) =
                (0..self.rows.len()).partition(|at| folds[*at] == fold);
            // Two rows are one fold, which nothing decides.
            if held.is_empty() || others.is_empty() {
                continue;
            }
            let (machine, done) = self.machine(&others);
            converged &= done;
            let mut decided = vec![0.0; held.len()];
            for_each_block(&mut decided, ROWS_PER_BLOCK, |block, decided| {
                for (offset, value) in decided.iter_mut().enumerate() {
                    let at = held[block * ROWS_PER_BLOCK + offset];
                    *value = self.decide(&machine, self.rows[at]);
                }
            });
            for (at, value) in held.into_iter().zip(decided) {
                values[at] = value;
            }
        }
        let (machine, done) = self.machine(&(0..self.rows.len()).collect::<Vec<_>>());
        let machine = Machine {
            sigmoid: Sigmoid::fit(&values, &self.later),
            ..machine
        };
        (machine, converged && done)
    }

    /// A machine of some of the rows, by their places, without a sigmoid yet; and whether its search came
    /// to an end.
    fn machine(&self, places: &[usize]) -> (Machine, bool) {
        let rows: Vec<usize> = places.iter().map(|at| self.rows[*at]).collect();
        let matrix = self.matrix.select_rows(&rows);
        let signs = places
            .iter()
            .map(|at| if self.later[*at] { 1.0 } else { -1.0 });
        let signs: Vec<f64> = signs.collect();
        let dual = Dual {
            similarities: Similarities::new(self.kernel, &matrix),
            signs: &signs,
            bounds: places.iter().map(|at| self.bounds[*at]).collect(),
        };
        let solution = dual.solve(self.tolerance, STEPS.max(100 * rows.len() as u64));
        let carrying = || (0..rows.len()).filter(|at| solution.multipliers[*at] > 0.0);
        let machine = Machine {
            vectors: carrying().map(|at| rows[at]).collect(),
            coefficients: carrying()
                .map(|at| signs[at] * solution.multipliers[at])
                .collect(),
            intercept: solution.intercept,
            sigmoid: Sigmoid {
                slope: -1.0,
                offset: 0.0,
            },
        };
        (machine, solution.converged)
    }

    /// What a machine of this pair says of a row of the matrix.
    fn decide(&self, machine: &Machine, row: usize) -> f64 {
        let row = self.matrix.row(row);
        machine.decide(|vector| self.kernel.of(self.matrix.row(vector), row))
    }
}

/// The fold of each row: the rows of a class in random order, dealt in turn.
fn folds(labels: &[bool], seed: i64) -> Vec<usize> {
    let mut hasher = ContentHasher::new("streamflow svm 1");
    hasher.integer(seed);
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    let mut random = Random::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    let mut folds = vec![0; labels.len()];
    for class in [false, true] {
        let rows = labels.iter().enumerate();
        let rows = rows.filter(|(_, label)| **label == class);
        let mut rows: Vec<usize> = rows.map(|(row, _)| row).collect();
        for at in (1..rows.len()).rev() {
            rows.swap(at, random.below(at + 1));
        }
        for (at, row) in rows.into_iter().enumerate() {
            folds[row] = at % FOLDS;
        }
    }
    folds
}

#[cfg(test)]
mod tests {
    use super::super::kernel::KernelKind;
    use super::*;
    use crate::learn::testing;

    /// At the minimum, rows between the ends lie on the margin, rows without a multiplier outside it, and
    /// rows at their bound inside.
    #[test]
    fn multipliers_and_margins_belong_together() {
        let (matrix, labels) = testing::classification(200, 4, 3);
        let signs: Vec<f64> = labels.iter().map(|l| if *l { 1.0 } else { -1.0 }).collect();
        let bounds: Vec<f64> = (0..200).map(|row| 1.0 + f64::from(row % 3)).collect();
        for (kind, gamma) in [(KernelKind::Rbf, 0.05), (KernelKind::Linear, 1.0)] {
            let kernel = Kernel { kind, gamma };
            let dual = Dual {
                similarities: Similarities::new(kernel, &matrix),
                signs: &signs,
                bounds: bounds.clone(),
            };
            let multipliers = dual.solve(1e-10, STEPS).multipliers;
            let pair = Pair {
                kernel,
                tolerance: 1e-10,
                matrix: &matrix,
                rows: (0..200).collect(),
                later: labels.clone(),
                bounds: bounds.clone(),
            };
            let (machine, converged) = pair.machine(&(0..200).collect::<Vec<_>>());
            assert!(converged);
            let sum: f64 = machine.coefficients.iter().sum();
            assert!(sum.abs() < 1e-9, "{sum}");
            let mut free = 0;
            for row in 0..200 {
                let decision = pair.decide(&machine, row);
                let margin = signs[row] * decision - 1.0;
                match multipliers[row] {
                    0.0 => assert!(margin > -1e-9, "{margin}"),
                    most if most == bounds[row] => assert!(margin < 1e-9, "{margin}"),
                    _ => {
                        assert!(margin.abs() < 1e-9, "{margin}");
                        free += 1;
                    }
                }
            }
            assert!(free > 0);
        }
    }
}
