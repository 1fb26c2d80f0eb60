//! Which files of a day count, and the rows in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{FOLDER, Row};
use crate::definition::{AsOf, ColumnName};
use crate::error::{Error, Result};
use crate::fsio::{self, FileLock};
use crate::table::{Frame, columns_of_parquet_object, digest_parquet_object};

/// How the names of files with rows end.
pub(super) const ROWS: &str = "parquet";
/// How the name of the list of the files ends whose rows a merged file has.
pub(super) const REPLACES: &str = "replaces";
/// Held by whoever merges or reads.
const LOCK: &str = ".merge.lock";

/// Rows of one kind, by day.
#[derive(Debug, Clone)]
pub struct Days {
    folder: PathBuf,
}

impl Days {
    /// Those of a store.
    pub fn of<R: Row>(store: &Path) -> Self {
        Self {
            folder: store.join(FOLDER).join(R::KIND),
        }
    }

    /// Whether anything was ever written.
    pub fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    /// The folder of one day.
    pub fn folder(&self, day: AsOf) -> PathBuf {
        self.folder.join(day.to_string())
    }

    /// The days there are files of, in order.
    pub fn list(&self) -> Result<Vec<AsOf>> {
        Ok(self.files()?.into_keys().collect())
    }

    /// The rows of a day, in the columns that are wanted and are there; a frame for each file.
    ///
    /// # Errors
    /// A file cannot be read. Its rows can be done without: by removing it.
    pub fn read(&self, day: AsOf, wanted: &BTreeSet<ColumnName>) -> Result<Vec<Frame>> {
        // Who may only read the folder reads without: nothing is merged where nobody writes.
        let _lock = self.lock().ok();
        let files = self.files()?.remove(&day).unwrap_or_default();
        let frames = files.current()?.into_iter().map(|path| {
            let bytes = fsio::read(&path)?;
            columns_of_parquet_object(&bytes, wanted).map_err(|error| no_rows(&path, error))
        });
        frames.collect()
    }

    /// Waits until nobody else merges or reads.
    fn lock(&self) -> Result<FileLock> {
        FileLock::acquire(&self.folder.join(LOCK))
    }

    /// The same for a merge, which is of no hurry.
    pub(super) fn try_lock(&self) -> Result<Option<FileLock>> {
        FileLock::try_acquire(&self.folder.join(LOCK))
    }

    /// All files, by day. What is in no folder of a day is none of ours.
    pub(super) fn files(&self) -> Result<BTreeMap<AsOf, DayFiles>> {
        let mut days: BTreeMap<AsOf, DayFiles> = BTreeMap::new();
        for path in fsio::files_below(&self.folder)? {
            let folder = path.parent().filter(|folder| *folder != self.folder);
            let name = folder.and_then(|folder| folder.file_name()?.to_str());
            if let Some(day) = name.and_then(|name| name.parse().ok()) {
                days.entry(day).or_default().add(path);
            }
        }
        Ok(days)
    }
}

/// The files of one day, each list in the order of their names.
#[derive(Debug, Default)]
pub(super) struct DayFiles {
    pub rows: Vec<PathBuf>,
    pub lists: Vec<PathBuf>,
    /// Begun and not finished, by somebody who writes now or who was killed.
    pub unfinished: Vec<PathBuf>,
}

impl DayFiles {
    fn add(&mut self, path: PathBuf) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending {
            _ if name.starts_with(fsio::TEMPORARY) => self.unfinished.push(path),
            Some(ROWS) => self.rows.push(path),
            Some(REPLACES) => self.lists.push(path),
            _ => {}
        }
    }

    /// The files whose rows count.
    pub fn current(&self) -> Result<Vec<PathBuf>> {
        let replaced = self.replaced()?;
        let rows = self.rows.iter().filter(|path| !replaced.contains(*path));
        Ok(rows.cloned().collect())
    }

    /// The files whose rows are in a merged one. A list without its file says nothing: the merge was
    /// interrupted before its file was there.
    pub fn replaced(&self) -> Result<BTreeSet<PathBuf>> {
        let mut replaced = BTreeSet::new();
        for list in &self.lists {
            if self.rows.contains(&list.with_extension(ROWS)) {
                replaced.extend(replaced_by(list)?);
            }
        }
        Ok(replaced)
    }
}

/// The files that a list names, one a line.
pub(super) fn replaced_by(list: &Path) -> Result<Vec<PathBuf>> {
    let bytes = fsio::read_optional(list)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().map(|name| list.with_file_name(name)).collect())
}

/// The name of a column that we write.
pub(super) fn own(name: &str) -> ColumnName {
    ColumnName::stored(name).expect("our own names are names")
}

fn no_rows(path: &Path, error: Error) -> Error {
    Error::failure(format!("{} cannot be read", path.display()))
        .caused_by(error)
        .help("remove the file to go on without its rows")
}

/// A file whose rows cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    pub path: PathBuf,
    pub why: Error,
}

/// Reads every file of every kind below a store, and gives how many there are and those that cannot
/// be read.
pub fn unreadable(store: &Path) -> Result<(usize, Vec<Unreadable>)> {
    let (mut files, mut found) = (0, Vec::new());
    for kind in fsio::folders_in(&store.join(FOLDER))? {
        let days = Days { folder: kind };
        let _lock = days.lock().ok();
        for day in days.files()?.into_values() {
            for path in day.current()? {
                files += 1;
                let read = fsio::read(&path).and_then(|bytes| digest_parquet_object(&bytes));
                if let Err(why) = read {
                    found.push(Unreadable { path, why });
                }
            }
        }
    }
    Ok((files, found))
}
