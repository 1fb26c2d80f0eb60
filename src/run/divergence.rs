//! In what the first diverging step of a run gave something else: rows, a node of a tree, scores.
//!
//! Both outputs are in the store, under their own hashes: what is written never takes the place of
//! something else. So they can be laid side by side. An output that the store no longer has is said
//! to be gone; everything else is still compared.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::record::{ExecutionRecord, Finding};
use super::steps::{AS_OF, LABEL, PREDICTION, PROBABILITY, SIDE};
use crate::definition::ColumnName;
use crate::error::Result;
use crate::learn::{Model, ModelDifference, model_difference};
use crate::lockfile::Outputs;
use crate::plan::Step;
use crate::store::{ObjectName, Store};
use crate::table::{Cell, Frame, RowDiff, diff_rows};
use crate::table_store;

/// How many rows are shown.
const EXAMPLES: usize = 5;

/// The first step that gave something else, and how.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    pub step: Step,
    /// The earlier output and the one of now; none where the step gives metrics.
    pub before: Option<String>,
    pub now: Option<String>,
    #[serde(flatten)]
    pub found: Found,
    /// The facts of the two environments that differ.
    pub environment: Vec<FactPair>,
    pub threads: ThreadPair,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactPair {
    pub name: String,
    pub before: String,
    pub now: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ThreadPair {
    /// Not known of a run that only a lock tells of.
    pub before: Option<usize>,
    pub now: usize,
}

/// What the two outputs differ in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Found {
    /// One of the two outputs is not in the store, or cannot be read there.
    Gone {
        why: String,
    },
    Rows(RowChanges),
    Sides(SideChanges),
    Model {
        model: ModelDifference,
    },
    Scores(ScoreChanges),
    Metrics {
        metrics: Vec<FactPair>,
    },
}

/// Rows of a training set, by entity and date.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowChanges {
    pub rows: usize,
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
    /// How many rows differ in a column.
    pub columns: BTreeMap<ColumnName, u64>,
    pub examples: Vec<CellChange>,
}

/// One value; `column` is none for a row that only one side has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellChange {
    pub entity: Value,
    pub as_of: Value,
    pub column: Option<ColumnName>,
    pub before: Value,
    pub now: Value,
}

/// Entities that changed side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideChanges {
    pub rows: usize,
    pub added: usize,
    pub removed: usize,
    pub to_test: usize,
    pub to_train: usize,
    pub examples: Vec<CellChange>,
}

/// Scores of the test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreChanges {
    pub compared: usize,
    pub added: usize,
    pub removed: usize,
    pub moved: usize,
    /// The size of the largest move, and the mean over those that moved.
    pub largest: f64,
    pub mean: f64,
    /// The largest moves first.
    pub examples: Vec<CellChange>,
}

/// What an execution is held against.
pub struct Earlier<'a> {
    pub outputs: &'a Outputs,
    pub threads: Option<usize>,
    /// The column that holds the entity.
    pub key: &'a ColumnName,
}

/// Takes the first diverging step apart.
pub fn divergence(
    store: &Store,
    earlier: &Earlier,
    now: &ExecutionRecord,
    finding: &Finding,
) -> Divergence {
    let (before, after) = outputs_of(finding.first, earlier.outputs, &now.outputs).unzip();
    let compared = compare(store, earlier, now, finding);
    let environment = finding.before.differences(&now.environment);
    Divergence {
        step: finding.first,
        before: before.map(|name| name.to_string()),
        now: after.map(|name| name.to_string()),
        found: compared.unwrap_or_else(|error| Found::Gone {
            why: error.to_string(),
        }),
        environment: environment
            .into_iter()
            .map(|(name, before, now)| FactPair::new(name, before, now))
            .collect(),
        threads: ThreadPair {
            before: earlier.threads,
            now: now.threads,
        },
    }
}

impl FactPair {
    fn new(name: &str, before: &str, now: &str) -> Self {
        Self {
            name: name.to_string(),
            before: before.to_string(),
            now: now.to_string(),
        }
    }
}

