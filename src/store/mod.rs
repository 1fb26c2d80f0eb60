//! The store: files by hash, facts in SQLite.
//!
//! An object is a file under its name, which is a hash; a fact is a JSON value under a kind and a
//! key, numbered in the order of arrival. Objects and facts are only ever added. A fact names the
//! objects it needs, and is written after them, in one transaction with their sizes and byte
//! hashes: at any instant a fact points only at objects that exist whole.
//!
//! | path below the store | holds | written by |
//! |---|---|---|
//! | `objects/ab/cdef…` | one object | `objects` |
//! | `catalog.sqlite` | facts, object sizes and byte hashes, file stamps | `catalog` |
//! | `registry.lock` | nothing: held while a pin is moved | `registry` |
//! | `.gitignore` | `*`: the store is never committed | `open` |
//!
//! The store knows nothing of tables, runs or models. Two processes on one store are normal: who
//! comes second finds the result there.

mod catalog;
mod migrate;
mod objects;

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::fsio;

pub use catalog::{Catalog, Fact, FileStamp, ObjectFacts};
pub use objects::{NewObject, ObjectName, Objects};

/// Both halves of the store.
pub struct Store {
    path: PathBuf,
    objects: Objects,
    catalog: Catalog,
}

impl Store {
    /// Opens the store in a folder, and makes it first where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.join(".gitignore").exists() {
            fsio::write_atomic(&path.join(".gitignore"), b"*\n")?;
        }
        let catalog = Catalog::open(&path.join("catalog.sqlite"))?;
        Ok(Self {
            path: path.to_path_buf(),
            objects: Objects::new(path),
            catalog,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Writes an object, then what the catalog knows of it.
    pub fn put(&self, object: &NewObject) -> Result<()> {
        let facts = self.objects.write(object)?;
        self.catalog.add_object(object.name, &facts)
    }

    /// The bytes of an object, verified against the catalog.
    ///
    /// # Errors
    /// The object is missing, or its bytes are not those that were written. `needed_by` says in the
    /// message what cannot go on without it.
    pub fn get(&self, name: ObjectName, needed_by: &str) -> Result<Vec<u8>> {
        let facts = self.catalog.object(name)?;
        self.objects.read(name, facts.as_ref(), needed_by)
    }

    /// Whether the object is there with the bytes that were written.
    pub fn is_sound(&self, name: ObjectName) -> Result<bool> {
        let facts = self.catalog.object(name)?;
        Ok(self.objects.read(name, facts.as_ref(), "a check").is_ok())
    }
}
