//! `[[checks]]`: one rule over an incoming file.

use serde_json::{Map, Value, json};

use super::{age, column_name, section, text, words};
use crate::definition::Dtype;
use crate::definition::parse::SEVERITIES;

pub(super) fn schema() -> Value {
    let rules = rules();
    let names: Vec<String> = rules.keys().cloned().collect();
    let severity = "warn: counted and shown; quarantine: the rows are left out; fail: the file is \
                    refused.";
    let mostly = json!({
        "type": "number",
        "description": "Share of the rows looked at that must keep the rule.",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "default": 1.0,
    });
    let columns = json!({
        "type": "array",
        "description": "The columns it looks at, of `unique` and `row_sum`.",
        "items": column_name("A column."),
        "minItems": 2,
    });
    let options = json!({
        "column": column_name("The column it looks at."),
        "columns": columns,
        "where": text("A SQL condition: rows for which it is not true are not looked at."),
        "mostly": mostly,
        "severity": words(severity, SEVERITIES, "fail"),
        "warn": threshold("So many broken rows are a warning."),
        "fail": threshold("So many broken rows refuse the file."),
    });
    let mut properties = rules;
    if let Value::Object(options) = options {
        properties.extend(options);
    }
    let mut check = section("One rule over an incoming file.", &[], &properties.into());
    let alone = |rule: String| json!({ "required": [rule] });
    check["oneOf"] = names.into_iter().map(alone).collect();
    check
}

fn rules() -> Map<String, Value> {
    let mut rules = Map::new();
    let mut put = |key: &str, schema: Value| {
        rules.insert(key.to_string(), schema);
    };
    let flag = |description: &str| json!({ "const": true, "description": description });
    put("not_null", flag("No value is null."));
    put(
        "unique",
        flag("No value, or combination of values, occurs twice."),
    );
    put(
        "increasing",
        flag("No value is less than the one before it in the file."),
    );
    put(
        "strictly_increasing",
        flag("Every value is greater than the one before it in the file."),
    );
    for (key, what) in BOUNDED {
        put(key, bounds(what));
    }
    for (key, what) in SETS {
        put(key, set(what));
    }
    put("regex", text("The text has a part that matches."));
    let form = "The text is a date in this form of strptime, such as \"%d.%m.%Y\".";
    put("date_format", text(form));
    let dtypes = Dtype::ALL.map(Dtype::as_str);
    let dtype = "The value can be read as one of this dtype.";
    put("dtype", json!({ "enum": dtypes, "description": dtype }));
    let other = "A column that is less than this one in every row.";
    put("greater_than", column_name(other));
    let other = "A column that is less than this one or equal in every row.";
    put("at_least", column_name(other));
    put("sql", text("A SQL condition that is false in no row."));
    put("exists_in", text("TABLE.COLUMN: every value stands there."));
    put(
        "row_count_equals",
        text("A table whose file of the same date has as many rows."),
    );
    put(
        "column_set",
        names("The file has these columns, in any order."),
    );
    put(
        "column_order",
        names("The file has these columns, in this order."),
    );
    let fresh = "How much older than the end of the file's date the newest value may be, such as \
                 `2d`.";
    put("freshness", age(fresh));
    put("quantile", quantile());
    rules
}

const BOUNDED: [(&str, &str); 12] = [
    ("between", "Lowest and highest value, both allowed."),
    ("length", "Fewest and most characters of a text."),
    ("row_sum", "Bounds of the sum of `columns` in a row."),
    ("min", "Bounds of the lowest value."),
    ("max", "Bounds of the highest value."),
    ("mean", "Bounds of the mean."),
    ("median", "Bounds of the median."),
    ("stdev", "Bounds of the sample standard deviation."),
    ("sum", "Bounds of the sum of all values."),
    ("distinct_count", "Bounds of the number of distinct values."),
    ("null_share", "Bounds of the share of rows without a value."),
    ("row_count", "Bounds of the number of rows."),
];

const SETS: [(&str, &str); 5] = [
    ("in_set", "Every value that is allowed."),
    ("not_in_set", "Every value that is forbidden."),
    ("distinct_in_set", "Every distinct value is one of these."),
    ("distinct_contains", "Each of these is among the values."),
    ("distinct_equals", "The distinct values are these."),
];

/// `[low, high]`, or one of the two by name.
fn bounds(description: &str) -> Value {
    let bound = json!({ "type": ["number", "string"] });
    let both = json!({
        "type": "array",
        "prefixItems": [bound, bound],
        "minItems": 2,
        "maxItems": 2,
    });
    let open = json!({
        "type": "object",
        "properties": { "min": bound, "max": bound },
        "additionalProperties": false,
        "minProperties": 1,
    });
    json!({ "description": description, "anyOf": [both, open] })
}

fn set(description: &str) -> Value {
    json!({
        "type": "array",
        "description": description,
        "items": { "type": ["number", "string", "boolean"] },
        "minItems": 1,
    })
}

fn names(description: &str) -> Value {
    let column = column_name("A column.");
    json!({ "type": "array", "description": description, "items": column, "minItems": 1 })
}

fn quantile() -> Value {
    let at = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    let quantile = json!({
        "type": "object",
        "properties": { "at": at, "between": bounds("Bounds of the quantile.") },
        "required": ["at", "between"],
        "additionalProperties": false,
    });
    json!({ "description": "Bounds of a quantile: `{ at = 0.9, between = [0, 10] }`.", "anyOf": [quantile] })
}

/// `{ count = 10 }` or `{ share = 0.01 }`.
fn threshold(description: &str) -> Value {
    let one = |key: &str, schema: Value| {
        json!({
            "type": "object",
            "properties": { key: schema },
            "required": [key],
            "additionalProperties": false,
        })
    };
    let count = one("count", json!({ "type": "integer", "minimum": 1 }));
    let part = json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 });
    let share = one("share", part);
    json!({ "description": description, "anyOf": [count, share] })
}
