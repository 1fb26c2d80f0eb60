//! Gauss–Legendre quadrature on [0, 1]: with n points exact for polynomials of degree 2n − 1.

use crate::math;

/// Points and their weights, `N` at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Points<const N: usize> {
    /// Between 0 and 1, never either.
    pub x: [f64; N],
    pub weights: [f64; N],
}

/// The rule of at least so many points, in groups of `N`.
///
/// The sums over its points need no order: each group is worked through for itself, one after the
/// other.
pub fn rule<const N: usize>(points: usize) -> Vec<Points<N>> {
    let groups = points.div_ceil(N).max(1);
    let all = groups * N;
    let group = |group: usize| {
        let found: [(f64, f64); N] = std::array::from_fn(|lane| point(group * N + lane, all));
        Points {
            x: found.map(|(x, _)| x),
            weights: found.map(|(_, weight)| weight),
        }
    };
    (0..groups).map(group).collect()
}

/// The point of that number among `points`, descending, and its weight: a root of the Legendre
/// polynomial by Newton's method, from Tricomi's first guess.
fn point(number: usize, points: usize) -> (f64, f64) {
    let guess = (number as f64 + 0.75) / (points as f64 + 0.5);
    let mut x = math::cos(std::f64::consts::PI * guess);
    // From the guess it takes three or four steps; more change the last bit back and forth.
    for _ in 0..8 {
        let (value, slope) = legendre(points, x);
        x -= value / slope;
    }
    let (_, slope) = legendre(points, x);
    // On [−1, 1] the weight is 2 / ((1 − x²) · slope²); [0, 1] is half as long.
    ((1.0 + x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
}

/// The Legendre polynomial of a degree above 0, and its slope.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for n in 2..=degree {
        let n = n as f64;
        (before, value) = (
            value,
            ((2.0 * n - 1.0) * x * value - (n - 1.0) * before) / n,
        );
    }
    let slope = degree as f64 * (x * value - before) / (x * x - 1.0);
    (value, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_exactly() {
        for points in [4, 8, 16, 24, 64, 200] {
            let rule = rule::<4>(points);
            assert_eq!(rule.len(), points / 4);
            for power in [0, 1, 2, points, 2 * points - 1] {
                let lanes = rule
                    .iter()
                    .flat_map(|group| group.x.into_iter().zip(group.weights));
                let sum: f64 = lanes.map(|(x, weight)| weight * x.powi(power as i32)).sum();
                let exact = 1.0 / (power as f64 + 1.0);
                assert!(
                    (sum - exact).abs() < 1e-13 * exact.max(0.1),
                    "{points} points, power {power}: {sum}, not {exact}"
                );
            }
        }
    }

    #[test]
    fn points_lie_inside() {
        for points in [1, 8, 9, 1000] {
            for group in rule::<8>(points) {
                assert!(group.x.iter().all(|x| 0.0 < *x && *x < 1.0));
                assert!(group.weights.iter().all(|weight| *weight > 0.0));
            }
        }
    }
}
