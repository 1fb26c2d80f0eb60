//! What a run has left in the store.

use super::artefact::Report;
use super::diff::{RunScores, scores};
use super::reference::KnownRun;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::plan::RunSpec;
use crate::store::{ObjectName, Store};
use crate::table_store;

/// Something of a run that can be had as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtefactName {
    TrainingSet,
    Split,
    Model,
    Predictions,
    Report,
    /// Scores of the train rows by fold, of runs that have some.
    Folds,
}

impl ArtefactName {
    pub const ALL: [Self; 6] = [
        Self::TrainingSet,
        Self::Split,
        Self::Model,
        Self::Predictions,
        Self::Report,
        Self::Folds,
    ];
    /// Those that every run has.
    pub const OF_EVERY_RUN: [Self; 5] = [
        Self::TrainingSet,
        Self::Split,
        Self::Model,
        Self::Predictions,
        Self::Report,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrainingSet => "training_set",
            Self::Split => "split",
            Self::Model => "model",
            Self::Predictions => "predictions",
            Self::Report => "report",
            Self::Folds => "folds",
        }
    }
}

/// The bytes of an artefact as they are stored: tables are Parquet, a report is JSON.
///
/// # Errors
/// [`Kind::MissingInput`] when this store does not have it; [`Kind::Usage`] for folds of a run without any.
pub fn artefact_bytes(store: &Store, known: &KnownRun, artefact: ArtefactName) -> Result<Vec<u8>> {
    if artefact == ArtefactName::Folds && !known.record.operations.0.contains_key("cross_validate")
    {
        return Err(no_folds(known));
    }
    let object = object_of(known, artefact).filter(|name| is_there(store, *name));
    let object = object.ok_or_else(|| missing(known, artefact))?;
    let needed_by = format!("the {} of run {}", artefact.as_str(), known.run.short());
    table_store::file(store, object, &needed_by)
}

/// The evaluation of a run; none when this store does not have it.
pub fn stored_report(store: &Store, known: &KnownRun) -> Result<Option<Report>> {
    match object_of(known, ArtefactName::Report).filter(|name| is_there(store, *name)) {
        None => Ok(None),
        Some(object) => {
            let needed_by = format!("the report of run {}", known.run.short());
            Report::from_bytes(&store.get(object, &needed_by)?).map(Some)
        }
    }
}

/// The evaluation of a run.
///
/// # Errors
/// [`Kind::MissingInput`] when this store does not have it.
pub fn evaluation(store: &Store, known: &KnownRun) -> Result<Report> {
    stored_report(store, known)?.ok_or_else(|| missing(known, ArtefactName::Report))
}

/// What a run said of its test rows.
///
/// # Errors
/// [`Kind::MissingInput`] when this store does not have its predictions, and [`Kind::Lock`] for
/// declared values of another version.
pub fn test_scores(store: &Store, known: &KnownRun) -> Result<RunScores> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let found = scores(store, known, Some(&spec), true)?;
    found.ok_or_else(|| missing(known, ArtefactName::Predictions))
}

fn object_of(known: &KnownRun, artefact: ArtefactName) -> Option<ObjectName> {
    let outputs = known.outputs();
    match artefact {
        ArtefactName::TrainingSet => Some(outputs?.training_set.into()),
        ArtefactName::Split => Some(outputs?.split.into()),
        ArtefactName::Model => Some(outputs?.model.into()),
        ArtefactName::Predictions => Some(outputs?.predictions.into()),
        ArtefactName::Report => known.shown_execution()?.report().map(ObjectName::from),
        ArtefactName::Folds => known.shown_execution()?.folds().map(ObjectName::from),
    }
}

fn no_folds(known: &KnownRun) -> Error {
    Error::usage(format!("run {} has no folds", known.run.short())).help(format!(
        "a section [cross_validation] in experiments/{}.toml makes a run that has",
        known.experiment
    ))
}

fn is_there(store: &Store, name: ObjectName) -> bool {
    store.objects().path(name).is_file()
}

fn missing(known: &KnownRun, artefact: ArtefactName) -> Error {
    let run = known.run.short();
    Error::new(
        Kind::MissingInput,
        format!(
            "this store does not have the {} of run {run}",
            artefact.as_str()
        ),
    )
    .help(format!("`streamflow replay {run}` makes it again"))
    .help(format!(
        "`streamflow run --locked {}` does too, if it is what is locked",
        known.experiment
    ))
}
