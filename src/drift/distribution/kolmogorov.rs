//! The tail of Kolmogorov's statistic: how far the shares of `n` draws stray from their distribution.
//!
//! Source: R. Simard and P. L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov distribution",
//! Journal of Statistical Software 39 (2011), which says which of these is best where:
//!
//! - Durbin's matrix, in the form of Marsaglia, Tsang and Wang (2003): exact, for small `d`;
//! - twice Smirnov's one-sided chance: exact from `d ≥ 1/2`, and off by next to nothing wherever both
//!   sides at once are next to impossible;
//! - Pelz and Good (1976): an expansion in `1/√n` for many draws.
//!
//! The borders are those of SciPy's `kstwo`, so that the numbers are the same where the last one
//! is an approximation.

use std::f64::consts::PI;

use super::binomial::binomial_chance;
use crate::math::{exp, pow};

/// Draws up to which everything is exact or Smirnov's.
const FEW: u64 = 140;

/// The chance of a distance of at least `d`.
pub fn kolmogorov_tail(n: u64, d: f64) -> f64 {
    let draws = n as f64;
    let steps = draws * d;
    if d >= 1.0 {
        return 0.0;
    }
    if steps <= 0.5 {
        return 1.0;
    }
    if steps <= 1.0 {
        return 1.0 - smallest_distances(n, steps);
    }
    if steps >= draws - 1.0 {
        return 2.0 * pow(1.0 - d, draws);
    }
    let square = steps * d;
    if d >= 0.5 || square >= if n <= FEW { 4.0 } else { 2.2 } {
        return match n > FEW && square >= 370.0 {
            true => 0.0,
            false => (2.0 * smirnov_tail(n, d)).clamp(0.0, 1.0),
        };
    }
    let below = match n <= FEW || n <= 100_000 && draws * d * d.sqrt() <= 1.4 {
        true => durbin(n, d),
        false => pelz_good(n, d),
    };
    (1.0 - below).clamp(0.0, 1.0)
}

/// `n! (2d − 1/n)ⁿ` for `1/2n ≤ d ≤ 1/n`, with `steps = n d` (Ruben and Gambino).
fn smallest_distances(n: u64, steps: f64) -> f64 {
    let draws = n as f64;
    (1..=n).fold(1.0, |chance, at| {
        chance * (at as f64 / draws) * (2.0 * steps - 1.0)
    })
}

/// The one-sided chance: `Σ C(n, j) d (d + j/n)ʲ⁻¹ (1 − d − j/n)ⁿ⁻ʲ` over `j ≤ n (1 − d)`.
fn smirnov_tail(n: u64, d: f64) -> f64 {
    let draws = n as f64;
    let last = (draws * (1.0 - d)).floor() as u64;
    let term = |j: u64| {
        let p = d + j as f64 / draws;
        binomial_chance(j as f64, draws, p.min(1.0)) / p
    };
    d * (0..=last).map(term).sum::<f64>()
}

/// The chance of a distance below `d`: an entry of the `n`-th power of a matrix.
fn durbin(n: u64, d: f64) -> f64 {
    let draws = n as f64;
    let k = (draws * d).ceil() as usize;
    let above = k as f64 - draws * d;
    let matrix = Matrix::durbin(k, above);
    let power = matrix.power(n);
    let mut value = Scaled {
        value: power.entries[(k - 1) * power.size + k - 1],
        exponent: power.exponent,
    };
    for at in 1..=n {
        value.multiply(at as f64 / draws);
    }
    value.unscaled()
}

/// Numbers beyond this size, or below its inverse, are brought back by it: 2¹²⁸.
const SCALE: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;

/// `value · 2^(128 · exponent)`.
struct Scaled {
    value: f64,
    exponent: i32,
}

impl Scaled {
    fn multiply(&mut self, factor: f64) {
        self.value *= factor;
        if self.value.abs() < 1.0 / SCALE {
            self.value *= SCALE;
            self.exponent -= 1;
        }
    }

    fn unscaled(self) -> f64 {
        let factor = match self.exponent < 0 {
            true => 1.0 / SCALE,
            false => SCALE,
        };
        (0..self.exponent.unsigned_abs().min(20)).fold(self.value, |value, _| value * factor)
    }
}

/// A square matrix, row by row, times `2^(128 · exponent)`.
#[derive(Clone)]
struct Matrix {
    size: usize,
    entries: Vec<f64>,
    exponent: i32,
}

