//! `experiments/NAME.toml`.

use serde_json::{Map, Value, json};

use super::{column_name, date, name, preprocess, section, text, texts, words};
use crate::definition::estimator::{ESTIMATORS, Estimator, Parameter, Range};
use crate::definition::{
    CalibrationMethod, CrossValidation, FoldMethod, METRICS, Scale, Search, SearchMethod, Split,
    SplitMethod, Task,
};

pub(super) fn schema() -> Value {
    let dates = json!({
        "type": "array",
        "items": { "type": "string", "format": "date" },
        "minItems": 1,
        "uniqueItems": true,
    });
    let as_of = json!({
        "description": "The snapshot to learn from, or several: the rows of all of them.",
        "oneOf": [date("A date."), dates],
    });
    let properties = json!({
        "description": { "type": "string", "description": "What the experiment is for." },
        "registers": name("The registered model its runs compete for."),
        "as_of": as_of,
        "label": label(),
        "dataset": dataset(),
        "split": split(),
        "preprocess": preprocess::schema(),
        "model": model(),
        "evaluate": evaluate(),
        "cross_validation": cross_validation(),
        "calibrate": calibrate(),
        "search": search(),
        "allow": allow(),
        "promote": promote(),
    });
    let required = ["as_of", "label", "dataset", "model"];
    section("What to learn from what.", &required, &properties)
}

fn label() -> Value {
    let lead = json!({
        "type": "integer",
        "description": "0: the label of the same date; 1: of the next date on file.",
        "minimum": 0,
        "maximum": u32::MAX,
        "default": 0,
    });
    let properties = json!({
        "table": name("The table that has the label."),
        "task": words(
            "binary: yes or no; multiclass: one of several classes; regression: a number.",
            Task::WORDS,
            Task::Binary.as_str(),
        ),
        "column": column_name(
            "binary: a bool, an i64 of 0 and 1, or a string with `positive`; multiclass: a string or \
             an i64; regression: an f64 or an i64.",
        ),
        "lead": lead,
        "positive": text("binary: the text that counts as true, where the label is a string."),
        "weight": column_name(
            "A number above 0 of the same row: how much it counts when a model is fitted.",
        ),
    });
    section(
        "What is to be predicted.",
        &["table", "column"],
        &properties,
    )
}

fn dataset() -> Value {
    let features = "TABLE.FEATURE, or TABLE.* for all of a table. Order does not matter.";
    let mut features = texts(features);
    features["items"]["pattern"] = json!("^[A-Za-z0-9][A-Za-z0-9_-]*\\..+$");
    features["minItems"] = json!(1);
    section(
        "What is learned from.",
        &["features"],
        &json!({ "features": features }),
    )
}

fn split() -> Value {
    let methods = "hash: an entity is a test row by the hash of seed and key; shuffle: by a seeded \
                   shuffle; time: the newest whole dates.";
    let test = json!({
        "type": "number",
        "description": "Share of test rows.",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.25,
    });
    let stratify = json!({
        "type": "boolean",
        "description": "With shuffle only: keep the label's share on both sides.",
        "default": false,
    });
    let properties = json!({
        "method": words(methods, SplitMethod::WORDS, SplitMethod::Hash.as_str()),
        "test": test,
        "seed": seed(),
        "stratify": stratify,
    });
    section("Which rows test the model.", &[], &properties)
}

fn seed() -> Value {
    let about = "Where the pseudo-random numbers start.";
    json!({ "type": "integer", "description": about, "minimum": 0, "default": Split::DEFAULT_SEED })
}

/// One alternative for each estimator, so that editors offer the parameters of the chosen kind.
fn model() -> Value {
    let kinds: Vec<_> = ESTIMATORS.iter().map(estimator).collect();
    json!({ "description": "What learns.", "oneOf": kinds })
}

fn estimator(estimator: &Estimator) -> Value {
    let kind = json!({ "const": estimator.name, "description": estimator.about });
    let mut properties = Map::from_iter([("kind".to_string(), kind)]);
    for each in estimator.parameters {
        properties.insert(each.name.to_string(), parameter(each));
    }
    section(estimator.about, &["kind"], &Value::Object(properties))
}

