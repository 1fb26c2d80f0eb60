//! Laws that hold for any two samples, and samples whose answer is known.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{ColumnDrift, Form, Method, Reason, Rule, Test, compare};
use crate::table::Values;

fn floats(values: &[f64]) -> Values {
    Values::floats(&values.iter().copied().map(Some).collect::<Vec<_>>())
}

fn texts(values: &[&str]) -> Values {
    Values::strings(&values.iter().map(|text| Some(*text)).collect::<Vec<_>>())
}

fn psi(threshold: f64) -> Rule {
    Rule {
        method: Method::Psi,
        threshold,
    }
}

/// Numbers as columns have them: few and many distinct ones, nulls, huge and tiny.
fn column() -> impl Strategy<Value = Vec<Option<f64>>> {
    let value = prop_oneof![
        4 => (-5i8..5).prop_map(|value| Some(f64::from(value))),
        4 => (-1e3..1e3).prop_map(Some),
        1 => (-1e300..1e300).prop_map(Some),
        1 => Just(None),
    ];
    vec(value, 1..300)
}

fn categories() -> impl Strategy<Value = Vec<Option<String>>> {
    vec(proptest::option::weighted(0.9, "[a-d]{0,2}"), 1..300)
}

fn holds_for_any(drift: &ColumnDrift) -> Result<(), TestCaseError> {
    for change in [drift.change, drift.missing.change].into_iter().flatten() {
        prop_assert!(change.psi >= 0.0, "{change:?}");
        prop_assert!((0.0..=1.0 + 1e-12).contains(&change.effect), "{change:?}");
        prop_assert!((0.0..=1.0).contains(&change.p), "{change:?}");
    }
    if let Some(score) = drift.evidently {
        prop_assert!(score.score >= 0.0 && !score.score.is_nan(), "{score:?}");
        prop_assert!(!score.method.is_chance() || score.score <= 1.0, "{score:?}");
    }
    Ok(())
}

/// Swapping the dates leaves effect and chance as they are.
fn is_symmetric(one: &ColumnDrift, other: &ColumnDrift) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.change.is_some(), other.change.is_some());
    if let (Some(a), Some(b)) = (one.change, other.change) {
        prop_assert!((a.effect - b.effect).abs() < 1e-12);
        prop_assert!((a.p - b.p).abs() < 1e-9, "{} {}", a.p, b.p);
    }
    Ok(())
}

/// A column has not drifted from itself, whatever the rule.
fn is_no_drift(same: &ColumnDrift) -> Result<(), TestCaseError> {
    if let Some(change) = same.change {
        prop_assert_eq!((change.effect, change.psi), (0.0, 0.0));
        prop_assert!(change.p > 0.999_999, "{}", change.p);
    }
    for method in [Method::Psi, Method::Effect, Method::Evidently] {
        let rule = Rule {
            method,
            threshold: f64::MIN_POSITIVE,
        };
        prop_assert_eq!(same.reasons(rule), vec![]);
    }
    Ok(())
}

proptest! {
    #[test]
    fn numbers_keep_the_laws(a in column(), b in column()) {
        let (a, b) = (Values::floats(&a), Values::floats(&b));
        let drift = compare(&a, &b);
        holds_for_any(&drift)?;
        is_symmetric(&drift, &compare(&b, &a))?;
        is_no_drift(&compare(&a, &a))?;
    }

    #[test]
    fn categories_keep_the_laws(a in categories(), b in categories()) {
        let (a, b) = (Values::strings(&a), Values::strings(&b));
        let drift = compare(&a, &b);
        holds_for_any(&drift)?;
        is_symmetric(&drift, &compare(&b, &a))?;
        is_no_drift(&compare(&a, &a))?;
        // Of categories the stability index is symmetric too; of numbers its bins are made by the
        // reference sample's distinct values.
        if let (Some(one), Some(other)) = (drift.change, compare(&b, &a).change) {
            prop_assert!((one.psi - other.psi).abs() < 1e-9);
        }
    }

    /// Only the order of numbers counts for the effect, so doubling them changes nothing.
    #[test]
    fn the_effect_has_no_unit(a in vec(-1e3..1e3, 1..200), b in vec(-1e3..1e3, 1..200)) {
        let doubled = |values: &[f64]| floats(&values.iter().map(|value| value * 2.0).collect::<Vec<_>>());
        let once = compare(&floats(&a), &floats(&b));
        let twice = compare(&doubled(&a), &doubled(&b));
        prop_assert_eq!(once.change, twice.change);
    }
}

#[test]
fn evidently_chooses_by_rows_and_distinct_values() {
    let method = |rows: usize, distinct: usize| {
        let values: Vec<f64> = (0..rows).map(|row| (row % distinct) as f64).collect();
        compare(&floats(&values), &floats(&values))
            .evidently
            .map(|score| score.method)
    };
    let found = [
        method(1000, 1),
        method(1000, 2),
        method(1000, 3),
        method(1000, 5),
        method(1000, 6),
        method(1001, 5),
        method(1001, 6),
    ];
    let wanted = [
        Test::Z,
        Test::Z,
        Test::ChiSquare,
        Test::ChiSquare,
        Test::Ks,
        Test::JensenShannon,
        Test::Wasserstein,
    ];
    assert_eq!(found, wanted.map(Some));
}

#[test]
fn a_category_the_reference_never_had_is_impossible_to_evidently() {
    let reference = texts(&["a", "b", "a", "b"]);
    let current = texts(&["a", "b", "a", "c"]);
    let score = compare(&reference, &current).evidently.unwrap();
    assert_eq!(
        (score.method, score.score, score.drifted),
        (Test::ChiSquare, 0.0, true)
    );
}

#[test]
fn values_that_go_missing_are_drift_of_their_own() {
    let there: Vec<_> = (0..200).map(|row| Some(f64::from(row % 10))).collect();
    let mut gone = there.clone();
    gone[..60].fill(None);
    let drift = compare(&Values::floats(&there), &Values::floats(&gone));
    assert_eq!(drift.missing.share.current, 0.3);
    assert_eq!(drift.reasons(psi(0.1)), [Reason::Missing]);
    let nothing = compare(&Values::floats(&there), &Values::floats(&vec![None; 200]));
    assert_eq!((nothing.change, nothing.evidently), (None, None));
    let evidently = Rule {
        method: Method::Evidently,
        threshold: 0.1,
    };
    for rule in [psi(0.1), evidently] {
        assert_eq!(nothing.reasons(rule), [Reason::Missing]);
    }
}

/// Few rows differ by chance: an index of 0.5 between two dozen rows is none.
#[test]
fn an_index_that_chance_explains_is_no_drift() {
    let reference = floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let current = floats(&[1.5, 2.5, 3.5, 4.5, 5.5, 6.5]);
    let drift = compare(&reference, &current);
    let change = drift.change.unwrap();
    assert!(change.psi > 1.0 && change.p > 0.9, "{change:?}");
    assert_eq!(drift.reasons(psi(0.1)), []);
}

#[test]
fn dates_are_compared_and_not_judged() {
    let days = |from: i32| Values::dates(&(from..from + 100).map(Some).collect::<Vec<_>>());
    let drift = compare(&days(19_000), &days(19_200));
    assert_eq!(drift.form, Form::Calendar);
    assert_eq!(drift.change.unwrap().effect, 1.0);
    assert_eq!(drift.evidently, None);
    assert_eq!(drift.reasons(psi(0.1)), []);
}
