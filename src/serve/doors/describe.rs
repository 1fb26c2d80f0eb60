//! The doors in `/openapi.json`.

use serde_json::{Map, Value, json};

use super::open_inference::outputs;
use super::{feast, mlflow, open_inference};
use crate::definition::Dtype;
use crate::serve::body::MAX_IDS;
use crate::serve::http::phrase;
use crate::serve::state::Pair;

/// What the doors add to a description.
pub struct Described {
    pub paths: Map<String, Value>,
    pub schemas: Map<String, Value>,
}

const JSON: &str = "application/json";
const MLFLOW_ERROR: &str = "MlflowError";
const INFERENCE_ERROR: &str = "InferenceError";

/// The content type of a path's errors, and the name of their schema.
pub fn errors_of(path: &str) -> (&'static str, &'static str) {
    if mlflow::owns(path) {
        (JSON, MLFLOW_ERROR)
    } else if open_inference::owns(path) {
        (JSON, INFERENCE_ERROR)
    } else {
        ("application/problem+json", "Problem")
    }
}

/// Describes the doors: `key` is the name of the entity's key, whose schema is `Key`; `value` makes the schema of a
/// value of a type, or null. Without a pair it is not known what the model takes.
pub fn describe(key: &str, pair: Option<&Pair>, value: fn(Dtype) -> Value) -> Described {
    let model = pair.map(|pair| pair.pinned.model_name.as_str());
    let mut paths = Map::new();
    let mut add = |path: &str, method: &str, operation: Value| {
        paths.insert(path.to_string(), json!({ method: operation }));
    };
    let ping = "Whether a pinned run answers, for MLflow's clients.";
    add(
        "/ping",
        "get",
        operation("/ping", ping, &json!({ "type": "object" }), &[503]),
    );
    add("/version", "get", version());
    let rows = rows_of(key, pair, value);
    add("/invocations", "post", invocations(&rows));
    let (server, live, ready) = ("/v2", "/v2/health/live", "/v2/health/ready");
    let object = json!({ "type": "object" });
    add(
        server,
        "get",
        operation(
            server,
            "The server, in Open Inference Protocol v2.",
            &object,
            &[],
        ),
    );
    add(
        live,
        "get",
        operation(live, "The process lives.", &object, &[]),
    );
    add(
        ready,
        "get",
        operation(ready, "A pinned run answers.", &object, &[503]),
    );
    for (at, is_versioned) in [
        ("/v2/models/{model}", false),
        ("/v2/models/{model}/versions/{version}", true),
    ] {
        let mut add = |end: &str, method: &str, operation: Value| {
            let mut operation = operation;
            operation["parameters"] = path_parameters(model, is_versioned);
            add(&format!("{at}{end}"), method, operation);
        };
        let metadata = reference("ModelMetadata");
        add(
            "",
            "get",
            operation(
                at,
                "What the model takes and gives.",
                &metadata,
                &[400, 404, 503],
            ),
        );
        add(
            "/ready",
            "get",
            operation(at, "Whether the model answers.", &object, &[400, 404, 503]),
        );
        add("/infer", "post", infer());
    }
    add(feast::PATH, "post", online_features(key));
    let mut schemas = mlflow_schemas(&rows);
    schemas.extend(inference_schemas(pair));
    schemas.extend(feast_schemas());
    Described { paths, schemas }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn operation(path: &str, summary: &str, schema: &Value, problems: &[u16]) -> Value {
    let mut responses = json!({
        "200": { "description": summary, "content": { JSON: { "schema": schema } } },
    });
    let (kind, name) = errors_of(path);
    for status in problems {
        responses[status.to_string()] = json!({
            "description": phrase(*status),
            "content": { kind: { "schema": reference(name) } },
        });
    }
    json!({ "summary": summary, "responses": responses })
}

fn version() -> Value {
    let summary = "The version of streamflow.";
    let content = json!({ "text/plain": { "schema": { "type": "string" } } });
    json!({ "summary": summary, "responses": { "200": { "description": summary, "content": content } } })
}

fn with_body(mut operation: Value, schema: &Value) -> Value {
    operation["requestBody"] =
        json!({ "required": true, "content": { JSON: { "schema": schema } } });
    operation
}

const OF_A_BODY: [u16; 7] = [400, 404, 408, 413, 415, 422, 503];

/// An object with all of these names and no other.
fn exactly(properties: &[(String, Value)]) -> Value {
    let names: Vec<_> = properties.iter().map(|(name, _)| name).collect();
    json!({
        "type": "object",
        "required": names,
        "additionalProperties": false,
        "properties": properties.iter().cloned().collect::<Map<_, _>>(),
    })
}

/// What rows have: the key and what comes with it, or every input of the model.
fn rows_of(key: &str, pair: Option<&Pair>, value: fn(Dtype) -> Value) -> Vec<Vec<(String, Value)>> {
    let context = pair.into_iter().flat_map(|pair| pair.requested.dtypes());
    let context = context.map(|(name, dtype)| (name.to_string(), value(dtype)));
    let looked_up = std::iter::once((key.to_string(), reference("Key"))).chain(context);
    let given = pair.map(|pair| {
        let inputs = pair.inputs.iter();
        let inputs = inputs.map(|input| (input.name.clone(), value(input.dtype)));
        inputs.collect::<Vec<_>>()
    });
    std::iter::once(looked_up.collect()).chain(given).collect()
}

fn any_of(schemas: impl Iterator<Item = Value>) -> Value {
    json!({ "anyOf": schemas.collect::<Vec<_>>() })
}

fn invocations(rows: &[Vec<(String, Value)>]) -> Value {
    let list = |items: Value| json!({ "type": "array", "maxItems": MAX_IDS, "items": items });
    let split = |columns: &Vec<(String, Value)>| {
        let names: Vec<_> = columns.iter().map(|(name, _)| name).collect();
        let values: Vec<_> = columns.iter().map(|(_, schema)| schema).collect();
        json!({
            "type": "object",
            "required": ["columns", "data"],
            "additionalProperties": false,
            "properties": {
                "columns": { "const": names },
                "data": list(json!({
                    "type": "array",
                    "prefixItems": values,
                    "items": false,
                    "minItems": values.len(),
                })),
                "index": { "type": ["array", "null"] },
            },
        })
    };
    let lists = |columns: &Vec<(String, Value)>| {
        let lists = columns.iter();
        let lists = lists.map(|(name, schema)| (name.clone(), list(schema.clone())));
        exactly(&lists.collect::<Vec<_>>())
    };
    let objects = || list(reference("MlflowRow"));
    let shapes = [
        ("dataframe_split", any_of(rows.iter().map(split))),
        ("dataframe_records", objects()),
        ("instances", objects()),
        ("inputs", any_of(rows.iter().map(lists).chain([objects()]))),
    ];
    let params = json!({ "type": ["object", "null"], "maxProperties": 0 });
    let bodies = shapes.into_iter().map(|(name, schema)| {
        json!({
            "type": "object",
            "required": [name],
            "additionalProperties": false,
            "properties": { name: schema, "params": params },
        })
    });
    let summary = "What the pinned run says of rows, for MLflow's clients.";
    let answer = reference("MlflowPredictions");
    let operation = operation("/invocations", summary, &answer, &OF_A_BODY);
    with_body(operation, &any_of(bodies))
}

fn path_parameters(model: Option<&str>, is_versioned: bool) -> Value {
    let parameter = |name: &str, what: &str, schema: Value| json!({ "name": name, "in": "path", "required": true, "description": what, "schema": schema });
    let name = match model {
        Some(name) => json!({ "type": "string", "enum": [name] }),
        None => json!({ "type": "string", "minLength": 1 }),
    };
    let model = parameter("model", "The registered model that serves.", name);
    if !is_versioned {
        return json!([model]);
    }
    let run = json!({ "type": "string", "pattern": "^([0-9a-f]{12}|[0-9a-f]{64})$" });
    let version = parameter(
        "version",
        "The run that answers, in full or its first 12 digits.",
        run,
    );
    json!([model, version])
}

fn infer() -> Value {
    let summary = "What the pinned run says of rows, in Open Inference Protocol v2.";
    let operation = operation("/v2", summary, &reference("InferenceResponse"), &OF_A_BODY);
    with_body(operation, &reference("InferenceRequest"))
}

fn online_features(key: &str) -> Value {
    let keys = json!({ "type": "array", "maxItems": MAX_IDS, "items": reference("Key") });
    let truth = json!({ "type": ["boolean", "null"] });
    let body = json!({
        "type": "object",
        "required": ["features", "entities"],
        "additionalProperties": false,
        "properties": {
            "features": { "type": "array", "items": { "type": "string", "pattern": "^[^:]+:[^:]+$" } },
            "entities": exactly(&[(key.to_string(), keys)]),
            "full_feature_names": truth,
            "include_feature_view_version_metadata": truth,
        },
    });
    let summary = "The newest values of several entities, for Feast's clients.";
    let answer = reference("OnlineFeatures");
    let operation = operation(feast::PATH, summary, &answer, &OF_A_BODY);
    with_body(operation, &body)
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// An object with at least these names.
fn object(properties: &[(&str, Value)]) -> Value {
    let names: Vec<_> = properties.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "required": names, "properties": named(properties) })
}

