//! RUN arguments: the words by which people name a run, and what is known of the run they mean.
//!
//! | word | run |
//! |---|---|
//! | 4 to 64 hex digits | the one whose hash begins so |
//! | `NAME@latest` | the one the experiment finished last; where none was, the locked one |
//! | `NAME@locked`, `NAME@GITREV` | of the experiment's lock in the working tree, or at a revision |
//! | `MODEL@production`, `MODEL@staging` | the pinned one, by `lockfiles/MODEL.pin` |
//! | `MODEL@ALIAS` | the one that a name of somebody's own points at, by the same file |
//! | `production`, `staging` | the same while there is one model |
//!
//! What a run is comes from the store; where the store has never executed it, as in a fresh clone,
//! from a lock of the working tree, and last from the locks of git history. Each place is asked
//! only when those before it know nothing, so that an old commit never makes a prefix ambiguous
//! that is unique here.

use std::collections::{BTreeMap, BTreeSet};

use super::disagreement::Disagreement;
use super::lock::consistent;
use super::model_names::{find_model, models, only_model};
use super::record::{ExecutionKind, ExecutionRecord, RunRecord, executions_of, find_run, run_ids};
use super::{latest_of, locks};
use crate::code::{Code, CommitId};
use crate::definition::{AliasName, AsOf, ExperimentName, ModelName, Stage};
use crate::error::{Error, Result, did_you_mean};
use crate::hash::{Digest, HashPrefix, RunId};
use crate::host::Environment;
use crate::lockfile::{Lock, LockedResults, Outputs, lock_path, parse_lock, read_lock, read_pins};
use crate::plan::RunSpec;
use crate::workspace::Workspace;

/// A run that was named, with everything that is known of it.
#[derive(Debug, Clone)]
pub struct KnownRun {
    pub run: RunId,
    /// The experiment it was named by, else the one that executed it last.
    pub experiment: ExperimentName,
    pub record: RunRecord,
    /// What came out; none for a lock that was never executed.
    pub results: Option<LockedResults>,
    /// In this store, the oldest first.
    pub executions: Vec<ExecutionRecord>,
    /// The lock it was found through.
    pub lock: Option<Lock>,
}

static NO_METRICS: BTreeMap<String, f64> = BTreeMap::new();

impl KnownRun {
    pub fn outputs(&self) -> Option<Outputs> {
        self.results.as_ref().map(|results| results.outputs)
    }

    /// Empty while there are no results.
    pub fn metrics(&self) -> &BTreeMap<String, f64> {
        self.results
            .as_ref()
            .map_or(&NO_METRICS, |results| &results.metrics)
    }

    /// The commit that was recorded with the run; it may be [`CommitId::none`].
    pub fn commit(&self) -> Option<&CommitId> {
        let recorded = self
            .shown_execution()
            .map(|execution| &execution.code.commit);
        recorded.or(self.lock.as_ref().map(|lock| &lock.code.commit))
    }

    /// Where it was executed.
    pub fn environment(&self) -> Option<&Environment> {
        let recorded = self
            .shown_execution()
            .map(|execution| &execution.environment);
        recorded.or(self.lock.as_ref().map(|lock| &lock.environment))
    }

    /// The dates of its features; none when its declared values cannot be read.
    pub fn as_of(&self) -> Vec<AsOf> {
        RunSpec::from_declared(&self.record.declared).map_or(Vec::new(), |spec| spec.as_of)
    }

    /// The last execution that gave the results, else the last.
    pub fn shown_execution(&self) -> Option<&ExecutionRecord> {
        let outputs = self.outputs();
        let gave = |execution: &&ExecutionRecord| Some(execution.outputs) == outputs;
        self.executions
            .iter()
            .rfind(gave)
            .or(self.executions.last())
    }

    /// Whether two of its executions, or an execution and its lock, gave different outputs or
    /// metrics.
    pub fn has_two_results(&self) -> bool {
        Disagreement::of(self).is_some()
    }

    /// A run of this store.
    fn recorded(workspace: &Workspace, run: RunId) -> Result<Option<Self>> {
        let catalog = workspace.store().catalog();
        let Some(record) = find_run(catalog, run)? else {
            return Ok(None);
        };
        let executions = executions_of(catalog, run)?;
        let Some(last) = executions.last() else {
            return Ok(None);
        };
        Ok(Some(Self {
            run,
            experiment: last.experiment.clone(),
            record,
            results: agreed(workspace, last, &executions).or_else(|| results_of(&executions)),
            executions,
            lock: None,
        }))
    }

