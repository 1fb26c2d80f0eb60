//! Request → reply.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::access::{Caller, Stranger};
use super::body::{self, Asked, Contexts, Wanted, check_type, key_of};
use super::docs;
use super::doors::{self, Door, Visit};
use super::explained::MAX_EXPLAINED;
use super::freshness;
use super::http::{Reply, Request};
use super::journal::{self, Journal};
use super::lookup::FeatureAnswer;
use super::openapi;
use super::percent::decode;
use super::predict::Answer;
use super::problem::Problem;
use super::query::wants_explanation;
use super::question::{Question, Whom};
use super::request_id::RequestId;
use super::server::App;
use super::standing::{
    busy, key_dtype, not_ready, not_ready_for_strangers, pair_of, problem_of, with_run,
};
use super::state::{Pair, State, nothing_materialized};
use crate::definition::Dtype;
use crate::error::Result;
use crate::online::Key;

const JSON: &str = "application/json";

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resource {
    Health,
    Ready,
    /// The id as it stands in the path.
    Features(String),
    Predict,
    Model,
    Metrics,
    OpenApi,
    Docs,
    /// A path of another protocol.
    Door(Door),
}

impl Resource {
    /// A slash at the end of a path does not make it another.
    fn at(path: &str) -> Option<Self> {
        if let Some(id) = path.strip_prefix("/features/") {
            let id = id.strip_suffix('/').unwrap_or(id);
            let one = !id.is_empty() && !id.contains('/');
            return one.then(|| Self::Features(id.to_string()));
        }
        Some(match path.strip_suffix('/').unwrap_or(path) {
            "/health" => Self::Health,
            "/ready" => Self::Ready,
            "/predict" => Self::Predict,
            "/model" => Self::Model,
            "/metrics" => Self::Metrics,
            "/openapi.json" => Self::OpenApi,
            "/docs" => Self::Docs,
            other => Self::Door(Door::at(other)?),
        })
    }

    /// The route as it is counted and documented.
    fn template(&self) -> &'static str {
        match self {
            Self::Health => "/health",
            Self::Ready => "/ready",
            Self::Features(_) => "/features/{id}",
            Self::Predict => "/predict",
            Self::Model => "/model",
            Self::Metrics => "/metrics",
            Self::OpenApi => "/openapi.json",
            Self::Docs => "/docs",
            Self::Door(door) => door.template(),
        }
    }

    fn allows(&self) -> &'static str {
        match self {
            Self::Predict => "POST",
            Self::Door(door) => door.allows(),
            _ => "GET, HEAD",
        }
    }

    /// What is told to whoever shows no token.
    fn is_open(&self) -> bool {
        match self {
            Self::Health | Self::Ready => true,
            Self::Door(door) => door.is_open(),
            _ => false,
        }
    }

    /// That the process lives, which is told to everyone.
    fn is_alive(&self) -> bool {
        match self {
            Self::Health => true,
            Self::Door(door) => door.is_alive(),
            _ => false,
        }
    }
}

/// Every route that requests are counted under.
pub const TEMPLATES: [&str; 22] = [
    "/docs",
    "/features/{id}",
    "/get-online-features",
    "/health",
    "/invocations",
    "/metrics",
    "/model",
    "/openapi.json",
    "/ping",
    "/predict",
    "/ready",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/{model}",
    "/v2/models/{model}/infer",
    "/v2/models/{model}/ready",
    "/v2/models/{model}/versions/{version}",
    "/v2/models/{model}/versions/{version}/infer",
    "/v2/models/{model}/versions/{version}/ready",
    "/version",
    NO_ROUTE,
];

/// What paths that lead nowhere are counted under.
pub const NO_ROUTE: &str = "none";

/// The route a path is counted under.
pub fn template(path: &str) -> &'static str {
    Resource::at(path).map_or(NO_ROUTE, |resource| resource.template())
}

/// Answers a request, which is called `id`, from the state as it is now.
pub fn reply(app: &App, request: &Request, id: &RequestId<'_>) -> Reply {
    let state = app.state();
    let resource = Resource::at(&request.head.path);
    let is = |holds: fn(&Resource) -> bool| resource.as_ref().is_some_and(holds);
    let path = &request.head.path;
    let refuse = |stranger: Stranger| {
        let reply = doors::refusal(path, &stranger.to_problem());
        reply.with_header("WWW-Authenticate", stranger.challenge())
    };
    let caller = match app.settings.access.caller(&request.head) {
        Ok(caller) => caller,
        Err(_) if is(Resource::is_alive) => Caller::Unknown,
        Err(stranger) => return refuse(stranger),
    };
    if caller == Caller::Unknown && !is(Resource::is_open) {
        return refuse(Stranger::Tokenless);
    }
    let done = respond(app, &state, request, id, resource.as_ref(), caller);
    done.unwrap_or_else(|problem| doors::refusal(path, &problem))
}

