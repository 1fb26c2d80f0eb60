//! Trees for numbers, several classes and weights, held against scikit-learn.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::*;
use crate::learn::testing;

#[derive(Deserialize)]
struct Reference {
    rows: Vec<Vec<f64>>,
    weights: Vec<f64>,
    regression: Vec<f64>,
    multiclass: Vec<u32>,
    binary: Vec<u8>,
    decision_tree: Vec<Case>,
    gradient_boosting: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    task: String,
    weighted: bool,
    parameters: BTreeMap<String, serde_json::Number>,
    scores: Vec<f64>,
    importances: Vec<f64>,
}

impl Case {
    fn parameters(&self, kind: &str) -> EstimatorParameters {
        testing::parameters_with(kind, &self.parameters)
    }
}

impl Reference {
    fn read() -> Self {
        let text = include_str!("../../../../tests/reference/trees.json");
        serde_json::from_str(text).unwrap()
    }

    fn fit(&self, kind: &str, case: &Case) -> (FittedModel, Vec<f64>) {
        let matrix = Matrix::new(self.rows.len(), self.rows[0].len(), self.rows.concat());
        let labels: Vec<bool> = self.binary.iter().map(|label| *label == 1).collect();
        let target = match case.task.as_str() {
            "regression" => Target::Regression(&self.regression),
            "multiclass" => Target::Multiclass {
                classes: 4,
                rows: &self.multiclass,
            },
            _ => Target::Binary(&labels),
        };
        let examples = Examples {
            matrix: &matrix,
            target,
            weights: case.weighted.then_some(&self.weights),
        };
        let (model, _) = fit(&case.parameters(kind), &examples).unwrap();
        let scores = model.predict(&matrix);
        (model, scores)
    }
}

fn assert_close(case: &Case, found: &[f64], expected: &[f64], most: f64) {
    let Case {
        task,
        weighted,
        parameters,
        ..
    } = case;
    assert_eq!(found.len(), expected.len(), "{task}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= most * expected.abs().max(1.0),
            "{task}, weighted {weighted}, {parameters:?}: {found} {expected}"
        );
    }
}

#[test]
fn single_trees_agree_with_scikit_learn() {
    let reference = Reference::read();
    assert_eq!(reference.decision_tree.len(), 12);
    for case in &reference.decision_tree {
        let (model, scores) = reference.fit("decision_tree", case);
        assert_close(case, &scores, &case.scores, 1e-9);
        assert_close(case, model.importances().unwrap(), &case.importances, 1e-9);
    }
}

/// scikit-learn keeps gradients as 32-bit numbers.
#[test]
fn boosted_trees_agree_with_scikit_learn() {
    let reference = Reference::read();
    assert_eq!(reference.gradient_boosting.len(), 12);
    for case in &reference.gradient_boosting {
        let (_, scores) = reference.fit("gradient_boosting", case);
        assert_close(case, &scores, &case.scores, 1e-6);
    }
}
