use serde::Deserialize;

use super::*;
use crate::learn::evaluate;

/// Threshold, x, y; no threshold where nothing is predicted positive.
type Point = (Option<f64>, f64, f64);

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<u8>,
    probabilities: Vec<f64>,
    auc: f64,
    average_precision: f64,
    roc: Vec<Point>,
    precision_recall: Vec<Point>,
    /// Predicted, observed.
    calibration: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Reference {
    curves: Vec<Case>,
}

fn cases() -> Vec<(Case, Vec<bool>)> {
    let text = include_str!("../../../tests/reference/curves.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    assert!(reference.curves.len() >= 8);
    let of_case = |case: Case| {
        let labels = case.labels.iter().map(|label| *label == 1).collect();
        (case, labels)
    };
    reference.curves.into_iter().map(of_case).collect()
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], of: &str) {
    assert_eq!(
        found.len(),
        expected.len(),
        "{of}: {found:?}, not {expected:?}"
    );
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-9,
            "{of}: {found}, not {expected}"
        );
    }
}

#[track_caller]
fn assert_points(found: &[Point], expected: &[Point], of: &str) {
    let thresholds = |points: &[Point]| points.iter().map(|point| point.0).collect::<Vec<_>>();
    assert_eq!(thresholds(found), thresholds(expected), "{of}");
    let flat = |points: &[Point]| -> Vec<f64> {
        points.iter().flat_map(|point| [point.1, point.2]).collect()
    };
    assert_near(&flat(found), &flat(expected), of);
}

#[test]
fn curves_are_those_of_scikit_learn() {
    for (case, labels) in cases() {
        let found = Ranking::of(&labels, &case.probabilities).unwrap();
        let areas = [found.auc, found.average_precision];
        assert_near(&areas, &[case.auc, case.average_precision], &case.name);
        let roc = found.roc.iter().map(|point| {
            (
                point.threshold,
                point.false_positive_rate,
                point.true_positive_rate,
            )
        });
        assert_points(&roc.collect::<Vec<_>>(), &case.roc, &case.name);
        let steps = found.precision_recall.iter();
        let steps = steps.map(|point| (point.threshold, point.recall, point.precision));
        assert_points(
            &steps.collect::<Vec<_>>(),
            &case.precision_recall,
            &case.name,
        );
        let groups = quantile::of_labels(&labels, &case.probabilities);
        let predicted: Vec<f64> = groups.iter().map(|group| group.predicted).collect();
        let observed: Vec<f64> = groups.iter().map(|group| group.observed).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = case.calibration.iter().copied().unzip();
        assert_near(&predicted, &x, &case.name);
        assert_near(&observed, &y, &case.name);
    }
}

/// The picture and the number beside it say the same.
#[test]
fn areas_under_the_drawn_curves_are_the_metrics() {
    for (case, labels) in cases() {
        let found = Ranking::of(&labels, &case.probabilities).unwrap();
        let trapezes = found.roc.windows(2).map(|pair| {
            let width = pair[1].false_positive_rate - pair[0].false_positive_rate;
            width * (pair[1].true_positive_rate + pair[0].true_positive_rate) / 2.0
        });
        let steps = found.precision_recall.windows(2);
        let steps = steps.map(|pair| (pair[1].recall - pair[0].recall) * pair[1].precision);
        let metrics = evaluate(&Scored::Binary {
            labels: &labels,
            probabilities: &case.probabilities,
            threshold: 0.5,
        })
        .metrics;
        assert_eq!(found.auc.to_bits(), metrics["auc"].to_bits());
        assert!(
            (trapezes.sum::<f64>() - metrics["auc"]).abs() < 1e-12,
            "{}",
            case.name
        );
        let area = steps.sum::<f64>();
        assert!(
            (area - metrics["average_precision"]).abs() < 1e-12,
            "{}",
            case.name
        );
    }
}

#[test]
fn one_class_has_no_ranking_and_no_rows_have_nothing() {
    assert_eq!(Ranking::of(&[true, true], &[0.2, 0.4]), None);
    assert_eq!(Ranking::of(&[], &[]), None);
    let groups = quantile::of_labels(&[true, true], &[0.2, 0.4]);
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().all(|group| group.observed == 1.0));
    assert!(quantile::of_labels(&[], &[]).is_empty());
    let none = Scored::Regression {
        truth: &[],
        predictions: &[],
    };
    assert_eq!(
        curves(&none, None),
        Curves::Regression(RegressionCurves::default())
    );
}

