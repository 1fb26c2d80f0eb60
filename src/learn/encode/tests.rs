mod single;

use super::*;
use crate::definition::{MissingCategorical, MissingNumeric, NumericEncoding};
use crate::hash::ObjectId;
use crate::learn::testing;

fn text(values: &[&str]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|value| (*value != "null").then(|| (*value).to_string()))
        .collect()
}

fn lenient() -> Preprocess {
    Preprocess {
        missing_numeric: MissingNumeric::Median,
        missing_categorical: MissingCategorical::Category,
        ..testing::preprocess()
    }
}

fn fit(columns: &[FeatureColumn], preprocess: &Preprocess) -> Encoder {
    let train: Vec<usize> = (0..columns[0].rows()).collect();
    Encoder::fit(columns, &train, preprocess, None).unwrap().0
}

#[test]
fn features_and_categories_stand_in_bytewise_order() {
    let columns = [
        FeatureColumn::categorical("t.b", text(&["y", "x", "null", "Z"])),
        FeatureColumn::numeric("t.a", vec![Some(1.0), None, Some(3.0), Some(4.0)]),
    ];
    let encoder = fit(&columns, &lenient());
    assert_eq!(
        encoder.output_names(),
        ["t.a", "t.b=Z", "t.b=x", "t.b=y", "t.b=<null>"]
    );
    let encoded = encoder.transform(&columns).unwrap();
    assert_eq!(encoded.matrix.row(0), [1.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(encoded.matrix.row(1), [3.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(encoded.matrix.row(2), [3.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(encoded.imputed.of_row(1).collect::<Vec<_>>(), ["t.a"]);
    assert_eq!(encoded.imputed.of_row(2).collect::<Vec<_>>(), ["t.b"]);
    assert_eq!(encoded.imputed.of_row(3).count(), 0);
    assert_eq!(
        encoder.by_feature(&[1.0, 2.0, 3.0, 4.0, 5.0])[1],
        ("t.b".into(), 14.0)
    );
}

#[test]
fn column_order_does_not_matter() {
    let mut columns = testing::features(100);
    let encoder = fit(&columns, &lenient());
    let encoded = encoder.transform(&columns).unwrap();
    columns.reverse();
    assert_eq!(fit(&columns, &lenient()), encoder);
    assert_eq!(encoder.transform(&columns).unwrap(), encoded);
}

#[test]
fn only_train_rows_are_learnt_from() {
    let columns = [
        FeatureColumn::numeric("t.n", vec![Some(1.0), Some(3.0), Some(900.0), None]),
        FeatureColumn::categorical("t.s", text(&["a", "b", "unseen", "null"])),
    ];
    let (encoder, _) = Encoder::fit(&columns, &[0, 1], &lenient(), None).unwrap();
    assert_eq!(encoder.output_names(), ["t.n", "t.s=a", "t.s=b"]);
    let encoded = encoder.transform(&columns).unwrap();
    assert_eq!(encoded.matrix.row(2), [900.0, 0.0, 0.0]);
    assert_eq!(encoded.matrix.row(3), [2.0, 0.0, 0.0]);
}

#[test]
fn standardizing_uses_the_population_deviation_and_leaves_constants_at_zero() {
    let columns = [
        FeatureColumn::numeric(
            "t.a",
            [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].map(Some).into(),
        ),
        FeatureColumn::numeric("t.constant", vec![Some(0.1); 8]),
    ];
    let preprocess = Preprocess {
        numeric: NumericEncoding::Standardize,
        ..testing::preprocess()
    };
    let (encoder, warnings) =
        Encoder::fit(&columns, &[0, 1, 2, 3, 4, 5, 6, 7], &preprocess, None).unwrap();
    let encoded = encoder.transform(&columns).unwrap();
    assert_eq!(encoded.matrix.row(0), [-1.5, 0.0]);
    assert_eq!(encoded.matrix.row(7), [2.0, 0.0]);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].to_string().contains("t.constant"));
}

#[test]
fn fill_rules() {
    let column = |values: &[Option<f64>]| [FeatureColumn::numeric("t.n", values.to_vec())];
    let values = column(&[Some(1.0), None, Some(2.0), Some(9.0)]);
    for (rule, expected) in [
        (MissingNumeric::Median, 2.0),
        (MissingNumeric::Mean, 4.0),
        (MissingNumeric::Constant(-1.0), -1.0),
    ] {
        let preprocess = Preprocess {
            missing_numeric: rule,
            ..testing::preprocess()
        };
        let encoded = fit(&values, &preprocess).transform(&values).unwrap();
        assert_eq!(encoded.matrix.row(1), [expected]);
    }
    let values = [FeatureColumn::categorical(
        "t.s",
        text(&["b", "b", "null", "a", "a"]),
    )];
    for (rule, names) in [
        (MissingCategorical::MostFrequent, vec!["t.s=a", "t.s=b"]),
        (
            MissingCategorical::Constant("n/a".into()),
            vec!["t.s=a", "t.s=b", "t.s=n/a"],
        ),
    ] {
        let preprocess = Preprocess {
            missing_categorical: rule,
            ..testing::preprocess()
        };
        let encoder = fit(&values, &preprocess);
        assert_eq!(encoder.output_names(), names);
        let encoded = encoder.transform(&values).unwrap();
        let hot = if names.len() == 2 { 0 } else { 2 };
        assert_eq!(encoded.matrix.row(2)[hot], 1.0);
    }
}

#[test]
fn forbidden_nulls_are_refused_with_names_and_a_way_out() {
    let columns = testing::features(50);
    let preprocess = testing::preprocess();
    let error = Encoder::fit(&columns, &[0, 1], &preprocess, None).unwrap_err();
    assert_eq!(error.kind(), Kind::DataRefused);
    assert_eq!(error.all_details().len(), 2);
    assert!(error.all_help()[0].contains("missing_numeric = \"median\""));

    let good = [
        FeatureColumn::numeric("t.n", vec![Some(1.0), Some(2.0)]),
        FeatureColumn::categorical("t.s", text(&["a", "b"])),
    ];
    let encoder = fit(&good, &preprocess);
    let request = [
        FeatureColumn::categorical("t.s", text(&["null", "a"])),
        FeatureColumn::numeric("t.n", vec![None, Some(2.0)]),
    ];
    let error = encoder.transform(&request).unwrap_err();
    assert_eq!(error.kind(), Kind::MissingFeatures);
    assert_eq!(error.all_details(), ["t.n", "t.s"]);
    assert_eq!(encoder.forbidden_nulls(&request, 0), ["t.n", "t.s"]);
    assert!(encoder.forbidden_nulls(&request, 1).is_empty());
    assert_eq!(encoder.forbidden_nulls(&[], 0), ["t.n", "t.s"]);
}

#[test]
fn degenerate_columns() {
    let nothing = [FeatureColumn::numeric("t.n", vec![None, None])];
    let error = Encoder::fit(&nothing, &[0, 1], &lenient(), None).unwrap_err();
    assert_eq!(error.kind(), Kind::DataRefused);
    assert!(error.message().contains("t.n"));

    let nothing = [FeatureColumn::categorical("t.s", vec![None, None])];
    assert_eq!(fit(&nothing, &lenient()).output_names(), ["t.s=<null>"]);

    let huge = [FeatureColumn::numeric(
        "t.n",
        vec![Some(1e308), Some(-1e308)],
    )];
    let preprocess = Preprocess {
        numeric: NumericEncoding::Standardize,
        ..lenient()
    };
    let error = Encoder::fit(&huge, &[0, 1], &preprocess, None).unwrap_err();
    assert_eq!(error.kind(), Kind::DataRefused);

    let none: [FeatureColumn; 0] = [];
    let (encoder, _) = Encoder::fit(&none, &[], &lenient(), None).unwrap();
    assert_eq!(encoder.transform(&none).unwrap().matrix.columns(), 0);
}

#[test]
fn a_feature_of_ten_thousand_categories_is_refused_by_name() {
    let values = (0..10_000)
        .map(|index| Some(format!("user-{index}")))
        .collect();
    let columns = [FeatureColumn::categorical("users.user_id", values)];
    let train: Vec<usize> = (0..10_000).collect();
    let error = Encoder::fit(&columns, &train, &lenient(), None).unwrap_err();
    assert_eq!(error.kind(), Kind::DataRefused);
    assert_eq!(error.all_details(), ["users.user_id: 10000 columns"]);
}

#[test]
fn wrong_columns_are_errors() {
    let columns = testing::features(10);
    let encoder = fit(&columns, &lenient());
    assert!(encoder.transform(&columns[1..]).is_err());
    let mut other_kind = columns.clone();
    other_kind[0] = FeatureColumn::numeric("users.plan", vec![None; 10]);
    assert!(encoder.transform(&other_kind).is_err());
    let mut short = columns;
    short[0] = FeatureColumn::categorical("users.plan", vec![None; 9]);
    assert!(encoder.transform(&short).is_err());
}

#[derive(Deserialize)]
struct Reference {
    encode: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    strategy: String,
    train: usize,
    numbers: Vec<Vec<Option<f64>>>,
    words: Vec<Vec<String>>,
    matrix: Vec<Vec<f64>>,
}

#[test]
fn agrees_with_scikit_learn() {
    let text = include_str!("../../../tests/reference/learn.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    assert_eq!(reference.encode.len(), 2);
    for case in reference.encode {
        let number = |at: usize| case.numbers.iter().map(|row| row[at]).collect();
        let word = |at: usize| case.words.iter().map(|row| Some(row[at].clone())).collect();
        let mut columns: Vec<_> = (0..3)
            .map(|at| FeatureColumn::numeric(format!("a.{at}"), number(at)))
            .collect();
        columns.extend((0..2).map(|at| FeatureColumn::categorical(format!("b.{at}"), word(at))));
        let preprocess = Preprocess {
            numeric: NumericEncoding::Standardize,
            missing_numeric: match case.strategy.as_str() {
                "median" => MissingNumeric::Median,
                _ => MissingNumeric::Mean,
            },
            ..testing::preprocess()
        };
        let train: Vec<usize> = (0..case.train).collect();
        let (encoder, _) = Encoder::fit(&columns, &train, &preprocess, None).unwrap();
        let encoded = encoder.transform(&columns).unwrap();
        for (row, expected) in case.matrix.iter().enumerate() {
            let found = encoded.matrix.row(row);
            assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(expected) {
                assert!(
                    (a - b).abs() < 1e-9,
                    "{} row {row}: {a}, not {b}",
                    case.strategy
                );
            }
        }
    }
}

/// A change here is a new ENCODE_VERSION.
#[test]
fn golden_vector() {
    let columns = testing::features(2000);
    let preprocess = Preprocess {
        numeric: NumericEncoding::Standardize,
        ..lenient()
    };
    let train: Vec<usize> = (0..2000).filter(|row| row % 4 != 0).collect();
    let (encoder, _) = Encoder::fit(&columns, &train, &preprocess, None).unwrap();
    let encoded = encoder.transform(&columns).unwrap();
    let bytes: Vec<u8> = encoded
        .matrix
        .values()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let header = serde_json::to_vec(&encoder).unwrap();
    assert_eq!(serde_json::from_slice::<Encoder>(&header).unwrap(), encoder);
    assert_eq!(
        [bytes, header].map(|bytes| ObjectId::of_bytes(&bytes).to_string()),
        [
            "9f7cb25d46ba37c6de742df48d8ded8a3fe940d93738d17b25b767d0de785250",
            "cfcccdb0b5b9aed5d92d5c6bbac23bc991e6a523cfc0e4072d7ed1aa7a3faa42"
        ]
    );
}
