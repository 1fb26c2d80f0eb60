//! `streamflow.toml` and the first experiment.

use super::Request;
use super::label::{Label, SOLE};
use super::survey::Survey;
use super::text::{aligned, comment, key, quoted};
use crate::definition::Task;

pub fn project(request: &Request<'_>, entity: &str, label: &Label) -> String {
    format!(
        "[project]\nname = {}\n\n\
         [store]\npath = \".streamflow\"  # made by the program, never committed\n\n\
         [entities.{}]\nkey = {}\n\n\
         [serve]\naddress = \"127.0.0.1:8000\"\nmodel   = {}\n",
        quoted(request.project),
        key(entity),
        quoted(request.key),
        quoted(&label.name()),
    )
}

pub fn experiment(surveys: &[Survey<'_>], label: &Label) -> String {
    let mut text = comment(
        "Guessed by `streamflow init --from`: a first experiment, to be beaten by your second.",
    );
    text.push_str(&heading(label));
    text.push_str(&label_section(label));
    text.push_str(&dataset(surveys, label));
    text.push_str(REST);
    text.push_str(match label.task {
        Task::Binary => TWO_ANSWERS,
        Task::Multiclass => CLASSES,
        Task::Regression => NUMBERS,
    });
    text
}

fn heading(label: &Label) -> String {
    let description = format!("Predicts {}.{}", label.table, label.column);
    aligned(&[
        (
            format!("description = {}", quoted(&description)),
            String::new(),
        ),
        (
            format!("registers   = {}", quoted(&label.name())),
            "the model its runs compete for".to_string(),
        ),
        (
            format!("as_of       = {}", label.as_of),
            label.why_as_of().to_string(),
        ),
    ])
}

fn label_section(label: &Label) -> String {
    let mut lines = vec![
        (
            format!("table    = {}", quoted(&label.table)),
            String::new(),
        ),
        (
            format!("column   = {}", quoted(&label.column)),
            label.about(),
        ),
    ];
    if label.task != Task::Binary {
        let task = label.task.as_str();
        lines.push((format!("task     = {}", quoted(task)), String::new()));
    }
    if let Some((word, why)) = &label.positive {
        lines.push((format!("positive = {}", quoted(word)), why.clone()));
    }
    let remark = "1: the label of the next date, if that is when the answer is known";
    lines.push(("lead     = 0".to_string(), remark.to_string()));
    format!("\n[label]\n{}", aligned(&lines))
}

fn dataset(surveys: &[Survey<'_>], label: &Label) -> String {
    let mut text = String::from("\n");
    if label.sole {
        text.push_str(&comment(SOLE));
    }
    for why in surveys.iter().filter_map(|survey| survey.unused.as_ref()) {
        text.push_str(&comment(why));
    }
    text.push_str("[dataset]\nfeatures = [\n");
    let used = |survey: &&Survey<'_>| survey.draft.is_none() && survey.unused.is_none();
    for survey in surveys.iter().filter(used) {
        if survey.features().next().is_some() {
            text.push_str(&format!("  {},\n", quoted(&format!("{}.*", survey.table))));
        }
    }
    text + "]\n"
}

/// What does not depend on the data.
const REST: &str = r#"
[split]
method = "hash"                     # a key never changes side when others come or go
test   = 0.25
seed   = 42

[preprocess]                        # fitted on the train rows only
numeric             = "passthrough" # "standardize" for a linear model
categorical         = "one_hot"
missing_numeric     = "median"      # "error" to be told of every null instead
missing_categorical = "category"    # null is a category of its own

[model]
"#;

const TWO_ANSWERS: &str = r#"kind  = "random_forest"             # or "gradient_boosting", "logistic_regression", "prior"
trees = 300
seed  = 42

[evaluate]
threshold = 0.5

[promote]                           # what a run must show to be pinned; set your own bar
production = [
  "auc >= 0.60",
  "auc >= production.auc - 0.01",   # not worse than what is pinned, within noise
  "reproduced",                     # `replay` gave the same outputs
  "clean",                          # its definitions are committed
]
"#;

const CLASSES: &str = r#"kind  = "random_forest"             # or "gradient_boosting", "logistic_regression", "prior"
trees = 300
seed  = 42

[promote]                           # what a run must show to be pinned; set your own bar
production = [
  "auc_ovr >= 0.60",
  "auc_ovr >= production.auc_ovr - 0.01", # not worse than what is pinned, within noise
  "reproduced",                     # `replay` gave the same outputs
  "clean",                          # its definitions are committed
]
"#;

const NUMBERS: &str = r#"kind  = "random_forest"             # or "gradient_boosting", "ridge", "prior"
trees = 300
seed  = 42

[promote]                           # what a run must show to be pinned; set your own bar
production = [
  "r2 > 0",                         # better than the mean
  "r2 >= production.r2 - 0.01",     # not worse than what is pinned, within noise
  "reproduced",                     # `replay` gave the same outputs
  "clean",                          # its definitions are committed
]
"#;
