//! Several classes, numbers, and weights of rows: held against scikit-learn.

use serde::Deserialize;
use serde_json::Map;

use super::super::*;
use super::others::assert_close;
use super::{bytes, hash, on_threads};
use crate::definition::Value;
use crate::learn::testing;

#[derive(Deserialize)]
struct Cases {
    linear: Vec<LinearCase>,
    classes: Vec<ClassesCase>,
    asked: Vec<AskedCase>,
    svm: Vec<MachineCase>,
    svm_of_pairs: Vec<PairsCase>,
}

#[derive(Deserialize)]
struct LinearCase {
    name: String,
    rows: Vec<Vec<f64>>,
    numbers: Vec<f64>,
    weights: Option<Vec<f64>>,
    models: Vec<LinearAnswer>,
}

#[derive(Deserialize)]
struct LinearAnswer {
    parameters: Map<String, serde_json::Value>,
    intercept: f64,
    coefficients: Vec<f64>,
}

#[derive(Deserialize)]
struct ClassesCase {
    rows: Vec<Vec<f64>>,
    labels: Vec<u32>,
    classes: usize,
    weights: Option<Vec<f64>>,
    models: Vec<ClassesAnswer>,
}

#[derive(Deserialize)]
struct ClassesAnswer {
    parameters: Map<String, serde_json::Value>,
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct AskedCase {
    train: Vec<Vec<f64>>,
    rows: Vec<Vec<f64>>,
    neighbors: i64,
    weights: String,
    labels: Vec<u32>,
    numbers: Vec<f64>,
    shares: Vec<Vec<f64>>,
    means: Vec<f64>,
}

#[derive(Deserialize)]
struct MachineCase {
    parameters: Map<String, serde_json::Value>,
    rows: Vec<Vec<f64>>,
    labels: Vec<u8>,
    weights: Option<Vec<f64>>,
    decisions: Vec<f64>,
}

#[derive(Deserialize)]
struct PairsCase {
    parameters: Map<String, serde_json::Value>,
    rows: Vec<Vec<f64>>,
    labels: Vec<u32>,
    classes: usize,
    weights: Option<Vec<f64>>,
    decisions: Vec<Vec<f64>>,
}

fn cases() -> Cases {
    let text = include_str!("../../../../tests/reference/estimators.json");
    serde_json::from_str(text).unwrap()
}

fn table(rows: &[Vec<f64>]) -> Matrix {
    Matrix::new(rows.len(), rows[0].len(), rows.concat())
}

/// The defaults of `kind`, with what is written besides.
fn parameters_of(written: &Map<String, serde_json::Value>) -> EstimatorParameters {
    let mut model = testing::model(written["kind"].as_str().unwrap());
    for (name, value) in written.iter().filter(|(name, _)| *name != "kind") {
        let value = match value {
            serde_json::Value::String(word) => Value::Text(word.clone()),
            number if number.is_i64() => Value::Integer(number.as_i64().unwrap()),
            number => Value::Float(number.as_f64().unwrap()),
        };
        model.parameters.insert(name.clone(), value);
    }
    EstimatorParameters::of(&model).unwrap()
}

pub(super) fn with(kind: &str, values: &[(&str, Value)]) -> EstimatorParameters {
    let mut model = testing::model(kind);
    for (name, value) in values {
        model.parameters.insert((*name).into(), value.clone());
    }
    EstimatorParameters::of(&model).unwrap()
}

fn linear(model: &FittedModel) -> &LinearModel {
    match model {
        FittedModel::LinearRegression(model) | FittedModel::LogisticRegression(model) => model,
        other => panic!("{other:?}"),
    }
}

/// What `fit` says without a warning.
pub(super) fn learnt(parameters: &EstimatorParameters, examples: &Examples<'_>) -> FittedModel {
    let (model, warnings) = fit(parameters, examples).unwrap();
    assert!(warnings.is_empty(), "{parameters:?} {warnings:?}");
    model
}

/// A number for each row: the first column less twice the second, with noise.
pub(super) fn numbers(matrix: &Matrix, seed: u64) -> Vec<f64> {
    let mut random = testing::Random::new(seed);
    let rows = (0..matrix.rows()).map(|row| matrix.row(row));
    rows.map(|row| 5.0 + row[0] - 2.0 * row[1] + random.unit())
        .collect()
}

/// Three classes by the first two columns, the second the rarest.
pub(super) fn thirds(matrix: &Matrix) -> Vec<u32> {
    let rows = (0..matrix.rows()).map(|row| matrix.row(row));
    rows.map(|row| match row[0] - row[1] {
        low if low < -1.0 => 0,
        low if low < 1.0 => 1,
        _ => 2,
    })
    .collect()
}

#[test]
fn linear_models_agree_with_scikit_learn() {
    let cases = cases().linear;
    assert_eq!(cases.len(), 5);
    for case in cases {
        let matrix = table(&case.rows);
        let examples = Examples {
            matrix: &matrix,
            target: Target::Regression(&case.numbers),
            weights: case.weights.as_deref(),
        };
        assert_eq!(case.models.len(), 5);
        for answer in &case.models {
            let name = format!("{} {:?}", case.name, answer.parameters);
            let model = learnt(&parameters_of(&answer.parameters), &examples);
            let function = &linear(&model).functions[0];
            // Both searches for a lasso end near the minimum.
            let most = if answer.parameters["kind"] == "lasso" {
                1e-6
            } else {
                1e-9
            };
            assert_close(&name, &function.coefficients, &answer.coefficients, most);
            // The first column of the dummies is a thousand from 0.
            let far = function.coefficients[0].abs().max(1.0) * 1000.0;
            assert_close(
                &name,
                &[function.intercept],
                &[answer.intercept],
                most * far,
            );
        }
    }
}

#[test]
fn classifiers_of_several_classes_agree_with_scikit_learn() {
    let cases = cases().classes;
    assert_eq!(cases.len(), 4);
    for case in cases {
        let matrix = table(&case.rows);
        let first = matrix.select_rows(&(0..10).collect::<Vec<_>>());
        let yes: Vec<bool> = case.labels.iter().map(|class| *class == 1).collect();
        let named = Target::Multiclass {
            classes: case.classes,
            rows: &case.labels,
        };
        let targets = [named, Target::Binary(&yes)];
        assert_eq!(case.models.len(), 8);
        // Two classes are the same with names and without.
        for target in &targets[..if case.classes == 2 { 2 } else { 1 }] {
            let examples = Examples {
                matrix: &matrix,
                target: *target,
                weights: case.weights.as_deref(),
            };
            for answer in &case.models {
                let name = format!("{target:?} {:?}", answer.parameters);
                let model = learnt(&parameters_of(&answer.parameters), &examples);
                let expected: Vec<f64> = match target {
                    Target::Binary(_) => answer.probabilities.iter().map(|row| row[1]).collect(),
                    _ => answer.probabilities.concat(),
                };
                let naive = answer.parameters["kind"] == "gaussian_nb";
                let most = if naive { 1e-9 } else { 1e-7 };
                assert_close(&name, &model.predict(&first), &expected, most);
            }
        }
    }
}

#[test]
fn support_vectors_agree_with_scikit_learn() {
    let cases = cases().svm;
    assert_eq!(cases.len(), 5);
    for case in cases {
        let matrix = table(&case.rows);
        let labels: Vec<bool> = case.labels.iter().map(|label| *label == 1).collect();
        let examples = Examples {
            weights: case.weights.as_deref(),
            ..Examples::binary(&matrix, &labels)
        };
        let FittedModel::Svm(model) = learnt(&parameters_of(&case.parameters), &examples) else {
            panic!("no support vectors");
        };
        let first = matrix.select_rows(&(0..20).collect::<Vec<_>>());
        let name = format!("{:?}", case.parameters);
        // libsvm keeps likeness as f32: it stops that far from the minimum.
        assert_close(&name, &model.decisions(&first), &case.decisions, 5e-6);
    }
}

/// And two classes with names are decided as two without.
#[test]
fn support_vectors_of_pairs_agree_with_scikit_learn() {
    let cases = cases().svm_of_pairs;
    assert_eq!(cases.len(), 5);
    for case in cases {
        let matrix = table(&case.rows);
        let of_classes = Examples {
            matrix: &matrix,
            target: Target::Multiclass {
                classes: case.classes,
                rows: &case.labels,
            },
            weights: case.weights.as_deref(),
        };
        let parameters = parameters_of(&case.parameters);
        let FittedModel::Svm(model) = learnt(&parameters, &of_classes) else {
            panic!("no support vectors");
        };
        let first = matrix.select_rows(&(0..10).collect::<Vec<_>>());
        let name = format!("{} {:?}", case.classes, case.parameters);
        // libsvm keeps likeness as f32: it stops that far from the minimum.
        let most = 5e-6;
        assert_close(
            &name,
            &model.decisions(&first),
            &case.decisions.concat(),
            most,
        );
        if case.classes == 2 {
            let later: Vec<bool> = case.labels.iter().map(|class| *class == 1).collect();
            let two = learnt(&parameters, &Examples::binary(&matrix, &later)).predict(&matrix);
            let shares = two.iter().flat_map(|share| [1.0 - share, *share]);
            assert_eq!(model.predict(&matrix), shares.collect::<Vec<f64>>());
        }
    }
}

#[test]
fn neighbours_of_classes_and_numbers_agree_with_scikit_learn() {
    let cases = cases().asked;
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (train, rows) = (table(&case.train), table(&case.rows));
        let neighbors = Value::Integer(case.neighbors);
        let weights = Value::Text(case.weights.clone());
        let parameters = with("knn", &[("neighbors", neighbors), ("weights", weights)]);
        let answers = |target| {
            let examples = Examples::new(&train, target);
            learnt(&parameters, &examples).predict(&rows)
        };
        let classes = Target::Multiclass {
            classes: 3,
            rows: &case.labels,
        };
        assert_close("shares", &answers(classes), &case.shares.concat(), 1e-9);
        let means = answers(Target::Regression(&case.numbers));
        assert_close("means", &means, &case.means, 1e-9);
    }
}

