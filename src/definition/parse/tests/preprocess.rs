use insta::assert_snapshot;

use super::{FOREST, edited, said_of, set::set};
use crate::definition::{
    CategoricalEncoding, Definitions, FeaturePreprocess, MissingCategorical, MissingNumeric,
    NumericEncoding,
};

#[test]
fn what_is_said_of_one_feature() {
    let definitions = Definitions::parse(&edited(FOREST, "missing_numeric = 0 ", "")).unwrap();
    let preprocess = &definitions.experiments.values().next().unwrap().preprocess;
    let hours = preprocess.numeric_rule("usage.hours");
    assert_eq!((hours.clip, hours.log), (Some([0.01, 0.99]), true));
    assert_eq!(hours.encoding, NumericEncoding::Passthrough);
    assert_eq!(hours.missing, MissingNumeric::Median);
    let others = preprocess.numeric_rule("usage.bitrate");
    assert_eq!((others.clip, others.log, others.bins), (None, false, None));
    assert_eq!(others.encoding, NumericEncoding::Standardize);
    let plan = preprocess.categorical_rule("usage.plan");
    assert_eq!(plan.encoding, CategoricalEncoding::Ordinal);
    assert_eq!(plan.order.map(<[String]>::len), Some(2));
    assert_eq!(*plan.missing, MissingCategorical::Constant("basic".into()));
    assert_eq!(preprocess.columns.len(), 3);
}

#[test]
fn a_value_of_one_feature_can_be_set() {
    let experiment = set(&[("preprocess.columns.usage.devices.bins", "3")]).unwrap();
    assert_eq!(
        experiment.preprocess.numeric_rule("usage.devices").bins,
        Some(3)
    );
}

/// A feature that is not used, and what is said of all anyway, are no part of what is hashed.
#[test]
fn only_what_differs_is_kept() {
    let experiment = set(&[
        (
            "preprocess.columns.usage.devices",
            "{ numeric = \"standardize\", missing_numeric = \"median\" }",
        ),
        (
            "preprocess.columns.usage.hours",
            "{ numeric = \"standardize\", log = true }",
        ),
        (
            "preprocess.columns.usage.plan",
            "{ categorical = \"one_hot\" }",
        ),
    ])
    .unwrap();
    let within = experiment.preprocess.within(|_| true);
    let names: Vec<String> = within.columns.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["usage.hours"]);
    let Some(FeaturePreprocess::Numeric(hours)) = within.columns.values().next() else {
        panic!("hours are numbers");
    };
    assert_eq!((hours.log, hours.numeric), (true, None));
    assert!(experiment.preprocess.within(|_| false).columns.is_empty());
}

