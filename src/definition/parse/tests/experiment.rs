use insta::assert_snapshot;

use super::{FOREST, said_of};

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
    ]), @"");
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
    ]), @"");
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
        ("trees = 300", "bootstrap = \"yes\""),
        ("trees = 300", "max_features = 0.5"),
        ("[evaluate]\nthreshold = 1", "evaluate = 1"),
        ("staging = [\"clean\"]", "staging = \"clean\""),
    ]), @"");
}

#[test]
fn dates() {
    assert_snapshot!(said_of(FOREST, &[
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = []"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = [2024-01-31, \"2024-01-31\"]"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = [\"2024-1-31\", \"31.01.2024\"]"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = 2023-02-29"),
        ("as_of = [2024-02-29, \"2024-01-31\"]", "as_of = 2024-01-31T00:00:00Z"),
    ]), @"");
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
    ]), @"");
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
    ]), @"");
}

#[test]
fn a_label_does_not_predict_itself() {
    assert_snapshot!(said_of(FOREST, &[
        ("\"usage.*\"]", "\"labels.churned\"]"),
        ("\"usage.*\"]", "\"labels.stayed\"]"),
        ("\"usage.*\"]", "\"labels.*\"]"),
        ("\"usage.*\"]", "\"labels.amount\"]"),
        ("lead = 0\n\n[dataset]\nfeatures = [", "lead = 1\n\n[dataset]\nfeatures = [\"labels.*\", "),
    ]), @"");
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
    ]), @"");
}

#[test]
fn a_split_by_time_needs_dates() {
    let text = include_str!("small/forest.toml")
        .replace("[2024-02-29, \"2024-01-31\"]", "2024-01-31")
        .replace("\"shuffle\"", "\"time\"")
        .replace("stratify = true\n", "");
    let new = text.as_str();
    assert_snapshot!(said_of(FOREST, &[(include_str!("small/forest.toml"), new)]), @"");
}

#[test]
fn preprocessing() {
    assert_snapshot!(said_of(FOREST, &[
        ("numeric = \"standardize\"", "numeric = \"standardise\""),
        ("categorical = \"one_hot\"", "categorical = \"ordinal\""),
        ("missing_numeric = \"median\"", "missing_numeric = \"medium\""),
        ("missing_numeric = \"median\"", "missing_numeric = -1"),
        ("missing_numeric = \"median\"", "missing_numeric = inf"),
        ("missing_categorical = \"unknown\"", "missing_categorical = \"\""),
        ("threshold = 1", "threshold = 1.01"),
    ]), @"");
}

#[test]
fn models() {
    assert_snapshot!(said_of(FOREST, &[
        ("kind = \"random_forest\"", "kind = \"randomforest\""),
        ("kind = \"random_forest\"", "kind = \"zebra\""),
        ("kind = \"random_forest\"", "kind = \"prior\""),
        ("trees = 300", "trees = 0"),
        ("trees = 300", "trees = 1_000_000"),
        ("trees = 300", "seed = -1"),
        ("trees = 300", "max_features = \"half\""),
        ("trees = 300", "max_features = 0"),
        ("trees = 300", "max_features = 3"),
        ("kind = \"random_forest\"\ntrees = 300", "kind = \"logistic_regression\"\nl2 = -0.5"),
        ("kind = \"random_forest\"\ntrees = 300", "kind = \"logistic_regression\"\nl2 = nan"),
    ]), @"");
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
    ]), @"");
}
