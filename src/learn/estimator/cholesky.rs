//! Linear equations with a symmetric positive definite matrix.

use super::vectors::dot;

/// A pivot smaller than this share of its diagonal is rounding noise: the matrix is singular.
const SMALLEST_PIVOT: f64 = 1e-13;

/// Solves `matrix · x = right` in place of `right`; false when the matrix is not positive definite.
///
/// `matrix` is `n × n`, row after row; only its lower triangle is read, and it is overwritten by
/// the Cholesky factor L with L·Lᵀ = matrix.
pub(super) fn solve(matrix: &mut [f64], right: &mut [f64]) -> bool {
    let n = right.len();
    if !factorize(matrix, n) {
        return false;
    }
    for i in 0..n {
        let known = dot(&matrix[i * n..i * n + i], &right[..i]);
        right[i] = (right[i] - known) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        right[i] /= matrix[i * n + i];
        let solved = right[i];
        for (k, value) in right[..i].iter_mut().enumerate() {
            *value -= matrix[i * n + k] * solved;
        }
    }
    true
}

fn factorize(matrix: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        let (above, row) = matrix.split_at_mut(i * n);
        for j in 0..i {
            let other = &above[j * n..j * n + j + 1];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if !pivot.is_finite() || pivot <= row[i] * SMALLEST_PIVOT {
            return false;
        }
        row[i] = pivot.sqrt();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_recognizes_what_it_cannot() {
        let mut matrix = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 2.0, 3.0, 6.0];
        // x = (1, 2, 3)
        let mut right = [4.0 + 4.0 + 6.0, 2.0 + 10.0 + 9.0, 2.0 + 6.0 + 18.0];
        assert!(solve(&mut matrix, &mut right));
        for (found, expected) in right.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-14, "{right:?}");
        }
        assert!(!solve(&mut [1.0, 0.0, 1.0, 1.0], &mut [1.0, 1.0]));
        assert!(!solve(&mut [f64::NAN], &mut [1.0]));
        assert!(!solve(&mut [0.0], &mut [1.0]));
    }
}
