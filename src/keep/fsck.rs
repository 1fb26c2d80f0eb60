//! Verifying the store, and saying what is wrong so that it can be mended.

use std::path::{Path, PathBuf};

use super::logged::logged;
use super::repair::repair;
use super::roles::Roles;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::{Digest, ObjectId};
use crate::host::Stopwatch;
use crate::registry;
use crate::run;
use crate::store::{
    self, Damage, Health, IGNORE_FILE, IGNORE_TEXT, ObjectName, Salvaged, health, salvage,
};
use crate::table::counted;
use crate::table_store;
use crate::workspace::Workspace;

/// What was done about a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Whether all is as it should be now.
    pub repaired: bool,
    /// What was done, or why nothing could be.
    pub words: String,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `missing`, `unlisted`, `size`, `corrupt`, `other_table`, `unreadable`; `catalog`, `registry`
    /// or `file` where it is no object.
    pub kind: &'static str,
    pub object: Option<ObjectName>,
    /// What it is about, in words.
    pub what: String,
    pub needed_by: Vec<String>,
    pub detail: String,
    /// The command that makes it again.
    pub rebuilt_by: Option<String>,
    /// None where no repair was asked for.
    pub remedy: Option<Remedy>,
}

impl Problem {
    pub(super) fn of(
        kind: &'static str,
        what: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            object: None,
            what: what.into(),
            needed_by: Vec::new(),
            detail: detail.into(),
            rebuilt_by: None,
            remedy: None,
        }
    }

    pub fn is_open(&self) -> bool {
        self.remedy.as_ref().is_none_or(|remedy| !remedy.repaired)
    }
}

/// What was found of a store.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    pub store: PathBuf,
    pub objects: u64,
    pub bytes: u64,
    pub facts: u64,
    /// Files of what servers logged.
    pub logged: u64,
    pub problems: Vec<Problem>,
    /// Things that are no harm and should be known.
    pub notices: Vec<String>,
    pub seconds: f64,
}

impl Examined {
    /// Whether everything is as it should be, after repair where that was asked for.
    pub fn is_sound(&self) -> bool {
        !self.problems.iter().any(Problem::is_open)
    }
}

/// Verifies the store of a folder's project. With `mend`, what is damaged is moved aside and made
/// again where that can be done.
///
/// # Errors
/// There is no project, or a newer program wrote the store. What is wrong with the store itself
/// is no error but what was asked for.
pub fn fsck(folder: Option<&Path>, mend: bool) -> Result<Examined> {
    let watch = Stopwatch::start();
    let store = Workspace::find_store(folder)?;
    let mut found = Examined {
        store: store.clone(),
        ..Examined::default()
    };
    let catalog = health(&store);
    if let Some(version) = catalog.newer {
        return Err(Error::failure(format!(
            "the store was written by a newer streamflow (catalog version {version})"
        ))
        .help("install that version, or point [store] path at another folder"));
    }
    found.facts = catalog.facts;
    found.problems = catalog_problems(&catalog);
    if !catalog.is_sound() && mend {
        salvaged(&mut found.problems, salvage(&store));
    }
    match Workspace::open(folder) {
        Ok(workspace) => {
            examine(&workspace, &mut found)?;
            if mend {
                repair(&workspace, &mut found.problems)?;
            }
            found.notices = notices(&workspace)?;
            let aside = mend.then(|| workspace.store().aside());
            let (files, unreadable) = logged(&store, aside.as_deref())?;
            found.logged = files;
            found.problems.extend(unreadable);
        }
        // It says what is said above already, or what nobody can know without the catalog.
        Err(error) if found.problems.is_empty() => return Err(error),
        Err(_) => found
            .notices
            .push("objects could not be judged without the catalog".to_string()),
    }
    found.seconds = watch.seconds();
    Ok(found)
}

fn catalog_problems(catalog: &Health) -> Vec<Problem> {
    let damage = catalog.damage.iter();
    damage
        .map(|damage| Problem {
            rebuilt_by: Some("streamflow fsck --repair".to_string()),
            ..Problem::of("catalog", damage.what.clone(), damage.detail.clone())
        })
        .collect()
}

