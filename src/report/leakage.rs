//! What a training set and its split show of leakage, in words and as JSON.

use serde::Serialize;

use super::style::{count, plural, wrap};
use crate::learn::{LabelFunction, Leakage, StrongFeature};
use crate::run::Leak;

/// `"leakage"` of a run's document.
#[derive(Debug, Clone, Serialize)]
pub struct LeakageDocument {
    /// Test rows whose feature values are those of a train row.
    pub duplicate_rows: u64,
    pub entities_on_both_sides: u64,
    /// Features that rank the rows alone with an AUC above 0.99.
    pub strong_features: Vec<StrongFeature>,
    pub label_functions: Vec<LabelFunction>,
    /// What the guards saw and the experiment allows.
    pub overrides: Vec<Leak>,
}

impl LeakageDocument {
    pub fn new(leakage: &Leakage, overrides: &[Leak]) -> Self {
        let Leakage {
            label_functions,
            strong_features,
            duplicate_rows,
            entities_on_both_sides,
        } = leakage.clone();
        Self {
            duplicate_rows,
            entities_on_both_sides,
            strong_features,
            label_functions,
            overrides: overrides.to_vec(),
        }
    }
}

/// What one should look at: nothing, mostly.
pub fn remarkable(leakage: &Leakage) -> Vec<String> {
    let strong = |feature: &StrongFeature| {
        format!(
            "{} alone ranks all rows with auc {:.4}",
            feature.feature, feature.auc
        )
    };
    let mut sentences: Vec<String> = leakage.strong_features.iter().map(strong).collect();
    let both = match leakage.entities_on_both_sides {
        0 => return sentences,
        1 => "1 entity stands on both sides of the split".to_string(),
        some => format!("{} entities stand on both sides of the split", count(some)),
    };
    sentences.push(both);
    sentences
}

/// Everything that was counted. `test` is the number of test rows.
pub fn counted(leakage: &Leakage, test: u64) -> Vec<String> {
    let mut sentences = remarkable(leakage);
    let rows = plural(test, "test row");
    sentences.push(match leakage.duplicate_rows {
        0 => "no test row has a twin among the train rows".to_string(),
        1 => format!("1 of {rows} has a twin among the train rows"),
        some => format!("{} of {rows} have a twin among the train rows", count(some)),
    });
    sentences
}

/// `  leakage    …`, a line each.
pub(super) fn leakage_text(sentences: &[String]) -> String {
    let mut text = String::new();
    for (at, sentence) in sentences.iter().enumerate() {
        let word = if at == 0 { "leakage" } else { "" };
        text.push_str(&wrap(&format!("  {word:<11}"), sentence));
    }
    text
}
