//! Gates: what must hold before a run is pinned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::code::CommitId;
use crate::definition::{Bound, Comparison, Gate, ShadowMeasure, Stage};
use crate::host::Instant;
use crate::run::Leak;

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
    /// What the guards see of it; none where this store cannot tell.
    pub leaks: Option<Vec<Leak>>,
    /// How far the newest values have moved; asked for only where a gate asks.
    pub drift: Option<DriftFact>,
    /// What was recorded of it beside the run in production; asked for only where a gate asks.
    pub shadow: Option<ShadowFact>,
}

/// How a run compared with the one in production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadowFact {
    /// There is none to compare it with.
    NoProduction,
    /// Entities, and those of them for which both predict the same.
    Found { compared: u64, agreed: u64 },
}

/// The feature of a run that has moved most.
#[derive(Debug, Clone, PartialEq)]
pub enum DriftFact {
    /// The population stability index, and of what it is, since when.
    Found { psi: f64, of: String },
    /// Why it cannot be told.
    Unknown(String),
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateResult {
    /// As it is written.
    pub gate: String,
    pub held: bool,
    /// The numbers, or the reason.
    pub detail: String,
    /// What was compared, where it is a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// With what it was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
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
    /// Ask more people.
    Approve,
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
            let (value, limit) = match sides(metric, bound, facts) {
                Ok(sides) => sides,
                Err((held, detail)) => return result(text, held, detail, None),
            };
            compared(text, *comparison, value, limit, bound.pinned.is_some())
        }
        Gate::Reproduced => reproduced(&facts.reproduction),
        Gate::NoLeakage => no_leakage(facts.leaks.as_deref()),
        Gate::Drift {
            comparison,
            limit,
            text,
        } => match &facts.drift {
            Some(DriftFact::Found { psi, of }) => {
                let mut answer = compared(text, *comparison, *psi, *limit, false);
                answer.detail = format!("{} in {of}", answer.detail);
                answer
            }
            Some(DriftFact::Unknown(why)) => result(text, false, why.clone(), None),
            None => result(text, false, "it was not looked at".to_string(), None),
        },
        Gate::Shadow {
            what,
            comparison,
            limit,
            text,
        } => shadow(text, *what, *comparison, *limit, facts.shadow),
        Gate::Clean => match &facts.commit {
            Some(commit) => result("clean", true, format!("commit {}", commit.short()), None),
            None => {
                let detail = "no commit holds definitions that give this run".to_string();
                result("clean", false, detail, Some(WayOut::Commit))
            }
        },
    }
}

fn shadow(
    text: &str,
    what: ShadowMeasure,
    comparison: Comparison,
    limit: f64,
    fact: Option<ShadowFact>,
) -> GateResult {
    match fact {
        None => result(text, false, "it was not looked at".to_string(), None),
        Some(ShadowFact::NoProduction) => {
            let detail = "nothing is pinned to production".to_string();
            result(text, true, detail, None)
        }
        Some(ShadowFact::Found { compared: 0, .. }) => {
            let detail = "nothing is recorded of it beside the run in production".to_string();
            result(text, false, detail, None)
        }
        Some(ShadowFact::Found {
            compared: entities,
            agreed,
        }) => {
            let value = match what {
                ShadowMeasure::Agreement => agreed as f64 / entities as f64,
                ShadowMeasure::Compared => entities as f64,
            };
            let mut answer = compared(text, comparison, value, limit, false);
            answer.detail = match what {
                ShadowMeasure::Agreement => format!("{} of {entities} entities", answer.detail),
                ShadowMeasure::Compared => format!("{entities} entities"),
            };
            answer
        }
    }
}

fn no_leakage(leaks: Option<&[Leak]>) -> GateResult {
    let gate = "no_leakage";
    match leaks {
        None => {
            let detail = "this store never looked at its rows".to_string();
            result(gate, false, detail, Some(WayOut::Replay))
        }
        Some([]) => result(gate, true, "the guards see nothing".to_string(), None),
        Some(leaks) => {
            let evidence: Vec<&str> = leaks.iter().map(|leak| leak.evidence.as_str()).collect();
            result(gate, false, evidence.join("; "), None)
        }
    }
}

