//! From which score on a row counts as positive, by a rule.
//!
//! Every score that occurs may be the threshold, and one above all of them, from which on nothing is positive. Of
//! equally good ones it is the highest.

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
    let above_all = rows.first()?.0.next_up();
    let mut best = worth(rule, &confusion).map(|worth| (worth, above_all));
    for ties in rows.chunk_by(|a, b| a.0 == b.0) {
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
            best = Some((worth, ties[0].0));
        }
    }
    best.map(|(_, threshold)| threshold)
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
        assert_eq!(found(ThresholdRule::F1), Some(0.4));
        assert_eq!(found(ThresholdRule::Precision(0.9)), Some(0.9));
        assert_eq!(found(ThresholdRule::Precision(0.6)), Some(0.4));
        assert_eq!(found(ThresholdRule::Recall(0.6)), Some(0.7));
        assert_eq!(found(ThresholdRule::Recall(1.0)), Some(0.4));
        let cost = |false_positive, false_negative| ThresholdRule::Cost {
            false_positive,
            false_negative,
        };
        assert_eq!(found(cost(1.0, 10.0)), Some(0.4));
        assert_eq!(found(cost(2.0, 1.0)), Some(0.9));
        // Nothing is worth an alarm.
        assert_eq!(found(cost(1.0, 0.0)), Some(0.9_f64.next_up()));
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
                // Of equally good ones the highest.
                let equal = !greater(best, worth);
                prop_assert!(!equal || other > 1.0 || other <= found.unwrap_or(0.0));
            }
        }
    }
}
