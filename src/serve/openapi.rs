//! The description of all routes, OpenAPI 3.1.

use serde_json::{Map, Value, json};

use super::body::MAX_IDS;
use super::context::Requested;
use super::doors::{Described, describe, errors_of};
use super::explained::MAX_EXPLAINED;
use super::state::Pair;
use crate::definition::Dtype;

/// The content type of problems, and the name of their schema.
const PROBLEM: (&str, &str) = ("application/problem+json", "Problem");

/// The document for an entity whose key has that name and type; either, while it is not known.
///
/// `pair` is what answers; none while no run does. `asks` says whether callers need a token.
pub fn document(key: &str, dtype: Option<Dtype>, pair: Option<&Pair>, asks: bool) -> Value {
    let mut document = without_token(key, dtype, pair.map(|pair| &pair.requested));
    add_doors(&mut document, describe(key, pair, nullable));
    if asks {
        demand_token(&mut document);
    }
    name_requests(&mut document);
    document
}

/// Enters what clients of other protocols ask for.
fn add_doors(document: &mut Value, doors: Described) {
    if let Some(known) = document["paths"].as_object_mut() {
        known.extend(doors.paths);
    }
    if let Some(known) = document["components"]["schemas"].as_object_mut() {
        known.extend(doors.schemas);
    }
}

/// Enters the token: what it is, which routes need it, and what those answer without it.
fn demand_token(document: &mut Value) {
    document["components"]["securitySchemes"] =
        json!({ "token": { "type": "http", "scheme": "bearer" } });
    document["security"] = json!([{ "token": [] }]);
    // Without a token it says no more.
    document["components"]["schemas"]["Ready"]["required"] = json!(["status"]);
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    for (path, operations) in paths {
        for operation in operations
            .as_object_mut()
            .into_iter()
            .flat_map(Map::values_mut)
        {
            match path.as_str() {
                "/health" | "/v2/health/live" => {
                    operation["security"] = json!([]);
                    continue;
                }
                "/ready" | "/ping" | "/v2/health/ready" => {
                    operation["security"] = json!([{}, { "token": [] }]);
                }
                _ => {}
            }
            let responses = operation["responses"].take();
            operation["responses"] = with_errors(responses, &[401], errors_of(path));
        }
    }
}

/// Enters the header that every reply has.
fn name_requests(document: &mut Value) {
    document["components"]["headers"] = json!({ "RequestId": {
        "description": "That of the request where it has 1 to 128 visible ASCII characters; the log calls the request by it.",
        "schema": { "type": "string" },
    } });
    let paths = document["paths"].as_object_mut().into_iter();
    let operations = paths.flat_map(Map::values_mut).flat_map(each_of);
    for response in operations.flat_map(|operation| each_of(&mut operation["responses"])) {
        response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/RequestId" });
    }
}

fn each_of(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    object.as_object_mut().into_iter().flat_map(Map::values_mut)
}

fn without_token(key: &str, dtype: Option<Dtype>, requested: Option<&Requested>) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "streamflow",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Predictions of the run that is pinned to production, from materialized feature values.",
        },
        "paths": {
            "/health": { "get": get("The process lives.", &schema_of_status("ok"), &[]) },
            "/ready": { "get": get("A pinned run and its values are loaded.", &reference("Ready"), &[503]) },
            "/features/{id}": { "get": features() },
            "/predict": { "post": predict(key, requested.is_some_and(|found| !found.is_empty())) },
            "/model": { "get": get("The pinned run: what it is, since when, by whom and why.", &json!({ "type": "object" }), &[503]) },
            "/metrics": { "get": text("Counters as Prometheus reads them.", "text/plain") },
            "/docs": { "get": text("This document as a page.", "text/html") },
            "/openapi.json": { "get": get("This document.", &json!({ "type": "object" }), &[]) },
        },
        "components": { "schemas": schemas(key, &key_schema(dtype), &context(requested)) },
    })
}

