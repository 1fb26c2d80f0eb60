//! MLflow's scoring server, as its client speaks to it: rows in one of four shapes, predictions out.
//!
//! An element of `predictions` is an object with the fields that a reply of `/predict` has for the answer
//! itself: what a frame of `prediction` and `probability` comes to, which is what MLflow gives for a
//! model that `export --format onnx` wrote.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::rows::{Rows, shown, wrong};
use super::score::score;
use super::{Visit, check_ready, lenient};
use crate::serve::access::Caller;
use crate::serve::body::check_type;
use crate::serve::http::Reply;
use crate::serve::problem::Problem;
use crate::serve::question::Whom;
use crate::serve::standing::{busy, pair_of, with_run};
use crate::serve::verdict::Verdict;

const JSON: &str = "application/json";

/// Shapes of rows, of which a body has one.
pub const SHAPES: [&str; 4] = [
    "dataframe_split",
    "dataframe_records",
    "inputs",
    "instances",
];

/// A path of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Ping,
    Version,
    Invocations,
}

impl Place {
    pub fn at(path: &str) -> Option<Self> {
        let all = [Self::Ping, Self::Version, Self::Invocations];
        all.into_iter().find(|place| place.template() == path)
    }

    pub fn template(self) -> &'static str {
        match self {
            Self::Ping => "/ping",
            Self::Version => "/version",
            Self::Invocations => "/invocations",
        }
    }
}

/// Whether problems at a path are told in the words of the protocol.
pub fn owns(path: &str) -> bool {
    Place::at(path.strip_suffix('/').unwrap_or(path)).is_some()
}

pub fn respond(visit: &Visit<'_>, place: Place) -> Result<Reply, Problem> {
    match place {
        Place::Ping => ping(visit),
        Place::Version => {
            let version = env!("CARGO_PKG_VERSION");
            Ok(Reply::new(200, "text/plain; charset=utf-8", version))
        }
        Place::Invocations => invocations(visit),
    }
}

fn ping(visit: &Visit<'_>) -> Result<Reply, Problem> {
    check_ready(visit)?;
    let reply = Reply::json(200, JSON, &json!({ "status": "ready" }));
    match visit.caller {
        Caller::Admitted => Ok(with_run(pair_of(visit.app, visit.state)?.run(), reply)),
        Caller::Unknown => Ok(reply),
    }
}

fn invocations(visit: &Visit<'_>) -> Result<Reply, Problem> {
    check_type(visit.request.head.header("content-type"))?;
    let body = &visit.request.body;
    let _share = visit.app.budget.for_body(body.len()).ok_or_else(busy)?;
    let rows = rows_of(lenient::parse(body)?)?;
    score(visit, &rows, Whom::Anyone, |_, verdicts| {
        let predictions = verdicts.iter().map(Told).collect();
        Reply::json(200, JSON, &Predictions { predictions })
    })
}

#[derive(Serialize)]
struct Predictions<'a> {
    predictions: Vec<Told<'a>>,
}

struct Told<'a>(&'a Verdict<'a>);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.add_to(&mut map)?;
        map.end()
    }
}

/// The rows of a body.
fn rows_of(body: Value) -> Result<Rows, Problem> {
    let shape = || {
        wrong(format!(
            "The body is an object with one of {}.",
            SHAPES.map(|name| format!("`{name}`")).join(", ")
        ))
    };
    let Value::Object(mut fields) = body else {
        return Err(shape());
    };
    match fields.remove("params") {
        None | Some(Value::Null) => {}
        Some(Value::Object(params)) if params.is_empty() => {}
        Some(_) => return Err(wrong("The model takes no `params`.")),
    }
    let mut fields = fields.into_iter();
    match (fields.next(), fields.next()) {
        (Some((name, rows)), None) => match name.as_str() {
            "dataframe_split" => split(rows),
            "dataframe_records" => objects("dataframe_records", rows),
            "instances" => objects("instances", rows),
            "inputs" => inputs(rows),
            _ => Err(shape()),
        },
        _ => Err(shape()),
    }
}

