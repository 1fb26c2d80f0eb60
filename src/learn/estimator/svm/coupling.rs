//! Shares of pairs as shares of all classes.
//!
//! Wu, Lin & Weng, *Probability Estimates for Multi-class Classification by Pairwise Coupling*, 2004, their
//! second method, which is libsvm's: of classes i and j, i has the share r_ij, and wanted are the p_i with
//!
//! > minimum of Σ over i ≠ j of (r_ji·p_i − r_ij·p_j)², where Σ p_i = 1
//!
//! No p_i comes out below 0 (their theorem 1), so the minimum is where Q·p is the same number for all
//! classes, and p is the solution of (Q + 1·1ᵀ)·x = 1 divided by its sum. The matrix is positive definite,
//! and Cholesky solves it: no iteration that ends at a tolerance, as libsvm's does at 0.005 / classes.

use crate::learn::estimator::cholesky;

/// No pair is surer than this, as in libsvm.
pub(in crate::learn) const LEAST_SHARE: f64 = 1e-7;

/// All pairs of so many classes: the first with each later one, the second with each later one, …
pub(in crate::learn) fn pairs(classes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..classes).flat_map(move |first| (first + 1..classes).map(move |second| (first, second)))
}

/// The share of each class; `later` has for each of the [`pairs`] the share of its later class.
pub(super) fn couple(classes: usize, later: &[f64]) -> Vec<f64> {
    if let [second] = later {
        return vec![1.0 - second, *second];
    }
    // Of a row and a column, the row's.
    let mut shares = vec![0.0; classes * classes];
    for ((first, second), later) in pairs(classes).zip(later) {
        let later = later.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
        shares[first * classes + second] = 1.0 - later;
        shares[second * classes + first] = later;
    }
    let share = |of: usize, against: usize| shares[of * classes + against];
    let cell = |i: usize, j: usize| match i == j {
        true => (0..classes).fold(1.0, |sum, k| sum + share(k, i) * share(k, i)),
        false => 1.0 - share(j, i) * share(i, j),
    };
    let mut matrix: Vec<f64> = (0..classes * classes)
        .map(|at| cell(at / classes, at % classes))
        .collect();
    let mut solution = vec![1.0; classes];
    // It cannot fail on shares between 0 and 1, and would leave all classes alike.
    cholesky::solve(&mut matrix, &mut solution);
    for part in &mut solution {
        *part = part.max(0.0);
    }
    let sum = solution.iter().fold(0.0, |sum, part| sum + part);
    for part in &mut solution {
        *part /= sum;
    }
    solution
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_come_in_order() {
        let found: Vec<_> = pairs(4).collect();
        assert_eq!(found, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
        assert_eq!(pairs(1).count(), 0);
    }

    #[derive(serde::Deserialize)]
    struct Cases {
        coupled: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        classes: usize,
        later: Vec<f64>,
        shares: Vec<f64>,
    }

    #[test]
    fn shares_are_those_of_libsvm_at_its_end() {
        let text = include_str!("../../../../tests/reference/estimators.json");
        let Cases { coupled } = serde_json::from_str(text).unwrap();
        assert_eq!(coupled.len(), 16);
        for Case {
            classes,
            later,
            shares,
        } in coupled
        {
            for (found, expected) in couple(classes, &later).iter().zip(&shares) {
                assert!(
                    (found - expected).abs() < 1e-9,
                    "{later:?} {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn two_classes_are_their_pair() {
        assert_eq!(couple(2, &[0.25]), [0.75, 0.25]);
        assert_eq!(couple(2, &[0.0]), [1.0, 0.0]);
    }

    /// Where the pairs follow from shares, these are found.
    #[test]
    fn pairs_that_agree_are_taken_at_their_word() {
        let shares = [0.5, 0.3, 0.15, 0.05];
        let later: Vec<f64> = pairs(4)
            .map(|(a, b)| shares[b] / (shares[a] + shares[b]))
            .collect();
        for (found, expected) in couple(4, &later).iter().zip(shares) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        for found in couple(3, &[0.5; 3]) {
            assert!((found - 1.0 / 3.0).abs() < 1e-15, "{found}");
        }
    }

    /// Each class beats the next, and the last the first.
    #[test]
    fn a_circle_has_no_winner() {
        for found in couple(3, &[0.1, 0.9, 0.1]) {
            assert!((found - 1.0 / 3.0).abs() < 1e-14, "{found}");
        }
    }

    proptest! {
        /// However sure the pairs are: shares, and the gradient of the sum of squares is one number.
        #[test]
        fn shares_are_the_minimum(classes in 2_usize..12, draws in proptest::collection::vec((0.0_f64..1.0, 0_u8..4), 66)) {
            let later: Vec<f64> = pairs(classes).zip(draws).map(|(_, (share, sure))| match sure {
                0 => 0.0,
                1 => 1.0,
                _ => share,
            }).collect();
            let found = couple(classes, &later);
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(found.iter().all(|share| (0.0..=1.0).contains(share)), "{found:?}");
            if classes == 2 {
                return Ok(());
            }
            let mut gradient = vec![0.0; classes];
            for ((a, b), later) in pairs(classes).zip(&later) {
                let later = later.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
                let apart = later * found[a] - (1.0 - later) * found[b];
                gradient[a] += later * apart;
                gradient[b] -= (1.0 - later) * apart;
            }
            for slope in &gradient {
                prop_assert!((slope - gradient[0]).abs() < 1e-12, "{gradient:?}");
            }
        }
    }
}
