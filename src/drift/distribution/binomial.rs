//! The binomial and the Poisson chance of one outcome, without cancellation.
//!
//! Source: C. Loader, "Fast and accurate computation of binomial probabilities", 2000. The chance is
//! written as `exp(−deviance)` times the error of Stirling's formula, so that nothing large is
//! subtracted from something large.

use std::f64::consts::PI;

use crate::math::{exp, ln, ln_1p, ln_gamma};

/// `ln Γ(n + 1) − ln(√(2πn) (n/e)ⁿ)` for `n > 0`.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * ln(n) + n - 0.5 * ln(2.0 * PI);
    }
    let square = n * n;
    let series = 1.0 / 1680.0 - 1.0 / (1188.0 * square);
    let series = 1.0 / 1260.0 - series / square;
    let series = 1.0 / 360.0 - series / square;
    (1.0 / 12.0 - series / square) / n
}

/// `x ln(x / m) + m − x` for positive `x` and `m`.
fn deviance(x: f64, m: f64) -> f64 {
    let off = x - m;
    if off.abs() >= 0.1 * (x + m) {
        return x * ln(x / m) + m - x;
    }
    let v = off / (x + m);
    let mut sum = off * v;
    let mut term = 2.0 * x * v;
    let mut odd = 1.0;
    loop {
        term *= v * v;
        odd += 2.0;
        let next = sum + term / odd;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

/// The chance of `x` successes in `n` trials that each succeed with chance `p`.
pub fn binomial_chance(x: f64, n: f64, p: f64) -> f64 {
    let q = 1.0 - p;
    if x == 0.0 {
        return exp(n * ln_1p(-p));
    }
    if x == n {
        return exp(n * ln(p));
    }
    if p <= 0.0 || q <= 0.0 {
        return 0.0;
    }
    let exponent = stirling_error(n)
        - stirling_error(x)
        - stirling_error(n - x)
        - deviance(x, n * p)
        - deviance(n - x, n * q);
    exp(exponent) * (n / (2.0 * PI * x * (n - x))).sqrt()
}

/// `xᵃ e⁻ˣ / Γ(a + 1)` for positive `a` and `x`.
pub fn poisson_chance(a: f64, x: f64) -> f64 {
    exp(-stirling_error(a) - deviance(a, x)) / (2.0 * PI * a).sqrt()
}
