//! `features/TABLE.toml`.

use serde_json::{Value, json};

use super::{age, column_name, date, name, named, section, text, texts, with_default, words};
use crate::definition::Dtype;
use crate::definition::parse::{DECIMALS, MODES};

pub(super) fn schema() -> Value {
    let properties = json!({
        "entity": name("What a row is about: declared in streamflow.toml."),
        "description": { "type": "string", "description": "What the table holds." },
        "source": source(),
        "columns": columns(),
        "checks": {
            "type": "array",
            "description": "Rules over an incoming file, before it is used.",
            "items": super::check::schema(),
        },
        "features": features(),
    });
    let required = ["entity", "source", "columns"];
    section(
        "A source table and the features it offers.",
        &required,
        &properties,
    )
}

fn source() -> Value {
    let character = json!({ "type": "string", "pattern": "^[\\x00-\\x7f]$" });
    let mut delimiter = with_default(character, ",");
    delimiter["description"] = json!("CSV only: what separates values; one ASCII character.");
    let mut path = text("Relative to the project root; `{as_of}` is the snapshot's date.");
    path["pattern"] = json!("\\.(csv|parquet)$");
    let modes = "upsert: a row replaces the live row of the same key; replace: the newest file is \
                 the whole table.";
    let decimal = "CSV only: the sign before a number's fraction.";
    let encoding = "CSV only: a label of the WHATWG encoding standard, such as latin1.";
    let properties = json!({
        "path": path,
        "postgres": postgres(),
        "mode": words(modes, MODES, "upsert"),
        "delimiter": delimiter,
        "decimal": words(decimal, DECIMALS, "."),
        "encoding": with_default(text(encoding), "utf-8"),
        "null": with_default(texts("CSV only: what means null, beside the empty text."), json!([])),
        "true": with_default(texts("CSV only: what means true."), json!(["true", "True", "1"])),
        "false": with_default(texts("CSV only: what means false."), json!(["false", "False", "0"])),
        "timestamp": column_name("The column with each row's instant: rows are events, keys repeat."),
        "created": column_name("The column that says when a row became known."),
    });
    let mut source = section("Where the rows come from.", &[], &properties);
    let one = |key| json!({ "required": [key] });
    source["oneOf"] = ["path", "postgres"].map(one).into();
    source
}

fn postgres() -> Value {
    let mut variable = text("The environment variable that holds the database's URL.");
    variable["pattern"] = json!("^[A-Za-z_][A-Za-z0-9_]*$");
    let query = "SQL that gives exactly the declared columns; `{as_of}` is the snapshot's date, a \
                 DATE.";
    section(
        "A query to PostgreSQL, in place of `path`. What it gives is kept in the store.",
        &["url_env", "query"],
        &json!({ "url_env": variable, "query": text(query) }),
    )
}

fn columns() -> Value {
    let dtype = json!({ "enum": Dtype::ALL.map(Dtype::as_str) });
    let since = date("Files of earlier dates may lack the column: it is null there.");
    let dated = section(
        "A column that older files lack.",
        &["type"],
        &json!({ "type": dtype, "since": since }),
    );
    let column = json!({ "oneOf": [dtype, dated] });
    let names = column_name("The column's name, as in the file.");
    named(
        "Every column a file has, the key among them.",
        &names,
        &column,
    )
}

fn features() -> Value {
    let derived = named(
        "SQL scalar expressions over the columns of one row, and over windowed features.",
        &column_name("The feature's name."),
        &text("Such as `watch_hours / NULLIF(devices, 0)`."),
    );
    let window = "How far back events count, such as `7d`: those in (t - window, t].";
    let aggregate = section(
        "An aggregate over the events of a window.",
        &["sql", "window"],
        &json!({
            "sql": text("One of AVG, COUNT, LAST, MAX, MIN, STDDEV, SUM of an expression, with `FILTER (WHERE …)` or without."),
            "window": age(window),
        }),
    );
    let windowed = named(
        "Aggregates over the events of a window; only with `timestamp` under [source].",
        &column_name("The feature's name."),
        &aggregate,
    );
    let request = named(
        "What comes with a request; in training, the column of that name in the label's table.",
        &column_name("The feature's name, and its name in `context`."),
        &json!({ "enum": Dtype::ALL.map(Dtype::as_str) }),
    );
    let ttl = "How long a value is valid, counted from its row's date, such as `45d`. None: it \
               never expires.";
    let columns = "Columns taken as they are; [\"*\"] takes all but the key.";
    section(
        "What the table offers to experiments.",
        &[],
        &json!({ "ttl": age(ttl), "columns": texts(columns), "derived": derived, "windowed": windowed, "request": request }),
    )
}
