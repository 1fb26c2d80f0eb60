//! Keys to answers.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::context::Computed;
use super::derived::{DerivedValue, DerivedValues};
use super::explained::Explained;
use super::state::{Input, Pair, Source};
use super::tally::Tally;
use super::verdict::Verdict;
use crate::definition::AsOf;
use crate::error::{Error, Kind, Result};
use crate::feature::Status;
use crate::hash::RunId;
use crate::learn::{Explainer, FeatureColumn};
use crate::online::{Key, ValueAt};
use crate::run::feature_cells;
use crate::table::Cell;

/// What the pinned run says of one entity.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// The name of the entity's key.
    pub column: &'a str,
    pub key: Key,
    pub verdict: Verdict<'a>,
    pub model: &'a str,
    pub run: RunId,
    pub as_of: AsOf,
    /// By full name, before preprocessing.
    pub features_used: Vec<(&'a str, Cell<'a>)>,
    /// What the run derives of them, before preprocessing.
    pub derived: Vec<(&'a str, DerivedValue)>,
    /// The features that were null or absent, and went through the run's preprocessing.
    pub imputed: Vec<&'a str>,
    /// Where it was asked for.
    pub explanation: Option<Explained<'a>>,
}

impl Answer<'_> {
    /// The value of a feature that the model takes, before preprocessing.
    pub fn value(&self, feature: &str) -> Cell<'_> {
        let used = self.features_used.iter().copied();
        let derived = self.derived.iter();
        let derived = derived.map(|(name, value)| (*name, value.as_cell()));
        let mut all = used.chain(derived);
        all.find(|(name, _)| *name == feature)
            .map_or(Cell::Null, |(_, cell)| cell)
    }
}

/// Contract §6, in its order.
impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.column, &self.key)?;
        self.verdict.add_to(&mut map)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("run", &self.run)?;
        map.serialize_entry("as_of", &self.as_of)?;
        map.serialize_entry("features_used", &Features(&self.features_used))?;
        if !self.derived.is_empty() {
            map.serialize_entry("derived", &Features(&self.derived))?;
        }
        map.serialize_entry("imputed", &self.imputed)?;
        if let Some(explanation) = &self.explanation {
            map.serialize_entry("explanation", explanation)?;
        }
        map.end()
    }
}

struct Features<'a, T>(&'a [(&'a str, T)]);

impl<T: Serialize> Serialize for Features<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, cell)| (name, cell)))
    }
}

/// Answers for each key, in their order, with what was computed of its request; one that cannot be
/// answered for does not keep the others. With an explainer, which is the pair's, each answer is
/// taken apart; with a tally, the values that are found are counted.
///
/// # Errors
/// Of a key: [`Kind::UnknownEntity`], or [`Kind::MissingFeatures`] with the names of the features as
/// its details. Of all: the model cannot be used, which was tried before it came to serve.
pub fn answer<'a>(
    pair: &'a Arc<Pair>,
    keys: &[Key],
    computed: &'a Computed,
    explainer: Option<&Explainer>,
    tally: Option<&Tally>,
) -> Result<Vec<Result<Answer<'a>>>> {
    let inputs = |(at, key)| inputs_of(pair, at, key, computed, tally);
    let rows = keys.iter().enumerate().map(inputs).collect();
    judge(
        pair,
        rows,
        |at| lacking(pair, &keys[at]),
        explainer,
        |at, values, derived, said| put_together(pair, &keys[at], values, derived, said),
    )
}

