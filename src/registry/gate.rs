//! Gates: what must hold before a run is pinned.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::code::CommitId;
use crate::definition::{Bound, Comparison, Gate, Stage};
use crate::host::Instant;

/// What is known of a run that asks to be pinned.
#[derive(Debug, Clone)]
pub struct GateFacts {
    pub metrics: BTreeMap<String, f64>,
    /// Metrics of the run pinned to each stage; none where they are not known. A stage without a
    /// pin is not in the map.
    pub pinned: BTreeMap<Stage, Option<BTreeMap<String, f64>>>,
    pub reproduction: Reproduction,
    /// The commit whose definitions give the run.
    pub commit: Option<CommitId>,
}

/// Whether a run came out the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reproduction {
    /// An uncached execution gave what was known before.
    Reproduced(Instant),
    /// There is no such execution.
    Never,
    /// Executions of it gave different outputs.
    Diverged,
}

/// A gate and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateResult {
    /// As it is written.
    pub gate: String,
    pub held: bool,
    /// The numbers, or the reason.
    pub detail: String,
    /// What makes it hold; empty where nothing but another run does.
    #[serde(skip)]
    pub way_out: Option<WayOut>,
}

/// How a refused gate can be made to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayOut {
    /// Execute the run again.
    Replay,
    /// Commit its definitions.
    Commit,
    /// Settle on one of several results.
    Settle,
}

/// Answers every gate.
pub fn evaluate(gates: &[Gate], facts: &GateFacts) -> Vec<GateResult> {
    gates.iter().map(|gate| answer(gate, facts)).collect()
}

fn answer(gate: &Gate, facts: &GateFacts) -> GateResult {
    match gate {
        Gate::Metric {
            metric,
            comparison,
            bound,
            text,
        } => {
            let (held, detail) = compare(metric, *comparison, bound, facts);
            result(text, held, detail, None)
        }
        Gate::Reproduced => reproduced(&facts.reproduction),
        Gate::Clean => match &facts.commit {
            Some(commit) => result("clean", true, format!("commit {}", commit.short()), None),
            None => {
                let detail = "no commit holds definitions that give this run".to_string();
                result("clean", false, detail, Some(WayOut::Commit))
            }
        },
    }
}

fn result(gate: &str, held: bool, detail: String, way_out: Option<WayOut>) -> GateResult {
    GateResult {
        gate: gate.to_string(),
        held,
        detail,
        way_out,
    }
}

fn reproduced(reproduction: &Reproduction) -> GateResult {
    let (held, detail, way_out) = match reproduction {
        Reproduction::Reproduced(at) => (true, format!("at {}", at.to_minute()), None),
        Reproduction::Never => (
            false,
            "no second uncached execution is recorded".to_string(),
            Some(WayOut::Replay),
        ),
        Reproduction::Diverged => (
            false,
            "its executions gave different outputs".to_string(),
            Some(WayOut::Settle),
        ),
    };
    result("reproduced", held, detail, way_out)
}

/// Holds only for two numbers that compare so: what is absent or no number never does.
fn compare(
    metric: &str,
    comparison: Comparison,
    bound: &Bound,
    facts: &GateFacts,
) -> (bool, String) {
    let Some(value) = facts.metrics.get(metric).copied() else {
        return (false, format!("the run has no {metric}"));
    };
    let limit = match &bound.pinned {
        None => bound.number,
        Some((stage, other)) => match facts.pinned.get(stage) {
            None => return (true, format!("nothing is pinned to {stage}")),
            Some(None) => return (false, format!("the run in {stage} is not known here")),
            Some(Some(metrics)) => match metrics.get(other) {
                None => return (false, format!("the run in {stage} has no {other}")),
                Some(pinned) => pinned + bound.number,
            },
        },
    };
    let held = match comparison {
        Comparison::AtLeast => value >= limit,
        Comparison::MoreThan => value > limit,
        Comparison::AtMost => value <= limit,
        Comparison::LessThan => value < limit,
    };
    (held, numbers(value, limit, bound.pinned.is_some()))
}