#[test]
fn wrong_things_said_of_features() {
    assert_snapshot!(said_of(
        FOREST,
        &[
            ("usage.hours = {", "usage.hour = {"),
            ("usage.hours = {", "usages.hours = {"),
            ("usage.hours = {", "\"usage.hours\" = {"),
            ("usage.hours = {", "\"usage\".\"*\" = {"),
            ("usage.devices = { bins = 8 }", "usage.devices = 8"),
            ("usage.devices = { bins = 8 }", "usage = 8"),
            ("bins = 8", "bins = 1"),
            ("bins = 8", "bins = 257"),
            ("bins = 8", "bins = 2.5"),
            ("bins = 8", "bins = 8, numeric = \"standardize\""),
            ("bins = 8", "rare = 0.1"),
            ("bins = 8", "bin = 8"),
            ("clip = [0.01, 0.99]", "clip = [0.99, 0.01]"),
            ("clip = [0.01, 0.99]", "clip = [1, 99]"),
            ("clip = [0.01, 0.99]", "clip = [0.5]"),
            ("clip = [0.01, 0.99]", "clip = 0.5"),
            ("log = true", "log = \"yes\""),
            ("categorical = \"ordinal\", ", ""),
            (
                "categorical = \"ordinal\", ",
                "categorical = \"ordinal\", rare = 0.1, "
            ),
            ("[\"basic\", \"full\"]", "[\"basic\", \"basic\"]"),
            ("[\"basic\", \"full\"]", "[\"basic\"]"),
            ("[\"basic\", \"full\"]", "[\"basic\", \"\"]"),
            ("[\"basic\", \"full\"]", "[1, 2]"),
            (
                "categorical = \"one_hot\"",
                "categorical = \"one_hot\"\nrare = 0"
            ),
            (
                "categorical = \"one_hot\"",
                "categorical = \"one_hot\"\nrare = 5"
            ),
        ]
    ), @r##"
    usage.hour = {
       experiments/forest.toml:42:14 unknown feature `usage.hour` / table `usage` has `hours`
    usages.hours = {
       experiments/forest.toml:42:16 unknown table `usages` / did you mean `usage`?
    "usage.hours" = {
       experiments/forest.toml:42:1 a table and a feature in one key / write `usage.hours` without quotation marks
    "usage"."*" = {
       experiments/forest.toml:42:15 `*` is no feature / what all have in common stands in [preprocess]
    usage.devices = 8
       experiments/forest.toml:43:17 wrong type for `devices` / expected a section `[preprocess.columns.usage.devices]`, found an integer
    usage = 8
       experiments/forest.toml:43:1 invalid TOML: duplicate key / it stands further up already
    bins = 1
       experiments/forest.toml:43:26 invalid value for `bins` / expected 2 to 256 intervals
    bins = 257
       experiments/forest.toml:43:26 invalid value for `bins` / expected 2 to 256 intervals
    bins = 2.5
       experiments/forest.toml:43:26 wrong type for `bins` / expected an integer, found a number with a fraction
    bins = 8, numeric = "standardize"
       experiments/forest.toml:43:26 `bins` and `numeric` for one feature / bins are columns of 0 and 1: leave `numeric` out
    rare = 0.1
       experiments/forest.toml:43:19 unknown key `rare` / `usage.devices` is a number and takes `bins`, `clip`, `drop`, `log`, `missing_numeric`, `numeric`
    bin = 8
       experiments/forest.toml:43:19 unknown key `bin` / did you mean `bins`?
    clip = [0.99, 0.01]
       experiments/forest.toml:42:24 invalid value for `clip` / quantiles lie between 0 and 1, the lower one first
    clip = [1, 99]
       experiments/forest.toml:42:24 invalid value for `clip` / quantiles lie between 0 and 1, the lower one first
    clip = [0.5]
       experiments/forest.toml:42:24 invalid value for `clip` / expected two quantiles of the train rows, such as [0.01, 0.99]
    clip = 0.5
       experiments/forest.toml:42:24 wrong type for `clip` / expected a list, found a number with a fraction
    log = "yes"
       experiments/forest.toml:42:44 wrong type for `log` / expected true or false, found a string
    without categorical = "ordinal",
       experiments/forest.toml:44:24 `order` without an ordinal encoding / only `categorical = "ordinal"` has one: say so beside it
    categorical = "ordinal", rare = 0.1,
       experiments/forest.toml:44:61 `order` and `rare` for one feature / every category has its place here: leave one of the two out
    ["basic", "basic"]
       experiments/forest.toml:44:59 `basic` stands here twice / remove it
    ["basic"]
       experiments/forest.toml:44:49 invalid value for `order` / expected every category there may be, the lowest first
    ["basic", ""]
       experiments/forest.toml:44:59 invalid value for `order` / the empty text is null itself
    [1, 2]
       experiments/forest.toml:44:49 invalid value for `order` / expected every category there may be, the lowest first
       experiments/forest.toml:44:50 wrong type for `order` / expected a string, found an integer
       experiments/forest.toml:44:53 wrong type for `order` / expected a string, found an integer
    categorical = "one_hot" | rare = 0
       experiments/forest.toml:22:8 invalid value for `rare` / a share of the train rows lies between 0 and 1, such as 0.01
    categorical = "one_hot" | rare = 5
       experiments/forest.toml:22:8 invalid value for `rare` / a share of the train rows lies between 0 and 1, such as 0.01
    "##);
}

#[test]
fn folds() {
    assert_snapshot!(said_of(
        FOREST,
        &[
            ("folds = 4", "folds = 1"),
            ("folds = 4", "folds = 101"),
            ("folds = 4", "folds = 4.5"),
            ("folds = 4", "fold = 4"),
            ("seed = 7", "seed = -1"),
            ("\"grouped\"", "\"stratify\""),
            ("\"grouped\"", "\"time\""),
            ("\"auc >= 0.60\"", "\"cv_auc >= 0.60\""),
            ("\"auc >= 0.60\"", "\"cv_rmse >= 0.60\""),
            ("production.auc -", "production.cv_auc -"),
            (
                "staging = [\"clean\"]",
                "staging = [\"cv_lift > 1\"]",
            ),
        ]
    ), @r#"
    folds = 1
       experiments/forest.toml:48:9 invalid value for `folds` / expected an integer from 2 to 100
    folds = 101
       experiments/forest.toml:48:9 invalid value for `folds` / expected an integer from 2 to 100
    folds = 4.5
       experiments/forest.toml:48:9 wrong type for `folds` / expected an integer, found a number with a fraction
    fold = 4
       experiments/forest.toml:48:1 unknown key `fold` / did you mean `folds`?
    seed = -1
       experiments/forest.toml:49:8 invalid value for `seed` / expected an integer of at least 0
    "stratify"
       experiments/forest.toml:47:10 unknown value `stratify` for `method` / did you mean `stratified`?
    "time"
       experiments/forest.toml:47:10 4 folds by time need 5 dates or more: the first is learnt from alone / `as_of` has 2 dates
       experiments/forest.toml:49:8 `seed` has no meaning here / dates are taken in their order: nothing is drawn
    "cv_auc >= 0.60"
       accepted
    "cv_rmse >= 0.60"
       experiments/forest.toml:34:16 unknown gate `cv_rmse` / did you mean `cv_recall`?
    production.cv_auc -
       accepted
    staging = ["cv_lift > 1"]
       experiments/forest.toml:33:13 unknown gate `cv_lift` / did you mean `cv_f1`?
    "#);
}

/// Without folds no run has a mean over them.
#[test]
fn means_over_folds_come_with_folds() {
    let without = "[cross_validation]\nmethod = \"grouped\"\nfolds = 4\nseed = 7\n";
    let mut files = edited(FOREST, without, "");
    let text = files.0[FOREST].replace("auc >= 0.60", "cv_auc >= 0.60");
    files.0.insert(FOREST.to_string(), text);
    let error = Definitions::parse(&files).unwrap_err();
    assert_snapshot!(super::findings(&error), @"   experiments/forest.toml:34:16 unknown gate `cv_auc` / means over folds come with a section `[cross_validation]`");
}

#[test]
fn calibration() {
    let rule = |threshold: &str| format!("seed = 7\n[calibrate]\nthreshold = {threshold}");
    let rules: Vec<String> = [
        "\"f2\"",
        "0.4",
        "{ precision = 0.8 }",
        "{ precision = 1.5 }",
        "{ precision = \"high\" }",
        "{ precision = 0.8, recall = 0.8 }",
        "{ false_positive = 1 }",
        "{ false_positive = 0, false_negative = 0 }",
        "{ precisoin = 0.8 }",
        "{}",
    ]
    .map(rule)
    .to_vec();
    let mut edits: Vec<(&str, &str)> = rules
        .iter()
        .map(|rule| ("seed = 7", rule.as_str()))
        .collect();
    edits.extend([
        ("seed = 7", "seed = 7\n[calibrate]\nmethod = \"plat\""),
        ("seed = 7", "seed = 7\n[calibrate]\nmethods = \"platt\""),
        ("seed = 7", "seed = 7\n[calibrate]"),
        (
            "[cross_validation]\nmethod = \"grouped\"\nfolds = 4\nseed = 7",
            "[calibrate]\nmethod = \"isotonic\"",
        ),
    ]);
    assert_snapshot!(said_of(FOREST, &edits), @r#"
    seed = 7 | [calibrate] | threshold = "f2"
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid value for `threshold` / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
    seed = 7 | [calibrate] | threshold = 0.4
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid value for `threshold` / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
    seed = 7 | [calibrate] | threshold = { precision = 0.8 }
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
    seed = 7 | [calibrate] | threshold = { precision = 1.5 }
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid rule for the threshold / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
    seed = 7 | [calibrate] | threshold = { precision = "high" }
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:27 wrong type for `precision` / expected a number, found a string
    seed = 7 | [calibrate] | threshold = { precision = 0.8, recall = 0.8 }
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid rule for the threshold / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
    seed = 7 | [calibrate] | threshold = { false_positive = 1 }
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid rule for the threshold / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
    seed = 7 | [calibrate] | threshold = { false_positive = 0, false_negative = 0 }
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid rule for the threshold / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
    seed = 7 | [calibrate] | threshold = { precisoin = 0.8 }
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid rule for the threshold / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
       experiments/forest.toml:51:15 unknown key `precisoin` / did you mean `precision`?
    seed = 7 | [calibrate] | threshold = {}
       experiments/forest.toml:30:13 the threshold is said twice / a rule stands under [calibrate]: remove one of the two
       experiments/forest.toml:51:13 invalid rule for the threshold / expected "f1", { precision = 0.8 } or { recall = 0.8 } of at most 1, or what errors cost: { false_positive = 1, false_negative = 5 }
    seed = 7 | [calibrate] | method = "plat"
       experiments/forest.toml:51:10 unknown value `plat` for `method` / did you mean `platt`?
    seed = 7 | [calibrate] | methods = "platt"
       experiments/forest.toml:50:1 `[calibrate]` says nothing / expected `method`, `threshold` or both
       experiments/forest.toml:51:1 unknown key `methods` / did you mean `method`?
    seed = 7 | [calibrate]
       experiments/forest.toml:50:1 `[calibrate]` says nothing / expected `method`, `threshold` or both
    [calibrate] | method = "isotonic"
       experiments/forest.toml:46:1 `[calibrate]` learns from scores of rows that were held out / expected a section `[cross_validation]` beside it
    "#);
}
