//! What a feature's values are worth in their rows.

use super::*;

fn permuted(values: &FeatureValues, order: &[usize]) -> FeatureValues {
    match values {
        FeatureValues::Numeric(values) => {
            FeatureValues::Numeric(order.iter().map(|row| values[*row]).collect())
        }
        FeatureValues::Categorical(values) => {
            FeatureValues::Categorical(order.iter().map(|row| values[*row].clone()).collect())
        }
    }
}

/// As the definition has it: raw values are permuted, everything is encoded and scored again.
#[test]
fn it_is_what_permuted_raw_values_give() {
    for kind in ["random_forest", "logistic_regression", "knn"] {
        let (model, columns, labels) = fitted(kind, 300);
        let found = importances(&model, &columns, &labels, TWICE);
        assert_eq!(found.len(), 5);
        let auc = |columns: &[FeatureColumn]| {
            metric(&labels, "auc", &model.predict(columns).unwrap().scores)
        };
        for (name, importance) in found {
            let lost = [0, 1].map(|repeat| {
                let order = TWICE.order(&name, repeat, 300);
                let mut columns = columns.clone();
                let own = columns.iter_mut().find(|column| column.name == name);
                let own = own.unwrap();
                own.values = permuted(&own.values, &order);
                auc(&columns)
            });
            let [a, b] = lost.map(|now| auc(&columns) - now);
            assert_eq!(importance.mean, (a + b) / 2.0, "{kind} {name}");
            let sd = (a - b).abs() / 2.0;
            assert!((importance.sd - sd).abs() < 1e-15, "{kind} {name}");
        }
    }
}

#[test]
fn what_decides_is_worth_most_and_what_is_not_used_nothing() {
    for kind in ["random_forest", "gradient_boosting", "logistic_regression"] {
        let (model, columns, labels) = fitted(kind, 400);
        let found = importances(&model, &columns, &labels, TWICE);
        let of = |name: &str| found.iter().find(|found| found.0 == name).unwrap().1;
        let others = found.iter().filter(|found| found.0 != "billing.fee");
        for (name, other) in others {
            assert!(of("billing.fee").mean > other.mean, "{kind} {name}");
        }
        let nothing = PermutationImportance { mean: 0.0, sd: 0.0 };
        assert_eq!(of("users.one"), nothing, "{kind}");
    }
}

#[test]
fn neither_threads_nor_order_nor_other_features_show() {
    let (model, columns, labels) = fitted("random_forest", 300);
    let of = |columns: &[FeatureColumn]| importances(&model, columns, &labels, TWICE);
    let one = on_threads(1, || of(&columns));
    assert_eq!(one, on_threads(4, || of(&columns)));
    let turned: Vec<FeatureColumn> = columns.iter().rev().cloned().collect();
    assert_eq!(one, of(&turned));
    // A model that has one more feature, which it does not use, draws the same of the others.
    let mut more = columns.clone();
    let empty = FeatureColumn::numeric("billing.a", vec![Some(7.0); 300]);
    more.push(empty);
    let of_more = |kind| {
        let model = of_columns(kind, &more, &labels);
        importances(&model, &more, &labels, TWICE)
    };
    let (fewer, columns_of_fewer, _) = fitted("logistic_regression", 300);
    let fewer = importances(&fewer, &columns_of_fewer, &labels, TWICE);
    for (with, without) in of_more("logistic_regression")[1..].iter().zip(&fewer) {
        assert_eq!(with.0, without.0);
        assert!((with.1.mean - without.1.mean).abs() < 1e-9, "{}", with.0);
    }
}

#[test]
fn a_permutation_is_a_function_of_seed_name_and_repeat() {
    let seeds = [0, 1].map(|seed| Permutations { seed, repeats: 1 });
    let mut seen = Vec::new();
    for permutations in seeds {
        for name in ["usage.hours", "usage.plan"] {
            for repeat in [0, 1] {
                let order = permutations.order(name, repeat, 50);
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..50));
                assert_eq!(order, permutations.order(name, repeat, 50));
                assert!(!seen.contains(&order));
                seen.push(order);
            }
        }
    }
    assert_eq!(TWICE.order("usage.hours", 0, 8), [6, 7, 5, 4, 2, 1, 3, 0]);
    assert!(TWICE.order("usage.hours", 0, 0).is_empty());
}

#[test]
fn of_several_blocks_every_row_is_scored() {
    let rows = ROWS_PER_BLOCK + 7;
    let (model, columns, _) = fitted("logistic_regression", rows);
    let matrix = model.encoder.transform(&columns).unwrap().matrix;
    let place = model.encoder.places()[0].clone();
    let same = predict_with(&model, &matrix, &place, |row| {
        &matrix.row(row)[place.clone()]
    });
    assert_eq!(same, model.fitted.predict(&matrix));
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let (model, columns, _) = fitted("prior", 30);
    let judge = |_: Vec<f64>| -> Result<f64> { Err(Error::failure("one class")) };
    let error = model
        .permutation_importances(&columns, TWICE, judge)
        .unwrap_err();
    assert_eq!(error.message(), "one class");
}