fn parameter(parameter: &Parameter) -> Value {
    let mut schema = match parameter.range {
        Range::Integer { low, high } => {
            json!({ "type": "integer", "minimum": low, "maximum": high })
        }
        Range::Float { low, high } => json!({ "type": "number", "minimum": low, "maximum": high }),
        Range::Word(words) => json!({ "enum": words }),
        Range::WordOrCount(words) => {
            json!({ "oneOf": [{ "enum": words }, { "type": "integer", "minimum": 1 }] })
        }
    };
    schema["description"] = json!(parameter.about);
    schema["default"] = json!(parameter.default.value());
    schema
}

fn evaluate() -> Value {
    let threshold = json!({
        "type": "number",
        "description": "A score of at least this is predicted true.",
        "minimum": 0,
        "maximum": 1,
        "default": 0.5,
    });
    section(
        "How the model is judged.",
        &[],
        &json!({ "threshold": threshold }),
    )
}

fn cross_validation() -> Value {
    let methods = "grouped: an entity's fold is decided by the hash of seed and key; stratified: entities \
                   dealt out class by class; time: each part of the dates by a model of all earlier ones.";
    let folds = json!({
        "type": "integer",
        "description": "How many parts of the train rows are scored.",
        "minimum": 2,
        "maximum": CrossValidation::MAX_FOLDS,
        "default": CrossValidation::DEFAULT_FOLDS,
    });
    let properties = json!({
        "method": words(methods, FoldMethod::WORDS, FoldMethod::Grouped.as_str()),
        "folds": folds,
        "seed": seed(),
    });
    section(
        "The train rows in parts, each scored by a model that has learnt from others.",
        &[],
        &properties,
    )
}

fn calibrate() -> Value {
    let methods: Vec<_> = CalibrationMethod::WORDS
        .iter()
        .map(|(word, _)| *word)
        .collect();
    let method = json!({
        "enum": methods,
        "description": "How scores become probabilities: by a sigmoid, or by whatever never falls.",
    });
    let share = |about: &str| json!({ "type": "number", "description": about, "exclusiveMinimum": 0, "maximum": 1 });
    let cost = |about: &str| json!({ "type": "number", "description": about, "minimum": 0 });
    let rule = |properties: Value| {
        let required: Vec<&String> = properties
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .collect();
        let required: Vec<&str> = required.into_iter().map(String::as_str).collect();
        section(
            "From which score on a row is positive.",
            &required,
            &properties,
        )
    };
    let threshold = json!({
        "description": "Two classes: from which score on a row is positive, by a rule.",
        "oneOf": [
            { "const": "f1", "description": "The largest F1." },
            rule(json!({ "precision": share("The largest recall at this precision or more.") })),
            rule(json!({ "recall": share("The largest precision at this recall or more.") })),
            rule(json!({
                "false_positive": cost("What a row costs that is wrongly said to be positive."),
                "false_negative": cost("What a row costs that is wrongly said not to be."),
            })),
        ],
    });
    section(
        "What is learnt from the scores of the folds; takes a section `[cross_validation]`.",
        &[],
        &json!({ "method": method, "threshold": threshold }),
    )
}