/// What the model says of rows of its inputs, in the words of `told`, which is handed the number of the
/// row; one that cannot be answered for does not keep the others. `lacking` is whom a row is about, and
/// that it lacks something.
pub(super) fn judge<'a, T>(
    pair: &'a Pair,
    mut rows: Vec<Result<Vec<ValueAt<'a>>>>,
    lacking: impl Fn(usize) -> String,
    explainer: Option<&Explainer>,
    told: impl Fn(usize, &[ValueAt<'a>], Vec<(&'a str, Cell<'_>)>, Said<'a>) -> T,
) -> Result<Vec<Result<T>>> {
    let derived = derive(pair, &mut rows, lacking);
    let usable: Vec<&Vec<ValueAt>> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    let mut said = said_of(pair, &usable, &derived, explainer)?
        .into_iter()
        .enumerate();
    let rows = rows.into_iter().enumerate();
    rows.map(|(row, values)| match values {
        Err(error) => Ok(Err(error)),
        Ok(values) => {
            let short = || Error::failure("the model gave fewer scores than rows");
            let (at, said) = said.next().ok_or_else(short)?;
            let derived = derived.in_row(pair, at).collect();
            Ok(Ok(told(row, &values, derived, said)))
        }
    })
    .collect()
}

/// What is derived of the rows that can be answered for. A row becomes an error where something is null that may not
/// be.
fn derive(
    pair: &Pair,
    rows: &mut [Result<Vec<ValueAt<'_>>>],
    lacking: impl Fn(usize) -> String,
) -> DerivedValues {
    if pair.pinned.model.derived.is_empty() {
        return DerivedValues::default();
    }
    let usable: Vec<&Vec<ValueAt>> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    let derived = DerivedValues::of(pair, &usable);
    if !pair.derived_refuse_null.contains(&true) {
        return derived;
    }
    let mut kept = Vec::new();
    let usable = rows.iter_mut().enumerate().filter(|(_, row)| row.is_ok());
    for (at, (number, row)) in usable.enumerate() {
        let missing = derived.missing(pair, at);
        if missing.is_empty() {
            kept.push(at);
        } else {
            let missing: Vec<_> = missing
                .into_iter()
                .map(|name| (name, Status::Null))
                .collect();
            *row = Err(missing_features(&lacking(number), &missing));
        }
    }
    derived.of_rows(&kept)
}

/// What the model says of one row, taken apart where it is asked for.
pub(super) type Said<'a> = (Verdict<'a>, Option<Explained<'a>>);

/// What the model says of rows of its inputs.
fn said_of<'a>(
    pair: &'a Pair,
    rows: &[&Vec<ValueAt<'a>>],
    derived: &DerivedValues,
    explainer: Option<&Explainer>,
) -> Result<Vec<Said<'a>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let inputs = pair.inputs.iter().enumerate();
    let columns: Vec<FeatureColumn> = inputs
        .map(|(at, input)| {
            let cells = rows.iter().map(|row| row[at].cell);
            feature_cells(&input.name, input.dtype, cells)
        })
        .chain(derived.columns(pair))
        .collect();
    let model = &pair.pinned.model;
    let scores = model.predict(&columns)?.scores;
    let threshold = model.decides_from(pair.pinned.spec.threshold);
    let outcome = &model.outcome;
    let of_row = |scores: &[f64]| Verdict::of(outcome, scores, threshold);
    let verdicts = scores.chunks_exact(outcome.output().width()).map(of_row);
    let Some(explainer) = explainer else {
        return Ok(verdicts.map(|verdict| (verdict, None)).collect());
    };
    let explained = model.explain(explainer, &columns, &scores)?.into_iter();
    let explained = explained.map(|explanation| Some(Explained::new(pair, explanation)));
    Ok(verdicts.zip(explained).collect())
}

fn put_together<'a>(
    pair: &'a Pair,
    key: &Key,
    values: &[ValueAt<'a>],
    derived: Vec<(&'a str, Cell<'_>)>,
    (verdict, explanation): Said<'a>,
) -> Answer<'a> {
    let names = pair.inputs.iter().map(|input| input.name.as_str());
    let used = names.zip(values).map(|(name, value)| (name, value.cell));
    Answer {
        column: pair.key().as_str(),
        key: key.clone(),
        verdict,
        model: pair.pinned.model_name.as_str(),
        run: pair.run(),
        as_of: pair.view.as_of(),
        features_used: used.collect(),
        imputed: imputed(pair, values, &derived),
        derived: derived
            .into_iter()
            .map(|(name, cell)| (name, DerivedValue::of(cell)))
            .collect(),
        explanation,
    }
}

