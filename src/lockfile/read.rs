//! Text to a lock, or a reason why it is none.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::model::{
    Lock, LockVersion, LockedCode, LockedData, LockedResults, LockedSearch, Outputs,
};
use crate::code::CommitId;
use crate::definition::{ExperimentName, Value, ValuePath};
use crate::error::{Error, Kind, Result};
use crate::hash::{ObjectId, RunId, SearchId};
use crate::host::Environment;
use crate::plan::Operations;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    #[serde(rename = "version")]
    _version: LockVersion,
    experiment: ExperimentName,
    run: RunId,
    declared: toml::Table,
    operations: Operations,
    search: Option<RawSearch>,
    #[serde(default)]
    data: Vec<LockedData>,
    code: RawCode,
    environment: RawEnvironment,
    outputs: Option<Outputs>,
    metrics: Option<BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSearch {
    id: SearchId,
    chosen: toml::Table,
    declared: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCode {
    commit: CommitId,
    #[serde(default)]
    files: BTreeMap<String, ObjectId>,
}

/// The hash of the facts is for readers; it follows from them.
#[derive(Deserialize)]
struct RawEnvironment {
    #[serde(flatten)]
    facts: Environment,
    #[serde(rename = "hash")]
    _hash: String,
}

/// Reads the text of a lock. `path` is for messages.
///
/// # Errors
/// [`Kind::Lock`]: conflict markers, a newer version, no TOML, or a fact missing or damaged.
pub fn parse_lock(path: &str, text: &str) -> Result<Lock> {
    refuse_conflict_markers(path, text)?;
    let table: toml::Table = toml::from_str(text).map_err(|error| unreadable(path, &error))?;
    let current = LockVersion::CURRENT.0;
    refuse_unknown_version(path, &table, current..=current)?;
    let raw: RawLock = table.try_into().map_err(|error| unreadable(path, &error))?;
    let declared = flat(path, raw.declared)?;
    let search = raw.search.map(|raw| {
        Ok(LockedSearch {
            id: raw.id,
            chosen: flat(path, raw.chosen)?,
            declared: flat(path, raw.declared)?,
        })
    });
    let results = match (raw.outputs, raw.metrics) {
        (Some(outputs), Some(metrics)) => Some(LockedResults { outputs, metrics }),
        (None, None) => None,
        _ => {
            return Err(damaged(path).detail("[outputs] and [metrics] come together or not at all"));
        }
    };
    Ok(Lock {
        experiment: raw.experiment,
        run: raw.run,
        declared: declared.into_iter().collect(),
        operations: raw.operations,
        search: search.transpose()?,
        data: raw.data,
        code: LockedCode {
            commit: raw.code.commit,
            files: raw.code.files,
        },
        environment: raw.environment.facts,
        results,
    })
}

/// What git leaves in a file that two branches changed at the same place.
pub(super) fn refuse_conflict_markers(path: &str, text: &str) -> Result<()> {
    let marker = |line: &str| {
        ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
            .iter()
            .any(|marker| line.starts_with(marker))
    };
    match text.lines().position(marker) {
        None => Ok(()),
        Some(at) => Err(Error::new(
            Kind::Lock,
            format!("{path}:{} holds merge-conflict markers", at + 1),
        )
        .help(match path.ends_with(".pin") {
            true => {
                "keep the side whose runs are to stay pinned: `git checkout --ours` or `--theirs`"
            }
            false => {
                "take either side with `git checkout --ours` or `--theirs`, then `streamflow run`"
            }
        })),
    }
}

pub(super) fn refuse_unknown_version(
    path: &str,
    table: &toml::Table,
    known: RangeInclusive<u32>,
) -> Result<()> {
    let version = table.get("version").and_then(toml::Value::as_integer);
    let (oldest, current) = (i64::from(*known.start()), i64::from(*known.end()));
    match version {
        Some(version) if version > current => Err(Error::new(
            Kind::Lock,
            format!("{path} was written by a newer streamflow"),
        )
        .detail(format!(
            "its version is {version}, this program reads up to {current}"
        ))
        .help("install the newer streamflow")),
        Some(version) if version >= oldest => Ok(()),
        _ => Err(damaged(path).detail("it has no `version` that this program knows")),
    }
}

fn flat(path: &str, table: toml::Table) -> Result<BTreeMap<ValuePath, Value>> {
    let mut values = BTreeMap::new();
    flatten(path, "", table, &mut values)?;
    Ok(values)
}

/// Nested tables back to key paths.
fn flatten(
    path: &str,
    prefix: &str,
    table: toml::Table,
    declared: &mut BTreeMap<ValuePath, Value>,
) -> Result<()> {
    for (key, value) in table {
        let here = if prefix.is_empty() {
            key
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            toml::Value::Table(inner) => flatten(path, &here, inner, declared)?,
            scalar => {
                let value = to_value(scalar).ok_or_else(|| {
                    damaged(path).detail(format!("`{here}` is of a type that is never declared"))
                })?;
                declared.insert(ValuePath::new(here), value);
            }
        }
    }
    Ok(())
}

fn to_value(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::Text(text),
        toml::Value::Integer(value) => Value::Integer(value),
        toml::Value::Float(value) if value.is_finite() => Value::Float(value),
        toml::Value::Boolean(value) => Value::Bool(value),
        toml::Value::Array(values) => {
            Value::List(values.into_iter().map(to_value).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

pub(super) fn unreadable(path: &str, error: &toml::de::Error) -> Error {
    damaged(path).details(error.to_string().lines().map(ToString::to_string))
}

pub(super) fn damaged(path: &str) -> Error {
    Error::new(Kind::Lock, format!("{path} cannot be read")).help(format!(
        "restore it with `git checkout -- {path}`, or write it anew with `streamflow run`"
    ))
}
