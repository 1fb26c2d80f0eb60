//! Sequential minimal optimization: the dual of a support vector machine, two multipliers at a time.
//!
//! The pair is chosen by second-order information (Fan, Chen & Lin, *Working Set Selection Using Second
//! Order Information for Training Support Vector Machines*, 2005), as libsvm does, of equal ones the
//! first; rows are not left out on the way. So the path is one path, and the multipliers one result.

use super::kernel::Similarities;

/// What stands for a curvature of 0 or less.
const LEAST_CURVATURE: f64 = 1e-12;

pub(super) struct Dual<'a> {
    pub similarities: Similarities<'a>,
    /// 1 or −1.
    pub signs: &'a [f64],
    /// What each multiplier may be at most.
    pub bounds: Vec<f64>,
}

pub(super) struct Solution {
    /// One for each row, from 0 to its bound.
    pub multipliers: Vec<f64>,
    pub intercept: f64,
    pub converged: bool,
}

/// A search on its way.
struct Search {
    multipliers: Vec<f64>,
    /// How far each row is from its sign, without the intercept: sign − Σ sign·multiplier·similarity.
    distances: Vec<f64>,
    diagonal: Vec<f64>,
}

impl Dual<'_> {
    /// Ends when no pair is further apart than `tolerance`.
    pub fn solve(mut self, tolerance: f64, max_iterations: u64) -> Solution {
        let mut search = Search {
            multipliers: vec![0.0; self.signs.len()],
            distances: self.signs.to_vec(),
            diagonal: self.similarities.diagonal(),
        };
        let mut converged = false;
        for _ in 0..max_iterations {
            let (up, top) = self.highest(&search);
            let line = self.similarities.of(up);
            let (down, bottom) = choose(&search, self.signs, &self.bounds, up, line);
            if top - bottom < tolerance || down == up {
                converged = true;
                break;
            }
            self.step(&mut search, up, down);
        }
        Solution {
            intercept: self.intercept(&search),
            multipliers: search.multipliers,
            converged,
        }
    }

    /// The row that wants to be raised most, and how much.
    fn highest(&self, search: &Search) -> (usize, f64) {
        let rows = search.distances.iter().copied().enumerate();
        rows.filter(|(row, _)| self.may_rise(search, *row)).fold(
            (0, f64::NEG_INFINITY),
            |best, next| {
                if next.1 > best.1 { next } else { best }
            },
        )
    }

    fn may_rise(&self, search: &Search, row: usize) -> bool {
        may_rise(search.multipliers[row], self.signs[row], self.bounds[row])
    }

    fn may_fall(&self, search: &Search, row: usize) -> bool {
        may_rise(search.multipliers[row], -self.signs[row], self.bounds[row])
    }

    /// Raises one row and lowers the other by as much as helps and fits.
    fn step(&mut self, search: &mut Search, up: usize, down: usize) {
        let [line, other] = self.similarities.pair(up, down);
        let apart = search.distances[up] - search.distances[down];
        let curvature = search.diagonal[up] + search.diagonal[down] - 2.0 * line[down];
        let wanted = apart / curvature.max(LEAST_CURVATURE);
        let room = |row: usize, sign: f64| match sign > 0.0 {
            true => self.bounds[row] - search.multipliers[row],
            false => search.multipliers[row],
        };
        let (above, below) = (room(up, self.signs[up]), room(down, -self.signs[down]));
        let by = wanted.min(above).min(below);
        for (row, sign, room) in [
            (up, self.signs[up], above),
            (down, -self.signs[down], below),
        ] {
            // At the end exactly, whatever a sum would round to.
            search.multipliers[row] = match (by == room, sign > 0.0) {
                (true, true) => self.bounds[row],
                (true, false) => 0.0,
                (false, _) => search.multipliers[row] + sign * by,
            };
        }
        for ((distance, a), b) in search.distances.iter_mut().zip(line).zip(other) {
            *distance -= by * (a - b);
        }
    }

    /// The mean distance of the rows between the ends, or the middle of what the others allow.
    fn intercept(&self, search: &Search) -> f64 {
        let (mut sum, mut free) = (0.0, 0.0);
        let (mut top, mut bottom) = (f64::NEG_INFINITY, f64::INFINITY);
        for (row, distance) in search.distances.iter().enumerate() {
            let (rises, falls) = (self.may_rise(search, row), self.may_fall(search, row));
            if rises && falls {
                sum += distance;
                free += 1.0;
            }
            if rises {
                top = distance.max(top);
            }
            if falls {
                bottom = distance.min(bottom);
            }
        }
        match (top.is_finite(), bottom.is_finite()) {
            _ if free > 0.0 => sum / free,
            (true, true) => (top + bottom) / 2.0,
            // Rows of one class alone: its sign.
            (true, false) => top,
            _ => bottom,
        }
    }
}

/// The row to lower with `up`: that with which the dual gains most. And the least distance of all that may
/// be lowered.
fn choose(search: &Search, signs: &[f64], bounds: &[f64], up: usize, line: &[f64]) -> (usize, f64) {
    let top = search.distances[up];
    let (mut best, mut most, mut bottom) = (up, 0.0, f64::INFINITY);
    for (row, distance) in search.distances.iter().enumerate() {
        if !may_rise(search.multipliers[row], -signs[row], bounds[row]) {
            continue;
        }
        bottom = distance.min(bottom);
        let apart = top - distance;
        if apart > 0.0 {
            let curvature = search.diagonal[up] + search.diagonal[row] - 2.0 * line[row];
            let gain = apart * apart / curvature.max(LEAST_CURVATURE);
            if gain > most {
                (best, most) = (row, gain);
            }
        }
    }
    (best, bottom)
}

/// Whether sign · multiplier can grow.
fn may_rise(multiplier: f64, sign: f64, bound: f64) -> bool {
    match sign > 0.0 {
        true => multiplier < bound,
        false => multiplier > 0.0,
    }
}
