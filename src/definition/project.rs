//! `streamflow.toml`: the project, its entities, its store and its server.

use std::collections::BTreeMap;

use super::{Age, ColumnName, EntityName, ExperimentName, Flow, FlowAction, FlowName, ModelName};

#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub name: String,
    /// `store.path`, relative to the project root; default `.streamflow`.
    pub store: String,
    pub entities: BTreeMap<EntityName, Entity>,
    pub serve: Serve,
    pub flows: BTreeMap<FlowName, Flow>,
}

impl Project {
    /// Whether a flow runs an experiment, and so decides at which date.
    pub fn is_run_by_flow(&self, experiment: &ExperimentName) -> bool {
        let mut steps = self.flows.values().flat_map(|flow| &flow.steps);
        steps.any(|step| match &step.action {
            FlowAction::Run {
                experiment: own, ..
            } => own == experiment,
            _ => false,
        })
    }
}

/// What rows are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// The column that identifies one, in every table of the entity; a string or an i64.
    pub key: ColumnName,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Serve {
    /// `HOST:PORT`; default `127.0.0.1:8000`.
    pub address: String,
    /// The registered model that `/predict` answers with; optional while there is one.
    pub model: Option<ModelName>,
    /// Values older than this by the clock make the server not ready; not checked by default.
    pub max_age: Option<Age>,
    /// A file with the token that callers must send, relative to the project root; none by default.
    pub token_file: Option<String>,
    /// Whether each prediction that a client is told is logged; default no.
    pub log_predictions: bool,
    /// Whether the staged run scores each request too, beside the reply; default no.
    pub shadow: bool,
    /// The share of entities that the staged run answers for, 0 to 1; default 0.
    pub canary: f64,
}
