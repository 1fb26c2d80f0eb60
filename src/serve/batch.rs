//! Every entity into one table.

use std::sync::Arc;

use super::context::Computed;
use super::predict::answer;
use super::state::Pair;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::online::Key;
use crate::table::Values;

/// The columns of a scored table, in the order of its rows: ascending by key.
#[derive(Debug)]
pub struct ScoreColumns {
    pub keys: Values,
    pub probability: Values,
    pub prediction: Values,
    /// Why there is no answer; null where there is one.
    pub error: Values,
    /// Rows with an answer.
    pub scored: usize,
}

/// Scores every entity that some table knows.
pub fn score_all(pair: &Arc<Pair>) -> Result<ScoreColumns> {
    let keys: Vec<Key> = pair.view.keys(pair.key()).collect();
    let mut probability = Vec::with_capacity(keys.len());
    let mut prediction = Vec::with_capacity(keys.len());
    let mut error = Vec::with_capacity(keys.len());
    if !pair.requested.is_empty() {
        return Err(needs_requests(pair));
    }
    for found in answer(pair, &keys, &Computed::default())? {
        let found = found.map_err(|error| reason(&error));
        probability.push(found.as_ref().ok().map(|found| found.probability));
        prediction.push(found.as_ref().ok().map(|found| i64::from(found.prediction)));
        error.push(found.err());
    }
    Ok(ScoreColumns {
        scored: probability.iter().flatten().count(),
        keys: key_values(&keys),
        probability: Values::floats(&probability),
        prediction: Values::integers(&prediction),
        error: Values::strings(&error),
    })
}

fn needs_requests(pair: &Pair) -> Error {
    let names: Vec<_> = pair
        .requested
        .dtypes()
        .map(|(name, _)| name.to_string())
        .collect();
    Error::usage(format!(
        "run {} needs {} of each request: there is no request to score all with",
        pair.run().short(),
        names.join(", ")
    ))
    .help("`streamflow predict ID… --context NAME=VALUE`, or POST /predict with a context for each")
}

/// The key is in the row already: the features at fault are the news.
fn reason(error: &Error) -> String {
    match error.kind() {
        Kind::MissingFeatures => format!("missing: {}", error.all_details().join(", ")),
        _ => error.message().to_string(),
    }
}

fn key_values(keys: &[Key]) -> Values {
    let integers: Option<Vec<Option<i64>>> = keys
        .iter()
        .map(|key| match key {
            Key::Integer(value) => Some(Some(*value)),
            Key::Text(_) => None,
        })
        .collect();
    match integers {
        Some(values) if !values.is_empty() => Values::integers(&values),
        _ => {
            let texts: Vec<Option<&str>> = keys
                .iter()
                .map(|key| match key {
                    Key::Text(text) => Some(text.as_str()),
                    Key::Integer(_) => None,
                })
                .collect();
            Values::strings(&texts)
        }
    }
}
