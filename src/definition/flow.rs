//! `[flow.NAME]`: what is done for a date, in order.

use serde::{Deserialize, Serialize};

use super::wording::suggestion;
use super::{Age, AsOf, Definitions, ExperimentName, FlowName, Stage};
use crate::error::{Error, Finding, Kind, Result, Span};

/// What is done for a date, in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    pub name: FlowName,
    pub description: String,
    /// At least one; their names differ.
    pub steps: Vec<FlowStep>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowStep {
    /// The word of its action where the definition gives no other.
    pub name: String,
    pub action: FlowAction,
    /// What an earlier step must have come to; otherwise this one is skipped.
    pub when: Option<FlowCondition>,
    /// How often it is tried again after a failure; default 0.
    pub retries: u32,
    /// The wait before the first further try, doubled before each one after it; default 1 s.
    pub backoff: Age,
    /// An attempt that takes longer is ended and has failed.
    pub timeout: Option<Age>,
    /// Where the name of its experiment stands.
    #[serde(skip)]
    pub experiment_at: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowAction {
    Ingest,
    Drift {
        reference: DriftReference,
        experiment: Option<ExperimentName>,
    },
    /// Executes an experiment with the flow's date in place of its own.
    Run {
        experiment: ExperimentName,
        date: RunDate,
    },
    /// Executes the run of an earlier step again, without the cache.
    Replay {
        experiment: ExperimentName,
    },
    /// Pins the run of an earlier step if its gates hold.
    Promote {
        experiment: ExperimentName,
        to: Stage,
        /// `{as_of}` in it stands for the date.
        reason: Option<String>,
    },
    Materialize,
}

impl Definitions {
    /// Whether every experiment that a flow names is there. Apart from the rest, because a part of a
    /// project (a bundle, the definitions of an old run) is sound without the others.
    ///
    /// # Errors
    /// All names that are of no experiment.
    pub fn check_flows(&self) -> Result<()> {
        let steps = self.project.flows.values().flat_map(|flow| &flow.steps);
        let unknown = steps.filter_map(|step| {
            let name = step.action.experiment()?;
            (!self.experiments.contains_key(name)).then(|| Finding {
                message: format!("unknown experiment `{name}`"),
                span: step.experiment_at.clone(),
                label: suggestion(
                    name.as_str(),
                    self.experiments.keys().map(ExperimentName::as_str),
                    "experiments/ has",
                ),
            })
        });
        let unknown: Vec<Finding> = unknown.collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let message = "a flow names an experiment that is not there";
        Err(Error::new(Kind::Definition, message).findings(unknown))
    }
}

impl FlowAction {
    pub const fn experiment(&self) -> Option<&ExperimentName> {
        match self {
            Self::Drift { experiment, .. } => experiment.as_ref(),
            Self::Run { experiment, .. }
            | Self::Replay { experiment }
            | Self::Promote { experiment, .. } => Some(experiment),
            Self::Ingest | Self::Materialize => None,
        }
    }

    /// As it is written after `do`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Drift { .. } => "drift",
            Self::Run { .. } => "run",
            Self::Replay { .. } => "replay",
            Self::Promote { .. } => "promote",
            Self::Materialize => "materialize",
        }
    }

    /// What an attempt that was cut off and the one after it came to together: what the second finds
    /// done already, the first has done.
    pub const fn outcome_of_both(&self, second: FlowOutcome) -> FlowOutcome {
        match (self, second) {
            (Self::Promote { .. }, FlowOutcome::Unchanged) => FlowOutcome::Promoted,
            (_, FlowOutcome::Unchanged) => FlowOutcome::New,
            (_, FlowOutcome::Cached) => FlowOutcome::Executed,
            _ => second,
        }
    }

    /// What a step of this action can come to.
    pub const fn outcomes(&self) -> &'static [FlowOutcome] {
        use FlowOutcome as O;
        match self {
            Self::Ingest | Self::Materialize => &[O::New, O::Unchanged, O::Skipped],
            Self::Drift { .. } => &[O::Drifted, O::Steady, O::Skipped],
            Self::Run { .. } => &[O::Executed, O::Cached, O::Skipped],
            Self::Replay { .. } => &[O::Identical, O::Skipped],
            Self::Promote { .. } => &[O::Promoted, O::Unchanged, O::Refused, O::Skipped],
        }
    }
}

/// The date whose data others are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftReference {
    /// The date on file before the flow's.
    Previous,
    /// The newest date the run in Production was trained on.
    Production,
    Date(AsOf),
}

/// The date an experiment is run at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunDate {
    /// The flow's.
    Flow,
    /// The date on file before the flow's: where labels come a date later.
    Previous,
}

/// `{ step = "drift", is = "drifted" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowCondition {
    /// An earlier step.
    pub step: String,
    pub is: FlowOutcome,
}

/// What a step that did not fail came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowOutcome {
    /// A snapshot or a materialization that was not there before.
    New,
    Unchanged,
    Drifted,
    /// No drift was found.
    Steady,
    Executed,
    Cached,
    Identical,
    Promoted,
    /// A gate does not hold; nothing was pinned.
    Refused,
    /// Its condition did not hold, or there was nothing to do it with.
    Skipped,
}

impl FlowOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Drifted => "drifted",
            Self::Steady => "steady",
            Self::Executed => "executed",
            Self::Cached => "cached",
            Self::Identical => "identical",
            Self::Promoted => "promoted",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
        }
    }
}
