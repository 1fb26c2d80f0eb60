//! The tail of the chi-square distribution.

use super::binomial::poisson_chance;

/// More rounds than any argument needs: both expansions take about √a of them near their border.
const ROUNDS: usize = 10_000_000;

/// The chance of at least `x` with `degrees` degrees of freedom: the regularised upper incomplete
/// gamma function of `degrees / 2` and `x / 2`.
///
/// Source: Abramowitz and Stegun 6.5.29 (the series below `a + 1`) and 6.5.31 (the continued fraction
/// above, evaluated by Lentz's method).
pub fn chi_square_tail(x: f64, degrees: u64) -> f64 {
    if degrees == 0 || x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let (a, x) = (degrees as f64 / 2.0, x / 2.0);
    match x < a + 1.0 {
        true => 1.0 - lower_series(a, x),
        false => upper_fraction(a, x),
    }
}

fn lower_series(a: f64, x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for round in 1..ROUNDS {
        term *= x / (a + round as f64);
        sum += term;
        if term <= sum * f64::EPSILON / 4.0 {
            break;
        }
    }
    poisson_chance(a, x) * sum
}

fn upper_fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away_from_zero(b);
    let mut value = d;
    for round in 1..ROUNDS {
        let i = round as f64;
        let numerator = i * (a - i);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        let factor = c * d;
        value *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    poisson_chance(a, x) * a * value
}
