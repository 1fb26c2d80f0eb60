//! Objects that are of no use without another one.
//!
//! Most objects stand alone. One that was written as changes to another is built on it, and is read
//! together with it; that one may be built on a third. Which is built on which stands in the
//! catalog, in one transaction with the object, so that nobody takes a base away from what is built
//! on it: [`super::sweep`] asks in the transaction in which it forgets.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction, params};

use super::catalog::{insert_object, unusable};
use super::checksum::{self, Checksum};
use super::{Catalog, ObjectFacts, ObjectName, StoredObject};
use crate::error::{Error, Result};

impl Catalog {
    /// On what each object is built that does not stand alone, both by their names in hex.
    pub fn bases(&self) -> Result<BTreeMap<String, String>> {
        let rows = || -> rusqlite::Result<Vec<(String, String, Checksum)>> {
            self.connection
                .prepare_cached("SELECT object, base, checksum FROM bases")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        };
        let rows = rows().map_err(|error| unusable(self.path(), error))?;
        // Rows that are damaged are left out; `health` tells of them.
        let sound = rows
            .into_iter()
            .filter(|(object, base, sum)| *sum == checksum::of_base(object, base));
        Ok(sound.map(|(object, base, _)| (object, base)).collect())
    }

    /// An object, what it is built on, and so on down to one that stands alone: the last. Empty for
    /// an object that the catalog does not know; it ends early where it does not know a base.
    pub fn chain(&self, name: ObjectName) -> Result<Vec<StoredObject>> {
        let mut chain: Vec<StoredObject> = Vec::new();
        let mut next = Some(name.to_string());
        while let Some(hex) = next {
            let Some(found) = self.entry(&hex)? else {
                break;
            };
            if chain.iter().any(|object| object.name == found.name) {
                return Err(Error::failure(format!("object {hex} is built on itself"))
                    .help("`streamflow fsck` says what is wrong with the store"));
            }
            chain.push(found);
            next = self.base_of(&hex)?;
        }
        Ok(chain)
    }

    fn entry(&self, hex: &str) -> Result<Option<StoredObject>> {
        let name = super::sweep::name_of(hex, &BTreeSet::from([hex.to_string()]));
        let facts = name.map(|name| self.object(name)).transpose()?.flatten();
        Ok(facts.and_then(|facts| StoredObject::new(hex, facts.bytes, facts.size)))
    }

    fn base_of(&self, hex: &str) -> Result<Option<String>> {
        let row: Option<(String, Checksum)> = self
            .connection
            .prepare_cached("SELECT base, checksum FROM bases WHERE object = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([hex], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(|error| unusable(self.path(), error))?;
        match row {
            Some((base, sum)) if sum != checksum::of_base(hex, &base) => Err(Error::failure(
                format!("the catalog's entry of what object {hex} is built on is damaged"),
            )
            .help("`streamflow fsck --repair` mends it")),
            row => Ok(row.map(|(base, _)| base)),
        }
    }

    /// Enters an object, and what it is built on. Gives false, and enters nothing, when the catalog
    /// does not know that base any more.
    ///
    /// `settle` is told what the catalog knows of the object and whether that is built on another,
    /// and sees to its file while no other process enters anything; it gives whether there is
    /// something to enter.
    pub(super) fn add_object(
        &self,
        name: ObjectName,
        facts: &ObjectFacts,
        base: Option<ObjectName>,
        settle: impl FnOnce(Option<ObjectFacts>, bool) -> Result<bool>,
    ) -> Result<bool> {
        let size = i64::try_from(facts.size).unwrap_or(i64::MAX);
        let object = name;
        let (name, bytes) = (name.to_string(), facts.bytes.to_string());
        let base = base.map(|base| base.to_string());
        self.exclusively(|transaction| {
            if let Some(base) = &base {
                let mut known =
                    transaction.prepare_cached("SELECT 1 FROM objects WHERE name = ?1")?;
                if !known.exists([base])? {
                    return Ok(Ok(false));
                }
            }
            // An entry that is damaged is as good as none.
            let known = self.object(object).unwrap_or_default();
            let built = !matches!(self.base_of(&name), Ok(None));
            match settle(known, built) {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(true)),
                Err(error) => return Ok(Err(error)),
            }
            insert_object(transaction, &name, &bytes, size)?;
            match &base {
                Some(base) => {
                    transaction
                        .prepare_cached(
                            "INSERT OR REPLACE INTO bases (object, base, checksum)
                             VALUES (?1, ?2, ?3)",
                        )?
                        .execute(params![name, base, checksum::of_base(&name, base)])?;
                }
                None => forget_base(transaction, &name)?,
            }
            Ok(Ok(true))
        })?
    }
}

/// Forgets on what an object is built.
pub(super) fn forget_base(transaction: &Transaction, object: &str) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM bases WHERE object = ?1")?
        .execute([object])?;
    Ok(())
}

/// Takes out of `going` everything that an object that stays is built on.
pub(super) fn spare_bases(
    transaction: &Transaction,
    going: &mut BTreeSet<String>,
) -> rusqlite::Result<()> {
    let bases: BTreeMap<String, String> = transaction
        .prepare_cached("SELECT object, base FROM bases")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let staying: Vec<&String> = bases.keys().filter(|name| !going.contains(*name)).collect();
    for name in staying {
        let mut below = bases.get(name);
        while let Some(base) = below {
            // What was taken out before has taken out what it is built on.
            below = going.remove(base).then(|| bases.get(base)).flatten();
        }
    }
    Ok(())
}
