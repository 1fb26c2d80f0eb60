//! Questions that are asked of a run that exists.
//!
//! They read what the run has left in the store, compute, and answer. Nothing of it is declared,
//! recorded or hashed: an answer is a function of the run's outputs and of the question, the same on
//! every machine and at any number of threads.
//!
//! All of them look at the test rows: the model has not seen them, and what is said of them is what
//! the run's metrics are made of.

mod column;
mod dependence;
mod importances;
mod segments;

use super::reference::KnownRun;
use super::steps::{self, Predictions};
use super::stored::{ArtefactName, artefact_bytes};
use crate::definition::{FeatureName, InputName, Task};
use crate::error::{Error, Result, did_you_mean};
use crate::hash::{Digest, RunId};
use crate::learn::{self, Evaluation, FeatureColumn, Model};
use crate::plan::RunSpec;
use crate::store::Store;
use crate::table::{Frame, Values};
use crate::table_store;

pub use dependence::{DEFAULT_GRID, Dependence, dependence};
pub use importances::{DEFAULT_REPEATS, FeatureImportance, Importances, importances};
pub use segments::{JudgedSegment, Segments, segments};

/// What a run has left, ready to be asked.
struct Tested {
    run: RunId,
    spec: RunSpec,
    model: Model,
    /// The test rows of the training set.
    rows: Frame,
    /// What was said of them, row by row.
    predictions: Predictions,
}

impl Tested {
    /// # Errors
    /// [`crate::error::Kind::MissingInput`] when the store does not have the run's outputs.
    fn of(store: &Store, known: &KnownRun) -> Result<Self> {
        let bytes = |name| artefact_bytes(store, known, name);
        let frame = |name| table_store::frame(&bytes(name)?);
        let training_set = frame(ArtefactName::TrainingSet)?;
        let split = frame(ArtefactName::Split)?;
        let model = Model::from_bytes(&bytes(ArtefactName::Model)?)?;
        let predictions = Predictions::of(&frame(ArtefactName::Predictions)?)?;
        let rows = steps::test_rows(&training_set, &split)?;
        if rows.rows() == 0 {
            let message = format!("run {} has no test rows to ask about", known.run.short());
            return Err(Error::usage(message).help("raise `test` under [split]"));
        }
        if rows.rows() != predictions.rows() {
            let run = known.run.short();
            let message = format!("the predictions of run {run} are not those of its test rows");
            return Err(Error::failure(message));
        }
        Ok(Self {
            run: known.run,
            spec: RunSpec::from_declared(&known.record.declared)?,
            model,
            rows,
            predictions,
        })
    }

    fn task(&self) -> Task {
        self.spec.label.task
    }

    /// The features of the test rows, as the model takes them.
    fn columns(&self) -> Result<Vec<FeatureColumn>> {
        steps::feature_columns(&self.spec, &self.rows)
    }

    /// The features of the run, and what preprocessing derives of them.
    fn features(&self) -> impl Iterator<Item = InputName> {
        let of_tables = self.spec.features.keys().cloned().map(InputName::from);
        let derived = self.spec.preprocess.derived.keys().cloned();
        of_tables.chain(derived.map(InputName::from))
    }

    /// The feature of the run that a word names.
    fn feature(&self, word: &str) -> Result<InputName> {
        let found = self.features().find(|name| name.to_string() == word);
        found.ok_or_else(|| self.no_feature(word))
    }

    fn no_feature(&self, word: &str) -> Error {
        let run = self.run.short();
        let names: Vec<String> = self.features().map(|name| name.to_string()).collect();
        let all = format!("features of the run: {}", names.join(", "));
        let named = word.parse::<FeatureName>();
        if named.is_ok_and(|name| self.is_label(&name)) {
            let message = format!("{word} is what run {run} predicts, and no feature of it");
            return Error::usage(message).detail(all);
        }
        let error = Error::usage(format!("run {run} has no feature `{word}`"));
        match did_you_mean(word, names.iter().map(String::as_str)) {
            Some(close) => error.help(format!("did you mean `{close}`?")),
            None => error.detail(all),
        }
    }

    fn is_label(&self, name: &FeatureName) -> bool {
        let label = &self.spec.label;
        (&name.table, &name.feature) == (&label.table, &label.column)
    }

    /// The values of a feature in the test rows.
    fn values(&self, feature: &InputName) -> Result<Values> {
        match feature {
            InputName::Feature(name) => steps::column(&self.rows, &name.to_string()).cloned(),
            InputName::Derived(name) => {
                let derived = steps::derived_values(&self.spec, &self.rows)?.into_iter();
                let mut own =
                    derived.filter_map(|(other, values)| (other == *name).then_some(values));
                own.next()
                    .ok_or_else(|| Error::failure(format!("the run derives no `{name}`")))
            }
        }
    }

    fn evaluate(&self, predictions: &Predictions) -> Evaluation {
        learn::evaluate(&predictions.scored(self.threshold()))
    }

    fn threshold(&self) -> f64 {
        self.model.decides_from(self.spec.threshold)
    }

    /// The metric of a name, the main one of the task without one.
    fn metric(&self, name: Option<&str>) -> Result<&'static str> {
        let Some(name) = name else {
            return Ok(self.task().main_metric());
        };
        let metrics = self.task().metrics();
        let found = metrics.iter().find(|metric| **metric == name);
        found.copied().ok_or_else(|| {
            let task = match self.task() {
                Task::Binary => "two classes",
                Task::Multiclass => "several classes",
                Task::Regression => "numbers",
            };
            let message = format!("run {} has no metric `{name}`", self.run.short());
            let error =
                Error::usage(message).detail(format!("metrics of {task}: {}", metrics.join(", ")));
            match did_you_mean(name, metrics.iter().copied()) {
                Some(close) => error.help(format!("did you mean `{close}`?")),
                None => error,
            }
        })
    }
}
