//! `streamflow.toml`.

use serde_json::{Value, json};

use super::{age, column_name, name, named, section, text, with_default};
use crate::definition::parse::ACTIONS;

pub(super) fn schema() -> Value {
    let properties = json!({
        "project": section("The project.", &["name"], &json!({
            "name": text("What the project is called."),
        })),
        "store": section("Where results are kept. Never committed, always rebuildable.", &[], &json!({
            "path": with_default(
                text("Objects, catalog and online store, relative to the project root."),
                ".streamflow",
            ),
        })),
        "entities": entities(),
        "serve": serve(),
        "flow": flows(),
    });
    section(
        "A streamflow project.",
        &["project", "entities"],
        &properties,
    )
}

fn entities() -> Value {
    let key = "The column that identifies one, in every table of the entity: string or i64.";
    let entity = section(
        "What rows are about.",
        &["key"],
        &json!({ "key": column_name(key) }),
    );
    let names = name("The entity's name, such as `user`.");
    let mut entities = named("What rows are about.", &names, &entity);
    entities["minProperties"] = json!(1);
    entities
}

fn serve() -> Value {
    section(
        "The HTTP server.",
        &[],
        &json!({
            "address": with_default(text("HOST:PORT to listen at."), "127.0.0.1:8000"),
            "model": name("The registered model /predict answers with; optional while there is one."),
            "max_age": age(
                "Values older than this by the clock make /ready and /predict answer 503, such as \
                 `45d`. Not checked by default.",
            ),
            "token_file": text(
                "A file with the token that callers must send, relative to the project root and not \
                 committed. Without one the address must be loopback.",
            ),
            "log_predictions": {
                "type": "boolean",
                "description": "Whether each prediction that a client is told is logged, by day, below the \
                                store.",
                "default": false,
            },
            "shadow": {
                "enum": ["staging"],
                "description": "The staged run scores each request too, beside the reply; what differs is \
                                recorded. Not done by default.",
            },
            "canary": {
                "type": "number",
                "description": "The share of entities that the staged run answers for, the same ones always.",
                "minimum": 0,
                "maximum": 1,
                "default": 0.0,
            },
        }),
    )
}

fn flows() -> Value {
    let condition = section(
        "What an earlier step must have come to; otherwise this one is skipped.",
        &["step", "is"],
        &json!({
            "step": name("The name of an earlier step."),
            "is": {
                "enum": [
                    "new", "unchanged", "drifted", "steady", "executed", "cached", "identical",
                    "promoted", "refused", "skipped",
                ],
                "description": "What it must have come to.",
            },
        }),
    );
    let step = section(
        "One step.",
        &["do"],
        &json!({
            "do": { "enum": ACTIONS, "description": "What the step does." },
            "name": name("Its name, where it is not the word after `do`."),
            "experiment": name("run, replay, promote, drift: the experiment."),
            "date": {
                "enum": ["flow", "previous"],
                "default": "flow",
                "description": "run: at the flow's date, or at the date on file before it.",
            },
            "reference": {
                "description": "drift: `previous`, `production` or a date.",
                "default": "previous",
            },
            "to": {
                "enum": ["production", "staging"],
                "default": "production",
                "description": "promote: the stage.",
            },
            "reason": text("promote: why; `{as_of}` stands for the date."),
            "when": condition,
            "retries": {
                "type": "integer",
                "minimum": 0,
                "maximum": 100,
                "default": 0,
                "description": "How often it is tried again after a failure.",
            },
            "backoff": with_default(
                age("The wait before the first further try; doubled before each one after it."),
                "1s",
            ),
            "timeout": age("An attempt that takes longer is ended and has failed. None by default."),
        }),
    );
    let steps = json!({
        "type": "array",
        "minItems": 1,
        "items": step,
        "description": "What is done, in order.",
    });
    let flow = section(
        "What is done for a date, in order, by `streamflow flow NAME --as-of DATE`.",
        &["steps"],
        &json!({ "description": text("What the flow is for."), "steps": steps }),
    );
    let names = name("The flow's name, such as `monthly`.");
    named("What is done for a date, in order.", &names, &flow)
}
