use proptest::prelude::*;
use serde::Deserialize;

use super::histogram::{Gradient, Sums};
use super::loss::of_probability;
use super::*;
use crate::definition::estimator::{Range, find};
use crate::learn::EstimatorParameters;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::estimator::ForestNode;
use crate::learn::testing::on_threads;
use crate::learn::{Matrix, Output, testing};
use crate::math;

mod targets;

fn defaults() -> GradientBoostingParameters {
    testing::gradient_boosting()
}

fn small() -> GradientBoostingParameters {
    GradientBoostingParameters {
        trees: 12,
        max_leaves: 6,
        min_samples_leaf: 3,
        ..defaults()
    }
}

fn bytes(trees: &BoostedTrees) -> Vec<u8> {
    let mut writer = Writer::default();
    trees.write(&mut writer);
    writer.into_bytes()
}

fn log_loss(probabilities: &[f64], labels: &[bool]) -> f64 {
    let pairs = probabilities.iter().zip(labels);
    let losses = pairs.map(|(p, label)| -math::ln(if *label { *p } else { 1.0 - p }));
    losses.sum::<f64>() / labels.len() as f64
}

/// The same method in plain loops over the rows: every cut between two numbers of a column, every
/// sum anew.
struct Plain<'a> {
    parameters: &'a GradientBoostingParameters,
    matrix: &'a Matrix,
    gradients: Vec<Gradient>,
}

/// Rows of a leaf, with their best split: gain, column, threshold.
struct PlainLeaf {
    rows: Vec<usize>,
    depth: u32,
    best: Option<(f64, usize, f64)>,
}

impl Plain<'_> {
    fn sums<'a>(&self, rows: impl Iterator<Item = &'a usize>) -> Sums {
        rows.fold(Sums::default(), |mut sums, row| {
            sums.first += i64::from(self.gradients[*row].first);
            sums.second += i64::from(self.gradients[*row].second);
            sums.rows += 1;
            sums
        })
    }

    fn leaf(&self, rows: Vec<usize>, depth: u32) -> PlainLeaf {
        let parameters = self.parameters;
        let all = self.sums(rows.iter());
        let slope = |sums: Sums| sums.first as f64 / ONE;
        let curvature = |sums: Sums| sums.second as f64 / ONE + parameters.l2;
        let fits = |sums: Sums| {
            sums.rows >= u64::from(parameters.min_samples_leaf)
                && sums.second as f64 / ONE >= parameters.min_hessian
        };
        let mut best: Option<(f64, usize, f64)> = None;
        let deep = parameters.max_depth != 0 && depth >= parameters.max_depth;
        for column in (0..self.matrix.columns()).filter(|_| !deep) {
            let mut numbers: Vec<f64> = self.matrix.column(column).collect();
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
            for pair in numbers.windows(2) {
                let cut = pair[0] / 2.0 + pair[1] / 2.0;
                let below = |row: &&usize| self.matrix.row(**row)[column] <= cut;
                let left = self.sums(rows.iter().filter(below));
                let right = all - left;
                if !fits(left) || !fits(right) {
                    continue;
                }
                let (a, b) = (slope(left), slope(right));
                let (c, d) = (curvature(left), curvature(right));
                let parts = (a * a * d + b * b * c) / (c * d);
                let gain = parts - slope(all) * slope(all) / curvature(all);
                let enough = gain > parameters.min_gain && gain > parts * 1e-12;
                if enough && best.is_none_or(|(most, _, _)| gain > most) {
                    best = Some((gain, column, cut));
                }
            }
        }
        PlainLeaf { rows, depth, best }
    }

    /// The leaves of a tree, in any order.
    fn tree(&self) -> Vec<PlainLeaf> {
        let mut leaves = vec![self.leaf((0..self.matrix.rows()).collect(), 0)];
        while leaves.len() < self.parameters.max_leaves as usize {
            let gain = |leaf: &PlainLeaf| leaf.best.map_or(0.0, |(gain, _, _)| gain);
            let most = leaves.iter().map(gain).fold(0.0, f64::max);
            let Some(at) = leaves
                .iter()
                .position(|l| l.best.is_some() && gain(l) == most)
            else {
                break;
            };
            let leaf = leaves.remove(at);
            let (_, column, cut) = leaf.best.unwrap();
            let (low, high) = leaf
                .rows
                .into_iter()
                .partition(|row| self.matrix.row(*row)[column] <= cut);
            leaves.push(self.leaf(low, leaf.depth + 1));
            leaves.push(self.leaf(high, leaf.depth + 1));
        }
        leaves
    }
}