fn search() -> Value {
    let methods = "grid: every combination; random: drawn by a seed; halving: all with little of a resource, \
                   the better part of them with more of it, round by round.";
    let of_folds = |name: &&str| CrossValidation::metric_of(name).is_some();
    let metrics: Vec<&str> = METRICS.into_iter().filter(of_folds).collect();
    let metric = json!({
        "enum": metrics,
        "description": "A mean over folds: what decides. Without it the one that says most of the task, such as cv_auc.",
    });
    let candidates = json!({
        "type": "integer",
        "description": "random and halving: how many candidates are drawn.",
        "minimum": 2,
        "maximum": Search::MAX_CANDIDATES,
    });
    let factor = json!({
        "type": "integer",
        "description": "halving: one candidate in so many stays, and has so many times as much of the resource.",
        "minimum": 2,
        "maximum": Search::MAX_FACTOR,
        "default": Search::DEFAULT_FACTOR,
    });
    let of_resource =
        |about: &str| json!({ "type": "integer", "description": about, "minimum": 1 });
    let resource = section(
        "halving: what grows from round to round.",
        &["key", "from", "to"],
        &json!({
            "key": { "type": "string", "description": "An integer of the model.", "pattern": "^model[.]" },
            "from": of_resource("What the first round has."),
            "to": of_resource("What the last round has."),
        }),
    );
    let properties = json!({
        "method": words(methods, SearchMethod::WORDS, SearchMethod::Grid.as_str()),
        "metric": metric,
        "candidates": candidates,
        "seed": seed(),
        "factor": factor,
        "resource": resource,
        "model": tried("Values of [model] that are tried."),
        "preprocess": tried("Values of [preprocess] that are tried."),
    });
    section(
        "Values that are tried, and how the best are found; takes a section `[cross_validation]`.",
        &[],
        &properties,
    )
}

fn tried(about: &str) -> Value {
    let number = |about: &str| json!({ "type": "number", "description": about });
    let range = section(
        "random and halving: a number between two.",
        &["from", "to"],
        &json!({
            "from": number("The least value."),
            "to": number("The greatest value."),
            "scale": words(
                "linear: each value as likely as any other; log: each order of magnitude.",
                Scale::WORDS,
                Scale::Linear.as_str(),
            ),
        }),
    );
    let values = json!({
        "type": "array",
        "description": "Values, in the order in which equal ones are preferred.",
        "items": { "type": ["string", "number", "boolean"] },
        "minItems": 1,
        "uniqueItems": true,
    });
    json!({
        "type": "object",
        "description": about,
        "additionalProperties": { "oneOf": [values, range] },
    })
}

fn allow() -> Value {
    let features = |about: &str, pattern: &str| {
        let mut features = texts(about);
        features["items"]["pattern"] = json!(pattern);
        features
    };
    let of_table = r"^[A-Za-z0-9][A-Za-z0-9_-]*\..+$";
    let of_any = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\..+)?$";
    let column = "Features that may be computed from the label's column at the label's date.";
    let function = "Features that may be a one-to-one function of the label.";
    let overlap = json!({
        "type": "boolean",
        "description": "With shuffle: an entity may stand on both sides of the split.",
        "default": false,
    });
    let properties = json!({
        "label_column": features(column, of_table),
        "label_function": features(function, of_any),
        "entity_overlap": overlap,
    });
    section(
        "What the leakage guards let pass; no part of a run.",
        &[],
        &properties,
    )
}

fn promote() -> Value {
    let metric = format!("({})", METRICS.join("|"));
    let number = r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?";
    let pinned = format!(r"[A-Za-z]+\.{metric}(\s*[-+]\s*{number})?");
    let shadow = format!(r"shadow_(agreement|compared)\s*(>=|>)\s*{number}");
    let fact = format!(r"reproduced|clean|no_leakage|drift\s*(<=|<)\s*{number}|{shadow}");
    let gate = format!(r"^\s*({fact}|{metric}\s*(>=|>|<=|<)\s*({number}|{pinned}))\s*$");
    let gates = |about: &str| {
        let mut gates = texts(about);
        gates["items"]["pattern"] = json!(gate);
        gates["items"]["examples"] = json!([
            "auc >= production.auc - 0.01",
            "reproduced",
            "clean",
            "no_leakage",
            "drift < 0.3",
            "shadow_agreement >= 0.95"
        ]);
        gates
    };
    let properties = json!({
        "production": gates("All must hold to pin a run to production."),
        "staging": gates("All must hold to pin a run to staging."),
        "approvals": {
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 0,
            "description": "How many different people must approve a run before it is pinned to production.",
        },
    });
    section("Gates, read from the working tree.", &[], &properties)
}
