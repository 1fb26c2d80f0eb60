//! The definition files of tables, line by line.
//!
//! What a run declares of its features is compared value by value. How a table is read (texts for
//! null, dialects, checks that take rows out) is not declared by the run and shows in its data; the
//! lines of the file say why.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::inputs::{InputDifference, InputKind};
use super::{Side, union};
use crate::run::used_texts_of;

/// The lines in which a definition file differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    pub path: String,
    /// In the order of the file.
    pub lines: Vec<ChangedLine>,
}

/// A line that only one of the runs has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedLine {
    /// Counted from 1, in the file of a.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<usize>,
    /// Counted from 1, in the file of b.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<usize>,
    pub text: String,
}

/// The differences of the files of tables whose data or features differ, where the definitions of
/// both runs are known.
pub fn differences(a: &Side, b: &Side, inputs: &[InputDifference]) -> Vec<FileDiff> {
    let (texts_a, texts_b) = (texts(a), texts(b));
    if texts_a.is_empty() || texts_b.is_empty() {
        return Vec::new();
    }
    let concerned: BTreeSet<String> = inputs.iter().filter_map(table_file).collect();
    union(texts_a.keys(), texts_b.keys())
        .into_iter()
        .filter(|path| concerned.contains(*path))
        .filter_map(|path| {
            let lines = changed_lines(texts_a.get(path)?, texts_b.get(path)?);
            (!lines.is_empty()).then(|| FileDiff {
                path: path.clone(),
                lines,
            })
        })
        .collect()
}

fn texts(side: &Side) -> BTreeMap<String, String> {
    let used = side
        .found
        .as_ref()
        .map(|found| used_texts_of(&found.files, &found.definitions, &found.experiment));
    used.unwrap_or_default()
}

/// The file of the table that a difference is about.
fn table_file(input: &InputDifference) -> Option<String> {
    let name = match input.kind {
        InputKind::Data => input.name.as_str(),
        InputKind::Features => input.name.split('.').nth(1)?,
        _ => return None,
    };
    Some(format!("features/{name}.toml"))
}

fn changed_lines(a: &str, b: &str) -> Vec<ChangedLine> {
    TextDiff::from_lines(a, b)
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal)
        .map(|change| ChangedLine {
            a: change.old_index().map(|line| line + 1),
            b: change.new_index().map(|line| line + 1),
            text: change.value().trim_end().to_string(),
        })
        .collect()
}
