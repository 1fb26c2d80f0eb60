//! Values of a feature, as its dtype writes them.

use serde_json::{Value, json};

use crate::definition::Dtype;
use crate::learn::{FeatureValue, GridValue, SegmentValues};
use crate::report::explanation::value_words;
use crate::table::Cell;

/// The longest value on a screen, in characters.
const LONGEST: usize = 24;

/// As the table holds it.
fn cell(dtype: Dtype, value: &FeatureValue) -> Cell<'_> {
    match (value, dtype) {
        (FeatureValue::Null, _) => Cell::Null,
        (FeatureValue::Category(text), Dtype::Bool) => Cell::Bool(text == "true"),
        (FeatureValue::Category(text), _) => Cell::String(text),
        (FeatureValue::Number(number), _) => number_cell(dtype, *number),
    }
}

fn number_cell(dtype: Dtype, number: f64) -> Cell<'static> {
    match dtype {
        Dtype::I64 => Cell::I64(number as i64),
        Dtype::Date => Cell::Date(number as i32),
        Dtype::Datetime => Cell::Datetime(number as i64),
        _ => Cell::F64(number),
    }
}

fn words(cell: Cell<'_>) -> String {
    value_words(cell, LONGEST)
}

/// `"plus"`, `up to 8.25`, `over 8.25 up to 12`, `17 others`, `null`.
pub fn segment_words(dtype: Dtype, values: &SegmentValues) -> String {
    let number = |number: f64| words(number_cell(dtype, number));
    match values {
        SegmentValues::One(value) => words(cell(dtype, value)),
        SegmentValues::Others(count) => format!("{count} others"),
        SegmentValues::Range { above, up_to } => match (*above, *up_to) {
            (Some(above), Some(up_to)) => format!("over {} up to {}", number(above), number(up_to)),
            (Some(above), None) => format!("over {}", number(above)),
            (None, Some(up_to)) => format!("up to {}", number(up_to)),
            (None, None) => "all".to_string(),
        },
    }
}

/// A name for people, and what it stands for.
pub fn segment_fields(dtype: Dtype, values: &SegmentValues) -> Value {
    let number = |number: Option<f64>| number.map(|number| number_cell(dtype, number));
    match values {
        SegmentValues::One(value) => {
            let name = match value {
                FeatureValue::Category(text) => text.clone(),
                other => cell(dtype, other).to_string(),
            };
            json!({ "segment": name, "value": cell(dtype, value) })
        }
        SegmentValues::Others(count) => json!({ "segment": "others", "values": count }),
        SegmentValues::Range { above, up_to } => json!({
            "segment": segment_words(dtype, values),
            "above": number(*above),
            "up_to": number(*up_to),
        }),
    }
}

/// `"plus"`, `12.5`, `null`, `not learnt`.
pub fn point_words(dtype: Dtype, value: &GridValue) -> String {
    match value {
        GridValue::One(value) => words(cell(dtype, value)),
        GridValue::Unknown => "not learnt".to_string(),
    }
}

/// The value; of texts that were not learnt null, and a word that says so.
pub fn point_fields(dtype: Dtype, value: &GridValue) -> Value {
    match value {
        GridValue::One(value) => json!({ "value": cell(dtype, value) }),
        GridValue::Unknown => json!({ "value": null, "unknown": true }),
    }
}