/// `{"columns": [...], "data": [[...], ...]}`, and an `index` that nobody reads.
fn split(value: Value) -> Result<Rows, Problem> {
    let shape = || {
        wrong(
            "`dataframe_split` is an object with `columns`, a list of names, and `data`, a list of rows.",
        )
    };
    let Value::Object(mut fields) = value else {
        return Err(shape());
    };
    let (columns, data) = (fields.remove("columns"), fields.remove("data"));
    let index = fields.remove("index").unwrap_or(Value::Null);
    let (Some(Value::Array(columns)), Some(Value::Array(data))) = (columns, data) else {
        return Err(shape());
    };
    if !fields.is_empty() || !(index.is_array() || index.is_null()) {
        return Err(shape());
    }
    let names = columns.into_iter().map(|name| match name {
        Value::String(name) => Ok(name),
        other => Err(wrong(format!(
            "A column is called {}, which is no name: give the columns of the frame theirs.",
            shown(&other.to_string())
        ))),
    });
    Rows::of_lists(names.collect::<Result<_, _>>()?, data)
}

fn objects(shape: &str, value: Value) -> Result<Rows, Problem> {
    match value {
        Value::Array(objects) => Rows::of_objects(objects),
        _ => Err(wrong(format!(
            "`{shape}` is a list of objects with names of columns."
        ))),
    }
}

/// Lists by the name of the column, one value by each name, or rows as objects.
fn inputs(value: Value) -> Result<Rows, Problem> {
    match value {
        Value::Object(lists) => Rows::of_lists_by_name(lists),
        Value::Array(objects) if objects.iter().all(Value::is_object) => Rows::of_objects(objects),
        _ => Err(wrong(
            "`inputs` is an object of lists by the name of the column: values without names are no row.",
        )),
    }
}

/// A problem in MLflow's words: one of its error codes, and a message.
pub fn refusal(problem: &Problem) -> Reply {
    let code = match problem.status {
        401 => "UNAUTHENTICATED",
        404 => "RESOURCE_DOES_NOT_EXIST",
        422 => "INVALID_PARAMETER_VALUE",
        503 => "TEMPORARILY_UNAVAILABLE",
        400..500 => "BAD_REQUEST",
        _ => "INTERNAL_ERROR",
    };
    let document = json!({ "error_code": code, "message": problem.detail });
    problem.to_reply_as(JSON, &document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_four_shapes_and_nothing_else() {
        let names = |body: &Value| {
            let rows = rows_of(body.clone());
            rows.map(|rows| {
                (
                    rows.count,
                    rows.names().map(String::from).collect::<Vec<_>>(),
                )
            })
            .map_err(|problem| problem.status)
        };
        let id = || vec!["id".to_string()];
        for body in [
            json!({ "dataframe_split": { "columns": ["id"], "data": [["a"], ["b"]], "index": [0, 1] } }),
            json!({ "dataframe_records": [{ "id": "a" }, { "id": "b" }] }),
            json!({ "instances": [{ "id": "a" }, { "id": "b" }] }),
            json!({ "inputs": { "id": ["a", "b"] } }),
            json!({ "inputs": [{ "id": "a" }, { "id": "b" }], "params": {} }),
        ] {
            assert_eq!(names(&body), Ok((2, id())), "{body}");
        }
        for body in [
            json!({}),
            json!([]),
            json!(null),
            json!("a"),
            json!({ "columns": ["id"], "data": [["a"]] }),
            json!({ "params": {} }),
            json!({ "inputs": { "id": ["a"] }, "instances": [] }),
            json!({ "inputs": { "id": ["a"] }, "params": { "x": 1 } }),
            json!({ "inputs": { "id": ["a"] }, "params": [] }),
            json!({ "inputs": [["a"]] }),
            json!({ "inputs": "a" }),
            json!({ "instances": { "id": ["a"] } }),
            json!({ "instances": ["a"] }),
            json!({ "dataframe_records": "a" }),
            json!({ "dataframe_split": [] }),
            json!({ "dataframe_split": { "columns": ["id"] } }),
            json!({ "dataframe_split": { "columns": [0], "data": [["a"]] } }),
            json!({ "dataframe_split": { "columns": ["id"], "data": [["a"]], "index": 1 } }),
            json!({ "dataframe_split": { "columns": ["id"], "data": [["a"]], "x": 1 } }),
            json!({ "dataframe_split": { "columns": "id", "data": [["a"]] } }),
        ] {
            assert_eq!(names(&body), Err(422), "{body}");
        }
    }
}