fn result(gate: &str, held: bool, detail: String, way_out: Option<WayOut>) -> GateResult {
    GateResult {
        gate: gate.to_string(),
        held,
        detail,
        value: None,
        limit: None,
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

/// A metric and what it is compared with; else the answer and why there is nothing to compare.
fn sides(metric: &str, bound: &Bound, facts: &GateFacts) -> Result<(f64, f64), (bool, String)> {
    let Some(value) = facts.metrics.get(metric).copied() else {
        return Err((false, format!("the run has no {metric}")));
    };
    let Some((stage, other)) = &bound.pinned else {
        return Ok((value, bound.number));
    };
    match facts.pinned.get(stage) {
        None => Err((true, format!("nothing is pinned to {stage}"))),
        Some(None) => Err((false, format!("the run in {stage} is not known here"))),
        Some(Some(metrics)) => match metrics.get(other) {
            None => Err((false, format!("the run in {stage} has no {other}"))),
            Some(pinned) => Ok((value, pinned + bound.number)),
        },
    }
}

/// Holds only for two numbers that compare so: what is no number never does.
fn compared(
    gate: &str,
    comparison: Comparison,
    value: f64,
    limit: f64,
    with_limit: bool,
) -> GateResult {
    let held = match comparison {
        Comparison::AtLeast => value >= limit,
        Comparison::MoreThan => value > limit,
        Comparison::AtMost => value <= limit,
        Comparison::LessThan => value < limit,
    };
    let number = |number: f64| number.is_finite().then_some(number);
    GateResult {
        value: number(value),
        limit: number(limit),
        ..result(gate, held, numbers(value, limit, with_limit), None)
    }
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
            leaks: None,
            drift: None,
            shadow: None,
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
    fn what_is_not_known_of_leakage_and_drift_is_no_licence() {
        let drift = |limit| Gate::Drift {
            comparison: Comparison::LessThan,
            limit,
            text: format!("drift < {limit}"),
        };
        let mut facts = facts(0.8);
        assert!(!holds(Gate::NoLeakage, &facts));
        assert!(!holds(drift(0.3), &facts));
        facts.leaks = Some(Vec::new());
        assert!(holds(Gate::NoLeakage, &facts));
        facts.leaks = Some(vec![Leak {
            guard: crate::run::GuardName::EntityOverlap,
            feature: None,
            evidence: "2 entities have rows on both sides of the split".into(),
        }]);
        let answer = &evaluate(&[Gate::NoLeakage], &facts)[0];
        assert!(!answer.held && answer.detail.contains("2 entities"));
        facts.drift = Some(DriftFact::Found {
            psi: 0.25,
            of: "a.b".into(),
        });
        let answer = &evaluate(&[drift(0.3)], &facts)[0];
        assert!(answer.held);
        assert_eq!(answer.detail, "0.2500 in a.b");
        assert_eq!((answer.value, answer.limit), (Some(0.25), Some(0.3)));
        assert!(!holds(drift(0.25), &facts));
        for psi in [f64::INFINITY, f64::NAN] {
            facts.drift = Some(DriftFact::Found {
                psi,
                of: "a.b".into(),
            });
            let answer = &evaluate(&[drift(0.3)], &facts)[0];
            assert!(!answer.held && answer.value.is_none());
        }
        facts.drift = Some(DriftFact::Unknown("nothing is there".into()));
        assert!(!holds(drift(9.0), &facts));
    }

    #[test]
    fn what_was_not_compared_with_production_is_no_licence() {
        let gate = |what, limit| Gate::Shadow {
            what,
            comparison: Comparison::AtLeast,
            limit,
            text: "the gate".into(),
        };
        let agreement = |limit| gate(ShadowMeasure::Agreement, limit);
        let entities = |limit| gate(ShadowMeasure::Compared, limit);
        let found = |compared, agreed| Some(ShadowFact::Found { compared, agreed });
        let mut facts = facts(0.8);
        assert!(!holds(agreement(0.0), &facts));
        facts.shadow = found(0, 0);
        assert!(!holds(agreement(0.0), &facts) && !holds(entities(0.0), &facts));
        facts.shadow = found(1000, 950);
        let answers = evaluate(&[agreement(0.95), entities(1000.0)], &facts);
        assert!(answers.iter().all(|answer| answer.held));
        assert_eq!(answers[0].detail, "0.9500 of 1000 entities");
        assert_eq!(answers[1].detail, "1000 entities");
        assert!(!holds(agreement(0.951), &facts) && !holds(entities(1001.0), &facts));
        facts.shadow = Some(ShadowFact::NoProduction);
        let answer = &evaluate(&[agreement(1.0)], &facts)[0];
        assert!(answer.held && answer.detail.contains("nothing is pinned"));
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
