//! Feast's feature server, as its remote online store asks it: features of several entities, column by
//! column.
//!
//! `TABLE:FEATURE` is a feature that the working tree offered when the values were materialized. As
//! with Feast, the first result is the entity's key, and each feature is one more. An entity that nobody knows is no
//! error: its values are null and `NOT_FOUND`.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::rows::{shown, wrong};
use super::{Visit, lenient};
use crate::definition::{ColumnName, Dtype, FeatureName};
use crate::feature::Status;
use crate::hash::FeatureHash;
use crate::online::{EntityRows, Key, OfferedAs, OnlineView};
use crate::serve::body::{MAX_IDS, check_type, key_of};
use crate::serve::http::Reply;
use crate::serve::problem::Problem;
use crate::serve::standing::{busy, problem_of};
use crate::serve::state::nothing_materialized;
use crate::table::Cell;

pub const PATH: &str = "/get-online-features";

/// A request that was understood.
#[derive(Debug)]
struct Asked {
    /// As sent, and what is meant.
    features: Vec<FeatureName>,
    key: String,
    entities: Vec<Value>,
    full_names: bool,
}

pub fn respond(visit: &Visit<'_>) -> Result<Reply, Problem> {
    check_type(visit.request.head.header("content-type"))?;
    let body = &visit.request.body;
    let _share = visit.app.budget.for_body(body.len()).ok_or_else(busy)?;
    let asked = parse(lenient::parse(body)?)?;
    let nothing = || problem_of(visit.state, &nothing_materialized());
    let view = visit.state.view.as_ref().ok_or_else(nothing)?;
    let key = known_key(view, &asked.key)?;
    let found = asked.features.iter().map(|name| offered(view, key, name));
    let features = found.collect::<Result<Vec<FeatureHash>, Problem>>()?;
    let budget = &visit.app.budget;
    let share = budget.for_answers(asked.entities.len(), features.len());
    let share = share.ok_or_else(busy)?;
    let dtype = view.key_dtype(key).unwrap_or(Dtype::String);
    let keys = asked.entities.iter().enumerate().map(|(row, value)| {
        let key = key_of(value, key.as_str(), dtype);
        key.map_err(|problem| problem.in_row(row, asked.entities.len()))
    });
    let keys = keys.collect::<Result<Vec<Key>, Problem>>()?;
    let rows: Vec<Option<EntityRows>> = keys.iter().map(|one| view.find(key, one)).collect();
    let mut results = vec![Column::of_keys(&keys)];
    let features = features.into_iter();
    results.extend(features.map(|feature| Column::of_feature(view, &rows, feature)));
    let reply = Reply::json(
        200,
        "application/json",
        &json!({ "metadata": { "feature_names": names(&asked) }, "results": results }),
    );
    Ok(reply.with_share(share))
}

fn known_key<'a>(view: &'a OnlineView, name: &str) -> Result<&'a ColumnName, Problem> {
    let mut known = view.key_columns();
    known.find(|key| key.as_str() == name).ok_or_else(|| {
        let known: Vec<_> = view.key_columns().map(|key| format!("`{key}`")).collect();
        wrong(format!(
            "No table is about {}; entities are called by {}.",
            shown(name),
            known.join(", ")
        ))
    })
}

/// What an offered feature is.
fn offered(
    view: &OnlineView,
    key: &ColumnName,
    name: &FeatureName,
) -> Result<FeatureHash, Problem> {
    let written = shown(&format!("{}:{}", name.table, name.feature));
    match view.offered_as(name) {
        Some(OfferedAs::Stored(of, feature)) if of == key => Ok(feature),
        Some(OfferedAs::Stored(of, _)) => Err(wrong(format!(
            "{written} is about `{of}`, and the entities are called by `{key}`."
        ))),
        Some(OfferedAs::OnDemand) => Err(wrong(format!(
            "{written} is computed when a request for a prediction comes; it is not materialized."
        ))),
        None => Err(Problem::new(
            404,
            format!(
                "No feature {written} is materialized; GET /features/{{id}} shows those there are."
            ),
        )),
    }
}

/// The names of the results: the key, then the features as they are asked to be called.
fn names(asked: &Asked) -> Vec<String> {
    let features = asked.features.iter().map(|name| match asked.full_names {
        true => format!("{}__{}", name.table, name.feature),
        false => name.feature.to_string(),
    });
    std::iter::once(asked.key.clone()).chain(features).collect()
}

