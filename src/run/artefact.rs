//! What steps hand to each other, in memory and in the catalog.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hash::{ObjectId, TableHash};
use crate::learn::{Confusion, Model, Residuals};
use crate::store::ObjectName;
use crate::table::Frame;

/// The name of a step's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputName {
    Table(TableHash),
    Bytes(ObjectId),
}

impl From<OutputName> for ObjectName {
    fn from(name: OutputName) -> Self {
        match name {
            OutputName::Table(hash) => Self::Table(hash),
            OutputName::Bytes(id) => Self::Bytes(id),
        }
    }
}

impl std::fmt::Display for OutputName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        ObjectName::from(*self).fmt(f)
    }
}

/// A step's output in memory.
#[derive(Debug, Clone)]
pub enum Artefact {
    Table(Frame),
    Model(Box<Model>),
    Report(Box<Report>),
}

impl Artefact {
    pub fn table(&self) -> Result<&Frame> {
        match self {
            Self::Table(frame) => Ok(frame),
            _ => Err(Error::failure(
                "a step's output is not the table it should be",
            )),
        }
    }

    pub fn model(&self) -> Result<&Model> {
        match self {
            Self::Model(model) => Ok(model),
            _ => Err(Error::failure(
                "a step's output is not the model it should be",
            )),
        }
    }
}

/// How the rows of a training set came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingRows {
    pub total: u64,
    /// Rows whose label is true.
    pub positive: u64,
    /// Spine rows that were left out for want of a label.
    pub unlabelled: u64,
    pub features: u64,
}

/// The evaluation of a run: the object `get RUN report` writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub metrics: BTreeMap<String, f64>,
    /// Of the class rate of the train rows, on the same test rows.
    pub prior_metrics: BTreeMap<String, f64>,
    /// Of two classes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confusion: Option<Confusion>,
    /// A score of at least this counts as true. Of two classes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<f64>,
    /// Whether a rule picked the threshold by the scores of the folds.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub threshold_picked: bool,
    pub train: u64,
    pub test: u64,
    /// Share of true labels in the test rows. Of two classes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prevalence: Option<f64>,
    /// Of several classes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub classes: Option<ClassTable>,
    /// Of numbers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub residuals: Option<Residuals>,
    /// Of runs with `[cross_validation]`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cross_validation: Option<CrossValidated>,
    /// Share of each feature, the largest first; empty for estimators that have none.
    pub importances: Vec<(String, f64)>,
    pub warnings: Vec<String>,
}

/// What the folds of the train rows say of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossValidated {
    /// How the rows were divided.
    pub method: String,
    /// Scored rows of each fold.
    pub rows: Vec<u64>,
    /// By the names of the task's metrics.
    pub metrics: BTreeMap<String, FoldMetric>,
}

/// One metric over the folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldMetric {
    /// None where a fold does not have the metric.
    pub mean: Option<f64>,
    /// Of the sample, over k − 1.
    pub sd: Option<f64>,
    pub folds: Vec<Option<f64>>,
}

/// Test rows by the class they are of and the class that was predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassTable {
    /// In bytewise order.
    pub names: Vec<String>,
    /// For each class of the label, how many rows were predicted to be of each class.
    pub confusion: Vec<Vec<u64>>,
}

/// What the catalog keeps beside the name of an output, so that a cached run reads no object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepNotes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<TrainingRows>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
}

impl Report {
    /// JSON in a fixed layout: the same report, the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::failure("a report cannot be written").caused_by(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes)
            .map_err(|error| Error::failure("a report cannot be read").caused_by(error))
    }
}
