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
    ));
}

/// The small project with texts of its experiment replaced.
fn replaced(edits: &[(&str, &str)]) -> String {
    let mut files = small();
    let text = files.0.get_mut(FOREST).unwrap();
    for (old, new) in edits {
        assert_eq!(text.matches(old).count(), 1, "it holds once: {old}");
        *text = text.replace(old, new);
    }
    match Definitions::parse(&files) {
        Ok(_) => "accepted\n".to_string(),
        Err(error) => findings(&error),
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
    assert_eq!(of_task(numbers, "prior", &[unstratified]), "accepted\n");
    let classes = "column = \"outcome\"\ntask = \"multiclass\"";
    assert_eq!(of_task(classes, "prior", &[]), "accepted\n");
    let weighted = "column = \"churned\"\nweight = \"amount\"";
    assert_eq!(
        replaced(&[(LABEL, weighted), (MODEL, "[model]\nkind = \"prior\"\n")]),
        "accepted\n"
    );
    assert_snapshot!(replaced(&[
        (LABEL, weighted),
        (MODEL, "[model]\nkind = \"knn\"\n")
    ]));
    assert_snapshot!(of_task(numbers, "gaussian_nb", &[unstratified]));
    assert_snapshot!(of_task(classes, "lasso", &[]));
}

#[test]
fn what_has_no_meaning_without_two_classes() {
    let numbers = "column = \"amount\"\ntask = \"regression\"";
    assert_snapshot!(replaced(&[
        (LABEL, numbers),
        (MODEL, "[model]\nkind = \"prior\"\n")
    ]));
    let classes = "column = \"outcome\"\ntask = \"multiclass\"";
    assert_snapshot!(of_task(
        classes,
        "prior",
        &[("\"auc >= 0.60\"", "\"acuracy >= 0.6\"")]
    ));
    assert_snapshot!(of_task(
        classes,
        "prior",
        &[("\"auc >= 0.60\"", "\"rmse <= 3\"")]
    ));
}
