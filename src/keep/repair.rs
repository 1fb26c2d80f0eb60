//! Making damaged objects again.
//!
//! What is damaged is moved aside first: nothing is deleted. Then, in the order in which one thing
//! is made of another: files whose bytes lie elsewhere, snapshots from their source files, outputs by
//! executing their run again, values that serve. What only a cache or the past needs is forgotten.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::fsck::{Problem, Remedy, aside_name, short};
use super::roles::{HOLLOW_KINDS, Role, Roles};
use crate::code::Code;
use crate::error::Result;
use crate::fsio;
use crate::hash::{Digest, ObjectId, RunId};
use crate::online::{self, Recompute};
use crate::run::{self, ReplayOptions, Silent};
use crate::snapshot::{self, Snapshots, TableSnapshot};
use crate::store::{IGNORE_FILE, IGNORE_TEXT, NewObject, ObjectName, Store};
use crate::table;
use crate::workspace::Workspace;

/// Repairs what can be repaired, and says for each problem what was done.
pub fn repair(workspace: &Workspace, problems: &mut [Problem]) -> Result<()> {
    let store = workspace.store();
    let roles = Roles::read(store).unwrap_or_default();
    let mut repairs: Vec<Repair> = Vec::new();
    for problem in problems.iter_mut() {
        match (problem.object, problem.kind) {
            (Some(object), _) => {
                let unlisted = problem.kind == "unlisted";
                repairs.push(Repair::begin(store, object, unlisted, roles.of(object))?);
            }
            (None, "file") => problem.remedy = Some(rewrite_ignore_file(store)?),
            (None, "registry") => {
                problem.remedy = Some(Remedy {
                    repaired: false,
                    words:
                        "a record is never rewritten; what is pinned stands in the pin file and \
                            its git history"
                            .to_string(),
                });
            }
            _ => {}
        }
    }
    for step in [
        same_bytes, snapshots, outputs, values, same_table, forgotten,
    ] {
        step(workspace, &mut repairs)?;
    }
    let mut repairs = repairs.into_iter();
    for problem in problems
        .iter_mut()
        .filter(|problem| problem.object.is_some())
    {
        problem.remedy = repairs.next().map(|repair| repair.remedy(store));
    }
    Ok(())
}

/// A damaged object on its way to be whole again.
struct Repair<'a> {
    object: ObjectName,
    roles: &'a [Role],
    /// Where its damaged file lies now.
    aside: Option<PathBuf>,
    /// What was done, or why it could not be.
    words: Option<String>,
    /// Nothing needs it any more.
    forgotten: bool,
}

impl<'a> Repair<'a> {
    fn begin(store: &Store, object: ObjectName, unlisted: bool, roles: &'a [Role]) -> Result<Self> {
        let path = store.objects().path(object);
        let adopted = unlisted && store.adopt(object, &path, &table::hash_parquet_object)?;
        let aside = match adopted {
            true => None,
            false => store.set_aside(object)?,
        };
        Ok(Self {
            object,
            roles,
            aside,
            words: adopted.then(|| "entered again: the file is what its name says".to_string()),
            forgotten: false,
        })
    }

    fn is_whole(&self, store: &Store) -> bool {
        let verified = store.verify(self.object, &table::hash_parquet_object);
        self.forgotten || verified.is_none()
    }

    /// Takes note of an attempt; the first that helped, or the last that did not, is told.
    fn tried(&mut self, store: &Store, what: &str, result: Result<()>) {
        self.words = Some(match result {
            Ok(()) if self.is_whole(store) => what.to_string(),
            Ok(()) => format!("{what}, which gave something else"),
            Err(error) => format!("cannot be {what}: {error}"),
        });
    }

    fn remedy(self, store: &Store) -> Remedy {
        let repaired = self.is_whole(store);
        let unsaid = match repaired {
            true => "made again together with others",
            false => "nothing can make it again",
        };
        let mut words = self.words.unwrap_or_else(|| unsaid.to_string());
        if let Some(aside) = self.aside {
            words.push_str(&format!("; the damaged file is in {}", aside_name(&aside)));
        }
        Remedy { repaired, words }
    }
}

/// The repairs that are still to be made.
fn open<'r, 'a>(
    store: &'r Store,
    repairs: &'r mut [Repair<'a>],
) -> impl Iterator<Item = &'r mut Repair<'a>> {
    repairs.iter_mut().filter(|repair| !repair.is_whole(store))
}

/// Kept files and definitions: the same bytes in the working tree or in a commit.
fn same_bytes(workspace: &Workspace, repairs: &mut [Repair]) -> Result<()> {
    let store = workspace.store();
    let code = Code::discover(workspace.root())?;
    for repair in open(store, repairs) {
        for role in repair.roles {
            let (path, commit) = match role {
                Role::KeptFile { path, .. } => (path, None),
                Role::Definition { path, commit, .. } => (path, Some(commit)),
                _ => continue,
            };
            let is_it = |bytes: &Vec<u8>| {
                ObjectId::of_bytes(bytes).to_string() == repair.object.to_string()
            };
            let here = fsio::read_optional(&workspace.root().join(path))?.filter(is_it);
            let committed = || {
                let text = code.file_at(commit?, path).ok().flatten()?;
                Some(text.into_bytes()).filter(is_it)
            };
            let place = if here.is_some() { "file" } else { "commit" };
            if let Some(bytes) = here.or_else(committed) {
                let put = store.put(&NewObject::of_bytes(&bytes));
                repair.tried(store, &format!("copied from the {place} {path}"), put);
                break;
            }
            repair.words = Some(format!("no file {path} with these bytes is to be found"));
        }
    }
    Ok(())
}

