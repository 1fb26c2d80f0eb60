//! What is said in the mean when all rows have a value.

use super::*;

const GRID: Grid = Grid {
    points: 6,
    whole: false,
};

fn curve(model: &Model, columns: &[FeatureColumn], feature: &str) -> Vec<DependencePoint> {
    model.dependence(columns, feature, GRID).unwrap()
}

fn values(points: &[DependencePoint]) -> Vec<GridValue> {
    points.iter().map(|point| point.value.clone()).collect()
}

fn number(number: f64) -> GridValue {
    GridValue::One(FeatureValue::Number(number))
}

fn category(name: &str) -> GridValue {
    GridValue::One(FeatureValue::Category(name.to_string()))
}

/// As the definition has it: the column is overwritten, everything is encoded and scored again.
#[test]
fn it_is_what_overwritten_columns_give() {
    for kind in ["random_forest", "logistic_regression", "knn"] {
        let (model, columns, _) = fitted(kind, 200);
        for feature in ["billing.fee", "usage.hours", "users.plan"] {
            for point in curve(&model, &columns, feature) {
                let mut columns = columns.clone();
                let own = columns.iter_mut().find(|column| column.name == feature);
                match (&mut own.unwrap().values, &point.value) {
                    (FeatureValues::Numeric(values), GridValue::One(FeatureValue::Number(to))) => {
                        values.fill(Some(*to));
                    }
                    (FeatureValues::Numeric(values), _) => values.fill(None),
                    (
                        FeatureValues::Categorical(values),
                        GridValue::One(FeatureValue::Category(to)),
                    ) => values.fill(Some(to.clone())),
                    (FeatureValues::Categorical(values), _) => values.fill(None),
                }
                let scores = model.predict(&columns).unwrap().scores;
                let sum = scores.iter().fold(0.0, |sum, score| sum + score);
                assert_eq!(point.means, [sum / 200.0], "{kind} {feature}");
            }
        }
    }
}

#[test]
fn what_is_not_used_leaves_a_flat_line() {
    for kind in ["random_forest", "gradient_boosting", "prior"] {
        let (model, mut columns, _) = fitted(kind, 200);
        // Constant where it was learnt, and moving now.
        let moving = (0..200).map(|row| Some(f64::from(row % 4))).collect();
        columns[4] = FeatureColumn::numeric("users.one", moving);
        let found = curve(&model, &columns, "users.one");
        assert_eq!(values(&found), [0.0, 1.0, 2.0, 3.0].map(number));
        for point in &found {
            assert_eq!(point.means, found[0].means, "{kind}");
            assert_eq!(point.share, 0.25, "{kind}");
        }
    }
}

#[test]
fn every_text_that_was_learnt_is_a_point_and_one_for_what_was_not() {
    let (model, mut columns, _) = fitted("random_forest", 100);
    let FeatureValues::Categorical(plans) = &mut columns[0].values else {
        panic!("the plan is a text");
    };
    plans.fill(Some("gold".to_string()));
    plans[0] = Some("silver".to_string());
    plans[1] = None;
    let found = curve(&model, &columns, "users.plan");
    let expected = [
        category("Zoo"),
        category("basic"),
        category("gold"),
        GridValue::One(FeatureValue::Null),
        GridValue::Unknown,
    ];
    assert_eq!(values(&found), expected);
    let shares: Vec<f64> = found.iter().map(|point| point.share).collect();
    assert_eq!(shares, [0.0, 0.0, 0.98, 0.01, 0.01]);
}

/// Numbers from 0 to 99 and one far off.
#[test]
fn points_stand_where_rows_are() {
    let (model, mut columns, _) = fitted("logistic_regression", 101);
    let mut fees: Vec<Option<f64>> = (0..101).map(|row| Some(f64::from(row))).collect();
    fees[100] = Some(1e300);
    columns[3] = FeatureColumn::numeric("billing.fee", fees);
    let found = curve(&model, &columns, "billing.fee");
    assert_eq!(
        values(&found),
        [5.0, 23.0, 41.0, 59.0, 77.0, 95.0].map(number)
    );
    let rows: Vec<f64> = found
        .iter()
        .map(|point| (point.share * 101.0).round())
        .collect();
    // From the middle before to the middle behind; 0 to 13 and 86 to 99 at the ends, 1e300 at none.
    assert_eq!(rows, [14.0, 18.0, 18.0, 18.0, 18.0, 14.0]);
    let whole = Grid {
        points: 4,
        whole: true,
    };
    let found = model.dependence(&columns, "billing.fee", whole).unwrap();
    assert_eq!(values(&found), [5.0, 35.0, 65.0, 95.0].map(number));
}

#[test]
fn where_nearly_all_rows_have_one_number_the_grid_goes_from_end_to_end() {
    let (model, mut columns, _) = fitted("logistic_regression", 200);
    let rare = |row: i32| Some(if row < 8 { f64::from(row) } else { 0.0 });
    columns[3] = FeatureColumn::numeric("billing.fee", (0..200).map(rare).collect());
    let found = curve(&model, &columns, "billing.fee");
    assert_eq!(found.first().map(|point| &point.value), Some(&number(0.0)));
    assert_eq!(found.last().map(|point| &point.value), Some(&number(7.0)));
    assert_eq!(found.len(), 6);
}

#[test]
fn threads_do_not_show_and_strange_features_are_refused() {
    let (model, columns, _) = fitted("random_forest", 300);
    let of = |threads| on_threads(threads, || curve(&model, &columns, "billing.fee"));
    assert_eq!(of(1), of(4));
    let error = model
        .dependence(&columns, "billing.fees", GRID)
        .unwrap_err();
    assert!(error.message().contains("billing.fees"), "{error}");
}

/// Of a calibration that says one number of every row nothing moves, and nothing is lost.
#[test]
fn answers_are_of_calibrated_probabilities() {
    let (mut model, columns, labels) = fitted("logistic_regression", 60);
    let held_out = HeldOut {
        target: Target::Binary(&[true, false]),
        scores: &[0.2, 0.8],
        weights: None,
    };
    let calibration = Calibration::fit(CalibrationMethod::Isotonic, &held_out);
    let moves = |points: Vec<DependencePoint>| points.iter().any(|point| point.means != [0.5]);
    assert!(moves(curve(&model, &columns, "billing.fee")));
    model.calibration = Some(calibration);
    assert!(!moves(curve(&model, &columns, "billing.fee")));
    for (name, found) in importances(&model, &columns, &labels, TWICE) {
        assert_eq!((found.mean, found.sd), (0.0, 0.0), "{name}");
    }
}
