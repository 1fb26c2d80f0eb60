//! `streamflow.toml`.

use serde_json::{Value, json};

use super::{age, column_name, name, named, section, text, with_default};

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
        }),
    )
}
