//! What both runs said of one entity, as columns.

use std::sync::Arc;

use super::said::{Said, Side, Silence};
use crate::definition::{AsOf, ModelName};
use crate::hash::RunId;
use crate::host::Instant;
use crate::live::Row;
use crate::table::Values;

/// Two runs of a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Runs {
    pub model: ModelName,
    /// In production.
    pub run: RunId,
    pub staged: RunId,
}

/// One entity that was answered for, and the other run asked about.
#[derive(Debug)]
pub struct ComparedRow {
    /// When it was compared.
    pub time: Instant,
    pub runs: Arc<Runs>,
    /// The key, as people write it.
    pub entity: String,
    /// Of the values.
    pub as_of: AsOf,
    /// Who answered the request; the other was asked behind its back.
    pub answered_by: Side,
    /// What each said, production's run first; nothing where it was silent.
    pub said: [Option<Said>; 2],
    /// Why one of them was.
    pub silence: Option<Silence>,
    /// What each took; none where it was silent or did more than answer.
    pub microseconds: [Option<f64>; 2],
}

/// The columns of a file, in their order.
pub(super) const COLUMNS: [&str; 15] = [
    "time",
    "model",
    "run",
    "staged_run",
    "entity",
    "as_of",
    "answered_by",
    "prediction",
    "staged_prediction",
    "score",
    "staged_score",
    "agree",
    "silence",
    "microseconds",
    "staged_microseconds",
];

impl Row for ComparedRow {
    const KIND: &'static str = "shadow";

    fn time(&self) -> Instant {
        self.time
    }

    fn columns(rows: &[Self]) -> Vec<(&'static str, Values)> {
        let texts = |of: &dyn Fn(&Self) -> Option<String>| {
            Values::strings(&rows.iter().map(of).collect::<Vec<_>>())
        };
        let floats = |of: &dyn Fn(&Self) -> Option<f64>| {
            Values::floats(&rows.iter().map(of).collect::<Vec<_>>())
        };
        let class = |side: usize| texts(&|row| Some(row.said[side].as_ref()?.class()?.to_string()));
        let score = |side: usize| floats(&|row| Some(row.said[side].as_ref()?.score()));
        let times: Vec<_> = rows
            .iter()
            .map(|row| Some(row.time.microseconds()))
            .collect();
        let dates: Vec<_> = rows.iter().map(|row| Some(row.as_of.days())).collect();
        let agree = |row: &Self| match &row.said {
            [Some(production), Some(staged)] => Some(production.agrees_with(staged)),
            _ => None,
        };
        let values = [
            Values::datetimes(&times),
            texts(&|row| Some(row.runs.model.to_string())),
            texts(&|row| Some(row.runs.run.to_string())),
            texts(&|row| Some(row.runs.staged.to_string())),
            texts(&|row| Some(row.entity.clone())),
            Values::dates(&dates),
            texts(&|row| Some(row.answered_by.as_str().to_string())),
            class(0),
            class(1),
            score(0),
            score(1),
            Values::bools(&rows.iter().map(agree).collect::<Vec<_>>()),
            texts(&|row| Some(row.silence?.as_str().to_string())),
            floats(&|row| row.microseconds[0]),
            floats(&|row| row.microseconds[1]),
        ];
        COLUMNS.into_iter().zip(values).collect()
    }
}
