//! A run that gave two results: what the answers were, and whether somebody has settled on one.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{ExecutionKind, ExecutionRecord};
use super::reference::KnownRun;
use crate::host::{Environment, Instant};
use crate::lockfile::Outputs;

/// The distinct results of one run, in the order in which they were first seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    pub answers: Vec<Answer>,
    /// One was taken with `run --accept`, and every execution since gave the same.
    pub settled: bool,
}

/// One result, and the execution that gave it first.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// None for one that only a lock tells of.
    pub execution: Option<Source>,
    pub environment: Environment,
    pub outputs: Outputs,
    pub metrics: BTreeMap<String, f64>,
    /// How many executions gave it.
    pub times: usize,
    /// The outputs and metrics that are not those of the first answer.
    pub differs: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub at: Instant,
    pub kind: ExecutionKind,
    pub varied: Option<String>,
    pub threads: usize,
}

impl Disagreement {
    /// What the executions of a run and its lock say, where they do not say the same.
    pub fn of(known: &KnownRun) -> Option<Self> {
        let mut answers: Vec<Answer> = Vec::new();
        for execution in &known.executions {
            add(&mut answers, Answer::of(execution));
        }
        if let Some(lock) = &known.lock
            && let Some(results) = &lock.results
        {
            add(
                &mut answers,
                Answer {
                    execution: None,
                    environment: lock.environment.clone(),
                    outputs: results.outputs,
                    metrics: results.metrics.clone(),
                    times: 0,
                    differs: Vec::new(),
                },
            );
        }
        if answers.len() < 2 {
            return None;
        }
        let first = answers[0].clone();
        for answer in &mut answers {
            answer.differs = differing(&first, answer);
        }
        Some(Self {
            answers,
            settled: is_settled(known),
        })
    }
}

impl Answer {
    fn of(execution: &ExecutionRecord) -> Self {
        Self {
            execution: Some(Source {
                at: execution.at,
                kind: execution.kind,
                varied: execution.varied.clone(),
                threads: execution.threads,
            }),
            environment: execution.environment.clone(),
            outputs: execution.outputs,
            metrics: execution.metrics.clone(),
            times: 1,
            differs: Vec::new(),
        }
    }
}

fn add(answers: &mut Vec<Answer>, new: Answer) {
    let same =
        |answer: &&mut Answer| answer.outputs == new.outputs && answer.metrics == new.metrics;
    match answers.iter_mut().find(same) {
        Some(answer) => answer.times += new.times,
        None => answers.push(new),
    }
}

fn differing(first: &Answer, other: &Answer) -> Vec<String> {
    let pairs = first.outputs.named().into_iter().zip(other.outputs.named());
    let outputs = pairs
        .filter(|(a, b)| a.1 != b.1)
        .map(|(a, _)| a.0.to_string());
    let names: BTreeSet<&String> = first.metrics.keys().chain(other.metrics.keys()).collect();
    let metrics = names
        .into_iter()
        .filter(|name| first.metrics.get(*name) != other.metrics.get(*name));
    outputs.chain(metrics.cloned()).collect()
}

/// Since the last accepted execution there was no other result, and the run is known by that one.
fn is_settled(known: &KnownRun) -> bool {
    let Some(since) = since_accepted(&known.executions) else {
        return false;
    };
    let accepted = &since[0];
    let same = |outputs: &Outputs, metrics: &BTreeMap<String, f64>| {
        *outputs == accepted.outputs && *metrics == accepted.metrics
    };
    let known_by = known.results.as_ref();
    since.iter().all(|e| same(&e.outputs, &e.metrics))
        && known_by.is_some_and(|results| same(&results.outputs, &results.metrics))
}

/// The last accepted execution and all after it.
fn since_accepted(executions: &[ExecutionRecord]) -> Option<&[ExecutionRecord]> {
    let at = executions
        .iter()
        .rposition(|execution| execution.accepted)?;
    Some(&executions[at..])
}

/// The executions that can prove the result that counts: all, or those after the last that was
/// accepted.
pub fn proofs(executions: &[ExecutionRecord]) -> &[ExecutionRecord] {
    since_accepted(executions).map_or(executions, |since| &since[1..])
}