/// Every estimator of this program's that learns such a target.
pub(super) fn learners(task: Task) -> Vec<EstimatorParameters> {
    let all = estimator::ESTIMATORS.iter();
    let all = all.filter(|estimator| estimator.tasks.contains(&task));
    all.map(|estimator| testing::parameters(estimator.name))
        .collect()
}

#[test]
fn threads_do_not_show_in_classes_and_numbers() {
    let (matrix, _) = testing::classification(3000, 9, 5);
    let (numbers, classes) = (numbers(&matrix, 6), thirds(&matrix));
    let weights: Vec<f64> = (0..3000).map(|row| 0.5 + f64::from(row % 7)).collect();
    let classes = Target::Multiclass {
        classes: 3,
        rows: &classes,
    };
    for target in [classes, Target::Regression(&numbers)] {
        for parameters in learners(target.output().task()) {
            let examples = Examples {
                matrix: &matrix,
                target,
                weights: takes_weights(&parameters).then_some(&weights[..]),
            };
            let results = [1, 2, 8].map(|threads| {
                on_threads(threads, || {
                    let (model, _) = fit(&parameters, &examples).unwrap();
                    (bytes(&model), model.predict(&matrix))
                })
            });
            assert!(
                results[0] == results[1] && results[0] == results[2],
                "{parameters:?}"
            );
        }
    }
}

