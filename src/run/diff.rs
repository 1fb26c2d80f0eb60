//! Two runs side by side: inputs that differ, outputs, metrics, predictions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::reference::KnownRun;
use super::steps::{AS_OF, PROBABILITY};
use crate::definition::{AsOf, ColumnName, TableName};
use crate::error::{Error, Result};
use crate::hash::{Digest, RunId};
use crate::lockfile::{LockedData, Outputs};
use crate::plan::{Difference, RunSpec, differences};
use crate::store::Store;
use crate::table::{Cell, Frame, from_parquet_object};

/// What sort of input differs. The order is that of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    Data,
    Features,
    Label,
    Split,
    Preprocess,
    Model,
    Operations,
    Code,
    Environment,
}

impl InputKind {
    pub const ALL: [Self; 9] = [
        Self::Data,
        Self::Features,
        Self::Label,
        Self::Split,
        Self::Preprocess,
        Self::Model,
        Self::Operations,
        Self::Code,
        Self::Environment,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Features => "features",
            Self::Label => "label",
            Self::Split => "split",
            Self::Preprocess => "preprocess",
            Self::Model => "model",
            Self::Operations => "operations",
            Self::Code => "code",
            Self::Environment => "environment",
        }
    }
}

/// One input that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputDifference {
    pub kind: InputKind,
    pub name: String,
    pub a: Option<String>,
    pub b: Option<String>,
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputPair {
    pub name: &'static str,
    pub a: Option<String>,
    pub b: Option<String>,
    pub same: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricPair {
    pub name: String,
    pub a: Option<f64>,
    pub b: Option<f64>,
    pub delta: Option<f64>,
}

/// Test rows that both runs scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PredictionChanges {
    pub compared: u64,
    /// Another probability, to the bit.
    pub changed: u64,
    /// Predicted true by one and false by the other.
    pub flipped: u64,
}

/// Everything in which two runs differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDiff {
    pub a: RunId,
    pub b: RunId,
    pub inputs: Vec<InputDifference>,
    pub outputs: Vec<OutputPair>,
    pub metrics: Vec<MetricPair>,
    /// None while the predictions of one run are not in this store.
    pub predictions: Option<PredictionChanges>,
}

/// Compares two runs.
pub fn diff(store: &Store, a: &KnownRun, b: &KnownRun) -> Result<RunDiff> {
    let mut inputs = data_differences(&a.record.data, &b.record.data);
    inputs.extend(declared_differences(a, b));
    inputs.extend(circumstances(a, b));
    inputs.sort_by_key(|input| input.kind);
    Ok(RunDiff {
        a: a.run,
        b: b.run,
        inputs,
        outputs: output_pairs(a.outputs(), b.outputs()),
        metrics: metric_pairs(a, b),
        predictions: predictions(store, a, b)?,
    })
}

/// Data by table: the n-th date of one run stands beside the n-th of the other.
fn data_differences(a: &[LockedData], b: &[LockedData]) -> Vec<InputDifference> {
    let tables: BTreeSet<&TableName> = a.iter().chain(b).map(|data| &data.table).collect();
    let mut found = Vec::new();
    for table in tables {
        let of = |side: &'_ [LockedData]| -> Vec<LockedData> {
            side.iter()
                .filter(|data| data.table == *table)
                .cloned()
                .collect()
        };
        let (a, b) = (of(a), of(b));
        for at in 0..a.len().max(b.len()) {
            let (a, b) = (a.get(at), b.get(at));
            if a.map(|data| data.hash) != b.map(|data| data.hash) {
                found.push(InputDifference {
                    kind: InputKind::Data,
                    name: table.to_string(),
                    a: a.map(|data| data.hash.to_string()),
                    b: b.map(|data| data.hash.to_string()),
                    detail: data_detail(a, b),
                });
            }
        }
    }
    found
}

fn data_detail(a: Option<&LockedData>, b: Option<&LockedData>) -> String {
    let words = |data: &LockedData| format!("{} ({} rows)", data.as_of, data.rows);
    match (a, b) {
        (Some(a), Some(b)) if a.as_of == b.as_of => {
            let changed: Vec<&str> = b
                .sources
                .iter()
                .filter(|now| a.sources.iter().all(|old| old.hash != now.hash))
                .map(|source| source.path.as_str())
                .collect();
            let files = match changed.as_slice() {
                [] => "read otherwise".to_string(),
                paths => paths.join(", "),
            };
            format!("{}, rows {} → {}: {files}", a.as_of, a.rows, b.rows)
        }
        (Some(a), Some(b)) => format!("{} → {}", words(a), words(b)),
        (Some(a), None) => format!("only in a: {}", words(a)),
        (None, Some(b)) => format!("only in b: {}", words(b)),
        (None, None) => String::new(),
    }
}

fn declared_differences(a: &KnownRun, b: &KnownRun) -> Vec<InputDifference> {
    differences(&a.record.identity(), &b.record.identity())
        .into_iter()
        .filter(|difference| !matches!(difference, Difference::Data { .. }))
        .map(|difference| {
            let (a, b) = difference.sides();
            InputDifference {
                kind: kind_of(&difference),
                name: difference.name(),
                a,
                b,
                detail: difference.to_string(),
            }
        })
        .collect()
}

