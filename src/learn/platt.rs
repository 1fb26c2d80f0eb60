//! Decision values as probabilities: Platt scaling, `1 / (1 + e^(slope · value + offset))`.
//!
//! Lin, Lin & Weng, *A Note on Platt's Probabilistic Outputs for Support Vector Machines*, 2007: Newton's
//! method with backtracking on labels that are drawn a little to the middle. Rows may count differently.

use crate::math;

const ITERATIONS: u32 = 100;
/// Added to the diagonal of the Hessian.
const RIDGE: f64 = 1e-12;
const SHORTEST_STEP: f64 = 1e-10;
/// Where the search of decision values ends, as libsvm's does.
const SLOPE_LEFT: f64 = 1e-5;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sigmoid {
    pub slope: f64,
    pub offset: f64,
}

/// One row of a search.
#[derive(Debug, Clone, Copy)]
struct Row {
    value: f64,
    positive: bool,
    /// The label, drawn a little to the middle.
    target: f64,
    weight: f64,
}

impl Sigmoid {
    pub fn at(self, value: f64) -> f64 {
        math::sigmoid(-(self.slope * value + self.offset))
    }

    /// Of decision values of rows that were not learnt from.
    pub fn fit(values: &[f64], labels: &[bool]) -> Self {
        let rows = values.iter().zip(labels);
        let rows: Vec<(f64, bool, f64)> =
            rows.map(|(value, label)| (*value, *label, 1.0)).collect();
        Self::search(&targets(&rows))
    }

    /// Of scores that are probabilities already: value, label, weight of each row. The loss cannot tell places apart
    /// that are nearer than half of its digits; the gradient can: Newton goes on while it falls.
    pub fn of_probabilities(rows: &[(f64, bool, f64)]) -> Self {
        let rows = targets(rows);
        let mut at = Self::search(&rows);
        let steepness =
            |downhill: &Downhill| downhill.gradient.iter().map(|part| part.abs()).sum::<f64>();
        let mut here = at.downhill(&rows);
        for _ in 0..ITERATIONS {
            let next = at.moved(here.step, 1.0);
            let there = next.downhill(&rows);
            if steepness(&there) >= steepness(&here) || !next.slope.is_finite() {
                break;
            }
            (at, here) = (next, there);
        }
        at
    }

    /// From the share of positive rows to where the loss hardly falls.
    fn search(rows: &[Row]) -> Self {
        let [positive, negative] = weights(rows);
        let mut at = Self {
            slope: 0.0,
            offset: math::ln((negative + 1.0) / (positive + 1.0)),
        };
        let mut loss = at.loss(rows);
        for _ in 0..ITERATIONS {
            let Some((next, next_loss)) = at.step(rows, loss) else {
                break;
            };
            (at, loss) = (next, next_loss);
        }
        at
    }

    fn loss(self, rows: &[Row]) -> f64 {
        rows.iter().fold(0.0, |sum, row| {
            let Row {
                value,
                target,
                weight,
                ..
            } = row;
            let eta = self.slope * value + self.offset;
            let share = match eta >= 0.0 {
                true => target * eta,
                false => (target - 1.0) * eta,
            };
            // Added one after the other, as ever; a weight of 1 leaves them as they are.
            sum + weight * share + weight * math::ln_1p(math::exp(-eta.abs()))
        })
    }

    /// A step down; none at the minimum.
    fn step(self, rows: &[Row], loss: f64) -> Option<(Self, f64)> {
        let Downhill { gradient, step } = self.downhill(rows);
        if gradient.iter().all(|part| part.abs() < SLOPE_LEFT) {
            return None;
        }
        let descent = gradient[0] * step[0] + gradient[1] * step[1];
        let mut length = 1.0;
        while length >= SHORTEST_STEP {
            let next = self.moved(step, length);
            let next_loss = next.loss(rows);
            if next_loss < loss + 1e-4 * length * descent {
                return Some((next, next_loss));
            }
            length /= 2.0;
        }
        None
    }

    fn moved(self, step: [f64; 2], length: f64) -> Self {
        Self {
            slope: self.slope + length * step[0],
            offset: self.offset + length * step[1],
        }
    }

    /// The gradient by slope and offset, and Newton's step.
    fn downhill(self, rows: &[Row]) -> Downhill {
        let (mut h11, mut h22, mut h21) = (RIDGE, RIDGE, 0.0);
        let (mut g1, mut g2) = (0.0, 0.0);
        for row in rows {
            let Row {
                value,
                target,
                weight,
                ..
            } = row;
            let p = self.at(*value);
            let curvature = weight * (p * (1.0 - p));
            h11 += value * value * curvature;
            h22 += curvature;
            h21 += value * curvature;
            g1 += value * (weight * (target - p));
            g2 += weight * (target - p);
        }
        let determinant = h11 * h22 - h21 * h21;
        let slope = -(h22 * g1 - h21 * g2) / determinant;
        let offset = -(h11 * g2 - h21 * g1) / determinant;
        Downhill {
            gradient: [g1, g2],
            step: [slope, offset],
        }
    }
}

/// Where a step leads down from a place, and how steeply.
struct Downhill {
    gradient: [f64; 2],
    step: [f64; 2],
}

fn targets(rows: &[(f64, bool, f64)]) -> Vec<Row> {
    let row = |(value, positive, weight): &(f64, bool, f64)| Row {
        value: *value,
        positive: *positive,
        target: 0.0,
        weight: *weight,
    };
    let mut rows: Vec<Row> = rows.iter().map(row).collect();
    let [positive, negative] = weights(&rows);
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    for row in &mut rows {
        row.target = if row.positive { high } else { low };
    }
    rows
}

/// How much positive and negative rows count.
fn weights(rows: &[Row]) -> [f64; 2] {
    [true, false].map(|wanted| {
        let rows = rows.iter().filter(|row| row.positive == wanted);
        rows.map(|row| row.weight).sum()
    })
}
