//! Believing nothing of a bundle that can be computed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::archive::Archive;
use super::manifest::{BundledTable, LONGEST, MANIFEST, Manifest};
use super::pack::object_path;
use crate::definition::{DefinitionFiles, Definitions};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, ObjectId};
use crate::learn::Model;
use crate::lockfile::{Lock, LockedResults, lock_path, parse_lock};
use crate::plan::{Difference, Plan, RunIdentity, differences};
use crate::run::{self, Report};
use crate::store::ObjectName;
use crate::table;
use crate::workspace::PROJECT_FILE;

/// A bundle of which everything is what it says.
pub struct Verified {
    pub archive: Archive,
    pub manifest: Manifest,
    pub lock: Lock,
    pub lock_text: String,
    pub results: LockedResults,
    pub plan: Plan,
    /// Definitions by path, the project file among them.
    pub texts: BTreeMap<String, String>,
    pub definitions: Definitions,
    /// Every object by its path in the bundle.
    pub objects: BTreeMap<String, ObjectName>,
}

/// Reads a bundle and verifies all of it. Nothing is written.
///
/// # Errors
/// [`Kind::Lock`] for a bundle of a newer format, or of operations that this program does not have;
/// a failure for one that is not what it says.
pub fn verify(path: &Path) -> Result<Verified> {
    let mut archive = Archive::open(path)?;
    let manifest = manifest(&mut archive)?;
    let lock_at = lock_path(&manifest.experiment);
    let mut texts = BTreeMap::new();
    for path in manifest
        .members
        .keys()
        .filter(|path| !path.starts_with("objects/"))
    {
        let bytes = verified(&mut archive, &manifest, path)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| archive.damaged(&format!("`{path}` is no text")))?;
        if *path != lock_at && !is_definition(path) {
            return Err(archive.damaged(&format!("no bundle holds `{path}`")));
        }
        texts.insert(path.clone(), text);
    }
    let lock_text = texts
        .remove(&lock_at)
        .ok_or_else(|| archive.damaged(&format!("it lacks {lock_at}")))?;
    let (lock, plan) = lock(&archive, &manifest, &lock_text)?;
    let results = run::usable(&lock)?.clone();
    let definitions = definitions(&archive, &lock, &texts)?;
    let objects = objects(&mut archive, &manifest, &results)?;
    data(&archive, &manifest, &lock, &plan)?;
    Ok(Verified {
        archive,
        manifest,
        lock,
        lock_text,
        results,
        plan,
        texts,
        definitions,
        objects,
    })
}

/// The manifest, whose members are exactly those of the archive.
fn manifest(archive: &mut Archive) -> Result<Manifest> {
    let first = archive.entries.first();
    if first.is_none_or(|entry| entry.name != MANIFEST || entry.size > LONGEST) {
        return Err(archive.damaged(&format!("{MANIFEST} is not its first member")));
    }
    let bytes = archive.read(MANIFEST)?.unwrap_or_default();
    let manifest = Manifest::from_bytes(&bytes)?.map_err(|why| archive.damaged(&why))?;
    let listed: BTreeSet<(&str, u64)> = manifest
        .members
        .iter()
        .map(|(path, member)| (path.as_str(), member.size))
        .collect();
    let there: BTreeSet<(&str, u64)> = archive
        .entries
        .iter()
        .skip(1)
        .map(|entry| (entry.name.as_str(), entry.size))
        .collect();
    match listed.symmetric_difference(&there).next() {
        None => Ok(manifest),
        Some((path, _)) => {
            Err(archive.damaged(&format!("manifest and members differ in `{path}`")))
        }
    }
}

/// The bytes of a member, which are those the manifest lists.
pub fn verified(archive: &mut Archive, manifest: &Manifest, path: &str) -> Result<Vec<u8>> {
    let bytes = archive.read(path)?.unwrap_or_default();
    let found = ObjectId::of_bytes(&bytes);
    match manifest.members.get(path) {
        Some(member) if member.blake3 == found => Ok(bytes),
        _ => Err(archive.damaged(&format!("`{path}` is not what the manifest lists"))),
    }
}

fn is_definition(path: &str) -> bool {
    let folder_of_toml = |folder: &str| {
        let name = path
            .strip_prefix(folder)
            .and_then(|name| name.strip_suffix(".toml"));
        name.is_some_and(|name| !name.is_empty() && !name.contains('/') && !name.starts_with('.'))
    };
    path == PROJECT_FILE || folder_of_toml("features/") || folder_of_toml("experiments/")
}

