//! Rounds of a search, and who is best in one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::draw::Values;
use crate::definition::{LOSSES, Search, Value, ValuePath};
use crate::hash::RunId;

/// One candidate in one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Counted from 0, in the order they were drawn; the same in every round.
    pub candidate: usize,
    /// Counted from 0.
    pub round: usize,
    /// Those the search chose, the resource's too.
    pub values: BTreeMap<ValuePath, Value>,
    pub run: RunId,
    /// The search's metric: a mean over folds.
    pub score: f64,
    /// Its standard deviation over them.
    pub sd: Option<f64>,
}

/// What a round gives each candidate, and how many take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// None: nothing grows.
    pub resource: Option<i64>,
    pub candidates: usize,
}

/// The rounds of a search with that many candidates.
pub fn rounds(search: &Search, candidates: usize) -> Vec<Round> {
    let Some(halving) = &search.halving else {
        return vec![Round {
            resource: None,
            candidates,
        }];
    };
    let factor = usize::try_from(halving.factor).unwrap_or(usize::MAX);
    let mut rounds = Vec::new();
    let (mut resource, mut candidates) = (halving.from, candidates);
    while resource < halving.to && candidates > 1 {
        rounds.push(Round {
            resource: Some(resource),
            candidates,
        });
        resource = resource.saturating_mul(halving.factor);
        candidates = candidates.div_ceil(factor);
    }
    rounds.push(Round {
        resource: Some(halving.to),
        candidates,
    });
    rounds
}

/// The values of a candidate in a round.
pub fn values_in(search: &Search, candidate: &Values, round: Round) -> Values {
    let mut values = candidate.clone();
    if let (Some(halving), Some(resource)) = (&search.halving, round.resource) {
        values.insert(halving.resource.clone(), Value::Integer(resource));
    }
    values
}

/// Whether a score is better than another, no number the worst of all.
fn is_better(metric: &str, a: f64, b: f64) -> bool {
    match (a.is_nan(), b.is_nan()) {
        (true, _) => false,
        (false, true) => true,
        (false, false) if LOSSES.contains(&metric) => a < b,
        (false, false) => a > b,
    }
}

/// The same for candidates: of equal ones the earlier.
pub fn goes_before(metric: &str, a: &Tried, b: &Tried) -> bool {
    is_better(metric, a.score, b.score)
        || (!is_better(metric, b.score, a.score) && a.candidate < b.candidate)
}

/// The best ones first.
pub fn ranked(metric: &str, mut tried: Vec<Tried>) -> Vec<Tried> {
    tried.sort_by(|a, b| match goes_before(metric, a, b) {
        true => Ordering::Less,
        false if goes_before(metric, b, a) => Ordering::Greater,
        false => Ordering::Equal,
    });
    tried
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Halving, SearchMethod};
    use crate::hash::Digest;

    fn halving(from: i64, to: i64, factor: i64) -> Search {
        Search {
            method: SearchMethod::Halving,
            metric: "cv_auc",
            draw: None,
            halving: Some(Halving {
                resource: ValuePath::new("model.trees"),
                from,
                to,
                factor,
            }),
            space: BTreeMap::new(),
        }
    }

    #[test]
    fn each_round_has_more_for_fewer() {
        let words = |search: &Search, candidates| {
            let words = |round: &Round| format!("{}x{}", round.candidates, round.resource.unwrap());
            let rounds = rounds(search, candidates);
            rounds.iter().map(words).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words(&halving(10, 270, 3), 27), "27x10 9x30 3x90 1x270");
        assert_eq!(words(&halving(20, 300, 3), 10), "10x20 4x60 2x180 1x300");
        // One that is left needs no more rounds; many that are left meet in the last one.
        assert_eq!(words(&halving(1, 1000, 2), 3), "3x1 2x2 1x1000");
        assert_eq!(words(&halving(100, 150, 3), 9), "9x100 3x150");
        assert_eq!(
            words(&halving(1, i64::MAX, 10), 4),
            "4x1 1x9223372036854775807"
        );
    }

    #[test]
    fn equal_scores_rank_by_their_order_and_no_number_is_last() {
        let tried = |candidate, score| Tried {
            candidate,
            round: 0,
            values: Values::new(),
            run: RunId::from_bytes([0; 32]),
            score,
            sd: None,
        };
        let all = vec![
            tried(3, 0.5),
            tried(2, f64::NAN),
            tried(1, 0.7),
            tried(0, 0.5),
        ];
        let order = |metric| {
            let ranked = ranked(metric, all.clone());
            ranked
                .iter()
                .map(|tried| tried.candidate)
                .collect::<Vec<_>>()
        };
        assert_eq!(order("cv_auc"), [1, 0, 3, 2]);
        assert_eq!(order("cv_log_loss"), [0, 3, 1, 2]);
    }
}
