//! Checks under the names that Great Expectations has for them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::checks::nested;
use crate::check::CheckResult;
use crate::definition::Value;

/// Rules and the expectations they are. What Great Expectations has no name for is named in its
/// manner.
const TYPES: &[(&str, &str)] = &[
    ("not_null", "expect_column_values_to_not_be_null"),
    ("unique", "expect_column_values_to_be_unique"),
    ("between", "expect_column_values_to_be_between"),
    ("in_set", "expect_column_values_to_be_in_set"),
    ("not_in_set", "expect_column_values_to_not_be_in_set"),
    ("regex", "expect_column_values_to_match_regex"),
    ("length", "expect_column_value_lengths_to_be_between"),
    (
        "date_format",
        "expect_column_values_to_match_strftime_format",
    ),
    ("dtype", "expect_column_values_to_be_of_type"),
    ("increasing", "expect_column_values_to_be_increasing"),
    (
        "strictly_increasing",
        "expect_column_values_to_be_increasing",
    ),
    (
        "greater_than",
        "expect_column_pair_values_a_to_be_greater_than_b",
    ),
    (
        "at_least",
        "expect_column_pair_values_a_to_be_greater_than_b",
    ),
    ("row_sum", "expect_multicolumn_sum_to_be_between"),
    ("sql", "expect_rows_to_satisfy_condition"),
    ("exists_in", "expect_column_values_to_exist_in_other_table"),
    ("min", "expect_column_min_to_be_between"),
    ("max", "expect_column_max_to_be_between"),
    ("mean", "expect_column_mean_to_be_between"),
    ("median", "expect_column_median_to_be_between"),
    ("stdev", "expect_column_stdev_to_be_between"),
    ("sum", "expect_column_sum_to_be_between"),
    ("quantile", "expect_column_quantile_values_to_be_between"),
    (
        "distinct_count",
        "expect_column_unique_value_count_to_be_between",
    ),
    (
        "distinct_in_set",
        "expect_column_distinct_values_to_be_in_set",
    ),
    (
        "distinct_contains",
        "expect_column_distinct_values_to_contain_set",
    ),
    (
        "distinct_equals",
        "expect_column_distinct_values_to_equal_set",
    ),
    (
        "null_share",
        "expect_column_proportion_of_null_values_to_be_between",
    ),
    ("row_count", "expect_table_row_count_to_be_between"),
    (
        "row_count_equals",
        "expect_table_row_count_to_equal_other_table",
    ),
    ("column_set", "expect_table_columns_to_match_set"),
    ("column_order", "expect_table_columns_to_match_ordered_list"),
    ("freshness", "expect_column_newest_value_to_be_fresh"),
];

/// `{"type","kwargs"}`; both null for a result of a version that did not keep its block.
pub fn expectation(check: &CheckResult) -> Json {
    let block = &check.block;
    let rule = TYPES.iter().find(|(rule, _)| {
        let below = format!("{rule}.");
        block
            .keys()
            .any(|key| key == rule || key.starts_with(&below))
    });
    let Some((rule, name)) = rule else {
        return json!({ "type": null, "kwargs": null });
    };
    let compound = *rule == "unique" && block.contains_key("columns");
    let name = match compound {
        true => "expect_compound_columns_to_be_unique",
        false => name,
    };
    json!({ "type": name, "kwargs": kwargs(rule, block) })
}

fn kwargs(rule: &str, block: &BTreeMap<String, Value>) -> Json {
    let Json::Object(written) = nested(block) else {
        return Json::Null;
    };
    let mut kwargs = Map::new();
    for (key, value) in written {
        match key.as_str() {
            "column" if matches!(rule, "greater_than" | "at_least") => {
                kwargs.insert("column_A".into(), value);
            }
            "columns" => {
                kwargs.insert("column_list".into(), value);
            }
            "where" => {
                kwargs.insert("row_condition".into(), value);
            }
            key if key == rule => kwargs.extend(arguments(rule, &value)),
            key => {
                kwargs.insert(key.to_string(), value);
            }
        }
    }
    Json::Object(kwargs)
}

/// What stands at the key of a rule, under the names of its expectation's arguments.
fn arguments(rule: &str, value: &Json) -> Map<String, Json> {
    let named = match rule {
        "not_null" | "unique" | "increasing" => json!({}),
        "strictly_increasing" => json!({ "strictly": true }),
        "in_set" | "not_in_set" | "distinct_in_set" | "distinct_contains" | "distinct_equals" => {
            json!({ "value_set": value })
        }
        "regex" => json!({ "regex": value }),
        "date_format" => json!({ "strftime_format": value }),
        "dtype" => json!({ "type_": value }),
        "greater_than" => json!({ "column_B": value, "or_equal": false }),
        "at_least" => json!({ "column_B": value, "or_equal": true }),
        "sql" => json!({ "condition": value }),
        "exists_in" => json!({ "other": value }),
        "row_count_equals" => json!({ "other_table_name": value }),
        "column_set" => json!({ "column_set": value, "exact_match": true }),
        "column_order" => json!({ "column_list": value }),
        "freshness" => json!({ "max_age": value }),
        "quantile" => {
            let (low, high) = ends(&value["between"]);
            json!({ "quantile_ranges": {
                "quantiles": [value["at"]],
                "value_ranges": [[low, high]],
            } })
        }
        _ => {
            let (low, high) = ends(value);
            json!({ "min_value": low, "max_value": high })
        }
    };
    match named {
        Json::Object(named) => named,
        _ => Map::new(),
    }
}

/// Lowest and highest value; null where a side is open.
fn ends(bounds: &Json) -> (Json, Json) {
    match bounds {
        Json::Array(both) => match both.as_slice() {
            [low, high] => (low.clone(), high.clone()),
            _ => (Json::Null, Json::Null),
        },
        open => (open["min"].clone(), open["max"].clone()),
    }
}
