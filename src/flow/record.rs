//! What flows have done, as it was recorded.

use serde::{Deserialize, Serialize};

use crate::definition::{AsOf, Flow, FlowName, FlowOutcome};
use crate::error::{Error, Result};
use crate::hash::{ObjectId, RunId};
use crate::host::Instant;
use crate::store::Catalog;

/// The kind of [`Event`] facts, under `FLOW@DATE`.
const FLOW: &str = "flow";

/// One thing that happened in a flow. Steps are counted from 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    Began {
        /// Of the flow's definition.
        definition: ObjectId,
        steps: Vec<String>,
        by: String,
        at: Instant,
    },
    Started {
        step: usize,
        /// As it would be typed after `streamflow`.
        command: Vec<String>,
        at: Instant,
    },
    Ended {
        step: usize,
        at: Instant,
        #[serde(flatten)]
        ending: Ending,
    },
    Skipped {
        step: usize,
        why: String,
        at: Instant,
    },
    Finished {
        at: Instant,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    pub seconds: f64,
    /// None when it failed.
    pub outcome: Option<FlowOutcome>,
    /// Rows it was about, where it says so.
    pub rows: Option<u64>,
    /// What it says of itself in a few words; of a failure its message.
    pub detail: String,
    /// The run that a step executed.
    pub run: Option<RunId>,
    /// None for an attempt that was ended from outside.
    pub exit_code: Option<i32>,
    /// The way out that a failed command names.
    pub help: Option<String>,
}

/// One try of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    pub command: Vec<String>,
    pub at: Instant,
    /// None while it lasts, and for one that was cut off.
    #[serde(flatten)]
    pub ending: Option<Ending>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Waiting,
    /// Started and not ended: it is being done, or was cut off.
    Started,
    Failed,
    Done,
    Skipped,
}

impl StepState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Started => "started",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

/// A step and every try of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepRecord {
    pub name: String,
    pub state: StepState,
    /// Of a step that is done or skipped.
    pub outcome: Option<FlowOutcome>,
    /// Why it was skipped.
    pub why: Option<String>,
    pub attempts: Vec<Attempt>,
}

impl StepRecord {
    /// How the last attempt ended.
    pub fn ending(&self) -> Option<&Ending> {
        self.attempts.last()?.ending.as_ref()
    }

    /// Seconds of all attempts that ended.
    pub fn seconds(&self) -> f64 {
        let endings = self.attempts.iter().filter_map(|a| a.ending.as_ref());
        endings.map(|ending| ending.seconds).sum()
    }
}

/// A flow at a date, from one beginning on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowRecord {
    pub flow: FlowName,
    pub as_of: AsOf,
    #[serde(skip)]
    pub(super) definition: ObjectId,
    pub by: String,
    pub began: Instant,
    /// The instant of the last thing that was recorded.
    pub last: Instant,
    pub finished: Option<Instant>,
    pub steps: Vec<StepRecord>,
}

impl FlowRecord {
    pub fn state(&self) -> StepState {
        let is = |state| self.steps.iter().any(|step| step.state == state);
        if self.finished.is_some() {
            StepState::Done
        } else if is(StepState::Failed) {
            StepState::Failed
        } else {
            StepState::Started
        }
    }

    /// Steps that are done or skipped.
    pub fn settled(&self) -> usize {
        let settled = |step: &&StepRecord| step.outcome.is_some();
        self.steps.iter().filter(settled).count()
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Began { .. } => {}
            Event::Started { step, command, at } => {
                self.last = at;
                if let Some(step) = self.steps.get_mut(step) {
                    step.state = StepState::Started;
                    step.attempts.push(Attempt {
                        command,
                        at,
                        ending: None,
                    });
                }
            }
            Event::Ended { step, at, ending } => {
                self.last = at;
                if let Some(step) = self.steps.get_mut(step) {
                    step.state = match ending.outcome {
                        Some(_) => StepState::Done,
                        None => StepState::Failed,
                    };
                    step.outcome = ending.outcome;
                    if let Some(attempt) = step.attempts.last_mut() {
                        attempt.ending = Some(ending);
                    }
                }
            }
            Event::Skipped { step, why, at } => {
                self.last = at;
                if let Some(step) = self.steps.get_mut(step) {
                    step.state = StepState::Skipped;
                    step.outcome = Some(FlowOutcome::Skipped);
                    step.why = Some(why);
                }
            }
            Event::Finished { at } => {
                self.last = at;
                self.finished = Some(at);
            }
        }
    }
}

