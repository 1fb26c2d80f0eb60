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
    insta::assert_snapshot!(said_of(FOREST, &edits), @"");
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
    insta::assert_snapshot!(said_of(FOREST, &edits), @"");
}
