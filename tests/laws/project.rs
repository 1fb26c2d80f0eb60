//! A project as a tree of values, before it is written as TOML.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use streamflow::definition::{DefinitionFiles, Definitions};

use crate::written::Hand;

/// The one experiment that is looked at, under a name that DVC forgets.
pub const EXPERIMENT: &str = "size";

#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub streamflow: Json,
    pub tables: BTreeMap<&'static str, Json>,
    pub experiment: Json,
}

impl Project {
    /// The files as one hand writes them.
    pub fn files(&self, mut hand: Hand) -> DefinitionFiles {
        let mut files = BTreeMap::from([
            ("streamflow.toml".to_string(), hand.write(&self.streamflow)),
            (
                format!("experiments/{EXPERIMENT}.toml"),
                hand.write(&self.experiment),
            ),
        ]);
        for (name, table) in &self.tables {
            files.insert(format!("features/{name}.toml"), hand.write(table));
        }
        DefinitionFiles(files)
    }

    /// None when it is refused.
    pub fn parse(&self) -> Option<Definitions> {
        Definitions::parse(&self.files(Hand::plain())).ok()
    }
}

/// Projects to start from: each kind of label, split and model once.
pub fn bases() -> Vec<Project> {
    let features = [
        "usage.*",
        "size.size",
        "size.nfiles",
        "events.watched",
        "events.week",
        "events.share",
        "visits.*",
    ];
    // With a lead the labels do not bring what a request would.
    let before = &features[..6];
    let learnt = [
        (
            before,
            json!({ "table": "labels", "column": "outcome", "positive": "left", "lead": 1 }),
            json!({ "method": "shuffle", "stratify": true }),
            json!({ "kind": "random_forest" }),
        ),
        (
            &features,
            json!({ "table": "labels", "column": "left" }),
            json!({ "method": "hash", "test": 0.3 }),
            json!({ "kind": "logistic_regression" }),
        ),
        (
            &features,
            json!({ "table": "labels", "column": "count" }),
            json!({ "method": "time" }),
            json!({ "kind": "prior" }),
        ),
        (
            &features,
            json!({ "table": "labels", "column": "left" }),
            json!({ "method": "hash" }),
            json!({ "kind": "gradient_boosting", "patience": 5 }),
        ),
        (
            &features,
            json!({ "table": "labels", "column": "outcome", "task": "multiclass" }),
            json!({ "method": "hash" }),
            json!({ "kind": "prior" }),
        ),
        (
            &features,
            json!({ "table": "labels", "column": "count", "task": "regression", "weight": "hour" }),
            json!({ "method": "time" }),
            json!({ "kind": "prior" }),
        ),
    ];
    learnt
        .into_iter()
        .map(|(features, label, split, model)| (label.get("task").is_none(), features, label, split, model))
        .map(|(decides, features, label, split, model)| {
            let mut experiment = json!({
                "description": "One of six",
                "registers": "leaving",
                "as_of": ["2024-01-31", "2024-02-29"],
                "label": label,
                "dataset": { "features": features },
                "split": split,
                "preprocess": {
                    "missing_numeric": "median",
                    "missing_categorical": "category",
                    "columns": {
                        "usage": { "hours": { "log": true }, "active": { "rare": 0.1 }, "plan": { "categorical": "ordinal", "order": ["basic", "plus"] } },
                        "unused": { "more": { "bins": 4 } },
                    },
                },
                "model": model,
                "evaluate": if decides { json!({ "threshold": 0.5 }) } else { json!({}) },
                "allow": { "label_column": ["size.size"], "label_function": ["size.size"], "entity_overlap": false },
                "promote": { "production": ["clean"] },
            });
            if decides {
                experiment["cross_validation"] = json!({ "folds": 3 });
            }
            // One that leaves values open.
            if experiment["model"]["kind"] == "random_forest" && decides {
                experiment["search"] = json!({
                    "method": "halving",
                    "candidates": 3,
                    "resource": { "key": "model.trees", "from": 10, "to": 100 },
                    "model": { "min_samples_leaf": [1, 2, 5] },
                    "preprocess": { "numeric": ["passthrough", "standardize"] },
                });
            }
            // One with features of two tables; what one of them reads is not encoded by itself.
            if experiment["model"]["kind"] == "prior" && decides {
                experiment["preprocess"]["derived"] = json!({
                    "each": "usage.hours / NULLIF(size.size, 0)",
                    "word": "CASE WHEN size.size > 3 THEN usage.plan END",
                    "term": "CASE WHEN size.size > 5 THEN usage.plan ELSE 'basic' END",
                });
                experiment["preprocess"]["columns"]["each"] = json!({ "log": true });
                experiment["preprocess"]["columns"]["word"] = json!({ "rare": 0.1 });
                experiment["preprocess"]["columns"]["term"] =
                    json!({ "categorical": "ordinal", "order": ["basic", "plus"] });
                experiment["preprocess"]["columns"]["size"] = json!({ "size": { "drop": true } });
            }
            // One whose threshold is picked by a rule.
            if experiment["model"]["kind"] == "gradient_boosting" {
                experiment["evaluate"] = json!({});
                experiment["calibrate"] = json!({ "method": "isotonic", "threshold": "f1" });
            }
            Project {
                streamflow: streamflow(),
                tables: tables(),
                experiment,
            }
        })
        .collect()
}

