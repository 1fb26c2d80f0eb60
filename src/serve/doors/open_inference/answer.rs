//! Verdicts to output tensors.

use serde_json::{Value, json};

use super::super::rows::{shown, wrong};
use crate::learn::Outcome;
use crate::serve::problem::Problem;
use crate::serve::state::Pair;
use crate::serve::verdict::Verdict;

const PREDICTION: &str = "prediction";
const PROBABILITY: &str = "probability";
const PROBABILITIES: &str = "probabilities";

/// What a model gives, as its metadata has it.
pub fn tensors(outcome: &Outcome) -> Value {
    let tensors = outputs(outcome).map(|(name, datatype)| {
        let shape = match outcome {
            Outcome::Multiclass(classes) if name == PROBABILITIES => json!([-1, classes.len()]),
            _ => json!([-1]),
        };
        json!({ "name": name, "datatype": datatype, "shape": shape })
    });
    tensors.collect()
}

/// The name of an output, and its datatype.
pub type Output = (&'static str, &'static str);

/// All outputs of a model.
pub fn outputs(outcome: &Outcome) -> impl Iterator<Item = Output> {
    let all: &[_] = match outcome {
        Outcome::Binary => &[(PREDICTION, "INT64"), (PROBABILITY, "FP64")],
        Outcome::Multiclass(_) => &[
            (PREDICTION, "BYTES"),
            (PROBABILITY, "FP64"),
            (PROBABILITIES, "FP64"),
        ],
        Outcome::Regression => &[(PREDICTION, "FP64")],
    };
    all.iter().copied()
}

/// The outputs that are asked for, in that order; all where none is named.
///
/// # Errors
/// The model does not give one of them, or it is named twice: what comes back is never much larger than the rows.
pub fn wanted(outcome: &Outcome, names: &[String]) -> Result<Vec<Output>, Problem> {
    if names.is_empty() {
        return Ok(outputs(outcome).collect());
    }
    let wanted = names.iter().enumerate().map(|(at, name)| {
        if names[..at].contains(name) {
            return Err(wrong(format!(
                "The output {} is asked for twice.",
                shown(name)
            )));
        }
        let found = outputs(outcome).find(|(known, _)| known == name);
        found.ok_or_else(|| {
            let all: Vec<_> = outputs(outcome).map(|(name, _)| name).collect();
            let (name, all) = (shown(name), all.join(", "));
            wrong(format!("There is no output {name}; there are {all}."))
        })
    });
    wanted.collect()
}

/// The answer to a request.
pub fn document(
    pair: &Pair,
    id: Option<&str>,
    wanted: &[Output],
    verdicts: &[Verdict<'_>],
) -> Value {
    let outcome = &pair.pinned.model.outcome;
    let tensors = wanted.iter().copied().map(|(name, datatype)| {
        let mut tensor = json!({
            "name": name,
            "datatype": datatype,
            "shape": [verdicts.len()],
            "data": data(name, verdicts),
        });
        if let (PROBABILITIES, Outcome::Multiclass(classes)) = (name, outcome) {
            tensor["shape"] = json!([verdicts.len(), classes.len()]);
            // A parameter is a number, a truth value or a text.
            tensor["parameters"] = json!({ "classes": json!(classes).to_string() });
        }
        tensor
    });
    let mut document = json!({
        "model_name": pair.pinned.model_name,
        "model_version": pair.run(),
        "outputs": tensors.collect::<Vec<_>>(),
    });
    if let Some(id) = id {
        document["id"] = json!(id);
    }
    document
}

/// The values of an output, row after row.
fn data(name: &str, verdicts: &[Verdict<'_>]) -> Value {
    match name {
        PREDICTION => verdicts.iter().map(prediction).collect(),
        PROBABILITY => verdicts
            .iter()
            .map(|verdict| json!(verdict.probability()))
            .collect(),
        _ => verdicts.iter().flat_map(probabilities).collect(),
    }
}

fn prediction(verdict: &Verdict<'_>) -> Value {
    match verdict {
        Verdict::Binary { positive, .. } => json!(u8::from(*positive)),
        Verdict::Class { class, .. } => json!(class),
        Verdict::Number(number) => json!(number),
    }
}

fn probabilities(verdict: &Verdict<'_>) -> Vec<Value> {
    match verdict {
        Verdict::Class { probabilities, .. } => probabilities
            .iter()
            .map(|(_, number)| json!(number))
            .collect(),
        _ => Vec::new(),
    }
}