/// The outputs of a step on both sides.
fn outputs_of(step: Step, before: &Outputs, now: &Outputs) -> Option<(ObjectName, ObjectName)> {
    Some(match step {
        Step::TrainingSet => (before.training_set.into(), now.training_set.into()),
        Step::Split => (before.split.into(), now.split.into()),
        Step::Fit => (before.model.into(), now.model.into()),
        Step::Predict => (before.predictions.into(), now.predictions.into()),
        // What comes of it are metrics.
        Step::CrossValidate | Step::Evaluate => return None,
    })
}

fn compare(
    store: &Store,
    earlier: &Earlier,
    now: &ExecutionRecord,
    finding: &Finding,
) -> Result<Found> {
    let Some((before, after)) = outputs_of(finding.first, earlier.outputs, &now.outputs) else {
        let metrics = finding.differences.iter();
        let pair = |(name, before, now): &(String, String, String)| {
            FactPair::new(name.trim_start_matches("metrics."), before, now)
        };
        return Ok(Found::Metrics {
            metrics: metrics.map(pair).collect(),
        });
    };
    let before = table_store::file(
        store,
        before,
        &format!("the earlier output of {}", finding.first),
    )?;
    let after = table_store::file(store, after, &format!("the output of {}", finding.first))?;
    if finding.first == Step::Fit {
        let (before, now) = (Model::from_bytes(&before)?, Model::from_bytes(&after)?);
        return Ok(Found::Model {
            model: model_difference(&before, &now),
        });
    }
    let tables = Tables {
        before: table_store::frame(&before)?,
        now: table_store::frame(&after)?,
        key: earlier.key,
    };
    Ok(match finding.first {
        Step::Split => Found::Sides(tables.sides()),
        Step::Predict => Found::Scores(tables.scores()),
        _ => Found::Rows(tables.rows()),
    })
}

/// Two tables of one step, with a row for each entity and date.
struct Tables<'a> {
    before: Frame,
    now: Frame,
    key: &'a ColumnName,
}

