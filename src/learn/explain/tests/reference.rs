//! Stored contributions of the package shap: see tests/peers/reference_explain.py.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Case {
    name: String,
    /// What a tree's contributions are multiplied by.
    scale: f64,
    /// What is there before any tree.
    offset: f64,
    trees: Vec<Vec<Node>>,
    rows: Vec<Vec<f64>>,
    base: Vec<f64>,
    /// For each row, column and output.
    contributions: Vec<Vec<Vec<f64>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    Split(usize, f64, f64),
    Leaf(Vec<f64>, f64),
}

impl Case {
    fn explainer(&self) -> Explainer {
        let outputs = self.base.len();
        let trees = self.trees.iter().map(|nodes| {
            let nodes = nodes.iter().map(|found| match found {
                Node::Leaf(values, cover) => CoveredNode::Leaf {
                    values,
                    cover: *cover,
                },
                Node::Split(column, threshold, cover) => CoveredNode::Split {
                    column: *column,
                    threshold: *threshold,
                    cover: *cover,
                },
            });
            CoveredTree::new(nodes, outputs).unwrap()
        });
        let offsets = vec![self.offset; outputs];
        let divisor = 1.0 / self.scale;
        Explainer::trees(
            Scale::Number,
            self.rows[0].len(),
            trees.collect(),
            &offsets,
            divisor,
        )
    }
}

#[test]
fn trees_agree_with_the_package_shap() {
    let text = include_str!("../../../../tests/reference/explain.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let explainer = case.explainer();
        let columns = case.rows[0].len();
        let matrix = Matrix::new(case.rows.len(), columns, case.rows.concat());
        for (output, base) in case.base.iter().enumerate() {
            let outputs = vec![output; case.rows.len()];
            let explained = explainer.explain(&matrix, &outputs, <[f64]>::to_vec);
            for (row, explained) in explained.iter().enumerate() {
                let name = &case.name;
                let off = explained.base - base;
                assert!(
                    off.abs() <= 1e-9,
                    "{name}: base {} for {base}",
                    explained.base
                );
                for (column, found) in explained.contributions.iter().enumerate() {
                    let expected = case.contributions[row][column][output];
                    assert!(
                        (found - expected).abs() <= 1e-9,
                        "{name}, row {row}, column {column}: {found} for {expected}"
                    );
                }
            }
        }
    }
}
