//! Trees of every kind on everything that can be learnt: laws, edges, and files.

use proptest::prelude::*;

use super::*;
use crate::learn::random::Random;

const KINDS: [&str; 4] = [
    "random_forest",
    "extra_trees",
    "decision_tree",
    "gradient_boosting",
];

/// What can be learnt of the same rows.
struct Made {
    matrix: Matrix,
    labels: Vec<bool>,
    classes: Vec<u32>,
    numbers: Vec<f64>,
    weights: Vec<f64>,
}

impl Made {
    /// Numbers and weights are multiples of an eighth, so that their sums are f64.
    fn of(rows: usize, columns: usize, seed: u64) -> Self {
        let (matrix, labels) = testing::classification(rows, columns, seed);
        let mut random = Random::new(seed);
        let mut noise = || random.below(16) as f64 / 8.0;
        let signal = |row: usize| (matrix.row(row)[0] * 8.0).floor() / 8.0;
        let numbers: Vec<f64> = (0..rows).map(|row| signal(row) - 3.0 + noise()).collect();
        let weights = (0..rows).map(|_| noise() + 0.125).collect();
        let class = |row: usize| (numbers[row].clamp(-2.0, 7.9) / 2.0 + 1.0) as u32;
        Self {
            classes: (0..rows).map(class).collect(),
            matrix,
            labels,
            numbers,
            weights,
        }
    }

    fn targets(&self) -> [Target<'_>; 3] {
        [
            Target::Binary(&self.labels),
            Target::Multiclass {
                classes: 5,
                rows: &self.classes,
            },
            Target::Regression(&self.numbers),
        ]
    }

    fn examples(&self) -> Vec<Examples<'_>> {
        let with = |weights| {
            self.targets().map(|target| Examples {
                matrix: &self.matrix,
                target,
                weights,
            })
        };
        [with(None), with(Some(&self.weights))].concat()
    }
}

/// Few and small trees.
fn small(kind: &str) -> EstimatorParameters {
    match testing::parameters(kind) {
        EstimatorParameters::RandomForest(parameters) => {
            EstimatorParameters::RandomForest(RandomForestParameters {
                trees: 9,
                ..parameters
            })
        }
        EstimatorParameters::ExtraTrees(parameters) => {
            EstimatorParameters::ExtraTrees(RandomForestParameters {
                trees: 9,
                ..parameters
            })
        }
        EstimatorParameters::GradientBoosting(parameters) => {
            EstimatorParameters::GradientBoosting(GradientBoostingParameters {
                trees: 9,
                min_samples_leaf: 4,
                row_share: 0.8,
                ..parameters
            })
        }
        other => other,
    }
}

fn learnt(parameters: &EstimatorParameters, examples: &Examples<'_>) -> FittedModel {
    fit(parameters, examples).unwrap().0
}

fn read(
    parameters: &EstimatorParameters,
    file: &[u8],
    columns: usize,
    output: Output,
) -> Result<FittedModel> {
    let mut reader = Reader::new(file);
    let model = FittedModel::read(
        parameters,
        parameters.version(),
        &mut reader,
        columns,
        output,
    )?;
    match reader.is_at_end() {
        true => Ok(model),
        false => Err(Error::failure("more bytes")),
    }
}