impl Tables<'_> {
    fn diff(&self) -> RowDiff {
        let identity = [self.key.clone(), name(AS_OF)];
        let all = self
            .before
            .columns()
            .keys()
            .chain(self.now.columns().keys());
        let mut columns: Vec<ColumnName> = all.filter(|c| !identity.contains(c)).cloned().collect();
        columns.sort();
        columns.dedup();
        diff_rows(&self.before, &self.now, &identity, &columns)
    }

    fn rows(&self) -> RowChanges {
        let diff = self.diff();
        let mut columns = diff.columns.clone();
        for (one, other) in [(&self.before, &self.now), (&self.now, &self.before)] {
            for column in one
                .columns()
                .keys()
                .filter(|c| other.column(c.as_str()).is_none())
            {
                columns.insert(column.clone(), diff.matched.len() as u64);
            }
        }
        let removed = diff
            .removed
            .iter()
            .map(|row| self.only(&self.before, *row, true));
        let added = diff
            .added
            .iter()
            .map(|row| self.only(&self.now, *row, false));
        let changed = diff.changed.iter().filter_map(|pair| {
            let column = diff
                .columns
                .keys()
                .find(|column| self.differs(*pair, column))?;
            Some(self.change(*pair, column))
        });
        RowChanges {
            rows: self.now.rows(),
            added: diff.added.len(),
            removed: diff.removed.len(),
            changed: diff.changed.len(),
            columns,
            examples: changed.chain(removed).chain(added).take(EXAMPLES).collect(),
        }
    }

    fn sides(&self) -> SideChanges {
        let diff = self.diff();
        let side = name(SIDE);
        let moved: Vec<(usize, usize)> = diff.changed.clone();
        let to_test =
            |pair: &&(usize, usize)| cell(&self.now, SIDE, pair.1) == Cell::String("test");
        let to_test = moved.iter().filter(to_test).count();
        SideChanges {
            rows: self.now.rows(),
            added: diff.added.len(),
            removed: diff.removed.len(),
            to_test,
            to_train: moved.len() - to_test,
            examples: moved
                .iter()
                .take(EXAMPLES)
                .map(|pair| self.change(*pair, &side))
                .collect(),
        }
    }

    fn scores(&self) -> ScoreChanges {
        let diff = self.diff();
        let score = self.score_column();
        let mut moves: Vec<(f64, (usize, usize))> = diff
            .changed
            .iter()
            .filter(|pair| self.differs(**pair, &score))
            .map(|pair| (self.moved(*pair, &score), *pair))
            .collect();
        // The largest first; equal ones in the order of the rows.
        moves.sort_by(|a, b| b.0.total_cmp(&a.0));
        let total = moves.iter().fold(0.0, |sum, (size, _)| sum + size);
        ScoreChanges {
            compared: diff.matched.len(),
            added: diff.added.len(),
            removed: diff.removed.len(),
            moved: moves.len(),
            largest: moves.first().map_or(0.0, |(size, _)| *size),
            mean: total / moves.len().max(1) as f64,
            examples: moves
                .iter()
                .take(EXAMPLES)
                .map(|(_, pair)| self.change(*pair, &score))
                .collect(),
        }
    }

    /// The column of scores that moved most: there is one, or one for each class.
    fn score_column(&self) -> ColumnName {
        let changed = self.diff().changed;
        let moved = |column: &&ColumnName| {
            let sizes = changed.iter().map(|pair| self.moved(*pair, column));
            sizes.fold(0.0, f64::max)
        };
        let is_score = |column: &&ColumnName| {
            column.as_str() == PREDICTION || column.as_str().starts_with(PROBABILITY)
        };
        let scores = self.now.columns().keys().filter(is_score);
        // Of equal ones the last, which leaves a class's probability before the class itself.
        let found = scores.max_by(|a, b| moved(a).total_cmp(&moved(b)));
        found.cloned().unwrap_or_else(|| name(PROBABILITY))
    }

    fn moved(&self, (before, now): (usize, usize), column: &ColumnName) -> f64 {
        match (
            cell(&self.before, column.as_str(), before),
            cell(&self.now, column.as_str(), now),
        ) {
            (Cell::F64(before), Cell::F64(now)) => (now - before).abs(),
            _ => 0.0,
        }
    }

    fn differs(&self, (before, now): (usize, usize), column: &ColumnName) -> bool {
        cell(&self.before, column.as_str(), before) != cell(&self.now, column.as_str(), now)
    }

    fn change(&self, (before, now): (usize, usize), column: &ColumnName) -> CellChange {
        CellChange {
            entity: json(cell(&self.now, self.key.as_str(), now)),
            as_of: json(cell(&self.now, AS_OF, now)),
            column: Some(column.clone()),
            before: json(cell(&self.before, column.as_str(), before)),
            now: json(cell(&self.now, column.as_str(), now)),
        }
    }

    /// A row of one side alone, shown by its label.
    fn only(&self, frame: &Frame, row: usize, before: bool) -> CellChange {
        let label = json(cell(frame, LABEL, row));
        CellChange {
            entity: json(cell(frame, self.key.as_str(), row)),
            as_of: json(cell(frame, AS_OF, row)),
            column: None,
            before: if before { label.clone() } else { Value::Null },
            now: if before { Value::Null } else { label },
        }
    }
}

fn name(own: &str) -> ColumnName {
    own.parse().expect("our own names are names")
}

fn cell<'a>(frame: &'a Frame, column: &str, row: usize) -> Cell<'a> {
    frame
        .column(column)
        .map_or(Cell::Null, |values| values.cell(row))
}

/// Cells are numbers, texts and null: all of them JSON.
fn json(cell: Cell) -> Value {
    serde_json::to_value(cell).unwrap_or(Value::Null)
}
