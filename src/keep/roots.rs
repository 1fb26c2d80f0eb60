//! What needs something of the store, and what that is.
//!
//! | root | where from | what it needs |
//! |---|---|---|
//! | lock | `lockfiles/*.lock` of the working tree and of the tip of every local branch | what its run reads and gave |
//! | pin | `lockfiles/*.pin` there | the same of the runs it names |
//! | past promotion | the log, and the pin's git history | the same of each run a rollback could reach |
//! | execution | the last N of the store | the same of its run |
//! | snapshot | the newest revision of each date | its tables, and the rows that were set aside |
//! | kept file | every `ingest --from` | the file: there is no other copy |
//! | values | the newest materialization | its tables |
//!
//! What a needed table is kept as changes to is needed as well; `gc` adds it.
//!
//! Whole histories of branches are not looked through: an old lock of a branch is replaced by its
//! newer one, and its run can be made again from the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::RunId;
use crate::lockfile::{FOLDER, Lock, LockedData, PinFile, parse_lock};
use crate::online;
use crate::plan::{Declared, RunSpec};
use crate::registry;
use crate::run::{self, ExecutionRecord};
use crate::snapshot::{self, Snapshot};
use crate::store::{Fact, ObjectName};
use crate::workspace::Workspace;

/// A lock or a pin that needs a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileRoot {
    /// From the project root.
    pub path: String,
    pub run: RunId,
    /// `working tree`, or the commits it stands in at the tips of branches, shortened.
    pub places: Vec<String>,
}

/// One of the last executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRoot {
    pub run: RunId,
    pub experiment: String,
}

/// Everything that needs something, and the names of the objects that are needed.
#[derive(Debug, Default)]
pub struct Roots {
    pub locks: Vec<FileRoot>,
    pub pins: Vec<FileRoot>,
    /// Runs that a rollback could go back to.
    pub promotions: BTreeSet<RunId>,
    /// The last first.
    pub executions: Vec<ExecutionRoot>,
    /// Of newest revisions.
    pub snapshots: usize,
    pub kept_files: usize,
    pub values: usize,
    objects: BTreeSet<String>,
}

impl Roots {
    /// Whether something needs an object.
    pub fn need(&self, object: ObjectName) -> bool {
        self.need_hex(&object.to_string())
    }

    /// The same by its name in hex.
    pub fn need_hex(&self, object: &str) -> bool {
        self.objects.contains(object)
    }

    fn add(&mut self, object: impl std::fmt::Display) {
        self.objects.insert(object.to_string());
    }
}

/// Looks for every root. `keep` is how many of the last executions count.
///
/// # Errors
/// A lock or pin cannot be read: then nobody can tell what it needs.
pub fn find_roots(workspace: &Workspace, keep: usize) -> Result<Roots> {
    let catalog = workspace.store().catalog();
    let mut snapshots = snapshot::carried(catalog)?;
    snapshots.extend(snapshot::revisions(catalog)?);
    let mut finder = Finder {
        roots: Roots::default(),
        executions: run::all_executions(catalog)?,
        snapshots,
    };
    let files = Files::read(workspace)?;
    for (lock, root) in files.locks {
        finder.lock(&lock);
        finder.run(workspace, lock.run)?;
        finder.roots.locks.push(root);
    }
    for root in files.pins {
        finder.run(workspace, root.run)?;
        finder.roots.pins.push(root);
    }
    let mut models: BTreeSet<_> = run::models(workspace)?;
    models.extend(registry::logged_models(catalog)?);
    for model in models {
        for run in registry::returnable(workspace, &model)? {
            finder.run(workspace, run)?;
            finder.roots.promotions.insert(run);
        }
    }
    finder.last_executions(workspace, keep)?;
    finder.newest(workspace)?;
    Ok(finder.roots)
}

struct Finder {
    roots: Roots,
    executions: Vec<ExecutionRecord>,
    /// Those from bundles first, then all revisions in order of their arrival.
    snapshots: Vec<Fact<Snapshot>>,
}

impl Finder {
    /// What a lock says its run reads and gave.
    fn lock(&mut self, lock: &Lock) {
        if let Some(results) = &lock.results {
            for (_, hash) in results.outputs.named() {
                self.roots.add(hash);
            }
        }
        for file in lock.code.files.values() {
            self.roots.add(file);
        }
        self.data(&lock.declared, &lock.data);
    }

    /// What the store recorded of a run: its data and everything its executions gave.
    fn run(&mut self, workspace: &Workspace, run: RunId) -> Result<()> {
        let catalog = workspace.store().catalog();
        if let Some(record) = run::find_run(catalog, run)? {
            self.data(&record.declared, &record.data);
        }
        for execution in self.executions.iter().filter(|e| e.run == run) {
            for (_, hash) in execution.outputs.named() {
                self.roots.add(hash);
            }
            if let Some(report) = execution.report() {
                self.roots.add(report);
            }
            if let Some(folds) = execution.folds() {
                self.roots.add(folds);
            }
            for file in execution.files.values() {
                self.roots.add(file);
            }
        }
        Ok(())
    }

