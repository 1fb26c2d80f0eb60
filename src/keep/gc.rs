//! Taking out what nothing needs.

use std::collections::BTreeMap;

use super::roles::{HOLLOW_KINDS, Role, Roles};
use super::roots::{Roots, find_roots};
use crate::error::{Error, Result};
use crate::fsio;
use crate::host;
use crate::store::{StoredObject, Stray, Swept, health};
use crate::workspace::Workspace;

/// How many of the last executions keep their objects when nothing else is said.
pub const DEFAULT_KEEP: usize = 100;

/// How old an unneeded file must be when nothing else is said: longer than any run takes.
pub const DEFAULT_GRACE: &str = "14d";

#[derive(Debug, Clone)]
pub struct GcOptions {
    /// Remove; else only list.
    pub remove: bool,
    /// How many of the last executions keep what their runs read and gave.
    pub keep: usize,
    /// Files that were written or used within this time stay, in microseconds: a process that runs
    /// now may be about to need them.
    pub grace: i64,
    /// The same as it was typed.
    pub grace_text: String,
}

/// An object that nothing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removable {
    pub object: StoredObject,
    /// `models`, `snapshots`, …
    pub sort: &'static str,
    /// What it was, in words.
    pub was: Vec<String>,
}

/// What goes, and what stays and why.
#[derive(Debug)]
pub struct GcReport {
    pub options: GcOptions,
    pub roots: Roots,
    pub removable: Vec<Removable>,
    /// Files that are no objects, old enough to go.
    pub strays: Vec<Stray>,
    /// Objects that nothing needs and that are too young, and their bytes.
    pub young: (u64, u64),
    /// Objects that something needs, and their bytes.
    pub needed: (u64, u64),
    /// None while it was only asked.
    pub swept: Option<Swept>,
}

impl GcReport {
    /// What goes in bytes.
    pub fn bytes(&self) -> u64 {
        let objects = self.removable.iter().map(|entry| entry.object.size);
        objects
            .chain(self.strays.iter().map(|stray| stray.size))
            .sum()
    }

    /// What goes by sort: how many, and bytes.
    pub fn by_sort(&self) -> BTreeMap<&'static str, (u64, u64)> {
        let mut sorts: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
        let objects = self
            .removable
            .iter()
            .map(|entry| (entry.sort, entry.object.size));
        let strays = self.strays.iter().map(|stray| ("stray files", stray.size));
        for (sort, size) in objects.chain(strays) {
            let entry = sorts.entry(sort).or_default();
            entry.0 += 1;
            entry.1 += size;
        }
        sorts
    }
}

/// Finds what nothing needs, and takes it out if that is asked for.
///
/// # Errors
/// A lock or pin cannot be read, or the catalog is damaged: then nothing is taken out.
pub fn gc(workspace: &Workspace, options: &GcOptions) -> Result<GcReport> {
    let store = workspace.store();
    if options.remove && !health(store.path()).is_sound() {
        return Err(
            Error::failure("the catalog is damaged, so nothing is removed")
                .help("`streamflow fsck` says where, `streamflow fsck --repair` mends it"),
        );
    }
    let until = host::now().microseconds().saturating_sub(options.grace);
    let roots = find_roots(workspace, options.keep)?;
    let roles = Roles::read(store)?;
    let mut report = GcReport {
        options: options.clone(),
        roots,
        removable: Vec::new(),
        strays: Vec::new(),
        young: (0, 0),
        needed: (0, 0),
        swept: None,
    };
    for object in store.catalog().objects()? {
        let path = store.objects().path(object.name);
        // One whose file is gone is as old as can be.
        let written = fsio::age_and_size(&path)?.map_or(i64::MIN, |(written, _)| written);
        if report.roots.need(object.name) {
            add(&mut report.needed, object.size);
        } else if written > until {
            add(&mut report.young, object.size);
        } else {
            let was = roles.of(object.name);
            report.removable.push(Removable {
                object,
                sort: was.first().map_or("leftovers", Role::sort),
                was: was.iter().map(Role::words).collect(),
            });
        }
    }
    report.strays = store.strays()?;
    report.strays.retain(|stray| stray.written <= until);
    if options.remove {
        let objects: Vec<StoredObject> =
            report.removable.iter().map(|entry| entry.object).collect();
        report.swept = Some(store.sweep(&objects, &report.strays, until, &HOLLOW_KINDS)?);
    }
    Ok(report)
}

fn add(total: &mut (u64, u64), size: u64) {
    total.0 += 1;
    total.1 += size;
}