    /// The run of a lock, with what this store knows of it. `path` is for messages.
    fn locked(workspace: &Workspace, lock: Lock, path: &str) -> Result<Self> {
        consistent(&lock, path)?;
        let executions = executions_of(workspace.store().catalog(), lock.run)?;
        Ok(Self {
            run: lock.run,
            experiment: lock.experiment.clone(),
            record: RunRecord::of_lock(&lock),
            results: lock.results.clone().or_else(|| results_of(&executions)),
            executions,
            lock: Some(lock),
        })
    }

    fn named(mut self, experiment: &ExperimentName) -> Self {
        self.experiment = experiment.clone();
        self
    }
}

/// The results in the lock of the working tree, where an execution gave exactly those: of two
/// results of one run they are the ones people settled on.
fn agreed(
    workspace: &Workspace,
    last: &ExecutionRecord,
    executions: &[ExecutionRecord],
) -> Option<LockedResults> {
    let lock = read_lock(workspace, &last.experiment).ok().flatten()?;
    let results = lock.results.filter(|_| lock.run == last.run)?;
    let gave = |execution: &ExecutionRecord| {
        execution.outputs == results.outputs && execution.metrics == results.metrics
    };
    executions.iter().any(gave).then_some(results)
}

/// What the last `run` gave, which later proofs are held against; where there was only proof, what
/// the first of them gave.
pub(super) fn results_of(executions: &[ExecutionRecord]) -> Option<LockedResults> {
    let execution = executions
        .iter()
        .rfind(|execution| execution.kind == ExecutionKind::Run)
        .or(executions.first())?;
    Some(LockedResults {
        outputs: execution.outputs,
        metrics: execution.metrics.clone(),
    })
}

/// The run that a word means.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) with the candidates when it means none or several;
/// [`Kind::Lock`](crate::error::Kind::Lock) when the lock it leads to cannot be read.
pub fn find_reference(workspace: &Workspace, word: &str) -> Result<KnownRun> {
    if let Some((name, which)) = word.split_once('@') {
        return match (which, which.parse::<Stage>()) {
            ("latest", _) => latest(workspace, name),
            ("locked", _) => locked(workspace, name),
            (_, Ok(stage)) if !is_branch_of_experiment(workspace, name, which)? => {
                pinned(workspace, &find_model(workspace, name)?, stage)
            }
            _ => match aliased(workspace, name, which)? {
                Some(known) => Ok(known),
                None => at_revision(workspace, name, which),
            },
        };
    }
    if let Ok(stage) = word.parse::<Stage>() {
        return pinned(workspace, &only_model(workspace)?, stage);
    }
    match word.to_ascii_lowercase().parse() {
        Ok(prefix) => by_prefix(workspace, &prefix),
        Err(()) => Err(no_reference(workspace, word)),
    }
}

/// The run of a hash that something names: a pin, a transition.
pub fn find_known(workspace: &Workspace, run: RunId) -> Result<Option<KnownRun>> {
    if let Some(known) = KnownRun::recorded(workspace, run)? {
        return Ok(Some(known));
    }
    let prefix = run.to_string().parse().expect("a hash is its own prefix");
    Ok(through_locks(workspace, &prefix)?.pop())
}

/// `NAME@production` of an experiment that is no model, in a repository with such a branch.
fn is_branch_of_experiment(workspace: &Workspace, name: &str, revision: &str) -> Result<bool> {
    let experiment = workspace.definitions().experiments.contains_key(name);
    let code = || Code::discover(workspace.root());
    Ok(experiment && !models(workspace)?.contains(name) && code()?.has_revision(revision))
}

fn latest(workspace: &Workspace, name: &str) -> Result<KnownRun> {
    let experiment = find_name(workspace, name)?;
    if let Some(run) = latest_of(workspace.store().catalog(), &experiment)?
        && let Some(known) = KnownRun::recorded(workspace, run)?
    {
        return Ok(known.named(&experiment));
    }
    if let Some(known) = lock_in_tree(workspace, &experiment)? {
        return Ok(known);
    }
    let path = lock_path(&experiment);
    let locks = locks::of_history(workspace, |_| true)?;
    match locks
        .into_iter()
        .find(|(_, lock)| lock.experiment == experiment)
    {
        Some((at, lock)) => KnownRun::locked(workspace, lock, &at),
        None => Err(Error::usage(format!(
            "{experiment} was never executed here and has no lock"
        ))
        .detail(format!("looked for {path}, here and in git history"))
        .help(format!("`streamflow run {experiment}` executes it"))),
    }
}

