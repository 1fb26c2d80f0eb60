//! Which change moved a metric.
//!
//! What differs between two runs is grouped into causes: each table, the labels, the definitions of
//! features, the split, the preprocessing, the model. A *hybrid* takes some of them from run a and
//! the others from run b, and is executed like a run, through the cache. The share of a cause is its
//! Shapley value (Shapley, A Value for n-Person Games, 1953): how much the metric moves when the
//! cause goes from a to b, averaged over all orders in which the causes can go. Shares add up to the
//! metric's delta, whatever the causes do to each other.
//!
//! Up to five causes all 2ⁿ hybrids are executed and the shares are exact. With more, seeded
//! permutations are averaged, and each share has a standard error. Causes that cannot be mixed (a
//! definition that reads a column the other run's table lacks) are counted as one.

mod factor;
mod hybrid;
mod shapley;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use self::factor::Factor;
use self::hybrid::{Hybrids, Mixed};
use self::shapley::{Coalition, Method};
use super::reference::KnownRun;
use crate::definition::CrossValidation;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::workspace::Workspace;

/// How much of one metric's delta a cause accounts for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// A table, `label`, `features`, `split`, `preprocess`, `model`, or several joined by ` + `.
    pub cause: String,
    pub delta: f64,
    /// The standard error of a share that was sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
}

/// Causes that cannot be mixed, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Merged {
    pub cause: String,
    pub reason: String,
}

/// The deltas of all metrics, split by cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribution {
    /// By metric, the largest share first. A metric that some hybrid does not have is left out.
    pub metrics: BTreeMap<String, Vec<Share>>,
    /// `exact`, or `sampled`.
    pub method: &'static str,
    /// Over how many permutations shares were averaged; none where they are exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permutations: Option<usize>,
    /// Hybrids that were looked at beside the two runs, cached ones included.
    pub hybrids: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
}

/// Splits the delta of every metric by cause.
///
/// `seen` is told of each hybrid before it is executed.
///
/// # Errors
/// [`Kind::MissingInput`] when one of the runs has no results or its data cannot be had;
/// [`Kind::Lock`] when this program does not have a run's operations.
pub fn attribute(
    workspace: &Workspace,
    a: &KnownRun,
    b: &KnownRun,
    seen: &mut dyn FnMut(usize),
) -> Result<Attribution> {
    for known in [a, b] {
        if known.metrics().is_empty() {
            return Err(no_metrics(known));
        }
    }
    let mut hybrids = Hybrids::new(workspace, a, b, seen)?;
    let mut groups: Vec<Vec<usize>> = hybrids.groups();
    let mut merged = Vec::new();
    loop {
        let method = Method::of(groups.len());
        let values = evaluate(&mut hybrids, &groups, &method)?;
        let Some((first, second, reason)) = unmixable(&values, groups.len()) else {
            return Ok(Attribution {
                metrics: shares(&hybrids, &groups, &method, &values, (a, b)),
                method: method.name(),
                permutations: method.permutations(),
                hybrids: hybrids.executed(),
                merged: merged
                    .into_iter()
                    .filter_map(|(factor, reason)| {
                        let group = groups.iter().find(|group| group.contains(&factor))?;
                        let cause = name(&hybrids.factors, group);
                        Some(Merged { cause, reason })
                    })
                    .collect(),
            });
        };
        let moved = groups.remove(second);
        merged.push((groups[first][0], reason));
        groups[first].extend(moved);
        groups[first].sort_unstable();
    }
}

/// What came of each coalition: a bit for each group that is taken from b.
type Values = BTreeMap<Coalition, Mixed>;

fn evaluate(hybrids: &mut Hybrids, groups: &[Vec<usize>], method: &Method) -> Result<Values> {
    let coalitions: BTreeSet<Coalition> = method.coalitions();
    let mut values = Values::new();
    for coalition in coalitions {
        let members = (0..groups.len()).filter(|at| coalition & (1 << at) != 0);
        let factors = members
            .flat_map(|at| &groups[at])
            .fold(0, |factors, factor| factors | (1 << factor));
        values.insert(coalition, hybrids.metrics(factors)?);
    }
    Ok(values)
}

/// The two groups whose separation explains the most hybrids that could not be executed and the
/// fewest that could; none when all could.
fn unmixable(values: &Values, groups: usize) -> Option<(usize, usize, String)> {
    let failed = |mixed: &Mixed| matches!(mixed, Mixed::Not(_));
    let reason = values.values().find_map(|mixed| match mixed {
        Mixed::Not(reason) => Some(reason.clone()),
        Mixed::Metrics(_) => None,
    })?;
    let apart = |first: usize, second: usize, failing: bool| {
        let split = |coalition: Coalition| (coalition >> first) & 1 != (coalition >> second) & 1;
        values
            .iter()
            .filter(|(coalition, mixed)| split(**coalition) && failed(mixed) == failing)
            .count()
    };
    let pairs =
        (0..groups).flat_map(|first| (first + 1..groups).map(move |second| (first, second)));
    let score = |&(first, second): &(usize, usize)| {
        (
            apart(first, second, true),
            std::cmp::Reverse(apart(first, second, false)),
            // Of equal pairs the first.
            std::cmp::Reverse((first, second)),
        )
    };
    pairs
        .max_by_key(score)
        .map(|(first, second)| (first, second, reason))
}

fn shares(
    hybrids: &Hybrids,
    groups: &[Vec<usize>],
    method: &Method,
    values: &Values,
    (a, b): (&KnownRun, &KnownRun),
) -> BTreeMap<String, Vec<Share>> {
    let names = a.metrics().keys().filter(|name| {
        b.metrics().contains_key(*name) && CrossValidation::metric_of(name).is_none()
    });
    names
        .filter_map(|metric| {
            let value = |coalition: Coalition| match values.get(&coalition)? {
                Mixed::Metrics(metrics) => metrics.get(metric).copied(),
                Mixed::Not(_) => None,
            };
            let found = method.shares(&value)?;
            let mut shares: Vec<Share> = groups
                .iter()
                .zip(found)
                .map(|(group, share)| Share {
                    cause: name(&hybrids.factors, group),
                    delta: share.delta,
                    error: share.error,
                })
                .collect();
            // Stable: equal ones stay in the order of causes.
            shares.sort_by(|x, y| y.delta.abs().total_cmp(&x.delta.abs()));
            Some((metric.clone(), shares))
        })
        .collect()
}

fn name(factors: &[Factor], group: &[usize]) -> String {
    let names: Vec<&str> = group.iter().map(|at| factors[*at].name()).collect();
    names.join(" + ")
}

fn no_metrics(known: &KnownRun) -> Error {
    let run = known.run.short();
    Error::new(
        Kind::MissingInput,
        format!("nothing is known of what run {run} gave"),
    )
    .help(format!("`streamflow run {}` executes it", known.experiment))
}
