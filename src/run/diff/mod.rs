//! Two runs side by side, causes first.
//!
//! 1. `inputs`: what was declared otherwise, at which place; commits; the environment.
//! 2. `data`: which rows of which tables differ, and how the columns moved.
//! 3. `text`: the definition files of tables, line by line.
//! 4. `effect`: metrics and predictions, and whether a difference is more than the choice of the
//!    test rows explains.
//!
//! Hashes are compared first; rows are read only where hashes differ. What is no longer in the store
//! is compared by hash alone, and said to be.

mod data;
mod effect;
mod inputs;
mod scores;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::history::{FoundDefinitions, definitions_of};
use super::reference::KnownRun;
use crate::code::{Code, Commit};
use crate::error::Result;
use crate::hash::RunId;
use crate::lockfile::Outputs;
use crate::plan::RunSpec;
use crate::workspace::Workspace;

pub(super) use effect::number_entities;
pub use effect::{FEWEST_ROWS, MetricPair, Noise, NoiseMethod};
pub use inputs::{InputDifference, InputKind};
pub use scores::{PredictionChanges, PredictionMove, RunScores};
pub(super) use scores::{scores, threshold};
pub use text::{ChangedLine, FileDiff};

pub use crate::table::{ColumnChange, Distribution, EntityKey, RowChange, TableChange};

/// The hash of one output in both runs; none where a run has no results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputPair {
    pub name: &'static str,
    pub a: Option<String>,
    pub b: Option<String>,
    pub same: bool,
}

/// The commits that lie between two runs and touch definitions, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CommitsBetween {
    /// Reachable from the commit of b and not from that of a.
    pub only_b: Vec<Commit>,
    pub only_a: Vec<Commit>,
}

/// Everything in which two runs differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDiff {
    pub a: RunId,
    pub b: RunId,
    /// Causes first: data, declared values by the step that reads them, operations; then what only
    /// explains.
    pub inputs: Vec<InputDifference>,
    /// The files of tables that read or compute otherwise.
    pub definitions: Vec<FileDiff>,
    pub commits: CommitsBetween,
    pub outputs: Vec<OutputPair>,
    pub metrics: Vec<MetricPair>,
    /// None while the predictions of one run are not in this store.
    pub predictions: Option<PredictionChanges>,
}

/// One of the two runs, with what its values mean and where they were written.
struct Side<'a> {
    known: &'a KnownRun,
    /// None for the values of another version.
    spec: Option<RunSpec>,
    /// None when neither a commit nor the store has its definitions.
    found: Option<FoundDefinitions>,
}

impl<'a> Side<'a> {
    fn of(workspace: &Workspace, known: &'a KnownRun) -> Result<Self> {
        Ok(Self {
            known,
            spec: RunSpec::from_declared(&known.record.declared).ok(),
            found: definitions_of(workspace, known)?,
        })
    }
}

/// Compares two runs.
pub fn diff(workspace: &Workspace, a: &KnownRun, b: &KnownRun) -> Result<RunDiff> {
    let (of_a, of_b) = (Side::of(workspace, a)?, Side::of(workspace, b)?);
    let mut inputs = data::differences(workspace, &of_a, &of_b)?;
    inputs.extend(inputs::declared(&of_a, &of_b));
    inputs.extend(inputs::circumstances(&of_a, &of_b));
    // Stable: within one kind the order of causes stays.
    inputs.sort_by_key(|input| input.kind);
    let (metrics, predictions) = effect::compare(workspace.store(), &of_a, &of_b)?;
    Ok(RunDiff {
        a: a.run,
        b: b.run,
        definitions: text::differences(&of_a, &of_b, &inputs),
        commits: commits_between(workspace, &of_a, &of_b)?,
        inputs,
        outputs: output_pairs(a.outputs(), b.outputs()),
        metrics,
        predictions,
    })
}

fn commits_between(workspace: &Workspace, a: &Side, b: &Side) -> Result<CommitsBetween> {
    let (Some(of_a), Some(of_b)) = (inputs::commit(a), inputs::commit(b)) else {
        return Ok(CommitsBetween::default());
    };
    let code = Code::discover(workspace.root())?;
    Ok(CommitsBetween {
        only_b: code.between(of_a, of_b)?,
        only_a: code.between(of_b, of_a)?,
    })
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

/// The items of both sides, each once, in order.
fn union<'a, T: Ord>(
    a: impl IntoIterator<Item = &'a T>,
    b: impl IntoIterator<Item = &'a T>,
) -> BTreeSet<&'a T> {
    a.into_iter().chain(b).collect()
}