fn locked(workspace: &Workspace, name: &str) -> Result<KnownRun> {
    let experiment = find_name(workspace, name)?;
    lock_in_tree(workspace, &experiment)?.ok_or_else(|| {
        let path = lock_path(&experiment);
        Error::usage(format!("{experiment} has no lock: there is no {path}"))
            .help(format!("`streamflow run {experiment}` writes it"))
    })
}

fn lock_in_tree(workspace: &Workspace, experiment: &ExperimentName) -> Result<Option<KnownRun>> {
    read_lock(workspace, experiment)?
        .map(|lock| KnownRun::locked(workspace, lock, &lock_path(experiment)))
        .transpose()
}

fn at_revision(workspace: &Workspace, name: &str, revision: &str) -> Result<KnownRun> {
    let experiment: ExperimentName = name.parse().map_err(|_| no_name(workspace, name))?;
    let code = Code::discover(workspace.root())?;
    if !code.has_revision(revision) {
        find_name(workspace, name)?;
        let error = no_revision(&code, name, revision);
        return Err(match aliasing(workspace, name, revision)? {
            Some(model) => error.help(format!("did you mean `{model}@{revision}`?")),
            None => error,
        });
    }
    let path = lock_path(&experiment);
    let Some(text) = code.file_at(revision, &path)? else {
        find_name(workspace, name)?;
        return Err(
            Error::usage(format!("revision {revision} holds no lock of {experiment}"))
                .detail(format!("looked for {path}"))
                .help(format!("`git log -- {path}` lists the commits that do")),
        );
    };
    let path = format!("{revision}:{path}");
    KnownRun::locked(workspace, parse_lock(&path, &text)?, &path)
}

/// The model of an experiment, where a word is an alias of the model.
fn aliasing(workspace: &Workspace, name: &str, word: &str) -> Result<Option<ModelName>> {
    let experiment = workspace.definitions().experiments.get(name);
    let Some(model) = experiment.and_then(|experiment| experiment.registers.clone()) else {
        return Ok(None);
    };
    let aliases = read_pins(workspace, &model)?.map_or(BTreeMap::new(), |file| file.aliases);
    Ok(aliases.contains_key(word).then_some(model))
}

fn no_revision(code: &Code, name: &str, revision: &str) -> Error {
    let mut error = Error::usage(format!("git knows no revision `{revision}`"));
    if !code.exists() {
        error = error.detail("the project is not in a git repository");
    }
    let words = ["latest", "locked", "production", "staging"];
    match did_you_mean(revision, words) {
        Some(close) => error.help(format!("did you mean `{name}@{close}`?")),
        None => error.help(format!(
            "after @ comes latest, locked, a stage of a model, or a git revision: `{name}@HEAD`"
        )),
    }
}

fn pinned(workspace: &Workspace, model: &ModelName, stage: Stage) -> Result<KnownRun> {
    let pins = read_pins(workspace, model)?.map_or(BTreeMap::new(), |file| file.pins);
    let Some(pin) = pins.get(&stage) else {
        let others = pins
            .iter()
            .map(|(stage, pin)| format!("pinned: {stage} {}", pin.run.short()));
        return Err(
            Error::usage(format!("no run of {model} is pinned to {stage}"))
                .details(others)
                .help(format!(
                    "`streamflow promote RUN --to {stage} --reason TEXT` pins one"
                )),
        );
    };
    let known = find_known(workspace, pin.run)?
        .ok_or_else(|| unknown_pinned(model, pin.run, &format!("in {stage}")))?;
    Ok(registering(workspace, known, model))
}

