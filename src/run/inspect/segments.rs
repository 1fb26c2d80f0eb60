//! How a run does on its test rows by the values of a feature.

use std::collections::BTreeMap;

use super::Tested;
use super::column::unused_column;
use crate::definition::{Dtype, FeatureName};
use crate::error::Result;
use crate::learn::{self, Detail, Interval, SegmentValues};
use crate::run::diff::{FEWEST_ROWS, number_entities};
use crate::run::reference::KnownRun;
use crate::run::steps;
use crate::table::{EntityKey, Values};
use crate::workspace::Workspace;

/// A run's test rows, divided by one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    /// `table.feature`.
    pub feature: String,
    pub dtype: Dtype,
    /// The metric that says most of the task.
    pub main_metric: &'static str,
    /// Each test row is in one of them.
    pub segments: Vec<JudgedSegment>,
}

/// What the run says of the rows of one segment.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedSegment {
    pub values: SegmentValues,
    pub rows: u64,
    /// The share of rows whose label is true; of two classes.
    pub positive: Option<f64>,
    /// Those that are defined; `warnings` say why others are not.
    pub metrics: BTreeMap<String, f64>,
    /// The 95 % interval of each; none for fewer than [`FEWEST_ROWS`] rows.
    pub intervals: BTreeMap<&'static str, Interval>,
    pub warnings: Vec<String>,
}

/// Judges the run on each segment of `feature`: one of its own, or a column of a table they come from.
///
/// # Errors
/// [`crate::error::Kind::MissingInput`] when the store does not have the run's outputs;
/// [`crate::error::Kind::Usage`] when `feature` is none that the test rows can be divided by.
pub fn segments(workspace: &Workspace, known: &KnownRun, feature: &str) -> Result<Segments> {
    let tested = Tested::of(workspace.store(), known)?;
    let values = values(workspace, known, &tested, feature)?;
    let dtype = values.dtype();
    let column = steps::feature_column(feature, &values);
    let divided = learn::segments(&column.values, dtype != Dtype::F64);
    let keys = steps::column(&tested.rows, tested.spec.key.as_str())?;
    let judged = divided.into_iter().map(|segment| {
        let predictions = tested.predictions.gather(&segment.rows);
        let found = tested.evaluate(&predictions);
        let keys = segment
            .rows
            .iter()
            .map(|row| EntityKey::of(keys.cell(*row)));
        let keys: Vec<EntityKey> = keys.flatten().collect();
        let intervals = match segment.rows.len() >= FEWEST_ROWS {
            true => learn::intervals(
                &predictions.scored(tested.threshold()),
                &number_entities(keys.iter()),
            ),
            false => BTreeMap::new(),
        };
        JudgedSegment {
            values: segment.values,
            rows: segment.rows.len() as u64,
            positive: match found.detail {
                Detail::Binary { prevalence, .. } => Some(prevalence),
                _ => None,
            },
            metrics: found.metrics,
            intervals,
            warnings: found.warnings.iter().map(ToString::to_string).collect(),
        }
    });
    Ok(Segments {
        feature: feature.to_string(),
        dtype,
        main_metric: tested.task().main_metric(),
        segments: judged.collect(),
    })
}

/// The values of a feature or a column in the test rows.
fn values(workspace: &Workspace, known: &KnownRun, tested: &Tested, word: &str) -> Result<Values> {
    let unknown = match tested.feature(word) {
        Ok(name) => return tested.values(&name),
        Err(error) => error,
    };
    let name: Option<FeatureName> = word.parse().ok();
    let found = match name.filter(|name| !tested.is_label(name)) {
        Some(name) => unused_column(workspace, known, tested, &name)?,
        None => None,
    };
    found.ok_or_else(|| {
        let tables = tested.spec.tables.keys().map(ToString::to_string);
        let tables: Vec<String> = tables.collect();
        unknown.help(format!(
            "`--by` takes any column of these tables too: {}",
            tables.join(", ")
        ))
    })
}
