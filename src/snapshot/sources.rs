//! Which files a table is made of at a date, and whether they are as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::definition::{AsOf, Query, Source, Table};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::ObjectId;
use crate::host;
use crate::store::{FileStamp, Store};
use crate::workspace::Workspace;

/// One file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    pub date: AsOf,
    /// From the project root; what locks and messages say.
    pub path: String,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A file of the project.
    Disk(PathBuf),
    /// A file that `ingest --from` read, one of a path without a date, or what a query gave: kept
    /// in the store.
    Kept(ObjectId),
}

/// A fact of kind `source` under a table's name: a file was kept, or is no longer used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSource {
    pub date: AsOf,
    pub path: String,
    /// None once the project's own file of the date is used again, and of a query without rows.
    pub object: Option<ObjectId>,
}

/// The kind of [`KeptSource`] facts.
pub const KEPT: &str = "source";

/// All files of a table, in order of date. A kept file stands before the project's of that date.
///
/// What a query gave is a kept file while the query is the same; one without a date cannot be asked
/// again, so that what it gave stays.
pub fn files_of(workspace: &Workspace, table: &Table) -> Result<Vec<SourceFile>> {
    let mut files = kept_files(workspace.store(), table)?;
    let dated = table.source.is_dated();
    if table.source.query.is_some() {
        files.retain(|file| match dated {
            true => file.path == table.source.path,
            false => Query::is_name(&file.path),
        });
        return Ok(files);
    }
    files.retain(|file| !Query::is_name(&file.path));
    if dated {
        for date in dates_on_disk(workspace.root(), &table.source)? {
            if files.iter().all(|file| file.date != date) {
                let path = table.source.path_at(date);
                let place = Place::Disk(workspace.root().join(&path));
                files.push(SourceFile { date, path, place });
            }
        }
    }
    files.sort_by_key(|file| file.date);
    Ok(files)
}

/// The dates for which a table's query was answered, whatever it was then.
pub fn dates_read(store: &Store, table: &Table) -> Result<BTreeSet<AsOf>> {
    let files = kept_files(store, table)?;
    let read = files.into_iter().filter(|file| Query::is_name(&file.path));
    Ok(read.map(|file| file.date).collect())
}

/// What a query gave for a date, in the store under the hash of its bytes.
pub fn answer(path: &str, date: AsOf, object: ObjectId) -> SourceFile {
    SourceFile {
        date,
        path: path.to_string(),
        place: Place::Kept(object),
    }
}

/// A file outside the project, to be read as the one of a date.
pub fn outside_file(location: PathBuf, table: &Table, date: AsOf) -> SourceFile {
    SourceFile {
        date,
        path: table.source.path_at(date),
        place: Place::Disk(location),
    }
}

/// Dates for which a table's query, as it is now, was found to have no rows.
pub fn dates_without_rows(store: &Store, table: &Table) -> Result<BTreeSet<AsOf>> {
    let latest = latest_kept(store, table)?.into_values();
    let without = latest.filter(|kept| kept.path == table.source.path && kept.object.is_none());
    Ok(without.map(|kept| kept.date).collect())
}

fn latest_kept(store: &Store, table: &Table) -> Result<BTreeMap<AsOf, KeptSource>> {
    let facts = store
        .catalog()
        .history::<KeptSource>(KEPT, table.name.as_str())?;
    Ok(facts
        .into_iter()
        .map(|fact| (fact.value.date, fact.value))
        .collect())
}

fn kept_files(store: &Store, table: &Table) -> Result<Vec<SourceFile>> {
    let latest = latest_kept(store, table)?;
    let files = latest.into_values().filter_map(|kept| {
        let place = Place::Kept(kept.object?);
        Some(SourceFile {
            date: kept.date,
            path: kept.path,
            place,
        })
    });
    Ok(files.collect())
}

/// The dates for which a file of the pattern exists.
fn dates_on_disk(root: &Path, source: &Source) -> Result<Vec<AsOf>> {
    let pattern = &source.path;
    let at = pattern.find(Source::AS_OF).unwrap_or(pattern.len());
    let folder_end = pattern[..at].rfind('/').map_or(0, |slash| slash + 1);
    let (folder, prefix) = (&pattern[..folder_end], &pattern[folder_end..at]);
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fsio::cannot("read", &root.join(folder), error)),
    };
    let mut dates = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fsio::cannot("read", &root.join(folder), error))?;
        let name = entry.file_name();
        let date = name
            .to_str()
            .and_then(|name| name.strip_prefix(prefix)?.get(..10)?.parse::<AsOf>().ok());
        if let Some(date) = date
            && root.join(source.path_at(date)).is_file()
        {
            dates.push(date);
        }
    }
    dates.sort();
    dates.dedup();
    Ok(dates)
}

