//! Pages as JSON: what is drawn, as numbers.

use serde_json::{Value, json};

use super::{Pair, Portrait};
use crate::learn::Curves;

/// Beside where the page was written.
pub fn portrait_document(portrait: &Portrait) -> Value {
    document(portrait, &portrait.curves())
}

/// Of two runs: each with its pictures, and what `diff` says of them.
pub fn pair_document(pair: &Pair) -> Value {
    let curves = pair.curves();
    let sides = [&pair.a, &pair.b].into_iter().zip(&curves);
    let runs = sides.map(|(portrait, curves)| document(portrait, curves));
    json!({
        "runs": runs.collect::<Vec<_>>(),
        "inputs": pair.diff.inputs,
        "metrics": pair.diff.metrics,
        "predictions": pair.diff.predictions,
    })
}

fn document(portrait: &Portrait, curves: &Curves) -> Value {
    let (known, report) = (portrait.known(), &portrait.report);
    json!({
        "run": known.run,
        "experiment": known.experiment,
        "as_of": known.as_of(),
        "metrics": known.metrics(),
        "curves": curves,
        "threshold": report.threshold,
        "confusion": report.confusion,
        "classes": report.classes,
        "importances": report.importances,
        "contributions": portrait.contributions,
    })
}