impl Matrix {
    /// Marsaglia, Tsang and Wang's matrix of size `2k − 1`, with `above = k − n d`.
    fn durbin(k: usize, above: f64) -> Self {
        let size = 2 * k - 1;
        let mut inverse_factorial = vec![1.0; size + 1];
        for at in 1..=size {
            inverse_factorial[at] = inverse_factorial[at - 1] / at as f64;
        }
        // The first column from above, the last row from the right.
        let mut border: Vec<f64> = (1..=size)
            .map(|at| (1.0 - pow(above, at as f64)) * inverse_factorial[at])
            .collect();
        let corner = pow((2.0 * above - 1.0).max(0.0), size as f64);
        border[size - 1] = (1.0 - 2.0 * pow(above, size as f64) + corner) * inverse_factorial[size];
        let mut entries = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..size.min(row + 2) {
                entries[row * size + column] = match (row, column) {
                    (row, 0) => border[row],
                    (row, column) if row == size - 1 => border[size - 1 - column],
                    (row, column) => inverse_factorial[row + 1 - column],
                };
            }
        }
        Self {
            size,
            entries,
            exponent: 0,
        }
    }

    fn times(&self, other: &Self) -> Self {
        let size = self.size;
        let mut entries = vec![0.0; size * size];
        for row in 0..size {
            let target = &mut entries[row * size..(row + 1) * size];
            for middle in 0..size {
                let factor = self.entries[row * size + middle];
                if factor == 0.0 {
                    continue;
                }
                let source = &other.entries[middle * size..(middle + 1) * size];
                for (sum, value) in target.iter_mut().zip(source) {
                    *sum += factor * value;
                }
            }
        }
        let mut product = Self {
            size,
            entries,
            exponent: self.exponent + other.exponent,
        };
        product.bring_back();
        product
    }

    fn bring_back(&mut self) {
        let middle = self.size / 2;
        if self.entries[middle * self.size + middle].abs() > SCALE {
            self.entries.iter_mut().for_each(|entry| *entry /= SCALE);
            self.exponent += 1;
        }
    }

    /// The matrix to the power of `n ≥ 1`, by squaring.
    fn power(&self, n: u64) -> Self {
        let half = match n {
            0 | 1 => return self.clone(),
            n => self.power(n / 2),
        };
        let square = half.times(&half);
        match n % 2 {
            0 => square,
            _ => square.times(self),
        }
    }
}

/// The chance of a distance below `d`, to terms in `n^(−3/2)`.
fn pelz_good(n: u64, d: f64) -> f64 {
    let root = (n as f64).sqrt();
    let z = root * d;
    let (z2, z4, z6) = (z * z, z * z * z * z, z * z * z * z * z * z);
    if PI * PI / (8.0 * z2) > 708.0 {
        return 0.0;
    }
    let (p2, p4) = (PI * PI, PI * PI * PI * PI);
    let p6 = p4 * p2;
    let terms = (16.0 * z / PI).ceil() as u64;
    let mut odd = [0.0; 4];
    let mut all = [0.0; 2];
    for k in (1..=terms).rev() {
        let m = (2 * k - 1) as f64;
        let (m2, m4) = (m * m, m * m * m * m);
        let weight = exp(-p2 * m2 / (8.0 * z2));
        odd[0] += weight;
        odd[1] += weight * (p2 / 4.0 * m2 - z2);
        odd[2] += weight
            * (6.0 * z6
                + 2.0 * z4
                + (2.0 * z4 - 5.0 * z2) * p2 / 4.0 * m2
                + p4 * (1.0 - 2.0 * z2) / 16.0 * m4);
        odd[3] += weight
            * (-30.0 * z6 - 90.0 * z6 * z2
                + p2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + p4 * (212.0 * z4 - 60.0 * z2) / 16.0 * m4
                + p6 * (5.0 - 30.0 * z2) / 64.0 * m4 * m2);
        let k2 = (k * k) as f64;
        let weight = exp(-p2 * k2 / (2.0 * z2));
        all[0] += k2 * weight;
        all[1] += (3.0 * z2 - p2 * k2) * k2 * weight;
    }
    let factor = (2.0 * PI).sqrt();
    let first = odd[0] / z;
    let second = odd[1] / (6.0 * z4);
    let third = odd[2] / (72.0 * z6 * z) - p2 * all[0] / (36.0 * z2 * z);
    let fourth = odd[3] / (6480.0 * z6 * z4) + p2 * all[1] / (216.0 * z6);
    let draws = n as f64;
    factor * (first + second / root + third / draws + fourth / (draws * root))
}