/// Wilson's interval of 8 of 10, worked out by hand.
#[test]
fn a_share_of_few_rows_has_a_wide_interval() {
    let labels = [true, true, true, true, true, true, true, true, false, false];
    let groups = quantile::of_labels(&labels, &[0.5; 10]);
    let [low, high] = groups[0].interval.unwrap();
    assert_near(
        &[low, high],
        &[0.490_162_471_537, 0.943_317_848_546],
        "8 of 10",
    );
    let all = quantile::of_labels(&[true; 3], &[0.5; 3]);
    assert_eq!(all[0].interval.unwrap()[1], 1.0);
}

#[test]
fn intervals_hold_their_lower_edge_and_the_last_both() {
    let values = vec![0.0, 0.05, 0.049_999, 0.95, 1.0];
    let found = Histogram::of(Range::SHARES, 20, &[values, Vec::new()]);
    assert_eq!(found.edges.len(), 21);
    assert_eq!((found.counts[0][0], found.counts[0][1]), (2, 1));
    assert_eq!(found.counts[0][19], 2);
    assert_eq!(found.counts[1], vec![0; 20]);
}

#[test]
fn ranges_have_a_width_or_are_not_there() {
    assert_eq!(Range::of(&[]), None);
    assert_eq!(Range::of(&[f64::MAX, f64::MIN]), None);
    for alone in [0.0, -3.0, 1e300] {
        let range = Range::of(&[alone]).unwrap();
        assert!(range.low < alone && alone < range.high, "{range:?}");
    }
    let numbers = Range::of(&[2.0, -1.0]).unwrap();
    assert_eq!((numbers.low, numbers.high), (-1.0, 2.0));
}

#[test]
fn many_rows_share_dots_and_few_do_not() {
    let few: Vec<f64> = (0..1000).map(f64::from).collect();
    let range = Range::of(&few).unwrap();
    assert_eq!(cloud::dots(&few, &few, range, range).len(), 1000);
    let many: Vec<f64> = (0..5000).map(|at| f64::from(at % 1000)).collect();
    let dots = cloud::dots(&many, &many, range, range);
    assert_eq!(dots.len(), 40);
    assert_eq!(dots.iter().map(|dot| dot.rows).sum::<u64>(), 5000);
}

#[test]
fn thinning_keeps_ends_and_every_turn_that_can_be_seen() {
    let staircase: Vec<[f64; 2]> = (0..=100_000)
        .map(|at| f64::from(at) / 100_000.0)
        .map(|share| [share, share * share])
        .collect();
    let thin = thinned(&staircase, |point| *point);
    assert!((300..=801).contains(&thin.len()), "{}", thin.len());
    assert_eq!(
        (thin.first(), thin.last()),
        (staircase.first(), staircase.last())
    );
    let corner = [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
    assert_eq!(thinned(&corner, |point| *point), corner);
    assert!(thinned(&[] as &[[f64; 2]], |point| *point).is_empty());
}

#[test]
fn classes_are_ranked_one_against_the_rest() {
    let labels = [0, 1, 1, 0];
    #[rustfmt::skip]
    let probabilities = [
        0.6, 0.3, 0.1,
        0.2, 0.7, 0.1,
        0.5, 0.4, 0.1,
        0.4, 0.3, 0.3,
    ];
    let scored = Scored::Multiclass {
        classes: 3,
        labels: &labels,
        probabilities: &probabilities,
    };
    let Curves::Multiclass(found) = curves(&scored, None) else {
        panic!("no classes");
    };
    assert_eq!(found.classes[1].ranking.as_ref().unwrap().auc, 1.0);
    assert_eq!(found.classes[0].ranking.as_ref().unwrap().auc, 0.75);
    // No row is of it.
    assert_eq!(
        (found.classes[2].rows, &found.classes[2].ranking),
        (0, &None)
    );
    // Three rows are predicted right, with 0.6, 0.7 and 0.4; one wrong, with 0.5.
    let sums: Vec<u64> = found
        .scores
        .counts
        .iter()
        .map(|counts| counts.iter().sum())
        .collect();
    assert_eq!(sums, [3, 1]);
}

#[test]
fn numbers_that_cannot_be_drawn_are_left_out() {
    let huge = Scored::Regression {
        truth: &[1e308, -1e308],
        predictions: &[-1e308, 1e308],
    };
    assert_eq!(
        curves(&huge, None),
        Curves::Regression(RegressionCurves::default())
    );
    assert_eq!(residual_range(&huge), None);
}
