//! `[preprocess]` of an experiment.

use serde_json::{Value, json};

use super::{named, section, text, texts, with_default, words};
use crate::definition::{CategoricalEncoding, NumericEncoding, Preprocess};

pub(super) fn schema() -> Value {
    let columns = named(
        "What is said of single features, over what is said of all.",
        &json!({ "pattern": NAME }),
        &json!({
            "oneOf": [
                named("The features of one table.", &json!({ "minLength": 1 }), &column()),
                section("What is said of a derived feature.", &[], &own()),
            ],
        }),
    );
    let derived = named(
        "Further features: SQL scalar expressions over features of the dataset, of any tables.",
        &json!({ "pattern": NAME }),
        &with_examples(text("An expression over TABLE.FEATURE.")),
    );
    let properties = json!({
        "numeric": numeric(),
        "categorical": categorical(),
        "missing_numeric": with_default(missing_numeric(), "error"),
        "missing_categorical": with_default(missing_categorical(), "error"),
        "rare": rare(),
        "derived": derived,
        "columns": columns,
    });
    section(
        "How rows become numbers; fitted on the train rows only.",
        &[],
        &properties,
    )
}

/// What tables and derived features are called.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$";

fn with_examples(mut expression: Value) -> Value {
    expression["examples"] = json!(["usage.watch_hours / NULLIF(subscriptions.months, 0)"]);
    expression
}

/// What is said of a feature of a table.
fn column() -> Value {
    let mut properties = own();
    properties["drop"] = json!({
        "type": "boolean",
        "description": "The feature is for expressions of `derived` alone; it is not encoded.",
        "default": false,
    });
    section("What is said of one feature.", &[], &properties)
}

/// The first five are of numbers, the others of strings and bools.
fn own() -> Value {
    let clip = json!({
        "type": "array",
        "description": "Numbers: two quantiles of the train rows; values beyond are moved onto them.",
        "items": { "type": "number", "minimum": 0, "maximum": 1 },
        "minItems": 2,
        "maxItems": 2,
        "examples": [[0.01, 0.99]],
    });
    let log = json!({
        "type": "boolean",
        "description": "Numbers: sign(x) * ln(1 + |x|) in place of x.",
        "default": false,
    });
    let bins = json!({
        "type": "integer",
        "description": "Numbers: so many intervals with as many train rows each, a column of 0 and 1 for each.",
        "minimum": 2,
        "maximum": Preprocess::MAX_BINS,
    });
    let order =
        "Strings with `categorical = \"ordinal\"`: every category there may be, the lowest first.";
    let mut order = texts(order);
    order["minItems"] = json!(2);
    order["uniqueItems"] = json!(true);
    json!({
        "numeric": numeric(),
        "missing_numeric": missing_numeric(),
        "clip": clip,
        "log": log,
        "bins": bins,
        "categorical": categorical(),
        "missing_categorical": missing_categorical(),
        "rare": rare(),
        "order": order,
    })
}

fn numeric() -> Value {
    let about = "Numbers as they are, or with mean 0 and deviation 1.";
    let default = NumericEncoding::Passthrough.as_str();
    words(about, NumericEncoding::WORDS, default)
}

fn categorical() -> Value {
    let about = "Strings and bools. one_hot: a column of 0 and 1 for each category of the train rows; ordinal: \
                 the place among them; target: the mean label of the category, out of fold where the \
                 model is fitted.";
    let default = CategoricalEncoding::OneHot.as_str();
    words(about, CategoricalEncoding::WORDS, default)
}

fn missing_numeric() -> Value {
    json!({
        "description": "What a null number becomes: an error, the median or mean of the train \
                        rows, or a constant.",
        "oneOf": [{ "enum": ["error", "median", "mean"] }, { "type": "number" }],
    })
}

fn missing_categorical() -> Value {
    text(
        "What a null string or bool becomes: `error`, `category` (null is a category of its own), \
         `most_frequent`, or any other text as a constant.",
    )
}

fn rare() -> Value {
    json!({
        "type": "number",
        "description": "Categories that fewer than this share of the train rows have become one.",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
    })
}