fn key_schema(dtype: Option<Dtype>) -> Value {
    match dtype {
        Some(Dtype::I64) => json!({ "type": "integer", "format": "int64" }),
        Some(_) => json!({ "type": "string" }),
        None => json!({ "type": ["string", "integer"] }),
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schema_of_status(word: &str) -> Value {
    json!({
        "type": "object",
        "required": ["status"],
        "properties": { "status": { "const": word } },
    })
}

/// The errors a route may answer with: their content type, and the name of their schema.
fn with_errors(mut responses: Value, statuses: &[u16], (kind, name): (&str, &str)) -> Value {
    for status in statuses {
        responses[status.to_string()] = json!({
            "description": super::http::phrase(*status),
            "content": { kind: { "schema": reference(name) } },
        });
    }
    responses
}

fn get(description: &str, schema: &Value, problems: &[u16]) -> Value {
    let responses = json!({
        "200": {
            "description": description,
            "content": { "application/json": { "schema": schema } },
        },
    });
    json!({ "summary": description, "responses": with_errors(responses, problems, PROBLEM) })
}

fn text(description: &str, kind: &str) -> Value {
    json!({
        "summary": description,
        "responses": {
            "200": {
                "description": description,
                "content": { kind: { "schema": { "type": "string" } } },
            },
        },
    })
}

fn features() -> Value {
    let mut operation = get(
        "The newest values of one entity.",
        &reference("Features"),
        &[400, 404, 503],
    );
    operation["parameters"] = json!([{
        "name": "id",
        "in": "path",
        "required": true,
        "schema": { "type": "string", "minLength": 1 },
    }]);
    operation
}

/// A value of a type, or null.
fn nullable(dtype: Dtype) -> Value {
    match dtype {
        Dtype::String => json!({ "type": ["string", "null"] }),
        Dtype::Bool => json!({ "type": ["boolean", "null"] }),
        Dtype::I64 => json!({ "type": ["integer", "null"], "format": "int64" }),
        Dtype::F64 => json!({ "type": ["number", "null"] }),
        Dtype::Date => json!({ "type": ["string", "null"], "format": "date" }),
        Dtype::Datetime => json!({ "type": ["string", "null"], "format": "date-time" }),
    }
}

/// What comes with a request.
fn context(requested: Option<&Requested>) -> Value {
    let Some(requested) = requested else {
        return json!({ "type": "object" });
    };
    let names: Vec<_> = requested.dtypes().map(|(name, _)| name.as_str()).collect();
    let properties = requested
        .dtypes()
        .map(|(name, dtype)| (name.to_string(), nullable(dtype)));
    json!({
        "type": "object",
        "description": "What the run needs of the request; null follows its preprocessing.",
        "required": names,
        "additionalProperties": false,
        "properties": properties.collect::<Map<_, _>>(),
    })
}

/// `needs` says whether the run needs something of the request.
fn predict(key: &str, needs: bool) -> Value {
    let mut operation = get(
        "What the pinned run says of one entity, or of several in their order.",
        &json!({ "oneOf": [reference("Prediction"), reference("Predictions")] }),
        &[400, 404, 408, 413, 415, 422, 503],
    );
    let many = format!("{key}s");
    operation["parameters"] = json!([{
        "name": "explain",
        "in": "query",
        "description": format!("Whether predictions come with what each feature contributes to them; with at most {MAX_EXPLAINED} ids."),
        "schema": { "type": "boolean", "default": false },
    }]);
    operation["responses"]["200"]["headers"] = json!({
        "X-Streamflow-Run": { "schema": { "type": "string" }, "description": "The run that answered." },
    });
    let context = reference("Context");
    let contexts = json!({ "type": "array", "maxItems": MAX_IDS, "items": context });
    let ids = json!({ "type": "array", "maxItems": MAX_IDS, "items": reference("Key") });
    let shape = |required: &[&str], properties: Value| {
        json!({
            "type": "object",
            "required": required,
            "additionalProperties": false,
            "properties": properties,
        })
    };
    let (one, many): (&str, &str) = (key, &many);
    operation["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": { "anyOf": [
            shape(&required(one, "context", needs), json!({ one: reference("Key"), "context": context })),
            shape(&required(many, "context", needs), json!({ many: ids, "context": context })),
            shape(&[many, "contexts"], json!({ many: ids, "contexts": contexts })),
        ] } } },
    });
    operation
}

fn required<'a>(key: &'a str, context: &'a str, needs: bool) -> Vec<&'a str> {
    match needs {
        true => vec![key, context],
        false => vec![key],
    }
}

