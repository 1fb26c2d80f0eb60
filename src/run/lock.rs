//! Locks of runs: made from what a run is and gave, and held against what it would be now.

use std::collections::BTreeMap;

use super::resolve::Resolved;
use super::search::search_differences;
use crate::code::CodeState;
use crate::definition::{Definitions, Experiment, ExperimentName};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, ObjectId};
use crate::host::Environment;
use crate::lockfile::{Lock, LockedCode, LockedResults, LockedSearch, lock_path};
use crate::plan::{Difference, RunIdentity, differences, place_of};
use crate::table::aligned;

/// The lock of a run.
pub fn lock_of(
    experiment: &ExperimentName,
    resolved: &Resolved,
    code: &CodeState,
    files: &BTreeMap<String, String>,
    environment: &Environment,
    results: Option<LockedResults>,
    search: Option<LockedSearch>,
) -> Lock {
    let hashes = files
        .iter()
        .map(|(path, text)| (path.clone(), ObjectId::of_bytes(text.as_bytes())));
    Lock {
        experiment: experiment.clone(),
        run: resolved.plan.run,
        declared: resolved.plan.identity.declared.clone(),
        operations: resolved.plan.identity.operations.clone(),
        search,
        data: resolved.locked_data(),
        code: LockedCode {
            commit: code.commit.clone(),
            files: hashes.collect(),
        },
        environment: environment.clone(),
        results,
    }
}

/// Refuses a lock that cannot be held to: one whose hash does not follow from its inputs, or that
/// holds no results. Gives the results.
pub fn usable(lock: &Lock) -> Result<&LockedResults> {
    let path = lock_path(&lock.experiment);
    consistent(lock, &path)?;
    lock.results.as_ref().ok_or_else(|| {
        Error::new(Kind::Lock, format!("{path} holds no results yet")).help(format!(
            "`streamflow run {}` executes the run and fills them in",
            lock.experiment
        ))
    })
}

/// Refuses a lock whose hash does not follow from its inputs. `path` is for messages.
pub fn consistent(lock: &Lock, path: &str) -> Result<()> {
    let computed = lock.identity().id();
    if computed == lock.run {
        return Ok(());
    }
    Err(
        Error::new(Kind::Lock, format!("{path} does not fit together"))
            .detail(format!("run       {}", lock.run))
            .detail(format!(
                "computed  {computed} from its own declared values and data"
            ))
            .help("a merge may have joined two locks: write it anew with")
            .help(format!("`streamflow run {}`", lock.experiment)),
    )
}

/// The error of a lock whose declared values or operations are not those of the working tree, with
/// every difference at its place; none when they are.
pub fn out_of_date(
    lock: &Lock,
    found: &RunIdentity,
    definitions: &Definitions,
    experiment: &Experiment,
) -> Option<Error> {
    let of_search = search_differences(lock.search.as_ref(), experiment.search.as_ref());
    let reasons: Vec<Difference> = differences(&lock.identity(), found)
        .into_iter()
        .filter(|difference| !matches!(difference, Difference::Data { .. }))
        .chain(of_search)
        .collect();
    if reasons.is_empty() {
        return None;
    }
    let name = &lock.experiment;
    let lines: Vec<Vec<String>> = reasons
        .iter()
        .map(|reason| describe(reason, lock, definitions, experiment))
        .collect();
    Some(
        Error::new(
            Kind::Lock,
            format!("the lock of {name} is out of date, and --locked forbids changing it"),
        )
        .details(aligned(&lines))
        .help(format!("accept with `streamflow run {name}`,"))
        .help(format!(
            "or run what is locked with `streamflow replay {name}@locked`"
        )),
    )
}

/// `model.trees`, `300 → 500`, `experiments/churn.toml:31:9`.
fn describe(
    reason: &Difference,
    lock: &Lock,
    definitions: &Definitions,
    experiment: &Experiment,
) -> Vec<String> {
    let place = match reason {
        Difference::Operation { .. } => {
            format!("locked by streamflow {}", lock.environment.streamflow)
        }
        Difference::Value { path, .. } => place_of(definitions, experiment, path).map_or_else(
            || experiment.origin.source.path.clone(),
            |span| span.to_string(),
        ),
        Difference::Data { .. } => String::new(),
    };
    vec![reason.name(), reason.to_string(), place]
}

/// The lines of an environment's differences, for a finding that needs explaining.
pub fn environment_lines(before: &Environment, now: &Environment) -> Vec<String> {
    let differences = before.differences(now);
    if differences.is_empty() {
        return vec!["environment: the same".to_string()];
    }
    let short = |text: &str| {
        text.parse::<ObjectId>()
            .map_or_else(|_| text.to_string(), |hash| hash.short())
    };
    differences
        .into_iter()
        .map(|(name, before, now)| {
            format!("environment.{name}  {} → {}", short(before), short(now))
        })
        .collect()
}
