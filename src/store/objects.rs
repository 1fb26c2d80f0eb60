//! Files named by hashes.

use std::fmt;
use std::path::{Path, PathBuf};

use super::catalog::ObjectFacts;
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::{ContentHash, ContentHasher, ObjectId, TableHash};

/// What an object is called: the hash of its bytes, or of the table in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectName {
    Bytes(ObjectId),
    /// A Parquet file under the hash of its values: other bytes may hold the same table.
    Table(TableHash),
}

impl From<ObjectId> for ObjectName {
    fn from(id: ObjectId) -> Self {
        Self::Bytes(id)
    }
}

impl From<TableHash> for ObjectName {
    fn from(hash: TableHash) -> Self {
        Self::Table(hash)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(id) => id.fmt(f),
            Self::Table(hash) => hash.fmt(f),
        }
    }
}

impl ContentHash for ObjectName {
    fn feed(&self, hasher: &mut ContentHasher) {
        match self {
            Self::Bytes(id) => id.feed(hasher),
            Self::Table(hash) => hash.feed(hasher),
        }
    }
}

/// An object on its way into the store.
pub struct NewObject<'a> {
    pub name: ObjectName,
    pub bytes: &'a [u8],
}

impl<'a> NewObject<'a> {
    /// Bytes under their own hash.
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        Self {
            name: ObjectId::of_bytes(bytes).into(),
            bytes,
        }
    }

    /// What the catalog says of it.
    pub(super) fn facts(&self) -> ObjectFacts {
        ObjectFacts {
            bytes: ObjectId::of_bytes_parallel(self.bytes),
            size: self.bytes.len() as u64,
        }
    }
}

/// The folder `objects/`.
pub struct Objects {
    folder: PathBuf,
}

impl Objects {
    pub(super) fn new(store: &Path) -> Self {
        Self {
            folder: store.join("objects"),
        }
    }

    /// Where an object of that name lies, whether it is there or not.
    pub fn path(&self, name: ObjectName) -> PathBuf {
        let hex = name.to_string();
        self.folder.join(&hex[..2]).join(&hex[2..])
    }

    /// Writes the file unless the same bytes are there already; damaged ones are replaced.
    pub(super) fn write(&self, object: &NewObject, facts: &ObjectFacts) -> Result<()> {
        let path = self.path(object.name);
        let present = fsio::read_optional(&path)?;
        match present.is_some_and(|bytes| ObjectId::of_bytes(&bytes) == facts.bytes) {
            // It is used again: its age, by which `gc` spares it, begins anew.
            true => fsio::refresh(&path),
            false => fsio::write_atomic(&path, object.bytes)?,
        }
        Ok(())
    }

    /// Writes the file if there is none.
    pub(super) fn write_missing(&self, object: &NewObject) -> Result<()> {
        let path = self.path(object.name);
        match path.exists() {
            true => fsio::refresh(&path),
            false => fsio::write_atomic(&path, object.bytes)?,
        }
        Ok(())
    }

    /// Whether the file is there with these bytes.
    pub(super) fn holds(&self, name: ObjectName, bytes: ObjectId) -> Result<bool> {
        let present = fsio::read_optional(&self.path(name))?;
        Ok(present.is_some_and(|present| ObjectId::of_bytes(&present) == bytes))
    }

    /// Every file there is, objects or not.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>> {
        fsio::files_below(&self.folder)
    }

    /// The name in hex of the object that lies at a path; none where no object would lie there.
    pub(super) fn hex_of(&self, path: &Path) -> Option<String> {
        let mut parts = path.strip_prefix(&self.folder).ok()?.iter();
        let (first, rest) = (parts.next()?.to_str()?, parts.next()?.to_str()?);
        let hex = format!("{first}{rest}");
        (first.len() == 2 && hex.parse::<ObjectId>().is_ok()).then_some(hex)
    }

    /// Reads a file and verifies its bytes.
    pub(super) fn read(
        &self,
        name: ObjectName,
        facts: Option<&ObjectFacts>,
        needed_by: &str,
    ) -> Result<Vec<u8>> {
        let expected = match (name, facts) {
            (_, Some(facts)) => facts.bytes,
            (ObjectName::Bytes(id), None) => id,
            (ObjectName::Table(_), None) => return Err(missing(name, needed_by)),
        };
        let bytes =
            fsio::read_optional(&self.path(name))?.ok_or_else(|| missing(name, needed_by))?;
        let found = ObjectId::of_bytes(&bytes);
        if found != expected {
            return Err(corrupt(name, needed_by, expected, found));
        }
        Ok(bytes)
    }
}

fn missing(name: ObjectName, needed_by: &str) -> Error {
    Error::new(
        Kind::Failure,
        format!("object {name} is missing from the store"),
    )
    .detail(format!("needed by {needed_by}"))
    .help(
        "`streamflow run --no-cache` makes outputs again, `streamflow ingest --as-of DATE` tables",
    )
}

fn corrupt(name: ObjectName, needed_by: &str, expected: ObjectId, found: ObjectId) -> Error {
    Error::new(
        Kind::Failure,
        format!("object {name} is corrupt and was not used"),
    )
    .detail(format!("needed by  {needed_by}"))
    .detail(format!("expected   BLAKE3 {expected} of its bytes"))
    .detail(format!("found      BLAKE3 {found}"))
    .help(
        "`streamflow run --no-cache` makes outputs again, `streamflow ingest --as-of DATE` tables",
    )
}