#[test]
fn a_model_of_classes_or_numbers_comes_back() {
    let (matrix, _) = testing::classification(90, 4, 5);
    let (numbers, classes) = (numbers(&matrix, 6), thirds(&matrix));
    let classes = Target::Multiclass {
        classes: 3,
        rows: &classes,
    };
    for target in [classes, Target::Regression(&numbers)] {
        for parameters in learners(target.output().task()) {
            let examples = Examples::new(&matrix, target);
            let (model, _) = fit(&parameters, &examples).unwrap();
            let written = bytes(&model);
            let read = |bytes: &[u8], output| {
                let mut reader = Reader::new(bytes);
                let version = parameters.version();
                FittedModel::read(&parameters, version, &mut reader, 4, output)
            };
            assert_eq!(read(&written, target.output()).unwrap(), model);
            // Every place of a small file, a thousand of a large one, at an odd distance.
            let places = || (0..written.len()).step_by(1 + written.len() / 2000 * 2);
            for short in places() {
                assert!(read(&written[..short], target.output()).is_err());
            }
            for at in places() {
                let mut forged = written.clone();
                forged[at] ^= 0xff;
                if let Ok(model) = read(&forged, target.output()) {
                    assert_eq!(model.predict(&matrix).len(), 90 * target.output().width());
                }
            }
        }
    }
}