fn assert_sound(scores: &[f64], output: Output) {
    assert!(scores.iter().all(|score| score.is_finite()));
    if output != Output::Number {
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    }
    if let Output::Probabilities(classes) = output {
        for row in scores.chunks(classes) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Threads do not show, files keep every bit, a row alone is answered as among others.
    #[test]
    fn laws(rows in 30..400_usize, columns in 1..9_usize, seed in 0..1000_u64) {
        let made = Made::of(rows, columns, seed);
        for (kind, examples) in KINDS.iter().flat_map(|kind| made.examples().into_iter().map(move |e| (kind, e))) {
            if examples.check().is_err() {
                continue;
            }
            let (parameters, output) = (small(kind), examples.target.output());
            let results = [1, 2, 3].map(|threads| on_threads(threads, || {
                let model = learnt(&parameters, &examples);
                (bytes(&model), model.predict(&made.matrix))
            }));
            prop_assert!(results[0] == results[1] && results[0] == results[2]);
            let [(file, scores), ..] = results;
            let model = read(&parameters, &file, columns, output).unwrap();
            prop_assert_eq!(&bytes(&model), &file);
            assert_sound(&scores, output);
            for row in 0..rows.min(40) {
                let alone = Matrix::new(1, columns, made.matrix.row(row).to_vec());
                let width = output.width();
                prop_assert_eq!(&model.predict(&alone)[..], &scores[row * width..][..width]);
            }
            let sum: f64 = model.importances().unwrap().iter().sum();
            prop_assert!(sum == 0.0 || (sum - 1.0).abs() < 1e-12);
        }
    }
}

/// Weights say by how much more one row counts than another: their unit does not show.
#[test]
fn only_ratios_of_weights_count() {
    let made = Made::of(300, 4, 7);
    let (ones, fours) = (vec![1.0; 300], vec![4.0; 300]);
    for kind in KINDS {
        for target in made.targets() {
            let predict = |weights| {
                let examples = Examples {
                    matrix: &made.matrix,
                    target,
                    weights,
                };
                learnt(&small(kind), &examples).predict(&made.matrix)
            };
            let weighted = predict(Some(&ones));
            assert_eq!(weighted, predict(Some(&fours)), "{kind} {target:?}");
            // Two classes that count the same have sums of their own, and so other ties.
            let others_agree = kind == "gradient_boosting" || target.output().width() > 1;
            if others_agree || matches!(target, Target::Regression(_)) {
                assert_eq!(weighted, predict(None), "{kind}");
            }
        }
    }
}

/// A row that counts three times is as good as three rows.
#[test]
fn weights_are_repetitions() {
    let made = Made::of(200, 3, 5);
    let times: Vec<usize> = (0..200).map(|row| row % 3 + 1).collect();
    let repeated: Vec<usize> = (0..200)
        .flat_map(|row| std::iter::repeat_n(row, times[row]))
        .collect();
    let matrix = made.matrix.select_rows(&repeated);
    let labels: Vec<bool> = repeated.iter().map(|row| made.labels[*row]).collect();
    let classes: Vec<u32> = repeated.iter().map(|row| made.classes[*row]).collect();
    let numbers: Vec<f64> = repeated.iter().map(|row| made.numbers[*row]).collect();
    let weights: Vec<f64> = times.iter().map(|times| *times as f64).collect();
    let same = [
        Target::Binary(&labels),
        Target::Multiclass {
            classes: 5,
            rows: &classes,
        },
        Target::Regression(&numbers),
    ];
    let boosting = GradientBoostingParameters {
        trees: 20,
        min_samples_leaf: 1,
        min_hessian: 5.0,
        max_leaves: 8,
        ..testing::gradient_boosting()
    };
    let kinds = [
        (testing::parameters("decision_tree"), 1e-12),
        // Gradients are rounded before they are weighed, or after.
        (EstimatorParameters::GradientBoosting(boosting), 1e-5),
    ];
    for (parameters, most) in kinds {
        for (target, same) in made.targets().into_iter().zip(same) {
            let weighted = Examples {
                matrix: &made.matrix,
                target,
                weights: Some(&weights),
            };
            let repeated = Examples {
                matrix: &matrix,
                target: same,
                weights: Some(&vec![1.0; matrix.rows()]),
            };
            let weighted = learnt(&parameters, &weighted).predict(&made.matrix);
            let repeated = learnt(&parameters, &repeated).predict(&made.matrix);
            for (a, b) in weighted.iter().zip(&repeated) {
                assert!((a - b).abs() <= most, "{} {a} {b}", parameters.kind());
            }
        }
    }
}

#[test]
fn numbers_that_are_all_the_same_are_answered() {
    for number in [0.0, 0.1, -1e-300, 1e150, 1234.567] {
        for matrix in [
            Matrix::new(7, 1, (0..7).map(f64::from).collect()),
            Matrix::new(7, 300, (0..2100).map(f64::from).collect()),
            Matrix::new(7, 2, vec![3.0; 14]),
        ] {
            for kind in ["random_forest", "extra_trees", "decision_tree"] {
                let examples = Examples {
                    matrix: &matrix,
                    target: Target::Regression(&[number; 7]),
                    weights: Some(&[0.3, 1.0, 2.0, 1e-9, 1.0, 7.0, 5.5]),
                };
                let scores = learnt(&testing::parameters(kind), &examples).predict(&matrix);
                // A mean of a hundred times the same is rounded a hundred times.
                let most = if kind == "decision_tree" { 0.0 } else { 1e-13 };
                let close = |score: &f64| (score - number).abs() <= number.abs() * most;
                assert!(scores.iter().all(close), "{kind} {scores:?}");
            }
        }
    }
}

#[test]
fn numbers_and_weights_beyond_all_sums_are_refused() {
    let matrix = Matrix::new(3, 1, vec![1.0, 2.0, 3.0]);
    let refused = |numbers: &[f64; 3], weights: Option<&[f64]>, kind: &str| {
        let examples = Examples {
            matrix: &matrix,
            target: Target::Regression(numbers),
            weights,
        };
        let error = fit(&testing::parameters(kind), &examples).unwrap_err();
        assert_eq!(error.kind(), Kind::DataRefused);
        assert!(!error.all_help().is_empty());
        error.message().to_string()
    };
    for kind in KINDS {
        assert_eq!(
            refused(&[1.0, -1e300, 0.0], None, kind),
            "a label is beyond ±1e150"
        );
        for weight in [1e-200, 1e200] {
            assert_eq!(
                refused(&[1.0, 2.0, 0.0], Some(&[1.0, weight, 1.0]), kind),
                "a weight is not between 1e-100 and 1e100"
            );
        }
        // What is just allowed gives numbers.
        let examples = Examples {
            matrix: &matrix,
            target: Target::Regression(&[1e150, -1e150, 1e-150]),
            weights: Some(&[1e100, 1e-100, 1.0]),
        };
        let scores = learnt(&testing::parameters(kind), &examples).predict(&matrix);
        assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
    }
}

#[test]
fn a_class_without_train_rows_is_as_good_as_impossible() {
    let made = Made::of(200, 4, 3);
    let classes: Vec<u32> = made
        .labels
        .iter()
        .map(|label| u32::from(*label) * 2)
        .collect();
    for kind in KINDS {
        let examples = Examples {
            matrix: &made.matrix,
            target: Target::Multiclass {
                classes: 4,
                rows: &classes,
            },
            weights: None,
        };
        let scores = learnt(&small(kind), &examples).predict(&made.matrix);
        assert_sound(&scores, Output::Probabilities(4));
        for row in scores.chunks(4) {
            assert!(row[1] < 1e-9 && row[3] < 1e-9, "{kind} {row:?}");
        }
    }
}

#[test]
fn what_is_learnt_answers_unseen_rows() {
    let (train, unseen) = (Made::of(3000, 6, 1), Made::of(1000, 6, 2));
    let trained = train.examples();
    for kind in KINDS {
        for (examples, truth) in trained.iter().zip(unseen.examples()) {
            let scores = learnt(&testing::parameters(kind), examples).predict(&unseen.matrix);
            match truth.target {
                Target::Binary(_) => {}
                Target::Multiclass { rows, .. } => {
                    let best = |row: &[f64]| {
                        (0..row.len())
                            .max_by(|a, b| row[*a].total_cmp(&row[*b]))
                            .unwrap()
                    };
                    let right = scores.chunks(5).zip(rows);
                    let right = right.filter(|(row, class)| best(row) == **class as usize);
                    // A class is 2 wide and its noise 1.9.
                    assert!(right.count() > 600, "{kind}");
                }
                Target::Regression(numbers) => {
                    let squares = scores.iter().zip(numbers).map(|(a, b)| (a - b) * (a - b));
                    let error = squares.sum::<f64>() / 1000.0;
                    // The noise alone has a variance of 0.33, the numbers one of 8.7.
                    assert!(error < 0.75, "{kind} {error}");
                }
            }
        }
    }
}

/// Whatever byte is another: an error, or a model that answers with numbers.
#[test]
fn damaged_files_are_errors_or_answers() {
    let made = Made::of(60, 3, 4);
    for kind in KINDS {
        let parameters = small(kind);
        for examples in made.examples() {
            let output = examples.target.output();
            let file = bytes(&learnt(&parameters, &examples));
            for at in 0..file.len() {
                assert!(read(&parameters, &file[..at], 3, output).is_err());
                let mut other = file.clone();
                other[at] ^= 1 << (at % 8);
                if let Ok(model) = read(&parameters, &other, 3, output) {
                    let scores = model.predict(&made.matrix);
                    assert!(scores.iter().all(|score| score.is_finite()), "{kind} {at}");
                }
            }
        }
    }
}

#[test]
fn files_of_versions_that_knew_two_classes_hold_no_others() {
    for (kind, version) in [
        ("random_forest", 2),
        ("decision_tree", 1),
        ("gradient_boosting", 1),
    ] {
        let parameters = testing::parameters(kind);
        for output in [Output::Number, Output::Probabilities(3)] {
            let bytes = [0; 64];
            let mut reader = Reader::new(&bytes);
            let error = FittedModel::read(&parameters, version, &mut reader, 1, output);
            let error = error.unwrap_err();
            assert!(error.message().contains("two classes only"), "{error}");
        }
    }
}

#[test]
fn the_first_answer_that_differs_is_found() {
    let made = Made::of(200, 3, 9);
    for target in made.targets() {
        let grown = |seventh: f64| {
            let mut weights = vec![1.0; 200];
            weights[7] = seventh;
            let examples = Examples {
                matrix: &made.matrix,
                target,
                weights: Some(&weights),
            };
            match learnt(&testing::parameters("decision_tree"), &examples) {
                FittedModel::Forest(forest) => forest,
                other => panic!("{other:?}"),
            }
        };
        let (before, now) = (grown(1.0), grown(50.0));
        assert_eq!(before.first_difference(&before), None);
        let found = before.first_difference(&now).unwrap();
        assert_eq!((found.tree, found.trees.differ), (1, 1));
    }
}

/// A change here is a new version of the estimator.
#[test]
fn golden_vectors_of_other_targets() {
    let made = Made::of(500, 5, 12);
    let golden = |kind: &str| {
        let mut content = Vec::new();
        for examples in &made.examples()[1..] {
            let model = learnt(&small(kind), examples);
            content.extend(bytes(&model));
            let scores = model.predict(&made.matrix);
            content.extend(scores.iter().flat_map(|score| score.to_le_bytes()));
        }
        ObjectId::of_bytes(&content).to_string()
    };
    assert_eq!(
        KINDS.map(golden),
        [
            "9cde50a42c6f57ab866edfeaf5edfb5be509f748b39b61b73087794d0445ef41",
            "d8b9735ef1be47fc70cac62c849e63e64c26d94b972d43a22f825447bfe1cb70",
            "0e2516f290123ad7a2065e17023ed16386422b0a3af47a45fbb869a91b1ce7f4",
            "eb43c9351a32118288161e6a0242a8253fae1f893ed4445a35be608dce2966ff",
        ]
    );
}
