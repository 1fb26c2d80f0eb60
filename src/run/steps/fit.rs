//! Encoder and estimator, fitted on the train rows.

use super::calibrate::{Calibrated, FoldScores};
use super::derived::derived_features;
use super::labels::Labels;
use super::split::{TRAIN, key_texts};
use super::{WEIGHT, column, feature_columns, rows_of};
use crate::definition::FeatureName;
use crate::error::{Error, Result};
use crate::feature::FeatureSpec;
use crate::hash::{Digest, FeatureHash};
use crate::learn::{
    self, Encoder, EstimatorParameters, Examples, FeatureKind, Model, ModelFeature, Supervision,
};
use crate::plan::RunSpec;
use crate::run::artefact::StepNotes;
use crate::table::{Cell, Frame, row_number};

/// Learns a model from the train rows. `features` say how each input was computed; `of_folds` are the scores of
/// those rows by fold, where the run learns from them too.
pub fn fit(
    spec: &RunSpec,
    features: &[FeatureSpec],
    training_set: &Frame,
    split: &Frame,
    of_folds: Option<&Frame>,
) -> Result<(Model, StepNotes)> {
    let (mut model, notes) = fitted_on(spec, features, training_set, &rows_of(split, TRAIN)?)?;
    if let (Some(rule), Some(of_folds)) = (&spec.calibrate, of_folds) {
        let Calibrated {
            calibration,
            threshold,
        } = FoldScores::of(of_folds)?.calibrated(rule)?;
        (model.calibration, model.threshold) = (calibration, threshold);
    }
    Ok((model, notes))
}

/// Learns a model from these rows of a training set.
pub(super) fn fitted_on(
    spec: &RunSpec,
    features: &[FeatureSpec],
    training_set: &Frame,
    train: &[usize],
) -> Result<(Model, StepNotes)> {
    // Fitted on the train rows; shown all, so that a null the run forbids is refused here and not
    // when the test rows are scored.
    let columns = feature_columns(spec, training_set)?;
    let rows = train.iter().map(|row| Some(row_number(*row)));
    let train_set = training_set.gather(&rows.collect::<Vec<_>>());
    let labels = Labels::of(&train_set)?;
    let numbered = labels.numbered();
    let weights = weights(spec, &train_set)?;
    let folds: Vec<u8> = key_texts(spec, &train_set)?
        .iter()
        .map(|key| Supervision::fold_of(key))
        .collect();
    let supervision = Supervision {
        target: numbered.target(),
        weights: weights.as_deref(),
        folds: &folds,
    };
    let (encoder, mut warnings) =
        Encoder::fit(&columns, train, &spec.preprocess, Some(&supervision))?;
    let matrix = encoder.transform_train(&feature_columns(spec, &train_set)?, &supervision)?;
    let examples = Examples {
        matrix: &matrix,
        target: numbered.target(),
        weights: weights.as_deref(),
    };
    let parameters = EstimatorParameters::of(&spec.model)?;
    let (fitted, more) = learn::fit(&parameters, &examples)?;
    warnings.extend(more);
    let hash_of = |name: &str| {
        let spec = features
            .iter()
            .find(|feature| feature.name().to_string() == name);
        spec.map_or_else(|| FeatureHash::of(name), FeatureSpec::hash)
    };
    let mut model = Model::new(labels.outcome(), encoder, parameters, fitted, hash_of);
    let derived = derived_features(spec, training_set)?;
    if !derived.is_empty() {
        let input = |name: &FeatureName| {
            let name = name.to_string();
            let kind = FeatureKind::of(column(training_set, &name)?.dtype());
            let definition = hash_of(&name);
            Ok(ModelFeature {
                name,
                kind,
                definition,
            })
        };
        model.features = spec.features.keys().map(input).collect::<Result<_>>()?;
        model.derived = derived;
    }
    let warnings = warnings.iter().map(ToString::to_string).collect();
    Ok((
        model,
        StepNotes {
            warnings,
            ..StepNotes::default()
        },
    ))
}

/// How much each row counts, where the experiment says so.
fn weights(spec: &RunSpec, train: &Frame) -> Result<Option<Vec<f64>>> {
    if spec.label.weight.is_none() {
        return Ok(None);
    }
    let values = column(train, WEIGHT)?;
    let cells = (0..train.rows()).map(|row| match values.cell(row) {
        Cell::F64(weight) => Ok(weight),
        _ => Err(Error::failure(
            "a training set holds a row without a weight",
        )),
    });
    cells.collect::<Result<_>>().map(Some)
}
