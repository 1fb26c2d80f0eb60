//! Arithmetic on rows of numbers, always from the first to the last.

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// Adds `by` times the values.
pub(super) fn add_times(sums: &mut [f64], values: &[f64], by: f64) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += by * value;
    }
}
