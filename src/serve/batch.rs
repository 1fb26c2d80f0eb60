//! Every entity into one table.

use std::sync::Arc;

use super::context::Computed;
use super::explained::Explained;
use super::predict::answer;
use super::state::Pair;
use super::verdict::Verdict;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::learn::{Explainer, Outcome};
use crate::online::Key;
use crate::table::Values;

/// The columns of a scored table, in the order of its rows: ascending by key.
#[derive(Debug)]
pub struct ScoreColumns {
    pub keys: Values,
    /// `prediction`, and `probability` or `probability.CLASS` where there are any.
    pub verdicts: Vec<(String, Values)>,
    /// Why there is no answer; null where there is one.
    pub error: Values,
    /// What base and contributions add up to, by the names of their columns; empty where no
    /// explanation was asked for.
    pub explanation: Vec<(String, Values)>,
    /// Rows with an answer.
    pub scored: usize,
}

/// Scores every entity that some table knows. With an explainer, which is the pair's, each score is
/// taken apart.
pub fn score_all(pair: &Arc<Pair>, explainer: Option<&Explainer>) -> Result<ScoreColumns> {
    let keys: Vec<Key> = pair.view.keys(pair.key()).collect();
    let mut verdicts = Vec::with_capacity(keys.len());
    let mut error = Vec::with_capacity(keys.len());
    let mut explained = explainer.map(|_| ExplainedColumns::new(pair));
    if !pair.requested.is_empty() {
        return Err(needs_requests(pair));
    }
    let nothing = Computed::default();
    for found in answer(pair, &keys, &nothing, explainer, None)? {
        let found = found.map_err(|error| reason(&error));
        if let Some(columns) = &mut explained {
            let answer = found.as_ref().ok();
            columns.push(answer.and_then(|answer| answer.explanation.as_ref()));
        }
        let (verdict, why) = match found {
            Ok(found) => (Some(found.verdict), None),
            Err(why) => (None, Some(why)),
        };
        verdicts.push(verdict);
        error.push(why);
    }
    Ok(ScoreColumns {
        scored: verdicts.iter().flatten().count(),
        keys: key_values(&keys),
        verdicts: verdict_columns(&pair.pinned.model.outcome, &verdicts),
        error: Values::strings(&error),
        explanation: explained.map_or(Vec::new(), ExplainedColumns::into_values),
    })
}

/// Verdicts column by column; null in rows without an answer.
fn verdict_columns(outcome: &Outcome, rows: &[Option<Verdict<'_>>]) -> Vec<(String, Values)> {
    let floats = |of: &dyn Fn(&Verdict) -> Option<f64>| {
        let cells: Vec<_> = rows.iter().map(|row| of(row.as_ref()?)).collect();
        Values::floats(&cells)
    };
    let prediction = match outcome {
        Outcome::Binary => {
            let positive = |row: &Option<Verdict>| match row {
                Some(Verdict::Binary { positive, .. }) => Some(i64::from(*positive)),
                _ => None,
            };
            Values::integers(&rows.iter().map(positive).collect::<Vec<_>>())
        }
        Outcome::Multiclass(_) => {
            let class = |row: &Option<Verdict>| match row {
                Some(Verdict::Class { class, .. }) => Some(class.to_string()),
                _ => None,
            };
            Values::strings(&rows.iter().map(class).collect::<Vec<_>>())
        }
        Outcome::Regression => floats(&|row| match row {
            Verdict::Number(number) => Some(*number),
            _ => None,
        }),
    };
    let mut columns = vec![("prediction".to_string(), prediction)];
    match outcome {
        Outcome::Binary => {
            columns.push(("probability".to_string(), floats(&|row| row.probability())));
        }
        Outcome::Multiclass(classes) => {
            columns.extend(classes.iter().enumerate().map(|(at, name)| {
                let of_class = floats(&|row| match row {
                    Verdict::Class { probabilities, .. } => Some(probabilities[at].1),
                    _ => None,
                });
                (format!("probability.{name}"), of_class)
            }));
        }
        Outcome::Regression => {}
    }
    columns
}

/// Explanations column by column; null in rows without an answer.
struct ExplainedColumns<'a> {
    names: Vec<&'a str>,
    base: Vec<Option<f64>>,
    /// One column for each name.
    contributions: Vec<Vec<Option<f64>>>,
}

impl<'a> ExplainedColumns<'a> {
    fn new(pair: &'a Pair) -> Self {
        let names: Vec<_> = pair.pinned.model.encoder.feature_names().collect();
        Self {
            base: Vec::new(),
            contributions: vec![Vec::new(); names.len()],
            names,
        }
    }

    fn push(&mut self, explained: Option<&Explained<'_>>) {
        self.base.push(explained.map(|explained| explained.base));
        for (at, column) in self.contributions.iter_mut().enumerate() {
            column.push(explained.map(|explained| explained.contributions[at].1));
        }
    }

    fn into_values(self) -> Vec<(String, Values)> {
        let base = ("base".to_string(), Values::floats(&self.base));
        let columns = self.names.iter().zip(&self.contributions);
        let columns = columns
            .map(|(name, numbers)| (format!("contribution.{name}"), Values::floats(numbers)));
        std::iter::once(base).chain(columns).collect()
    }
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
