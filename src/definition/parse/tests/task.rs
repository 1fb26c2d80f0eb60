//! Labels of several classes and numbers, and rows that count more than others.

use insta::assert_snapshot;

use super::{FOREST, findings, said_of, small};
use crate::definition::Definitions;

const LABEL: &str = "column = \"churned\"";
const MODEL: &str = "[model]\nkind = \"random_forest\"\ntrees = 300\n";

#[test]
fn what_a_task_cannot_predict() {
    assert_snapshot!(said_of(
        FOREST,
        &[
            (LABEL, "column = \"churned\"\ntask = \"regresion\""),
            (LABEL, "column = \"outcome\"\ntask = \"multi\""),
            (LABEL, "column = \"amount\"\ntask = \"multiclass\""),
            (LABEL, "column = \"churned\"\ntask = \"multiclass\""),
            (LABEL, "column = \"outcome\"\ntask = \"regression\""),
            (LABEL, "column = \"user_id\"\ntask = \"multiclass\""),
            (
                LABEL,
                "column = \"outcome\"\ntask = \"multiclass\"\npositive = \"left\""
            ),
            (LABEL, "column = \"churned\"\nweight = \"outcome\""),
            (LABEL, "column = \"churned\"\nweight = \"churned\""),
            (LABEL, "column = \"churned\"\nweight = \"user_id\""),
            (LABEL, "column = \"churned\"\nweight = \"ammount\""),
            (LABEL, "column = \"churned\"\nweight = 1"),
        ]
    ), @r##"
    column = "churned" | task = "regresion"
       experiments/forest.toml:8:8 unknown value `regresion` for `task` / did you mean `regression`?
    column = "outcome" | task = "multi"
       experiments/forest.toml:8:8 unknown value `multi` for `task` / did you mean `multiclass`?
    column = "amount" | task = "multiclass"
       experiments/forest.toml:7:10 column `amount` cannot be a label / it is f64: classes are texts or whole numbers: a string or an i64
    column = "churned" | task = "multiclass"
       experiments/forest.toml:7:10 column `churned` cannot be a label / it is bool: classes are texts or whole numbers: a string or an i64
    column = "outcome" | task = "regression"
       experiments/forest.toml:7:10 column `outcome` cannot be a label / it is string: `task = "regression"` predicts a number: an f64 or an i64
    column = "user_id" | task = "multiclass"
       experiments/forest.toml:7:10 column `user_id` cannot be a label / it is the key of `user`
    column = "outcome" | task = "multiclass" | positive = "left"
       experiments/forest.toml:9:12 `positive` has no meaning here / `task = "multiclass"` has no positive class
       experiments/forest.toml:32:13 `threshold` has no meaning here / `task = "multiclass"` decides without one
       experiments/forest.toml:36:16 unknown gate `auc` / did you mean `auc_ovr`?
       experiments/forest.toml:36:31 unknown gate `auc` / did you mean `auc_ovr`?
    column = "churned" | weight = "outcome"
       experiments/forest.toml:8:10 column `outcome` cannot be a weight / it is string, and a weight is a number
    column = "churned" | weight = "churned"
       experiments/forest.toml:8:10 column `churned` cannot be a weight / it is the label
    column = "churned" | weight = "user_id"
       experiments/forest.toml:8:10 column `user_id` cannot be a weight / it is the key of `user`
    column = "churned" | weight = "ammount"
       experiments/forest.toml:8:10 unknown column `ammount` / table `labels` has `amount`
    column = "churned" | weight = 1
       experiments/forest.toml:8:10 wrong type for `weight` / expected a string, found an integer
    "##);
}

/// The small project with texts of its experiment replaced.
fn replaced(edits: &[(&str, &str)]) -> String {
    let mut files = small();
    let text = files.0.get_mut(FOREST).unwrap();
    // What is tried is a forest's.
    text.truncate(text.find("\n[search]").unwrap());
    for (old, new) in edits {
        assert_eq!(text.matches(old).count(), 1, "it holds once: {old}");
        *text = text.replace(old, new);
    }
    match Definitions::parse(&files) {
        Ok(_) => "accepted".to_string(),
        Err(error) => findings(&error).trim().replace("\n   ", "\n"),
    }
}

/// With all that only two classes have taken out.
fn of_task(label: &str, model: &str, more: &[(&str, &str)]) -> String {
    let model = format!("[model]\nkind = \"{model}\"\n");
    let edits = [
        (LABEL, label),
        (MODEL, model.as_str()),
        ("[evaluate]\nthreshold = 1\n", ""),
    ];
    let gates = ("\"auc >= 0.60\", \"auc >= production.auc - 0.01\", ", "");
    let changed = more.iter().any(|(old, _)| gates.0.contains(old));
    let rest = if changed { &[][..] } else { &[gates] };
    replaced(&[&edits[..], rest, more].concat())
}

#[test]
fn what_an_estimator_does_not_learn() {
    let numbers = "column = \"amount\"\ntask = \"regression\"";
    let unstratified = ("stratify = true", "stratify = false");
    assert_eq!(of_task(numbers, "prior", &[unstratified]), "accepted");
    let classes = "column = \"outcome\"\ntask = \"multiclass\"";
    assert_eq!(of_task(classes, "prior", &[]), "accepted");
    let weighted = "column = \"churned\"\nweight = \"amount\"";
    assert_eq!(
        replaced(&[(LABEL, weighted), (MODEL, "[model]\nkind = \"prior\"\n")]),
        "accepted"
    );
    assert_snapshot!(replaced(&[
        (LABEL, weighted),
        (MODEL, "[model]\nkind = \"knn\"\n")
    ]), @r#"experiments/forest.toml:27:8 `knn` takes no weights of rows / [label] has a `weight`; these take it: `decision_tree`, `extra_trees`, `gaussian_nb`, `gradient_boosting`, `logistic_regression`, `prior`, `random_forest`, `svm`"#);
    assert_snapshot!(of_task(numbers, "gaussian_nb", &[unstratified]), @r#"experiments/forest.toml:27:8 `gaussian_nb` does not learn a label of `task = "regression"` / these do: `decision_tree`, `extra_trees`, `gradient_boosting`, `knn`, `lasso`, `linear_regression`, `prior`, `random_forest`, `ridge`"#);
    assert_snapshot!(of_task(classes, "lasso", &[]), @r#"experiments/forest.toml:27:8 `lasso` does not learn a label of `task = "multiclass"` / these do: `decision_tree`, `extra_trees`, `gaussian_nb`, `gradient_boosting`, `knn`, `logistic_regression`, `prior`, `random_forest`, `svm`"#);
}

#[test]
fn what_has_no_meaning_without_two_classes() {
    let numbers = "column = \"amount\"\ntask = \"regression\"";
    assert_snapshot!(replaced(&[
        (LABEL, numbers),
        (MODEL, "[model]\nkind = \"prior\"\n")
    ]), @r#"
    experiments/forest.toml:18:12 `stratify` has no meaning here / a number has no classes whose shares could be kept
    experiments/forest.toml:30:13 `threshold` has no meaning here / `task = "regression"` decides without one
    experiments/forest.toml:34:16 unknown gate `auc` / expected one of `r2`, `rmse`, `mae`, `median_absolute_error`, `reproduced`, `clean`, `no_leakage`, `drift`, `shadow_agreement`, `shadow_compared`
    experiments/forest.toml:34:31 unknown gate `auc` / expected one of `r2`, `rmse`, `mae`, `median_absolute_error`, `reproduced`, `clean`, `no_leakage`, `drift`, `shadow_agreement`, `shadow_compared`
    "#);
    let classes = "column = \"outcome\"\ntask = \"multiclass\"";
    assert_snapshot!(of_task(
        classes,
        "prior",
        &[("\"auc >= 0.60\"", "\"acuracy >= 0.6\"")]
    ), @r#"
    experiments/forest.toml:32:16 unknown gate `acuracy` / did you mean `accuracy`?
    experiments/forest.toml:32:34 unknown gate `auc` / did you mean `auc_ovr`?
    "#);
    assert_snapshot!(of_task(
        classes,
        "prior",
        &[("\"auc >= 0.60\"", "\"rmse <= 3\"")]
    ), @"
    experiments/forest.toml:32:16 unknown gate `rmse` / expected one of `auc_ovr`, `f1_macro`, `accuracy`, `precision_macro`, `recall_macro`, `log_loss`, `reproduced`, `clean`, `no_leakage`, `drift`, `shadow_agreement`, `shadow_compared`
    experiments/forest.toml:32:29 unknown gate `auc` / did you mean `auc_ovr`?
    ");
}
