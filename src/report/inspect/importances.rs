//! What a run's model leans on.

use serde_json::{Value, json};

use super::{headline, room_for_bars};
use crate::report::style::{Table, bar, dim, fixed, plural, signed, width, wrap};
use crate::run::{FeatureImportance, Importances, KnownRun};

/// What `show --importances` adds to the document of `show`.
pub fn importances_document(found: &Importances) -> Value {
    let feature = |of: &FeatureImportance| {
        let mut document = json!({
            "feature": of.feature,
            "permutation": { "mean": of.permutation.mean, "sd": of.permutation.sd },
        });
        if let (Value::Object(fields), Some(share)) = (&mut document, of.impurity) {
            fields.insert("impurity".to_string(), json!(share));
        }
        document
    };
    json!({
        "importances": found.features.iter().map(feature).collect::<Vec<_>>(),
        "permuted": {
            "metric": found.metric,
            "score": found.score,
            "rows": found.rows,
            "repeats": found.repeats,
        },
    })
}

/// The screen of `show --importances`.
pub fn importances_text(known: &KnownRun, found: &Importances) -> String {
    let mut text = headline(known, "what it looks at");
    text.push_str(&wrap(
        "  ",
        &format!(
            "{} is {} on {}. How much worse it gets when a feature's values change rows, over {} of each:",
            found.metric,
            fixed(found.score),
            plural(found.rows, "test row"),
            plural(found.repeats.into(), "permutation"),
        ),
    ));
    text.push('\n');
    if found.features.is_empty() {
        return text + "  the run has no features\n";
    }
    let has_impurity = found.features.iter().any(|of| of.impurity.is_some());
    let largest = found.features.iter().map(|of| of.permutation.mean);
    let largest = largest.fold(f64::MIN_POSITIVE, f64::max);
    let names = found.features.iter().map(|of| width(&of.feature));
    let numbers = if has_impurity { 3 * 10 } else { 2 * 9 };
    let room = room_for_bars(2 + names.max().unwrap_or(0) + numbers + 2);
    let mut table = Table::default();
    table.row().left("").right(dim("mean")).right(dim("sd"));
    if has_impurity {
        table.right(dim("impurity"));
    }
    for of in &found.features {
        table
            .row()
            .left(&of.feature)
            .right(signed(of.permutation.mean))
            .right(fixed(of.permutation.sd));
        if has_impurity {
            table.right(of.impurity.map_or(String::new(), fixed));
        }
        table.left(bar(of.permutation.mean / largest, room));
    }
    text + &table.render(2)
}
