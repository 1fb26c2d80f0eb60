//! The document of `drift`.

use std::path::Path;

use serde_json::{Value, json};

use crate::drift::{Change, Form, Pair, SIGNIFICANCE};
use crate::online::{Drift, DriftedColumn};

/// All numbers of every column, the most severe first.
pub fn drift_document(drift: &Drift, page: Option<&Path>) -> Value {
    let (by_evidently, with_score) = drift.by_evidently();
    let evidently_share = match with_score {
        0 => 0.0,
        all => by_evidently as f64 / all as f64,
    };
    json!({
        "reference": { "as_of": drift.dates.reference, "snapshot": drift.snapshots.reference },
        "current": { "as_of": drift.dates.current, "snapshot": drift.snapshots.current },
        "experiment": drift.experiment,
        "rows": drift.rows,
        "method": drift.rule.method,
        "threshold": match drift.rule.method {
            crate::drift::Method::Evidently => None,
            _ => Some(drift.rule.threshold),
        },
        "significance": SIGNIFICANCE,
        "drifted": drift.drifted(),
        "columns_compared": drift.columns.len(),
        "columns_drifted": drift.drifted_columns(),
        "share_drifted": drift.drifted_share(),
        "share_threshold": drift.share,
        "evidently": {
            "columns_compared": with_score,
            "columns_drifted": by_evidently,
            "share_drifted": evidently_share,
            "drifted": with_score > 0 && evidently_share >= drift.share,
        },
        "columns": drift.columns.iter().map(column).collect::<Vec<_>>(),
        "target": drift.target.as_ref().map(column),
        "notices": drift.notices,
        "report": page.map(|page| page.display().to_string()),
    })
}

pub(super) fn column(column: &DriftedColumn) -> Value {
    let drift = &column.drift;
    let missing = &drift.missing;
    let (effect, test) = match drift.form {
        Form::Categorical => ("total_variation", "chi_square"),
        _ => ("kolmogorov_smirnov", "kolmogorov_smirnov"),
    };
    let of = |change: Option<Change>, number: fn(Change) -> f64| change.map(number);
    json!({
        "name": column.name,
        "dtype": drift.dtype,
        "form": drift.form,
        "rows": drift.rows,
        "distinct": drift.distinct,
        "mean": drift.mean,
        "effect": { "name": effect, "value": of(drift.change, |change| change.effect) },
        "p": { "test": test, "value": of(drift.change, |change| change.p) },
        "psi": of(drift.change, |change| change.psi),
        "missing": {
            "share": missing.share,
            "difference": difference(missing.share),
            "effect": of(missing.change, |change| change.effect),
            "p": of(missing.change, |change| change.p),
            "psi": of(missing.change, |change| change.psi),
        },
        "evidently": drift.evidently,
        "drifted": !column.reasons.is_empty(),
        "reasons": column.reasons,
        "histogram": drift.histogram,
    })
}

fn difference(share: Pair<f64>) -> f64 {
    share.current - share.reference
}
