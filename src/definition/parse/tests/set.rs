use insta::assert_snapshot;

use super::{FOREST, edited, small, whole_error};
use crate::definition::{DefinitionFiles, Definitions, Experiment, Value};
use crate::error::Result;

fn set_in(files: &DefinitionFiles, overrides: &[(&str, &str)]) -> Result<Experiment> {
    let name = "forest".parse().unwrap();
    let owned = |(key, value): &(&str, &str)| ((*key).to_string(), (*value).to_string());
    let overrides: Vec<_> = overrides.iter().map(owned).collect();
    let mut definitions = Definitions::parse_with(files, Some(&name), &overrides)?;
    Ok(definitions.experiments.remove(&name).unwrap())
}

pub(super) fn set(overrides: &[(&str, &str)]) -> Result<Experiment> {
    set_in(&small(), overrides)
}

fn refused(overrides: &[(&str, &str)]) -> String {
    whole_error(&set(overrides).unwrap_err())
}

#[test]
fn a_value_is_set_as_if_the_file_had_it() {
    let experiment = set(&[
        ("model.trees", "5"),
        ("model.max_features", "log2"),
        ("as_of", "2024-03-31"),
        ("dataset.features", "['usage.hours']"),
        ("preprocess.missing_categorical", "none given"),
    ])
    .unwrap();
    assert_eq!(experiment.model.parameters["trees"], Value::Integer(5));
    assert_eq!(
        experiment.model.parameters["max_features"],
        Value::Text("log2".into())
    );
    assert_eq!(format!("{:?}", experiment.as_of), "[2024-03-31]");
    assert_eq!(experiment.features.len(), 1);
    assert!(
        experiment.origin.span("model.trees").is_none(),
        "it stands in no file"
    );
    assert!(
        experiment
            .origin
            .span("dataset.features.usage.hours")
            .is_none()
    );
    assert!(experiment.origin.span("model.kind").is_some());
}

#[test]
fn a_section_that_was_not_written_can_be_set() {
    let files = edited(FOREST, "[evaluate]\nthreshold = 1\n", "");
    let experiment = set_in(&files, &[("evaluate.threshold", "0.25")]).unwrap();
    assert_eq!(experiment.threshold, 0.25);
}

#[test]
fn the_last_of_two_values_holds() {
    let experiment = set(&[("split.seed", "1"), ("split.seed", "2")]).unwrap();
    assert_eq!(experiment.split.seed, 2);
}

#[test]
fn other_experiments_keep_their_values() {
    let mut files = small();
    files
        .0
        .insert("experiments/other.toml".into(), files.0[FOREST].clone());
    let overrides = [("split.seed".to_string(), "7".to_string())];
    let seeds = |name: Option<&str>| {
        let name = name.map(|name| name.parse().unwrap());
        let definitions = Definitions::parse_with(&files, name.as_ref(), &overrides).unwrap();
        definitions
            .experiments
            .into_values()
            .map(|e| e.split.seed)
            .collect::<Vec<_>>()
    };
    assert_eq!(seeds(Some("other")), [42, 7]);
    assert_eq!(seeds(None), [7, 7]);
}

#[test]
fn what_does_not_fit_is_wrong_usage() {
    assert_snapshot!(refused(&[("model.tree", "5")]), @"
    usage: `--set model.tree=5`: unknown key `tree`
    help: `random_forest` has no such parameter; did you mean `trees`?
    ");
    assert_snapshot!(refused(&[("modle.trees", "5"), ("model.trees", "0")]), @"
    usage: `--set model.trees=0`: invalid value for `trees`
    detail: `--set modle.trees=5`: unknown key `modle`: did you mean `model`?
    help: expected an integer from 1 to 100000
    ");
    assert_snapshot!(refused(&[("model.trees", "many")]), @"
    usage: `--set model.trees=many`: wrong type for `trees`
    help: expected an integer, found a string
    ");
    assert_snapshot!(refused(&[("split.test", "1.5")]), @"
    usage: `--set split.test=1.5`: invalid value for `test`
    help: the share of test rows lies between 0 and 1, such as 0.25
    ");
    assert_snapshot!(refused(&[("model", "5")]), @"
    usage: `--set model=5`: wrong type for `model`
    help: expected a section `[model]`, found an integer
    ");
    assert_snapshot!(refused(&[("as_of.first", "5")]), @"
    usage: `--set as_of.first=5`: `as_of` is not a section
    help: it holds one value: set that
    ");
    assert_snapshot!(refused(&[("model..trees", "5")]), @"
    usage: `--set model..trees=5`: `model..trees` is not a key path
    help: write keys joined by dots, such as `model.trees`
    ");
    assert_snapshot!(refused(&[("", "5")]), @"
    usage: `--set =5`: `` is not a key path
    help: write keys joined by dots, such as `model.trees`
    ");
    assert_snapshot!(refused(&[("label.column", "chruned")]), @"
    usage: `--set label.column=chruned`: unknown column `chruned`
    help: table `labels` has `churned`
    ");
    assert_snapshot!(refused(&[("promote.staging", "['auk >= 1']")]), @"
    usage: `--set promote.staging=['auk >= 1']`: unknown gate `auk`
    help: did you mean `auc`?
    ");
    assert_snapshot!(refused(&[("model.kind", "prior")]), @"
    definition: 1 error in 1 of 5 files
       experiments/forest.toml:27:1 unknown key `trees` / `prior` has no parameters
    ");
}

#[test]
fn errors_of_the_files_stand_below() {
    let files = edited(FOREST, "seed = 42", "seed = -42");
    let error = set_in(&files, &[("model.tree", "5")]).unwrap_err();
    assert_snapshot!(whole_error(&error), @"
    usage: `--set model.tree=5`: unknown key `tree`
       experiments/forest.toml:16:8 invalid value for `seed` / expected an integer of at least 0
    help: `random_forest` has no such parameter; did you mean `trees`?
    ");
}
