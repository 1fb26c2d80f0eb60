//! Snapshots as the store keeps them: every revision, those that came with a bundle, and how one is
//! made again.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::build::{HashedFile, Inputs, build};
use super::ingest::{SNAPSHOT, Snapshots};
use super::model::{Snapshot, SourceRecord, TableSnapshot};
use super::reading::reading_hash;
use super::sources::{KEPT, KeptSource, answer, files_of};
use crate::definition::{AsOf, Query, TableName};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, ObjectId};
use crate::store::{Catalog, Fact};

/// The kind of [`Snapshot`] facts that came with a bundle, under their date. They are no revision
/// of the date: the files of this project may say otherwise.
pub(super) const CARRIED: &str = "carried snapshot";

/// A file that only the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    pub table: String,
    pub date: AsOf,
    /// From the project root, as locks name it.
    pub path: String,
    pub object: ObjectId,
}

/// Every revision of every date, the oldest first.
pub fn revisions(catalog: &Catalog) -> Result<Vec<Fact<Snapshot>>> {
    catalog.all(SNAPSHOT)
}

/// Every snapshot that came with a bundle, the oldest first.
pub fn carried(catalog: &Catalog) -> Result<Vec<Fact<Snapshot>>> {
    catalog.all(CARRIED)
}

/// Enters tables of a date that came with a bundle, unless they are known. Their objects are in the
/// store.
pub fn carry(
    catalog: &Catalog,
    as_of: AsOf,
    tables: &BTreeMap<TableName, TableSnapshot>,
) -> Result<bool> {
    let key = as_of.to_string();
    for kind in [SNAPSHOT, CARRIED] {
        let known = catalog.history::<Snapshot>(kind, &key)?;
        let same = |(name, table): (&TableName, &TableSnapshot)| {
            known.iter().any(|fact| {
                let found = fact.value.tables.get(name);
                found.is_some_and(|found| found.hash == table.hash)
            })
        };
        if tables.iter().all(same) {
            return Ok(false);
        }
    }
    let needs: Vec<_> = tables.values().map(|table| table.hash.into()).collect();
    let snapshot = Snapshot::new(as_of, 0, tables.clone());
    catalog.append(CARRIED, &key, &snapshot, &needs)?;
    Ok(true)
}

/// Every file that `ingest` has kept, also those that newer ones have taken the place of.
pub fn kept_files(catalog: &Catalog) -> Result<Vec<KeptFile>> {
    let facts = catalog.all::<KeptSource>(KEPT)?;
    let kept = facts.into_iter().filter_map(|fact| {
        Some(KeptFile {
            table: fact.key,
            date: fact.value.date,
            path: fact.value.path,
            object: fact.value.object?,
        })
    });
    Ok(kept.collect())
}

impl Snapshots<'_> {
    /// Makes the object of a table that was stamped once, from the files it was made of.
    ///
    /// # Errors
    /// [`Kind::MissingInput`] when a file is gone or is another, or when the table is read
    /// otherwise now; a failure when the same files give another table.
    pub fn rebuild(&self, name: &TableName, recorded: &TableSnapshot) -> Result<()> {
        let cannot = |why: String| Err(Error::new(Kind::MissingInput, why));
        let table = self.table(name)?;
        let reading = reading_hash(table);
        if reading != recorded.reading {
            return cannot(format!(
                "features/{name}.toml reads the files otherwise now"
            ));
        }
        let mut present = files_of(self.workspace, table)?;
        // Of a query what it gave then, whatever was asked since.
        let catalog = self.workspace.store().catalog();
        for source in recorded
            .sources
            .iter()
            .filter(|source| Query::is_name(&source.path))
        {
            present.retain(|file| file.date != source.date);
            if catalog.object(source.hash.into())?.is_some() {
                present.push(answer(&source.path, source.date, source.hash));
            }
        }
        let mut files = Vec::new();
        for source in &recorded.sources {
            let file = present.iter().find(|file| file.date == source.date);
            let Some(file) = file.filter(|file| file.path == source.path) else {
                return cannot(format!("{} is missing", source.path));
            };
            // Read, not believed: what is rebuilt must be right.
            let (_, hash) = file.read(self.workspace.store())?;
            if hash != source.hash {
                return cannot(changed(source, hash));
            }
            let file = file.clone();
            files.push(HashedFile {
                file,
                hash,
                bytes: Cell::default(),
            });
        }
        let inputs = Inputs {
            table,
            reading,
            files: &files,
            references: recorded.references.clone(),
        };
        let built = build(self.workspace.store(), inputs, None, None)?;
        if built.hash != recorded.hash {
            return Err(Error::failure(format!(
                "the same files give another table: {}",
                built.hash.short()
            )));
        }
        Ok(())
    }
}

fn changed(source: &SourceRecord, found: ObjectId) -> String {
    let (old, new) = (source.hash.short(), found.short());
    format!("{} is another file now: BLAKE3 {old} → {new}", source.path)
}
