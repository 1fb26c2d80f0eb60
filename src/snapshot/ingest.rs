//! Stamping snapshots: comparing sources, building what changed, keeping what was read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::build::{HashedFile, build, build_in_order};
use super::model::{Snapshot, TableSnapshot};
use super::reading::reading_hash;
use super::sources::{KEPT, KeptSource, SourceFile, files_of, no_file, outside_file};
use crate::definition::{AsOf, Definitions, Mode, Table, TableName};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::{ObjectId, ReadingHash};
use crate::store::{Fact, NewObject};
use crate::table_store;
use crate::workspace::Workspace;

/// The kind of [`Snapshot`] facts, under their date.
pub(super) const SNAPSHOT: &str = "snapshot";

/// What an ingest did.
#[derive(Debug)]
pub struct Ingested {
    pub snapshot: Snapshot,
    /// Whether the snapshot is a new revision; false when everything was as before.
    pub stamped: bool,
    pub tables: Vec<IngestedTable>,
    /// Tables that were left out, and why; never one that was asked for.
    pub left_out: Vec<(TableName, Error)>,
}

#[derive(Debug, Clone)]
pub struct IngestedTable {
    pub table: TableName,
    /// Whether files were read; false when the table was as before.
    pub read: bool,
}

/// The files an ingest was told to read, by table.
type Chosen = BTreeMap<TableName, SourceFile>;

/// Snapshots of the tables that some definitions declare, in a workspace.
pub struct Snapshots<'a> {
    pub workspace: &'a Workspace,
    pub definitions: &'a Definitions,
}

