//! Every key that can be written into a definition file, as the JSON Schemas know them, each with a
//! verdict: whether its value counts.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use streamflow::definition::schema::{SchemaKind, schema};

use crate::project::Project;

/// A key of a file. `*` stands for a name people give.
#[derive(Debug, Clone)]
pub struct Key {
    pub file: SchemaKind,
    pub path: Vec<String>,
    /// What may stand there.
    pub schema: Json,
    /// The `model.kind` that has it.
    pub kind: Option<String>,
}

impl Key {
    /// `experiment model.trees`
    pub fn name(&self) -> String {
        format!("{} {}", self.file.as_str(), self.path.join("."))
    }
}

/// Keys whose value decides a result.
pub const COUNTS: &[&str] = &[
    "streamflow entities.*.key",
    "feature columns.*",
    "feature source.timestamp",
    "feature source.created",
    "feature features.ttl",
    "feature features.columns",
    "feature features.derived.*",
    "feature features.windowed.*.sql",
    "feature features.windowed.*.window",
    "feature features.request.*",
    "experiment as_of",
    "experiment label.table",
    "experiment label.column",
    "experiment label.lead",
    "experiment label.task",
    "experiment label.positive",
    "experiment label.weight",
    "experiment dataset.features",
    "experiment split.method",
    "experiment split.test",
    "experiment split.seed",
    "experiment split.stratify",
    "experiment preprocess.categorical",
    "experiment preprocess.columns.*.bins",
    "experiment preprocess.columns.*.categorical",
    "experiment preprocess.columns.*.clip",
    "experiment preprocess.columns.*.log",
    "experiment preprocess.columns.*.missing_categorical",
    "experiment preprocess.columns.*.missing_numeric",
    "experiment preprocess.columns.*.numeric",
    "experiment preprocess.columns.*.order",
    "experiment preprocess.columns.*.rare",
    "experiment preprocess.columns.*.*.bins",
    "experiment preprocess.columns.*.*.categorical",
    "experiment preprocess.columns.*.*.clip",
    "experiment preprocess.columns.*.*.drop",
    "experiment preprocess.columns.*.*.log",
    "experiment preprocess.columns.*.*.missing_categorical",
    "experiment preprocess.columns.*.*.missing_numeric",
    "experiment preprocess.columns.*.*.numeric",
    "experiment preprocess.columns.*.*.order",
    "experiment preprocess.columns.*.*.rare",
    "experiment preprocess.derived.*",
    "experiment preprocess.numeric",
    "experiment preprocess.rare",
    "experiment preprocess.missing_numeric",
    "experiment preprocess.missing_categorical",
    "experiment model.kind",
    "experiment model.alpha",
    "experiment model.c",
    "experiment model.gamma",
    "experiment model.kernel",
    "experiment model.class_weight",
    "experiment model.l1",
    "experiment model.l1_ratio",
    "experiment model.column_share",
    "experiment model.learning_rate",
    "experiment model.max_bins",
    "experiment model.max_leaves",
    "experiment model.min_gain",
    "experiment model.min_hessian",
    "experiment model.patience",
    "experiment model.row_share",
    "experiment model.validation_share",
    "experiment model.l2",
    "experiment model.neighbors",
    "experiment model.smoothing",
    "experiment model.weights",
    "experiment model.max_iterations",
    "experiment model.tolerance",
    "experiment model.max_depth",
    "experiment model.max_features",
    "experiment model.min_samples_leaf",
    "experiment model.min_samples_split",
    "experiment model.seed",
    "experiment model.trees",
    "experiment evaluate.threshold",
    "experiment cross_validation.method",
    "experiment cross_validation.folds",
    "experiment cross_validation.seed",
    "experiment calibrate.method",
    "experiment calibrate.threshold",
];

/// Keys whose value decides no result. Where and how a table is read, and what its checks take out,
/// shows in the data.
pub const COUNTS_NOT: &[&str] = &[
    "streamflow project.name",
    "streamflow store.path",
    "streamflow serve.address",
    "streamflow serve.model",
    "streamflow serve.max_age",
    "streamflow serve.token_file",
    "streamflow serve.log_predictions",
    "streamflow serve.shadow",
    "streamflow serve.canary",
    "streamflow flow.*.description",
    "streamflow flow.*.steps",
    "feature entity",
    "feature description",
    "feature source.path",
    "feature source.postgres.query",
    "feature source.postgres.url_env",
    "feature source.mode",
    "feature source.delimiter",
    "feature source.decimal",
    "feature source.encoding",
    "feature source.null",
    "feature source.true",
    "feature source.false",
    "feature checks",
    "experiment description",
    "experiment registers",
    "experiment allow.label_column",
    "experiment allow.label_function",
    "experiment allow.entity_overlap",
    "experiment promote.production",
    "experiment promote.staging",
    "experiment promote.approvals",
    // What a search tries becomes a value of a run when it is chosen.
    "experiment search.candidates",
    "experiment search.factor",
    "experiment search.method",
    "experiment search.metric",
    "experiment search.model.*",
    "experiment search.preprocess.*",
    "experiment search.resource.from",
    "experiment search.resource.key",
    "experiment search.resource.to",
    "experiment search.seed",
];

/// Every key of every file.
pub fn all() -> Vec<Key> {
    let mut keys = Vec::new();
    for file in SchemaKind::ALL {
        collect(
            &Key {
                file,
                path: Vec::new(),
                schema: schema(file),
                kind: None,
            },
            &mut keys,
        );
    }
    keys
}