/// The metric, beside the limit where that is not in the gate's text. As many digits as tell the
/// two apart.
fn numbers(value: f64, limit: f64, with_limit: bool) -> String {
    let alike =
        format!("{value:.4}") == format!("{limit:.4}") && value.to_bits() != limit.to_bits();
    let number = |value: f64| match alike {
        true => format!("{value:?}"),
        false => format!("{value:.4}"),
    };
    match with_limit {
        true => format!("{} against {}", number(value), number(limit)),
        false => number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(auc: f64) -> GateFacts {
        GateFacts {
            metrics: BTreeMap::from([("auc".to_string(), auc)]),
            pinned: BTreeMap::new(),
            reproduction: Reproduction::Never,
            commit: None,
        }
    }

    fn gate(metric: &str, comparison: Comparison, number: f64, pinned: Option<&str>) -> Gate {
        Gate::Metric {
            metric: metric.into(),
            comparison,
            bound: Bound {
                pinned: pinned.map(|metric| (Stage::Production, metric.to_string())),
                number,
            },
            text: "the gate".into(),
        }
    }

    fn holds(gate: Gate, facts: &GateFacts) -> bool {
        evaluate(&[gate], facts)[0].held
    }

    #[test]
    fn comparisons_hold_at_their_bounds_and_no_further() {
        use Comparison::{AtLeast, AtMost, LessThan, MoreThan};
        for (comparison, below, at, above) in [
            (AtLeast, false, true, true),
            (MoreThan, false, false, true),
            (AtMost, true, true, false),
            (LessThan, true, false, false),
        ] {
            let answer = |auc| holds(gate("auc", comparison, 0.5, None), &facts(auc));
            assert_eq!(
                (answer(0.4), answer(0.5), answer(0.6)),
                (below, at, above),
                "{comparison:?}"
            );
        }
    }

    #[test]
    fn what_is_no_number_never_passes() {
        use Comparison::{AtLeast, AtMost, LessThan, MoreThan};
        for comparison in [AtLeast, MoreThan, AtMost, LessThan] {
            assert!(!holds(gate("auc", comparison, 0.5, None), &facts(f64::NAN)));
            assert!(!holds(gate("f1", comparison, 0.5, None), &facts(0.9)));
            let mut nan = facts(0.9);
            nan.pinned = BTreeMap::from([(
                Stage::Production,
                Some(BTreeMap::from([("auc".to_string(), f64::NAN)])),
            )]);
            assert!(!holds(gate("auc", comparison, 0.0, Some("auc")), &nan));
        }
    }

    #[test]
    fn a_gate_against_production_holds_while_nothing_is_pinned() {
        let against = || gate("auc", Comparison::AtLeast, -0.01, Some("auc"));
        let mut facts = facts(0.8);
        let answer = evaluate(&[against()], &facts);
        assert!(answer[0].held);
        assert_eq!(answer[0].detail, "nothing is pinned to production");

        let pinned = |auc: f64| Some(BTreeMap::from([("auc".to_string(), auc)]));
        facts.pinned = BTreeMap::from([(Stage::Production, pinned(0.8))]);
        assert!(holds(against(), &facts));
        facts.pinned = BTreeMap::from([(Stage::Production, pinned(0.9))]);
        assert!(!holds(against(), &facts));
        facts.pinned = BTreeMap::from([(Stage::Production, None)]);
        assert!(!holds(against(), &facts), "what is not known is no licence");
    }

    #[test]
    fn reproduced_and_clean_need_their_evidence() {
        let both = [Gate::Reproduced, Gate::Clean];
        let refused = evaluate(&both, &facts(0.8));
        assert!(refused.iter().all(|gate| !gate.held));
        let mut good = facts(0.8);
        good.reproduction = Reproduction::Reproduced(Instant::parse("2024-02-01").unwrap());
        good.commit = Some("0123456789abcdef".to_string().into());
        assert!(evaluate(&both, &good).iter().all(|gate| gate.held));
        good.reproduction = Reproduction::Diverged;
        assert!(!evaluate(&both, &good)[0].held);
    }
}