fn respond(
    app: &App,
    state: &State,
    request: &Request,
    id: &RequestId<'_>,
    resource: Option<&Resource>,
    caller: Caller,
) -> Result<Reply, Problem> {
    let resource = resource.ok_or_else(|| {
        Problem::new(
            404,
            "There is no such path; /openapi.json lists those there are.",
        )
    })?;
    let method = request.head.method.as_str();
    if !resource.allows().split(", ").any(|known| known == method) {
        let why = format!("{} takes {}.", resource.template(), resource.allows());
        let refusal = doors::refusal(&request.head.path, &Problem::new(405, why));
        return Ok(refusal.with_header("Allow", resource.allows()));
    }
    match resource {
        Resource::Health => Ok(Reply::json(200, JSON, &json!({ "status": "ok" }))),
        Resource::Ready => ready(app, state, caller),
        Resource::Features(id) => features(state, id),
        Resource::Predict => predict(app, state, request, id),
        Resource::Model => model(state),
        Resource::Metrics => Ok(Reply::new(
            200,
            "text/plain; version=0.0.4; charset=utf-8",
            metrics(app, state),
        )),
        Resource::OpenApi => Ok(Reply::json(200, JSON, &description(app, state))),
        Resource::Docs => Ok(page(&description(app, state))),
        Resource::Door(door) => {
            let visit = Visit {
                app,
                state,
                request,
                journal: Journal::new(app.predictions.as_ref(), id),
                caller,
            };
            doors::respond(&visit, door)
        }
    }
}

fn metrics(app: &App, state: &State) -> String {
    let mut text = app.telemetry.render(state, app.connections());
    if let Some(log) = &app.predictions {
        journal::render(&mut text, log.counts());
    }
    text
}

/// All routes, as they are now.
fn description(app: &App, state: &State) -> Value {
    openapi::document(
        state.key().as_str(),
        key_dtype(state),
        state.pair.as_ref().ok().map(Arc::as_ref),
        app.settings.access.asks(),
    )
}

/// The same as a page. A browser that shows it runs nothing and asks for nothing else.
fn page(description: &Value) -> Reply {
    let reply = Reply::new(200, "text/html; charset=utf-8", docs::page(description));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    reply.with_header("Content-Security-Policy", policy)
}

/// Whoever shows no token hears whether, and not what or why not: a balancer needs no more.
fn ready(app: &App, state: &State, caller: Caller) -> Result<Reply, Problem> {
    if caller == Caller::Unknown {
        let ready = state.ready(app.settings.max_age).is_ok();
        return match ready {
            true => Ok(Reply::json(200, JSON, &json!({ "status": "ready" }))),
            false => Err(not_ready_for_strangers()),
        };
    }
    let pair = pair_of(app, state)?;
    let mut document = json!({
        "status": "ready",
        "model": pair.pinned.model_name,
        "run": pair.run(),
        "as_of": pair.view.as_of(),
        "tables": freshness::document(&pair.view),
    });
    if let Some(failed) = &state.failed {
        document["degraded"] = json!({
            "reason": failed.error.message(),
            "since": failed.since.to_string(),
        });
    }
    if let Some(staged) = &state.staged {
        document["staged"] = staged.document();
    }
    Ok(with_run(pair.run(), Reply::json(200, JSON, &document)))
}

fn features(state: &State, id: &str) -> Result<Reply, Problem> {
    let id = decode(id)?;
    let view = state
        .view
        .as_ref()
        .ok_or_else(|| problem_of(state, &nothing_materialized()))?;
    let dtype = view.key_dtype(state.key()).unwrap_or(Dtype::String);
    // A text that is no integer is the key of nobody.
    let key = Key::parse(&id, dtype).unwrap_or(Key::Text(id));
    let found =
        FeatureAnswer::of(view, state.key(), &key).map_err(|error| problem_of(state, &error))?;
    Ok(Reply::json(200, JSON, &found))
}

fn predict(
    app: &App,
    state: &State,
    request: &Request,
    id: &RequestId<'_>,
) -> Result<Reply, Problem> {
    let explains = wants_explanation(&request.head.query)?;
    check_type(request.head.header("content-type"))?;
    let _share = app.budget.for_body(request.body.len()).ok_or_else(busy)?;
    let asked = body::parse(&request.body, state.key().as_str())?;
    let pair = pair_of(app, state)?;
    let journal = Journal::new(app.predictions.as_ref(), id);
    let done = answered(app, state, pair, &asked, journal, explains);
    done.map_err(|problem| problem.or_run(pair.run()))
}

