//! Minimizes the penalized logistic loss by Newton's method.
//!
//! The loss, ½ Σ penalty·β² and Σ l1·|β| are convex; with positive penalties their sum has one minimum.
//! Newton's steps with halving reach it from anywhere, quadratically at the end. Losses sum up rows in
//! blocks: block sizes depend on the shape of the data alone, and block sums are added in block order.

use super::cholesky;
use super::vectors::add_times;

/// Halvings before a step is given up.
const HALVINGS: u32 = 40;

/// A convex function of the coefficients.
pub(super) trait Loss {
    fn value(&self, coefficients: &[f64]) -> f64;
    fn derivatives(&self, coefficients: &[f64]) -> Derivatives;
}

/// A loss with the penalties that come to it.
pub(super) struct Problem<L> {
    pub loss: L,
    /// One for each coefficient; 0 for an intercept.
    pub penalties: Vec<f64>,
    /// The same, of absolute values.
    pub l1: Vec<f64>,
}

/// When a search ends.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub max_iterations: u32,
    pub tolerance: f64,
}

/// Where the search ended.
pub(super) struct Solution {
    pub coefficients: Vec<f64>,
    pub iterations: u32,
    pub converged: bool,
}

/// The first and second derivatives of a loss.
pub(super) struct Derivatives {
    pub gradient: Vec<f64>,
    /// Row after row; only the lower triangle counts.
    pub hessian: Vec<f64>,
}

impl<L: Loss> Problem<L> {
    /// Stops when the largest component of a `step` is at most `tolerance`.
    pub fn minimize(
        &self,
        start: Vec<f64>,
        limits: Limits,
        step: impl Fn(&Self, &[f64]) -> Option<Vec<f64>>,
    ) -> Solution {
        let Limits {
            max_iterations,
            tolerance,
        } = limits;
        let mut coefficients = start;
        let mut loss = self.value(&coefficients);
        for iteration in 1..=max_iterations {
            let Some(step) = step(self, &coefficients) else {
                return Solution {
                    coefficients,
                    iterations: iteration,
                    converged: false,
                };
            };
            let largest = step
                .iter()
                .fold(0.0_f64, |largest, part| largest.max(part.abs()));
            if largest <= tolerance {
                coefficients = moved(&coefficients, &step, 1.0);
                return Solution {
                    coefficients,
                    iterations: iteration,
                    converged: true,
                };
            }
            let Some((next, next_loss)) = self.descend(&coefficients, &step, loss) else {
                return Solution {
                    coefficients,
                    iterations: iteration,
                    converged: false,
                };
            };
            (coefficients, loss) = (next, next_loss);
        }
        Solution {
            coefficients,
            iterations: max_iterations,
            converged: false,
        }
    }

    /// Halves the step until the loss does not rise.
    fn descend(&self, from: &[f64], step: &[f64], loss: f64) -> Option<(Vec<f64>, f64)> {
        // Near the minimum the loss is flat, and rounding alone may raise it.
        let bar = loss + 1e-12 * (1.0 + loss);
        let mut scale = 1.0;
        for _ in 0..HALVINGS {
            let next = moved(from, step, scale);
            let next_loss = self.value(&next);
            if next_loss <= bar {
                return Some((next, next_loss));
            }
            scale /= 2.0;
        }
        None
    }

    /// −H⁻¹·g. A singular Hessian is damped on its diagonal: that shortens the step, and leaves the
    /// minimum where it is.
    pub fn newton_step(&self, coefficients: &[f64]) -> Option<Vec<f64>> {
        let Derivatives { gradient, hessian } = self.derivatives(coefficients);
        if self.l1.iter().any(|l1| *l1 > 0.0) {
            return Some(soft_step(&gradient, hessian, coefficients, &self.l1));
        }
        let width = coefficients.len();
        let mut damping = 0.0;
        while damping < 1.0 {
            let mut matrix = hessian.clone();
            for i in 0..width {
                matrix[i * width + i] *= 1.0 + damping;
            }
            let mut step: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
            if cholesky::solve(&mut matrix, &mut step) {
                return Some(step);
            }
            damping = if damping == 0.0 {
                1e-10
            } else {
                damping * 100.0
            };
        }
        None
    }

    fn value(&self, coefficients: &[f64]) -> f64 {
        let penalty = coefficients
            .iter()
            .zip(&self.penalties)
            .fold(0.0, |sum, (coefficient, penalty)| {
                sum + penalty * coefficient * coefficient
            });
        let absolute = coefficients.iter().zip(&self.l1);
        let absolute = absolute.fold(0.0, |sum, (coefficient, l1)| sum + l1 * coefficient.abs());
        self.loss.value(coefficients) + penalty / 2.0 + absolute
    }

    fn derivatives(&self, coefficients: &[f64]) -> Derivatives {
        let mut total = self.loss.derivatives(coefficients);
        for (i, penalty) in self.penalties.iter().enumerate() {
            total.gradient[i] += penalty * coefficients[i];
            total.hessian[i * coefficients.len() + i] += penalty;
        }
        total
    }
}

impl Derivatives {
    pub fn zero(width: usize) -> Self {
        Self {
            gradient: vec![0.0; width],
            hessian: vec![0.0; width * width],
        }
    }

    /// In the order of the parts.
    pub fn sum(width: usize, parts: &[Self]) -> Self {
        let mut total = Self::zero(width);
        for part in parts {
            add_times(&mut total.gradient, &part.gradient, 1.0);
            add_times(&mut total.hessian, &part.hessian, 1.0);
        }
        total
    }
}

/// Sweeps over the coordinates of one step at most: the next step goes on where this one ended.
const SWEEPS: u32 = 1000;

/// The step to the minimum of the quadratic model of the loss with its absolute penalties, by
/// coordinate descent: each coordinate in turn is minimized alone, by the soft threshold. Friedman,
/// Hastie & Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate
/// Descent, <https://doi.org/10.18637/jss.v033.i01>.
fn soft_step(gradient: &[f64], mut hessian: Vec<f64>, from: &[f64], l1: &[f64]) -> Vec<f64> {
    let width = from.len();
    for i in 0..width {
        for j in 0..i {
            hessian[j * width + i] = hessian[i * width + j];
        }
    }
    let mut at = from.to_vec();
    // The slope of the quadratic model at `at`.
    let mut slope = gradient.to_vec();
    for _ in 0..SWEEPS {
        let mut moved = 0.0_f64;
        let mut largest = 0.0_f64;
        for i in 0..width {
            let row = &hessian[i * width..(i + 1) * width];
            let curvature = row[i];
            if curvature <= 0.0 {
                continue;
            }
            let target = curvature * at[i] - slope[i];
            let next = match target.abs() > l1[i] {
                true => (target - l1[i].copysign(target)) / curvature,
                false => 0.0,
            };
            let by = next - at[i];
            if by != 0.0 {
                at[i] = next;
                for (slope, second) in slope.iter_mut().zip(row) {
                    *slope += by * second;
                }
            }
            moved = moved.max(by.abs());
            largest = largest.max(next.abs());
        }
        if moved <= 1e-14 * largest {
            break;
        }
    }
    at.iter().zip(from).map(|(at, from)| at - from).collect()
}

fn moved(from: &[f64], step: &[f64], scale: f64) -> Vec<f64> {
    from.iter()
        .zip(step)
        .map(|(from, step)| from + scale * step)
        .collect()
}
