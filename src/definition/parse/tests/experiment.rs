use insta::assert_snapshot;

use super::{FOREST, edited, said_of, whole_error};
use crate::definition::Definitions;

#[test]
fn unknown_keys() {
    assert_snapshot!(said_of(FOREST, &[
        ("registers = ", "register = "),
        ("lead = 0", "led = 0"),
        ("[dataset]", "[dataset]\ncolumns = []"),
        ("seed = 42", "sed = 42"),
        ("numeric = \"standardize\"", "scaler = \"standardize\""),
        ("trees = 300", "tree = 300"),
        ("trees = 300", "colour = 300"),
        ("threshold = 1", "treshold = 1"),
        ("staging = ", "stagging = "),
        ("[evaluate]", "[validate]"),
    ]), @r##"
    register =
       experiments/forest.toml:2:1 unknown key `register` / did you mean `registers`?
    led = 0
       experiments/forest.toml:8:1 unknown key `led` / did you mean `lead`?
    [dataset] | columns = []
       experiments/forest.toml:11:1 unknown key `columns` / `[dataset]` takes `features`
    sed = 42
       experiments/forest.toml:16:1 unknown key `sed` / did you mean `seed`?
    scaler = "standardize"
       experiments/forest.toml:20:1 unknown key `scaler` / `[preprocess]` takes `categorical`, `columns`, `derived`, `missing_categorical`, `missing_numeric`, `numeric`, `rare`
    tree = 300
       experiments/forest.toml:27:1 unknown key `tree` / `random_forest` has no such parameter; did you mean `trees`?
    colour = 300
       experiments/forest.toml:27:1 unknown key `colour` / `random_forest` has no such parameter; it has `class_weight`, `max_depth`, `max_features`, `min_samples_leaf`, `min_samples_split`, `seed`, `trees`
    treshold = 1
       experiments/forest.toml:30:1 unknown key `treshold` / did you mean `threshold`?
    stagging =
       experiments/forest.toml:33:1 unknown key `stagging` / did you mean `staging`?
    [validate]
       experiments/forest.toml:29:2 unknown key `validate` / did you mean `evaluate`?
    "##);
}

#[test]
fn missing_keys() {
    assert_snapshot!(said_of(FOREST, &[
        ("as_of = [2024-02-29, \"2024-01-31\"]", ""),
        ("table = \"labels\"", ""),
        ("column = \"churned\"", ""),
        ("[label]\ntable = \"labels\"\ncolumn = \"churned\"\nlead = 0\n", ""),
        ("features = [\"usage.plan\", \"usage.*\"]", ""),
        ("[dataset]\nfeatures = [\"usage.plan\", \"usage.*\"]\n", ""),
        ("kind = \"random_forest\"", ""),
        ("[model]\nkind = \"random_forest\"\ntrees = 300\n", ""),
    ]), @r#"
    without as_of = [2024-02-29, "2024-01-31"]
       experiments/forest.toml:1:1 missing key `as_of` / a date such as 2024-01-31, or a list of dates
    without table = "labels"
       experiments/forest.toml:5:1 missing key `table` / the table that has the label
    without column = "churned"
       experiments/forest.toml:5:1 missing key `column` / the column of that table to predict
    without [label] | table = "labels" | column = "churned" | lead = 0
       experiments/forest.toml:1:1 missing section `[label]` / say what to predict: `table` and `column`
    without features = ["usage.plan", "usage.*"]
       experiments/forest.toml:10:1 missing key `features` / such as ["usage_agg_30d.*"]
    without [dataset] | features = ["usage.plan", "usage.*"]
       experiments/forest.toml:1:1 missing section `[dataset]` / say what to learn from: `features`
    without kind = "random_forest"
       experiments/forest.toml:25:1 missing key `kind` / the estimator, such as "random_forest"
    without [model] | kind = "random_forest" | trees = 300
       experiments/forest.toml:1:1 missing section `[model]` / say what learns: `kind`
    "#);
}

#[test]
fn wrong_types() {
    assert_snapshot!(said_of(FOREST, &[
        ("description = \"A forest.\"", "description = 1"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = 20240131"),
        ("lead = 0", "lead = \"next\""),
        ("features = [\"usage.plan\", \"usage.*\"]", "features = \"usage.*\""),
        ("features = [\"usage.plan\", \"usage.*\"]", "features = [1, \"usage.*\"]"),
        ("test = 0.25", "test = \"25%\""),
        ("seed = 42", "seed = 42.0"),
        ("stratify = true", "stratify = 1"),
        ("missing_numeric = \"median\"", "missing_numeric = true"),
        ("missing_categorical = \"unknown\"", "missing_categorical = 0"),
        ("trees = 300", "trees = \"many\""),
        ("trees = 300", "trees = 300.5"),
        ("trees = 300", "max_features = 0.5"),
        ("[evaluate]\nthreshold = 1", "evaluate = 1"),
        ("staging = [\"clean\"]", "staging = \"clean\""),
    ]), @r##"
    description = 1
       experiments/forest.toml:1:15 wrong type for `description` / expected a string, found an integer
    as_of = 20240131
       experiments/forest.toml:3:9 wrong type for `as_of` / expected a date such as 2024-01-31, found an integer
    lead = "next"
       experiments/forest.toml:8:8 wrong type for `lead` / expected an integer, found a string
    features = "usage.*"
       experiments/forest.toml:11:12 wrong type for `features` / expected a list, found a string
    features = [1, "usage.*"]
       experiments/forest.toml:11:13 wrong type for `features` / expected a string, found an integer
    test = "25%"
       experiments/forest.toml:15:8 wrong type for `test` / expected a number, found a string
    seed = 42.0
       experiments/forest.toml:16:8 wrong type for `seed` / expected an integer, found a number with a fraction
    stratify = 1
       experiments/forest.toml:17:12 wrong type for `stratify` / expected true or false, found an integer
    missing_numeric = true
       experiments/forest.toml:22:19 wrong type for `missing_numeric` / expected `error`, `median`, `mean` or a number, found a boolean
    missing_categorical = 0
       experiments/forest.toml:23:23 wrong type for `missing_categorical` / expected a string, found an integer
    trees = "many"
       experiments/forest.toml:27:9 wrong type for `trees` / expected an integer, found a string
    trees = 300.5
       experiments/forest.toml:27:9 wrong type for `trees` / expected an integer, found a number with a fraction
    max_features = 0.5
       experiments/forest.toml:27:16 wrong type for `max_features` / expected `sqrt`, `log2`, `all`, or an integer of at least 1, found a number with a fraction
    evaluate = 1
       experiments/forest.toml:29:1 unknown key `evaluate` / `random_forest` has no such parameter; it has `class_weight`, `max_depth`, `max_features`, `min_samples_leaf`, `min_samples_split`, `seed`, `trees`
    staging = "clean"
       experiments/forest.toml:33:11 wrong type for `staging` / expected a list, found a string
    "##);
}

#[test]
fn dates() {
    assert_snapshot!(said_of(FOREST, &[
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = []"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = [2024-01-31, \"2024-01-31\"]"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = [\"2024-1-31\", \"31.01.2024\"]"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = 2023-02-29"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = 2024-01-31T00:00:00Z"),
    ]), @r#"
    as_of = []
       experiments/forest.toml:3:9 invalid value for `as_of` / expected at least one date
    as_of = [2024-01-31, "2024-01-31"]
       experiments/forest.toml:3:22 2024-01-31 stands here twice / remove it
    as_of = ["2024-1-31", "31.01.2024"]
       experiments/forest.toml:3:10 invalid value for `as_of` / `2024-1-31` is not a date of the form YYYY-MM-DD
       experiments/forest.toml:3:23 invalid value for `as_of` / `31.01.2024` is not a date of the form YYYY-MM-DD
    as_of = 2023-02-29
       experiments/forest.toml:3:9 invalid TOML: invalid date / expected day between 01 and 28
    as_of = 2024-01-31T00:00:00Z
       experiments/forest.toml:3:9 wrong type for `as_of` / expected a date such as 2024-01-31, found a date with a time
    "#);
}

#[test]
fn labels() {
    assert_snapshot!(said_of(FOREST, &[
        ("table = \"labels\"", "table = \"label\""),
        ("table = \"labels\"", "table = \"zebra\""),
        ("column = \"churned\"", "column = \"chruned\""),
        ("column = \"churned\"", "column = \"stayed\""),
        ("column = \"churned\"", "column = \"user_id\""),
        ("column = \"churned\"", "column = \"amount\""),
        ("column = \"churned\"", "column = \"outcome\""),
        ("column = \"churned\"", "column = \"outcome\"\npositive = \"left\""),
        ("column = \"churned\"", "column = \"outcome\"\npositive = \"\""),
        ("column = \"churned\"", "column = \"outcome\"\npositive = 1"),
        ("column = \"churned\"", "column = \"churned\"\npositive = \"Yes\""),
        ("lead = 0", "lead = -1"),
    ]), @r##"
    table = "label"
       experiments/forest.toml:6:9 unknown table `label` / did you mean `labels`?
    table = "zebra"
       experiments/forest.toml:6:9 unknown table `zebra` / features/ declares `accounts`, `labels`, `usage`
    column = "chruned"
       experiments/forest.toml:7:10 unknown column `chruned` / table `labels` has `churned`
    column = "stayed"
       experiments/forest.toml:7:10 unknown column `stayed` / table `labels` has `amount`, `churned`, `outcome`, `user_id`
    column = "user_id"
       experiments/forest.toml:7:10 column `user_id` cannot be a label / it is the key of `user`
    column = "amount"
       experiments/forest.toml:7:10 column `amount` cannot be a label / it is f64: a label is a bool, an i64 of 0 and 1, or a string with `positive`; with `task = "regression"` a number
    column = "outcome"
       experiments/forest.toml:5:1 missing key `positive` / the label is a string: say which text counts as true, or `task = "multiclass"`
    column = "outcome" | positive = "left"
       accepted
    column = "outcome" | positive = ""
       experiments/forest.toml:8:12 invalid value for `positive` / the empty text is null, and null is no label
    column = "outcome" | positive = 1
       experiments/forest.toml:8:12 wrong type for `positive` / expected a string, found an integer
    column = "churned" | positive = "Yes"
       experiments/forest.toml:8:12 `positive` has no meaning here / it goes with a label that is a string
    lead = -1
       experiments/forest.toml:8:8 invalid value for `lead` / 0: the label of the same date; 1: of the next date on file
    "##);
}

#[test]
fn features() {
    let features = "features = [\"usage.plan\", \"usage.*\"]";
    assert_snapshot!(said_of(FOREST, &[
        (features, "features = []"),
        (features, "features = [\"plan\"]"),
        (features, "features = [\"usages.plan\"]"),
        (features, "features = [\"zebra.plan\"]"),
        (features, "features = [\"usage.plann\"]"),
        (features, "features = [\"usage.zebra\"]"),
        (features, "features = [\"usage.active\"]"),
        (features, "features = [\"usage.user_id\"]"),
        (features, "features = [\"usage.\"]"),
        (features, "features = [\"accounts.size\"]"),
        (features, "features = [\"accounts.*\"]"),
        (features, "features = [\"usage.plan\", \"usage.plan\"]"),
    ]), @r##"
    features = []
       experiments/forest.toml:11:12 invalid value for `features` / a model needs at least one feature
    features = ["plan"]
       experiments/forest.toml:11:13 `plan` is no feature / write TABLE.FEATURE, or TABLE.* for all of a table
    features = ["usages.plan"]
       experiments/forest.toml:11:13 unknown table `usages` / did you mean `usage`?
    features = ["zebra.plan"]
       experiments/forest.toml:11:13 unknown table `zebra` / features/ declares `accounts`, `labels`, `usage`
    features = ["usage.plann"]
       experiments/forest.toml:11:13 unknown feature `usage.plann` / table `usage` has `plan`
    features = ["usage.zebra"]
       experiments/forest.toml:11:13 unknown feature `usage.zebra` / table `usage` has `devices`, `hours`, `hours_7d`, `hours_per_device`, `plan`
    features = ["usage.active"]
       experiments/forest.toml:11:13 unknown feature `usage.active` / table `usage` has the column: take it in `columns` of [features] in features/usage.toml
    features = ["usage.user_id"]
       experiments/forest.toml:11:13 unknown feature `usage.user_id` / table `usage` has `devices`, `hours`, `hours_7d`, `hours_per_device`, `plan`
    features = ["usage."]
       experiments/forest.toml:11:13 unknown feature `usage.` / table `usage` has `devices`, `hours`, `hours_7d`, `hours_per_device`, `plan`
    features = ["accounts.size"]
       experiments/forest.toml:11:13 table `accounts` is about another entity / `account`, and the label is about `user`
    features = ["accounts.*"]
       experiments/forest.toml:11:13 table `accounts` is about another entity / `account`, and the label is about `user`
    features = ["usage.plan", "usage.plan"]
       accepted
    "##);
}

/// Whether it may is for the guards of a run to say; what is no feature is refused here.
#[test]
fn what_the_guards_let_pass() {
    assert_snapshot!(said_of(FOREST, &[
        ("\"usage.*\"]", "\"labels.*\"]"),
        ("label_column = []", "label_column = [\"labels.churned\", \"labels.stayed\"]"),
        ("label_column = []", "label_colunm = []"),
        ("label_column = []", "label_column = true"),
        ("label_function = [\"usage.plan\"]", "label_function = [\"usage.*\"]"),
        ("label_function = [\"usage.plan\"]", "label_function = [\"plan\"]"),
        ("label_function = [\"usage.plan\"]", "label_function = [\"usage.plam\"]"),
        ("label_function = [\"usage.plan\"]", "label_function = [\"usge.plan\"]"),
        ("label_function = [\"usage.plan\"]", "label_function = [\"usage.devices\"]"),
        ("entity_overlap = false", "entity_overlap = \"yes\""),
    ]), @r#"
    "labels.*"]
       accepted
    label_column = ["labels.churned", "labels.stayed"]
       accepted
    label_colunm = []
       experiments/forest.toml:37:1 unknown key `label_colunm` / did you mean `label_column`?
    label_column = true
       experiments/forest.toml:37:16 wrong type for `label_column` / expected a list, found a boolean
    label_function = ["usage.*"]
       experiments/forest.toml:38:19 `usage.*` is no feature / name each feature: a guard that is off for all of a table guards nothing
    label_function = ["plan"]
       experiments/forest.toml:38:19 `plan` is no feature / write TABLE.FEATURE, or TABLE.* for all of a table
    label_function = ["usage.plam"]
       experiments/forest.toml:38:19 unknown feature `usage.plam` / table `usage` has `plan`
    label_function = ["usge.plan"]
       experiments/forest.toml:38:19 unknown table `usge` / did you mean `usage`?
    label_function = ["usage.devices"]
       accepted
    entity_overlap = "yes"
       experiments/forest.toml:39:18 wrong type for `entity_overlap` / expected true or false, found a string
    "#);
}

#[test]
fn splits() {
    assert_snapshot!(said_of(FOREST, &[
        ("method = \"shuffle\"", "method = \"shufle\""),
        ("method = \"shuffle\"", "method = \"random\""),
        ("method = \"shuffle\"", "method = \"hash\""),
        ("method = \"shuffle\"\n", ""),
        ("test = 0.25", "test = 0"),
        ("test = 0.25", "test = 1"),
        ("test = 0.25", "test = nan"),
        ("seed = 42", "seed = -1"),
        ("seed = 42", "seed = 99999999999999999999"),
        ("stratify = true", "stratify = false"),
        ("method = \"shuffle\"\ntest = 0.25\nseed = 42\nstratify = true", "method = \"time\""),
    ]), @r#"
    method = "shufle"
       experiments/forest.toml:14:10 unknown value `shufle` for `method` / did you mean `shuffle`?
    method = "random"
       experiments/forest.toml:14:10 unknown value `random` for `method` / expected one of `hash`, `shuffle`, `time`
    method = "hash"
       experiments/forest.toml:17:12 `stratify` without a shuffle / only `method = "shuffle"` can keep the label's share on both sides
    without method = "shuffle"
       experiments/forest.toml:16:12 `stratify` without a shuffle / only `method = "shuffle"` can keep the label's share on both sides
    test = 0
       experiments/forest.toml:15:8 invalid value for `test` / the share of test rows lies between 0 and 1, such as 0.25
    test = 1
       experiments/forest.toml:15:8 invalid value for `test` / the share of test rows lies between 0 and 1, such as 0.25
    test = nan
       experiments/forest.toml:15:8 invalid value for `test` / expected a finite number
    seed = -1
       experiments/forest.toml:16:8 invalid value for `seed` / expected an integer of at least 0
    seed = 99999999999999999999
       experiments/forest.toml:16:8 number too large / an integer has 64 bits
    stratify = false
       accepted
    method = "time"
       accepted
    "#);
}

#[test]
fn a_split_by_time_needs_dates() {
    let mut files = edited(FOREST, "\"shuffle\"", "\"time\"");
    let text = files.0.get_mut(FOREST).unwrap();
    *text = text.replace("[2024-02-29, \"2024-01-31\"]", "2024-01-31");
    *text = text.replace("stratify = true", "");
    assert_snapshot!(whole_error(&Definitions::parse(&files).unwrap_err()), @"
    definition: 1 error in 1 of 5 files
       experiments/forest.toml:14:10 a split by time needs two dates or more / `as_of` has one date: all rows would be test rows
    ");
}

#[test]
fn preprocessing() {
    assert_snapshot!(said_of(FOREST, &[
        ("numeric = \"standardize\"", "numeric = \"standardise\""),
        ("categorical = \"one_hot\"", "categorical = \"one-hot\""),
        ("missing_numeric = \"median\"", "missing_numeric = \"medium\""),
        ("missing_numeric = \"median\"", "missing_numeric = -1"),
        ("missing_numeric = \"median\"", "missing_numeric = inf"),
        ("missing_categorical = \"unknown\"", "missing_categorical = \"\""),
        ("threshold = 1", "threshold = 1.01"),
    ]), @r##"
    numeric = "standardise"
       experiments/forest.toml:20:11 unknown value `standardise` for `numeric` / did you mean `standardize`?
    categorical = "one-hot"
       experiments/forest.toml:21:15 unknown value `one-hot` for `categorical` / did you mean `one_hot`?
    missing_numeric = "medium"
       experiments/forest.toml:22:19 unknown value `medium` for `missing_numeric` / did you mean `median`?
    missing_numeric = -1
       accepted
    missing_numeric = inf
       experiments/forest.toml:22:19 invalid value for `missing_numeric` / expected a finite number
    missing_categorical = ""
       experiments/forest.toml:23:23 invalid value for `missing_categorical` / the empty text is null itself
    threshold = 1.01
       experiments/forest.toml:30:13 invalid value for `threshold` / a score lies between 0 and 1
    "##);
}

#[test]
fn models() {
    assert_snapshot!(said_of(FOREST, &[
        ("kind = \"random_forest\"", "kind = \"randomforest\""),
        ("kind = \"random_forest\"", "kind = \"zebra\""),
        ("kind = \"random_forest\"", "kind = \"prior\""),
        ("trees = 300", "trees = 0"),
                ("trees = 300", "trees = 1_000"),
                ("trees = 300", "trees = 0x10"),
        ("trees = 300", "trees = 1_000_000"),
        ("trees = 300", "seed = -1"),
        ("trees = 300", "max_features = \"half\""),
        ("trees = 300", "max_features = 0"),
        ("trees = 300", "max_features = 3"),
        ("kind = \"random_forest\"\ntrees = 300", "kind = \"logistic_regression\"\nl2 = -0.5"),
        ("kind = \"random_forest\"\ntrees = 300", "kind = \"logistic_regression\"\nl2 = nan"),
    ]), @r#"
    kind = "randomforest"
       experiments/forest.toml:26:8 unknown kind of model `randomforest` / did you mean `random_forest`?
    kind = "zebra"
       experiments/forest.toml:26:8 unknown kind of model `zebra` / this version has `decision_tree`, `extra_trees`, `gaussian_nb`, `gradient_boosting`, `knn`, `lasso`, `linear_regression`, `logistic_regression`, `prior`, `random_forest`, `ridge`, `svm`
    kind = "prior"
       experiments/forest.toml:27:1 unknown key `trees` / `prior` has no parameters
    trees = 0
       experiments/forest.toml:27:9 invalid value for `trees` / expected an integer from 1 to 100000
    trees = 1_000
       accepted
    trees = 0x10
       accepted
    trees = 1_000_000
       experiments/forest.toml:27:9 invalid value for `trees` / expected an integer from 1 to 100000
    seed = -1
       experiments/forest.toml:27:8 invalid value for `seed` / expected an integer of at least 0
    max_features = "half"
       experiments/forest.toml:27:16 invalid value for `max_features` / expected `sqrt`, `log2`, `all`, or an integer of at least 1
    max_features = 0
       experiments/forest.toml:27:16 invalid value for `max_features` / expected `sqrt`, `log2`, `all`, or an integer of at least 1
    max_features = 3
       accepted
    kind = "logistic_regression" | l2 = -0.5
       experiments/forest.toml:27:6 invalid value for `l2` / expected a number from 1e-9 to 1e9
    kind = "logistic_regression" | l2 = nan
       experiments/forest.toml:27:6 invalid value for `l2` / expected a finite number
    "#);
}

#[test]
fn gates() {
    let gates = "staging = [\"clean\"]";
    assert_snapshot!(said_of(FOREST, &[
        (gates, "staging = [\"auk >= 0.6\"]"),
        (gates, "staging = [\"lift >= 0.6\"]"),
        (gates, "staging = [\"clena\"]"),
        (gates, "staging = [\"auc >= high\"]"),
        (gates, "staging = [\"auc => 0.6\"]"),
        (gates, "staging = [\"auc >= 60%\"]"),
        (gates, "staging = [\"auc >= production.acu\"]"),
        (gates, "staging = [\"auc >= archive.auc\"]"),
        (gates, "staging = [\"auc >= production.auc * 2\"]"),
        (gates, "staging = [\"auc >= production.auc - -1\"]"),
        (gates, "staging = [\"\"]"),
        (gates, "staging = [\"\\u0061uk >= 1\"]"),
        (gates, "staging = [3]"),
    ]), @r#"
    staging = ["auk >= 0.6"]
       experiments/forest.toml:33:13 unknown gate `auk` / did you mean `auc`?
    staging = ["lift >= 0.6"]
       experiments/forest.toml:33:13 unknown gate `lift` / expected one of `auc`, `average_precision`, `f1`, `accuracy`, `precision`, `recall`, `log_loss`, `brier`, `reproduced`, `clean`, `no_leakage`, `drift` and 2 more
    staging = ["clena"]
       experiments/forest.toml:33:13 unknown gate `clena` / did you mean `clean`?
    staging = ["auc >= high"]
       experiments/forest.toml:33:20 invalid gate `auc >= high` / expected a number, or a stage's metric such as `production.auc`
    staging = ["auc => 0.6"]
       experiments/forest.toml:33:17 invalid gate `auc => 0.6` / expected `>=`, `>`, `<=` or `<`
    staging = ["auc >= 60%"]
       experiments/forest.toml:33:20 invalid gate `auc >= 60%` / expected a number
    staging = ["auc >= production.acu"]
       experiments/forest.toml:33:31 unknown metric `acu` / did you mean `accuracy`?
    staging = ["auc >= archive.auc"]
       experiments/forest.toml:33:20 invalid gate `auc >= archive.auc` / expected a number, or a stage's metric such as `production.auc`
    staging = ["auc >= production.auc * 2"]
       experiments/forest.toml:33:35 invalid gate `auc >= production.auc * 2` / expected `+` or `-`
    staging = ["auc >= production.auc - -1"]
       experiments/forest.toml:33:37 invalid gate `auc >= production.auc - -1` / one sign is enough
    staging = [""]
       experiments/forest.toml:33:13 unknown gate `` / expected one of `auc`, `average_precision`, `f1`, `accuracy`, `precision`, `recall`, `log_loss`, `brier`, `reproduced`, `clean`, `no_leakage`, `drift` and 2 more
    staging = ["\u0061uk >= 1"]
       experiments/forest.toml:33:12 unknown gate `auk` / did you mean `auc`?
    staging = [3]
       experiments/forest.toml:33:12 wrong type for `staging` / expected a string, found an integer
    "#);
}
