//! Against values of 17 digits, made with exact fractions and with arithmetic of 50 digits.

#![allow(clippy::excessive_precision)] // all digits that were computed

use super::binomial::binomial_chance;
use super::kolmogorov::kolmogorov_tail;
use super::{chi_square_tail, two_sample_chance};

#[track_caller]
fn close(found: f64, wanted: f64, tolerance: f64, of: &str) {
    let off = (found - wanted).abs();
    assert!(
        off <= tolerance * wanted,
        "{of}: {found:e}, wanted {wanted:e}"
    );
}

#[test]
fn the_chi_square_tail_is_right_to_twelve_digits_far_out_and_for_many_degrees() {
    let wanted = [
        (0.5, 1, 0.47950012218695346),
        (3.84, 1, 0.050043521248705103),
        (10.0, 2, 0.0067379469990854671),
        (0.01, 3, 0.99973483494134439),
        (25.3, 7, 0.00067124407535447916),
        (1000.0, 1000, 0.49405285382923964),
        (1200.0, 1000, 1.2255942330622904e-5),
        (100.0, 10, 5.4497019829205293e-17),
        (1e5, 99_000, 0.012503086996302765),
        (5.0, 299, 1.0),
    ];
    for (x, degrees, chance) in wanted {
        close(
            chi_square_tail(x, degrees),
            chance,
            1e-12,
            &format!("{x}, {degrees}"),
        );
    }
    assert_eq!(chi_square_tail(0.0, 4), 1.0);
    assert_eq!(chi_square_tail(f64::INFINITY, 4), 0.0);
    assert_eq!(chi_square_tail(0.0, 0), 1.0);
}

#[test]
fn small_samples_are_counted_exactly() {
    let wanted = [
        (5, 5, 5.0 / 5.0, 0.0079365079365079365),
        (7, 7, 3.0 / 7.0, 0.57517482517482517),
        (10, 6, 14.0 / 30.0, 0.30494505494505495),
        (30, 20, 21.0 / 60.0, 0.089268487443924583),
        (50, 49, 800.0 / 2450.0, 0.0078279826151336911),
        (100, 100, 20.0 / 100.0, 0.03638428787491731),
        (120, 80, 60.0 / 240.0, 0.0042581242005708649),
        (97, 61, 1000.0 / 5917.0, 0.20426570608133722),
    ];
    for (m, n, d, chance) in wanted {
        close(
            two_sample_chance(m, n, d),
            chance,
            1e-12,
            &format!("{m}, {n}, {d}"),
        );
        assert_eq!(two_sample_chance(m, n, d), two_sample_chance(n, m, d));
    }
    assert_eq!(two_sample_chance(8, 3, 0.0), 1.0);
}

#[test]
fn kolmogorov_is_exact_where_its_formula_is() {
    let wanted = [
        (2, 0.3, 0.98),
        (10, 0.06, 0.99999999996284109),
        (10, 0.274, 0.37152038454349572),
        (10, 0.52, 0.0048481195720309965),
        (20, 0.97, 6.973568802e-31),
        (100, 0.05, 0.9532159710635725),
        (100, 0.12, 0.10330374901820255),
        (140, 0.16, 0.0013440163244218628),
        (141, 0.04, 0.97106822690131836),
    ];
    for (n, d, chance) in wanted {
        close(kolmogorov_tail(n, d), chance, 1e-11, &format!("{n}, {d}"));
    }
    assert_eq!(
        [0.0, 0.05, 1.0].map(|d| kolmogorov_tail(10, d)),
        [1.0, 1.0, 0.0]
    );
}

/// The same expansion as SciPy's, so the same digits; and near the exact value.
#[test]
fn kolmogorov_of_many_draws_is_that_of_scipy() {
    let wanted = [
        (500, 0.03, 0.7473166700457021, Some(0.74731662218084368)),
        (1000, 0.04, 0.07933956059000224, Some(0.079339554975401234)),
        (
            1000,
            0.06,
            0.001428597887952891,
            Some(0.0014285978874661178),
        ),
        (5000, 0.01, 0.6954557253913853, Some(0.69545572564188183)),
        (50_000, 0.004, 0.3994316646755731, None),
        (50_000, 0.0009, 0.999999999999086, None),
        (50_000, 0.02, 8.35587873542047e-18, None),
        (200_000, 0.001, 0.9881500208855729, None),
    ];
    for (n, d, scipy, exact) in wanted {
        let found = kolmogorov_tail(n, d);
        close(found, scipy, 1e-10, &format!("{n}, {d}"));
        if let Some(exact) = exact {
            close(found, exact, 1e-6, &format!("{n}, {d}"));
        }
    }
}

#[test]
fn binomial_chances_of_all_outcomes_are_one() {
    for (n, p) in [(1.0, 0.5), (9.0, 0.01), (40.0, 0.3), (2000.0, 0.7)] {
        let chances = (0..=n as u64).map(|x| binomial_chance(x as f64, n, p));
        close(chances.sum(), 1.0, 1e-12, &format!("{n}, {p}"));
    }
}
