//! How much each feature moves what a run says of its test rows.

use serde::Serialize;

use super::reference::KnownRun;
use super::steps;
use super::stored::{ArtefactName, artefact_bytes};
use crate::error::{Kind, Result};
use crate::learn::{Model, Scale};
use crate::plan::RunSpec;
use crate::store::Store;
use crate::table_store;

/// The size of what each feature comes to in a prediction, on average over the test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeanContributions {
    /// What they are measured on.
    pub scale: Scale,
    /// The largest first; equal ones by name.
    pub features: Vec<(String, f64)>,
}

/// Takes every test row apart. None where the model has no exact contributions, where its file is of
/// a version that did not keep what they take, and without test rows.
///
/// # Errors
/// [`Kind::MissingInput`] when the store does not have the run's outputs.
pub fn mean_contributions(store: &Store, known: &KnownRun) -> Result<Option<MeanContributions>> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let bytes = |name| artefact_bytes(store, known, name);
    let frame = |name| table_store::frame(&bytes(name)?);
    let model = Model::from_bytes(&bytes(ArtefactName::Model)?)?;
    let explainer = match model.explainer() {
        Ok(explainer) => explainer,
        Err(error) if matches!(error.kind(), Kind::Usage | Kind::MissingInput) => return Ok(None),
        Err(error) => return Err(error),
    };
    let training_set = frame(ArtefactName::TrainingSet)?;
    let test = steps::test_rows(&training_set, &frame(ArtefactName::Split)?)?;
    if test.rows() == 0 {
        return Ok(None);
    }
    let columns = steps::feature_columns(&spec, &test)?;
    let scores = model.predict(&columns)?.scores;
    let explained = model.explain(&explainer, &columns, &scores)?;
    let mean = |at: usize| {
        let sizes = explained.iter().map(|row| row.contributions[at].abs());
        sizes.fold(0.0, |sum, size| sum + size) / explained.len() as f64
    };
    let names = model.encoder.feature_names().enumerate();
    let mut features: Vec<(String, f64)> = names
        .map(|(at, name)| (name.to_string(), mean(at)))
        .collect();
    // Stable: equal ones stay in the order of their names.
    features.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(Some(MeanContributions {
        scale: explainer.scale(),
        features,
    }))
}