/// What goes through the run's preprocessing because it is not there.
pub(super) fn imputed<'a>(
    pair: &'a Pair,
    values: &[ValueAt<'_>],
    derived: &[(&'a str, Cell<'_>)],
) -> Vec<&'a str> {
    let absent = |value: &ValueAt| value.status != Status::Present;
    let inputs = pair.inputs.iter().zip(values);
    let inputs = inputs.filter(|(_, value)| absent(value));
    let derived = derived.iter().filter(|(_, cell)| *cell == Cell::Null);
    inputs
        .map(|(input, _)| input.name.as_str())
        .chain(derived.map(|(name, _)| *name))
        .collect()
}

/// The model's inputs for one entity, in its order.
fn inputs_of<'a>(
    pair: &'a Pair,
    at: usize,
    key: &Key,
    computed: &'a Computed,
    tally: Option<&Tally>,
) -> Result<Vec<ValueAt<'a>>> {
    let rows = pair
        .view
        .find(pair.key(), key)
        .ok_or_else(|| unknown(pair.key().as_str(), key, pair.view.as_of()))?;
    let mut values = Vec::with_capacity(pair.inputs.len());
    for (place, input) in pair.inputs.iter().enumerate() {
        let value = match &input.source {
            Source::Stored(feature) => pair.view.value(&rows, *feature),
            Source::OnDemand(_) => {
                let found = computed.get(place, at);
                found.map(|(cell, status)| ValueAt { cell, status })
            }
        };
        let value =
            value.ok_or_else(|| Error::failure(format!("`{}` is not materialized", input.name)))?;
        values.push(value);
    }
    if let Some(tally) = tally {
        tally.count_values(values.iter().map(|value| value.status));
    }
    check_nulls(pair, values, || lacking(pair, key))
}

/// The values, unless something that may not be null is, or has expired.
pub(super) fn check_nulls<'a>(
    pair: &Pair,
    values: Vec<ValueAt<'a>>,
    lacking: impl Fn() -> String,
) -> Result<Vec<ValueAt<'a>>> {
    let refused = |(input, value): &(&Input, &ValueAt)| match value.status {
        Status::Present => false,
        Status::Null | Status::NotFound => input.refuses_null,
        Status::Expired | Status::Request => true,
    };
    let missing = pair.inputs.iter().zip(&values).filter(refused);
    let missing: Vec<_> = missing
        .map(|(input, value)| (input.name.as_str(), value.status))
        .collect();
    match missing.is_empty() {
        true => Ok(values),
        false => Err(missing_features(&lacking(), &missing)),
    }
}

/// The error of an entity that no table knows.
pub fn unknown(column: &str, key: &Key, as_of: AsOf) -> Error {
    Error::new(
        Kind::UnknownEntity,
        format!("no table has a row for {column} {} at {as_of}", key.cell()),
    )
}

fn lacking(pair: &Pair, key: &Key) -> String {
    let (column, as_of) = (pair.key(), pair.view.as_of());
    format!("{column} {} lacks at {as_of}", key.cell())
}

fn missing_features(lacking: &str, missing: &[(&str, Status)]) -> Error {
    let words: Vec<String> = missing
        .iter()
        .map(|(name, status)| {
            let why = match status {
                Status::Expired => "has expired",
                Status::NotFound => "has no row",
                _ => "is null",
            };
            format!("{name} {why}")
        })
        .collect();
    Error::new(
        Kind::MissingFeatures,
        format!("the run needs what {lacking}: {}", words.join(", ")),
    )
    .details(missing.iter().map(|(name, _)| (*name).to_string()))
}
