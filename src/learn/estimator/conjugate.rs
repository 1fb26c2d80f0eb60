//! Newton steps without a Hessian: what it does to a direction is enough.
//!
//! Conjugate gradients find the step in the order of the coefficients' curvature; a Hessian of thousands
//! of coefficients would take gigabytes. Nocedal & Wright, *Numerical Optimization*, 2nd edition, §7.1.

use super::newton::{Loss, Problem};
use super::vectors::{add_times, dot};

/// Steps at most; a step that ends early goes down nevertheless.
const STEPS: usize = 1000;
/// What a step may leave of the gradient.
const LEFT: f64 = 1e-10;

/// The first derivatives of a loss, and the diagonal of the second.
pub(super) struct Slope {
    pub gradient: Vec<f64>,
    pub diagonal: Vec<f64>,
}

/// A loss that knows what its Hessian does.
pub(super) trait Products: Loss {
    fn slope(&self, coefficients: &[f64]) -> Slope;
    /// The Hessian at the coefficients, times a direction.
    fn product(&self, coefficients: &[f64], direction: &[f64]) -> Vec<f64>;
}

/// −H⁻¹·g of a problem without absolute penalties.
pub(super) fn step<L: Products>(problem: &Problem<L>, coefficients: &[f64]) -> Vec<f64> {
    let Slope {
        mut gradient,
        mut diagonal,
    } = problem.loss.slope(coefficients);
    for (at, penalty) in problem.penalties.iter().enumerate() {
        gradient[at] += penalty * coefficients[at];
        diagonal[at] += penalty;
    }
    let scaled = |values: &[f64]| -> Vec<f64> {
        let pairs = values.iter().zip(&diagonal);
        pairs
            .map(|(value, cell)| if *cell > 0.0 { value / cell } else { 0.0 })
            .collect()
    };
    let mut step = vec![0.0; gradient.len()];
    let mut left: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut direction = scaled(&left);
    let mut square = dot(&left, &direction);
    let bar = LEFT * LEFT * square;
    for _ in 0..STEPS {
        let mut product = problem.loss.product(coefficients, &direction);
        let penalized = product.iter_mut().zip(&problem.penalties).zip(&direction);
        for ((cell, penalty), part) in penalized {
            *cell += penalty * part;
        }
        let curvature = dot(&direction, &product);
        if square <= bar || curvature <= 0.0 || !curvature.is_finite() {
            break;
        }
        let by = square / curvature;
        add_times(&mut step, &direction, by);
        add_times(&mut left, &product, -by);
        let mut next = scaled(&left);
        let next_square = dot(&left, &next);
        add_times(&mut next, &direction, next_square / square);
        (direction, square) = (next, next_square);
    }
    step
}
