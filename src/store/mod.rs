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
//! | `catalog.sqlite` | facts, object sizes and byte hashes, what is built on what, file stamps | `catalog`, `bases` |
//! | `damaged/` | what `fsck --repair` moved aside | `audit`, `salvage` |
//! | `registry.lock` | nothing: held while a pin is moved | `registry` |
//! | `live/` | what was served, by day | `live` |
//! | `.gitignore` | `*`: the store is never committed | `open` |
//!
//! The store knows nothing of tables, runs or models. Two processes on one store are normal: who
//! comes second finds the result there.
//!
//! Every row of the catalog carries a checksum ([`checksum`]). [`health`] judges the catalog without
//! opening it for work, [`audit`] the objects; [`salvage`] makes a new catalog of the sound rows of
//! a damaged one. [`sweep`] takes objects out that nothing needs.

mod audit;
mod bases;
mod catalog;
mod checksum;
mod health;
mod migrate;
mod objects;
mod salvage;
mod sweep;

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::fsio;

pub use audit::{
    AuditedObjects, Damage, DamagedObject, FoundTable, StoredObject, Stray, TableVerifier,
};
pub use catalog::{Catalog, Chained, Fact, FileStamp, ObjectFacts};
pub use health::{CatalogDamage, Health, health};
pub use objects::{NewObject, ObjectName, Objects};
pub use salvage::{Salvaged, salvage};
pub use sweep::{Need, Swept};

/// The database, below the store's folder.
const CATALOG_FILE: &str = "catalog.sqlite";
/// What is moved aside goes into this folder below the store's.
const ASIDE: &str = "damaged";
/// Keeps git from looking into the store.
pub const IGNORE_FILE: &str = ".gitignore";
/// What stands in it.
pub const IGNORE_TEXT: &[u8] = b"*\n";

/// Both halves of the store.
pub struct Store {
    path: PathBuf,
    objects: Objects,
    catalog: Catalog,
}

impl Store {
    /// Opens the store in a folder, and makes it first where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.join(IGNORE_FILE).exists() {
            fsio::write_atomic(&path.join(IGNORE_FILE), IGNORE_TEXT)?;
        }
        let catalog = Catalog::open(&path.join(CATALOG_FILE))?;
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
        self.enter(object, None)?;
        Ok(())
    }

    /// The same for an object that is of no use without another one. Gives false, and enters nothing,
    /// when the store does not have that one any more.
    pub fn put_built_on(&self, object: &NewObject, base: ObjectName) -> Result<bool> {
        self.enter(object, Some(base))
    }

    fn enter(&self, object: &NewObject, base: Option<ObjectName>) -> Result<bool> {
        let is_table = matches!(object.name, ObjectName::Table(_));
        let facts = object.facts();
        match is_table {
            true => self.objects.write_missing(object)?,
            false => self.objects.write(object, &facts)?,
        }
        // Two processes may write one table as other bytes: whole, and as changes. What is entered and
        // stands alone stays; what is built on another gives way to what is not.
        let settle = |known: Option<ObjectFacts>, built: bool| -> Result<bool> {
            if !is_table {
                return Ok(true);
            }
            if let Some(known) = known
                && known.bytes != facts.bytes
                && (!built || base.is_some())
                && self.objects.holds(object.name, known.bytes)?
            {
                return Ok(false);
            }
            self.objects.write(object, &facts)?;
            Ok(true)
        };
        let entered = self.catalog.add_object(object.name, &facts, base, settle)?;
        // A sweep that had found it forgotten may have taken the file away before it was entered.
        // Now that it is, none will. The file of a table was seen to while it was entered.
        if entered && !is_table && !self.objects.path(object.name).exists() {
            self.objects.write(object, &facts)?;
        }
        Ok(entered)
    }

    /// Enters an object from a file, if what the file holds is what the name says. Gives whether it
    /// is.
    pub fn adopt(&self, name: ObjectName, file: &Path, table_hash: TableVerifier) -> Result<bool> {
        let Some(bytes) = fsio::read_optional(file)? else {
            return Ok(false);
        };
        let own = NewObject::of_bytes(&bytes);
        let hex = name.to_string();
        if own.name.to_string() == hex {
            self.put(&own)?;
            return Ok(true);
        }
        let table = table_hash(&bytes)
            .ok()
            .filter(|table| table.hash.to_string() == hex);
        let Some(table) = table else {
            return Ok(false);
        };
        let (name, bytes) = (table.hash.into(), bytes.as_slice());
        self.enter(&NewObject { name, bytes }, table.base.map(Into::into))
    }

    /// Lets the age of an object begin anew: it is about to be used without being written.
    pub fn refresh(&self, name: ObjectName) {
        fsio::refresh(&self.objects.path(name));
    }

    /// The folder into which what is damaged is moved.
    pub fn aside(&self) -> PathBuf {
        self.path.join(ASIDE)
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
