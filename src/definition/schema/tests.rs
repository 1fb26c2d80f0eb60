use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{SchemaKind, schema};
use crate::definition::document::join;
use crate::definition::estimator::ESTIMATORS;
use crate::definition::parse::asked_by_the_parser;

type Keys = BTreeMap<String, BTreeSet<String>>;

/// The keys of every section a schema knows, by path; names people give count as `*`.
fn keys(schema: &Value, path: &str, found: &mut Keys) {
    if let Some(properties) = schema["properties"].as_object() {
        let known = properties.keys().cloned();
        found.entry(path.to_string()).or_default().extend(known);
        for (key, value) in properties {
            keys(value, &join(path, key), found);
        }
    }
    for inner in [&schema["additionalProperties"], &schema["items"]] {
        if inner.is_object() {
            keys(inner, &join(path, "*"), found);
        }
    }
    for alternative in schema["oneOf"].as_array().into_iter().flatten() {
        keys(alternative, path, found);
    }
}

fn keys_of(kind: SchemaKind) -> Keys {
    let mut found = Keys::new();
    keys(&schema(kind), "", &mut found);
    found
}

#[test]
fn schema_and_parser_know_the_same_keys() {
    for kind in SchemaKind::ALL {
        assert_eq!(keys_of(kind), asked_by_the_parser(kind), "{kind:?}");
    }
}

#[test]
fn every_key_is_described() {
    fn check(schema: &Value, path: &str) {
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            let description = value["description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.'), "{path}: {description}");
            check(value, &path);
            if value["items"].is_object() {
                check(&value["items"], &path);
            }
        }
    }
    for kind in SchemaKind::ALL {
        check(&schema(kind), kind.as_str());
    }
}

#[test]
fn a_model_is_one_of_the_estimators() {
    let schema = schema(SchemaKind::Experiment);
    let kinds = schema["properties"]["model"]["oneOf"].as_array().unwrap();
    let names: Vec<_> = kinds
        .iter()
        .map(|kind| kind["properties"]["kind"]["const"].as_str().unwrap())
        .collect();
    let expected: Vec<_> = ESTIMATORS.iter().map(|estimator| estimator.name).collect();
    assert_eq!(names, expected);
    let forest = names.iter().position(|name| *name == "random_forest");
    let trees = &kinds[forest.unwrap()]["properties"]["trees"];
    assert_eq!(
        (&trees["default"], &trees["maximum"]),
        (&100.into(), &100_000.into())
    );
}