fn named(schemas: &[(&str, Value)]) -> Map<String, Value> {
    let schemas = schemas.iter().cloned();
    schemas
        .map(|(name, schema)| (name.to_string(), schema))
        .collect()
}

fn mlflow_schemas(rows: &[Vec<(String, Value)>]) -> Map<String, Value> {
    let prediction = json!({ "oneOf": [{ "type": "number" }, { "type": "string" }] });
    let prediction = list(&object(&[("prediction", prediction)]));
    named(&[
        ("MlflowRow", any_of(rows.iter().map(|row| exactly(row)))),
        ("MlflowPredictions", object(&[("predictions", prediction)])),
        (
            MLFLOW_ERROR,
            object(&[("error_code", text()), ("message", text())]),
        ),
    ])
}

fn inference_schemas(pair: Option<&Pair>) -> Map<String, Value> {
    let outputs: Vec<_> = pair.map_or(Vec::new(), |pair| {
        let outputs = outputs(&pair.pinned.model.outcome);
        outputs.map(|(name, _)| name).collect()
    });
    let tensor = |more: &[(&str, Value)]| {
        let shape = list(&json!({ "type": "integer" }));
        let common = [("name", text()), ("datatype", text()), ("shape", shape)];
        list(&object(&[&common, more].concat()))
    };
    let data = json!({ "type": "array" });
    named(&[
        (
            "ModelMetadata",
            object(&[
                ("name", text()),
                ("versions", list(&text())),
                ("platform", text()),
                ("inputs", tensor(&[])),
                ("outputs", tensor(&[])),
            ]),
        ),
        ("InferenceRequest", inference_request(&outputs)),
        (
            "InferenceResponse",
            object(&[
                ("model_name", text()),
                ("model_version", text()),
                ("outputs", tensor(&[("data", data)])),
            ]),
        ),
        (INFERENCE_ERROR, object(&[("error", text())])),
    ])
}

