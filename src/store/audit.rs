//! Every object held against what the catalog knows of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::sweep::name_of;
use super::{ObjectFacts, ObjectName, Store};
use crate::error::Result;
use crate::fsio;
use crate::hash::{Digest, ObjectId, TableHash};

/// Gives what the bytes of a table's object hold: the store knows nothing of tables.
pub type TableVerifier<'a> = &'a (dyn Fn(&[u8]) -> Result<FoundTable> + Sync);

/// What the bytes of a table's object hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundTable {
    pub hash: TableHash,
    /// The table without which they say nothing.
    pub base: Option<TableHash>,
}

/// An object that the catalog knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredObject {
    pub name: ObjectName,
    /// In bytes.
    pub size: u64,
    /// BLAKE3 of its bytes.
    pub bytes: ObjectId,
}

/// In what an object is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// There is no file.
    Missing,
    /// A fact needs it, and the catalog has no entry of it.
    Unlisted,
    Size {
        expected: u64,
        found: u64,
    },
    Bytes {
        expected: ObjectId,
        found: ObjectId,
    },
    /// The bytes are those that were written, and hold another table than the name says.
    Table {
        found: String,
    },
    /// They are built on another object than the catalog says.
    Base,
    Unreadable {
        why: String,
    },
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("the file is missing"),
            Self::Unlisted => f.write_str("the catalog has no entry of it"),
            Self::Size { expected, found } => {
                write!(f, "{found} bytes instead of {expected}")
            }
            Self::Bytes { expected, found } => write!(
                f,
                "BLAKE3 {} instead of {}",
                found.short(),
                expected.short()
            ),
            Self::Table { found } => write!(f, "it holds another table: {found}"),
            Self::Base => f.write_str("the catalog does not say on what it is built"),
            Self::Unreadable { why } => write!(f, "it cannot be read: {why}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedObject {
    pub name: ObjectName,
    pub damage: Damage,
}

/// A file among the objects that is none: left by a process that died, or not yet entered by one
/// that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// When it was written, in microseconds since 1970.
    pub written: i64,
}

/// What an audit found.
#[derive(Debug, Clone, Default)]
pub struct AuditedObjects {
    pub objects: u64,
    pub bytes: u64,
    /// In order of their names.
    pub damaged: Vec<DamagedObject>,
}

impl StoredObject {
    /// From the catalog's columns. A name that is the hash of the bytes is that of a file, any other
    /// that of a table.
    pub(super) fn new(name: &str, bytes: ObjectId, size: u64) -> Option<Self> {
        let hash: ObjectId = name.parse().ok()?;
        let name = match hash == bytes {
            true => ObjectName::Bytes(hash),
            false => ObjectName::Table(TableHash::from_bytes(*hash.as_bytes())),
        };
        Some(Self { name, size, bytes })
    }
}

impl Store {
    /// Verifies every object the catalog knows, on all cores: its size and bytes, and the table in
    /// it if it stands alone. At any time each core holds one object.
    pub fn audit(&self, table_hash: TableVerifier) -> Result<AuditedObjects> {
        let known = self.catalog().objects()?;
        let bases = self.catalog().bases()?;
        let files = self.objects();
        let mut damaged: Vec<DamagedObject> = known
            .par_iter()
            .filter_map(|object| {
                let of_its_own = !bases.contains_key(&object.name.to_string());
                let table = of_its_own.then_some((None, table_hash));
                let damage = verify(&files.path(object.name), object, table)?;
                let name = object.name;
                Some(DamagedObject { name, damage })
            })
            .collect();
        let names: BTreeSet<String> = known.iter().map(|o| o.name.to_string()).collect();
        let needed = self.needed()?;
        damaged.extend(
            needed
                .into_iter()
                .filter(|name| !names.contains(&name.to_string()))
                .map(|name| DamagedObject {
                    name,
                    damage: Damage::Unlisted,
                }),
        );
        self.look_again(&mut damaged, table_hash)?;
        damaged.sort_by_key(|object| object.name);
        Ok(AuditedObjects {
            objects: known.len() as u64,
            bytes: known.iter().map(|object| object.size).sum(),
            damaged,
        })
    }

    /// Leaves out what other processes have entered or removed since the lists were made.
    fn look_again(
        &self,
        damaged: &mut Vec<DamagedObject>,
        table_hash: TableVerifier,
    ) -> Result<()> {
        if damaged.is_empty() {
            return Ok(());
        }
        let needed: BTreeSet<String> = self.needed()?.iter().map(ToString::to_string).collect();
        damaged.retain(|object| match self.verify(object.name, table_hash) {
            None => false,
            Some(Damage::Unlisted) => needed.contains(&object.name.to_string()),
            Some(_) => true,
        });
        Ok(())
    }

