//! The Open Inference Protocol, version 2, over HTTP and JSON: KServe's, Triton's, MLServer's.
//!
//! The one model is the registered model that serves, its one version the run that answers, by its hash
//! or the first twelve digits of it. Inputs are tensors with a row in each place; outputs are
//! `prediction`, `probability` and, of several classes, `probabilities`, as in an exported model. Tensors are JSON: the
//! binary extension is not spoken, as the server says in its metadata.

mod answer;
mod request;

pub use answer::outputs;
pub use request::datatypes;

use serde_json::{Value, json};

use super::score::score;
use super::{Visit, check_ready, lenient};
use crate::definition::Dtype;
use crate::serve::body::check_type;
use crate::serve::http::Reply;
use crate::serve::percent::decode;
use crate::serve::problem::Problem;
use crate::serve::question::Whom;
use crate::serve::standing::{busy, key_dtype, pair_of, with_run};
use crate::serve::state::Pair;

const JSON: &str = "application/json";

/// Digits by which a run is called on screens.
const SHORT: usize = 12;

/// A path of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Server,
    Live,
    Ready,
    Model(Called),
    ModelReady(Called),
    Infer(Called),
}

/// How a model is called in a path, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    model: String,
    version: Option<String>,
}

impl Place {
    pub fn at(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix("/v2")?.split('/');
        if parts.next() != Some("") {
            return None;
        }
        let parts: Vec<&str> = parts.collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let called = |model: &str, version: Option<&str>| Called {
            model: model.to_string(),
            version: version.map(str::to_string),
        };
        Some(match parts[..] {
            [] => Self::Server,
            ["health", "live"] => Self::Live,
            ["health", "ready"] => Self::Ready,
            ["models", model] => Self::Model(called(model, None)),
            ["models", model, "ready"] => Self::ModelReady(called(model, None)),
            ["models", model, "infer"] => Self::Infer(called(model, None)),
            ["models", model, "versions", version] => Self::Model(called(model, Some(version))),
            ["models", model, "versions", version, "ready"] => {
                Self::ModelReady(called(model, Some(version)))
            }
            ["models", model, "versions", version, "infer"] => {
                Self::Infer(called(model, Some(version)))
            }
            _ => return None,
        })
    }

    pub fn template(&self) -> &'static str {
        let either = |called: &Called, without, with| match called.version {
            None => without,
            Some(_) => with,
        };
        match self {
            Self::Server => "/v2",
            Self::Live => "/v2/health/live",
            Self::Ready => "/v2/health/ready",
            Self::Model(called) => either(
                called,
                "/v2/models/{model}",
                "/v2/models/{model}/versions/{version}",
            ),
            Self::ModelReady(called) => either(
                called,
                "/v2/models/{model}/ready",
                "/v2/models/{model}/versions/{version}/ready",
            ),
            Self::Infer(called) => either(
                called,
                "/v2/models/{model}/infer",
                "/v2/models/{model}/versions/{version}/infer",
            ),
        }
    }
}

