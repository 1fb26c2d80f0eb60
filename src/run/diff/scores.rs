//! The predictions of two runs, entity by entity.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Side;
use crate::definition::AsOf;
use crate::error::{Error, Result};
use crate::hash::Digest;
use crate::plan::RunSpec;
use crate::run::reference::KnownRun;
use crate::run::steps::{AS_OF, LABEL, PROBABILITY};
use crate::store::Store;
use crate::table::{Cell, EntityKey, Values};
use crate::table_store;

/// A test row: an entity, and its date where a run has several.
pub type TestRow = (EntityKey, Option<AsOf>);

/// What a run said of a test row.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    pub label: bool,
    pub probability: f64,
    /// Whether the probability reaches the run's threshold.
    pub positive: bool,
}

/// A test row that both runs scored.
#[derive(Debug)]
pub struct CommonRow {
    pub row: TestRow,
    pub a: Score,
    pub b: Score,
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

/// What two runs say of one entity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictionMove {
    pub entity: EntityKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
    pub a: f64,
    pub b: f64,
    pub flipped: bool,
    /// In b.
    pub label: bool,
}

/// So many of the largest moves are kept.
const LARGEST: usize = 10;

/// The test rows that both runs scored, in order of entity and date; none while the predictions of
/// one are not in this store.
pub fn common_rows(store: &Store, a: &Side, b: &Side) -> Result<Option<Vec<CommonRow>>> {
    // With one date each, rows are compared by entity alone, so that two months can be held against
    // each other.
    let dated = [a, b].iter().any(|side| side.known.as_of().len() > 1);
    let of = |side: &Side| scores(store, side.known, side.spec.as_ref(), dated);
    let (Some(a), Some(mut b)) = (of(a)?, of(b)?) else {
        return Ok(None);
    };
    let common = a
        .into_iter()
        .filter_map(|(row, a)| b.remove(&row).map(|b| CommonRow { row, a, b }));
    Ok(Some(common.collect()))
}

/// Counts what moved.
pub fn changes(rows: &[CommonRow]) -> PredictionChanges {
    let count = |of: fn(&CommonRow) -> bool| rows.iter().filter(|row| of(row)).count() as u64;
    let distance = |row: &CommonRow| (row.b.probability - row.a.probability).abs();
    let mut moved: Vec<&CommonRow> = rows.iter().filter(|row| has_moved(row)).collect();
    // Stable: equal moves stay in the order of the entities.
    moved.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
    PredictionChanges {
        compared: rows.len() as u64,
        changed: moved.len() as u64,
        flipped: count(has_flipped),
        relabelled: count(|row| row.a.label != row.b.label),
        largest: moved.into_iter().take(LARGEST).map(move_of).collect(),
    }
}

fn has_moved(row: &CommonRow) -> bool {
    row.a.probability.to_bits() != row.b.probability.to_bits()
}

fn has_flipped(row: &CommonRow) -> bool {
    row.a.positive != row.b.positive
}

fn move_of(row: &CommonRow) -> PredictionMove {
    PredictionMove {
        entity: row.row.0.clone(),
        as_of: row.row.1,
        a: row.a.probability,
        b: row.b.probability,
        flipped: has_flipped(row),
        label: row.b.label,
    }
}

/// What a run said of its test rows; none while its predictions are not in this store. `dated` keeps
/// the rows of one entity at several dates apart.
pub fn scores(
    store: &Store,
    known: &KnownRun,
    spec: Option<&RunSpec>,
    dated: bool,
) -> Result<Option<BTreeMap<TestRow, Score>>> {
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
    let (labels, probabilities) = (column(LABEL)?, column(PROBABILITY)?);
    let rows = (0..frame.rows()).filter_map(|row| {
        let (Cell::Bool(label), Cell::F64(probability)) =
            (labels.cell(row), probabilities.cell(row))
        else {
            return None;
        };
        let date = match dates.cell(row) {
            Cell::Date(days) if dated => AsOf::from_days(days),
            _ => None,
        };
        let score = Score {
            label,
            probability,
            positive: probability >= spec.threshold,
        };
        Some(((EntityKey::of(keys.cell(row))?, date), score))
    });
    Ok(Some(rows.collect()))
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