    /// What a fact needs, or another object is built on.
    fn needed(&self) -> Result<BTreeSet<ObjectName>> {
        let needs = self.catalog().needs()?.into_iter();
        let mut needed: BTreeSet<ObjectName> = needs.map(|need| need.object).collect();
        let named: BTreeSet<String> = needed.iter().map(ToString::to_string).collect();
        let bases: BTreeSet<String> = self.catalog().bases()?.into_values().collect();
        let more = bases.iter().filter(|hex| !named.contains(*hex));
        needed.extend(more.filter_map(|hex| name_of(hex, &bases)));
        Ok(needed)
    }

    /// What is wrong with one object; none when it is sound.
    pub fn verify(&self, name: ObjectName, table_hash: TableVerifier) -> Option<Damage> {
        match self.catalog().object(name) {
            Ok(None) => Some(Damage::Unlisted),
            Ok(Some(ObjectFacts { bytes, size })) => {
                let hex = name.to_string();
                let object = StoredObject::new(&hex, bytes, size)?;
                let base = match self.catalog().bases() {
                    Ok(mut bases) => bases.remove(&hex),
                    Err(error) => return Some(unreadable(error)),
                };
                let table = Some((base.as_deref(), table_hash));
                verify(&self.objects().path(name), &object, table)
            }
            Err(error) => Some(unreadable(error)),
        }
    }

    /// The files among the objects that the catalog does not know.
    pub fn strays(&self) -> Result<Vec<Stray>> {
        let known: BTreeSet<String> = self
            .catalog()
            .objects()?
            .iter()
            .map(|object| object.name.to_string())
            .collect();
        let mut strays = Vec::new();
        for path in self.objects().files()? {
            let hex = self.objects().hex_of(&path);
            if hex.is_some_and(|hex| known.contains(&hex)) {
                continue;
            }
            if let Some((written, size)) = fsio::age_and_size(&path)? {
                strays.push(Stray {
                    path,
                    size,
                    written,
                });
            }
        }
        Ok(strays)
    }

    /// Moves what lies under an object's name aside, whatever it is. Gives where it is now.
    pub fn set_aside(&self, name: ObjectName) -> Result<Option<PathBuf>> {
        let path = self.objects().path(name);
        let Some(moved) = fsio::move_aside(&path, &self.aside())? else {
            return Ok(None);
        };
        // Under its whole name, of which the path holds only the end.
        let place = self.aside().join(name.to_string());
        match place.exists() {
            true => Ok(Some(moved)),
            false => {
                fsio::replace(&place, &moved)?;
                Ok(Some(place))
            }
        }
    }
}

/// Holds a file against the catalog; the table in it as well, where the base that the catalog knows
/// of and a verifier are given.
fn verify(
    path: &Path,
    object: &StoredObject,
    table: Option<(Option<&str>, TableVerifier)>,
) -> Option<Damage> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(Damage::Missing),
        Err(error) => return Some(unreadable(error)),
    };
    match file.metadata() {
        Ok(metadata) if metadata.len() == object.size => {}
        Ok(metadata) => {
            return Some(Damage::Size {
                expected: object.size,
                found: metadata.len(),
            });
        }
        Err(error) => return Some(unreadable(error)),
    }
    match object.name {
        ObjectName::Bytes(_) => match ObjectId::of_reader(file) {
            Ok(found) => other_bytes(object, found),
            Err(error) => Some(unreadable(error)),
        },
        ObjectName::Table(name) => match std::fs::read(path) {
            Ok(bytes) => other_bytes(object, ObjectId::of_bytes(&bytes)).or_else(|| {
                let (base, table_hash) = table?;
                other_table(name, base, table_hash(&bytes))
            }),
            Err(error) => Some(unreadable(error)),
        },
    }
}

fn unreadable(error: impl std::fmt::Display) -> Damage {
    Damage::Unreadable {
        why: error.to_string(),
    }
}

fn other_bytes(object: &StoredObject, found: ObjectId) -> Option<Damage> {
    let expected = object.bytes;
    (found != expected).then_some(Damage::Bytes { expected, found })
}

fn other_table(name: TableHash, base: Option<&str>, found: Result<FoundTable>) -> Option<Damage> {
    match found {
        Ok(found) if found.hash != name => Some(Damage::Table {
            found: format!("its hash is {}", found.hash.short()),
        }),
        Ok(found) => {
            let found = found.base.map(|base| base.to_string());
            (found.as_deref() != base).then_some(Damage::Base)
        }
        Err(error) => Some(Damage::Table {
            found: error.to_string(),
        }),
    }
}