fn collect(at: &Key, keys: &mut Vec<Key>) {
    let below = |name: &str, schema: &Json| Key {
        path: at.path.iter().cloned().chain([name.to_string()]).collect(),
        schema: schema.clone(),
        ..at.clone()
    };
    if let Some(properties) = at.schema["properties"].as_object() {
        for (name, schema) in properties {
            collect(&below(name, schema), keys);
        }
    } else if at.schema["additionalProperties"].is_object() {
        collect(&below("*", &at.schema["additionalProperties"]), keys);
    } else if let Some(sections) = sections(&at.schema) {
        for schema in sections.iter().cloned() {
            let form = Key {
                schema,
                ..at.clone()
            };
            collect(&form, keys);
        }
    } else if let Some(kinds) = kinds(&at.schema) {
        for (kind, schema) in kinds {
            let alternative = Key {
                schema,
                kind: Some(kind),
                ..at.clone()
            };
            collect(&alternative, keys);
        }
    } else {
        keys.push(at.clone());
    }
}

/// The forms of a section that has several, and no `kind` to tell them apart.
fn sections(schema: &Json) -> Option<&Vec<Json>> {
    let forms = schema["oneOf"].as_array()?;
    let is_section = |form: &Json| form["type"] == "object" && form["properties"]["kind"].is_null();
    forms.iter().all(is_section).then_some(forms)
}

/// The alternatives of a section that has a `kind`.
fn kinds(schema: &Json) -> Option<Vec<(String, Json)>> {
    let alternatives = schema["oneOf"].as_array()?;
    alternatives
        .iter()
        .map(|schema| {
            let kind = schema["properties"]["kind"]["const"].as_str()?;
            Some((kind.to_string(), schema.clone()))
        })
        .collect()
}

/// One edit: another value for one key, or none.
#[derive(Debug, Clone)]
pub struct Edit {
    pub key: Key,
    pub value: Option<Json>,
    /// Which table, and which of the names people gave, are meant.
    pub choice: usize,
}

impl Edit {
    /// The project after the edit; none where it has no such place.
    pub fn of(&self, project: &Project) -> Option<Project> {
        let mut project = project.clone();
        let count = project.tables.len();
        let file = match self.key.file {
            SchemaKind::Streamflow => &mut project.streamflow,
            SchemaKind::Experiment => &mut project.experiment,
            SchemaKind::Feature => project.tables.values_mut().nth(self.choice % count)?,
        };
        // A parameter needs its kind, and a kind no parameters of another.
        let kind = self.key.kind.as_ref();
        if kind.is_some_and(|kind| file["model"]["kind"] != **kind) {
            file["model"] = serde_json::json!({ "kind": kind });
        }
        let (last, parents) = self.key.path.split_last()?;
        if self.key.path[0] == "source" {
            choose_source(&mut file["source"], parents.len() == 2, last);
        }
        let mut at = file;
        for name in parents {
            let name = self.named(at, name)?;
            let entries = at.as_object_mut()?;
            at = entries.entry(name).or_insert_with(|| serde_json::json!({}));
        }
        if parents == ["search"] && last == "method" {
            leave_to_method(at, self.value.as_ref());
        }
        let last = self.named(at, last)?;
        let entries = at.as_object_mut()?;
        match &self.value {
            Some(value) => entries.insert(last, value.clone()),
            None => entries.remove(&last),
        };
        Some(project)
    }

    fn named(&self, section: &Json, name: &str) -> Option<String> {
        if name != "*" {
            return Some(name.to_string());
        }
        let names: Vec<_> = section.as_object()?.keys().collect();
        let name = names.get((self.choice / 7) % names.len().max(1))?;
        Some((*name).clone())
    }
}

/// What only another method of searching takes leaves with it.
fn leave_to_method(search: &mut Json, method: Option<&Json>) {
    let Some(entries) = search.as_object_mut() else {
        return;
    };
    let keeps = |key: &str| match (method.and_then(Json::as_str), key) {
        (Some("halving"), _) => true,
        (_, "resource" | "factor") => false,
        (Some("random"), _) => true,
        (_, "candidates" | "seed") => false,
        _ => true,
    };
    entries.retain(|key, _| keeps(key));
}

/// Rows come from a file or from a query: the keys of the one leave with it.
fn choose_source(source: &mut Json, query: bool, key: &str) {
    let Some(entries) = source.as_object_mut() else {
        return;
    };
    if query {
        entries
            .retain(|key, _| ["postgres", "mode", "timestamp", "created"].contains(&key.as_str()));
        let default = || serde_json::json!({ "url_env": "A", "query": "SELECT 1" });
        entries.entry("postgres").or_insert_with(default);
    } else if !["mode", "timestamp", "created"].contains(&key) {
        entries.remove("postgres");
        let default = || "data/{as_of}/a.csv".into();
        entries.entry("path").or_insert_with(default);
    }
}

/// Who adds a key says here whether it counts, and to `values` what may stand there.
#[test]
fn every_key_has_a_verdict() {
    let known: BTreeSet<String> = all().iter().map(Key::name).collect();
    let verdicts = COUNTS.iter().chain(COUNTS_NOT).map(ToString::to_string);
    let verdicts: Vec<String> = verdicts.collect();
    let judged: BTreeSet<String> = verdicts.iter().cloned().collect();
    assert_eq!(judged.len(), verdicts.len(), "a key has two verdicts");
    let without: Vec<_> = known.difference(&judged).collect();
    let gone: Vec<_> = judged.difference(&known).collect();
    assert!(
        without.is_empty() && gone.is_empty(),
        "keys without a verdict: {without:?}; verdicts without a key: {gone:?}"
    );
}
