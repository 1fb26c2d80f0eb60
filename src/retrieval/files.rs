//! Which files of a table the rows of a spine see.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{AsOf, Mode, Table};
use crate::error::{Error, Kind, Result};
use crate::table::counted;

/// Rows of a spine that are found in one snapshot.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// The date of the snapshot.
    pub as_of: AsOf,
    /// In the order of the spine.
    pub rows: Vec<usize>,
    /// The newest file each of the rows sees, where it is not that of the snapshot for all.
    pub files: Option<Vec<AsOf>>,
}

/// How a table is read for a spine.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    pub groups: Vec<Group>,
    /// Rows before the first file of a plain table, with the date of that.
    before: (usize, AsOf),
    /// Rows after the newest file, with the date of that.
    after: (usize, AsOf),
}

/// Plans one table. `dates` are those of its files, ascending.
///
/// # Errors
/// [`Kind::MissingInput`] for a table without any file.
pub fn plan(table: &Table, dates: &[AsOf], instants: &[i64]) -> Result<Plan> {
    let (Some(first), Some(newest)) = (dates.first(), dates.last()) else {
        return Err(no_files(table));
    };
    let is_event = table.source.timestamp.is_some();
    let file_of = |t: i64| match is_event {
        true => Some(covering(dates, t).unwrap_or(*newest)),
        false => newest_until(dates, t),
    };
    let files: Vec<Option<AsOf>> = instants.iter().map(|t| file_of(*t)).collect();
    let groups = match is_event && table.source.mode == Mode::Upsert {
        true => one_group(&files),
        false => groups_of(&files),
    };
    let count = |late: &dyn Fn(i64) -> bool| instants.iter().filter(|t| late(**t)).count();
    let unseen = files.iter().filter(|file| file.is_none()).count();
    Ok(Plan {
        groups,
        before: (unseen, *first),
        after: (count(&|t| t >= newest.end()), *newest),
    })
}

/// The first file dated at or after an instant.
fn covering(dates: &[AsOf], t: i64) -> Option<AsOf> {
    let at = dates.partition_point(|date| date.end() - 1 < t);
    dates.get(at).copied()
}

/// The newest file dated at or before an instant.
fn newest_until(dates: &[AsOf], t: i64) -> Option<AsOf> {
    let at = dates.partition_point(|date| date.end() - 1 <= t);
    at.checked_sub(1).map(|at| dates[at])
}

/// Every file is in the newest snapshot, so one is enough; rows are told apart by the file they see.
fn one_group(files: &[Option<AsOf>]) -> Vec<Group> {
    let seen: Vec<AsOf> = files.iter().copied().flatten().collect();
    let Some(newest) = seen.iter().max().copied() else {
        return Vec::new();
    };
    let differ = seen.iter().any(|file| *file != newest);
    vec![Group {
        as_of: newest,
        rows: (0..files.len()).collect(),
        files: differ.then_some(seen),
    }]
}

fn groups_of(files: &[Option<AsOf>]) -> Vec<Group> {
    let mut rows: BTreeMap<AsOf, Vec<usize>> = BTreeMap::new();
    for (row, file) in files.iter().enumerate() {
        if let Some(file) = file {
            rows.entry(*file).or_default().push(row);
        }
    }
    let groups = rows.into_iter().map(|(as_of, rows)| Group {
        as_of,
        rows,
        files: None,
    });
    groups.collect()
}

impl Plan {
    /// The dates of the snapshots that are read.
    pub fn files(&self) -> BTreeSet<AsOf> {
        self.groups.iter().map(|group| group.as_of).collect()
    }

    pub fn notices(&self, table: &Table) -> Vec<String> {
        let name = &table.name;
        let (before, first) = self.before;
        let (after, newest) = self.after;
        let rows = |count| counted(count, "row");
        let early = (before > 0).then(|| {
            format!(
                "{name}: {} before its first file, {first}: nothing was known",
                rows(before)
            )
        });
        let late = (after > 0).then(|| {
            format!(
                "{name}: {} after its newest file, {newest}: what was known then",
                rows(after)
            )
        });
        early.into_iter().chain(late).collect()
    }
}

fn no_files(table: &Table) -> Error {
    Error::new(
        Kind::MissingInput,
        format!("{} has no file of any date", table.name),
    )
    .detail(format!("expected  {}", table.source.path))
    .help("put the files there, or read one from elsewhere: `streamflow ingest --as-of DATE --from DIR`")
}
