//! `[search]`.

use super::{FOREST, said_of};

#[test]
fn what_a_search_cannot_be() {
    let edits = [
        ("method = \"halving\"", "method = \"bayes\""),
        ("method = \"halving\"", "method = \"grid\""),
        ("method = \"halving\"", "method = \"random\""),
        ("metric = \"cv_auc\"", "metric = \"auc\""),
        ("metric = \"cv_auc\"", "metric = \"cv_acc\""),
        ("metric = \"cv_auc\"", "metric = \"cv_rmse\""),
        ("candidates = 9", "candidates = 1"),
        ("candidates = 9", "candidates = 10001"),
        ("candidates = 9\n", ""),
        ("seed = 5", "seed = -1"),
        ("factor = 3", "factor = 1"),
        ("factor = 3", "factors = 3"),
        (
            "resource = { key = \"model.trees\", from = 10, to = 90 }\n",
            "",
        ),
        ("key = \"model.trees\"", "key = \"model.seed\""),
        ("key = \"model.trees\"", "key = \"model.max_depth\""),
        ("from = 10, to = 90", "from = 90, to = 90"),
        ("from = 10, to = 90", "from = 10, to = 1000000"),
        ("from = 10, to = 90", "from = 10"),
        (
            "[cross_validation]\nmethod = \"grouped\"\nfolds = 4\nseed = 7\n",
            "",
        ),
    ];
    insta::assert_snapshot!(said_of(FOREST, &edits), @r#"
    method = "bayes"
       experiments/forest.toml:52:10 unknown value `bayes` for `method` / expected one of `grid`, `random`, `halving`
    method = "grid"
       experiments/forest.toml:54:14 `candidates` has no meaning here / a grid is every combination; `method = "random"` draws some
       experiments/forest.toml:56:10 `factor` has no meaning here / only `method = "halving"` gives candidates more, round by round
       experiments/forest.toml:57:12 `resource` has no meaning here / only `method = "halving"` gives candidates more, round by round
       experiments/forest.toml:60:13 a grid takes no range / expected a list of values; a range takes `method = "random"` or "halving"
       experiments/forest.toml:65:8 a grid takes no range / expected a list of values; a range takes `method = "random"` or "halving"
    method = "random"
       experiments/forest.toml:56:10 `factor` has no meaning here / only `method = "halving"` gives candidates more, round by round
       experiments/forest.toml:57:12 `resource` has no meaning here / only `method = "halving"` gives candidates more, round by round
    metric = "auc"
       experiments/forest.toml:53:10 no search goes by `auc` / test rows choose nothing; its mean over the folds is `cv_auc`
    metric = "cv_acc"
       experiments/forest.toml:53:10 no search goes by `cv_acc` / did you mean `cv_auc`?
    metric = "cv_rmse"
       experiments/forest.toml:53:10 no search goes by `cv_rmse` / did you mean `cv_recall`?
    candidates = 1
       experiments/forest.toml:54:14 invalid value for `candidates` / expected an integer from 2 to 10000
    candidates = 10001
       experiments/forest.toml:54:14 invalid value for `candidates` / expected an integer from 2 to 10000
    without candidates = 9
       experiments/forest.toml:51:1 missing key `candidates` / a range has no end of values: say how many candidates are drawn
    seed = -1
       experiments/forest.toml:55:8 invalid value for `seed` / expected an integer of at least 0
    factor = 1
       experiments/forest.toml:56:10 invalid value for `factor` / expected an integer from 2 to 10
    factors = 3
       experiments/forest.toml:56:1 unknown key `factors` / did you mean `factor`?
    without resource = { key = "model.trees", from = 10, to = 90 }
       experiments/forest.toml:51:1 missing key `resource` / say what grows from round to round, such as { key = "model.trees", from = 20, to = 300 }
    key = "model.seed"
       experiments/forest.toml:57:20 `model.seed` cannot grow / expected one of `model.max_depth`, `model.min_samples_leaf`, `model.min_samples_split`, `model.trees`
    key = "model.max_depth"
       experiments/forest.toml:57:20 `model.max_depth` is tried and grows / the search gives it a value of its own in each round: leave one out
    from = 90, to = 90
       experiments/forest.toml:57:12 invalid value for `resource` / expected `from` of at least 1, below `to`
    from = 10, to = 1000000
       experiments/forest.toml:57:51 invalid value for `trees` / expected an integer from 1 to 100000
    from = 10
       experiments/forest.toml:57:12 missing key `to` / what the last round has
    without [cross_validation] | method = "grouped" | folds = 4 | seed = 7
       experiments/forest.toml:47:1 `[search]` compares candidates on train rows that were held out / expected a section `[cross_validation]` beside it
    "#);
}

#[test]
fn what_a_value_to_be_tried_cannot_be() {
    let edits = [
        (
            "max_features = [\"sqrt\", 2]",
            "max_features = [\"sqrt\", 0]",
        ),
        (
            "max_features = [\"sqrt\", 2]",
            "max_features = [\"sqrt\", \"sqr\"]",
        ),
        (
            "max_features = [\"sqrt\", 2]",
            "max_features = [\"sqrt\", \"sqrt\"]",
        ),
        ("max_features = [\"sqrt\", 2]", "max_features = []"),
        ("max_features = [\"sqrt\", 2]", "max_features = \"sqrt\""),
        (
            "max_features = [\"sqrt\", 2]",
            "max_features = [[\"sqrt\"]]",
        ),
        ("max_features = [\"sqrt\", 2]", "max_feature = [\"sqrt\"]"),
        ("max_features = [\"sqrt\", 2]", "kind = [\"svm\", \"knn\"]"),
        ("max_features = [\"sqrt\", 2]", "seed = [1, 2]"),
        (
            "max_features = [\"sqrt\", 2]",
            "class_weight = { from = 1, to = 2 }",
        ),
        (
            "max_depth = { from = 2, to = 12 }",
            "max_depth = { from = 2, to = 70000 }",
        ),
        (
            "max_depth = { from = 2, to = 12 }",
            "max_depth = { from = 2.5, to = 3.5 }",
        ),
        (
            "max_depth = { from = 2, to = 12 }",
            "max_depth = { from = 12, to = 2 }",
        ),
        (
            "max_depth = { from = 2, to = 12 }",
            "max_depth = { from = 0, to = 2, scale = \"log\" }",
        ),
        (
            "max_depth = { from = 2, to = 12 }",
            "max_depth = { from = 2, to = 12, scale = \"ln\" }",
        ),
        (
            "max_depth = { from = 2, to = 12 }",
            "max_depth = { from = 2 }",
        ),
        (
            "numeric = [\"standardize\", \"passthrough\"]",
            "numeric = [\"standardise\"]",
        ),
        (
            "numeric = [\"standardize\", \"passthrough\"]",
            "columns = [\"a\"]",
        ),
        (
            "numeric = [\"standardize\", \"passthrough\"]",
            "scale = [1]",
        ),
        (
            "rare = { from = 0.01, to = 0.1, scale = \"log\" }",
            "rare = { from = 0.01, to = 2 }",
        ),
    ];
    insta::assert_snapshot!(said_of(FOREST, &edits), @r#"
    max_features = ["sqrt", 0]
       experiments/forest.toml:61:25 invalid value for `max_features` / expected `sqrt`, `log2`, `all`, or an integer of at least 1
    max_features = ["sqrt", "sqr"]
       experiments/forest.toml:61:25 invalid value for `max_features` / expected `sqrt`, `log2`, `all`, or an integer of at least 1
    max_features = ["sqrt", "sqrt"]
       experiments/forest.toml:61:25 "sqrt" stands here twice / remove it
    max_features = []
       experiments/forest.toml:61:16 invalid value for `max_features` / expected at least one value
    max_features = "sqrt"
       experiments/forest.toml:61:16 wrong type for `max_features` / expected a list of values, or a range such as { from = 2, to = 12 }, found a string
    max_features = [["sqrt"]]
       experiments/forest.toml:61:17 wrong type for `max_features` / expected a text, a number, true or false, found a list
    max_feature = ["sqrt"]
       experiments/forest.toml:61:16 unknown key `max_feature` / `random_forest` has no such parameter; did you mean `max_features`?
    kind = ["svm", "knn"]
       experiments/forest.toml:61:1 a search stays with one kind of model / estimators have parameters of their own: make an experiment of each, and compare them with `streamflow runs --sort`
    seed = [1, 2]
       experiments/forest.toml:61:1 a search does not try seeds / the best of several seeds is luck; `streamflow run --repeat` tells how much
    class_weight = { from = 1, to = 2 }
       experiments/forest.toml:61:16 wrong type for `class_weight` / expected a list of words, found a table
    max_depth = { from = 2, to = 70000 }
       experiments/forest.toml:60:30 invalid value for `max_depth` / expected an integer from 0 to 65534
    max_depth = { from = 2.5, to = 3.5 }
       experiments/forest.toml:60:22 wrong type for `from` / expected an integer, found a number with a fraction
    max_depth = { from = 12, to = 2 }
       experiments/forest.toml:60:13 invalid value for `max_depth` / expected `from` below `to`
    max_depth = { from = 0, to = 2, scale = "log" }
       experiments/forest.toml:60:22 invalid value for `from` / expected a number above 0: orders of magnitude have no zero
    max_depth = { from = 2, to = 12, scale = "ln" }
       experiments/forest.toml:60:42 unknown value `ln` for `scale` / expected one of `linear`, `log`
    max_depth = { from = 2 }
       experiments/forest.toml:60:13 missing key `to` / the greatest value
    numeric = ["standardise"]
       experiments/forest.toml:64:12 unknown value `standardise` for `numeric` / did you mean `standardize`?
    columns = ["a"]
       experiments/forest.toml:64:1 a search does not try values of single columns / write it under [preprocess.columns]: a search tries what all columns have in common
    scale = [1]
       experiments/forest.toml:64:10 unknown key `scale` / `[preprocess]` takes `categorical`, `columns`, `derived`, `missing_categorical`, `missing_numeric`, `numeric`, `rare`
    rare = { from = 0.01, to = 2 }
       experiments/forest.toml:65:28 invalid value for `rare` / a share of the train rows lies between 0 and 1, such as 0.01
    "#);
}
