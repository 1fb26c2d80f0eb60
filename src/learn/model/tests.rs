use proptest::prelude::*;

use super::*;
use crate::definition::{CalibrationMethod, MissingCategorical, MissingNumeric, Preprocess};
use crate::error::Kind;
use crate::learn::{
    Examples, GradientBoostingParameters, HeldOut, OnnxForm, RandomForestParameters, Target, fit,
    testing,
};

fn parameters() -> [EstimatorParameters; 9] {
    [
        EstimatorParameters::RandomForest(RandomForestParameters {
            trees: 3,
            max_depth: std::num::NonZeroU16::new(3),
            ..testing::random_forest()
        }),
        EstimatorParameters::LogisticRegression(testing::logistic_regression()),
        EstimatorParameters::Prior,
        EstimatorParameters::LogisticRegression(testing::elastic_net()),
        testing::parameters("gaussian_nb"),
        testing::parameters("knn"),
        testing::parameters("decision_tree"),
        testing::parameters("extra_trees"),
        EstimatorParameters::GradientBoosting(GradientBoostingParameters {
            trees: 3,
            max_leaves: 4,
            min_samples_leaf: 5,
            ..testing::gradient_boosting()
        }),
    ]
}

fn train(parameters: EstimatorParameters, rows: usize) -> Model {
    let columns = testing::features(rows);
    let preprocess = Preprocess {
        missing_numeric: MissingNumeric::Mean,
        missing_categorical: MissingCategorical::Category,
        ..testing::preprocess()
    };
    let train: Vec<usize> = (0..rows).collect();
    let (encoder, _) = Encoder::fit(&columns, &train, &preprocess, None).unwrap();
    let encoded = encoder.transform(&columns).unwrap();
    let labels: Vec<bool> = encoded.matrix.column(0).map(|fee| fee > 70.0).collect();
    let (fitted, _) = fit(&parameters, &Examples::binary(&encoded.matrix, &labels)).unwrap();
    Model::new(
        Outcome::Binary,
        encoder,
        parameters,
        fitted,
        FeatureHash::of,
    )
}

/// Of several classes, or of numbers.
fn train_for(outcome: &Outcome, kind: &str) -> Model {
    let columns = testing::features(80);
    let preprocess = Preprocess {
        missing_numeric: MissingNumeric::Mean,
        missing_categorical: MissingCategorical::Category,
        ..testing::preprocess()
    };
    let train: Vec<usize> = (0..80).collect();
    let (encoder, _) = Encoder::fit(&columns, &train, &preprocess, None).unwrap();
    let matrix = encoder.transform(&columns).unwrap().matrix;
    let numbers: Vec<f64> = matrix.column(0).collect();
    let classes: Vec<u32> = numbers.iter().map(|fee| (fee / 50.0) as u32).collect();
    let target = match outcome {
        Outcome::Multiclass(names) => Target::Multiclass {
            classes: names.len(),
            rows: &classes,
        },
        _ => Target::Regression(&numbers),
    };
    let examples = Examples::new(&matrix, target);
    let parameters = testing::parameters(kind);
    let (fitted, _) = fit(&parameters, &examples).unwrap();
    Model::new(
        outcome.clone(),
        encoder,
        parameters,
        fitted,
        FeatureHash::of,
    )
}

/// A model comes back from its file; a byte changed is noticed, and does no harm where it is not.
fn assert_comes_back(model: &Model, columns: &[FeatureColumn]) {
    let bytes = model.to_bytes();
    assert_eq!(Model::from_bytes(&bytes).unwrap(), *model);
    for at in MAGIC.len()..bytes.len() - CHECKSUM {
        let mut forged = bytes.clone();
        forged[at] ^= 0x80;
        assert!(Model::from_bytes(&forged).is_err());
        reseal(&mut forged);
        if let Ok(model) = Model::from_bytes(&forged) {
            let _ = model.predict(columns);
            let _ = model.to_onnx(OnnxForm::Columns, 0.5, &[]);
        }
    }
}