/// The lock, which is of the run, follows from its own inputs, and can be executed here.
fn lock(archive: &Archive, manifest: &Manifest, text: &str) -> Result<(Lock, Plan)> {
    let lock = parse_lock(&lock_path(&manifest.experiment), text)?;
    run::usable(&lock)?;
    if lock.run != manifest.run || lock.experiment != manifest.experiment {
        return Err(archive.damaged("its lock is of another run than its manifest"));
    }
    let plan = Plan::new(lock.identity())?;
    let here = RunIdentity {
        operations: run::operations(&plan.spec),
        ..lock.identity()
    };
    let others: Vec<String> = differences(&lock.identity(), &here)
        .into_iter()
        .filter(|difference| matches!(difference, Difference::Operation { .. }))
        .map(|difference| format!("{}  {difference}", difference.name()))
        .collect();
    if !others.is_empty() {
        return Err(Error::new(
            Kind::Lock,
            format!(
                "run {} was made by operations that this streamflow does not have",
                lock.run.short()
            ),
        )
        .details(others)
        .detail("nothing was written")
        .help(format!(
            "unbundle it with streamflow {}",
            manifest.streamflow
        )));
    }
    Ok((lock, plan))
}

/// The definitions, which are a project whose experiment is the run.
fn definitions(
    archive: &Archive,
    lock: &Lock,
    texts: &BTreeMap<String, String>,
) -> Result<Definitions> {
    let definitions = Definitions::parse(&DefinitionFiles(texts.clone()))?;
    match run::gives(&definitions, &lock.experiment, &lock.declared) {
        true => Ok(definitions),
        false => Err(archive.damaged("its definitions do not give its run")),
    }
}

/// The objects, each what its name says; those that the run needs and no others.
fn objects(
    archive: &mut Archive,
    manifest: &Manifest,
    results: &LockedResults,
) -> Result<BTreeMap<String, ObjectName>> {
    let outputs = results.outputs;
    let mut expected: BTreeMap<String, ObjectName> = [
        outputs.training_set.into(),
        outputs.split.into(),
        outputs.model.into(),
        outputs.predictions.into(),
        manifest.report.into(),
    ]
    .into_iter()
    .map(|name| (object_path(name), name))
    .collect();
    for entry in &manifest.snapshots {
        let name = entry.snapshot.hash.into();
        expected.insert(object_path(name), name);
    }
    let listed = manifest
        .members
        .keys()
        .filter(|path| path.starts_with("objects/"));
    if let Some(path) = listed.clone().find(|path| !expected.contains_key(*path)) {
        return Err(archive.damaged(&format!("its run does not need `{path}`")));
    }
    if let Some(path) = expected
        .keys()
        .find(|path| !manifest.members.contains_key(*path))
    {
        return Err(archive.damaged(&format!("it lacks `{path}`")));
    }
    for (path, name) in &expected {
        let bytes = verified(archive, manifest, path)?;
        if let Err(why) = object(manifest, results, *name, &bytes) {
            return Err(archive.damaged(&format!("`{path}` {why}")));
        }
    }
    Ok(expected)
}

/// Why an object is not what its name, the manifest or the lock says.
fn object(
    manifest: &Manifest,
    results: &LockedResults,
    name: ObjectName,
    bytes: &[u8],
) -> std::result::Result<(), String> {
    match name {
        ObjectName::Bytes(id) => {
            if ObjectId::of_bytes(bytes) != id {
                return Err("is not what its name says".to_string());
            }
            if id == results.outputs.model {
                let model = Model::from_bytes(bytes).map(|_| ());
                return model.map_err(|error| format!("is no model: {error}"));
            }
            let report = Report::from_bytes(bytes).map_err(|error| error.to_string())?;
            match report.metrics == results.metrics {
                true => Ok(()),
                false => Err("holds other metrics than the lock".to_string()),
            }
        }
        ObjectName::Table(hash) => {
            let (rows, columns) =
                table::digest_parquet_object(bytes).map_err(|error| error.to_string())?;
            if table::table_hash(&columns) != hash {
                return Err("holds another table than its name says".to_string());
            }
            let of_it = |entry: &&BundledTable| entry.snapshot.hash == hash;
            for entry in manifest.snapshots.iter().filter(of_it) {
                if entry.snapshot.columns != columns || entry.snapshot.rows != rows as u64 {
                    return Err("is not as the manifest describes it".to_string());
                }
            }
            Ok(())
        }
    }
}

/// The snapshots, which hold exactly the data that the lock names.
fn data(archive: &Archive, manifest: &Manifest, lock: &Lock, plan: &Plan) -> Result<()> {
    let reads = plan.spec.reads();
    for (at, purpose) in &reads {
        let entry = manifest
            .snapshots
            .iter()
            .find(|entry| (&entry.table, entry.as_of) == (&at.0, at.1));
        let locked = lock
            .data
            .iter()
            .find(|data| (&data.table, data.as_of) == (&at.0, at.1));
        let (Some(entry), Some(locked)) = (entry, locked) else {
            return Err(archive.damaged(&format!("it lacks the data of {} at {}", at.0, at.1)));
        };
        let input = plan.spec.data_input(at, *purpose, &entry.snapshot)?;
        if input.hash != locked.hash {
            return Err(archive.damaged(&format!(
                "its data of {} at {} is not what the lock names",
                at.0, at.1
            )));
        }
    }
    match manifest.snapshots.len() == reads.len() {
        true => Ok(()),
        false => Err(archive.damaged("it holds data that the run does not read")),
    }
}
