//! Functions of real numbers that give the same bits on every machine.
//!
//! `exp`, `ln` and friends of the standard library call the C library, whose last digit differs
//! between versions and between processors with and without fused multiply-add. These call the
//! pure-Rust crate `libm`. Square root, addition, multiplication and division are exact by
//! IEEE 754 and need no help. clippy.toml bans the standard library's own.

pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Natural logarithm of `1 + x`, accurate near 0.
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// The chance that a standard normal variable is at least `z` away from 0, on either side.
pub fn two_sided_normal(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// `1 / (1 + e^−x)`, without overflow for large negative `x`.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let e = exp(x);
        e / (1.0 + e)
    }
}

/// `e^x / Σ e^x` in place of each x, without overflow.
pub fn softmax(values: &mut [f64]) {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        // Two infinities have no difference, and stand for the same.
        *value = if *value == largest {
            1.0
        } else {
            exp(*value - largest)
        };
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

/// Logarithm to base 2.
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// Natural logarithm of the gamma function of a positive number.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}
