//! The runs of this store in a table.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{ExecutionRecord, all_executions, find_run};
use super::reference::results_of;
use crate::code::{Code, CodeState, CommitId};
use crate::definition::{DefinitionFiles, Definitions, ExperimentName};
use crate::error::Result;
use crate::hash::RunId;
use crate::host::Instant;
use crate::plan::{Declared, RunSpec};
use crate::workspace::{PROJECT_FILE, Workspace};

/// One run of one experiment.
#[derive(Debug, Clone)]
pub struct RunSummary {
    pub run: RunId,
    pub experiment: ExperimentName,
    /// When this experiment first was this run.
    pub created_at: Instant,
    pub executed_at: Instant,
    pub executions: usize,
    pub metrics: BTreeMap<String, f64>,
    /// The recorded commit; where none was, the newest whose definitions give the run.
    pub code: CodeState,
    /// Executions of the run gave different outputs or metrics.
    pub two_results: bool,
    pub reproduced: bool,
}

/// How many commits a list looks through for runs that were made before their commit.
const MOST_COMMITS: usize = 100;

/// Every run of this store, once for each experiment that was it, the newest first.
pub fn summaries(workspace: &Workspace) -> Result<Vec<RunSummary>> {
    let executions = all_executions(workspace.store().catalog())?;
    let mut by_run: BTreeMap<RunId, Vec<ExecutionRecord>> = BTreeMap::new();
    for execution in executions {
        by_run.entry(execution.run).or_default().push(execution);
    }
    let mut all: Vec<RunSummary> = by_run
        .values()
        .flat_map(|of_run| of_run_summaries(of_run))
        .collect();
    find_commits(workspace, &mut all)?;
    all.sort_by(|a, b| (b.created_at, &a.experiment).cmp(&(a.created_at, &b.experiment)));
    Ok(all)
}

fn of_run_summaries(executions: &[ExecutionRecord]) -> Vec<RunSummary> {
    let names: BTreeSet<&ExperimentName> = executions.iter().map(|e| &e.experiment).collect();
    let first = &executions[0];
    let two_results = executions
        .iter()
        .any(|other| other.outputs != first.outputs || other.metrics != first.metrics);
    let reproduced = executions.iter().any(|execution| execution.reproduced);
    let metrics = results_of(executions)
        .map(|results| results.metrics)
        .unwrap_or_default();
    let summary = |name: &ExperimentName| {
        let mine: Vec<&ExecutionRecord> = executions
            .iter()
            .filter(|e| e.experiment == *name)
            .collect();
        let (first, last) = (mine.first()?, mine.last()?);
        Some(RunSummary {
            run: first.run,
            experiment: name.clone(),
            created_at: first.at,
            executed_at: last.at,
            executions: mine.len(),
            metrics: metrics.clone(),
            code: last.code.clone(),
            two_results,
            reproduced,
        })
    };
    names.into_iter().filter_map(summary).collect()
}

/// Gives runs that were made before their definitions were committed the commit that has them. One
/// walk for all of them.
fn find_commits(workspace: &Workspace, all: &mut [RunSummary]) -> Result<()> {
    let catalog = workspace.store().catalog();
    let mut wanted: BTreeMap<RunId, RunSpec> = BTreeMap::new();
    for summary in all.iter().filter(|summary| summary.code.commit.is_none()) {
        if let Some(record) = find_run(catalog, summary.run)?
            && let Ok(spec) = RunSpec::from_declared(&record.declared)
        {
            wanted.insert(summary.run, spec);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let code = Code::discover(workspace.root())?;
    let commits = code.history(&["features", "experiments", PROJECT_FILE])?;
    let mut found: BTreeMap<RunId, CommitId> = BTreeMap::new();
    for commit in commits.iter().take(MOST_COMMITS) {
        let files = code.definitions_at(&commit.id.to_string())?;
        for run in runs_of(&files, &wanted) {
            wanted.remove(&run);
            found.insert(run, commit.id.clone());
        }
        if wanted.is_empty() {
            break;
        }
    }
    for summary in all.iter_mut() {
        if let Some(commit) = found.get(&summary.run) {
            summary.code = CodeState {
                commit: commit.clone(),
                dirty: false,
            };
        }
    }
    Ok(())
}

fn runs_of(files: &DefinitionFiles, wanted: &BTreeMap<RunId, RunSpec>) -> Vec<RunId> {
    let Ok(definitions) = Definitions::parse(files) else {
        return Vec::new();
    };
    let declares = |spec: &RunSpec| {
        let declared: Declared = spec.declare();
        definitions
            .experiments
            .values()
            .any(|experiment| super::history::declares(&definitions, experiment, spec, &declared))
    };
    wanted
        .iter()
        .filter(|(_, spec)| declares(spec))
        .map(|(run, _)| *run)
        .collect()
}