impl SourceFile {
    /// Whether the file lies at this place.
    pub fn is_at(&self, location: &Path) -> bool {
        let same = |own: &PathBuf| location.canonicalize().is_ok_and(|other| *own == other);
        matches!(&self.place, Place::Disk(own) if same(own))
    }

    /// The bytes, and their hash: what is hashed is what is read.
    pub fn read(&self, store: &Store) -> Result<(Vec<u8>, ObjectId)> {
        match &self.place {
            Place::Kept(object) => Ok((store.get((*object).into(), &self.path)?, *object)),
            Place::Disk(location) => {
                let before = stamp_of(location)?;
                let checked = host::now().microseconds() * 1_000;
                let bytes = fsio::read(location)?;
                let hash = ObjectId::of_bytes_parallel(&bytes);
                if stamp_of(location)? == before {
                    store
                        .catalog()
                        .stamp(&self.stamp_key(location), &before, hash, checked)?;
                }
                Ok((bytes, hash))
            }
        }
    }

    /// The hash of the bytes, without reading a file that looks as it did when last hashed; and the
    /// bytes of one that had to be read.
    pub fn hash(&self, store: &Store) -> Result<(ObjectId, Option<Vec<u8>>)> {
        match &self.place {
            Place::Kept(object) => Ok((*object, None)),
            Place::Disk(location) => {
                let stamp = stamp_of(location)?;
                match store
                    .catalog()
                    .stamped_hash(&self.stamp_key(location), &stamp)?
                {
                    Some(hash) => Ok((hash, None)),
                    None => self.read(store).map(|(bytes, hash)| (hash, Some(bytes))),
                }
            }
        }
    }

    /// By absolute place: two checkouts may share a store.
    fn stamp_key(&self, location: &Path) -> String {
        location.to_string_lossy().into_owned()
    }
}

fn stamp_of(location: &Path) -> Result<FileStamp> {
    let metadata = fs::metadata(location).map_err(|error| fsio::cannot("read", location, error))?;
    Ok(FileStamp {
        size: metadata.len(),
        modified: metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec(),
        inode: metadata.ino(),
    })
}

/// The error of a table without a file for a date.
pub fn no_file(table: &Table, as_of: AsOf, files: &[SourceFile]) -> Error {
    let dates: Vec<String> = files.iter().map(|file| file.date.to_string()).collect();
    let on_file = match dates.len() {
        0 => "no date at all".to_string(),
        1..=6 => dates.join(", "),
        count => format!("{} … {} ({count} dates)", dates[0], dates[count - 1]),
    };
    if let Some(query) = &table.source.query {
        return never_read(table, query, as_of, &on_file);
    }
    let error = Error::new(
        Kind::MissingInput,
        format!("{} has no file for {as_of}", table.name),
    )
    .detail(format!("expected  {}", table.source.path_at(as_of)))
    .detail(format!("on file   {on_file}"));
    if table.source.is_dated() {
        error.help(format!(
            "put the file there, or read it from elsewhere: `streamflow ingest --as-of {as_of} --from DIR`"
        ))
    } else {
        error.help(format!(
            "its path has no {{as_of}}: `streamflow ingest --as-of {as_of}` reads the file as it is now and keeps it"
        ))
    }
}

/// The error of a table whose query was not asked for a date.
fn never_read(table: &Table, query: &Query, as_of: AsOf, on_file: &str) -> Error {
    let error = Error::new(
        Kind::MissingInput,
        format!("{} was never read for {as_of}", table.name),
    )
    .detail(format!("query    {}", table.source.path))
    .detail(format!("on file  {on_file}"));
    match query.is_dated() {
        true => error.help(format!(
            "`streamflow ingest --as-of {as_of}` asks the database of {}",
            query.url_env
        )),
        false => error.help(format!(
            "its query has no {{as_of}}: `streamflow ingest --as-of {as_of}` keeps what it gives now"
        )),
    }
}
