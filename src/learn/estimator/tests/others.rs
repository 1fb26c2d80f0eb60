//! Elastic nets, naive Bayes, neighbours and single trees: held against scikit-learn, and at their edges.

use serde::Deserialize;

use super::super::*;
use crate::definition::Value;
use crate::learn::testing;

#[derive(Deserialize)]
struct Estimators {
    elastic_net: Vec<ElasticNetCase>,
    gaussian_nb: Vec<NaiveBayesCase>,
    knn: Vec<NeighboursCase>,
    decision_tree: Vec<TreeCase>,
}

#[derive(Deserialize)]
struct ElasticNetCase {
    name: String,
    rows: Vec<Vec<f64>>,
    labels: Vec<u8>,
    l1: f64,
    l2: f64,
    intercept: f64,
    coefficients: Vec<f64>,
}

#[derive(Deserialize)]
struct NaiveBayesCase {
    name: String,
    rows: Vec<Vec<f64>>,
    labels: Vec<u8>,
    smoothing: f64,
    probabilities: Vec<f64>,
}

#[derive(Deserialize)]
struct NeighboursCase {
    name: String,
    train: Vec<Vec<f64>>,
    labels: Vec<u8>,
    rows: Vec<Vec<f64>>,
    neighbors: u32,
    weights: knn::Weights,
    probabilities: Vec<f64>,
}

#[derive(Deserialize)]
struct TreeCase {
    name: String,
    rows: Vec<Vec<f64>>,
    labels: Vec<u8>,
    max_depth: i64,
    min_samples_leaf: i64,
    probabilities: Vec<f64>,
    importances: Vec<f64>,
}

fn estimators() -> Estimators {
    let text = include_str!("../../../../tests/reference/estimators.json");
    serde_json::from_str(text).unwrap()
}

fn table(rows: &[Vec<f64>], labels: &[u8]) -> (Matrix, Vec<bool>) {
    let labels = labels.iter().map(|label| *label == 1).collect();
    (
        Matrix::new(rows.len(), rows[0].len(), rows.concat()),
        labels,
    )
}

pub(super) fn assert_close(name: &str, found: &[f64], expected: &[f64], most: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= most,
            "{name} {found} {expected}"
        );
    }
}

#[test]
fn elastic_net_agrees_with_scikit_learn() {
    let cases = estimators().elastic_net;
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (matrix, labels) = table(&case.rows, &case.labels);
        let parameters = LogisticRegressionParameters {
            l1: case.l1,
            l2: case.l2,
            ..testing::logistic_regression()
        };
        let (model, warnings) =
            logistic_regression::fit(&parameters, &Examples::binary(&matrix, &labels), &labels);
        assert!(warnings.is_empty(), "{} {warnings:?}", case.name);
        let function = &model.functions[0];
        assert_close(&case.name, &[function.intercept], &[case.intercept], 1e-6);
        assert_close(&case.name, &function.coefficients, &case.coefficients, 1e-6);
        let zeros = |numbers: &[f64]| numbers.iter().map(|x| *x == 0.0).collect::<Vec<_>>();
        assert_eq!(
            zeros(&function.coefficients),
            zeros(&case.coefficients),
            "{}",
            case.name
        );
    }
}

/// At the minimum, the slope of the loss is l1 against each coefficient, and at most l1 where it is 0.
#[test]
fn elastic_net_ends_where_no_coefficient_can_help() {
    let (matrix, labels) = testing::classification(400, 6, 21);
    let parameters = testing::elastic_net();
    let (model, _) =
        logistic_regression::fit(&parameters, &Examples::binary(&matrix, &labels), &labels);
    let coefficients = &model.functions[0].coefficients;
    let zeros = coefficients.iter().filter(|x| **x == 0.0).count();
    assert!(zeros > 0 && zeros < 6, "{model:?}");
    let predicted = model.probabilities(&matrix);
    let residuals = predicted.iter().zip(&labels);
    let residuals: Vec<f64> = residuals
        .map(|(p, label)| p - f64::from(u8::from(*label)))
        .collect();
    assert!(residuals.iter().sum::<f64>().abs() < 1e-7);
    for (column, coefficient) in coefficients.iter().enumerate() {
        let slope = matrix.column(column).zip(&residuals).map(|(x, r)| x * r);
        let slope = slope.sum::<f64>() + parameters.l2 * coefficient;
        match *coefficient == 0.0 {
            true => assert!(slope.abs() <= parameters.l1 + 1e-7, "{slope}"),
            false => assert!(
                (slope + parameters.l1 * coefficient.signum()).abs() < 1e-6,
                "{slope}"
            ),
        }
    }
}

