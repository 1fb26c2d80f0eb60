//! Bringing a verified bundle into a project, or making a project of it.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::manifest::BundledTable;
use super::verify::{Verified, verified, verify};
use crate::code::CodeState;
use crate::definition::{AsOf, Definitions, TableName};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::RunId;
use crate::host;
use crate::lockfile::lock_path;
use crate::plan::Step;
use crate::run::{self, ExecutionKind, ExecutionRecord, RecordedStep, RunRecord};
use crate::snapshot::{self, TableSnapshot};
use crate::store::{NewObject, ObjectName, Store};
use crate::table_store;
use crate::workspace::{PROJECT_FILE, Workspace, find_root};

/// Where a bundle goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The project of this root.
    Project(PathBuf),
    /// A folder that is empty or not there yet.
    New(PathBuf),
}

impl Target {
    pub fn folder(&self) -> &Path {
        match self {
            Self::Project(folder) | Self::New(folder) => folder,
        }
    }
}

/// What became of a file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOutcome {
    Written,
    /// It was there, the same.
    Same,
    /// What was there stays, or the file would not fit, for this reason.
    LeftAlone(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// From the project root.
    pub path: String,
    pub outcome: FileOutcome,
}

/// A bundle that was brought in.
#[derive(Debug)]
pub struct Unbundled {
    pub run: RunId,
    pub experiment: String,
    pub target: Target,
    /// Objects that were not there, and those that were.
    pub added: u64,
    pub present: u64,
    /// Whether the run's record is new here.
    pub recorded: bool,
    pub files: Vec<WrittenFile>,
    /// This store knows other outputs of the same run; both are kept.
    pub finding: Option<Vec<(String, String, String)>>,
}

/// Where `unbundle` goes: a named folder, or the project one stands in. `base` is where relative
/// paths start from.
///
/// # Errors
/// [`Kind::Usage`] when the folder holds something that is no project.
pub fn find_target(base: &Path, named: Option<&Path>) -> Result<Target> {
    let Some(named) = named else {
        let root = find_root(Some(base)).map_err(|error| {
            error.help("`streamflow unbundle FILE DIR` makes a project of the bundle in DIR")
        })?;
        return Ok(Target::Project(root));
    };
    let folder = base.join(named);
    if folder.join(PROJECT_FILE).is_file() {
        return Ok(Target::Project(find_root(Some(&folder))?));
    }
    let shown = named.display();
    match std::fs::read_dir(&folder).map(Iterator::count) {
        Ok(0) => Ok(Target::New(folder)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Target::New(folder)),
        Ok(_) => Err(
            Error::usage(format!("{shown} holds files and is no project"))
                .detail(format!("it has no {PROJECT_FILE}"))
                .help("name a project, an empty folder, or one that is not there yet"),
        ),
        Err(error) => Err(Error::usage(format!("{shown} cannot be a project")).caused_by(error)),
    }
}

/// Verifies a bundle and brings it in: its objects and records into the store, definitions and
/// lock beside those that are there. No file is ever overwritten.
///
/// # Errors
/// Those of a bundle that is not what it says, or that this program cannot execute: then nothing
/// was written.
pub fn unbundle(file: &Path, target: Target) -> Result<Unbundled> {
    let mut bundle = verify(file)?;
    if let Target::New(folder) = &target {
        refuse_store_elsewhere(&bundle.definitions)?;
        for (path, text) in &bundle.texts {
            fsio::write_atomic(&folder.join(path), text.as_bytes())?;
        }
    }
    let workspace = Workspace::open(Some(target.folder()))?;
    let (added, present) = objects(&workspace, &mut bundle)?;
    for (as_of, tables) in by_date(&bundle.manifest.snapshots) {
        snapshot::carry(workspace.store().catalog(), as_of, &tables)?;
    }
    let (recorded, finding) = record(&workspace, &bundle)?;
    let files = match &target {
        Target::New(folder) => new_files(folder, &bundle)?,
        Target::Project(_) => files(&workspace, &bundle)?,
    };
    Ok(Unbundled {
        run: bundle.lock.run,
        experiment: bundle.lock.experiment.to_string(),
        target,
        added,
        present,
        recorded,
        files,
        finding,
    })
}

