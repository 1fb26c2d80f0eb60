//! What people declare: TOML files as checked values.
//!
//! Text becomes meaning in two steps, without any I/O. `document` reads the TOML of a file into a
//! tree that remembers the place of every key and value; `parse` takes what it knows out of the
//! tree, by way of `section` and `item`, and refuses the rest, each error at its place and with a
//! way out. On the way the files are held against each other: a feature must exist, a label must
//! have a column. All errors of all files are collected before anything is reported. What comes of
//! it is in `project`, `table` and `experiment`.
//!
//! Beyond this module nobody meets an unchecked value. What is declared but does not decide a
//! result (descriptions, gates, checks) is kept here and never reaches a hash; what is hashed is
//! taken from here by `plan`.

mod calibrate;
mod check;
mod cross_validation;
mod derived;
mod document;
pub mod estimator;
mod experiment;
pub mod expression;
mod flow;
mod input_name;
mod item;
mod name;
mod parse;
mod preprocess;
mod project;
mod query;
pub mod schema;
mod search;
mod section;
mod set;
mod table;
mod time;
mod value;
mod wording;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::error::{SourceText, Span};

pub use calibrate::{Calibrate, CalibrationMethod, ThresholdRule};
pub use check::{Bounds, Check, Reference, Rule, SetRelation, Severity, Statistic, Threshold};
pub use cross_validation::{CrossValidation, FoldMethod};
pub use derived::DerivedFeature;
pub use experiment::{
    Allow, Bound, Comparison, Experiment, Gate, LOSSES, Label, METRICS, Model, ShadowMeasure,
    Split, SplitMethod, Task,
};
pub use expression::{Aggregate, Expression, ExpressionError, Windowed};
pub use flow::{DriftReference, Flow, FlowAction, FlowCondition, FlowOutcome, FlowStep, RunDate};
pub use input_name::InputName;
pub use name::{
    AliasName, ColumnName, DerivedName, EntityName, ExperimentName, FeatureName, FlowName,
    InvalidName, ModelName, Stage, Standing, TableName,
};
pub use preprocess::{
    CategoricalEncoding, CategoricalPreprocess, CategoricalRule, FeaturePreprocess,
    MissingCategorical, MissingNumeric, NumericEncoding, NumericPreprocess, NumericRule,
    Preprocess,
};
pub use project::{Entity, Project, Serve};
pub use query::{Query, QueryFault};
pub use search::{Choice, Draw, Halving, Scale, Search, SearchMethod};
pub use table::{Column, CsvDialect, Dtype, Features, Format, Mode, Source, Table};
pub use time::{Age, AsOf};
pub use value::{Value, ValuePath, toml_key};

/// The definition files of a project: path relative to the root, with `/`, to text. Paths are
/// `streamflow.toml`, `features/TABLE.toml` and `experiments/NAME.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefinitionFiles(pub BTreeMap<String, String>);

/// Everything a project declares, checked file by file and against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Definitions {
    pub project: Project,
    pub tables: BTreeMap<TableName, Table>,
    pub experiments: BTreeMap<ExperimentName, Experiment>,
}

/// The file a definition was read from, with the places of its values.
#[derive(Debug, Clone)]
pub struct Origin {
    pub source: Arc<SourceText>,
    /// Where each value stands, by key path as in the file: `model.trees`, `checks.0.between`; of a
    /// section, its header. An experiment's features are also found by name, at the text that took
    /// them: `dataset.features.TABLE.FEATURE`. Values that are not in the file (defaults, `--set`)
    /// have no place.
    pub places: BTreeMap<ValuePath, Range<usize>>,
}

impl Origin {
    /// The place of the value at `path`.
    pub fn span(&self, path: &str) -> Option<Span> {
        let range = self.places.get(path)?.clone();
        Some(Span {
            source: Arc::clone(&self.source),
            range,
        })
    }
}

/// Where a definition stands does not make it another definition.
impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
