//! The predictions of two runs, entity by entity.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Side;
use crate::definition::AsOf;
use crate::error::{Error, Result};
use crate::hash::Digest;
use crate::learn::{Model, Scored};
use crate::plan::RunSpec;
use crate::run::reference::KnownRun;
use crate::run::steps::{AS_OF, Decision, Predictions};
use crate::store::Store;
use crate::table::{Cell, EntityKey, Values};
use crate::table_store;

/// A test row: an entity, and its date where a run has several.
pub type TestRow = (EntityKey, Option<AsOf>);

/// What a run said of its test rows.
#[derive(Debug)]
pub struct RunScores {
    /// Where each test row stands among the predictions.
    pub rows: BTreeMap<TestRow, usize>,
    pub predictions: Predictions,
    /// What decides between two classes.
    pub threshold: f64,
}

impl RunScores {
    /// For judging.
    pub fn scored(&self) -> Scored<'_> {
        self.predictions.scored(self.threshold)
    }

    /// The names of classes, in the order of their numbers; none where they have none.
    pub fn classes(&self) -> &[String] {
        self.predictions.classes()
    }
}

/// The test rows that two runs of one task both scored.
#[derive(Debug)]
pub struct CommonRows {
    /// In order of entity and date.
    pub rows: Vec<TestRow>,
    /// Of these rows, in this order.
    pub a: Predictions,
    pub threshold_a: f64,
    pub b: Predictions,
    pub threshold_b: f64,
}

/// Test rows that both runs scored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictionChanges {
    pub compared: u64,
    /// Another probability, to the bit.
    pub changed: u64,
    /// Predicted true by one and false by the other.
    pub flipped: u64,
    /// Another label.
    pub relabelled: u64,
    /// The largest moves, the largest first.
    pub largest: Vec<PredictionMove>,
}

/// What two runs say of one entity: the probability of the positive class, or of the class that the
/// label has in b, or a number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictionMove {
    pub entity: EntityKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
    pub a: f64,
    pub b: f64,
    pub flipped: bool,
    /// In b.
    pub label: Decision,
}

/// So many of the largest moves are kept.
const LARGEST: usize = 10;

/// The test rows that both runs scored, in order of entity and date; none while the predictions of
/// one are not in this store, and where one predicts classes and the other numbers.
pub fn common_rows(store: &Store, a: &Side, b: &Side) -> Result<Option<CommonRows>> {
    // With one date each, rows are compared by entity alone, so that two months can be held against
    // each other.
    let dated = [a, b].iter().any(|side| side.known.as_of().len() > 1);
    let of = |side: &Side| scores(store, side.known, side.spec.as_ref(), dated);
    let (Some(a), Some(mut b)) = (of(a)?, of(b)?) else {
        return Ok(None);
    };
    let task = |run: &RunScores| run.predictions.scored(run.threshold).task();
    if task(&a) != task(&b) {
        return Ok(None);
    }
    let (mut rows, mut of_a, mut of_b) = (Vec::new(), Vec::new(), Vec::new());
    for (row, place) in a.rows {
        if let Some(other) = b.rows.remove(&row) {
            rows.push(row);
            of_a.push(place);
            of_b.push(other);
        }
    }
    Ok(Some(CommonRows {
        rows,
        a: a.predictions.gather(&of_a),
        threshold_a: a.threshold,
        b: b.predictions.gather(&of_b),
        threshold_b: b.threshold,
    }))
}

/// Counts what moved.
pub fn changes(common: &CommonRows) -> PredictionChanges {
    let all = 0..common.rows.len();
    let count = |of: &dyn Fn(usize) -> bool| all.clone().filter(|row| of(*row)).count() as u64;
    let mut moved: Vec<PredictionMove> = all
        .clone()
        .filter(|row| !common.a.agrees(&common.b, *row))
        .map(|row| common.move_of(row))
        .collect();
    let changed = moved.len() as u64;
    // Stable: equal moves stay in the order of the entities.
    moved.sort_by(|a, b| (b.b - b.a).abs().total_cmp(&(a.b - a.a).abs()));
    moved.truncate(LARGEST);
    PredictionChanges {
        compared: common.rows.len() as u64,
        changed,
        flipped: count(&|row| common.has_flipped(row)),
        relabelled: count(&|row| common.a.label(row) != common.b.label(row)),
        largest: moved,
    }
}

impl CommonRows {
    /// Whether another class is predicted; a number has none.
    fn has_flipped(&self, row: usize) -> bool {
        match (
            self.a.decision(row, self.threshold_a),
            self.b.decision(row, self.threshold_b),
        ) {
            (Decision::Number(_), _) => false,
            (a, b) => a != b,
        }
    }

    fn move_of(&self, row: usize) -> PredictionMove {
        let (entity, as_of) = self.rows[row].clone();
        let label = self.b.label(row);
        PredictionMove {
            entity,
            as_of,
            a: self.a.score_of(row, &label),
            b: self.b.score_of(row, &label),
            flipped: self.has_flipped(row),
            label,
        }
    }
}

/// What a run said of its test rows; none while its predictions are not in this store. `dated` keeps
/// the rows of one entity at several dates apart.
pub fn scores(
    store: &Store,
    known: &KnownRun,
    spec: Option<&RunSpec>,
    dated: bool,
) -> Result<Option<RunScores>> {
    let (Some(outputs), Some(spec)) = (known.outputs(), spec) else {
        return Ok(None);
    };
    let name = outputs.predictions;
    if store.catalog().object(name.into())?.is_none() {
        return Ok(None);
    }
    let needed_by = format!("the predictions of run {}", known.run.short());
    let frame = table_store::read(store, name, &needed_by)?;
    let column = |name: &str| -> Result<&Values> {
        let values = frame.column(name);
        values.ok_or_else(|| Error::failure(format!("predictions lack column {name}")))
    };
    let (keys, dates) = (column(spec.key.as_str())?, column(AS_OF)?);
    let rows = (0..frame.rows()).filter_map(|row| {
        let date = match dates.cell(row) {
            Cell::Date(days) if dated => AsOf::from_days(days),
            _ => None,
        };
        Some(((EntityKey::of(keys.cell(row))?, date), row))
    });
    Ok(Some(RunScores {
        rows: rows.collect(),
        predictions: Predictions::of(&frame)?,
        threshold: threshold(store, known, spec)?,
    }))
}

/// From which score on a row counts as positive: what a rule picked stands in the model.
pub fn threshold(store: &Store, known: &KnownRun, spec: &RunSpec) -> Result<f64> {
    let rule = spec.calibrate.and_then(|calibrate| calibrate.threshold);
    let (Some(_), Some(outputs)) = (rule, known.outputs()) else {
        return Ok(spec.threshold);
    };
    let needed_by = format!("the threshold of run {}", known.run.short());
    let model = Model::from_bytes(&store.get(outputs.model.into(), &needed_by)?)?;
    Ok(model.decides_from(spec.threshold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_steer_a_terminal() {
        let key = EntityKey::Text("a\u{1b}[31m\nZürich".to_string());
        assert_eq!(key.to_string(), "a\\u{1b}[31m\\nZürich");
    }
}