/// A bundle may come from anybody; where its store would lie must not be for it to say.
fn refuse_store_elsewhere(definitions: &Definitions) -> Result<()> {
    let store = Path::new(&definitions.project.store);
    if store
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return Ok(());
    }
    Err(Error::new(
        Kind::Definition,
        format!(
            "the bundle's store would lie outside its folder: {}",
            store.display()
        ),
    )
    .detail("nothing was written")
    .help(format!(
        "write a {PROJECT_FILE} of your own into the folder, with the same entities, and unbundle \
         into that project"
    )))
}

/// Puts the objects into the store: how many were new, how many were there.
fn objects(workspace: &Workspace, bundle: &mut Verified) -> Result<(u64, u64)> {
    let store = workspace.store();
    let (mut added, mut present) = (0, 0);
    for (path, name) in bundle.objects.clone() {
        let there = store.catalog().object(name)?.is_some() && is_sound(store, name)?;
        if there {
            store.refresh(name);
            present += 1;
            continue;
        }
        // Read again, so verified again: the file may have changed since.
        let bytes = verified(&mut bundle.archive, &bundle.manifest, &path)?;
        let bytes = bytes.as_slice();
        store.put(&NewObject { name, bytes })?;
        added += 1;
    }
    Ok((added, present))
}

fn is_sound(store: &Store, name: ObjectName) -> Result<bool> {
    match name {
        ObjectName::Table(table) => table_store::is_sound(store, table),
        ObjectName::Bytes(_) => store.is_sound(name),
    }
}

fn by_date(tables: &[BundledTable]) -> BTreeMap<AsOf, BTreeMap<TableName, TableSnapshot>> {
    let mut dates: BTreeMap<AsOf, BTreeMap<TableName, TableSnapshot>> = BTreeMap::new();
    for entry in tables {
        let tables = dates.entry(entry.as_of).or_default();
        tables.insert(entry.table.clone(), entry.snapshot.clone());
    }
    dates
}

/// Records that the run gave these results elsewhere. Gives whether that was new, and how they
/// differ from what is known here.
type Recorded = (bool, Option<Vec<(String, String, String)>>);

fn record(workspace: &Workspace, bundle: &Verified) -> Result<Recorded> {
    let catalog = workspace.store().catalog();
    let known = run::executions_of(catalog, bundle.lock.run)?;
    let entry = execution(workspace, bundle)?;
    let same = |execution: &&ExecutionRecord| {
        execution.outputs == entry.outputs && execution.metrics == entry.metrics
    };
    let finding = known
        .iter()
        .find(|execution| !same(execution))
        .and_then(|other| {
            let finding = entry.compare(&other.outputs, &other.metrics, &other.environment)?;
            Some(finding.differences)
        });
    if known.iter().any(|execution| same(&execution)) {
        return Ok((false, finding));
    }
    let tables: Vec<ObjectName> = bundle
        .manifest
        .snapshots
        .iter()
        .map(|entry| entry.snapshot.hash.into())
        .collect();
    let lock = &bundle.lock;
    let record = RunRecord::of_lock(lock);
    let latest = run::latest_of(catalog, &lock.experiment)?;
    run::enter(catalog, &record, &tables, &entry)?;
    // What was finished last here stays what `NAME@latest` means.
    if let Some(latest) = latest {
        run::finished(catalog, &lock.experiment, latest)?;
    }
    Ok((true, finding))
}