fn schemas(key: &str, key_schema: &Value, context: &Value) -> Value {
    let hash = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" });
    let date = json!({ "type": "string", "format": "date" });
    let values = json!({
        "type": "object",
        "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
    });
    json!({
        "Key": key_schema,
        "Context": context,
        "Ready": {
            "type": "object",
            "required": ["status", "model", "run", "as_of", "tables"],
            "properties": {
                "status": { "const": "ready" },
                "model": { "type": "string" },
                "run": hash,
                "as_of": date,
                "tables": { "type": "object", "additionalProperties": reference("Freshness") },
                "degraded": reference("Degraded"),
                "staged": reference("Staged"),
            },
        },
        "Degraded": degraded(),
        "Staged": staged(&hash),
        "Freshness": freshness(),
        "Features": {
            "type": "object",
            "required": [key, "as_of", "features", "status"],
            "properties": {
                key: reference("Key"),
                "as_of": date,
                "features": values,
                "status": {
                    "type": "object",
                    "additionalProperties": { "enum": ["present", "null", "expired", "not_found", "request"] },
                },
            },
        },
        "Prediction": prediction(key, &hash, &date, &values),
        "Explanation": explanation(),
        "Refused": {
            "type": "object",
            "required": [key, "error"],
            "properties": { key: reference("Key"), "error": reference("Problem") },
        },
        "Predictions": {
            "type": "object",
            "required": ["predictions"],
            "properties": { "predictions": {
                "type": "array",
                "items": { "oneOf": [reference("Prediction"), reference("Refused")] },
            } },
        },
        "Problem": problem(&hash),
    })
}

/// What is said of one entity.
fn prediction(key: &str, hash: &Value, date: &Value, values: &Value) -> Value {
    let probability = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    json!({
        "type": "object",
        "description": "Of several classes `prediction` is a class, `probability` that of it, and `probabilities` \
                        those of all; of a number there is a `prediction` alone.",
        "required": [key, "prediction", "model", "run", "as_of", "features_used", "imputed"],
        "properties": {
            key: reference("Key"),
            "prediction": { "oneOf": [{ "type": "number" }, { "type": "string" }] },
            "probability": probability,
            "probabilities": { "type": "object", "additionalProperties": probability },
            "model": { "type": "string" },
            "run": hash,
            "as_of": date,
            "features_used": values,
            "derived": values,
            "imputed": { "type": "array", "items": { "type": "string" } },
            "explanation": reference("Explanation"),
        },
    })
}

/// A prediction taken apart.
fn explanation() -> Value {
    json!({
        "type": "object",
        "description": "Base and contributions add up to the prediction on the scale; there with `explain=true`.",
        "required": ["scale", "base", "contributions"],
        "properties": {
            "scale": { "enum": ["probability", "log_odds", "number"] },
            "base": { "type": "number" },
            "contributions": { "type": "object", "additionalProperties": { "type": "number" } },
        },
    })
}

/// That an earlier pair answers.
fn degraded() -> Value {
    json!({
        "type": "object",
        "description": "There while the pair that is pinned and materialized now cannot be loaded.",
        "required": ["reason", "since"],
        "properties": {
            "reason": { "type": "string" },
            "since": { "type": "string", "format": "date-time" },
        },
    })
}

/// What stands beside the run in production.
fn staged(hash: &Value) -> Value {
    json!({
        "type": "object",
        "description": "There while `[serve]` declares `shadow` or `canary`; with a reason while production answers alone.",
        "required": ["shadow", "canary"],
        "properties": {
            "shadow": { "type": "boolean" },
            "canary": { "type": "number", "minimum": 0, "maximum": 1 },
            "run": hash,
            "reason": { "type": "string" },
            "since": { "type": "string", "format": "date-time" },
        },
    })
}

/// How fresh the values of one table are.
fn freshness() -> Value {
    json!({
        "type": "object",
        "required": ["entities", "newest_row", "age_seconds"],
        "properties": {
            "entities": { "type": "integer" },
            "newest_row": { "type": ["string", "null"], "format": "date-time" },
            "age_seconds": { "type": ["integer", "null"] },
        },
    })
}

/// RFC 9457, with what is ours.
fn problem(hash: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "missing_features": { "type": "array", "items": { "type": "string" } },
            "run": hash,
        },
    })
}
