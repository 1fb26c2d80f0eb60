//! From which score on a row counts as positive, by a rule.
//!
//! Rows may be divided between any two scores that occur, below all, and above all, so that nothing is positive. Of
//! equally good divisions it is the one with the fewest positive rows. The threshold lies halfway between the two
//! scores, so that a row is not decided by the last digit of a score that others have too.

use std::cmp::Ordering;

use super::metric::Confusion;
use crate::definition::ThresholdRule;

/// The threshold that a rule picks for these rows; none where no threshold fulfils it, or there are no rows.
pub fn threshold(rule: ThresholdRule, labels: &[bool], probabilities: &[f64]) -> Option<f64> {
    let mut rows: Vec<(f64, bool)> = probabilities
        .iter()
        .copied()
        .zip(labels.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let positive = labels.iter().filter(|label| **label).count() as u64;
    let mut confusion = Confusion {
        true_negatives: labels.len() as u64 - positive,
        false_positives: 0,
        false_negatives: positive,
        true_positives: 0,
    };
    let largest = rows.first()?.0;
    let above_all = if largest < 1.0 {
        halfway(largest, 1.0)
    } else {
        largest.next_up()
    };
    let mut best = worth(rule, &confusion).map(|worth| (worth, above_all));
    let mut groups = rows.chunk_by(|a, b| a.0 == b.0).peekable();
    while let Some(ties) = groups.next() {
        for (_, label) in ties {
            match label {
                true => {
                    confusion.true_positives += 1;
                    confusion.false_negatives -= 1;
                }
                false => {
                    confusion.false_positives += 1;
                    confusion.true_negatives -= 1;
                }
            }
        }
        let Some(worth) = worth(rule, &confusion) else {
            continue;
        };
        if best.is_none_or(|(known, _)| greater(worth, known)) {
            let below = groups.peek().map_or(0.0, |next| next[0].0);
            best = Some((worth, halfway(below, ties[0].0)));
        }
    }
    best.map(|(_, threshold)| threshold)
}

/// Above the lower of two scores, and not above the higher.
fn halfway(lower: f64, higher: f64) -> f64 {
    let middle = lower + (higher - lower) / 2.0;
    if middle > lower { middle } else { higher }
}

/// What a rule wants as much as can be of, the first number first; none where it is not fulfilled.
fn worth(rule: ThresholdRule, confusion: &Confusion) -> Option<[f64; 2]> {
    let (precision, recall) = (confusion.precision(), confusion.recall());
    match rule {
        ThresholdRule::F1 => Some([confusion.f1(), 0.0]),
        ThresholdRule::Precision(least) => (precision >= least).then_some([recall, precision]),
        ThresholdRule::Recall(least) => (recall >= least).then_some([precision, recall]),
        ThresholdRule::Cost {
            false_positive,
            false_negative,
        } => {
            let cost = false_positive * confusion.false_positives as f64
                + false_negative * confusion.false_negatives as f64;
            Some([-cost, 0.0])
        }
    }
}

fn greater(a: [f64; 2], b: [f64; 2]) -> bool {
    a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])) == Ordering::Greater
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABELS: [bool; 6] = [true, false, true, true, false, false];
    const SCORES: [f64; 6] = [0.9, 0.8, 0.7, 0.4, 0.4, 0.1];

    fn found(rule: ThresholdRule) -> Option<f64> {
        threshold(rule, &LABELS, &SCORES)
    }

    #[test]
    fn each_rule_picks_what_it_says() {
        // From 0.4 on: three of three are found, two are false: F1 = 6/8, as much as from 0.7 on is 4/6.
        let near = |rule: ThresholdRule, expected: f64| {
            let found = found(rule).unwrap();
            assert!((found - expected).abs() < 1e-15, "{rule:?} {found}");
        };
        near(ThresholdRule::F1, 0.25);
        near(ThresholdRule::Precision(0.9), 0.85);
        near(ThresholdRule::Precision(0.6), 0.25);
        near(ThresholdRule::Recall(0.6), 0.55);
        near(ThresholdRule::Recall(1.0), 0.25);
        let cost = |false_positive, false_negative| ThresholdRule::Cost {
            false_positive,
            false_negative,
        };
        near(cost(1.0, 10.0), 0.25);
        near(cost(2.0, 1.0), 0.85);
        // Nothing is worth an alarm, and everything is.
        near(cost(1.0, 0.0), 0.95);
        near(cost(0.0, 1.0), 0.25);
        let lowest = threshold(cost(0.0, 1.0), &[true, true], &[0.5, 0.2]);
        assert_eq!(lowest, Some(0.1));
        let certain = threshold(cost(1.0, 0.0), &[false, true], &[1.0, 0.0]);
        assert_eq!(certain, Some(1.0_f64.next_up()));
        // No number lies between these two.
        let (low, high) = (0.5, 0.5_f64.next_up());
        let found = threshold(ThresholdRule::F1, &[true, false], &[high, low]);
        assert_eq!(found, Some(high));
    }

    #[test]
    fn what_cannot_be_reached_has_no_threshold() {
        let labels = [false, true];
        assert_eq!(
            threshold(ThresholdRule::Precision(0.9), &labels, &[0.8, 0.2]),
            None
        );
        assert_eq!(threshold(ThresholdRule::F1, &[], &[]), None);
    }

    proptest! {
        /// Beside trying every threshold.
        #[test]
        fn no_other_threshold_is_better(
            rows in prop::collection::vec((any::<bool>(), 0..12_u8), 1..40),
            rule in prop_oneof![
                Just(ThresholdRule::F1),
                Just(ThresholdRule::Precision(0.5)),
                Just(ThresholdRule::Recall(0.7)),
                Just(ThresholdRule::Cost { false_positive: 1.0, false_negative: 3.0 }),
            ],
        ) {
            let labels: Vec<bool> = rows.iter().map(|(label, _)| *label).collect();
            let scores: Vec<f64> = rows.iter().map(|(_, score)| f64::from(*score) / 11.0).collect();
            let at = |threshold| worth(rule, &Confusion::count(&labels, &scores, threshold));
            let found = threshold(rule, &labels, &scores);
            let best = found.and_then(at);
            let mut all: Vec<f64> = scores.clone();
            all.push(2.0);
            for other in all {
                let Some(worth) = at(other) else { continue };
                let best = best.expect("a threshold fulfils the rule");
                prop_assert!(!greater(worth, best));
                // Of equally good ones that with the fewest positive rows.
                let positive = |from: f64| scores.iter().filter(|score| **score >= from).count();
                let equal = !greater(best, worth);
                prop_assert!(!equal || positive(other) >= positive(found.unwrap_or(0.0)));
            }
        }
    }
}