/// scikit-learn's saga stops early here: it looks at the coefficients alone.
#[test]
fn a_penalty_that_allows_nothing_leaves_the_class_rate() {
    let (matrix, labels) = testing::classification(300, 4, 3);
    let parameters = LogisticRegressionParameters {
        l1: 1e6,
        ..testing::logistic_regression()
    };
    let (model, warnings) =
        logistic_regression::fit(&parameters, &Examples::binary(&matrix, &labels), &labels);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(model.functions[0].coefficients, [0.0; 4]);
    let rate = labels.iter().filter(|label| **label).count() as f64 / 300.0;
    for probability in model.probabilities(&matrix) {
        assert!((probability - rate).abs() < 1e-12, "{probability} {rate}");
    }
}

#[test]
fn an_l1_of_nothing_is_the_regression_that_was_there_before() {
    let declared = testing::model("logistic_regression");
    let parameters = serde_json::to_string(&testing::logistic_regression()).unwrap();
    assert!(!parameters.contains("l1"), "{parameters}");
    let again: LogisticRegressionParameters = serde_json::from_str(&parameters).unwrap();
    assert_eq!(again, testing::logistic_regression());
    assert_eq!(declared.parameters["l1"], Value::Float(0.0));
}

#[test]
fn naive_bayes_agrees_with_scikit_learn() {
    let cases = estimators().gaussian_nb;
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (matrix, labels) = table(&case.rows, &case.labels);
        let parameters = GaussianNbParameters {
            class_weight: ClassWeight::None,
            smoothing: case.smoothing,
        };
        let parameters = EstimatorParameters::GaussianNb(parameters);
        let (model, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        assert_close(
            &case.name,
            &model.predict(&matrix),
            &case.probabilities,
            1e-9,
        );
    }
}

#[test]
fn neighbours_agree_with_scikit_learn() {
    let cases = estimators().knn;
    assert_eq!(cases.len(), 4);
    for case in cases {
        let (matrix, labels) = table(&case.train, &case.labels);
        let rows = Matrix::new(case.rows.len(), case.rows[0].len(), case.rows.concat());
        let parameters = KnnParameters {
            neighbors: case.neighbors,
            weights: case.weights,
        };
        let model = knn::fit(&parameters, &matrix, knn::Labels::Binary(labels)).unwrap();
        assert_close(&case.name, &model.predict(&rows), &case.probabilities, 1e-9);
    }
}

#[test]
fn a_tree_agrees_with_scikit_learn() {
    let cases = estimators().decision_tree;
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (matrix, labels) = table(&case.rows, &case.labels);
        let mut model = testing::model("decision_tree");
        let mut set = |name: &str, value: i64| {
            model.parameters.insert(name.into(), Value::Integer(value));
        };
        set("max_depth", case.max_depth);
        set("min_samples_leaf", case.min_samples_leaf);
        let parameters = EstimatorParameters::of(&model).unwrap();
        let (model, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        assert_close(
            &case.name,
            &model.predict(&matrix),
            &case.probabilities,
            1e-9,
        );
        let importances = model.importances().unwrap();
        assert_close(&case.name, importances, &case.importances, 1e-9);
    }
}

#[test]
fn of_rows_equally_near_the_earlier_is_asked() {
    let matrix = Matrix::new(4, 1, vec![1.0, -1.0, 1.0, -1.0]);
    let predict = |neighbors: u32, labels: [bool; 4]| {
        let (model, _) = fit(
            &testing::neighbours(neighbors),
            &Examples::binary(&matrix, &labels),
        )
        .unwrap();
        model.predict(&Matrix::new(1, 1, vec![0.0]))[0]
    };
    assert_eq!(predict(1, [true, false, false, false]), 1.0);
    assert_eq!(predict(2, [true, false, true, true]), 0.5);
    assert_eq!(predict(4, [true, false, false, false]), 0.25);
    let too_many = fit(
        &testing::neighbours(5),
        &Examples::binary(&matrix, &[true, false, true, true]),
    )
    .unwrap_err();
    assert_eq!(too_many.kind(), Kind::DataRefused);
    assert_eq!(too_many.message(), "4 train rows have no 5 neighbours");
}

/// Rows no train row is anything like still have an answer.
#[test]
fn rows_from_far_away_have_a_probability() {
    let (matrix, labels) = testing::classification(60, 3, 4);
    let far = Matrix::new(2, 3, vec![1e300, -1e300, 1e300, f64::MAX, 0.0, f64::MIN]);
    let by_distance = KnnParameters {
        neighbors: 3,
        weights: knn::Weights::Distance,
    };
    for parameters in [
        testing::parameters("gaussian_nb"),
        testing::parameters("knn"),
        EstimatorParameters::Knn(by_distance),
        EstimatorParameters::LogisticRegression(testing::elastic_net()),
    ] {
        let (model, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        let found = model.predict(&far);
        assert!(
            found.iter().all(|p| (0.0..=1.0).contains(p)),
            "{parameters:?} {found:?}"
        );
    }
}
