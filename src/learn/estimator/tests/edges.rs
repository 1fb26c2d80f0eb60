//! Several classes, numbers, and weights of rows: at their edges.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::*;
use super::others::assert_close;
use super::tasks::{learners, learnt, numbers, thirds, with};
use crate::definition::Value;
use crate::learn::testing;

/// The shares of each row add up to 1, and a class that no train row has is never expected.
#[test]
fn a_class_without_rows_has_no_share() {
    let (matrix, _) = testing::classification(300, 4, 5);
    for rows in [
        thirds(&matrix),
        thirds(&matrix).iter().map(|c| c % 2).collect(),
    ] {
        // The fourth of five classes stands in no row.
        let rows: Vec<u32> = rows
            .iter()
            .map(|class| class + u32::from(*class > 1))
            .collect();
        let examples = Examples::new(
            &matrix,
            Target::Multiclass {
                classes: 5,
                rows: &rows,
            },
        );
        for parameters in learners(Task::Multiclass) {
            let model = learnt(&parameters, &examples);
            // A softmax of boosted trees comes near 0 and no further.
            let boosts = matches!(parameters, EstimatorParameters::GradientBoosting(_));
            let most = if boosts { 1e-12 } else { 0.0 };
            for shares in model.predict(&matrix).chunks_exact(5) {
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let without_rows = shares[2].max(shares[4]);
                assert!(without_rows <= most, "{parameters:?} {without_rows}");
            }
        }
    }
}

#[test]
fn degenerate_numbers_are_no_trouble_or_refused() {
    let constant = Matrix::new(4, 2, vec![7.0; 8]);
    let zero = Matrix::new(4, 2, vec![0.0; 8]);
    let collinear = Matrix::new(4, 2, vec![1.0, 2.0, 2.0, 4.0, 3.0, 6.0, 5.0, 10.0]);
    let wide = Matrix::new(4, 60, (0..240).map(|at| f64::from(at % 17)).collect());
    let tiny = Matrix::new(4, 1, vec![0.0, 1e-310, 2e-310, 0.0]);
    let huge = Matrix::new(4, 1, vec![f64::MAX, f64::MIN, 0.0, 1.0]);
    for matrix in [constant, zero, collinear, wide, tiny, huge] {
        for numbers in [
            [3.0; 4],
            [0.0; 4],
            [1.0, 5.0, 2.0, 8.0],
            [1e300, 0.0, -1e300, 0.0],
        ] {
            for parameters in learners(Task::Regression) {
                let parameters = match parameters {
                    EstimatorParameters::Knn(_) => testing::neighbours(2),
                    other => other,
                };
                let examples = Examples::new(&matrix, Target::Regression(&numbers));
                match fit(&parameters, &examples) {
                    Ok((model, _)) => {
                        let answers = model.predict(&matrix);
                        assert!(
                            answers.iter().all(|answer| answer.is_finite()),
                            "{parameters:?} {answers:?}"
                        );
                        if numbers[0] == 3.0 {
                            assert_close("constant", &answers, &[3.0; 4], 1e-12);
                        }
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), Kind::DataRefused, "{parameters:?}");
                        let far = matrix.values()[0] == f64::MAX || numbers[0] == 1e300;
                        assert!(far, "{parameters:?} {error}");
                    }
                }
            }
        }
    }
}