fn feast_schemas() -> Map<String, Value> {
    let statuses = json!({ "enum": ["PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE"] });
    let instant = json!({ "type": "string", "format": "date-time" });
    let value = json!({ "type": ["string", "number", "boolean", "null"] });
    let result = object(&[
        ("values", list(&value)),
        ("statuses", list(&statuses)),
        ("event_timestamps", list(&instant)),
    ]);
    let names = object(&[("feature_names", list(&text()))]);
    let answer = object(&[("metadata", names), ("results", list(&result))]);
    named(&[("OnlineFeatures", answer)])
}

fn inference_request(outputs: &[&str]) -> Value {
    let parameters = json!({ "type": ["object", "null"] });
    let name = match outputs {
        [] => json!({ "type": "string" }),
        names => json!({ "enum": names }),
    };
    let input = json!({
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "additionalProperties": false,
        "properties": {
            "name": { "type": "string" },
            "shape": { "type": "array", "minItems": 1, "maxItems": 2, "items": { "type": "integer", "minimum": 0 } },
            "datatype": { "enum": open_inference::datatypes() },
            "data": { "type": "array" },
            "parameters": parameters,
        },
    });
    let output = json!({
        "type": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": { "name": name, "parameters": parameters },
    });
    json!({
        "type": "object",
        "required": ["inputs"],
        "additionalProperties": false,
        "properties": {
            "id": { "type": ["string", "null"] },
            "parameters": parameters,
            "inputs": { "type": "array", "minItems": 1, "items": input },
            "outputs": { "type": ["array", "null"], "items": output },
        },
    })
}