/// A change here is a new version of the estimator.
#[test]
fn golden_vectors_of_classes_and_numbers() {
    let (matrix, labels) = testing::classification(1000, 7, 9);
    let (numbers, classes) = (numbers(&matrix, 6), thirds(&matrix));
    let weights: Vec<f64> = (0..1000).map(|row| 0.5 + f64::from(row % 7)).collect();
    let weights = Some(&weights[..]);
    let yes = Target::Binary(&labels);
    let classes = Target::Multiclass {
        classes: 3,
        rows: &classes,
    };
    let numbers = Target::Regression(&numbers);
    let balanced = ("class_weight", Value::Text("balanced".into()));
    let l1 = ("l1", Value::Float(20.0));
    let both = with("logistic_regression", &[balanced.clone(), l1]);
    let kinds = [
        (both.clone(), yes, weights),
        (both, classes, weights),
        (testing::parameters("logistic_regression"), classes, None),
        (with("gaussian_nb", &[balanced]), yes, weights),
        (testing::parameters("gaussian_nb"), classes, weights),
        (testing::parameters("knn"), classes, None),
        (testing::parameters("knn"), numbers, None),
        (testing::parameters("linear_regression"), numbers, weights),
        (testing::parameters("ridge"), numbers, weights),
        (
            with("lasso", &[("alpha", Value::Float(0.1))]),
            numbers,
            weights,
        ),
    ];
    let golden = kinds.map(|(parameters, target, weights)| {
        let examples = Examples {
            matrix: &matrix,
            target,
            weights,
        };
        hash(&learnt(&parameters, &examples), &matrix)
    });
    assert_eq!(
        golden,
        [
            "06000ff20d66fdd659fa711576b42dfdf3aafca1d9eaf800717fb3ebef287655",
            "14b7070c9d924e8971655b954d029151bcf0e85a34b430c524785d306f9dd587",
            "3de7331fec60492c28ffcb71151542a12e1439afdd6eb3bae8cbf2614ac9cdd1",
            "4db5f45b8329b4cb1b8fcae1194e186b41e7979233e013a7f668b492bd70fc34",
            "7e989e633dfba3995a59cfbbc87d24c50ef27c398c5b81807ec0205048094ae9",
            "cf122bf62066276d86fc5e2a43a0ed03fc3eb6065ca15c19e42e3f682ff31506",
            "0799aabc135f781680d783af9993cd811df7a3d6f1872e28e73e8abd08fe2884",
            "66ab37010133077c613887b69bafab6a3b83aeb84aef8021517ebc2edbb9bf90",
            "8af33cf02fc48c769760a093c00cf338753fbdd6f2f8d2d7e9d64f7c020c5537",
            "ff5473ada5529c4e728abb7fae375615ec2f59730920ecdf746e1c1d335b7edc",
        ]
    );
}
