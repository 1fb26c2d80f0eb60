//! Where two models part: the first thing in which they differ, in the order in which it is made.

use serde::Serialize;
use serde_json::{Value, json};

use super::estimator::{ForestDifference, ForestNode, TreeCounts};
use super::{BoostedTrees, Encoder, FittedModel, Forest, Model};

/// The first thing in which two models differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum ModelDifference {
    /// The features or the way they were computed.
    Features {
        before: Vec<String>,
        now: Vec<String>,
    },
    /// How a feature becomes numbers.
    Encoder {
        feature: String,
        before: Value,
        now: Value,
    },
    /// The kind of the estimator or a hyper-parameter.
    Parameters { before: Value, now: Value },
    /// A node of a tree, both counted from 1, the node in preorder. A node is
    /// `{"column","threshold"}` or `{"leaf"}`, null where the tree has none.
    Tree {
        tree: usize,
        node: usize,
        before: Value,
        now: Value,
        trees: TreeCounts,
    },
    /// A coefficient, the intercept, or another number that the model consists of.
    Coefficient {
        name: String,
        before: f64,
        now: f64,
        by: f64,
        differ: usize,
        of: usize,
    },
    /// The class rate, that of one of several classes, or the mean.
    Rate { before: f64, now: f64, by: f64 },
    /// The share of a matrix column in the decisions; everything that predicts is the same.
    Importance {
        column: String,
        before: f64,
        now: f64,
    },
    /// The files differ and what they say does not.
    File,
}

/// Holds two models against each other.
pub fn model_difference(before: &Model, now: &Model) -> ModelDifference {
    if before.features != now.features {
        return ModelDifference::Features {
            before: features_of(before),
            now: features_of(now),
        };
    }
    if let Some(difference) = encoder_difference(&before.encoder, &now.encoder) {
        return difference;
    }
    let columns = now.encoder.output_names();
    let found = match (&before.fitted, &now.fitted) {
        (FittedModel::Forest(before), FittedModel::Forest(now)) => {
            forest_difference(before, now, &columns)
        }
        (FittedModel::GradientBoosting(before), FittedModel::GradientBoosting(now)) => {
            boosting_difference(before, now, &columns)
        }
        (FittedModel::LogisticRegression(before), FittedModel::LogisticRegression(now))
        | (FittedModel::LinearRegression(before), FittedModel::LinearRegression(now)) => {
            coefficient_difference(&before.numbers(&columns), &now.numbers(&columns))
        }
        (FittedModel::GaussianNb(before), FittedModel::GaussianNb(now)) => {
            coefficient_difference(&before.numbers(&columns), &now.numbers(&columns))
        }
        (FittedModel::Knn(before), FittedModel::Knn(now)) => {
            coefficient_difference(&before.numbers(&columns), &now.numbers(&columns))
        }
        (FittedModel::Svm(before), FittedModel::Svm(now)) => {
            coefficient_difference(&before.numbers(&columns), &now.numbers(&columns))
        }
        (FittedModel::Prior(before), FittedModel::Prior(now)) => {
            let mut answers = before.answer.iter().zip(&now.answer);
            answers.find_map(|(before, now)| rate_difference(*before, *now))
        }
        _ => None,
    };
    if let Some(found) = found {
        return found;
    }
    if before.parameters != now.parameters {
        return ModelDifference::Parameters {
            before: as_json(&before.parameters),
            now: as_json(&now.parameters),
        };
    }
    ModelDifference::File
}

/// `usage.hours (0123456789ab)`: a feature with the hash of its definition. A derived one with its expression.
fn features_of(model: &Model) -> Vec<String> {
    use crate::hash::Digest;
    let features = model.features.iter();
    let features =
        features.map(|feature| format!("{} ({})", feature.name, feature.definition.short()));
    let derived = model.derived.iter();
    let derived = derived.map(|derived| format!("{} = {}", derived.name, derived.expression));
    features.chain(derived).collect()
}

fn encoder_difference(before: &Encoder, now: &Encoder) -> Option<ModelDifference> {
    let (before_all, now_all) = (as_json(before), as_json(now));
    let features = now.feature_names().enumerate();
    features
        .map(|(at, name)| (name, &before_all[at], &now_all[at]))
        .find(|(_, before, now)| before != now)
        .map(|(name, before, now)| ModelDifference::Encoder {
            feature: name.to_string(),
            before: before["encoding"].clone(),
            now: now["encoding"].clone(),
        })
}

/// Parts of a model are text keys and finite numbers, which are always JSON.
fn as_json(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or(Value::Null)
}

fn rate_difference(before: f64, now: f64) -> Option<ModelDifference> {
    let rate = ModelDifference::Rate {
        before,
        now,
        by: now - before,
    };
    (before.to_bits() != now.to_bits()).then_some(rate)
}

fn forest_difference(before: &Forest, now: &Forest, columns: &[String]) -> Option<ModelDifference> {
    let tree = before.first_difference(now);
    tree.map(|tree| tree_difference(tree, columns)).or_else(|| {
        let (before, now) = (before.importances(), now.importances());
        importance_difference(before, now, columns)
    })
}

/// The class rate or the mean of the train rows is where the trees start from.
fn boosting_difference(
    before: &BoostedTrees,
    now: &BoostedTrees,
    columns: &[String],
) -> Option<ModelDifference> {
    let mut starts = before.start().into_iter().zip(now.start());
    starts
        .find_map(|(before, now)| rate_difference(before, now))
        .or_else(|| {
            let tree = before.first_difference(now)?;
            Some(tree_difference(tree, columns))
        })
        .or_else(|| importance_difference(before.importances(), now.importances(), columns))
}

fn tree_difference(difference: ForestDifference<'_>, columns: &[String]) -> ModelDifference {
    ModelDifference::Tree {
        tree: difference.tree,
        node: difference.node,
        before: node_json(difference.before, columns),
        now: node_json(difference.now, columns),
        trees: difference.trees,
    }
}

fn importance_difference(
    before: &[f64],
    now: &[f64],
    columns: &[String],
) -> Option<ModelDifference> {
    let mut pairs = before.iter().zip(now).zip(columns);
    let ((before, now), column) =
        pairs.find(|((before, now), _)| before.to_bits() != now.to_bits())?;
    Some(ModelDifference::Importance {
        column: column.clone(),
        before: *before,
        now: *now,
    })
}

fn node_json(node: Option<ForestNode<'_>>, columns: &[String]) -> Value {
    match node {
        None => Value::Null,
        Some(ForestNode::Leaf([value])) => json!({ "leaf": value }),
        Some(ForestNode::Leaf(values)) => json!({ "leaf": values }),
        Some(ForestNode::Split { column, threshold }) => {
            json!({ "column": columns.get(column), "threshold": threshold })
        }
    }
}

/// Numbers with their names, in the order of the model.
fn coefficient_difference(
    before: &[(String, f64)],
    now: &[(String, f64)],
) -> Option<ModelDifference> {
    let others: Vec<usize> = (0..before.len().min(now.len()))
        .filter(|at| before[*at].1.to_bits() != now[*at].1.to_bits())
        .collect();
    let first = *others.first()?;
    let ((name, before), (_, now_first)) = (&before[first], &now[first]);
    Some(ModelDifference::Coefficient {
        name: name.clone(),
        before: *before,
        now: *now_first,
        by: now_first - before,
        differ: others.len(),
        of: now.len(),
    })
}