#[test]
fn models_of_classes_and_numbers_come_back_and_forgeries_do_no_harm() {
    let columns = testing::features(5);
    let names = ["high", "low", "middle"].map(String::from).to_vec();
    let classes = Outcome::Multiclass(names);
    for (outcome, kinds) in [
        (
            &classes,
            &["gaussian_nb", "knn", "logistic_regression", "svm"][..],
        ),
        (
            &Outcome::Regression,
            &["knn", "lasso", "linear_regression", "ridge"],
        ),
    ] {
        for kind in kinds {
            let model = train_for(outcome, kind);
            assert_comes_back(&model, &columns);
            let width = outcome.output().width();
            assert_eq!(model.predict(&columns).unwrap().scores.len(), 5 * width);
        }
    }
}

/// Gives a changed file the checksum of its new content.
fn reseal(bytes: &mut [u8]) {
    let at = bytes.len() - CHECKSUM;
    let checksum = ObjectId::of_bytes(&bytes[..at]);
    bytes[at..].copy_from_slice(checksum.as_bytes());
}

#[test]
fn a_model_comes_back_and_answers_the_same() {
    let columns = testing::features(60);
    for parameters in parameters() {
        let model = train(parameters, 60);
        let bytes = model.to_bytes();
        let again = Model::from_bytes(&bytes).unwrap();
        assert_eq!(again, model);
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(
            again.predict(&columns).unwrap(),
            model.predict(&columns).unwrap()
        );
        assert_eq!(again.importances(), model.importances());
    }
}

#[test]
fn every_flipped_or_missing_byte_is_noticed() {
    for parameters in parameters() {
        let bytes = train(parameters, 40).to_bytes();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let error = Model::from_bytes(&flipped).unwrap_err();
            assert_eq!(error.kind(), Kind::Failure);
            assert!(Model::from_bytes(&bytes[..at]).is_err());
        }
    }
}

