//! Whether this program can execute what another version of it recorded.

use std::cmp::Ordering;

use super::reference::KnownRun;
use super::resolve::operations;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::plan::{Operations, Plan, RunSpec};

/// The version of this program.
const HERE: &str = env!("CARGO_PKG_VERSION");

/// The plan of a run, if this program computes as the one that recorded it.
///
/// # Errors
/// [`Kind::Lock`], in one of two sentences: the program is too old for the run, or too new.
pub fn plan_of(known: &KnownRun) -> Result<Plan> {
    let identity = known.record.identity();
    let spec =
        RunSpec::from_declared(&identity.declared).map_err(|error| unreadable(known, error))?;
    refuse_other_operations(known, &spec)?;
    Plan::new(identity)
}

/// A run of operations at other versions can be read and not repeated.
pub fn refuse_other_operations(known: &KnownRun, spec: &RunSpec) -> Result<()> {
    let (newer, older) = other_versions(&known.record.operations, &operations(spec));
    if !newer.is_empty() {
        return Err(too_old(known).details(newer).details(older));
    }
    if !older.is_empty() {
        return Err(too_new(known).details(older));
    }
    Ok(())
}

/// Operations that only a newer program has, and those that only an older one had.
fn other_versions(recorded: &Operations, here: &Operations) -> (Vec<String>, Vec<String>) {
    let (mut newer, mut older) = (Vec::new(), Vec::new());
    for (name, version) in &recorded.0 {
        match here.0.get(name) {
            None => newer.push(format!("{name}  v{version} there, unknown here")),
            Some(own) if version > own => {
                newer.push(format!("{name}  v{version} there, v{own} here"));
            }
            Some(own) if version < own => {
                older.push(format!("{name}  v{version} there, v{own} here"));
            }
            Some(_) => {}
        }
    }
    for (name, own) in &here.0 {
        if !recorded.0.contains_key(name) {
            older.push(format!("{name}  not there, v{own} here"));
        }
    }
    (newer, older)
}

/// The version that recorded the run, in words.
fn recorder(known: &KnownRun) -> String {
    known
        .environment()
        .map_or("another streamflow".to_string(), |environment| {
            format!("streamflow {}", environment.streamflow)
        })
}

fn too_old(known: &KnownRun) -> Error {
    Error::new(
        Kind::Lock,
        format!(
            "this streamflow ({}) is too old to execute run {}: it lacks what {} computed it with",
            HERE,
            known.run.short(),
            recorder(known),
        ),
    )
    .help(format!(
        "install {} or a later one, and replay it there",
        recorder(known)
    ))
}

fn too_new(known: &KnownRun) -> Error {
    Error::new(
        Kind::Lock,
        format!(
            "this streamflow ({}) is too new to execute run {}: it computes otherwise than {} did",
            HERE,
            known.run.short(),
            recorder(known),
        ),
    )
    .help(format!("replay it with {},", recorder(known)))
    .help(format!(
        "or execute the experiment anew, as another run: `streamflow run {}`",
        known.experiment
    ))
}

/// Declared values that cannot be read were written by another version, or damaged.
fn unreadable(known: &KnownRun, error: Error) -> Error {
    let recorded = known
        .environment()
        .map(|environment| environment.streamflow.as_str());
    let order = recorded.and_then(|recorded| order(recorded, HERE));
    let sentence = error.to_string();
    match order {
        Some(Ordering::Greater) => too_old(known).detail(sentence),
        Some(Ordering::Less) => too_new(known).detail(sentence),
        _ => error.detail(format!("of run {}", known.run)).help(
            "this version wrote the record and cannot read it: it is damaged; `streamflow fsck` tells what else is",
        ),
    }
}

/// The order of two versions `1.2.3`; what follows the numbers does not count.
fn order(a: &str, b: &str) -> Option<Ordering> {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let core = text.split(['-', '+']).next()?;
        core.split('.').map(|part| part.parse().ok()).collect()
    };
    Some(numbers(a)?.cmp(&numbers(b)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(order("0.10.0", "0.9.1"), Some(Ordering::Greater));
        assert_eq!(order("0.1.0-rc.1", "0.1.0"), Some(Ordering::Equal));
        assert_eq!(order("0.1.0", "1.0.0"), Some(Ordering::Less));
        assert_eq!(order("another", "1.0.0"), None);
    }

    #[test]
    fn newer_and_older_operations_are_told_apart() {
        let operations = |list: &[(&str, u32)]| {
            Operations(
                list.iter()
                    .map(|(name, v)| (name.to_string(), *v))
                    .collect(),
            )
        };
        let here = operations(&[("split", 2), ("encode", 1)]);
        let same = other_versions(&here, &here);
        assert_eq!(same, (vec![], vec![]));
        let (newer, older) = other_versions(&operations(&[("split", 3), ("boost", 1)]), &here);
        assert_eq!(
            newer,
            ["boost  v1 there, unknown here", "split  v3 there, v2 here"]
        );
        assert_eq!(older, ["encode  not there, v1 here"]);
    }
}
