//! Which commit's definitions give a run.
//!
//! A run is named by what its definitions declare, not by the commit they stood in: definitions and
//! lock are usually committed after the run. So the commit is looked for: first the one that was
//! recorded, then every commit that touched a definition, the newest first. A commit's definitions
//! give a run when one of its experiments declares exactly the run's values. How its tables are
//! read is not compared here; it shows in the data's hashes when the run is executed.

use std::collections::BTreeMap;

use super::record::ExecutionRecord;
use super::reference::KnownRun;
use super::search::choice_of;
use crate::code::{Code, CommitId};
use crate::definition::{DefinitionFiles, Definitions, Experiment, ExperimentName};
use crate::error::Result;
use crate::host::Instant;
use crate::plan::{Declared, RunIdentity, RunSpec};
use crate::workspace::{PROJECT_FILE, Workspace};

/// How many commits are looked at before the search is given up.
const MOST_COMMITS: usize = 1000;

/// Definitions that give a run.
#[derive(Debug)]
pub struct FoundDefinitions {
    /// Where they stand; none for those of the store or of the working tree.
    pub commit: Option<CommitId>,
    /// The execution whose copies in the store these are; none for those of a commit or of the
    /// working tree.
    pub kept_at: Option<Instant>,
    pub files: DefinitionFiles,
    pub definitions: Definitions,
    /// The experiment of theirs that is the run.
    pub experiment: ExperimentName,
}

/// The commit whose definitions give a run: the recorded one when they do, else the newest.
pub fn find_commit(
    workspace: &Workspace,
    identity: &RunIdentity,
    recorded: Option<&CommitId>,
) -> Result<Option<FoundDefinitions>> {
    // Of values that cannot be read no definition can be found.
    let Ok(spec) = RunSpec::from_declared(&identity.declared) else {
        return Ok(None);
    };
    let code = Code::discover(workspace.root())?;
    if let Some(commit) = recorded.filter(|commit| !commit.is_none())
        && code.has_revision(&commit.to_string())
        && let Some(found) = at_commit(&code, commit, &spec)?
    {
        return Ok(Some(found));
    }
    let commits = code.history(&["features", "experiments", PROJECT_FILE])?;
    for commit in commits.iter().take(MOST_COMMITS) {
        if let Some(found) = at_commit(&code, &commit.id, &spec)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Definitions that give a run: of a commit, else as they were kept in the store when it was
/// executed, else those of the working tree.
pub fn definitions_of(workspace: &Workspace, known: &KnownRun) -> Result<Option<FoundDefinitions>> {
    let identity = known.record.identity();
    if let Some(found) = find_commit(workspace, &identity, known.commit())? {
        return Ok(Some(found));
    }
    let Ok(spec) = RunSpec::from_declared(&identity.declared) else {
        return Ok(None);
    };
    for execution in known.executions.iter().rev() {
        let files = kept_files(workspace, execution)?;
        if let Some(found) = found_in(files, &spec) {
            return Ok(Some(FoundDefinitions {
                kept_at: Some(execution.at),
                ..found
            }));
        }
    }
    Ok(found_in(workspace.files().clone(), &spec))
}

fn at_commit(code: &Code, commit: &CommitId, spec: &RunSpec) -> Result<Option<FoundDefinitions>> {
    let files = code.definitions_at(&commit.to_string())?;
    let found = found_in(files, spec);
    Ok(found.map(|found| FoundDefinitions {
        commit: Some(commit.clone()),
        ..found
    }))
}

/// Definitions, if they parse and one of their experiments is the run.
fn found_in(files: DefinitionFiles, spec: &RunSpec) -> Option<FoundDefinitions> {
    let mut definitions = Definitions::parse(&files).ok()?;
    let declared = spec.declare();
    let is_run = |experiment: &&Experiment| declares(&definitions, experiment, spec, &declared);
    let experiment = definitions.experiments.values().find(is_run)?.name.clone();
    // Where a flow dates the experiment, the run's date stands in place of its own.
    if let Some(found) = definitions.experiments.get_mut(&experiment) {
        found.as_of.clone_from(&spec.as_of);
    }
    Some(FoundDefinitions {
        commit: None,
        kept_at: None,
        files,
        experiment,
        definitions,
    })
}

/// Whether the experiment of a name declares exactly these values.
pub fn gives(definitions: &Definitions, name: &ExperimentName, declared: &Declared) -> bool {
    let spec = RunSpec::from_declared(declared);
    let experiment = definitions.experiments.get(name);
    spec.is_ok_and(|spec| experiment.is_some_and(|e| declares(definitions, e, &spec, declared)))
}

/// Whether an experiment is what `spec` declares, at its own dates, or at one that a flow gave it. The
/// dates of labels with a lead come from the files of the time; the run names them.
pub(super) fn declares(
    definitions: &Definitions,
    experiment: &Experiment,
    spec: &RunSpec,
    declared: &Declared,
) -> bool {
    let flow_dates = || definitions.project.is_run_by_flow(&experiment.name);
    let is_run = |experiment: &Experiment| {
        let own = RunSpec::of(definitions, experiment, spec.label_as_of.clone());
        match &experiment.search {
            None => own.declare() == *declared,
            Some(search) => choice_of(search, spec)
                .and_then(|values| own.with(&values).ok())
                .is_some_and(|own| own.declare() == *declared),
        }
    };
    if experiment.as_of == spec.as_of {
        return is_run(experiment);
    }
    if spec.as_of.len() != 1 || !flow_dates() {
        return false;
    }
    is_run(&Experiment {
        as_of: spec.as_of.clone(),
        ..experiment.clone()
    })
}

/// The definition files of an execution, with the project file of today, which is not kept.
fn kept_files(workspace: &Workspace, execution: &ExecutionRecord) -> Result<DefinitionFiles> {
    let mut files = BTreeMap::new();
    if let Some(project) = workspace.files().0.get(PROJECT_FILE) {
        files.insert(PROJECT_FILE.to_string(), project.clone());
    }
    for (path, id) in &execution.files {
        let needed_by = format!("the definitions of run {}", execution.run);
        // One that is damaged or gone is none of a run; the working tree is asked next.
        if let Ok(bytes) = workspace.store().get((*id).into(), &needed_by)
            && let Ok(text) = String::from_utf8(bytes)
        {
            files.insert(path.clone(), text);
        }
    }
    Ok(DefinitionFiles(files))
}

/// The copies of a run's definition files that the store no longer has whole.
pub fn damaged_files(workspace: &Workspace, known: &KnownRun) -> Vec<String> {
    let files = known
        .executions
        .iter()
        .flat_map(|execution| &execution.files);
    let damaged = files.filter(|(_, id)| {
        let sound = workspace.store().is_sound((**id).into());
        !sound.unwrap_or(false)
    });
    let paths: std::collections::BTreeSet<&String> = damaged.map(|(path, _)| path).collect();
    paths.into_iter().cloned().collect()
}
