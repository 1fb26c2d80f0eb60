//! `[preprocess]` of an experiment.

use serde_json::{Value, json};

use super::{named, section, text, texts, with_default, words};
use crate::definition::{CategoricalEncoding, NumericEncoding, Preprocess};

pub(super) fn schema() -> Value {
    let columns = named(
        "What is said of single features, over what is said of all.",
        &json!({ "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$" }),
        &named(
            "The features of one table.",
            &json!({ "minLength": 1 }),
            &column(),
        ),
    );
    let properties = json!({
        "numeric": numeric(),
        "categorical": categorical(),
        "missing_numeric": with_default(missing_numeric(), "error"),
        "missing_categorical": with_default(missing_categorical(), "error"),
        "rare": rare(),
        "columns": columns,
    });
    section(
        "How rows become numbers; fitted on the train rows only.",
        &[],
        &properties,
    )
}

/// The first five are of numbers, the others of strings and bools.
fn column() -> Value {
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
    let properties = json!({
        "numeric": numeric(),
        "missing_numeric": missing_numeric(),
        "clip": clip,
        "log": log,
        "bins": bins,
        "categorical": categorical(),
        "missing_categorical": missing_categorical(),
        "rare": rare(),
        "order": order,
    });
    section("What is said of one feature.", &[], &properties)
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
