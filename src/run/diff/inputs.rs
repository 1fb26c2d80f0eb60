//! What was declared otherwise, and what explains without deciding.

use serde::Serialize;

use super::Side;
use crate::code::CommitId;
use crate::plan::{Difference, differences, place_of};
use crate::run::short;
use crate::table::TableChange;

/// What sort of input differs. The order is that of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    Data,
    Features,
    Label,
    Split,
    Preprocess,
    Model,
    Operations,
    Code,
    Environment,
}

impl InputKind {
    pub const ALL: [Self; 9] = [
        Self::Data,
        Self::Features,
        Self::Label,
        Self::Split,
        Self::Preprocess,
        Self::Model,
        Self::Operations,
        Self::Code,
        Self::Environment,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Features => "features",
            Self::Label => "label",
            Self::Split => "split",
            Self::Preprocess => "preprocess",
            Self::Model => "model",
            Self::Operations => "operations",
            Self::Code => "code",
            Self::Environment => "environment",
        }
    }

    /// The kind of a difference of two runs.
    pub fn of(difference: &Difference) -> Self {
        let path = match difference {
            Difference::Data { .. } => return Self::Data,
            Difference::Operation { .. } => return Self::Operations,
            Difference::Value { path, .. } => path,
        };
        match path.segments().next() {
            Some("as_of") => Self::Data,
            Some("label") => Self::Label,
            // Both say which rows judge.
            Some("split" | "cross_validation") => Self::Split,
            Some("preprocess") => Self::Preprocess,
            // The threshold belongs to what the model decides.
            Some("model" | "evaluate" | "calibrate") => Self::Model,
            _ => Self::Features,
        }
    }
}

/// One input that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputDifference {
    pub kind: InputKind,
    /// A table, a key path, an operation, a fact of the environment.
    pub name: String,
    /// Hash or value in a; none where a has none.
    pub a: Option<String>,
    pub b: Option<String>,
    /// What differs, in words.
    pub detail: String,
    /// `file:line:column` where it was written: in the definitions of b, else in those of a.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Rows and columns, where the tables of both runs are in this store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<TableChange>,
}

/// Declared values and operations that differ; data is compared by its rows.
pub fn declared(a: &Side, b: &Side) -> Vec<InputDifference> {
    let (old, new) = (a.known.record.identity(), b.known.record.identity());
    differences(&old, &new)
        .into_iter()
        .filter(|difference| !matches!(difference, Difference::Data { .. }))
        .map(|difference| {
            let (old, new) = difference.sides();
            InputDifference {
                kind: InputKind::of(&difference),
                name: difference.name(),
                a: old,
                b: new,
                at: place(b, &difference).or_else(|| place(a, &difference)),
                detail: difference.to_string(),
                table: None,
            }
        })
        .collect()
}

fn place(side: &Side, difference: &Difference) -> Option<String> {
    let Difference::Value { path, .. } = difference else {
        return None;
    };
    let found = side.found.as_ref()?;
    let experiment = found.definitions.experiments.get(&found.experiment)?;
    let span = place_of(&found.definitions, experiment, path)?;
    Some(span.to_string())
}

/// The commit whose definitions give the run, else the recorded one; none where there is none.
pub fn commit<'a>(side: &'a Side) -> Option<&'a CommitId> {
    let found = side.found.as_ref().and_then(|found| found.commit.as_ref());
    let commit = found.or_else(|| side.known.commit())?;
    (!commit.is_none()).then_some(commit)
}

/// What explains and never decides: commit and environment.
pub fn circumstances(a: &Side, b: &Side) -> Vec<InputDifference> {
    let mut found = Vec::new();
    let difference = |kind, name: &str, a: String, b: String, detail| InputDifference {
        kind,
        name: name.to_string(),
        a: Some(a),
        b: Some(b),
        detail,
        at: None,
        table: None,
    };
    let words = |commit: Option<&CommitId>| commit.map_or(CommitId::none(), CommitId::clone);
    let (of_a, of_b) = (words(commit(a)), words(commit(b)));
    if of_a != of_b {
        let detail = format!("{} → {}", of_a.short(), of_b.short());
        found.push(difference(
            InputKind::Code,
            "commit",
            of_a.to_string(),
            of_b.to_string(),
            detail,
        ));
    }
    if let (Some(of_a), Some(of_b)) = (a.known.environment(), b.known.environment()) {
        for (name, a, b) in of_a.differences(of_b) {
            let detail = format!("{} → {}", short(a), short(b));
            found.push(difference(
                InputKind::Environment,
                name,
                a.to_string(),
                b.to_string(),
                detail,
            ));
        }
    }
    found
}
