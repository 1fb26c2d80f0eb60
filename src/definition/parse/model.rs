//! `[model]`: an estimator and its parameters.

use std::collections::BTreeMap;

use crate::definition::estimator::{self, CLASS_WEIGHT, ESTIMATORS, Estimator, Parameter, Range};
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::{quoted, suggestion};
use crate::definition::{Label, Model, Task, Value};
use crate::error::did_you_mean;

pub(super) fn read(section: &Section<'_>, label: Option<&Label>) -> Option<Model> {
    let estimator = section
        .required("kind", "the estimator, such as \"random_forest\"")
        .and_then(|item| {
            let estimator = kind(&item)?;
            if let Some(label) = label {
                check_fits(&item, estimator, label);
            }
            Some(estimator)
        });
    let task = label.map(|label| label.task);
    let Some(estimator) = estimator else {
        section.finish_unread();
        return None;
    };
    let mut parameters = BTreeMap::new();
    for parameter in estimator.parameters {
        let written = section.optional(parameter.name);
        let value = written.and_then(|item| value(&item, parameter));
        let value = value.unwrap_or_else(|| parameter.default.value());
        parameters.insert(parameter.name.to_string(), value);
    }
    let balanced = Value::Text("balanced".to_string());
    if task == Some(Task::Regression)
        && parameters.get(CLASS_WEIGHT.name) == Some(&balanced)
        && let Some(item) = section.optional(CLASS_WEIGHT.name)
    {
        let label = "a number has no classes that could count the same";
        item.refuse("`class_weight` has no meaning here", label);
    }
    section.finish_as(|key, _| unknown_parameter(key, estimator));
    Some(Model {
        kind: estimator.name,
        parameters,
    })
}

fn kind(item: &Item<'_>) -> Option<&'static Estimator> {
    let name = item.text()?;
    let found = estimator::find(name);
    if found.is_none() {
        let known = ESTIMATORS.iter().map(|estimator| estimator.name);
        item.refuse(
            format!("unknown kind of model `{name}`"),
            suggestion(name, known, "this version has"),
        );
    }
    found
}

/// Reports an estimator that cannot learn the label.
fn check_fits(item: &Item<'_>, estimator: &Estimator, label: &Label) {
    let others = |fits: fn(&Estimator, &Label) -> bool| {
        let names = ESTIMATORS.iter().filter(|other| fits(other, label));
        quoted(names.map(|other| other.name))
    };
    let name = estimator.name;
    if !learns(estimator, label) {
        let task = label.task.as_str();
        let message = format!("`{name}` does not learn a label of `task = \"{task}\"`");
        item.refuse(message, format!("these do: {}", others(learns)));
    } else if !weighs(estimator, label) {
        let message = format!("`{name}` takes no weights of rows");
        let label = format!("[label] has a `weight`; these take it: {}", others(weighs));
        item.refuse(message, label);
    }
}

fn learns(estimator: &Estimator, label: &Label) -> bool {
    estimator.tasks.contains(&label.task)
}

fn weighs(estimator: &Estimator, label: &Label) -> bool {
    learns(estimator, label) && (estimator.weighted || label.weight.is_none())
}

fn unknown_parameter(key: &str, estimator: &Estimator) -> String {
    let known = estimator.parameters.iter().map(|parameter| parameter.name);
    let known: Vec<_> = known.collect();
    let kind = estimator.name;
    match did_you_mean(key, known.iter().copied()) {
        Some(name) => format!("`{kind}` has no such parameter; did you mean `{name}`?"),
        None if known.is_empty() => format!("`{kind}` has no parameters"),
        None => format!("`{kind}` has no such parameter; it has {}", quoted(known)),
    }
}

/// The value of a parameter, in its range.
fn value(item: &Item<'_>, parameter: &Parameter) -> Option<Value> {
    let value = match parameter.range {
        Range::Integer { .. } => Value::Integer(item.integer()?),
        Range::Float { .. } => Value::Float(item.float()?),
        Range::Word(_) => Value::Text(item.text()?.to_string()),
        Range::WordOrCount(_) => match item.as_text() {
            Some(text) => Value::Text(text.to_string()),
            None => match item.as_integer() {
                Some(count) => Value::Integer(count),
                None => return item.wrong_type(&parameter.range.to_string()),
            },
        },
    };
    let fits = parameter.range.contains(&value);
    if !fits {
        item.refuse_value(format!("expected {}", parameter.range));
    }
    fits.then_some(value)
}