/// The run that an alias of a model points at; none where the word may mean a revision alone.
fn aliased(workspace: &Workspace, name: &str, which: &str) -> Result<Option<KnownRun>> {
    let models = models(workspace)?;
    let Some(model) = models.get(name) else {
        return Ok(None);
    };
    let aliases = read_pins(workspace, model)?.map_or(BTreeMap::new(), |file| file.aliases);
    let experiment = workspace.definitions().experiments.contains_key(name);
    let Some(pin) = aliases.get(which) else {
        return match experiment {
            true => Ok(None),
            false => Err(no_alias(
                model,
                which,
                aliases.keys().map(AliasName::as_str),
            )),
        };
    };
    if experiment && Code::discover(workspace.root())?.has_revision(which) {
        return Err(Error::usage(format!("`{name}@{which}` means two runs"))
            .detail(format!(
                "an alias of the model {name}: run {}",
                pin.run.short()
            ))
            .detail(format!(
                "the lock of the experiment {name} at the git revision {which}"
            ))
            .help(format!(
                "name the run by its hash, or the revision as `{name}@refs/heads/{which}`"
            )));
    }
    let known = find_known(workspace, pin.run)?
        .ok_or_else(|| unknown_pinned(model, pin.run, &format!("as {which}")))?;
    Ok(Some(registering(workspace, known, model)))
}

fn no_alias<'a>(model: &ModelName, which: &str, aliases: impl Iterator<Item = &'a str>) -> Error {
    let mut words = vec!["production", "staging"];
    words.extend(aliases);
    let error = Error::usage(format!("{model} has no `@{which}`"))
        .detail(format!("of a model there are {}", words.join(", ")));
    match did_you_mean(which, words) {
        Some(close) => error.help(format!("did you mean `{model}@{close}`?")),
        None => error.help(format!(
            "`streamflow promote RUN --alias NAME --reason TEXT` makes an alias of {model}"
        )),
    }
}

fn unknown_pinned(model: &ModelName, run: RunId, place: &str) -> Error {
    Error::usage(format!(
        "{model} has run {} {place}, of which nothing is known",
        run.short()
    ))
    .detail(format!("run  {run}"))
    .detail("neither this store nor a lock of the working tree or of git history has it")
    .help("fetch the history that holds its lock, or the store it was executed in")
}

/// Calls a run by an experiment that competes for the model, if one of those that gave it does.
fn registering(workspace: &Workspace, known: KnownRun, model: &ModelName) -> KnownRun {
    let experiments = &workspace.definitions().experiments;
    let registers = |name: &ExperimentName| {
        experiments
            .get(name)
            .is_some_and(|experiment| experiment.registers.as_ref() == Some(model))
    };
    let mut names = known
        .executions
        .iter()
        .rev()
        .map(|execution| &execution.experiment);
    match names.find(|name| registers(name)).cloned() {
        Some(name) if !registers(&known.experiment) => known.named(&name),
        _ => known,
    }
}

fn by_prefix(workspace: &Workspace, prefix: &HashPrefix) -> Result<KnownRun> {
    let recorded = run_ids(workspace.store().catalog(), prefix)?;
    let mut found: Vec<KnownRun> = Vec::new();
    for run in recorded {
        found.extend(KnownRun::recorded(workspace, run)?);
    }
    for known in locks_of_tree(workspace, prefix)? {
        if found.iter().all(|other| other.run != known.run) {
            found.push(known);
        }
    }
    if found.is_empty() {
        found = locks_of_history(workspace, prefix)?;
    }
    match found.len() {
        0 => Err(unknown_run(workspace, prefix)),
        1 => Ok(found.remove(0)),
        _ => Err(ambiguous(prefix, &found)),
    }
}

fn through_locks(workspace: &Workspace, prefix: &HashPrefix) -> Result<Vec<KnownRun>> {
    let found = locks_of_tree(workspace, prefix)?;
    if found.is_empty() {
        return locks_of_history(workspace, prefix);
    }
    Ok(found)
}

fn locks_of_tree(workspace: &Workspace, prefix: &HashPrefix) -> Result<Vec<KnownRun>> {
    Ok(matching(workspace, locks::of_tree(workspace)?, prefix))
}

fn locks_of_history(workspace: &Workspace, prefix: &HashPrefix) -> Result<Vec<KnownRun>> {
    let matches = |text: &str| text.contains(prefix.as_str());
    Ok(matching(
        workspace,
        locks::of_history(workspace, matches)?,
        prefix,
    ))
}

