//! Every table that is kept as changes, held against its name.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::verifier;
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::{Digest, ObjectId, TableHash};
use crate::store::{Damage, DamagedObject, Objects, Store};
use crate::table::{self, Delta, Frame};

/// Restores every table that is built on another and hashes it, each chain once from its whole table
/// on. `damaged` are objects of which something is known to be wrong already: they, and what is built
/// on them, are passed over. Gives what is wrong, in order of the names.
pub fn audit_built(store: &Store, damaged: &[DamagedObject]) -> Result<Vec<DamagedObject>> {
    let bases = store.catalog().bases()?;
    let broken: BTreeSet<String> = damaged.iter().map(|d| d.name.to_string()).collect();
    let tree = Tree::new(&bases, &broken);
    let objects = store.objects();
    let found: Vec<DamagedObject> = tree
        .whole()
        .into_par_iter()
        .flat_map_iter(|whole| below(objects, &tree, whole))
        .collect();
    let mut found = still_wrong(store, found);
    found.sort_by_key(|object| object.name);
    Ok(found)
}

/// What other processes have entered or removed meanwhile is left out.
fn still_wrong(store: &Store, mut found: Vec<DamagedObject>) -> Vec<DamagedObject> {
    let identify = verifier(store);
    found.retain(|object| match store.verify(object.name, &identify) {
        None | Some(Damage::Unlisted) => false,
        Some(_) => true,
    });
    found
}

/// What is built on what, by names in hex.
struct Tree<'a> {
    children: BTreeMap<&'a str, Vec<&'a str>>,
    bases: &'a BTreeMap<String, String>,
    broken: &'a BTreeSet<String>,
}

impl<'a> Tree<'a> {
    fn new(bases: &'a BTreeMap<String, String>, broken: &'a BTreeSet<String>) -> Self {
        let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (object, base) in bases {
            children.entry(base).or_default().push(object);
        }
        Self {
            children,
            bases,
            broken,
        }
    }

    /// Tables that stand alone and that others are built on.
    fn whole(&self) -> Vec<&'a str> {
        let bases = self.children.keys().copied();
        bases
            .filter(|name| !self.bases.contains_key(*name) && !self.broken.contains(*name))
            .collect()
    }

    fn built_on(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let children = self.children.get(name).into_iter().flatten().copied();
        children.filter(|child| !self.broken.contains(*child))
    }
}

/// What is wrong with the tables that are built on a whole one.
fn below(objects: &Objects, tree: &Tree, whole: &str) -> Vec<DamagedObject> {
    // A whole table that cannot be read stands among what is damaged already.
    let Ok(frame) = bytes_of(objects, whole).and_then(|bytes| table::from_parquet_object(&bytes))
    else {
        return Vec::new();
    };
    let mut damaged = Vec::new();
    let mut waiting: Vec<(Frame, &str)> = Vec::new();
    waiting.extend(tree.built_on(whole).map(|child| (frame.clone(), child)));
    drop(frame);
    while let Some((base, name)) = waiting.pop() {
        match built(objects, &base, name) {
            Ok(frame) => {
                waiting.extend(tree.built_on(name).map(|child| (frame.clone(), child)));
            }
            Err(error) => damaged.extend(table_name(name).ok().map(|name| DamagedObject {
                name: name.into(),
                damage: Damage::Table {
                    found: error.to_string(),
                },
            })),
        }
    }
    damaged
}

/// The table of this name, made of the one before it.
fn built(objects: &Objects, base: &Frame, name: &str) -> Result<Frame> {
    let delta = Delta::from_bytes(&bytes_of(objects, name)?)?;
    let frame = table::restore(base, &[delta])?;
    let found = super::table_hash(&frame);
    match found == table_name(name)? {
        true => Ok(frame),
        false => Err(Error::failure(format!("its hash is {}", found.short()))),
    }
}

fn bytes_of(objects: &Objects, name: &str) -> Result<Vec<u8>> {
    let path = objects.path(table_name(name)?.into());
    fsio::read_optional(&path)?.ok_or_else(|| Error::failure("the file is missing"))
}

fn table_name(hex: &str) -> Result<TableHash> {
    let id: ObjectId = hex
        .parse()
        .map_err(|error| Error::failure("the catalog names no hash").caused_by(error))?;
    Ok(TableHash::from_bytes(*id.as_bytes()))
}
