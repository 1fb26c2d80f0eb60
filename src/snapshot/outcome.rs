//! What checks said of the files of a date: of a snapshot that was stamped, or of one that was
//! refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ingest::{SNAPSHOT, Snapshots};
use super::model::Snapshot;
use super::sources::files_of;
use crate::check::{self, CheckResult, Suggestion};
use crate::definition::{AsOf, Table, TableName};
use crate::error::{Error, Kind, Result};
use crate::hash::{ObjectId, TableHash};
use crate::store::{Catalog, Fact};
use crate::table::{self, Frame};

/// The kind of [`Refused`] facts, under the date of the file.
pub(super) const REFUSED: &str = "refused file";

/// A file that failed its checks: nothing was stamped, and what was found is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    pub table: TableName,
    pub date: AsOf,
    pub path: String,
    /// BLAKE3 of the file's bytes.
    pub source: ObjectId,
    pub rows: u64,
    pub checks: Vec<CheckResult>,
}

/// What the checks of a date found.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub as_of: AsOf,
    /// The newest revision of the date; none when nothing was ever stamped.
    pub snapshot: Option<Snapshot>,
    /// Files that were refused since.
    pub refused: BTreeMap<TableName, Refused>,
}

impl Outcome {
    /// The tables there is something to say of.
    pub fn tables(&self) -> Vec<&TableName> {
        let stamped = self.snapshot.iter().flat_map(|found| found.tables.keys());
        let mut names: Vec<_> = stamped.chain(self.refused.keys()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Keeps what was found in a file that is refused, unless that is the last that was found.
pub fn remember_refusal(catalog: &Catalog, refused: &Refused) -> Result<()> {
    let key = refused.date.to_string();
    let last = catalog.latest::<Refused>(REFUSED, &key)?;
    if last.is_none_or(|fact| fact.value != *refused) {
        catalog.append(REFUSED, &key, refused, &[])?;
    }
    Ok(())
}

impl Snapshots<'_> {
    /// What checks said at a date, or at the newest date there is.
    ///
    /// # Errors
    /// [`Kind::MissingInput`] when nothing was ingested at the date.
    pub fn outcome(&self, as_of: Option<AsOf>) -> Result<Outcome> {
        let catalog = self.workspace.store().catalog();
        let refusals = catalog.all::<Refused>(REFUSED)?;
        let snapshots = catalog.all::<Snapshot>(SNAPSHOT)?;
        let stamped = snapshots.iter().map(|fact| fact.value.as_of);
        let dates = stamped.chain(refusals.iter().map(|fact| fact.value.date));
        let as_of = match as_of {
            Some(date) => date,
            None => dates.max().ok_or_else(|| {
                Error::new(Kind::MissingInput, "nothing is ingested yet")
                    .help("`streamflow ingest --as-of DATE` reads and checks the files of a date")
            })?,
        };
        let of_date = |fact: &Fact<Snapshot>| fact.value.as_of == as_of;
        let newest = snapshots.into_iter().rfind(of_date);
        let since = newest.as_ref().map_or(0, |fact| fact.sequence);
        let refused: BTreeMap<TableName, Refused> = refusals
            .into_iter()
            .filter(|fact| fact.value.date == as_of && fact.sequence > since)
            .map(|fact| (fact.value.table.clone(), fact.value))
            .collect();
        if newest.is_none() && refused.is_empty() {
            return Err(nothing_at(as_of));
        }
        Ok(Outcome {
            as_of,
            snapshot: newest.map(|fact| fact.value),
            refused,
        })
    }

    /// The rows of a table that were set aside at a date.
    ///
    /// # Errors
    /// [`Kind::MissingInput`] where there are none, or the store has them no more.
    pub fn quarantined(&self, table: &TableName, as_of: AsOf, object: TableHash) -> Result<Frame> {
        let store = self.workspace.store();
        if !store.is_sound(object.into())? {
            return Err(Error::new(
                Kind::MissingInput,
                format!("the quarantined rows of {table} at {as_of} are no longer in the store"),
            )
            .help(format!(
                "`streamflow ingest --as-of {as_of}` makes them again"
            )));
        }
        let needed_by = format!("the quarantined rows of {table} at {as_of}");
        table::from_parquet_object(&store.get(object.into(), &needed_by)?)
    }

    /// Rules that the newest file of a table keeps, with the place of the file: that of its newest
    /// snapshot, or the newest there is.
    pub fn suggest(&self, table: &Table) -> Result<(String, Vec<Suggestion>)> {
        let files = files_of(self.workspace, table)?;
        let stamped = self.all()?.into_iter().rev();
        let stamped = stamped
            .filter(|snapshot| snapshot.tables.contains_key(&table.name))
            .map(|snapshot| snapshot.as_of);
        let newest = files.last().map(|file| file.date);
        let date = stamped
            .into_iter()
            .find(|date| files.iter().any(|file| file.date == *date))
            .or(newest);
        let file = files.iter().find(|file| Some(file.date) == date);
        let Some(file) = file else {
            return Err(no_file_at_all(table));
        };
        let (bytes, _) = file.read(self.workspace.store())?;
        let read = table::read(&bytes, &file.path, file.date, table)?;
        let suggestions = check::suggest(table, &read, file.date);
        Ok((file.path.clone(), suggestions))
    }
}

fn nothing_at(as_of: AsOf) -> Error {
    Error::new(
        Kind::MissingInput,
        format!("nothing is ingested at {as_of}"),
    )
    .help(format!(
        "`streamflow ingest --as-of {as_of}` reads and checks the files of that date"
    ))
    .help("`streamflow snapshots` lists the dates there are")
}

fn no_file_at_all(table: &Table) -> Error {
    Error::new(
        Kind::MissingInput,
        format!("{} has no file to look at", table.name),
    )
    .detail(format!("expected  {}", table.source.path))
    .help(match table.source.is_dated() {
        true => "put a file there: `{as_of}` stands for its date",
        false => "`streamflow ingest --as-of DATE` reads the file as it is now and keeps it",
    })
}
