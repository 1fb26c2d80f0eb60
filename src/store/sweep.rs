//! Taking objects out, so that death at any instant leaves a sound store.
//!
//! First, in one transaction, the catalog forgets: what facts need of the objects, facts that say
//! nothing without them, and the objects. From then on they are files that nothing knows. Then the
//! files go. A process that writes one of them again meanwhile enters it after the write and looks
//! once more whether the file is there, so it is never entered without one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Transaction;

use super::bases::{forget_base, spare_bases};
use super::catalog::unusable;
use super::checksum::{self, Checksum};
use super::{Catalog, ObjectName, Store, StoredObject, Stray};
use crate::error::Result;
use crate::fsio;
use crate::hash::{Digest, ObjectId, TableHash};

/// A fact that cannot do without an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub object: ObjectName,
    pub sequence: i64,
    pub kind: String,
    pub key: String,
}

/// What was taken out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub objects: u64,
    pub strays: u64,
    pub bytes: u64,
}

impl Catalog {
    /// Every object, in order of the names. Rows that are damaged are left out; [`super::health`]
    /// tells of them.
    pub fn objects(&self) -> Result<Vec<StoredObject>> {
        let rows = || -> rusqlite::Result<Vec<(String, String, i64, Checksum)>> {
            let sql = "SELECT name, bytes, size, checksum FROM objects ORDER BY name";
            self.connection
                .prepare(sql)?
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?
                .collect()
        };
        let rows = rows().map_err(|error| unusable(self.path(), error))?;
        let sound = rows
            .into_iter()
            .filter(|(name, bytes, size, sum)| *sum == checksum::of_object(name, bytes, *size));
        Ok(sound
            .filter_map(|(name, bytes, size, _)| {
                StoredObject::new(&name, bytes.parse().ok()?, u64::try_from(size).ok()?)
            })
            .collect())
    }

    /// Which facts need which objects, the oldest fact first.
    pub fn needs(&self) -> Result<Vec<Need>> {
        let tables: BTreeSet<String> = self
            .objects()?
            .into_iter()
            .filter(|object| matches!(object.name, ObjectName::Table(_)))
            .map(|object| object.name.to_string())
            .collect();
        let rows = || -> rusqlite::Result<Vec<(String, i64, String, String)>> {
            let sql = "SELECT object, sequence, kind, key FROM needs JOIN facts USING (sequence)
                       ORDER BY sequence, object";
            self.connection
                .prepare(sql)?
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?
                .collect()
        };
        let rows = rows().map_err(|error| unusable(self.path(), error))?;
        Ok(rows
            .into_iter()
            .filter_map(|(object, sequence, kind, key)| {
                Some(Need {
                    object: name_of(&object, &tables)?,
                    sequence,
                    kind,
                    key,
                })
            })
            .collect())
    }

    /// Forgets objects: that they were there, and that facts need them. Facts of `hollow` kinds that
    /// need one say nothing without it and are removed. What an object that stays is built on is
    /// spared. Gives the names in hex of those that were forgotten.
    pub fn forget(&self, objects: &[ObjectName], hollow: &[&str]) -> Result<BTreeSet<String>> {
        let mut going: BTreeSet<String> = objects.iter().map(ToString::to_string).collect();
        self.exclusively(|transaction| {
            spare_bases(transaction, &mut going)?;
            for object in &going {
                forget_object(transaction, object, hollow)?;
            }
            Ok(())
        })?;
        Ok(going)
    }
}

impl Store {
    /// Takes objects and strays out that are older than `until`, in microseconds since 1970. Facts
    /// of `hollow` kinds that need one of them go with it.
    pub fn sweep(
        &self,
        objects: &[StoredObject],
        strays: &[Stray],
        until: i64,
        hollow: &[&str],
    ) -> Result<Swept> {
        let old = |path: &Path| -> Result<bool> {
            Ok(fsio::age_and_size(path)?.is_none_or(|(written, _)| written <= until))
        };
        // What was used since the list was made is spared.
        let mut going = BTreeMap::new();
        for object in objects {
            if old(&self.objects().path(object.name))? {
                going.insert(object.name, object.size);
            }
        }
        let names: Vec<ObjectName> = going.keys().copied().collect();
        let forgotten = self.catalog().forget(&names, hollow)?;
        going.retain(|name, _| forgotten.contains(&name.to_string()));
        let mut swept = Swept::default();
        for (name, size) in going {
            if self.remove_unentered(&self.objects().path(name))? {
                swept.objects += 1;
                swept.bytes += size;
            }
        }
        for stray in strays {
            if old(&stray.path)? && self.remove_unentered(&stray.path)? {
                swept.strays += 1;
                swept.bytes += stray.size;
            }
        }
        Ok(swept)
    }

    /// Removes a file that is no object, under the lock that entering one takes: what another
    /// process has entered stays. Gives whether it is gone.
    fn remove_unentered(&self, path: &Path) -> Result<bool> {
        let hex = self.objects().hex_of(path);
        self.catalog().exclusively(|transaction| {
            let mut entered =
                transaction.prepare_cached("SELECT 1 FROM objects WHERE name = ?1")?;
            let is_object = hex.is_some_and(|hex| entered.exists([hex]).unwrap_or(true));
            Ok(!is_object && fsio::remove(path).is_ok())
        })
    }
}

/// An object's name from its hex digits; a table where it is among `tables`.
pub(super) fn name_of(hex: &str, tables: &BTreeSet<String>) -> Option<ObjectName> {
    let hash: ObjectId = hex.parse().ok()?;
    Some(match tables.contains(hex) {
        true => ObjectName::Table(TableHash::from_bytes(*hash.as_bytes())),
        false => ObjectName::Bytes(hash),
    })
}

fn forget_object(transaction: &Transaction, object: &str, hollow: &[&str]) -> rusqlite::Result<()> {
    let facts: Vec<(i64, String)> = transaction
        .prepare_cached(
            "SELECT sequence, kind FROM needs JOIN facts USING (sequence) WHERE object = ?1",
        )?
        .query_map([object], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    transaction
        .prepare_cached("DELETE FROM needs WHERE object = ?1")?
        .execute([object])?;
    transaction
        .prepare_cached("DELETE FROM objects WHERE name = ?1")?
        .execute([object])?;
    forget_base(transaction, object)?;
    for (sequence, kind) in facts {
        if hollow.contains(&kind.as_str()) {
            for sql in [
                "DELETE FROM needs WHERE sequence = ?1",
                "DELETE FROM facts WHERE sequence = ?1",
            ] {
                transaction.prepare_cached(sql)?.execute([sequence])?;
            }
        }
    }
    Ok(())
}