fn kind_of(difference: &Difference) -> InputKind {
    let Difference::Value { path, .. } = difference else {
        return InputKind::Operations;
    };
    match path.segments().next() {
        Some("as_of") => InputKind::Data,
        Some("label") => InputKind::Label,
        Some("split") => InputKind::Split,
        Some("preprocess") => InputKind::Preprocess,
        // The threshold belongs to what the model decides.
        Some("model" | "evaluate") => InputKind::Model,
        _ => InputKind::Features,
    }
}

/// What explains and never decides: commit and environment.
fn circumstances(a: &KnownRun, b: &KnownRun) -> Vec<InputDifference> {
    let mut found = Vec::new();
    if let (Some(a), Some(b)) = (a.commit(), b.commit())
        && a != b
    {
        found.push(InputDifference {
            kind: InputKind::Code,
            name: "commit".to_string(),
            detail: format!("{} → {}", a.short(), b.short()),
            a: Some(a.to_string()),
            b: Some(b.to_string()),
        });
    }
    if let (Some(a), Some(b)) = (a.environment(), b.environment()) {
        for (name, a, b) in a.differences(b) {
            found.push(InputDifference {
                kind: InputKind::Environment,
                name: name.to_string(),
                detail: format!("{} → {}", super::short(a), super::short(b)),
                a: Some(a.to_string()),
                b: Some(b.to_string()),
            });
        }
    }
    found
}

fn output_pairs(a: Option<Outputs>, b: Option<Outputs>) -> Vec<OutputPair> {
    let named = |outputs: Option<Outputs>| -> BTreeMap<&'static str, String> {
        outputs
            .map(|outputs| outputs.named().into_iter().collect())
            .unwrap_or_default()
    };
    let (a, b) = (named(a), named(b));
    ["training_set", "split", "model", "predictions"]
        .into_iter()
        .map(|name| {
            let (a, b) = (a.get(name).cloned(), b.get(name).cloned());
            OutputPair {
                name,
                same: a.is_some() && a == b,
                a,
                b,
            }
        })
        .collect()
}

fn metric_pairs(a: &KnownRun, b: &KnownRun) -> Vec<MetricPair> {
    let (a, b) = (a.metrics(), b.metrics());
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let (a, b) = (a.get(name).copied(), b.get(name).copied());
            let delta = a.zip(b).map(|(a, b)| b - a);
            MetricPair {
                name: name.clone(),
                a,
                b,
                delta,
            }
        })
        .collect()
}

fn predictions(store: &Store, a: &KnownRun, b: &KnownRun) -> Result<Option<PredictionChanges>> {
    // With one date each, rows are compared by entity alone, so that two months can be held against
    // each other.
    let dated = a.as_of().len() > 1 || b.as_of().len() > 1;
    let (Some(a), Some(b)) = (scores(store, a, dated)?, scores(store, b, dated)?) else {
        return Ok(None);
    };
    let mut changes = PredictionChanges {
        compared: 0,
        changed: 0,
        flipped: 0,
    };
    for (row, (score, positive)) in &a {
        let Some((other, other_positive)) = b.get(row) else {
            continue;
        };
        changes.compared += 1;
        changes.changed += u64::from(score.to_bits() != other.to_bits());
        changes.flipped += u64::from(positive != other_positive);
    }
    Ok(Some(changes))
}

/// The score of each test row, and whether it reaches the run's threshold.
type Scores = BTreeMap<(String, Option<AsOf>), (f64, bool)>;

fn scores(store: &Store, known: &KnownRun, dated: bool) -> Result<Option<Scores>> {
    let Some(outputs) = known.outputs() else {
        return Ok(None);
    };
    let name = outputs.predictions.into();
    if store.catalog().object(name)?.is_none() {
        return Ok(None);
    }
    let needed_by = format!("the predictions of run {}", known.run.short());
    let frame = from_parquet_object(&store.get(name, &needed_by)?)?;
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let cells = columns(&frame, &spec.key)?;
    let [keys, dates, probabilities] = cells;
    let rows = (0..frame.rows()).filter_map(|row| {
        let Cell::F64(score) = probabilities.cell(row) else {
            return None;
        };
        let date = match dates.cell(row) {
            Cell::Date(days) if dated => AsOf::from_days(days),
            _ => None,
        };
        Some((
            (keys.cell(row).to_string(), date),
            (score, score >= spec.threshold),
        ))
    });
    Ok(Some(rows.collect()))
}

fn columns<'a>(frame: &'a Frame, key: &ColumnName) -> Result<[&'a crate::table::Values; 3]> {
    let column = |name: &str| {
        frame
            .column(name)
            .ok_or_else(|| Error::failure(format!("predictions lack column {name}")))
    };
    Ok([column(key.as_str())?, column(AS_OF)?, column(PROBABILITY)?])
}