/// Snapshots, from the files they were made of.
fn snapshots(workspace: &Workspace, repairs: &mut [Repair]) -> Result<()> {
    let store = workspace.store();
    let definitions = workspace.definitions();
    let all = snapshot::revisions(store.catalog())?;
    let sources = Snapshots {
        workspace,
        definitions,
    };
    for repair in open(store, repairs) {
        let hex = repair.object.to_string();
        let tables = all.iter().flat_map(|fact| &fact.value.tables);
        let made_with = |table: &TableSnapshot| table.objects().any(|name| name.to_string() == hex);
        for (name, table) in tables.filter(|(_, table)| made_with(table)) {
            let rebuilt = sources.rebuild(name, table);
            let done = rebuilt.is_ok();
            repair.tried(store, "rebuilt from its source files", rebuilt);
            if done {
                break;
            }
        }
    }
    Ok(())
}

/// Outputs and definitions of runs, by executing them again.
fn outputs(workspace: &Workspace, repairs: &mut [Repair]) -> Result<()> {
    let store = workspace.store();
    let mut executed: BTreeSet<RunId> = BTreeSet::new();
    for at in 0..repairs.len() {
        for role in repairs[at].roles {
            let Role::Output { run, .. } = role else {
                continue;
            };
            if repairs[at].is_whole(store) {
                break;
            }
            if executed.insert(*run) {
                let replayed = replay(workspace, *run);
                let what = format!("made again by executing run {}", run.short());
                for repair in repairs.iter_mut() {
                    let of_run =
                        |role: &Role| matches!(role, Role::Output { run: of, .. } if of == run);
                    if repair.roles.iter().any(of_run) && repair.words.is_none() {
                        let result = replayed
                            .as_ref()
                            .map_err(|words| crate::error::Error::failure(words.clone()));
                        repair.tried(store, &what, result.map(|_| ()));
                    }
                }
            }
        }
    }
    Ok(())
}

fn replay(workspace: &Workspace, run: RunId) -> std::result::Result<(), String> {
    let again = || -> Result<()> {
        if let Some(known) = run::find_known(workspace, run)? {
            run::replay(workspace, &known, &ReplayOptions::default(), &Silent)?;
        }
        Ok(())
    };
    again().map_err(|error| error.to_string())
}

/// The values that serve.
fn values(workspace: &Workspace, repairs: &mut [Repair]) -> Result<()> {
    let store = workspace.store();
    for repair in open(store, repairs) {
        let serving = repair.roles.iter().find_map(|role| match role {
            Role::Values {
                as_of,
                serving: true,
                ..
            } => Some(*as_of),
            _ => None,
        });
        if let Some(as_of) = serving {
            let made = online::materialize(workspace, as_of, Recompute::Missing).map(|_| ());
            repair.tried(store, "materialized again", made);
        }
    }
    Ok(())
}

/// Tables that are what they were in a file that is not: damage may hit what no value lies in.
fn same_table(workspace: &Workspace, repairs: &mut [Repair]) -> Result<()> {
    let store = workspace.store();
    for repair in open(store, repairs) {
        if let Some(aside) = repair.aside.clone()
            && store.adopt(repair.object, &aside, &table::hash_parquet_object)?
        {
            repair.words = Some("the table in the damaged file is whole, and was kept".to_string());
        }
    }
    Ok(())
}

/// What only a cache or the past needs.
fn forgotten(workspace: &Workspace, repairs: &mut [Repair]) -> Result<()> {
    let store = workspace.store();
    let idle = |role: &Role| {
        matches!(
            role,
            Role::Cached | Role::CachedValues | Role::Values { serving: false, .. }
        )
    };
    for repair in open(store, repairs) {
        if repair.roles.iter().all(idle) {
            store.catalog().forget(&[repair.object], &HOLLOW_KINDS)?;
            repair.forgotten = true;
            repair.words = Some(match repair.roles {
                [] => format!("forgotten: nothing needs {}", short(repair.object)),
                [Role::Values { .. }, ..] => "forgotten: newer values serve".to_string(),
                _ => "forgotten: the step executes again when it is asked for".to_string(),
            });
        }
    }
    Ok(())
}

fn rewrite_ignore_file(store: &Store) -> Result<Remedy> {
    let path = store.path().join(IGNORE_FILE);
    let aside = fsio::move_aside(&path, &store.aside())?;
    fsio::write_atomic(&path, IGNORE_TEXT)?;
    let aside = aside.map_or(String::new(), |path| {
        format!("; what it was is in {}", aside_name(&path))
    });
    Ok(Remedy {
        repaired: true,
        words: format!("written anew{aside}"),
    })
}