fn plain_probabilities(
    parameters: &GradientBoostingParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> Vec<f64> {
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let mut scores = vec![math::ln(positive / (labels.len() as f64 - positive)); labels.len()];
    for _ in 0..parameters.trees {
        let pairs = scores.iter().zip(labels);
        let plain = Plain {
            parameters,
            matrix,
            gradients: pairs
                .map(|(score, label)| of_probability(math::sigmoid(*score), *label, 1.0))
                .collect(),
        };
        let leaves = plain.tree();
        if leaves.len() == 1 {
            break;
        }
        for leaf in leaves {
            let sums = plain.sums(leaf.rows.iter());
            let curvature = sums.second as f64 / ONE + parameters.l2;
            for row in leaf.rows {
                scores[row] += -(sums.first as f64 / ONE) / curvature * parameters.learning_rate;
            }
        }
    }
    scores.into_iter().map(math::sigmoid).collect()
}

#[test]
fn plain_loops_give_the_same_bits() {
    let (matrix, labels) = testing::classification(200, 5, 21);
    for parameters in [
        small(),
        GradientBoostingParameters {
            max_depth: 2,
            l2: 3.5,
            ..small()
        },
        GradientBoostingParameters {
            min_gain: 1.5,
            ..small()
        },
        GradientBoostingParameters {
            min_hessian: 4.0,
            learning_rate: 1.0,
            ..small()
        },
        GradientBoostingParameters {
            max_leaves: 40,
            min_samples_leaf: 1,
            ..small()
        },
    ] {
        let trees = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        let expected = plain_probabilities(&parameters, &matrix, &labels);
        assert_eq!(trees.predict(&matrix), expected, "{parameters:?}");
        assert!(log_loss(&expected, &labels) < 0.5);
    }
}

#[derive(Deserialize)]
struct Reference {
    gradient_boosting: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    rows: Vec<Vec<f64>>,
    labels: Vec<u8>,
    trees: u32,
    max_leaves: u32,
    max_depth: u32,
    min_samples_leaf: u32,
    learning_rate: f64,
    l2: f64,
    probabilities: Vec<f64>,
}

#[test]
fn scikit_learn_grows_the_same_trees() {
    let text = include_str!("../../../../tests/reference/learn.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    assert_eq!(reference.gradient_boosting.len(), 3);
    for case in reference.gradient_boosting {
        let matrix = Matrix::new(case.rows.len(), case.rows[0].len(), case.rows.concat());
        let labels: Vec<bool> = case.labels.iter().map(|label| *label == 1).collect();
        let parameters = GradientBoostingParameters {
            trees: case.trees,
            max_leaves: case.max_leaves,
            max_depth: case.max_depth,
            min_samples_leaf: case.min_samples_leaf,
            learning_rate: case.learning_rate,
            l2: case.l2,
            ..defaults()
        };
        let trees = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        // scikit-learn keeps gradients as 32-bit numbers.
        for (found, expected) in trees.predict(&matrix).iter().zip(&case.probabilities) {
            assert!(
                (found - expected).abs() < 1e-5,
                "{} {found} {expected}",
                case.name
            );
        }
    }
}

fn any_parameters() -> impl Strategy<Value = GradientBoostingParameters> {
    let shape = (2..255_u32, 0..5_u32, 2..12_u32, 1..20_u32, 0..4_u32);
    let numbers = (0.2..=1.0_f64, 0.2..=1.0_f64, 0.0..3.0_f64, 0.01..=1.0_f64);
    (shape, numbers, any::<u32>()).prop_map(|(shape, numbers, seed)| GradientBoostingParameters {
        max_bins: shape.0,
        max_depth: shape.1,
        max_leaves: shape.2,
        min_samples_leaf: shape.3,
        patience: shape.4,
        column_share: numbers.0,
        row_share: numbers.1,
        l2: numbers.2,
        learning_rate: numbers.3,
        seed: seed.into(),
        trees: 8,
        validation_share: 0.3,
        ..defaults()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Threads do not show, files keep every bit, single rows score as many do, constant columns
    /// are never split, and importances add up to 1.
    #[test]
    fn laws(parameters in any_parameters(), rows in 60..700_usize, columns in 1..40_usize, seed in 0..1000_u64) {
        let (matrix, mut labels) = testing::classification(rows, columns, seed);
        labels[..8].copy_from_slice(&[true, false, true, false, true, false, true, false]);
        let constant = seed as usize % (columns + 1);
        let values = matrix.values().iter().enumerate();
        let values = values.map(|(at, value)| if at % columns == constant { 7.5 } else { *value });
        let matrix = Matrix::new(rows, columns, values.collect());
        let results = [1, 2, 3].map(|threads| {
            on_threads(threads, || {
                let trees = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
                (bytes(&trees), trees.predict(&matrix))
            })
        });
        prop_assert!(results[0] == results[1] && results[0] == results[2]);
        let [(file, probabilities), ..] = results;
        let trees = BoostedTrees::read(&mut Reader::new(&file), 2, columns, Output::Probability).unwrap();
        prop_assert_eq!(&bytes(&trees), &file);
        for (row, probability) in probabilities.iter().enumerate() {
            prop_assert!((0.0..=1.0).contains(probability));
            let alone = Matrix::new(1, columns, matrix.row(row).to_vec());
            prop_assert_eq!(trees.predict(&alone)[0].to_bits(), probability.to_bits());
        }
        let importances = trees.importances();
        let sum: f64 = importances.iter().sum();
        let expected = if trees.trees() == 0 { 0.0 } else { 1.0 };
        prop_assert!((sum - expected).abs() < 1e-12);
        prop_assert!(importances.get(constant).is_none_or(|importance| *importance == 0.0));
    }
}

/// Enough rows that every loop is divided among threads.
#[test]
fn threads_do_not_show_on_many_rows() {
    let (matrix, labels) = testing::classification(210_000, 9, 3);
    let parameters = GradientBoostingParameters {
        trees: 3,
        patience: 2,
        ..defaults()
    };
    for row_share in [1.0, 0.6] {
        let parameters = GradientBoostingParameters {
            row_share,
            ..parameters.clone()
        };
        let [one, two, three] = [1, 2, 3].map(|threads| {
            on_threads(threads, || {
                bytes(&fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap())
            })
        });
        assert!(one == two && one == three);
    }
}

#[test]
fn patience_keeps_the_trees_up_to_the_lowest_loss() {
    let (matrix, labels) = testing::classification(600, 6, 8);
    let patient = GradientBoostingParameters {
        trees: 400,
        patience: 5,
        validation_share: 0.3,
        learning_rate: 0.3,
        ..defaults()
    };
    let trees = fit(&patient, &Examples::binary(&matrix, &labels)).unwrap();
    assert!((1..100).contains(&trees.trees()), "{}", trees.trees());
    let (_, held_out) = patient.sides(600);
    let held_out: Vec<usize> = held_out.iter().map(|row| *row as usize).collect();
    let held_labels: Vec<bool> = held_out.iter().map(|row| labels[*row]).collect();
    let held_matrix = matrix.select_rows(&held_out);
    let loss_after = |count: usize| {
        let parameters = GradientBoostingParameters {
            trees: count as u32,
            patience: 100_000,
            ..patient.clone()
        };
        let trees = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        log_loss(&trees.predict(&held_matrix), &held_labels)
    };
    let best = log_loss(&trees.predict(&held_matrix), &held_labels);
    for count in 1..trees.trees() + 5 {
        // With as much patience as trees, the best of so many are kept.
        assert!(loss_after(count) >= best - 1e-12, "{count}");
    }
}

#[test]
fn the_first_node_that_differs_is_found() {
    let (matrix, labels) = testing::classification(300, 4, 2);
    let with = |trees, learning_rate| {
        let parameters = GradientBoostingParameters {
            trees,
            learning_rate,
            ..small()
        };
        fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap()
    };
    let trees = with(12, 0.1);
    assert_eq!(trees.first_difference(&with(12, 0.1)), None);
    let other = with(9, 0.1);
    let fewer = trees.first_difference(&other).unwrap();
    assert_eq!((fewer.tree, fewer.node, fewer.now), (10, 1, None));
    let counts = fewer.trees;
    assert_eq!((counts.before, counts.now, counts.differ), (12, 9, 0));
    // The first tree is split alike; its first leaf is another.
    let other = with(12, 0.05);
    let slower = trees.first_difference(&other).unwrap();
    assert_eq!((slower.tree, slower.trees.differ), (1, 12));
    let leaf = |node: Option<ForestNode<'_>>| match node {
        Some(ForestNode::Leaf([value])) => *value,
        other => panic!("{other:?}"),
    };
    assert_eq!(leaf(slower.before), 2.0 * leaf(slower.now));
    let positive = labels.iter().filter(|label| **label).count() as f64;
    assert!((trees.start()[0] - positive / 300.0).abs() < 1e-12);
}

#[test]
fn rows_held_out_must_leave_both_classes() {
    let matrix = Matrix::new(4, 1, vec![1.0, 2.0, 3.0, 4.0]);
    let patient = |seed| GradientBoostingParameters {
        patience: 1,
        validation_share: 0.5,
        seed,
        ..defaults()
    };
    let labels = [true, false, false, false];
    let refusals: Vec<String> = (0..40)
        .filter_map(|seed| fit(&patient(seed), &Examples::binary(&matrix, &labels)).err())
        .map(|error| {
            assert_eq!(error.kind(), Kind::DataRefused);
            assert!(error.all_help()[0].contains("validation_share"));
            error.message().to_string()
        })
        .collect();
    let begins = |start: &str| refusals.iter().any(|message| message.starts_with(start));
    assert!(begins("the train rows that are not held out"));
    assert!(begins("no train row is held out"));
}

#[test]
fn a_tree_that_cannot_be_split_is_left_out() {
    let (matrix, labels) = testing::classification(100, 3, 1);
    let parameters = GradientBoostingParameters {
        min_samples_leaf: 51,
        ..defaults()
    };
    let trees = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
    assert_eq!((trees.trees(), trees.nodes()), (0, 0));
    let rate = labels.iter().filter(|label| **label).count() as f64 / 100.0;
    assert!(
        trees
            .predict(&matrix)
            .iter()
            .all(|p| (p - rate).abs() < 1e-12)
    );
    assert_eq!(trees.importances(), [0.0; 3]);
}

#[test]
fn no_score_leaves_its_range() {
    // Without a penalty or a least curvature, certain rows ask for the longest steps.
    let parameters = GradientBoostingParameters {
        min_hessian: 0.0,
        min_samples_leaf: 1,
        learning_rate: 1.0,
        trees: 300,
        ..defaults()
    };
    let numbers: Vec<f64> = (0..40).map(f64::from).collect();
    for labels in [
        (0..40).map(|row| row >= 20).collect::<Vec<_>>(),
        (0..40).map(|row| row % 2 == 0).collect(),
        (0..40).map(|row| row == 7).collect(),
    ] {
        let matrix = Matrix::new(40, 1, numbers.clone());
        let trees = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        let probabilities = trees.predict(&matrix);
        assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
        let right = probabilities.iter().zip(&labels);
        assert!(right.filter(|(p, label)| (**p > 0.5) == **label).count() == 40);
        let file = bytes(&trees);
        assert_eq!(
            BoostedTrees::read(&mut Reader::new(&file), 2, 1, Output::Probability).unwrap(),
            trees
        );
    }
}

#[test]
fn every_parameter_has_its_range() {
    let kind = find("gradient_boosting").unwrap();
    for parameter in kind.parameters {
        let outside = match parameter.range {
            Range::Integer { low, high } => vec![
                Value::Integer(low - 1),
                Value::Integer(high.wrapping_add(1)),
                Value::Float(low as f64),
            ],
            Range::Float { low, high } => {
                [low.next_down(), high.next_up(), f64::NAN, f64::INFINITY]
                    .map(Value::Float)
                    .to_vec()
            }
            Range::Word(_) | Range::WordOrCount(_) => {
                vec![Value::Text("other".to_string()), Value::Integer(0)]
            }
        };
        assert!(!outside.is_empty());
        for value in outside {
            let mut model = testing::model("gradient_boosting");
            model
                .parameters
                .insert(parameter.name.into(), value.clone());
            let error = EstimatorParameters::of(&model).unwrap_err();
            assert_eq!(error.kind(), Kind::Definition);
            let start = format!("model.{} is {value}; it must be ", parameter.name);
            assert!(error.message().starts_with(&start), "{error}");
        }
    }
}

#[test]
fn what_no_fit_gives_is_refused() {
    let refused = |write: &dyn Fn(&mut Writer)| {
        let mut writer = Writer::default();
        write(&mut writer);
        let bytes = writer.into_bytes();
        let error =
            BoostedTrees::read(&mut Reader::new(&bytes), 2, 1, Output::Probability).unwrap_err();
        error.message().to_string()
    };
    let start = |writer: &mut Writer, base: f64, leaf: f64| {
        writer.float(base);
        writer.float(1.0);
        writer.u32(1);
        writer.float(leaf);
        writer.u32(1);
        writer.raw(&[1]);
    };
    let one = |base: f64, leaf: f64, node: [u32; 2]| {
        refused(&|writer| {
            start(writer, base, leaf);
            writer.varint(node[0]);
            writer.varint(node[1]);
            // Rows of a leaf.
            writer.varint(1);
        })
    };
    let says = |message: String, words: &str| assert!(message.contains(words), "{message}");
    says(one(0.0, 1e300, [0, 0]), "a leaf is too large");
    says(one(-1e300, 1.0, [0, 0]), "starts too far out");
    says(one(0.0, 1.0, [0, 1]), "a number is not listed");
    says(one(0.0, 1.0, [2, 0]), "looks at no column");
    says(one(0.0, 1.0, [1, 0]), "ends early");
    says(one(0.0, f64::NAN, [0, 0]), "not finite");
}