/// Whether problems at a path are told in the words of the protocol.
pub fn owns(path: &str) -> bool {
    let rest = path.strip_prefix("/v2");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A problem in the words of the protocol.
pub fn refusal(problem: &Problem) -> Reply {
    problem.to_reply_as(JSON, &json!({ "error": problem.detail }))
}

pub fn respond(visit: &Visit<'_>, place: &Place) -> Result<Reply, Problem> {
    let told = |document: &Value| Reply::json(200, JSON, document);
    match place {
        Place::Server => Ok(told(&json!({
            "name": "streamflow",
            "version": env!("CARGO_PKG_VERSION"),
            "extensions": [],
        }))),
        Place::Live => Ok(told(&json!({ "live": true }))),
        Place::Ready => {
            check_ready(visit)?;
            Ok(told(&json!({ "ready": true })))
        }
        Place::Model(called) => {
            let pair = found(visit, called)?;
            let key = (visit.state.key().as_str(), key_dtype(visit.state));
            Ok(with_run(pair.run(), told(&metadata(pair, key))))
        }
        Place::ModelReady(called) => {
            let pair = found(visit, called)?;
            let name = pair.pinned.model_name.as_str();
            Ok(with_run(
                pair.run(),
                told(&json!({ "name": name, "ready": true })),
            ))
        }
        Place::Infer(called) => infer(visit, called),
    }
}

/// The pair, if it is what the path names.
fn found<'a>(visit: &'a Visit<'_>, called: &Called) -> Result<&'a Pair, Problem> {
    let pair = pair_of(visit.app, visit.state)?;
    let name = pair.pinned.model_name.as_str();
    if decode(&called.model)? != name {
        let why = format!("There is no such model; this server has `{name}`.");
        return Err(Problem::new(404, why).with_run(pair.run()));
    }
    let Some(version) = &called.version else {
        return Ok(pair);
    };
    let run = pair.run().to_string();
    if *version == run || *version == run[..SHORT] {
        return Ok(pair);
    }
    let why = format!("There is no such version; `{name}` is run {run} now.");
    Err(Problem::new(404, why).with_run(pair.run()))
}

/// What the model takes where rows are looked up, and what it gives.
fn metadata(pair: &Pair, (key, dtype): (&str, Option<Dtype>)) -> Value {
    let tensor = |name: &str, datatype: &str, shape: &Value| json!({ "name": name, "datatype": datatype, "shape": shape });
    let rows = json!([-1]);
    let key = tensor(key, datatype(dtype.unwrap_or(Dtype::String)), &rows);
    let context = pair.requested.dtypes();
    let context = context.map(|(name, dtype)| tensor(name.as_str(), datatype(dtype), &rows));
    let inputs: Vec<Value> = std::iter::once(key).chain(context).collect();
    json!({
        "name": pair.pinned.model_name,
        "versions": [pair.run()],
        "platform": "streamflow",
        "inputs": inputs,
        "outputs": answer::tensors(&pair.pinned.model.outcome),
    })
}

/// The datatype of tensors with values of a type.
pub fn datatype(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::Bool => "BOOL",
        Dtype::I64 => "INT64",
        Dtype::F64 => "FP64",
        Dtype::String | Dtype::Date | Dtype::Datetime => "BYTES",
    }
}

fn infer(visit: &Visit<'_>, called: &Called) -> Result<Reply, Problem> {
    let head = &visit.request.head;
    // The protocol does not ask for a type, and its clients often send none.
    if let Some(kind) = head.header("content-type").filter(|kind| !kind.is_empty()) {
        check_type(Some(kind))?;
    }
    if head.header("inference-header-content-length").is_some() {
        return Err(request::no_binary());
    }
    let pair = found(visit, called)?;
    let body = &visit.request.body;
    let _share = visit.app.budget.for_body(body.len()).ok_or_else(busy)?;
    let asked = request::parse(lenient::parse(body)?)?;
    // Who names a run is answered by that one.
    let whom = match called.version {
        Some(_) => Whom::Production,
        None => Whom::Anyone,
    };
    let wanted = answer::wanted(&pair.pinned.model.outcome, &asked.outputs)?;
    score(visit, &asked.rows, whom, |pair, verdicts| {
        let document = answer::document(pair, asked.id.as_deref(), &wanted, verdicts);
        Reply::json(200, JSON, &document)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_somewhere_or_nowhere() {
        for path in [
            "/v2",
            "/v2/health/live",
            "/v2/health/ready",
            "/v2/models/m",
            "/v2/models/m/ready",
            "/v2/models/m/infer",
            "/v2/models/m/versions/1",
            "/v2/models/m/versions/1/ready",
            "/v2/models/m/versions/1/infer",
        ] {
            let place = Place::at(path).unwrap();
            let template = place.template();
            let template = template.replace("{model}", "m").replace("{version}", "1");
            assert_eq!(template, path);
            assert!(owns(path));
        }
        for path in [
            "/v2/",
            "/v22",
            "/v2health/live",
            "/v2/models",
            "/v2/models//infer",
            "/v2/models/m/n/infer",
            "/v2/models/m/versions",
            "/v2/models/m/config",
            "/v2/repository/index",
        ] {
            assert_eq!(Place::at(path), None, "{path}");
        }
        assert!(owns("/v2/models/m/config") && !owns("/v22") && !owns("/predict"));
    }
}
