//! Writing a bundle.

use std::collections::BTreeMap;
use std::path::Path;

use super::archive::ArchiveWriter;
use super::manifest::{BundledTable, FORMAT, MANIFEST, Manifest, Member};
use crate::definition::{DefinitionFiles, Definitions, ExperimentName};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::{Digest, ObjectId, RunId};
use crate::host::Environment;
use crate::lockfile::{Lock, LockedCode, lock_path, parse_lock, render_lock};
use crate::plan::RunSpec;
use crate::run::{self, ExecutionRecord, FoundDefinitions, KnownRun};
use crate::snapshot::{TableSnapshot, find_locked};
use crate::store::{ObjectFacts, ObjectName, Store};
use crate::table_store;
use crate::workspace::{PROJECT_FILE, Workspace};

/// A bundle that was written.
#[derive(Debug, Clone)]
pub struct Bundled {
    pub run: RunId,
    pub experiment: ExperimentName,
    /// Members beside the manifest.
    pub members: usize,
    pub snapshots: usize,
    pub bytes: u64,
}

/// The run that a word means here: an experiment stands for its locked run, where it has no lock
/// for its last one.
pub fn find_bundled(workspace: &Workspace, word: &str) -> Result<KnownRun> {
    let Ok(name) = word.parse::<ExperimentName>() else {
        return run::find_reference(workspace, word);
    };
    let is_experiment = workspace.definitions().experiments.contains_key(word);
    if workspace.root().join(lock_path(&name)).is_file() {
        return run::find_reference(workspace, &format!("{word}@locked"));
    }
    match is_experiment {
        true => run::find_reference(workspace, &format!("{word}@latest")),
        false => run::find_reference(workspace, word),
    }
}

/// Writes everything of a run into one file.
///
/// # Errors
/// [`Kind::MissingInput`] when this store lacks an object of the run, or nobody knows its
/// definitions.
pub fn bundle(workspace: &Workspace, known: &KnownRun, file: &Path) -> Result<Bundled> {
    let store = workspace.store();
    let execution = execution_of(known)?;
    let texts = definitions(workspace, known)?;
    let lock = lock_text(workspace, known, &texts)?;
    let snapshots = snapshots(store, known)?;
    let mut objects = BTreeMap::new();
    let outputs = execution.outputs;
    let report = execution
        .report()
        .ok_or_else(|| lacking(known, "the report"))?;
    let named: [(&str, ObjectName); 5] = [
        ("the training set", outputs.training_set.into()),
        ("the split", outputs.split.into()),
        ("the model", outputs.model.into()),
        ("the predictions", outputs.predictions.into()),
        ("the report", report.into()),
    ];
    for (what, name) in named {
        objects.insert(object_path(name), (name, what.to_string()));
    }
    for entry in &snapshots {
        let name = entry.snapshot.hash.into();
        let what = format!("the snapshot of {} at {}", entry.table, entry.as_of);
        objects.insert(object_path(name), (name, what));
    }
    let mut members = BTreeMap::new();
    for (path, text) in texts.iter().chain([(&lock_path(&known.experiment), &lock)]) {
        members.insert(path.clone(), member(text.as_bytes()));
    }
    let whole = restored(store, known, &objects)?;
    for (path, (name, what)) in &objects {
        let entry = match whole.get(path) {
            Some(bytes) => member(bytes),
            None => stored_member(store, *name)?.ok_or_else(|| lacking(known, what))?,
        };
        members.insert(path.clone(), entry);
    }
    let manifest = Manifest {
        format: FORMAT,
        streamflow: workspace.environment().streamflow.clone(),
        run: known.run,
        experiment: known.experiment.clone(),
        rows: execution.rows,
        report,
        snapshots,
        members,
    };
    fsio::write_parts(file, |out| {
        let mut archive = ArchiveWriter::new(out, file);
        archive.add(MANIFEST, &manifest.to_bytes()?)?;
        for path in manifest.members.keys() {
            if let Some(bytes) = whole.get(path) {
                archive.add(path, bytes)?;
            } else if let Some((name, what)) = objects.get(path) {
                archive.add(path, &store.get(*name, &needed_by(known, what))?)?;
            } else {
                archive.add(path, texts.get(path).unwrap_or(&lock).as_bytes())?;
            }
        }
        archive.finish()
    })?;
    Ok(Bundled {
        run: known.run,
        experiment: known.experiment.clone(),
        members: manifest.members.len(),
        snapshots: manifest.snapshots.len(),
        bytes: fsio::age_and_size(file)?.map_or(0, |(_, size)| size),
    })
}

fn needed_by(known: &KnownRun, what: &str) -> String {
    format!("the bundle: {what} of run {}", known.run.short())
}

fn member(bytes: &[u8]) -> Member {
    Member {
        size: bytes.len() as u64,
        blake3: ObjectId::of_bytes(bytes),
    }
}

/// An object that travels as it is stored.
fn stored_member(store: &Store, name: ObjectName) -> Result<Option<Member>> {
    let facts = store.catalog().object(name)?;
    Ok(facts.map(|ObjectFacts { size, bytes }| Member {
        size,
        blake3: bytes,
    }))
}

/// Tables that are kept as changes to others: they travel whole.
fn restored(
    store: &Store,
    known: &KnownRun,
    objects: &BTreeMap<String, (ObjectName, String)>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut whole = BTreeMap::new();
    for (path, (name, what)) in objects {
        if store.catalog().chain(*name)?.len() > 1 {
            let bytes = table_store::file(store, *name, &needed_by(known, what))?;
            whole.insert(path.clone(), bytes);
        }
    }
    Ok(whole)
}

