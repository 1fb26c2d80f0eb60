//! What is said of single features: clipped, bent, divided, folded, in order, by their labels.

use super::*;
use crate::definition::{
    CategoricalEncoding, CategoricalPreprocess, FeaturePreprocess, NumericPreprocess,
};
use crate::learn::Target;

#[derive(Deserialize)]
struct Reference {
    numbers: Vec<Numbers>,
    categories: Vec<Categories>,
    targets: Vec<Targets>,
}

#[derive(Deserialize)]
struct Numbers {
    name: String,
    values: Vec<f64>,
    clip: [f64; 2],
    bins: u32,
    clipped_log_standardized: Vec<f64>,
    intervals: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Categories {
    name: String,
    texts: Vec<String>,
    probe: Vec<String>,
    share: f64,
    order: Vec<String>,
    folded: Vec<Vec<f64>>,
    ordinal: Vec<f64>,
    in_order: Vec<f64>,
}

#[derive(Deserialize)]
struct Targets {
    name: String,
    kind: String,
    texts: Vec<String>,
    labels: Vec<f64>,
    folds: Vec<u8>,
    probe: Vec<String>,
    values: Vec<Vec<f64>>,
    out_of_fold: Vec<Vec<f64>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../../tests/reference/encoders.json")).unwrap()
}

fn of_number(own: NumericPreprocess) -> Preprocess {
    let own = FeaturePreprocess::Numeric(own);
    Preprocess {
        columns: BTreeMap::from([("t.x".parse().unwrap(), own)]),
        ..testing::preprocess()
    }
}

fn of_category(own: CategoricalPreprocess) -> Preprocess {
    let own = FeaturePreprocess::Categorical(own);
    Preprocess {
        columns: BTreeMap::from([("t.x".parse().unwrap(), own)]),
        ..lenient()
    }
}

fn column(texts: &[impl AsRef<str>]) -> [FeatureColumn; 1] {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    [FeatureColumn::categorical("t.x", text(&texts))]
}

fn assert_near(found: &Matrix, expected: &[Vec<f64>], what: &str) {
    assert_eq!(found.rows(), expected.len(), "{what}");
    for (row, expected) in expected.iter().enumerate() {
        assert_eq!(found.row(row).len(), expected.len(), "{what}");
        for (a, b) in found.row(row).iter().zip(expected) {
            assert!((a - b).abs() < 1e-9, "{what}, row {row}: {a}, not {b}");
        }
    }
}

fn singles(values: &[f64]) -> Vec<Vec<f64>> {
    values.iter().map(|value| vec![*value]).collect()
}

#[test]
fn numbers_agree_with_scikit_learn() {
    for case in reference().numbers {
        let values = case.values.iter().copied().map(Some).collect();
        let columns = [FeatureColumn::numeric("t.x", values)];
        let bent = of_number(NumericPreprocess {
            clip: Some(case.clip),
            log: true,
            numeric: Some(NumericEncoding::Standardize),
            ..NumericPreprocess::default()
        });
        let found = fit(&columns, &bent).transform(&columns).unwrap().matrix;
        assert_near(&found, &singles(&case.clipped_log_standardized), &case.name);
        let divided = of_number(NumericPreprocess {
            bins: Some(case.bins),
            ..NumericPreprocess::default()
        });
        let found = fit(&columns, &divided).transform(&columns).unwrap().matrix;
        assert_near(&found, &case.intervals, &case.name);
    }
}

#[test]
fn categories_agree_with_scikit_learn() {
    for case in reference().categories {
        let (train, probe) = (column(&case.texts), column(&case.probe));
        let encoded = |own: CategoricalPreprocess| {
            let encoder = fit(&train, &of_category(own));
            encoder.transform(&probe).unwrap().matrix
        };
        let folded = encoded(CategoricalPreprocess {
            rare: Some(case.share),
            ..CategoricalPreprocess::default()
        });
        assert_near(&folded, &case.folded, &case.name);
        let ordinal = CategoricalPreprocess {
            categorical: Some(CategoricalEncoding::Ordinal),
            ..CategoricalPreprocess::default()
        };
        let found = encoded(ordinal.clone());
        assert_near(&found, &singles(&case.ordinal), &case.name);
        let found = encoded(CategoricalPreprocess {
            order: Some(case.order),
            ..ordinal
        });
        assert_near(&found, &singles(&case.in_order), &case.name);
    }
}

fn by_target() -> Preprocess {
    of_category(CategoricalPreprocess {
        categorical: Some(CategoricalEncoding::Target),
        ..CategoricalPreprocess::default()
    })
}

/// The labels of a case as each task has them.
fn with_target<R>(case: &Targets, work: impl FnOnce(Target<'_>) -> R) -> R {
    let truths: Vec<bool> = case.labels.iter().map(|label| *label == 1.0).collect();
    let classes: Vec<u32> = case.labels.iter().map(|label| *label as u32).collect();
    work(match case.kind.as_str() {
        "binary" => Target::Binary(&truths),
        "multiclass" => Target::Multiclass {
            classes: 3,
            rows: &classes,
        },
        _ => Target::Regression(&case.labels),
    })
}

#[test]
fn labels_of_categories_agree_with_scikit_learn_in_and_out_of_fold() {
    for case in reference().targets {
        let (columns, probe) = (column(&case.texts), column(&case.probe));
        let train: Vec<usize> = (0..case.texts.len()).collect();
        with_target(&case, |target| {
            // Rows that count twice each are the same rows.
            let twice = vec![2.0; train.len()];
            for weights in [None, Some(&twice[..])] {
                let labels = Supervision {
                    target,
                    weights,
                    folds: &case.folds,
                };
                let (encoder, _) =
                    Encoder::fit(&columns, &train, &by_target(), Some(&labels)).unwrap();
                let fitted = encoder.transform_train(&columns, &labels).unwrap();
                if weights.is_none() {
                    let found = encoder.transform(&probe).unwrap().matrix;
                    assert_near(&found, &case.values, &case.name);
                    assert_near(&fitted, &case.out_of_fold, &case.name);
                }
                let header = serde_json::to_vec(&encoder).unwrap();
                assert_eq!(serde_json::from_slice::<Encoder>(&header).unwrap(), encoder);
                assert_eq!(encoder.check(), Ok(()));
            }
        });
    }
}

/// The fold of an entity stands in docs/hashing.md; a change is a new version of `encode`.
#[test]
fn an_entity_has_one_fold() {
    let folds = ["U001", "U002", "U003", "7", ""].map(Supervision::fold_of);
    assert_eq!(folds, [4, 4, 1, 1, 4]);
    let mut seen = [0_usize; Supervision::FOLDS as usize];
    for entity in 0..5000 {
        seen[usize::from(Supervision::fold_of(&entity.to_string()))] += 1;
    }
    assert!(
        seen.iter().all(|count| (900..1100).contains(count)),
        "{seen:?}"
    );
}

/// A label that says nothing of the category must not show in what the model is fitted on.
#[test]
fn a_rows_own_label_does_not_reach_its_own_value() {
    let texts: Vec<String> = (0..200).map(|row| format!("only {row}")).collect();
    let columns = column(&texts);
    let truths: Vec<bool> = (0..200).map(|row| row % 3 == 0).collect();
    let folds: Vec<u8> = texts.iter().map(|key| Supervision::fold_of(key)).collect();
    let labels = Supervision {
        target: Target::Binary(&truths),
        weights: None,
        folds: &folds,
    };
    let train: Vec<usize> = (0..200).collect();
    let (encoder, _) = Encoder::fit(&columns, &train, &by_target(), Some(&labels)).unwrap();
    let fitted = encoder.transform_train(&columns, &labels).unwrap();
    // Every category is unknown to the other folds: all rows of a fold have one value.
    for row in 1..200 {
        let same = (0..row).find(|other| folds[*other] == folds[row]);
        if let Some(other) = same {
            assert_eq!(fitted.row(row), fitted.row(other));
        }
    }
}

#[test]
fn nulls_and_what_is_rare_have_their_places() {
    let columns = column(&["a", "a", "a", "b", "c", "null"]);
    let rare = CategoricalPreprocess {
        rare: Some(0.3),
        ..CategoricalPreprocess::default()
    };
    let encoder = fit(&columns, &of_category(rare.clone()));
    assert_eq!(
        encoder.output_names(),
        ["t.x=a", "t.x=<null>", "t.x=<rare>"]
    );
    let probe = column(&["a", "null", "b", "new"]);
    let found = encoder.transform(&probe).unwrap().matrix;
    let expected = [
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 0.0, 1.0],
    ];
    assert_near(&found, &expected.map(Vec::from), "rare");
    let encoder = fit(
        &columns,
        &of_category(CategoricalPreprocess {
            categorical: Some(CategoricalEncoding::Ordinal),
            ..rare
        }),
    );
    let found = encoder.transform(&probe).unwrap().matrix;
    assert_near(&found, &singles(&[0.0, 1.0, 2.0, 2.0]), "ordinal");
    // A fill value counts as its rows do.
    let filled = of_category(CategoricalPreprocess {
        missing: Some(MissingCategorical::Constant("none".into())),
        rare: Some(0.5),
        ..CategoricalPreprocess::default()
    });
    let columns = column(&["null", "null", "null", "a", "b"]);
    assert_eq!(
        fit(&columns, &filled).output_names(),
        ["t.x=none", "t.x=<rare>"]
    );
}

#[test]
fn an_order_that_lacks_a_category_names_it() {
    let preprocess = of_category(CategoricalPreprocess {
        categorical: Some(CategoricalEncoding::Ordinal),
        order: Some(vec!["low".into(), "high".into()]),
        ..CategoricalPreprocess::default()
    });
    let columns = column(&["low", "middle", "high"]);
    let error = Encoder::fit(&columns, &[0, 1, 2], &preprocess, None).unwrap_err();
    assert_eq!(error.kind(), Kind::DataRefused);
    assert_eq!(error.all_details(), ["`middle`"]);
    let encoder = fit(&column(&["high", "low"]), &preprocess);
    let found = encoder.transform(&column(&["low", "high", "new"])).unwrap();
    assert_near(&found.matrix, &singles(&[0.0, 1.0, -1.0]), "order");
}

#[test]
fn constants_and_huge_numbers_stay_numbers() {
    let of = |values: &[f64]| {
        [FeatureColumn::numeric(
            "t.x",
            values.iter().copied().map(Some).collect(),
        )]
    };
    for values in [
        &[7.0, 7.0, 7.0][..],
        &[1e308, -1e308, 0.0],
        &[0.0],
        &[5e-324, 0.0],
    ] {
        for own in [
            NumericPreprocess {
                bins: Some(4),
                ..NumericPreprocess::default()
            },
            NumericPreprocess {
                clip: Some([0.1, 0.9]),
                log: true,
                ..NumericPreprocess::default()
            },
        ] {
            let columns = of(values);
            let encoder = fit(&columns, &of_number(own));
            assert_eq!(encoder.check(), Ok(()));
            let found = encoder.transform(&columns).unwrap().matrix;
            assert!(found.values().iter().all(|value| value.is_finite()));
            assert!(found.columns() >= 1);
        }
    }
    let none: [FeatureColumn; 1] = [FeatureColumn::numeric("t.x", vec![])];
    let divided = NumericPreprocess {
        bins: Some(4),
        clip: Some([0.0, 1.0]),
        ..NumericPreprocess::default()
    };
    let (encoder, _) = Encoder::fit(&none, &[], &of_number(divided), None).unwrap();
    assert_eq!(encoder.width(), 1);
}

/// What the labels say makes one column of any number of categories.
#[test]
fn a_hundred_thousand_categories_are_one_column() {
    let texts: Vec<String> = (0..100_000).map(|row| format!("city {row}")).collect();
    let numbers: Vec<f64> = (0..100_000).map(f64::from).collect();
    let folds = vec![0; texts.len()];
    let labels = Supervision {
        target: Target::Regression(&numbers),
        weights: None,
        folds: &folds,
    };
    let train: Vec<usize> = (0..texts.len()).collect();
    let columns = column(&texts);
    let (encoder, _) = Encoder::fit(&columns, &train, &by_target(), Some(&labels)).unwrap();
    let fitted = encoder.transform_train(&columns, &labels).unwrap();
    assert_eq!((fitted.rows(), fitted.columns()), (100_000, 1));
    assert!(fitted.values().iter().all(|value| value.is_finite()));
}

#[test]
fn hostile_parts_are_refused() {
    for header in [
        r#"[{"name":"t.x","encoding":{"categorical":{"null":"refuse","categories":["a","b"],"code":{"ordinal":{"places":[0,0]}}}}}]"#,
        r#"[{"name":"t.x","encoding":{"categorical":{"null":"refuse","categories":["a","b"],"code":{"target":{"values":["0.1"],"all":["0.1"]}}}}}]"#,
        r#"[{"name":"t.x","encoding":{"categorical":{"null":"refuse","categories":[],"code":{"target":{"values":[],"all":[]}}}}}]"#,
        r#"[{"name":"t.x","encoding":{"numeric":{"fill":null,"bins":["2.0","1.0"],"standardize":null}}}]"#,
        r#"[{"name":"t.x","encoding":{"numeric":{"fill":null,"clip":{"low":"2.0","high":"1.0"},"standardize":null}}}]"#,
    ] {
        let encoder: Encoder = serde_json::from_str(header).unwrap();
        assert!(encoder.check().is_err(), "{header}");
    }
}
