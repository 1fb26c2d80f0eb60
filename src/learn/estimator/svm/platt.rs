//! Decision values as probabilities: Platt scaling, `1 / (1 + e^(slope · value + offset))`.
//!
//! Lin, Lin & Weng, *A Note on Platt's Probabilistic Outputs for Support Vector Machines*, 2007: Newton's
//! method with backtracking on labels that are drawn a little to the middle.

use crate::math;

const ITERATIONS: u32 = 100;
/// Added to the diagonal of the Hessian.
const RIDGE: f64 = 1e-12;
const SHORTEST_STEP: f64 = 1e-10;
const SLOPE_LEFT: f64 = 1e-5;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sigmoid {
    pub slope: f64,
    pub offset: f64,
}

impl Sigmoid {
    pub fn at(self, value: f64) -> f64 {
        math::sigmoid(-(self.slope * value + self.offset))
    }

    /// Of decision values of rows that were not learnt from.
    pub fn fit(values: &[f64], labels: &[bool]) -> Self {
        let positive = labels.iter().filter(|label| **label).count() as f64;
        let negative = labels.len() as f64 - positive;
        let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
        let targets = labels.iter().map(|label| if *label { high } else { low });
        let rows: Vec<(f64, f64)> = values.iter().copied().zip(targets).collect();
        let mut at = Self {
            slope: 0.0,
            offset: math::ln((negative + 1.0) / (positive + 1.0)),
        };
        let mut loss = at.loss(&rows);
        for _ in 0..ITERATIONS {
            let Some((next, next_loss)) = at.step(&rows, loss) else {
                break;
            };
            (at, loss) = (next, next_loss);
        }
        at
    }

    fn loss(self, rows: &[(f64, f64)]) -> f64 {
        rows.iter().fold(0.0, |sum, (value, target)| {
            let eta = self.slope * value + self.offset;
            let share = match eta >= 0.0 {
                true => target * eta,
                false => (target - 1.0) * eta,
            };
            sum + share + math::ln_1p(math::exp(-eta.abs()))
        })
    }

    /// A step down; none at the minimum.
    fn step(self, rows: &[(f64, f64)], loss: f64) -> Option<(Self, f64)> {
        let (mut h11, mut h22, mut h21) = (RIDGE, RIDGE, 0.0);
        let (mut g1, mut g2) = (0.0, 0.0);
        for (value, target) in rows {
            let p = self.at(*value);
            let curvature = p * (1.0 - p);
            h11 += value * value * curvature;
            h22 += curvature;
            h21 += value * curvature;
            g1 += value * (target - p);
            g2 += target - p;
        }
        if g1.abs() < SLOPE_LEFT && g2.abs() < SLOPE_LEFT {
            return None;
        }
        let determinant = h11 * h22 - h21 * h21;
        let slope = -(h22 * g1 - h21 * g2) / determinant;
        let offset = -(h11 * g2 - h21 * g1) / determinant;
        let descent = g1 * slope + g2 * offset;
        let mut length = 1.0;
        while length >= SHORTEST_STEP {
            let next = Self {
                slope: self.slope + length * slope,
                offset: self.offset + length * offset,
            };
            let next_loss = next.loss(rows);
            if next_loss < loss + 1e-4 * length * descent {
                return Some((next, next_loss));
            }
            length /= 2.0;
        }
        None
    }
}