/// Where an object lies in a bundle, as in a store.
pub fn object_path(name: ObjectName) -> String {
    let hex = name.to_string();
    format!("objects/{}/{}", &hex[..2], &hex[2..])
}

/// The execution that gave the run's results in this store.
fn execution_of(known: &KnownRun) -> Result<&ExecutionRecord> {
    let outputs = known.outputs();
    let execution = known.shown_execution();
    execution
        .filter(|execution| Some(execution.outputs) == outputs)
        .ok_or_else(|| lacking(known, "the outputs"))
}

fn lacking(known: &KnownRun, what: &str) -> Error {
    let run = known.run.short();
    Error::new(
        Kind::MissingInput,
        format!("this store does not have {what} of run {run}"),
    )
    .help(format!("`streamflow replay {run}` makes it again;"))
    .help(format!(
        "`streamflow run --locked {}` does too, if it is what is locked",
        known.experiment
    ))
}

/// The project file and the definitions that the run uses, which together are a project.
fn definitions(workspace: &Workspace, known: &KnownRun) -> Result<BTreeMap<String, String>> {
    let unknown = || {
        Error::new(
            Kind::MissingInput,
            format!("nobody knows the definitions of run {}", known.run.short()),
        )
        .detail("no commit, no kept file and no file of the working tree gives it")
        .help("fetch the history that holds them")
    };
    let found = run::definitions_of(workspace, known)?.ok_or_else(unknown)?;
    let FoundDefinitions {
        files,
        definitions,
        experiment,
        ..
    } = &found;
    let declared = &known.record.declared;
    // Of several experiments that are this run, the one it is known by.
    let experiment = match run::gives(definitions, &known.experiment, declared) {
        true => &known.experiment,
        false => experiment,
    };
    let mut texts = run::used_texts_of(files, definitions, experiment);
    let renamed = format!("experiments/{}.toml", known.experiment);
    if experiment != &known.experiment
        && let Some(text) = texts.remove(&format!("experiments/{experiment}.toml"))
    {
        texts.insert(renamed, text);
    }
    let project = files
        .0
        .get(PROJECT_FILE)
        .or(workspace.files().0.get(PROJECT_FILE));
    texts.insert(
        PROJECT_FILE.to_string(),
        project.ok_or_else(unknown)?.clone(),
    );
    Definitions::parse(&DefinitionFiles(texts.clone()))?;
    Ok(texts)
}

/// The lock that a run travels with: that of the working tree, if it is of this run; else one that is made of what
/// is recorded.
///
/// # Errors
/// [`Kind::MissingInput`] when nobody knows the definitions of the run.
pub fn lock_of(workspace: &Workspace, known: &KnownRun) -> Result<String> {
    lock_text(workspace, known, &definitions(workspace, known)?)
}

fn lock_text(
    workspace: &Workspace,
    known: &KnownRun,
    texts: &BTreeMap<String, String>,
) -> Result<String> {
    let path = lock_path(&known.experiment);
    if let Some(bytes) = fsio::read_optional(&workspace.root().join(&path))?
        && let Ok(text) = String::from_utf8(bytes)
        && let Ok(lock) = parse_lock(&path, &text)
        && lock.run == known.run
        && lock.results == known.results
    {
        return Ok(text);
    }
    let hashes = texts
        .iter()
        .filter(|(path, _)| *path != PROJECT_FILE)
        .map(|(path, text)| (path.clone(), ObjectId::of_bytes(text.as_bytes())));
    let commit = known.commit().cloned();
    let environment = known.environment().cloned();
    Ok(render_lock(&Lock {
        experiment: known.experiment.clone(),
        run: known.run,
        declared: known.record.declared.clone(),
        operations: known.record.operations.clone(),
        search: known
            .lock
            .as_ref()
            .filter(|lock| lock.run == known.run)
            .and_then(|lock| lock.search.clone()),
        data: known.record.data.clone(),
        code: LockedCode {
            commit: commit.unwrap_or_else(crate::code::CommitId::none),
            files: hashes.collect(),
        },
        environment: environment.unwrap_or_else(Environment::here),
        results: known.results.clone(),
    }))
}

/// The tables that the run reads, as this store has them.
fn snapshots(store: &Store, known: &KnownRun) -> Result<Vec<BundledTable>> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let mut tables = Vec::new();
    for (at, purpose) in spec.reads() {
        let mut data = known.record.data.iter();
        let wanted = data.find(|data| (&data.table, data.as_of) == (&at.0, at.1));
        let matches = |snapshot: &TableSnapshot| {
            let columns = spec.columns_read(&at.0, purpose, &snapshot.dtypes());
            let hash = columns.map(|columns| snapshot.projection(&columns));
            hash.is_ok_and(|hash| wanted.is_some_and(|wanted| wanted.hash == hash))
        };
        let found = find_locked(store, &at.0, at.1, matches)?;
        let (mut snapshot, _) =
            found.ok_or_else(|| lacking(known, &format!("the data of {} at {}", at.0, at.1)))?;
        // A run does not need them, and the bundle does not carry them.
        snapshot.quarantine = None;
        tables.push(BundledTable {
            table: at.0,
            as_of: at.1,
            snapshot,
        });
    }
    Ok(tables)
}