/// Says of every problem of the catalog what became of it.
fn salvaged(problems: &mut Vec<Problem>, result: Result<Salvaged>) {
    let remedy = match &result {
        Ok(done) => Remedy {
            repaired: true,
            words: format!(
                "{} kept in a new catalog, the damaged one moved to {}",
                counted(
                    usize::try_from(done.rows).unwrap_or(usize::MAX),
                    "sound row"
                ),
                aside_name(&done.aside)
            ),
        },
        Err(error) => Remedy {
            repaired: false,
            words: error.to_string(),
        },
    };
    for problem in problems.iter_mut() {
        problem.remedy = Some(remedy.clone());
    }
    for sequence in result.map_or(Vec::new(), |done| done.lost) {
        let lost = Remedy {
            repaired: false,
            words: "snapshots and steps come back when they are asked for; a run, an execution or \
                    a transition does not"
                .to_string(),
        };
        problems.push(Problem {
            remedy: Some(lost),
            ..Problem::of(
                "catalog",
                format!("fact {sequence}"),
                "it could not be read and was left behind in the damaged catalog",
            )
        });
    }
}

/// `damaged/NAME`, as seen from the store; a hash by its first digits.
pub(super) fn aside_name(path: &Path) -> String {
    let names: Vec<_> = path.iter().rev().take(2).collect();
    let names = names.iter().rev().map(|name| name.to_string_lossy());
    let short = names.map(|name| match name.parse::<ObjectId>() {
        Ok(hash) => format!("{}…", hash.short()),
        Err(_) => name.into_owned(),
    });
    short.collect::<Vec<_>>().join("/")
}

fn examine(workspace: &Workspace, found: &mut Examined) -> Result<()> {
    let store = workspace.store();
    let mut audit = store.audit(&table_store::verifier(store))?;
    let built = table_store::audit_built(store, &audit.damaged)?;
    audit.damaged.extend(built);
    (found.objects, found.bytes) = (audit.objects, audit.bytes);
    // Facts that cannot be read stand among the problems already.
    let roles = Roles::read(store).unwrap_or_default();
    for damaged in audit.damaged {
        let known = roles.of(damaged.name);
        found.problems.push(Problem {
            kind: kind_of(&damaged.damage),
            object: Some(damaged.name),
            what: format!("object {}", short(damaged.name)),
            needed_by: known.iter().map(super::roles::Role::words).collect(),
            detail: damaged.damage.to_string(),
            rebuilt_by: known.iter().find_map(super::roles::Role::rebuilt_by),
            remedy: None,
        });
    }
    let mut models = registry::logged_models(store.catalog())?;
    models.extend(run::models(workspace)?);
    models.sort();
    models.dedup();
    for model in models {
        if let Err(error) = registry::transitions(store.catalog(), &model) {
            let what = format!("the log of {model}");
            let detail = std::iter::once(error.to_string())
                .chain(error.all_details().iter().cloned())
                .collect::<Vec<_>>();
            found
                .problems
                .push(Problem::of("registry", what, detail.join("; ")));
        }
    }
    if fsio::read_optional(&store.path().join(IGNORE_FILE))?.as_deref() != Some(IGNORE_TEXT) {
        let what = format!("the store's {IGNORE_FILE}");
        let detail = "it should hold one line, `*`, so that git never sees the store";
        found.problems.push(Problem::of("file", what, detail));
    }
    Ok(())
}

fn kind_of(damage: &Damage) -> &'static str {
    match damage {
        Damage::Missing => "missing",
        Damage::Unlisted | Damage::Base => "unlisted",
        Damage::Size { .. } => "size",
        Damage::Bytes { .. } => "corrupt",
        Damage::Table { .. } => "other_table",
        Damage::Unreadable { .. } => "unreadable",
    }
}

/// The first 12 digits of an object's name.
pub(super) fn short(object: ObjectName) -> String {
    match object {
        ObjectName::Bytes(id) => id.short(),
        ObjectName::Table(hash) => hash.short(),
    }
}

fn notices(workspace: &Workspace) -> Result<Vec<String>> {
    let store = workspace.store();
    let mut notices = Vec::new();
    let strays: Vec<store::Stray> = store.strays()?;
    if !strays.is_empty() {
        notices.push(format!(
            "{} among the objects belong to none: left by processes that died, or being written \
             now; `streamflow gc` removes old ones",
            counted(strays.len(), "file")
        ));
    }
    let aside = fsio::files_below(&store.aside())?;
    if !aside.is_empty() {
        notices.push(format!(
            "{} set aside by repairs in the store's damaged/; nothing needs them",
            counted(aside.len(), "file")
        ));
    }
    Ok(notices)
}
