//! Many files of a day into one.

use std::path::{Path, PathBuf};

use super::Row;
use super::days::{DayFiles, Days, REPLACES, ROWS, own, replaced_by};
use super::log::file_name;
use crate::definition::{AsOf, ColumnName, Dtype};
use crate::error::Result;
use crate::fsio;
use crate::host::{self, Instant};
use crate::table::{FileForm, Frame, Values, columns_of_parquet_object};

/// Bytes from which on a file stays as it is, so that a merge needs little memory.
const LARGE: u64 = 8 << 20;
/// Files of a day that is not over that are left alone.
pub(super) const MANY: usize = 64;
/// Age of an unfinished file that nobody writes any more, in microseconds.
const FORGOTTEN: i64 = 3_600_000_000;

/// Merges the small files of each day: of one that is over all, of `today` when there are many. Does
/// nothing while somebody else merges or reads.
pub(super) fn merge<R: Row>(days: &Days, today: AsOf) -> Result<()> {
    if !days.exists() {
        return Ok(());
    }
    let Some(_lock) = days.try_lock()? else {
        return Ok(());
    };
    for (day, files) in days.files()? {
        tidy(&files, host::now())?;
        let small = small(&files)?;
        let least = if day < today { 2 } else { MANY };
        if small.len() < least {
            continue;
        }
        for group in groups(small) {
            merge_group::<R>(&group)?;
        }
    }
    Ok(())
}

/// Ends what was interrupted, and removes what nobody will end.
fn tidy(files: &DayFiles, now: Instant) -> Result<()> {
    for list in &files.lists {
        if files.rows.contains(&list.with_extension(ROWS)) {
            for path in replaced_by(list)? {
                fsio::remove(&path)?;
            }
        }
        fsio::remove(list)?;
    }
    for path in &files.unfinished {
        let written = fsio::age_and_size(path)?;
        if written.is_some_and(|(at, _)| now.microseconds() - at > FORGOTTEN) {
            fsio::remove(path)?;
        }
    }
    Ok(())
}

/// The files that count and are worth merging, with their size in bytes.
fn small(files: &DayFiles) -> Result<Vec<(PathBuf, u64)>> {
    let mut small = Vec::new();
    for path in files.current()? {
        if let Some((_, bytes)) = fsio::age_and_size(&path)?
            && bytes < LARGE
        {
            small.push((path, bytes));
        }
    }
    Ok(small)
}

/// Neighbours that make about one large file.
fn groups(files: Vec<(PathBuf, u64)>) -> Vec<Vec<PathBuf>> {
    let mut groups = vec![Vec::new()];
    let mut total = 0;
    for (path, bytes) in files {
        if total >= LARGE {
            groups.push(Vec::new());
            total = 0;
        }
        total += bytes;
        groups
            .last_mut()
            .expect("there is a first group")
            .push(path);
    }
    groups
}

/// Writes the rows of some files into one, and removes them. Those that cannot be read, or have other
/// columns than the program writes now, stay as they are.
fn merge_group<R: Row>(paths: &[PathBuf]) -> Result<()> {
    let names = R::columns(&[]).into_iter();
    let names: Vec<ColumnName> = names.map(|(name, _)| own(name)).collect();
    // Usually one: keys of another type come from another model.
    let mut kinds: Vec<(Vec<Dtype>, Vec<&Path>, Vec<Frame>)> = Vec::new();
    for path in paths {
        let bytes = fsio::read(path)?;
        let frame = columns_of_parquet_object(&bytes, &names.iter().cloned().collect());
        let Ok(frame) = frame else { continue };
        if frame.columns().len() != names.len() {
            continue;
        }
        let dtypes: Vec<Dtype> = frame.columns().values().map(Values::dtype).collect();
        match kinds.iter_mut().find(|(known, ..)| *known == dtypes) {
            Some((_, paths, frames)) => {
                paths.push(path);
                frames.push(frame);
            }
            None => kinds.push((dtypes, vec![path], vec![frame])),
        }
    }
    for (_, paths, frames) in kinds.into_iter().filter(|(_, paths, _)| paths.len() > 1) {
        let merged = frames.into_iter().reduce(|all, frame| all.concat(&frame));
        let merged = merged.expect("there are several");
        let columns: Vec<(&str, &Values)> = names
            .iter()
            .filter_map(|name| Some((name.as_str(), merged.column(name.as_str())?)))
            .collect();
        let bytes = FileForm::Parquet.encode_columns(merged.rows(), &columns)?;
        replace(&paths, &bytes)?;
    }
    Ok(())
}

/// Puts one file in the place of several. At each step the files that count hold every row once.
fn replace(paths: &[&Path], bytes: &[u8]) -> Result<()> {
    let first = paths.first().expect("there are several");
    let merged = first.with_file_name(file_name(host::now()));
    let list = merged.with_extension(REPLACES);
    let names = paths.iter().filter_map(|path| path.file_name()?.to_str());
    let names: String = names.map(|name| format!("{name}\n")).collect();
    fsio::write_atomic(&list, names.as_bytes())?;
    fsio::write_atomic(&merged, bytes)?;
    for path in paths {
        fsio::remove(path)?;
    }
    fsio::remove(&list)
}