impl Snapshots<'_> {
    /// The snapshot of a date with these tables in it, as their files are now.
    ///
    /// Other tables are brought up to date too where that is possible.
    pub fn ensure(&self, as_of: AsOf, needed: &BTreeSet<TableName>) -> Result<Ingested> {
        self.bring_up_to_date(as_of, needed, None)
    }

    /// Stamps a snapshot of all tables. With `from`, files of the date are read from another folder
    /// and kept in the store.
    ///
    /// A table without features may lack a file: labels come months after what predicts them.
    pub fn ingest(&self, as_of: AsOf, from: Option<&Path>) -> Result<Ingested> {
        let chosen = self.choose_files(as_of, from)?;
        let mut needed = BTreeSet::new();
        for table in self.definitions.tables.values() {
            let label_only = table.features.names().is_empty();
            if !label_only || chosen.contains_key(&table.name) || self.has_file(table, as_of)? {
                needed.insert(table.name.clone());
            }
        }
        self.bring_up_to_date(as_of, &needed, Some(&chosen))
    }

    /// The files of the date that this ingest reads whatever was read before.
    fn choose_files(&self, as_of: AsOf, from: Option<&Path>) -> Result<Chosen> {
        let mut chosen = Chosen::new();
        for table in self.definitions.tables.values() {
            let file = match from {
                Some(folder) => find_outside(folder, table, as_of)?,
                None => find_outside(self.workspace.root(), table, as_of)?,
            };
            if let Some(file) = file {
                chosen.insert(table.name.clone(), file);
            }
        }
        Ok(chosen)
    }

    fn has_file(&self, table: &Table, as_of: AsOf) -> Result<bool> {
        Ok(self.dates_on_file(table)?.contains(&as_of))
    }

    /// The dates for which a table has a file, ascending.
    pub fn dates_on_file(&self, table: &Table) -> Result<Vec<AsOf>> {
        Ok(files_of(self.workspace, table)?
            .into_iter()
            .map(|file| file.date)
            .collect())
    }

    /// The newest date for which all these tables have a file.
    pub fn newest_date(&self, tables: &BTreeSet<TableName>) -> Result<Option<AsOf>> {
        let mut common: Option<BTreeSet<AsOf>> = None;
        for name in tables {
            let dates = self.dates_on_file(self.table(name)?)?.into_iter().collect();
            common = Some(match common {
                None => dates,
                Some(before) => before.intersection(&dates).copied().collect(),
            });
        }
        Ok(common.and_then(|dates| dates.last().copied()))
    }

    /// Every snapshot on file: the newest revision of each date, in order of date.
    pub fn all(&self) -> Result<Vec<Snapshot>> {
        let facts = self.workspace.store().catalog().all::<Snapshot>(SNAPSHOT)?;
        let newest: BTreeMap<AsOf, Snapshot> = facts
            .into_iter()
            .map(|fact| (fact.value.as_of, fact.value))
            .collect();
        Ok(newest.into_values().collect())
    }

    pub fn table(&self, name: &TableName) -> Result<&Table> {
        self.definitions.tables.get(name).ok_or_else(|| {
            Error::new(
                Kind::MissingInput,
                format!("no features/{name}.toml declares table {name}"),
            )
        })
    }

    fn bring_up_to_date(
        &self,
        as_of: AsOf,
        needed: &BTreeSet<TableName>,
        chosen: Option<&Chosen>,
    ) -> Result<Ingested> {
        let latest = self.latest(as_of)?;
        let mut tables = BTreeMap::new();
        let mut report = Vec::new();
        let mut left_out = Vec::new();
        for table in self.definitions.tables.values() {
            let before = latest
                .as_ref()
                .and_then(|fact| fact.value.tables.get(&table.name));
            match self.table_at(table, as_of, before, chosen) {
                Ok(found) => {
                    report.push(IngestedTable {
                        table: table.name.clone(),
                        read: before != Some(&found),
                    });
                    tables.insert(table.name.clone(), found);
                }
                Err(error) if needed.contains(&table.name) => return Err(error),
                Err(error) => left_out.push((table.name.clone(), error)),
            }
        }
        for (name, file) in chosen.into_iter().flatten() {
            self.remember(self.table(name)?, file)?;
        }
        let (snapshot, stamped) = self.stamp(as_of, latest, &tables)?;
        Ok(Ingested {
            snapshot,
            stamped,
            tables: report,
            left_out,
        })
    }

    fn latest(&self, as_of: AsOf) -> Result<Option<Fact<Snapshot>>> {
        self.workspace
            .store()
            .catalog()
            .latest(SNAPSHOT, &as_of.to_string())
    }

    /// A table at a date: as it was, if its files and the way they are read are.
    fn table_at(
        &self,
        table: &Table,
        as_of: AsOf,
        before: Option<&TableSnapshot>,
        chosen: Option<&Chosen>,
    ) -> Result<TableSnapshot> {
        let store = self.workspace.store();
        let reading = reading_hash(table);
        let file = chosen.and_then(|chosen| chosen.get(&table.name));
        let files = self.files_until(table, as_of, file)?;
        // Asked for in so many words, an ingest also looks whether the object is sound.
        let verify = chosen.is_some();
        if let Some(before) = before
            && before.reading == reading
            && is_made_of(before, &files)
            && before.sources.len() == files.len()
            && (!verify || table_store::is_sound(store, before.hash)?)
        {
            return Ok(before.clone());
        }
        let earlier = self.earlier(table, as_of)?;
        let base = self.base(&earlier, reading, &files)?;
        let before = earlier.last().map(|table| table.hash);
        build(store, table, reading, &files, base.as_ref(), before)
    }

    /// A table at the earlier dates that have one, in order of date.
    fn earlier(&self, table: &Table, as_of: AsOf) -> Result<Vec<TableSnapshot>> {
        let earlier = self.all()?.into_iter().filter(|s| s.as_of < as_of);
        Ok(earlier
            .filter_map(|mut snapshot| snapshot.tables.remove(&table.name))
            .collect())
    }

    /// The files a table at a date is made of, with their hashes.
    fn files_until(
        &self,
        table: &Table,
        as_of: AsOf,
        chosen: Option<&SourceFile>,
    ) -> Result<Vec<HashedFile>> {
        let mut all = files_of(self.workspace, table)?;
        if let Some(chosen) = chosen {
            all.retain(|file| file.date != as_of);
            all.push(chosen.clone());
            all.sort_by_key(|file| file.date);
        }
        if all.iter().all(|file| file.date != as_of) {
            return Err(no_file(table, as_of, &all));
        }
        self.hashed(table, as_of, all)
    }

    /// Those of the files that count for a table at a date, with their hashes.
    fn hashed(
        &self,
        table: &Table,
        as_of: AsOf,
        mut files: Vec<SourceFile>,
    ) -> Result<Vec<HashedFile>> {
        files.retain(|file| match table.source.mode {
            Mode::Upsert => file.date <= as_of,
            Mode::Replace => file.date == as_of,
        });
        let store = self.workspace.store();
        files
            .into_iter()
            .map(|file| {
                Ok(HashedFile {
                    hash: file.hash(store)?,
                    file,
                })
            })
            .collect()
    }

    /// The files there are for a table at a date: date, path, and hash of the bytes.
    pub fn sources_at(&self, table: &Table, as_of: AsOf) -> Result<Vec<(AsOf, String, ObjectId)>> {
        let files = self.hashed(table, as_of, files_of(self.workspace, table)?)?;
        Ok(files
            .into_iter()
            .map(|HashedFile { file, hash }| (file.date, file.path, hash))
            .collect())
    }

    /// A table at a date from its files with the rows of each in the order of a seed. Nothing is
    /// stamped.
    pub fn in_another_order(&self, table: &Table, as_of: AsOf, seed: u64) -> Result<TableSnapshot> {
        let files = self.files_until(table, as_of, None)?;
        let store = self.workspace.store();
        build_in_order(store, table, reading_hash(table), &files, seed)
    }

    /// The newest sound earlier snapshot that is made of the first of these files.
    fn base(
        &self,
        earlier: &[TableSnapshot],
        reading: ReadingHash,
        files: &[HashedFile],
    ) -> Result<Option<TableSnapshot>> {
        for candidate in earlier.iter().rev() {
            if candidate.reading == reading
                && candidate.sources.len() < files.len()
                && is_made_of(candidate, files)
                && table_store::is_sound(self.workspace.store(), candidate.hash)?
            {
                return Ok(Some(candidate.clone()));
            }
        }
        Ok(None)
    }

    /// Adds the snapshot to the catalog unless it is what the catalog says already.
    fn stamp(
        &self,
        as_of: AsOf,
        mut latest: Option<Fact<Snapshot>>,
        tables: &BTreeMap<TableName, TableSnapshot>,
    ) -> Result<(Snapshot, bool)> {
        let catalog = self.workspace.store().catalog();
        let needs: Vec<_> = tables.values().map(|table| table.hash.into()).collect();
        loop {
            if let Some(fact) = &latest
                && fact.value.tables == *tables
            {
                return Ok((fact.value.clone(), false));
            }
            let revision = latest.as_ref().map_or(1, |fact| fact.value.revision + 1);
            let snapshot = Snapshot::new(as_of, revision, tables.clone());
            let seen = latest.as_ref().map_or(0, |fact| fact.sequence);
            let key = as_of.to_string();
            if catalog
                .append_after(SNAPSHOT, &key, Some(seen), &snapshot, &needs)?
                .is_some()
            {
                return Ok((snapshot, true));
            }
            // Another process stamped the date meanwhile; most likely the same content.
            latest = self.latest(as_of)?;
        }
    }

    /// Keeps a chosen file that the project will not have under its path, or lets the project's
    /// own file count again.
    fn remember(&self, table: &Table, file: &SourceFile) -> Result<()> {
        let store = self.workspace.store();
        let facts = store
            .catalog()
            .history::<KeptSource>(KEPT, table.name.as_str())?;
        let latest = facts
            .into_iter()
            .rev()
            .map(|fact| fact.value)
            .find(|k| k.date == file.date);
        let own = table.source.is_dated() && file.is_at(&self.workspace.root().join(&file.path));
        let object = if own {
            None
        } else {
            let (bytes, hash) = file.read(store)?;
            store.put(&NewObject::of_bytes(&bytes))?;
            Some(hash)
        };
        let kept = KeptSource {
            date: file.date,
            path: file.path.clone(),
            object,
        };
        let unchanged = latest.as_ref() == Some(&kept) || (latest.is_none() && own);
        if !unchanged {
            let needs: Vec<_> = object.into_iter().map(Into::into).collect();
            store
                .catalog()
                .append(KEPT, table.name.as_str(), &kept, &needs)?;
        }
        Ok(())
    }
}

/// Whether a snapshot was made of exactly the first of these files.
fn is_made_of(snapshot: &TableSnapshot, files: &[HashedFile]) -> bool {
    snapshot.sources.len() <= files.len()
        && snapshot.sources.iter().zip(files).all(|(source, found)| {
            source.date == found.file.date
                && source.path == found.file.path
                && source.hash == found.hash
        })
}

/// The file of a table in a folder outside the project: under the path it would have in the
/// project, else under its name alone.
fn find_outside(folder: &Path, table: &Table, as_of: AsOf) -> Result<Option<SourceFile>> {
    if !folder.is_dir() {
        return Err(Error::new(
            Kind::MissingInput,
            format!("there is no folder {}", folder.display()),
        ));
    }
    let inside = PathBuf::from(table.source.path_at(as_of));
    let name = inside.file_name().map(PathBuf::from).unwrap_or_default();
    let found = [folder.join(&inside), folder.join(name)]
        .into_iter()
        .find(|path| path.is_file());
    found
        .map(|path| {
            let place = path
                .canonicalize()
                .map_err(|error| fsio::cannot("read", &path, error))?;
            Ok(outside_file(place, table, as_of))
        })
        .transpose()
}