fn streamflow() -> Json {
    json!({
        "project": { "name": "laws" },
        "store": { "path": ".streamflow" },
        "entities": {
            "user": { "key": "user_id" },
            "member": { "key": "user_id" },
        },
        "flow": { "monthly": { "steps": [{ "do": "ingest" }] } },
    })
}

fn tables() -> BTreeMap<&'static str, Json> {
    let source = |name: &str| json!({ "path": format!("data/{{as_of}}/{name}.csv") });
    let columns = |others: Json| {
        let mut columns = json!({ "user_id": "string", "account_id": "string" });
        let others = others.as_object().unwrap().clone();
        columns.as_object_mut().unwrap().extend(others);
        columns
    };
    let usage = json!({
        "entity": "user",
        "description": "What a customer watches.",
        "source": source("usage"),
        "columns": columns(json!({
            "hours": "f64", "devices": "i64", "plan": "string", "active": "bool", "joined": "date",
        })),
        "checks": [{ "column": "hours", "between": [0.0, 744.0] }],
        "features": {
            "ttl": "45d",
            "columns": ["hours", "devices", "plan", "active"],
            "derived": { "nfiles": "devices + 1", "per_device": "hours / NULLIF(devices, 0)" },
        },
    });
    let size = json!({
        "entity": "user",
        "source": source("size"),
        "columns": columns(json!({ "size": "f64", "nfiles": "i64", "other": "f64" })),
        "features": { "columns": ["size", "nfiles"] },
    });
    let mut events = source("events");
    events["timestamp"] = json!("seen_at");
    events["created"] = json!("known_at");
    let events = json!({
        "entity": "user",
        "source": events,
        "columns": columns(json!({
            "seen_at": "datetime", "known_at": "datetime", "written_at": "datetime", "watched": "f64",
        })),
        "features": {
            "ttl": "12h",
            "columns": ["watched"],
            "derived": { "share": "week / NULLIF(month, 0)" },
            "windowed": {
                "week": { "sql": "SUM(watched)", "window": "7d" },
                "month": { "sql": "SUM(watched) FILTER (WHERE watched > 0)", "window": "30d" },
            },
        },
    });
    let visits = json!({
        "entity": "user",
        "source": source("visits"),
        "columns": columns(json!({ "pages": "i64" })),
        "features": {
            "columns": ["pages"],
            "derived": { "pace": "pages / NULLIF(minute, 0)" },
            "request": { "minute": "i64", "hour": "i64", "day": "i64" },
        },
    });
    let labels = |name: &str| {
        json!({
            "entity": "user",
            "source": source(name),
            "columns": columns(json!({
                "left": "bool", "stayed": "bool", "count": "i64", "outcome": "string", "reason": "string",
                "minute": "i64", "hour": "i64", "day": "i64",
            })),
        })
    };
    let unused = json!({
        "entity": "user",
        "source": source("unused"),
        "columns": columns(json!({ "note": "string", "hours": "f64" })),
        "features": { "ttl": "3d", "columns": ["*"], "derived": { "more": "hours + 1" } },
    });
    BTreeMap::from([
        ("usage", usage),
        ("size", size),
        ("events", events),
        ("labels", labels("labels")),
        ("others", labels("others")),
        ("unused", unused),
        ("visits", visits),
    ])
}