#[test]
fn a_resealed_forgery_is_an_error_or_a_model_that_answers() {
    let columns = testing::features(5);
    for parameters in parameters() {
        let bytes = train(parameters, 40).to_bytes();
        for at in MAGIC.len()..bytes.len() - CHECKSUM {
            for flip in [0x01, 0x80, 0xff] {
                let mut forged = bytes.clone();
                forged[at] ^= flip;
                reseal(&mut forged);
                if let Ok(model) = Model::from_bytes(&forged) {
                    let _ = model.predict(&columns);
                    // A drawing takes its time.
                    if flip == 0x80 && at.is_multiple_of(7) {
                        let _ = model.to_onnx(OnnxForm::Columns, 0.5, &[]);
                    }
                }
            }
            let mut short = bytes[..at + CHECKSUM].to_vec();
            reseal(&mut short);
            assert!(Model::from_bytes(&short).is_err(), "{at}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_behind_a_true_beginning_do_no_harm(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = train(EstimatorParameters::Prior, 20).to_bytes();
        bytes.truncate(bytes.len() - CHECKSUM - 8);
        let header = String::from_utf8_lossy(&bytes).replace(
            "\"prior\"",
            "{\"random_forest\":{\"trees\":3,\"max_depth\":null,\"min_samples_leaf\":1,\
             \"min_samples_split\":2,\"max_features\":\"sqrt\",\"seed\":1}}",
        );
        let mut bytes = header.into_bytes();
        let length = (bytes.len() - 20) as u64;
        bytes[12..20].copy_from_slice(&length.to_le_bytes());
        bytes.extend(tail);
        bytes.extend([0; CHECKSUM]);
        reseal(&mut bytes);
        let _ = Model::from_bytes(&bytes);
    }
}

#[test]
fn support_vectors_come_back_and_forgeries_do_no_harm() {
    let columns = testing::features(60);
    let model = train(testing::parameters("svm"), 60);
    assert_comes_back(&model, &columns);
}

/// What has neither calibration nor threshold is the file it was before there were any.
#[test]
fn a_calibration_and_a_threshold_come_back() {
    let columns = testing::features(60);
    let plain = train(testing::parameters("logistic_regression"), 60);
    assert_eq!(plain.to_bytes()[8], 1);
    let scores = plain.predict(&columns).unwrap().scores;
    let labels: Vec<bool> = (0..scores.len()).map(|row| row % 3 == 0).collect();
    for method in [CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
        let held_out = HeldOut {
            target: Target::Binary(&labels),
            scores: &scores,
            weights: None,
        };
        let mut model = plain.clone();
        model.calibration = Some(Calibration::fit(method, &held_out));
        model.threshold = Some(0.1 + 0.2);
        assert_eq!(model.to_bytes()[8], 2);
        assert_comes_back(&model, &columns);
        assert_ne!(model.predict(&columns).unwrap().scores, scores);
    }
    // One curve, for a model of two classes.
    let rows: Vec<u32> = (0..scores.len() as u32).map(|row| row % 2).collect();
    let twice: Vec<f64> = scores.iter().flat_map(|score| [*score; 2]).collect();
    let held_out = HeldOut {
        target: Target::Multiclass {
            classes: 2,
            rows: &rows,
        },
        scores: &twice,
        weights: None,
    };
    let mut model = plain;
    model.calibration = Some(Calibration::fit(CalibrationMethod::Platt, &held_out));
    let error = Model::from_bytes(&model.to_bytes()).unwrap_err();
    assert!(error.message().contains("damaged"), "{error}");
}

/// A model of two features, and of a third that reads them and one that is not encoded by itself.
fn deriving() -> (Model, Vec<FeatureColumn>) {
    let dtype = |name: &str, dtype| (name.parse::<ColumnName>().unwrap(), dtype);
    let dtypes = BTreeMap::from([
        dtype("billing.fee", Dtype::F64),
        dtype("usage.hours", Dtype::F64),
        dtype("users.active", Dtype::Bool),
    ]);
    let text = "CASE WHEN users.active THEN billing.fee / NULLIF(usage.hours, 0) END";
    let derived = DerivedFeature::parse("per_hour".parse().unwrap(), text, &dtypes, &|_| None);
    let mut columns = testing::features(60);
    let hours = columns.remove(1);
    columns.retain(|column| column.name != "users.plan");
    let per_hour = (0..60).map(|row| (row % 3 > 0).then(|| f64::from(row) / 7.0));
    columns.push(FeatureColumn::numeric("per_hour", per_hour.collect()));
    let preprocess = Preprocess {
        missing_numeric: MissingNumeric::Mean,
        ..testing::preprocess()
    };
    let train: Vec<usize> = (0..60).collect();
    let (encoder, _) = Encoder::fit(&columns, &train, &preprocess, None).unwrap();
    let matrix = encoder.transform(&columns).unwrap().matrix;
    let labels: Vec<bool> = matrix.column(0).map(|fee| fee > 70.0).collect();
    let parameters = testing::parameters("logistic_regression");
    let (fitted, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
    let outcome = Outcome::Binary;
    let mut model = Model::new(outcome, encoder, parameters, fitted, FeatureHash::of);
    model.features.retain(|feature| feature.name != "per_hour");
    let dropped = ModelFeature {
        name: hours.name.clone(),
        kind: FeatureKind::Numeric,
        definition: FeatureHash::of("usage.hours"),
    };
    model.features.insert(1, dropped);
    model.derived = vec![derived.unwrap()];
    (model, columns)
}

#[test]
fn derived_features_come_back_and_forgeries_do_no_harm() {
    let (model, columns) = deriving();
    let bytes = model.to_bytes();
    assert_eq!(bytes[8], 3);
    assert_comes_back(&model, &columns);
    let drawn = model.to_onnx(OnnxForm::Columns, 0.5, &[]).unwrap();
    let inputs: Vec<&str> = drawn.inputs.iter().map(|input| &*input.name).collect();
    assert_eq!(inputs, ["billing.fee", "usage.hours", "users.active"]);
    let at = 20 + u64::from_le_bytes(bytes[12..20].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[20..at].to_vec()).unwrap();
    let rest = &bytes[at..bytes.len() - CHECKSUM];
    let with = |header: &str| {
        let mut forged = bytes[..12].to_vec();
        forged.extend((header.len() as u64).to_le_bytes());
        forged.extend(header.as_bytes());
        forged.extend(rest);
        forged.extend([0; CHECKSUM]);
        reseal(&mut forged);
        Model::from_bytes(&forged)
    };
    assert_eq!(with(&header).unwrap(), model);
    let derived = header.find("\"derived\":[").unwrap();
    let end = derived + header[derived..].find(']').unwrap();
    let (own, encoder) = (&header[derived..end], &header[end..]);
    for (old, new) in [
        ("per_hour", "per_day"),
        ("per_hour", "per.hour"),
        ("\"usage.hours\":\"f64\"", "\"usage.days\":\"f64\""),
        ("usage.hours", "usage.days"),
        ("\"usage.hours\":\"f64\"", "\"usage.hours\":\"string\""),
        ("\"users.active\":\"bool\"", "\"users.active\":\"f64\""),
        ("billing.fee / NULLIF(usage.hours, 0)", "'high'"),
        ("billing.fee / NULLIF(usage.hours, 0)", "billing.fee"),
        ("CASE", "SLEEP"),
    ] {
        assert!(own.contains(old), "{old} in {own}");
        let forged = format!("{}{}{encoder}", &header[..derived], own.replace(old, new));
        assert!(with(&forged).is_err(), "{old} -> {new}");
    }
    let twice = own.to_string() + "," + &own["\"derived\":[".len()..];
    assert!(with(&format!("{}{twice}{encoder}", &header[..derived])).is_err());
    let none = format!("{}{}", &header[..derived], &encoder["],".len()..]);
    assert!(
        with(&none).is_err(),
        "the encoder takes what nothing derives"
    );
}

#[test]
fn a_newer_file_is_named_as_such() {
    let mut bytes = train(EstimatorParameters::Prior, 20).to_bytes();
    bytes[8] = 4;
    reseal(&mut bytes);
    let error = Model::from_bytes(&bytes).unwrap_err();
    assert!(error.message().contains("format version 4"), "{error}");
    let error = Model::from_bytes(b"PK").unwrap_err();
    assert!(
        error.message().contains("not a streamflow model"),
        "{error}"
    );
}

/// Files of version 1 hold the coefficients alone.
#[test]
fn a_logistic_regression_from_before_the_means_is_read() {
    let columns = testing::features(60);
    let parameters = EstimatorParameters::LogisticRegression(testing::logistic_regression());
    let model = train(parameters, 60);
    let bytes = model.to_bytes();
    let at = 20 + u64::from_le_bytes(bytes[12..20].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[20..at].to_vec()).unwrap();
    let header = header.replace("\"version\":2", "\"version\":1");
    let means = 8 * model.encoder.width();
    let mut old = bytes[..20].to_vec();
    old.extend(header.into_bytes());
    old.extend(&bytes[at..bytes.len() - CHECKSUM - means]);
    old.extend([0; CHECKSUM]);
    reseal(&mut old);
    let before = Model::from_bytes(&old).unwrap();
    assert_eq!(
        before.predict(&columns).unwrap(),
        model.predict(&columns).unwrap()
    );
    let (FittedModel::LogisticRegression(before), FittedModel::LogisticRegression(now)) =
        (before.fitted, model.fitted)
    else {
        panic!("no logistic regressions");
    };
    assert_eq!(before.functions, now.functions);
    assert_eq!(before.means, None);
    let encoded = model.encoder.transform(&columns).unwrap().matrix;
    for (column, mean) in now.means.unwrap().into_iter().enumerate() {
        let sum: f64 = encoded.column(column).sum();
        assert!((mean - sum / 60.0).abs() < 1e-12 * mean.abs().max(1.0));
    }
}

/// Files of programs that did not count the rows of leaves: they are made anew here, and have the names that
/// the golden vectors of those programs gave them.
#[test]
fn trees_from_before_the_rows_of_leaves_were_counted_are_read() {
    let columns = testing::features(500);
    for (at, version, name) in [
        (
            0,
            2,
            "6d2d3c539d62d1172fa2003550680fc0effa0bbe8e3ab6df6db5045d7d2fa522",
        ),
        (
            6,
            1,
            "af774e530ad32e7edbbcc9cb1d728a8e857012df61fd763d132aee8d8f7bb716",
        ),
        (
            7,
            1,
            "0b1679a21f9a81497ed5db4f7dc224bdd901c8c4a06548a9b8e2f82b9155b3b4",
        ),
        (
            8,
            1,
            "781db5c59d637d50cde203ba05a72397472607a3b3f0adaeb8499a975398c655",
        ),
    ] {
        let model = train(parameters()[at].clone(), 500);
        let bytes = model.to_bytes();
        let content = 20 + u64::from_le_bytes(bytes[12..20].try_into().unwrap()) as usize;
        let header = String::from_utf8(bytes[20..content].to_vec()).unwrap();
        let said = |version: u32| format!("\"version\":{version}");
        let header = header.replace(&said(model.parameters.version()), &said(version));
        let mut old = bytes[..20].to_vec();
        old.extend(header.into_bytes());
        old.extend(match model.fitted.clone() {
            FittedModel::Forest(forest) => forest.second_version().1,
            FittedModel::GradientBoosting(trees) => trees.first_version().1,
            other => panic!("no trees: {other:?}"),
        });
        old.extend([0; CHECKSUM]);
        reseal(&mut old);
        assert_eq!(ObjectId::of_bytes(&old).to_string(), name);
        let before = Model::from_bytes(&old).unwrap();
        assert_eq!(
            before.predict(&columns).unwrap(),
            model.predict(&columns).unwrap()
        );
        assert_eq!(before.importances(), model.importances());
        assert!(model.explainer().is_ok());
        let error = before.explainer().unwrap_err();
        assert_eq!(error.kind(), Kind::MissingInput, "{error}");
    }
}

/// A change here is a new MODEL_FORMAT, or a new version of an estimator.
#[test]
fn golden_vectors() {
    let golden = parameters()
        .map(|parameters| ObjectId::of_bytes(&train(parameters, 500).to_bytes()).to_string());
    assert_eq!(
        golden,
        [
            "e555116796981631194597e25ff42fb4089c2e02d25f1a31990f62f924a2df2d",
            "e081b873b7f8b1edcb00b1fd7e27637a1fd0bb48acd8158d9b337ec52cd95989",
            "0d78668d58fee12ec93166ff19d1fbb4cab7371e72c14d9c6c7c65fc370cb2f7",
            "7d2c0aa4db89706c91e2c32e6a9cb824a07a5176a1ed518865df8e1a5235dfb3",
            "79bb082b00faf3340b931a97970b66474c75ae326cafcb1a4025668d18c33c49",
            "49f4d670b422413fb2e5bf029766ecf14f05d95045775385e828c6394d07954e",
            "00f55501c2f5c96374bf4b5510c512014c6f272748b4fc21a3debbc0215d39cb",
            "097c468217fe72a10773ad20b32bd8b6b9f0cf3fce2e4500d5f7ebe7d5f0eadb",
            "3cfe93c3a3b24af97d01406221ba43d4f463011ecc2747e00ea0eb6e1eab7cbe"
        ]
    );
}
