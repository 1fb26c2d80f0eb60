//! Laws of runs and keys, on the repository's own example.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::definition::{DefinitionFiles, Definitions, Value};
use crate::hash::{ColumnHash, Digest, RunId, StepKey, TableHash};

fn definitions() -> Definitions {
    let files: BTreeMap<String, String> = crate::sample::project()
        .into_iter()
        .filter(|file| file.path.ends_with(".toml"))
        .map(|file| (file.path, String::from_utf8(file.contents).unwrap()))
        .collect();
    Definitions::parse(&DefinitionFiles(files)).unwrap()
}

fn identity(experiment: &str) -> RunIdentity {
    let definitions = definitions();
    let experiment = &definitions.experiments[experiment];
    let spec = RunSpec::of(&definitions, experiment, experiment.as_of.clone());
    let data = spec.reads().into_keys().map(|(table, as_of)| {
        let hash = TableHash::of(table.as_str());
        DataInput { table, as_of, hash }
    });
    let operations = [
        "training_set",
        "split",
        "encode",
        "predict",
        "evaluate",
        spec.model.kind,
    ];
    RunIdentity {
        declared: spec.declare(),
        operations: Operations(operations.map(|name| (name.to_string(), 1)).into()),
        data: data.collect(),
    }
}

fn keys(identity: &RunIdentity) -> BTreeMap<Step, StepKey> {
    let plan = Plan::new(identity.clone()).unwrap();
    plan.steps
        .iter()
        .map(|planned| (planned.step, planned.key))
        .collect()
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(value) => Value::Bool(!value),
        Value::Integer(value) => Value::Integer(value + 1),
        Value::Float(value) => Value::Float(value / 2.0 + 0.001),
        Value::Text(text) => Value::Text(format!("{text}_other")),
        Value::List(values) => Value::List(values.iter().skip(1).cloned().collect()),
    }
}

#[test]
fn every_experiment_can_be_read_back_from_what_it_declares() {
    let definitions = definitions();
    for experiment in definitions.experiments.values() {
        let spec = RunSpec::of(&definitions, experiment, experiment.as_of.clone());
        assert_eq!(
            RunSpec::from_declared(&spec.declare()).unwrap(),
            spec,
            "{}",
            experiment.name
        );
    }
}

#[test]
fn every_declared_value_is_read_by_exactly_one_step() {
    for (path, _) in identity("churn_random_forest").declared.iter() {
        let readers: Vec<Step> = Step::ALL
            .into_iter()
            .filter(|step| step.reads().iter().any(|parent| path.is_within(parent)))
            .collect();
        assert_eq!(readers.len(), 1, "{path} is read by {readers:?}");
    }
}

/// DVC forgets a parameter called `size` (dvc#10296); nothing is forgotten here, whatever its name.
#[test]
fn every_declared_value_changes_the_run_and_the_keys_from_its_step_on() {
    let before = identity("churn_random_forest");
    let mut runs = BTreeSet::from([before.id()]);
    for (path, value) in before.declared.iter() {
        let mut after = before.clone();
        after.declared.insert(path.as_str(), other(value));
        assert!(runs.insert(after.id()), "{path} does not change the run");
        let reason = &differences(&before, &after)[0];
        assert_eq!(reason.name(), path.as_str());
        let Ok(plan) = Plan::new(after.clone()) else {
            continue;
        };
        let first = reason.first_step();
        let old = keys(&before);
        for planned in &plan.steps {
            let same = old[&planned.step] == planned.key;
            let depends = planned.step == first || reaches(&plan, planned.step, first);
            assert_eq!(same, !depends, "{path}: {}", planned.step);
        }
    }
}

/// Whether a step takes the output of another, directly or not.
fn reaches(plan: &Plan, step: Step, wanted: Step) -> bool {
    let planned = plan.steps.iter().find(|planned| planned.step == step);
    let inputs = &planned.unwrap().inputs;
    inputs
        .iter()
        .any(|input| *input == wanted || reaches(plan, *input, wanted))
}

#[test]
fn every_table_and_every_operation_changes_the_run() {
    let before = identity("churn_random_forest");
    let mut runs = BTreeSet::from([before.id()]);
    for at in 0..before.data.len() {
        let mut after = before.clone();
        after.data[at].hash = TableHash::of("another");
        assert!(runs.insert(after.id()), "{:?}", after.data[at]);
        assert!(
            keys(&after)
                .iter()
                .all(|(step, key)| keys(&before)[step] != *key)
        );
    }
    for name in before.operations.0.keys() {
        let mut after = before.clone();
        after.operations.0.insert(name.clone(), 2);
        assert!(runs.insert(after.id()), "{name}");
        assert_ne!(keys(&after), keys(&before), "{name}");
    }
}

#[test]
fn a_changed_threshold_does_not_fit_again() {
    let before = identity("churn_random_forest");
    let mut after = before.clone();
    after
        .declared
        .insert("evaluate.threshold", Value::Float(0.4));
    let (old, new) = (keys(&before), keys(&after));
    assert_eq!(old[&Step::Fit], new[&Step::Fit]);
    assert_ne!(old[&Step::Evaluate], new[&Step::Evaluate]);
}

fn with_folds(identity: &RunIdentity) -> RunIdentity {
    let mut with = identity.clone();
    let mut insert = |name, value| with.declared.insert(name, value);
    insert("cross_validation.folds", Value::Integer(5));
    insert("cross_validation.method", Value::Text("grouped".into()));
    insert("cross_validation.seed", Value::Integer(42));
    with.operations.0.insert("cross_validate".to_string(), 1);
    with
}