/// The record of one flow at one date, while it grows.
pub(super) struct Log<'a> {
    catalog: &'a Catalog,
    key: String,
    pub record: FlowRecord,
}

impl<'a> Log<'a> {
    /// The last record, where it is of this definition.
    pub fn latest(catalog: &'a Catalog, flow: &Flow, as_of: AsOf) -> Result<Option<Self>> {
        let key = key(&flow.name, as_of);
        let last = recorded_at(catalog, &flow.name, as_of)?.pop();
        let definition = hash(flow)?;
        Ok(last
            .filter(|record| record.definition == definition)
            .map(|record| Self {
                catalog,
                key,
                record,
            }))
    }

    /// Begins a record.
    pub fn begin(
        catalog: &'a Catalog,
        flow: &Flow,
        as_of: AsOf,
        by: String,
        at: Instant,
    ) -> Result<Self> {
        let key = key(&flow.name, as_of);
        let steps: Vec<String> = flow.steps.iter().map(|step| step.name.clone()).collect();
        let began = Event::Began {
            definition: hash(flow)?,
            steps,
            by,
            at,
        };
        catalog.append(FLOW, &key, &began, &[])?;
        let record = begun(&flow.name, as_of, began)
            .ok_or_else(|| Error::failure("a flow begins with its beginning"))?;
        Ok(Self {
            catalog,
            key,
            record,
        })
    }

    pub fn add(&mut self, event: Event) -> Result<()> {
        self.catalog.append(FLOW, &self.key, &event, &[])?;
        self.record.take(event);
        Ok(())
    }
}

fn key(flow: &FlowName, as_of: AsOf) -> String {
    format!("{flow}@{as_of}")
}

fn hash(flow: &Flow) -> Result<ObjectId> {
    let text = serde_json::to_vec(&flow.steps)
        .map_err(|error| Error::failure("a flow cannot be written as JSON").caused_by(error))?;
    Ok(ObjectId::of_bytes(&text))
}

/// Every record of a flow at a date, the oldest first.
pub fn recorded_at(catalog: &Catalog, flow: &FlowName, as_of: AsOf) -> Result<Vec<FlowRecord>> {
    let mut records: Vec<FlowRecord> = Vec::new();
    for fact in catalog.history::<Event>(FLOW, &key(flow, as_of))? {
        match (begun(flow, as_of, fact.value.clone()), records.last_mut()) {
            (Some(record), _) => records.push(record),
            (None, Some(record)) => record.take(fact.value),
            (None, None) => {}
        }
    }
    Ok(records)
}

/// Every record of a flow, or of all flows, in the order in which they began.
pub fn recorded(catalog: &Catalog, flow: Option<&FlowName>) -> Result<Vec<FlowRecord>> {
    let prefix = flow.map_or(String::new(), |name| format!("{name}@"));
    let mut records = Vec::new();
    for key in catalog.keys(FLOW, &prefix)? {
        let named = key.split_once('@').and_then(|(name, date)| {
            let name: FlowName = name.parse().ok()?;
            let date: AsOf = date.parse().ok()?;
            Some((name, date))
        });
        if let Some((name, date)) = named {
            records.extend(recorded_at(catalog, &name, date)?);
        }
    }
    records.sort_by_key(|record| record.began);
    Ok(records)
}

fn begun(flow: &FlowName, as_of: AsOf, event: Event) -> Option<FlowRecord> {
    let Event::Began {
        definition,
        steps,
        by,
        at,
    } = event
    else {
        return None;
    };
    let waiting = |name| StepRecord {
        name,
        state: StepState::Waiting,
        outcome: None,
        why: None,
        attempts: Vec::new(),
    };
    Some(FlowRecord {
        flow: flow.clone(),
        as_of,
        definition,
        by,
        began: at,
        last: at,
        finished: None,
        steps: steps.into_iter().map(waiting).collect(),
    })
}
