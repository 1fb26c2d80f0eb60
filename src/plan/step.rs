//! Steps and their keys, and the run they make.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::declared::Declared;
use super::spec::RunSpec;
use crate::definition::{AsOf, TableName};
use crate::error::Result;
use crate::hash::{ContentHash, ContentHasher, Digest, RunId, StepKey, TableHash};

/// Names of operations and the version of each: a number that is raised whenever the same input
/// would give another output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Operations(pub BTreeMap<String, u32>);

impl ContentHash for Operations {
    fn feed(&self, hasher: &mut ContentHasher) {
        self.0.feed(hasher);
    }
}

/// The columns of one table at one date that a run reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataInput {
    pub table: TableName,
    pub as_of: AsOf,
    /// Of the key, the row date and the columns used.
    pub hash: TableHash,
}

impl ContentHash for DataInput {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.text(self.table.as_str());
        hasher.text(&self.as_of.to_string());
        self.hash.feed(hasher);
    }
}

/// A pure function in the life of a run. The order is that of execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Spine rows with their label and the values of the features at their date.
    TrainingSet,
    /// Which rows are for training and which for the test.
    Split,
    /// Scores of the train rows, each by a model that has not learnt from it; only where declared.
    CrossValidate,
    /// Encoder and estimator, fitted on the train rows.
    Fit,
    /// Scores of the test rows.
    Predict,
    /// Metrics of the scores.
    Evaluate,
}

impl Step {
    pub const ALL: [Self; 6] = [
        Self::TrainingSet,
        Self::Split,
        Self::CrossValidate,
        Self::Fit,
        Self::Predict,
        Self::Evaluate,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrainingSet => "training_set",
            Self::Split => "split",
            Self::CrossValidate => "cross_validate",
            Self::Fit => "fit",
            Self::Predict => "predict",
            Self::Evaluate => "evaluate",
        }
    }

    /// The declared values that are this step's own: each belongs to exactly one step, the first that
    /// is another when they change.
    pub const fn reads(self) -> &'static [&'static str] {
        match self {
            Self::TrainingSet => &["as_of", "entity", "features", "label", "tables", "windowed"],
            Self::Split => &["split"],
            Self::CrossValidate => &["cross_validation"],
            Self::Fit => &["calibrate", "model", "preprocess"],
            Self::Predict => &[],
            Self::Evaluate => &["evaluate"],
        }
    }

    /// Those of other steps that decide this one too.
    const fn reads_also(self) -> &'static [&'static str] {
        match self {
            // Folds are fitted as the whole is, and then calibrate it.
            Self::CrossValidate => &["model", "preprocess"],
            _ => &[],
        }
    }

    /// Whether a run has this step.
    fn is_in(self, spec: &RunSpec) -> bool {
        self != Self::CrossValidate || spec.cross_validation.is_some()
    }

    /// The steps whose outputs this one takes, of those a run has; the first takes tables.
    fn inputs(self, spec: &RunSpec) -> Vec<Self> {
        let inputs: &[Self] = match self {
            Self::TrainingSet => &[],
            Self::Split => &[Self::TrainingSet],
            Self::Fit if spec.calibrate.is_some() => {
                &[Self::TrainingSet, Self::Split, Self::CrossValidate]
            }
            Self::CrossValidate | Self::Fit => &[Self::TrainingSet, Self::Split],
            Self::Predict => &[Self::TrainingSet, Self::Split, Self::Fit],
            Self::Evaluate => &[
                Self::TrainingSet,
                Self::Split,
                Self::Fit,
                Self::Predict,
                Self::CrossValidate,
            ],
        };
        let inputs = inputs.iter().copied();
        inputs.filter(|input| input.is_in(spec)).collect()
    }

    /// The operations this step performs, of those a run uses.
    fn operations(self, all: &Operations, spec: &RunSpec) -> Operations {
        let kind = spec.model.kind;
        let mine = |name: &str| match self {
            // What preprocessing derives is computed where rows are encoded.
            Self::TrainingSet if name == "expression" => spec.has_expressions(),
            Self::CrossValidate | Self::Fit | Self::Predict if name == "expression" => {
                !spec.preprocess.derived.is_empty()
            }
            Self::TrainingSet => matches!(name, "training_set" | "window"),
            Self::Split => name == "split",
            Self::CrossValidate => {
                name == "cross_validate" || name == "encode" || name == kind || name == "predict"
            }
            Self::Fit => name == "encode" || name == kind || name == "calibrate",
            Self::Predict => name == "predict",
            Self::Evaluate => name == "evaluate",
        };
        Operations(
            all.0
                .iter()
                .filter(|(name, _)| mine(name))
                .map(|(n, v)| (n.clone(), *v))
                .collect(),
        )
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is hashed to the name of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunIdentity {
    pub declared: Declared,
    pub operations: Operations,
    /// In order of table and date.
    pub data: Vec<DataInput>,
}

impl RunIdentity {
    pub fn id(&self) -> RunId {
        RunId::of(self)
    }
}

impl ContentHash for RunIdentity {
    fn feed(&self, hasher: &mut ContentHasher) {
        let Self {
            declared,
            operations,
            data,
        } = self;
        declared.feed(hasher);
        operations.feed(hasher);
        data.feed(hasher);
    }
}

/// A step with its key.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    pub step: Step,
    pub key: StepKey,
    /// The steps whose outputs it takes.
    pub inputs: Vec<Step>,
    /// Operations, their versions and the declared values, without the inputs: what a key for the
    /// same outputs of other steps is made of.
    pub function: StepFunction,
}

/// What a step does, whatever it does it to.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFunction {
    pub step: Step,
    pub operations: Operations,
    pub declared: Declared,
}

impl ContentHash for StepFunction {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.text(self.step.as_str());
        self.operations.feed(hasher);
        self.declared.feed(hasher);
    }
}

/// A run with the keys of its steps, ready to be executed.
#[derive(Debug, Clone)]
pub struct Plan {
    pub spec: RunSpec,
    pub identity: RunIdentity,
    pub run: RunId,
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// Makes the plan of an identity.
    ///
    /// # Errors
    /// The declared values are not those of a run.
    pub fn new(identity: RunIdentity) -> Result<Self> {
        let spec = RunSpec::from_declared(&identity.declared)?;
        let mut steps: Vec<PlannedStep> = Vec::new();
        for step in Step::ALL.into_iter().filter(|step| step.is_in(&spec)) {
            let read = [step.reads(), step.reads_also()].concat();
            let function = StepFunction {
                step,
                operations: step.operations(&identity.operations, &spec),
                declared: identity.declared.within(&read),
            };
            let inputs = step.inputs(&spec);
            let keys: Vec<StepKey> = inputs.iter().map(|input| key_of(&steps, *input)).collect();
            let data: &[DataInput] = if inputs.is_empty() {
                &identity.data
            } else {
                &[]
            };
            let mut hasher = ContentHasher::new(StepKey::DOMAIN);
            function.feed(&mut hasher);
            keys.feed(&mut hasher);
            data.feed(&mut hasher);
            let key = StepKey::from_bytes(hasher.finish());
            steps.push(PlannedStep {
                step,
                key,
                inputs,
                function,
            });
        }
        let run = identity.id();
        Ok(Self {
            spec,
            identity,
            run,
            steps,
        })
    }
}

fn key_of(steps: &[PlannedStep], wanted: Step) -> StepKey {
    let planned = steps.iter().find(|planned| planned.step == wanted);
    planned.expect("steps are planned after their inputs").key
}