fn answered(
    app: &App,
    state: &State,
    pair: &Arc<Pair>,
    asked: &Asked,
    journal: Journal<'_>,
    explains: bool,
) -> Result<Reply, Problem> {
    let column = state.key().as_str();
    let dtype = key_dtype(state).unwrap_or(Dtype::String);
    let keys = |values: &[Value]| {
        let keys = values.iter().map(|value| key_of(value, column, dtype));
        keys.collect::<Result<Vec<Key>, Problem>>()
    };
    match &asked.whom {
        Wanted::One(value) => {
            let keys = keys(std::slice::from_ref(value))?;
            predict_one(state, pair, &keys, &asked.context, journal, explains)
        }
        Wanted::Many(values) if explains && values.len() > MAX_EXPLAINED => Err(Problem::new(
            413,
            format!(
                "With `explain=true` a request has at most {MAX_EXPLAINED} ids; this has {}.",
                values.len()
            ),
        )),
        Wanted::Many(values) => {
            let keys = keys(values)?;
            predict_many(app, state, pair, &keys, &asked.context, journal, explains)
        }
    }
}

fn predict_one(
    state: &State,
    pair: &Arc<Pair>,
    key: &[Key],
    context: &Contexts,
    journal: Journal<'_>,
    explains: bool,
) -> Result<Reply, Problem> {
    let question = Question::new(state, pair, key, context, journal, Whom::Anyone)?;
    let run = question.run();
    match question.each(explains)?.into_iter().next() {
        Some(Ok(found)) => Ok(with_run(run, Reply::json(200, JSON, &found))),
        Some(Err(error)) => Err(problem_of(state, &error).with_run(run)),
        None => Err(Problem::new(500, "There is no answer.")),
    }
}

fn predict_many(
    app: &App,
    state: &State,
    pair: &Arc<Pair>,
    keys: &[Key],
    context: &Contexts,
    journal: Journal<'_>,
    explains: bool,
) -> Result<Reply, Problem> {
    let named = pair.inputs.len() * (1 + usize::from(explains));
    let share = app.budget.for_answers(keys.len(), named);
    let share = share.ok_or_else(busy)?;
    let question = Question::new(state, pair, keys, context, journal, Whom::Anyone)?;
    let answers = question.each(explains)?.into_iter().enumerate();
    let predictions: Vec<Item> = keys
        .iter()
        .zip(answers)
        .map(|(key, (place, found))| match found {
            Ok(found) => Item::Answer(found),
            Err(error) => {
                let problem = problem_of(state, &error);
                // The header names another.
                let problem = match question.other_run(place) {
                    Some(run) => problem.with_run(run),
                    None => problem,
                };
                Item::Refused(pair.key().as_str(), key, problem)
            }
        })
        .collect();
    let cause = predictions.iter().find_map(|item| match item {
        Item::Refused(_, _, problem) => problem.cause.clone(),
        Item::Answer(_) => None,
    });
    let reply = Reply::json(200, JSON, &Batch { predictions });
    let reply = with_run(question.run(), reply);
    Ok(reply.with_share(share).with_cause(cause))
}

#[derive(Serialize)]
struct Batch<'a> {
    predictions: Vec<Item<'a>>,
}

/// One element of a batch's answer.
enum Item<'a> {
    Answer(Answer<'a>),
    Refused(&'a str, &'a Key, Problem),
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Answer(found) => found.serialize(serializer),
            Self::Refused(column, key, problem) => {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry(column, key)?;
                map.serialize_entry("error", problem)?;
                map.end()
            }
        }
    }
}

fn model(state: &State) -> Result<Reply, Problem> {
    let pair = state
        .pair
        .as_ref()
        .map_err(|error| not_ready(state, error))?;
    let pinned = &pair.pinned;
    let execution = &pinned.execution;
    let transition = state.transition.as_ref();
    let mut document = json!({
        "model": pinned.model_name,
        "run": pair.run(),
        "stage": "production",
        "experiment": execution.experiment,
        "metrics": execution.metrics,
        "rows": execution.rows,
        // Of two classes only: what a rule picked, or what is declared.
        "threshold": match pinned.model.threshold {
            Some(picked) => json!(picked),
            None => json!(pinned.spec.declare().get("evaluate.threshold")),
        },
        "estimator": pinned.spec.model.kind,
        "features": pinned.spec.features.keys().collect::<Vec<_>>(),
        "code": execution.code,
        "data": pinned.data,
        "outputs": execution.outputs,
        "as_of": pair.view.as_of(),
        "sequence": pinned.pin.sequence,
        "since": transition.map(|entry| entry.at),
        "by": transition.map(|entry| &entry.by),
        "reason": transition.map(|entry| &entry.reason),
    });
    let derived = &pinned.spec.preprocess.derived;
    if !derived.is_empty() {
        document["derived"] = json!(derived);
    }
    Ok(with_run(pair.run(), Reply::json(200, JSON, &document)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_somewhere_or_nowhere() {
        assert_eq!(Resource::at("/health/"), Some(Resource::Health));
        let features = |id: &str| Some(Resource::Features(id.to_string()));
        assert_eq!(Resource::at("/features/a%2Fb"), features("a%2Fb"));
        assert_eq!(Resource::at("/features/.."), features(".."));
        for path in [
            "/",
            "*",
            "//health",
            "/features",
            "/features/",
            "/features/a/b",
            "/Health",
        ] {
            assert_eq!(Resource::at(path), None, "{path}");
        }
    }
}