fn parse(body: Value) -> Result<Asked, Problem> {
    let shape = || {
        wrong(
            "The body is an object with `features`, a list of texts such as \"TABLE:FEATURE\", and `entities`, a list of keys by the name of the key.",
        )
    };
    let Value::Object(mut fields) = body else {
        return Err(shape());
    };
    if !matches!(fields.remove("feature_service"), None | Some(Value::Null)) {
        return Err(wrong(
            "There are no feature services here: name the features, such as \"TABLE:FEATURE\", in `features`.",
        ));
    }
    let full_names = truth(&mut fields, "full_feature_names")?;
    // Views have no versions here, and the answer without them is complete.
    truth(&mut fields, "include_feature_view_version_metadata")?;
    let (features, entities) = (fields.remove("features"), fields.remove("entities"));
    let (Some(Value::Array(features)), Some(Value::Object(entities))) = (features, entities) else {
        return Err(shape());
    };
    if let Some(name) = fields.keys().next() {
        return Err(wrong(format!(
            "The body has {}, which is not read.",
            shown(name)
        )));
    }
    let mut entities = entities.into_iter();
    let (Some((key, Value::Array(entities))), None) = (entities.next(), entities.next()) else {
        return Err(wrong(
            "`entities` has the name of one key, and a list of keys.",
        ));
    };
    if entities.len() > MAX_IDS {
        let found = entities.len();
        let why = format!("A request has at most {MAX_IDS} entities; this has {found}.");
        return Err(Problem::new(413, why));
    }
    let features = features.iter().map(feature);
    let features = features.collect::<Result<Vec<FeatureName>, Problem>>()?;
    check_names(&features, full_names)?;
    Ok(Asked {
        features,
        key,
        entities,
        full_names,
    })
}

fn truth(fields: &mut serde_json::Map<String, Value>, name: &str) -> Result<bool, Problem> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(value),
        Some(_) => Err(wrong(format!("`{name}` is true or false."))),
    }
}

fn feature(value: &Value) -> Result<FeatureName, Problem> {
    let text = value.as_str().unwrap_or_default();
    let parts = text.split_once(':');
    let name = parts.and_then(|(table, feature)| {
        Some(FeatureName::new(table.parse().ok()?, feature.parse().ok()?))
    });
    name.ok_or_else(|| {
        let written = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_string);
        wrong(format!(
            "A feature is written \"TABLE:FEATURE\", and this is {}.",
            shown(&written)
        ))
    })
}

/// Refuses features that would be called the same.
fn check_names(features: &[FeatureName], full: bool) -> Result<(), Problem> {
    let (mut whole, mut short) = (BTreeSet::new(), BTreeSet::new());
    for name in features {
        if !whole.insert(name) {
            let written = format!("{}:{}", name.table, name.feature);
            return Err(wrong(format!("{} stands there twice.", shown(&written))));
        }
        if !short.insert(&name.feature) && !full {
            return Err(wrong(format!(
                "Features of several tables are called {}: ask with `full_feature_names`.",
                shown(name.feature.as_str())
            )));
        }
    }
    Ok(())
}

/// One result: what there is of each entity.
#[derive(Debug, Default, Serialize)]
struct Column<'a> {
    values: Vec<Told<'a>>,
    statuses: Vec<&'static str>,
    event_timestamps: Vec<String>,
}

impl<'a> Column<'a> {
    /// Keys are no values of a time.
    fn of_keys(keys: &'a [Key]) -> Self {
        Self {
            values: keys.iter().map(|key| Told(key.cell())).collect(),
            statuses: vec![status(Status::Present); keys.len()],
            event_timestamps: vec![instant(None); keys.len()],
        }
    }

    fn of_feature(view: &'a OnlineView, rows: &[Option<EntityRows>], feature: FeatureHash) -> Self {
        let mut column = Self::default();
        for rows in rows {
            let found = rows.as_ref().and_then(|rows| view.dated(rows, feature));
            let (cell, what, at) = match found {
                Some((value, at)) => (value.cell, value.status, at),
                None => (Cell::Null, Status::NotFound, None),
            };
            column.values.push(Told(cell));
            column.statuses.push(status(what));
            column.event_timestamps.push(instant(at));
        }
        column
    }
}

/// A value as Feast's server writes it: dates and instants are whole seconds since 1970.
#[derive(Debug)]
struct Told<'a>(Cell<'a>);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Cell::Date(days) => serializer.serialize_i64(i64::from(days) * 86_400),
            Cell::Datetime(at) => serializer.serialize_i64(at.div_euclid(1_000_000)),
            other => other.serialize(serializer),
        }
    }
}

fn status(found: Status) -> &'static str {
    match found {
        Status::Present => "PRESENT",
        Status::Null => "NULL_VALUE",
        Status::Expired => "OUTSIDE_MAX_AGE",
        Status::NotFound | Status::Request => "NOT_FOUND",
    }
}

/// When a row counts from; without a row the beginning of 1970, as Feast has it.
fn instant(microseconds: Option<i64>) -> String {
    Cell::Datetime(microseconds.unwrap_or_default()).to_string()
}