/// Rows that no train row is anything like still have an answer.
#[test]
fn rows_from_far_away_have_shares_and_numbers() {
    let (matrix, _) = testing::classification(90, 4, 5);
    let (numbers, classes) = (numbers(&matrix, 6), thirds(&matrix));
    let ends = [f64::MAX, f64::MAX, 0.0, f64::MIN];
    let far = Matrix::new(3, 4, [ends, [1e300, 1e300, -1e300, 0.0], [0.0; 4]].concat());
    let classes = Target::Multiclass {
        classes: 3,
        rows: &classes,
    };
    for target in [classes, Target::Regression(&numbers)] {
        for parameters in learners(target.output().task()) {
            let (model, _) = fit(&parameters, &Examples::new(&matrix, target)).unwrap();
            let answers = model.predict(&far);
            for answer in answers.chunks_exact(target.output().width()) {
                assert!(
                    answer.iter().all(|x| x.is_finite()),
                    "{parameters:?} {answer:?}"
                );
                if let [_, _, _] = answer {
                    assert!((answer.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                }
            }
        }
    }
}

/// Columns in units twenty decimal powers apart: what they say is still found.
#[test]
fn units_do_not_disturb_least_squares() {
    let (matrix, _) = testing::classification(400, 4, 8);
    let numbers = numbers(&matrix, 9);
    let units = [1e-9, 1e12, 1.0, 1e5];
    let moved = matrix.values().iter().enumerate();
    let moved = moved
        .map(|(at, value)| (value + 3.0) * units[at % 4])
        .collect();
    let moved = Matrix::new(400, 4, moved);
    let answers = |matrix: &Matrix| {
        let examples = Examples::new(matrix, Target::Regression(&numbers));
        learnt(&EstimatorParameters::LinearRegression, &examples).predict(matrix)
    };
    assert_close("units", &answers(&moved), &answers(&matrix), 1e-9);
}

#[test]
fn a_lasso_says_when_it_has_not_converged() {
    let (matrix, _) = testing::classification(100, 6, 8);
    let numbers = numbers(&matrix, 9);
    let hasty = [
        ("alpha", Value::Float(1e-6)),
        ("max_iterations", Value::Integer(1)),
        ("tolerance", Value::Float(1e-12)),
    ];
    let examples = Examples::new(&matrix, Target::Regression(&numbers));
    let (_, warnings) = fit(&with("lasso", &hasty), &examples).unwrap();
    assert_eq!(
        warnings[0].to_string(),
        "The lasso had not converged after 1 iterations; a larger `alpha` or `max_iterations` helps, and so \
         does `numeric = \"standardize\"`."
    );
}

#[test]
fn too_many_classes_and_columns_for_l1_are_refused() {
    let (matrix, _) = testing::classification(300, 60, 5);
    let rows: Vec<u32> = (0..300).map(|row| row % 100).collect();
    let examples = Examples::new(
        &matrix,
        Target::Multiclass {
            classes: 100,
            rows: &rows,
        },
    );
    let lasso = with("logistic_regression", &[("l1", Value::Float(1.0))]);
    let error = fit(&lasso, &examples).unwrap_err();
    assert_eq!(error.kind(), Kind::DataRefused);
    assert_eq!(
        error.message(),
        "a logistic regression of 100 classes on 60 columns has 6100 coefficients; with `l1` \
         at most 2048 can be learnt"
    );
}

/// Whether steps are found with the Hessian or without shows in the last digits alone.
#[test]
fn steps_without_a_hessian_end_at_the_same_minimum() {
    let (matrix, _) = testing::classification(500, 6, 5);
    let classes = thirds(&matrix);
    let weights: Vec<f64> = (0..500).map(|row| 0.5 + f64::from(row % 7)).collect();
    let ones = [1.0; 6];
    let rescalings: Vec<design::Rescaling> = moments::Moments::of_columns(&matrix, &weights)
        .iter()
        .map(design::Rescaling::of)
        .collect();
    let problem = newton::Problem {
        loss: softmax_loss::SoftmaxLoss::new(
            design::Design::new(&matrix, &rescalings, &weights),
            &classes,
            3,
        ),
        penalties: [&ones[..], &[0.0]].concat().repeat(3),
        l1: vec![0.0; 21],
    };
    let limits = newton::Limits {
        max_iterations: 50,
        tolerance: 1e-10,
    };
    let start = vec![0.0; 21];
    let with = problem.minimize(start.clone(), limits, newton::Problem::newton_step);
    let without = problem.minimize(start, limits, |problem, at| {
        Some(conjugate::step(problem, at))
    });
    assert!(with.converged && without.converged);
    assert_close("minimum", &without.coefficients, &with.coefficients, 1e-9);
}

/// Of a class with one row, no machine of its fold knows; of rows that are all alike, none knows anything.
#[test]
fn support_vectors_of_next_to_nothing_have_probabilities() {
    let alike = Matrix::new(8, 2, vec![3.0; 16]);
    let apart = Matrix::new(8, 2, (0..16).map(f64::from).collect());
    let one = [false, false, false, true, false, false, false, false];
    let half = [true, false, true, false, true, false, true, false];
    for kernel in ["rbf", "linear"] {
        let parameters = with("svm", &[("kernel", Value::Text(kernel.into()))]);
        for matrix in [&alike, &apart] {
            for labels in [one, half] {
                let (model, _) = fit(&parameters, &Examples::binary(matrix, &labels)).unwrap();
                let shares = model.predict(matrix);
                assert!(
                    shares.iter().all(|share| (0.0..=1.0).contains(share)),
                    "{kernel} {shares:?}"
                );
            }
        }
    }
}

/// A class with one row, a class of rows that another class has too, one column, nothing but equal rows.
#[test]
fn support_vectors_of_pairs_of_next_to_nothing_have_shares() {
    let alike = Matrix::new(8, 2, vec![3.0; 16]);
    let apart = Matrix::new(8, 1, (0..8).map(f64::from).collect());
    let twice = Matrix::new(8, 1, (0..8).map(|row| f64::from(row / 2)).collect());
    let one = [0, 0, 0, 1, 2, 2, 2, 2];
    let mixed = [0, 1, 2, 0, 1, 2, 0, 1];
    for kernel in ["rbf", "linear"] {
        let parameters = with("svm", &[("kernel", Value::Text(kernel.into()))]);
        for matrix in [&alike, &apart, &twice] {
            for rows in [&one, &mixed] {
                let target = Target::Multiclass { classes: 4, rows };
                let (model, _) = fit(&parameters, &Examples::new(matrix, target)).unwrap();
                let equal = |a: &[f64], b: &[f64]| matrix.row(0) == matrix.row(1) && a != b;
                let shares = model.predict(matrix);
                assert!(!equal(&shares[..4], &shares[4..8]), "{kernel} {shares:?}");
                for shares in shares.chunks_exact(4) {
                    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
                    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                    assert!(shares[3] == 0.0, "no row is of the fourth: {shares:?}");
                }
            }
        }
    }
}

/// As two models are told apart by.
#[test]
fn numbers_of_support_vectors_have_names() {
    let matrix = Matrix::new(4, 1, vec![0.0, 1.0, 5.0, 6.0]);
    let rows = [0, 2, 2, 3];
    let target = Target::Multiclass {
        classes: 4,
        rows: &rows,
    };
    let examples = Examples::new(&matrix, target);
    let FittedModel::Svm(model) = learnt(&testing::parameters("svm"), &examples) else {
        panic!("no support vectors");
    };
    let numbers = model.numbers(&["usage.hours".to_string()]);
    let names: Vec<&str> = numbers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names[..7],
        [
            "gamma",
            "intercept between class 1 and class 3",
            "slope of the sigmoid between class 1 and class 3",
            "offset of the sigmoid between class 1 and class 3",
            "intercept between class 1 and class 4",
            "slope of the sigmoid between class 1 and class 4",
            "offset of the sigmoid between class 1 and class 4",
        ]
    );
    assert_eq!(
        names[10..13],
        [
            "coefficient of vector 1 between class 1 and class 3",
            "coefficient of vector 1 between class 1 and class 4",
            "usage.hours of vector 1",
        ]
    );
    let of_row = |name: &str| numbers.iter().filter(|(found, _)| found == name).count();
    assert_eq!(
        of_row("coefficient of vector 4 between class 3 and class 4"),
        1
    );
    let two = Examples::binary(&matrix, &[false, false, true, true]);
    let FittedModel::Svm(model) = learnt(&testing::parameters("svm"), &two) else {
        panic!("no support vectors");
    };
    let numbers = model.numbers(&["usage.hours".to_string()]);
    let names: Vec<&str> = numbers
        .iter()
        .map(|(name, _)| name.as_str())
        .take(5)
        .collect();
    assert_eq!(
        names,
        [
            "gamma",
            "intercept",
            "slope of the sigmoid",
            "offset of the sigmoid",
            "coefficient of vector 1"
        ]
    );
}

/// A row whose sums overflow on both sides of a plane is on neither.
#[test]
fn support_vectors_of_a_plane_decide_rows_from_far_away() {
    let (matrix, labels) = testing::classification(90, 4, 5);
    let classes = thirds(&matrix);
    let ends = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    let far = Matrix::new(2, 4, [ends, [1e308, -1e308, 1e308, 0.0]].concat());
    let linear = with("svm", &[("kernel", Value::Text("linear".into()))]);
    let classes = Target::Multiclass {
        classes: 3,
        rows: &classes,
    };
    for target in [Target::Binary(&labels), classes] {
        let (model, _) = fit(&linear, &Examples::new(&matrix, target)).unwrap();
        let answers = model.predict(&far);
        assert!(
            answers.iter().all(|share| (0.0..=1.0).contains(share)),
            "{answers:?}"
        );
    }
}

/// A change here is a new version of the estimator.
#[test]
fn golden_vectors_of_support_vectors() {
    let (matrix, labels) = testing::classification(300, 5, 9);
    let classes = thirds(&matrix);
    let examples = Examples::new(
        &matrix,
        Target::Multiclass {
            classes: 3,
            rows: &classes,
        },
    );
    assert_eq!(
        super::hash(&learnt(&testing::parameters("svm"), &examples), &matrix),
        "8643ea9b4dff9a2dc44b37068f876dc9746a7b321d89f7645c09cf3430e074de"
    );
    let linear = with("svm", &[("kernel", Value::Text("linear".into()))]);
    let golden = [testing::parameters("svm"), linear].map(|parameters| {
        super::hash(
            &learnt(&parameters, &Examples::binary(&matrix, &labels)),
            &matrix,
        )
    });
    assert_eq!(
        golden,
        [
            "a1f1d4edbd4e3c962f18fbd6b26f849ecaf95981edccb091f1cd8dde49a5ce5e",
            "9b49803d7c58e278843fd9998c0aed5d66548b46129264ee2073876f412570d3"
        ]
    );
}

#[test]
fn what_an_estimator_does_not_learn_is_a_definition_error() {
    let (matrix, labels) = testing::classification(30, 3, 5);
    let numbers = numbers(&matrix, 1);
    let classes = thirds(&matrix);
    let classes = Target::Multiclass {
        classes: 3,
        rows: &classes,
    };
    let weights = vec![2.0; 30];
    for estimator in estimator::ESTIMATORS {
        let targets = [
            Target::Binary(&labels),
            classes,
            Target::Regression(&numbers),
        ];
        for target in targets {
            for weights in [None, Some(&weights[..])] {
                let examples = Examples {
                    matrix: &matrix,
                    target,
                    weights,
                };
                let task = target.output().task();
                let refused =
                    !estimator.tasks.contains(&task) || (weights.is_some() && !estimator.weighted);
                let result = fit(&testing::parameters(estimator.name), &examples);
                let kind = result.err().map(|error| error.kind());
                let expected = refused.then_some(Kind::Definition);
                assert_eq!(kind, expected, "{} {task:?}", estimator.name);
            }
        }
    }
}

/// Whether each column has two values in each class. Where it has one, the variance of naive Bayes is its smoothing
/// alone, a distance in it is huge, and the last digit of a mean shows in a probability.
fn all_vary(matrix: &Matrix, class: impl Fn(usize) -> u32) -> bool {
    let classes: BTreeSet<u32> = (0..matrix.rows()).map(&class).collect();
    let varies = |wanted: u32, column: usize| {
        let values = matrix.column(column).enumerate();
        let values = values.filter(|(row, _)| class(*row) == wanted);
        values
            .map(|(_, value)| value.to_bits())
            .collect::<BTreeSet<_>>()
            .len()
            > 1
    };
    let mut pairs = classes
        .iter()
        .flat_map(|class| (0..matrix.columns()).map(move |at| (*class, at)));
    pairs.all(|(class, column)| varies(class, column))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A row of weight k is learnt from as k rows are.
    #[test]
    fn a_weight_is_a_number_of_rows(seed in 0_u64..1000, times in proptest::collection::vec(1_usize..4, 60)) {
        let (matrix, labels) = testing::classification(60, 4, seed);
        prop_assume!(labels.contains(&true) && labels.contains(&false));
        let (numbers, classes) = (numbers(&matrix, seed), thirds(&matrix));
        prop_assume!(all_vary(&matrix, |row| u32::from(labels[row])));
        prop_assume!(all_vary(&matrix, |row| classes[row]));
        let weights: Vec<f64> = times.iter().map(|times| *times as f64).collect();
        let repeated = || times.iter().enumerate().flat_map(|(row, times)| vec![row; *times]);
        let rows: Vec<usize> = repeated().collect();
        let more = matrix.select_rows(&rows);
        let more_labels: Vec<bool> = repeated().map(|row| labels[row]).collect();
        let more_numbers: Vec<f64> = repeated().map(|row| numbers[row]).collect();
        let more_classes: Vec<u32> = repeated().map(|row| classes[row]).collect();
        let of_classes = |rows| Target::Multiclass { classes: 3, rows };
        let pairs = [
            (Target::Binary(&labels), Target::Binary(&more_labels)),
            (of_classes(&classes[..]), of_classes(&more_classes[..])),
            (Target::Regression(&numbers), Target::Regression(&more_numbers)),
        ];
        for (target, more_target) in pairs {
            for parameters in learners(target.output().task()) {
                let ours = matches!(
                    parameters.kind(),
                    "gaussian_nb" | "lasso" | "linear_regression" | "logistic_regression" | "prior" | "ridge"
                );
                if !ours {
                    continue;
                }
                let weighted = Examples { matrix: &matrix, target, weights: Some(&weights) };
                let plain = Examples { matrix: &more, target: more_target, weights: None };
                let (weighted, _) = fit(&parameters, &weighted).unwrap();
                let (plain, _) = fit(&parameters, &plain).unwrap();
                assert_close(parameters.kind(), &weighted.predict(&matrix), &plain.predict(&matrix), 1e-6);
            }
        }
    }
}

/// Balanced classes: the mean probability of each class, over the rows so weighted, is the same.
#[test]
fn balanced_classes_count_the_same() {
    let (matrix, _) = testing::classification(400, 4, 5);
    let rows = thirds(&matrix);
    let examples = Examples::new(
        &matrix,
        Target::Multiclass {
            classes: 3,
            rows: &rows,
        },
    );
    let balanced = [("class_weight", Value::Text("balanced".into()))];
    let count = |class| rows.iter().filter(|found| **found == class).count() as f64;
    let model = learnt(&with("logistic_regression", &balanced), &examples);
    let shares = model.predict(&matrix);
    for class in 0..3 {
        let of_class = rows.iter().zip(shares.chunks_exact(3));
        let sum: f64 = of_class
            .map(|(row, shares)| shares[class] * 400.0 / (3.0 * count(*row)))
            .sum();
        assert!((sum - 400.0 / 3.0).abs() < 1e-6, "{class} {sum}");
    }
}
