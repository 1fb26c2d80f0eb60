//! One reason why two runs are not the same.

use std::fmt;

use super::declared::Declared;
use super::step::{DataInput, Operations, RunIdentity, Step};
use crate::definition::{AsOf, TableName, Value, ValuePath};
use crate::hash::{Digest, TableHash};

/// One input that differs, with its old and its new value.
///
/// The order is that of causes: data, then declared values by the step that reads them first, then
/// operations.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The columns used of a table at a date are others, or only one side uses them.
    Data {
        table: TableName,
        as_of: AsOf,
        old: Option<TableHash>,
        new: Option<TableHash>,
    },
    /// A declared value; none where the value is not declared.
    Value {
        path: ValuePath,
        old: Option<Value>,
        new: Option<Value>,
    },
    /// An operation computes in another way since the version was raised.
    Operation {
        name: String,
        old: Option<u32>,
        new: Option<u32>,
    },
}

impl Difference {
    /// The first step that is another because of this.
    pub fn first_step(&self) -> Step {
        match self {
            Self::Data { .. } => Step::TrainingSet,
            // What is tried becomes a value of the model sooner or later.
            Self::Value { path, .. } if path.is_within("search") => Step::Fit,
            Self::Value { path, .. } => Step::ALL
                .into_iter()
                .find(|step| step.reads().iter().any(|parent| path.is_within(parent)))
                .unwrap_or(Step::TrainingSet),
            Self::Operation { name, .. } => match name.as_str() {
                "training_set" | "expression" | "window" => Step::TrainingSet,
                "split" => Step::Split,
                "cross_validate" => Step::CrossValidate,
                "predict" => Step::Predict,
                "evaluate" => Step::Evaluate,
                _ => Step::Fit,
            },
        }
    }

    /// What differs: a key path, a table at its date, an operation.
    pub fn name(&self) -> String {
        match self {
            Self::Data { table, as_of, .. } => format!("{table} at {as_of}"),
            Self::Value { path, .. } => path.to_string(),
            Self::Operation { name, .. } => name.clone(),
        }
    }

    /// The old and the new value in words; none where there is none.
    pub fn sides(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Data { old, new, .. } => (old.map(|h| h.short()), new.map(|h| h.short())),
            Self::Value { old, new, .. } => (
                old.as_ref().map(ToString::to_string),
                new.as_ref().map(ToString::to_string),
            ),
            Self::Operation { old, new, .. } => {
                (old.map(|v| format!("v{v}")), new.map(|v| format!("v{v}")))
            }
        }
    }
}

/// `300 → 500`, `+ 500` or `− 300`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sides() {
            (Some(old), Some(new)) => write!(f, "{old} → {new}"),
            (None, Some(new)) => write!(f, "+ {new}"),
            (Some(old), None) => write!(f, "− {old}"),
            (None, None) => Ok(()),
        }
    }
}

/// Everything in which two runs differ, causes first.
pub fn differences(old: &RunIdentity, new: &RunIdentity) -> Vec<Difference> {
    let mut found = data_differences(&old.data, &new.data);
    found.extend(value_differences(&old.declared, &new.declared));
    found.extend(operation_differences(&old.operations, &new.operations));
    // Stable: within one step the order above stays.
    found.sort_by_key(|difference| {
        (
            !matches!(difference, Difference::Data { .. }),
            difference.first_step(),
        )
    });
    found
}

/// Declared values that differ, in order of their paths.
fn value_differences(old: &Declared, new: &Declared) -> Vec<Difference> {
    merge_keys(
        old.iter().map(|(path, _)| path),
        new.iter().map(|(path, _)| path),
    )
    .into_iter()
    .filter(|path| old.get(path.as_str()) != new.get(path.as_str()))
    .map(|path| Difference::Value {
        path: path.clone(),
        old: old.get(path.as_str()).cloned(),
        new: new.get(path.as_str()).cloned(),
    })
    .collect()
}

fn operation_differences(old: &Operations, new: &Operations) -> Vec<Difference> {
    merge_keys(old.0.keys(), new.0.keys())
        .into_iter()
        .filter(|name| old.0.get(*name) != new.0.get(*name))
        .map(|name| Difference::Operation {
            name: name.clone(),
            old: old.0.get(name).copied(),
            new: new.0.get(name).copied(),
        })
        .collect()
}

fn data_differences(old: &[DataInput], new: &[DataInput]) -> Vec<Difference> {
    let key = |input: &DataInput| (input.table.clone(), input.as_of);
    let hash_in = |inputs: &[DataInput], wanted: &(TableName, AsOf)| {
        inputs
            .iter()
            .find(|input| key(input) == *wanted)
            .map(|input| input.hash)
    };
    let (old_keys, new_keys): (Vec<_>, Vec<_>) =
        (old.iter().map(key).collect(), new.iter().map(key).collect());
    merge_keys(old_keys.iter(), new_keys.iter())
        .into_iter()
        .map(|wanted| (wanted, hash_in(old, wanted), hash_in(new, wanted)))
        .filter(|(_, old, new)| old != new)
        .map(|(wanted, old, new)| Difference::Data {
            table: wanted.0.clone(),
            as_of: wanted.1,
            old,
            new,
        })
        .collect()
}

/// The keys of both sides, each once, in order.
fn merge_keys<'a, K: Ord>(
    old: impl Iterator<Item = &'a K>,
    new: impl Iterator<Item = &'a K>,
) -> Vec<&'a K> {
    let keys: std::collections::BTreeSet<&K> = old.chain(new).collect();
    keys.into_iter().collect()
}
