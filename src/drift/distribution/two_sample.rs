//! The chance of Smirnov's two-sample distance, when both samples come from one distribution.
//!
//! A pair of samples without ties is a lattice path; the distance reaches `h / lcm(m, n)` when the path
//! touches one of two lines. Counting paths is exact. Sources: J. L. Hodges, "The significance
//! probability of the Smirnov two-sample test", Arkiv för Matematik 3 (1958); T. Viehmann,
//! "Numerically more stable computation of the p-values for the two-sample Kolmogorov-Smirnov test",
//! 2021, for the recursion in shares of paths instead of numbers of them. Ties make the chance larger
//! than it is.

use super::kolmogorov::kolmogorov_tail;

/// Samples of more rows are judged by Kolmogorov's distribution, as SciPy's `ks_2samp` does.
const EXACT_ROWS: u64 = 10_000;
/// A smaller sample of at most so many rows is always counted exactly.
const CHEAP_ROWS: u64 = 1000;
/// Beyond this exponent the chance is below 1e-26, and not worth a million million paths.
const NEGLIGIBLE: f64 = 60.0;

/// The chance of a distance of at least `d` between samples of `m` and `n` rows.
pub fn two_sample_chance(m: u64, n: u64, d: f64) -> f64 {
    let effective = m as f64 * n as f64 / (m + n) as f64;
    let exact = m.max(n) <= EXACT_ROWS
        && (m == n || m.min(n) <= CHEAP_ROWS || 2.0 * effective * d * d <= NEGLIGIBLE);
    let chance = exact.then(|| lattice_chance(m, n, d));
    // Rounding may leave a count outside of 0 to 1; then it is not trusted.
    let chance = chance.filter(|chance| (0.0..=1.0).contains(chance));
    chance.unwrap_or_else(|| {
        let draws = effective.round_ties_even() as u64;
        kolmogorov_tail(draws.max(1), d).clamp(0.0, 1.0)
    })
}

fn lattice_chance(m: u64, n: u64, d: f64) -> f64 {
    let divisor = greatest_common_divisor(m, n);
    let steps = (d * (m / divisor * n) as f64).round_ties_even() as i64;
    match (steps, m == n) {
        (0, _) => 1.0,
        (_, true) => square(n as i64, steps),
        (_, false) => oblong(m.max(n) as i64, m.min(n) as i64, divisor as i64, steps),
    }
}

/// Samples of one size: reflection gives `2 Σ ± C(2n, n − k h) / C(2n, n)`, summed from the inside.
fn square(n: i64, h: i64) -> f64 {
    let mut chance = 0.0;
    for k in (0..=n / h).rev() {
        let factors = (0..h).fold(1.0, |product, j| {
            (n - k * h - j) as f64 * product / (n + k * h + j + 1) as f64
        });
        chance = factors * (1.0 - chance);
    }
    2.0 * chance
}

/// Samples of `m > n`: the share of paths to each point that have touched a line, column by column.
fn oblong(m: i64, n: i64, divisor: i64, h: i64) -> f64 {
    let (mg, ng) = (m / divisor, n / divisor);
    // Points between the lines, of the column before; all others have touched one.
    let mut touched = vec![1.0; n as usize + 1];
    let inside = ceiling(h, mg).min(n + 1);
    touched[..inside as usize].fill(0.0);
    for i in 1..=m {
        let low = ((ng * i - h).div_euclid(mg) + 1).clamp(0, n);
        let high = ceiling(ng * i + h, mg).min(n + 1);
        if high <= low {
            return 1.0;
        }
        let mut share = if low == 0 { 0.0 } else { 1.0 };
        for j in low..high {
            let from_left = touched[j as usize] * i as f64;
            share = (from_left + share * j as f64) / (i + j) as f64;
            touched[j as usize] = share;
        }
    }
    touched[n as usize]
}

/// `⌈a / b⌉` for `b > 0`.
fn ceiling(a: i64, b: i64) -> i64 {
    -(-a).div_euclid(b)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    match b {
        0 => a,
        b => greatest_common_divisor(b, a % b),
    }
}