/// The runs of locks that begin with a prefix, each once. Locks that do not fit together are passed
/// over: they name no run.
fn matching(
    workspace: &Workspace,
    found: Vec<(String, Lock)>,
    prefix: &HashPrefix,
) -> Vec<KnownRun> {
    let mut runs = BTreeSet::new();
    found
        .into_iter()
        .filter(|(_, lock)| prefix.matches(&lock.run))
        .filter_map(|(path, lock)| KnownRun::locked(workspace, lock, &path).ok())
        .filter(|known| runs.insert(known.run))
        .collect()
}

fn ambiguous(prefix: &HashPrefix, found: &[KnownRun]) -> Error {
    let lines = found
        .iter()
        .map(|known| format!("{}  {}", known.run, known.experiment));
    Error::usage(format!(
        "`{prefix}` begins the hashes of {} runs",
        found.len()
    ))
    .details(lines)
    .help("type more digits")
}

fn unknown_run(workspace: &Workspace, prefix: &HashPrefix) -> Error {
    let error = Error::usage(format!("no run begins with `{prefix}`"))
        .details(candidates(workspace))
        .help("`streamflow runs` lists the runs of this store");
    match workspace
        .definitions()
        .experiments
        .contains_key(prefix.as_str())
    {
        true => error.help(format!("the experiment's last run is `{prefix}@latest`")),
        false => error,
    }
}

/// The newest runs of the store and of the locks, to choose from.
fn candidates(workspace: &Workspace) -> Vec<String> {
    let catalog = workspace.store().catalog();
    let executions = super::all_executions(catalog).unwrap_or_default();
    let recorded = executions
        .iter()
        .rev()
        .map(|e| (e.run, e.experiment.clone()));
    let tree = locks::of_tree(workspace).unwrap_or_default();
    let locked = tree
        .iter()
        .map(|(_, lock)| (lock.run, lock.experiment.clone()));
    let mut seen = BTreeSet::new();
    recorded
        .chain(locked)
        .filter(|(run, _)| seen.insert(*run))
        .take(10)
        .map(|(run, experiment)| format!("{}  {experiment}", run.short()))
        .collect()
}

/// The error of a word that is neither a hash nor has an `@`.
fn no_reference(workspace: &Workspace, word: &str) -> Error {
    let error = Error::usage(format!("`{word}` names no run"));
    let definitions = workspace.definitions();
    if definitions.experiments.contains_key(word) {
        return error.help(format!(
            "`{word}@latest` is its last run, `{word}@locked` the one of its lock"
        ));
    }
    let models = models(workspace).unwrap_or_default();
    if models.contains(word) {
        return error.help(format!("`{word}@production` is the run pinned there"));
    }
    let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && word.len() < HashPrefix::SHORTEST {
        return error.help(format!(
            "type at least {} digits of its hash",
            HashPrefix::SHORTEST
        ));
    }
    let error = error.details(candidates(workspace));
    let names = definitions.experiments.keys().map(ExperimentName::as_str);
    match did_you_mean(word, names) {
        Some(close) => error.help(format!("did you mean `{close}@latest`?")),
        None => error.help(
            "a run is its hash (4 digits or more), NAME@latest, NAME@locked, NAME@GITREV, MODEL@production, MODEL@staging or MODEL@ALIAS",
        ),
    }
}

/// An experiment of the working tree, or one that only its lock remembers.
fn find_name(workspace: &Workspace, name: &str) -> Result<ExperimentName> {
    let unknown = || no_name(workspace, name);
    let parsed: ExperimentName = name.parse().map_err(|_| unknown())?;
    let known = workspace.definitions().experiments.contains_key(name)
        || workspace.root().join(lock_path(&parsed)).is_file()
        || latest_of(workspace.store().catalog(), &parsed)?.is_some();
    if known { Ok(parsed) } else { Err(unknown()) }
}

fn no_name(workspace: &Workspace, name: &str) -> Error {
    let experiments = &workspace.definitions().experiments;
    let names = || experiments.keys().map(ExperimentName::as_str);
    let list = names().collect::<Vec<_>>().join(", ");
    let error = Error::usage(format!("there is no experiment `{name}`"))
        .detail(format!("experiments: {list}"));
    match did_you_mean(name, names()) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None if models(workspace).is_ok_and(|models| models.contains(name)) => error.help(format!(
            "{name} is a model: `{name}@production` is the run pinned there"
        )),
        None => error.help("`streamflow runs` lists the runs of this store"),
    }
}