/// The record of an execution that happened elsewhere.
fn execution(workspace: &Workspace, bundle: &Verified) -> Result<ExecutionRecord> {
    let outputs = bundle.results.outputs;
    let steps = bundle.plan.steps.iter().filter_map(|planned| {
        let output = match planned.step {
            Step::TrainingSet => outputs.training_set.to_string(),
            Step::Split => outputs.split.to_string(),
            // Scores of folds are no output of a run; their metrics came in the report.
            Step::CrossValidate => return None,
            Step::Fit => outputs.model.to_string(),
            Step::Predict => outputs.predictions.to_string(),
            Step::Evaluate => bundle.manifest.report.to_string(),
        };
        Some(RecordedStep {
            name: planned.step.to_string(),
            key: planned.key.to_string(),
            output,
            cached: true,
            seconds: 0.0,
        })
    });
    let mut texts = bundle.texts.clone();
    texts.remove(PROJECT_FILE);
    let commit = bundle.lock.code.commit.clone();
    Ok(ExecutionRecord {
        run: bundle.lock.run,
        experiment: bundle.lock.experiment.clone(),
        kind: ExecutionKind::Bundle,
        at: host::now(),
        seconds: 0.0,
        threads: host::threads(),
        steps: steps.collect(),
        outputs,
        metrics: bundle.results.metrics.clone(),
        rows: bundle.manifest.rows,
        code: CodeState {
            dirty: commit.is_none(),
            commit,
        },
        files: run::keep_files(workspace.store(), &texts)?,
        environment: bundle.lock.environment.clone(),
        reproduced: false,
        accepted: false,
        varied: None,
        // The guards look anew when the run is executed here.
        overrides: Vec::new(),
    })
}

/// The lock of a new project, whose definitions are written already.
fn new_files(folder: &Path, bundle: &Verified) -> Result<Vec<WrittenFile>> {
    let path = lock_path(&bundle.lock.experiment);
    fsio::write_atomic(&folder.join(&path), bundle.lock_text.as_bytes())?;
    let mut paths: Vec<String> = bundle.texts.keys().cloned().chain([path]).collect();
    paths.sort();
    let written = paths.into_iter().map(|path| WrittenFile {
        path,
        outcome: FileOutcome::Written,
    });
    Ok(written.collect())
}

/// Files beside those of a project: what is there stays, and what would not fit is not written.
fn files(workspace: &Workspace, bundle: &Verified) -> Result<Vec<WrittenFile>> {
    let root = workspace.root();
    let mut merged = workspace.files().clone();
    let mut files = Vec::new();
    let mut missing = Vec::new();
    for (path, text) in &bundle.texts {
        match merged.0.get(path) {
            Some(own) if own == text => files.push((path.clone(), FileOutcome::Same)),
            Some(_) => files.push((
                path.clone(),
                FileOutcome::LeftAlone("the project has another one".to_string()),
            )),
            None => missing.push((path.clone(), text)),
        }
    }
    for (path, text) in &missing {
        merged.0.insert(path.clone(), (*text).clone());
    }
    let fits = Definitions::parse(&merged);
    for (path, text) in missing {
        let outcome = match (&fits, root.join(&path).exists()) {
            (Ok(_), false) => {
                fsio::write_atomic(&root.join(&path), text.as_bytes())?;
                FileOutcome::Written
            }
            (Ok(_), true) => FileOutcome::LeftAlone("something of that name is there".to_string()),
            (Err(error), _) => {
                FileOutcome::LeftAlone(format!("it does not fit this project: {error}"))
            }
        };
        files.push((path, outcome));
    }
    files.push(lock_file(root, bundle, fits.ok().as_ref())?);
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(files
        .into_iter()
        .map(|(path, outcome)| WrittenFile { path, outcome })
        .collect())
}

/// The lock, where there is none and the definitions here give its run.
fn lock_file(
    root: &Path,
    bundle: &Verified,
    definitions: Option<&Definitions>,
) -> Result<(String, FileOutcome)> {
    let lock = &bundle.lock;
    let path = lock_path(&lock.experiment);
    let outcome = match fsio::read_optional(&root.join(&path))? {
        Some(bytes) if bytes == bundle.lock_text.as_bytes() => FileOutcome::Same,
        Some(_) => FileOutcome::LeftAlone("the project has another one".to_string()),
        None if definitions.is_some_and(|d| run::gives(d, &lock.experiment, &lock.declared)) => {
            fsio::write_atomic(&root.join(&path), bundle.lock_text.as_bytes())?;
            FileOutcome::Written
        }
        None => FileOutcome::LeftAlone("the definitions here are of another run".to_string()),
    };
    Ok((path, outcome))
}
