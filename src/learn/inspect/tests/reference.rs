//! Stored curves of scikit-learn: see tests/peers/reference_inspect.py.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::learn::Target;

#[derive(Deserialize)]
struct Reference {
    points: usize,
    devices: Vec<f64>,
    hours: Vec<f64>,
    plans: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    task: String,
    parameters: BTreeMap<String, serde_json::Number>,
    target: Vec<f64>,
    curves: Vec<Curve>,
}

#[derive(Deserialize)]
struct Curve {
    values: Vec<f64>,
    /// For each value, each output.
    means: Vec<Vec<f64>>,
}

impl Reference {
    /// In the order of the curves.
    fn columns(&self) -> Vec<FeatureColumn> {
        let numbers = |values: &[f64]| values.iter().copied().map(Some).collect();
        vec![
            FeatureColumn::numeric("usage.devices", numbers(&self.devices)),
            FeatureColumn::numeric("usage.hours", numbers(&self.hours)),
            FeatureColumn::categorical(
                "usage.plan",
                self.plans.iter().cloned().map(Some).collect(),
            ),
        ]
    }
}

impl Case {
    fn fitted(&self, columns: &[FeatureColumn]) -> Model {
        let truth: Vec<bool> = self.target.iter().map(|label| *label == 1.0).collect();
        let classes: Vec<u32> = self.target.iter().map(|label| *label as u32).collect();
        let names = ["a", "b", "c"].map(ToString::to_string).to_vec();
        let (outcome, target) = match self.task.as_str() {
            "regression" => (Outcome::Regression, Target::Regression(&self.target)),
            "multiclass" => (
                Outcome::Multiclass(names),
                Target::Multiclass {
                    classes: 3,
                    rows: &classes,
                },
            ),
            _ => (Outcome::Binary, Target::Binary(&truth)),
        };
        let parameters = testing::parameters_with(&self.kind, &self.parameters);
        of_target(parameters, columns, outcome, target)
    }
}

#[test]
fn curves_agree_with_scikit_learn() {
    let text = include_str!("../../../../tests/reference/inspect.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    let columns = reference.columns();
    assert_eq!(reference.cases.len(), 5);
    for case in &reference.cases {
        let model = case.fitted(&columns);
        assert_eq!(case.curves.len(), columns.len());
        for (column, curve) in columns.iter().zip(&case.curves) {
            let name = format!("{} {} {}", case.kind, case.task, column.name);
            let grid = Grid {
                points: reference.points,
                whole: false,
            };
            let found = model.dependence(&columns, &column.name, grid).unwrap();
            assert_eq!(found.len(), curve.values.len(), "{name}");
            for (at, point) in found.iter().enumerate() {
                if let GridValue::One(FeatureValue::Number(number)) = point.value {
                    assert!((number - curve.values[at]).abs() < 1e-9, "{name}: {number}");
                }
                assert_eq!(point.means.len(), curve.means[at].len(), "{name}");
                for (mean, expected) in point.means.iter().zip(&curve.means[at]) {
                    let distance = (mean - expected).abs();
                    assert!(
                        distance < 1e-9 * expected.abs().max(1.0),
                        "{name}: {mean} for {expected}"
                    );
                }
            }
        }
    }
}
