//! Stamping snapshots: comparing sources, building what changed, keeping what was read.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::build::{HashedFile, Inputs, build, build_in_order};
use super::database::KnownDates;
use super::model::{Snapshot, TableSnapshot};
use super::reading::reading_hash;
use super::reference::Referred;
use super::sources::{KEPT, KeptSource, SourceFile, dates_read, files_of, no_file, outside_file};
use crate::definition::{AsOf, Definitions, Mode, Table, TableName};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::ObjectId;
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

/// The files to read whatever was read before, by table; of a query also those of earlier dates.
pub(super) type Chosen = BTreeMap<TableName, Vec<SourceFile>>;

/// One look at the tables of a date.
#[derive(Default)]
pub(super) struct Visit<'a> {
    /// The date, and the files of it that were chosen.
    chosen: Option<(AsOf, &'a Chosen)>,
    /// Whether objects of tables that are as before are looked at too.
    verify: bool,
    /// Tables at dates that were looked at already: a table that others refer to is made once.
    known: RefCell<BTreeMap<(TableName, AsOf), TableSnapshot>>,
}

impl<'a> Visit<'a> {
    /// The chosen files of a table that count at a date.
    fn chosen_files(&self, table: &TableName, as_of: AsOf) -> &'a [SourceFile] {
        let chosen = self.chosen.filter(|(date, _)| *date == as_of);
        let files = chosen.and_then(|(_, chosen)| chosen.get(table));
        files.map_or(&[], Vec::as_slice)
    }

    /// The dates for which a file of a table was chosen.
    pub(super) fn chosen_dates(&self, table: &TableName) -> impl Iterator<Item = AsOf> {
        let chosen = self.chosen.and_then(|(_, chosen)| chosen.get(table));
        chosen.into_iter().flatten().map(|file| file.date)
    }
}

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
        self.ensure_with(as_of, needed, &KnownDates::new())
    }

    /// The same, where queries are also asked for these earlier dates, if they never were: those that
    /// a lock names, for whom the store is new.
    pub fn ensure_with(
        &self,
        as_of: AsOf,
        needed: &BTreeSet<TableName>,
        known: &KnownDates,
    ) -> Result<Ingested> {
        let chosen = self.ask_for_missing(as_of, needed, known)?;
        self.bring_up_to_date(as_of, needed, &chosen, false)
    }

    /// Stamps a snapshot of all tables. With `from`, files of the date are read from another folder
    /// and kept in the store. Queries are asked again.
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
        self.bring_up_to_date(as_of, &needed, &chosen, true)
    }

    /// The files of the date that this ingest reads whatever was read before.
    fn choose_files(&self, as_of: AsOf, from: Option<&Path>) -> Result<Chosen> {
        let mut chosen = self.ask_again(as_of)?;
        for table in self.definitions.tables.values() {
            if table.source.query.is_some() {
                continue;
            }
            let file = match from {
                Some(folder) => find_outside(folder, table, as_of)?,
                None => find_outside(self.workspace.root(), table, as_of)?,
            };
            if let Some(file) = file {
                chosen.insert(table.name.clone(), vec![file]);
            }
        }
        Ok(chosen)
    }

    fn has_file(&self, table: &Table, as_of: AsOf) -> Result<bool> {
        Ok(self.dates_on_file(table)?.contains(&as_of))
    }

    /// The dates for which a table has a file, ascending.
    pub fn dates_on_file(&self, table: &Table) -> Result<Vec<AsOf>> {
        if table.source.query.is_some() {
            let dates = dates_read(self.workspace.store(), table)?;
            return Ok(dates.into_iter().collect());
        }
        Ok(files_of(self.workspace, table)?
            .into_iter()
            .map(|file| file.date)
            .collect())
    }

    /// The newest date for which all these tables have a file.
    pub fn newest_date(&self, tables: &BTreeSet<TableName>) -> Result<Option<AsOf>> {
        Ok(self.common_dates(tables)?.last().copied())
    }

    /// The dates for which all these tables have a file.
    pub fn common_dates(&self, tables: &BTreeSet<TableName>) -> Result<BTreeSet<AsOf>> {
        let mut common: Option<BTreeSet<AsOf>> = None;
        for name in tables {
            let dates = self.dates_on_file(self.table(name)?)?.into_iter().collect();
            common = Some(match common {
                None => dates,
                Some(before) => before.intersection(&dates).copied().collect(),
            });
        }
        Ok(common.unwrap_or_default())
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
        chosen: &Chosen,
        verify: bool,
    ) -> Result<Ingested> {
        let latest = self.latest(as_of)?;
        let visit = Visit {
            chosen: Some((as_of, chosen)),
            verify,
            known: RefCell::default(),
        };
        let mut tables = BTreeMap::new();
        let mut report = Vec::new();
        let mut left_out = Vec::new();
        for table in self.definitions.tables.values() {
            let before = latest
                .as_ref()
                .and_then(|fact| fact.value.tables.get(&table.name));
            match self.visit(table, as_of, &visit) {
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
        for (name, files) in chosen {
            for file in files {
                self.remember(self.table(name)?, file)?;
            }
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

    /// A table at a date, which may have been looked at before.
    pub(super) fn visit(
        &self,
        table: &Table,
        as_of: AsOf,
        visit: &Visit<'_>,
    ) -> Result<TableSnapshot> {
        let key = (table.name.clone(), as_of);
        if let Some(known) = visit.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        let found = self.table_at(table, as_of, visit)?;
        visit.known.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// A table at a date: as it was, if its files, the way they are read and the tables they are
    /// checked against are.
    fn table_at(&self, table: &Table, as_of: AsOf, visit: &Visit<'_>) -> Result<TableSnapshot> {
        let reading = reading_hash(table);
        let files = self.files_until(table, as_of, visit.chosen_files(&table.name, as_of))?;
        let references = self.references(table, &files, visit)?;
        let latest = self.latest(as_of)?;
        let stamped = latest.and_then(|mut fact| fact.value.tables.remove(&table.name));
        let before = match stamped {
            Some(stamped) => Some(stamped),
            None => self.made_before(&table.name, as_of)?,
        };
        if let Some(before) = before
            && before.reading == reading
            && is_made_of(&before, &files)
            && before.sources.len() == files.len()
            && before.references == references
            // Asked for in so many words, an ingest also looks whether the objects are sound.
            && (!visit.verify || self.is_whole(&before)?)
        {
            return Ok(before);
        }
        let inputs = Inputs {
            table,
            reading,
            files: &files,
            references,
        };
        let earlier = self.earlier(table, as_of, visit)?;
        let base = self.base(&earlier, &inputs)?;
        let known = base.as_ref().and_then(|base| base.sources.last());
        let known = known.map(|source| source.date);
        let needed = inputs.references.iter();
        self.restore(needed.filter(|referred| known.is_none_or(|known| referred.date > known)))?;
        let before = earlier.last().map(|table| table.hash);
        build(self.workspace.store(), inputs, base.as_ref(), before)
    }

    /// A table at the earlier dates that have one, in order of date: as it was stamped, or made just
    /// now for a table that refers to it.
    fn earlier(&self, table: &Table, as_of: AsOf, visit: &Visit<'_>) -> Result<Vec<TableSnapshot>> {
        let mut earlier: BTreeMap<AsOf, TableSnapshot> = BTreeMap::new();
        for mut snapshot in self.all()? {
            if let Some(found) = snapshot.tables.remove(&table.name) {
                earlier.insert(snapshot.as_of, found);
            }
        }
        for ((known, date), found) in visit.known.borrow().iter() {
            if *known == table.name {
                earlier.insert(*date, found.clone());
            }
        }
        earlier.retain(|date, _| *date < as_of);
        Ok(earlier.into_values().collect())
    }

    /// Whether the objects of a snapshot are sound: its rows, and those that were set aside.
    fn is_whole(&self, snapshot: &TableSnapshot) -> Result<bool> {
        let store = self.workspace.store();
        Ok(table_store::is_sound(store, snapshot.hash)?
            && match snapshot.quarantine {
                Some(rows) => table_store::is_sound(store, rows)?,
                None => true,
            })
    }

    /// The files a table at a date is made of, with their hashes.
    fn files_until(
        &self,
        table: &Table,
        as_of: AsOf,
        chosen: &[SourceFile],
    ) -> Result<Vec<HashedFile>> {
        let mut all = files_of(self.workspace, table)?;
        all.retain(|file| chosen.iter().all(|chosen| chosen.date != file.date));
        all.extend_from_slice(chosen);
        all.sort_by_key(|file| file.date);
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
        let mut hashed = Vec::with_capacity(files.len());
        let mut at_hand = false;
        for file in files {
            let (hash, bytes) = file.hash(store)?;
            // Memory holds one file: the first of the new ones, which is the next to be folded in.
            let bytes = bytes.filter(|_| !at_hand);
            at_hand |= bytes.is_some();
            hashed.push(HashedFile {
                file,
                hash,
                bytes: Cell::new(bytes),
            });
        }
        Ok(hashed)
    }

    /// The files there are for a table at a date: date, path, and hash of the bytes.
    pub fn sources_at(&self, table: &Table, as_of: AsOf) -> Result<Vec<(AsOf, String, ObjectId)>> {
        let files = self.hashed(table, as_of, files_of(self.workspace, table)?)?;
        Ok(files
            .into_iter()
            .map(|HashedFile { file, hash, .. }| (file.date, file.path, hash))
            .collect())
    }

    /// A table at a date from its files with the rows of each in the order of a seed. Nothing is
    /// stamped.
    pub fn in_another_order(&self, table: &Table, as_of: AsOf, seed: u64) -> Result<TableSnapshot> {
        let files = self.files_until(table, as_of, &[])?;
        let references = self.references(table, &files, &Visit::default())?;
        self.restore(references.iter())?;
        let inputs = Inputs {
            table,
            reading: reading_hash(table),
            files: &files,
            references,
        };
        build_in_order(self.workspace.store(), inputs, seed)
    }

    /// The newest sound earlier snapshot that is made of the first of these files: one that was
    /// stamped, or made just now for a table that refers to it.
    fn base(
        &self,
        earlier: &[TableSnapshot],
        inputs: &Inputs<'_>,
    ) -> Result<Option<TableSnapshot>> {
        for candidate in earlier.iter().rev() {
            if candidate.reading == inputs.reading
                && candidate.sources.len() < inputs.files.len()
                && is_made_of(candidate, inputs.files)
                && referred_alike(candidate, &inputs.references)
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
        let needs: Vec<_> = tables.values().flat_map(TableSnapshot::objects).collect();
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
        let is_file = table.source.query.is_none();
        let own = is_file
            && table.source.is_dated()
            && file.is_at(&self.workspace.root().join(&file.path));
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

/// Whether the files of a snapshot were checked against the same tables.
fn referred_alike(snapshot: &TableSnapshot, references: &[Referred]) -> bool {
    let last = snapshot.sources.last().map(|source| source.date);
    let up_to = references
        .iter()
        .take_while(|referred| last.is_some_and(|last| referred.date <= last));
    snapshot.references.iter().eq(up_to)
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