    /// The snapshots that hold the data of a run. Where that cannot be told, all of the date.
    fn data(&mut self, declared: &Declared, data: &[LockedData]) {
        let spec = RunSpec::from_declared(declared).ok();
        let reads = spec.as_ref().map(RunSpec::reads).unwrap_or_default();
        for wanted in data {
            let purpose = reads.get(&(wanted.table.clone(), wanted.as_of)).copied();
            let of_date = self.snapshots.iter().rev().filter_map(|fact| {
                let found = fact.value.tables.get(&wanted.table)?;
                (fact.value.as_of == wanted.as_of).then_some(found)
            });
            let holding = of_date.filter(|found| match (&spec, purpose) {
                (Some(spec), Some(purpose)) => spec
                    .columns_read(&wanted.table, purpose, &found.dtypes())
                    .is_ok_and(|columns| found.projection(&columns) == wanted.hash),
                _ => true,
            });
            let objects: Vec<String> = holding.map(|found| found.hash.to_string()).collect();
            self.roots.objects.extend(objects);
        }
    }

    fn last_executions(&mut self, workspace: &Workspace, keep: usize) -> Result<()> {
        let last: Vec<ExecutionRoot> = self
            .executions
            .iter()
            .rev()
            .take(keep)
            .map(|execution| ExecutionRoot {
                run: execution.run,
                experiment: execution.experiment.to_string(),
            })
            .collect();
        for run in last.iter().map(|root| root.run).collect::<BTreeSet<_>>() {
            self.run(workspace, run)?;
        }
        self.roots.executions = last;
        Ok(())
    }

    /// The newest revision of each date, files that have no other copy, and the values that serve.
    fn newest(&mut self, workspace: &Workspace) -> Result<()> {
        let catalog = workspace.store().catalog();
        let newest: BTreeMap<_, _> = snapshot::revisions(catalog)?
            .into_iter()
            .map(|fact| (fact.value.as_of, fact.value))
            .collect();
        self.roots.snapshots = newest.len();
        for table in newest
            .values()
            .flat_map(|snapshot| snapshot.tables.values())
        {
            for object in table.objects() {
                self.roots.add(object);
            }
        }
        for file in snapshot::kept_files(catalog)? {
            self.roots.kept_files += 1;
            self.roots.add(file.object);
        }
        if let Some(serving) = online::newest(catalog)? {
            for sheet in serving.value.tables.values() {
                self.roots.values += 1;
                self.roots.add(sheet.object);
            }
        }
        Ok(())
    }
}

/// The locks and pins of the working tree and of the tips of branches.
struct Files {
    locks: Vec<(Lock, FileRoot)>,
    pins: Vec<FileRoot>,
}

impl Files {
    fn read(workspace: &Workspace) -> Result<Self> {
        let mut files = Self {
            locks: Vec::new(),
            pins: Vec::new(),
        };
        let here = "working tree".to_string();
        for ending in ["lock", "pin"] {
            for (path, text) in texts_of_tree(workspace.root(), ending)? {
                files.add(&here, &path, &text)?;
            }
        }
        let code = Code::discover(workspace.root())?;
        refuse_unseen_repository(workspace.root(), &code)?;
        for tip in code.branch_tips()?.into_iter().collect::<BTreeSet<_>>() {
            for ending in ["lock", "pin"] {
                for (path, text) in code.texts_at(&tip.to_string(), &[FOLDER], ending)? {
                    files.add(tip.short(), &path, &text)?;
                }
            }
        }
        Ok(files)
    }

    fn add(&mut self, place: &str, path: &str, text: &str) -> Result<()> {
        let at = match place {
            "working tree" => path.to_string(),
            commit => format!("{commit}:{path}"),
        };
        let untold = |error: Error| error.help("until it can be read, nobody knows what it needs");
        if path.ends_with(".lock") {
            let lock = parse_lock(&at, text).map_err(untold)?;
            let known = self
                .locks
                .iter_mut()
                .find(|(known, root)| root.path == path && *known == lock);
            match known {
                Some((_, root)) => root.places.push(place.to_string()),
                None => {
                    let root = file_root(place, path, lock.run);
                    self.locks.push((lock, root));
                }
            }
            return Ok(());
        }
        let pins = PinFile::parse(&at, text).map_err(untold)?;
        for run in pins.runs().collect::<BTreeSet<_>>() {
            let same = |root: &&mut FileRoot| root.path == path && root.run == run;
            match self.pins.iter_mut().find(same) {
                Some(root) => root.places.push(place.to_string()),
                None => self.pins.push(file_root(place, path, run)),
            }
        }
        Ok(())
    }
}

fn file_root(place: &str, path: &str, run: RunId) -> FileRoot {
    FileRoot {
        path: path.to_string(),
        run,
        places: vec![place.to_string()],
    }
}

fn texts_of_tree(root: &Path, ending: &str) -> Result<Vec<(String, String)>> {
    let folder = root.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fsio::cannot("read", &folder, error)),
    };
    let mut texts = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name
            .rsplit_once('.')
            .is_none_or(|(_, found)| found != ending)
        {
            continue;
        }
        let path = format!("{FOLDER}/{name}");
        if let Some(bytes) = fsio::read_optional(&root.join(&path))? {
            texts.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    texts.sort();
    Ok(texts)
}

/// A repository that git would not open for this user has branches that nobody could look at.
fn refuse_unseen_repository(root: &Path, code: &Code) -> Result<()> {
    let hidden = root.ancestors().any(|folder| folder.join(".git").exists());
    if code.exists() || !hidden {
        return Ok(());
    }
    Err(
        Error::failure("the git repository of the project cannot be looked into")
            .detail("locks and pins on its branches may need what would be removed")
            .help("it belongs to another user, or the project lies outside its work tree"),
    )
}
