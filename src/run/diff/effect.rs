//! What the differences did: metrics with their noise, and predictions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scores::{CommonRows, PredictionChanges, changes, common_rows};
use super::{Side, union};
use crate::error::Result;
use crate::learn::{AucTest, Interval, Scored, bootstrap, delong};
use crate::run::family::{BandVerdict, band_of, judge};
use crate::store::Store;
use crate::table::EntityKey;

/// One metric in both runs; none where a run does not have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricPair {
    pub name: String,
    pub a: Option<f64>,
    pub b: Option<f64>,
    /// b − a.
    pub delta: Option<f64>,
    /// None for a metric that did not move, or too few common test rows to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// Whether it moved by more than other seeds would move it; none while no family of either run
    /// is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band: Option<BandVerdict>,
}

/// Whether a metric moved by more than the choice of the test rows explains: b − a on the test rows
/// that both runs have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noise {
    pub method: NoiseMethod,
    /// Common test rows.
    pub rows: u64,
    /// The 95 % interval of the difference.
    pub low: f64,
    pub high: f64,
    /// Two-sided; where the method has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The interval does not hold 0.
    pub beyond: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseMethod {
    /// The areas under two curves over the same labels.
    DeLong,
    /// Anything else: entities drawn with replacement, the same for both runs.
    Bootstrap,
}

/// With fewer common test rows nothing is said of noise.
pub const FEWEST_ROWS: usize = 30;

/// Metrics and predictions of both runs; no predictions while those of one are not in this store.
pub fn compare(
    store: &Store,
    a: &Side,
    b: &Side,
) -> Result<(Vec<MetricPair>, Option<PredictionChanges>)> {
    let (band_a, band_b) = (band_of(store, a.known.run)?, band_of(store, b.known.run)?);
    let mut metrics = metric_pairs(a, b);
    for metric in &mut metrics {
        let moved = metric.delta.filter(|delta| *delta != 0.0);
        metric.band =
            moved.and_then(|delta| judge(delta, &metric.name, band_a.as_ref(), band_b.as_ref()));
    }
    let Some(rows) = common_rows(store, a, b)? else {
        return Ok((metrics, None));
    };
    let moved = metrics.iter().any(|metric| metric.delta != Some(0.0));
    if moved && rows.rows.len() >= FEWEST_ROWS {
        let noise = Judged::of(&rows);
        for metric in &mut metrics {
            if metric.delta.is_some_and(|delta| delta != 0.0) {
                metric.noise = noise.of_metric(&metric.name);
            }
        }
    }
    Ok((metrics, Some(changes(&rows))))
}

fn metric_pairs(a: &Side, b: &Side) -> Vec<MetricPair> {
    let (a, b) = (a.known.metrics(), b.known.metrics());
    union(a.keys(), b.keys())
        .into_iter()
        .map(|name| {
            let (a, b) = (a.get(name).copied(), b.get(name).copied());
            MetricPair {
                name: name.clone(),
                a,
                b,
                delta: a.zip(b).map(|(a, b)| b - a),
                noise: None,
                band: None,
            }
        })
        .collect()
}

/// What both methods say of the common rows.
struct Judged {
    rows: u64,
    auc: Option<AucTest>,
    intervals: BTreeMap<&'static str, Interval>,
}

impl Judged {
    fn of(common: &CommonRows) -> Self {
        let entities = number_entities(common.rows.iter().map(|row| &row.0));
        let of_a = common.a.scored(common.threshold_a);
        let of_b = common.b.scored(common.threshold_b);
        // DeLong takes each row for a draw of its own, and both curves over one truth.
        let each_once = entities
            .last()
            .is_none_or(|last| last + 1 == common.rows.len());
        let auc = match (of_a, of_b) {
            (
                Scored::Binary {
                    labels: labels_a,
                    probabilities: a,
                    ..
                },
                Scored::Binary {
                    labels: labels_b,
                    probabilities: b,
                    ..
                },
            ) if labels_a == labels_b && each_once => delong(labels_a, a, b),
            _ => None,
        };
        Self {
            rows: common.rows.len() as u64,
            auc,
            intervals: bootstrap(&of_a, &of_b, &entities),
        }
    }

    fn of_metric(&self, name: &str) -> Option<Noise> {
        if let (Some(test), "auc") = (&self.auc, name) {
            return Some(Noise {
                method: NoiseMethod::DeLong,
                rows: self.rows,
                low: test.low,
                high: test.high,
                p: Some(test.p),
                beyond: test.low > 0.0 || test.high < 0.0,
            });
        }
        let interval = self.intervals.get(name)?;
        Some(Noise {
            method: NoiseMethod::Bootstrap,
            rows: self.rows,
            low: interval.low,
            high: interval.high,
            p: None,
            beyond: interval.low > 0.0 || interval.high < 0.0,
        })
    }
}

/// The number of each row's entity, from 0 on. Rows are in the order of their entities.
pub fn number_entities<'a>(keys: impl Iterator<Item = &'a EntityKey>) -> Vec<usize> {
    let mut numbers = Vec::new();
    let mut last: Option<(&EntityKey, usize)> = None;
    for key in keys {
        let number = match last {
            Some((earlier, number)) if earlier == key => number,
            Some((_, number)) => number + 1,
            None => 0,
        };
        numbers.push(number);
        last = Some((key, number));
    }
    numbers
}
