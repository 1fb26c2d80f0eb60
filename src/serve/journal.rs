//! What clients are told, handed to the log of predictions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::predict::Answer;
use super::request_id::RequestId;
use super::state::Pair;
use super::telemetry::metric;
use super::verdict::Verdict;
use crate::error::Error;
use crate::hash::{Digest, ValuesHash};
use crate::host;
use crate::learn::Outcome;
use crate::live::{Asked, Counts, DailyLog, Prediction, Role, Said};
use crate::online::Key;
use crate::table::{Cell, EntityKey};

/// The predictions of a server, where they are logged.
pub type PredictionLog = DailyLog<Prediction>;

/// Notes what one request is answered. Without a log it does nothing.
#[derive(Clone, Copy)]
pub struct Journal<'a> {
    log: Option<&'a PredictionLog>,
    request: &'a RequestId<'a>,
}

impl<'a> Journal<'a> {
    pub fn new(log: Option<&'a PredictionLog>, request: &'a RequestId<'a>) -> Self {
        Self { log, request }
    }

    /// Hands over what a pair's run answers; entities without an answer are no predictions.
    pub fn note<'t, 'r: 't>(
        &self,
        pair: &Pair,
        role: Role,
        answers: impl Iterator<Item = &'t Result<Answer<'r>, Error>>,
    ) {
        let Some(log) = self.log else { return };
        let asked = Arc::new(self.asked(pair, role));
        let rows = answers.filter_map(|found| Some(prediction(&asked, found.as_ref().ok()?)));
        let rows: Vec<Prediction> = rows.collect();
        if !rows.is_empty() {
            log.put(rows);
        }
    }

    fn asked(&self, pair: &Pair, role: Role) -> Asked {
        let pinned = &pair.pinned;
        let (threshold, classes) = match &pinned.model.outcome {
            Outcome::Binary => (
                Some(pinned.model.decides_from(pinned.spec.threshold)),
                Vec::new(),
            ),
            Outcome::Multiclass(classes) => (None, classes.clone()),
            Outcome::Regression => (None, Vec::new()),
        };
        Asked {
            time: host::now(),
            request: self.request.to_string(),
            model: pinned.model_name.clone(),
            run: pair.run(),
            role,
            as_of: pair.view.as_of(),
            threshold,
            classes,
        }
    }
}

fn prediction(asked: &Arc<Asked>, answer: &Answer<'_>) -> Prediction {
    Prediction {
        asked: Arc::clone(asked),
        entity: match &answer.key {
            Key::Integer(key) => EntityKey::Integer(*key),
            Key::Text(key) => EntityKey::Text(key.clone()),
        },
        said: said(&answer.verdict),
        values: values_of(answer),
    }
}

fn said(verdict: &Verdict<'_>) -> Said {
    match verdict {
        Verdict::Binary {
            probability,
            positive,
        } => Said::Binary {
            probability: *probability,
            positive: *positive,
        },
        Verdict::Number(number) => Said::Number(*number),
        Verdict::Class {
            class,
            probabilities,
        } => {
            let place = probabilities.iter().position(|(name, _)| name == class);
            Said::Class {
                class: place.unwrap_or_default(),
                probabilities: probabilities.iter().map(|(_, share)| *share).collect(),
            }
        }
    }
}

/// What the model was given, by name.
fn values_of(answer: &Answer<'_>) -> ValuesHash {
    let used = answer.features_used.iter().copied();
    let derived = answer.derived.iter();
    let derived = derived.map(|(name, value)| (*name, value.as_cell()));
    let values: BTreeMap<&str, Cell> = used.chain(derived).collect();
    ValuesHash::of(&values)
}

/// What became of the predictions, as Prometheus reads it.
pub fn render(text: &mut String, counts: Counts) {
    let help = "Predictions that are in files of the log.";
    let written = [(String::new(), counts.written as f64)];
    metric(text, "predictions_logged_total", "counter", help, &written);
    let dropped = [
        ("full", counts.dropped_full),
        ("unwritten", counts.dropped_unwritten),
    ];
    let dropped = dropped.map(|(why, count)| (format!("{{reason=\"{why}\"}}"), count as f64));
    let help = "Predictions that were answered and not logged.";
    metric(text, "predictions_dropped_total", "counter", help, &dropped);
}