/// What is fitted and predicted with folds is what is without; what decides a fit decides those of the
/// folds.
#[test]
fn folds_are_a_step_beside_the_others() {
    let without = identity("churn_random_forest");
    let with = with_folds(&without);
    let (old, new) = (keys(&without), keys(&with));
    assert!(!old.contains_key(&Step::CrossValidate));
    for step in [Step::TrainingSet, Step::Split, Step::Fit, Step::Predict] {
        assert_eq!(old[&step], new[&step], "{step}");
    }
    assert_ne!(old[&Step::Evaluate], new[&Step::Evaluate]);

    let changed = |path: &str, value: Value| {
        let mut after = with.clone();
        after.declared.insert(path, value);
        let reason = &differences(&with, &after)[0];
        let after = keys(&after);
        let steps = new.iter().filter(|(step, key)| after[step] != **key);
        (reason.first_step(), steps.map(|(step, _)| *step).collect())
    };
    let later = vec![Step::CrossValidate, Step::Evaluate];
    assert_eq!(
        changed("cross_validation.folds", Value::Integer(6)),
        (Step::CrossValidate, later)
    );
    let all = vec![
        Step::CrossValidate,
        Step::Fit,
        Step::Predict,
        Step::Evaluate,
    ];
    assert_eq!(changed("model.trees", Value::Integer(7)), (Step::Fit, all));
    let last = vec![Step::Evaluate];
    assert_eq!(
        changed("evaluate.threshold", Value::Float(0.4)),
        (Step::Evaluate, last)
    );
}

/// What calibrates a model is a part of it: then the folds stand before the fit.
#[test]
fn a_calibrated_model_takes_the_scores_of_the_folds() {
    let plain = with_folds(&identity("churn_random_forest"));
    let mut with = plain.clone();
    let mut insert = |path, value| with.declared.insert(path, value);
    insert("calibrate.method", Value::Text("platt".into()));
    with.operations.0.insert("calibrate".to_string(), 1);
    let (old, new) = (keys(&plain), keys(&with));
    for step in [Step::TrainingSet, Step::Split, Step::CrossValidate] {
        assert_eq!(old[&step], new[&step], "{step}");
    }
    for step in [Step::Fit, Step::Predict, Step::Evaluate] {
        assert_ne!(old[&step], new[&step], "{step}");
    }
    let mut other = with.clone();
    other
        .declared
        .insert("cross_validation.seed", Value::Integer(1));
    assert_ne!(keys(&other)[&Step::Fit], new[&Step::Fit]);
    assert_eq!(differences(&plain, &with)[0].first_step(), Step::Fit);
}

/// What a rule says is read back, and nothing stands beside it that it takes the place of.
#[test]
fn a_rule_takes_the_place_of_the_threshold() {
    let rules = [
        vec![("calibrate.threshold", Value::Text("f1".into()))],
        vec![("calibrate.threshold.precision", Value::Float(0.8))],
        vec![("calibrate.threshold.recall", Value::Float(1.0))],
        vec![
            ("calibrate.threshold.false_negative", Value::Float(5.0)),
            ("calibrate.threshold.false_positive", Value::Float(1.0)),
        ],
    ];
    let plain = with_folds(&identity("churn_random_forest"));
    for rule in rules {
        let mut declared = Declared::default();
        let kept = plain.declared.iter();
        for (path, value) in kept.filter(|(path, _)| path.as_str() != "evaluate.threshold") {
            declared.insert(path.as_str(), value.clone());
        }
        for (path, value) in &rule {
            declared.insert(*path, value.clone());
        }
        let spec = RunSpec::from_declared(&declared).unwrap();
        assert_eq!(spec.declare(), declared);
        // The two together are no run.
        declared.insert("evaluate.threshold", Value::Float(0.5));
        assert!(RunSpec::from_declared(&declared).is_err());
    }
    let mut nonsense = plain.declared.clone();
    nonsense.insert("calibrate.threshold.precision", Value::Float(2.0));
    assert!(RunSpec::from_declared(&nonsense).is_err());
}

#[test]
fn a_map_of_another_version_is_refused() {
    let mut declared = identity("churn_prior").declared;
    declared.insert("split.gap", Value::Integer(1));
    assert!(RunSpec::from_declared(&declared).is_err());
}

/// The vector stands in docs/hashing.md. A change here gives every run another name.
#[test]
fn golden_vector_of_a_run() {
    let mut declared = Declared::default();
    declared.insert("as_of", Value::List(vec![Value::Text("2024-01-31".into())]));
    declared.insert("model.trees", Value::Integer(300));
    declared.insert("split.stratify", Value::Bool(false));
    declared.insert("split.test", Value::Float(0.25));
    let identity = RunIdentity {
        declared,
        operations: Operations(BTreeMap::from([("split".to_string(), 1)])),
        data: vec![DataInput {
            table: "labels".parse().unwrap(),
            as_of: "2024-01-31".parse().unwrap(),
            hash: TableHash::from_bytes([7; 32]),
        }],
    };
    assert_eq!(identity.id().to_string(), GOLDEN_RUN);
    // The kinds of hash do not stand in for each other.
    assert_ne!(
        RunId::of(&identity).as_bytes(),
        ColumnHash::of(&identity).as_bytes()
    );
}

const GOLDEN_RUN: &str = "b4cc63b7739914c532b213029684bbafc048fc1512e7bfaab59d2c1d22245f8f";
