//! What a run is named by: everything that decides its result, and nothing else.
//!
//! Each law is an equivalence that is held over thousands of generated cases: two projects give one
//! run exactly when they mean the same. What they mean is said here a second time, by taking apart
//! what was parsed (`meaning`), so that a field that is added does not compile until someone says
//! whether it counts; and every key of the JSON Schemas has a verdict (`keys`), so that a key that is
//! added fails here until it has one.

#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod data;
mod declared;
mod definitions;
mod keys;
mod meaning;
mod project;
mod values;
mod written;

use std::collections::BTreeMap;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use streamflow::definition::{AsOf, Definitions, ExperimentName};
use streamflow::hash::RunId;
use streamflow::plan::{RunSpec, TableAt};
use streamflow::run::{operations, resolve_with};
use streamflow::snapshot::TableSnapshot;

/// The dates that have files.
const DATES: [&str; 12] = [
    "2024-01-31",
    "2024-02-29",
    "2024-03-31",
    "2024-04-30",
    "2024-05-31",
    "2024-06-30",
    "2024-07-31",
    "2024-08-31",
    "2024-09-30",
    "2024-10-31",
    "2024-11-30",
    "2024-12-31",
];

fn date(at: usize) -> AsOf {
    DATES[at].parse().unwrap()
}

/// What an experiment declares, its labels taken from the dates of [`DATES`].
fn spec(definitions: &Definitions, experiment: &str) -> RunSpec {
    let experiment = &definitions.experiments[&experiment.parse::<ExperimentName>().unwrap()];
    let later = |as_of: &AsOf| {
        let at = (0..DATES.len()).find(|at| date(*at) == *as_of).unwrap();
        date(at + experiment.label.lead as usize)
    };
    let label_as_of = experiment.as_of.iter().map(later).collect();
    RunSpec::of(definitions, experiment, label_as_of)
}

/// The run of an experiment over tables. What it declares is read back without loss on the way.
fn run(
    definitions: &Definitions,
    experiment: &str,
    table_at: impl Fn(&TableAt) -> TableSnapshot,
) -> RunId {
    let spec = spec(definitions, experiment);
    let declared = spec.declare();
    let again = RunSpec::from_declared(&declared).unwrap();
    assert_eq!(again.declare(), declared);
    let tables: BTreeMap<TableAt, TableSnapshot> = spec
        .reads()
        .into_keys()
        .map(|at| (at.clone(), table_at(&at)))
        .collect();
    let resolved = resolve_with(&spec, operations(&spec), tables).unwrap();
    resolved.plan.run
}

/// Holds a law over so many cases.
#[track_caller]
fn hold<S: Strategy>(
    cases: u32,
    strategy: &S,
    law: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    if let Err(broken) = TestRunner::new(config).run(strategy, law) {
        panic!("{broken}");
    }
}
