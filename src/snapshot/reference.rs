//! What checks look up in other tables, and what they found there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::build::HashedFile;
use super::ingest::{SNAPSHOT, Snapshots, Visit};
use super::model::{Snapshot, TableSnapshot};
use super::sources::{files_of, no_file};
use crate::check::{Against, OtherTable};
use crate::definition::{AsOf, Check, Table, TableName};
use crate::error::Result;
use crate::hash::TableHash;
use crate::store::Store;
use crate::table;

/// The kind of [`TableSnapshot`] facts of dates that were never stamped. They need no object: the
/// table is made again where a file is to be held against it.
const MADE: &str = "table for others";

fn made_key(table: &TableName, as_of: AsOf) -> String {
    format!("{table} {as_of}")
}

/// Another table as it was when a file was checked against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referred {
    /// The date of the file that was checked.
    pub date: AsOf,
    pub table: TableName,
    /// The table's snapshot as of its newest file up to that date.
    pub hash: TableHash,
    /// Rows of that file, as they were read.
    pub rows_in_file: u64,
}

impl Snapshots<'_> {
    /// The tables that checks of a table refer to, for each of its files, in order of date and name.
    ///
    /// A file that is older than every file of the other table has nothing to be held against; the
    /// newest one must have.
    pub(super) fn references(
        &self,
        table: &Table,
        files: &[HashedFile],
        visit: &Visit<'_>,
    ) -> Result<Vec<Referred>> {
        let names: BTreeSet<&TableName> = table
            .checks
            .iter()
            .filter_map(Check::reference)
            .map(|reference| reference.table)
            .collect();
        let mut found = Vec::new();
        for (at, HashedFile { file, .. }) in files.iter().enumerate() {
            for name in &names {
                let other = self.table(name)?;
                match self.newest_file(other, file.date, visit)? {
                    Some(date) => {
                        let snapshot = self.visit(other, date, visit)?;
                        // What is looked at now will be stamped.
                        if files.last().is_none_or(|last| last.file.date != date) {
                            self.remember_made(name, date, &snapshot)?;
                        }
                        found.push(Referred {
                            date: file.date,
                            table: (*name).clone(),
                            hash: snapshot.hash,
                            rows_in_file: snapshot.sources.last().map_or(0, |file| file.rows),
                        });
                    }
                    None if at + 1 == files.len() => {
                        let files = files_of(self.workspace, other)?;
                        let error = no_file(other, file.date, &files);
                        return Err(error.detail(format!(
                            "needed   by a check of {} that refers to it",
                            table.name
                        )));
                    }
                    None => {}
                }
            }
        }
        Ok(found)
    }

    /// A table at a date that was only ever made because another one refers to it.
    pub(super) fn made_before(
        &self,
        table: &TableName,
        as_of: AsOf,
    ) -> Result<Option<TableSnapshot>> {
        let catalog = self.workspace.store().catalog();
        let fact = catalog.latest::<TableSnapshot>(MADE, &made_key(table, as_of))?;
        Ok(fact.map(|fact| fact.value))
    }

    /// Keeps what a table at a date was, so that its files need not be read again for that.
    fn remember_made(&self, table: &TableName, as_of: AsOf, made: &TableSnapshot) -> Result<()> {
        let catalog = self.workspace.store().catalog();
        let stamped = catalog.latest::<Snapshot>(SNAPSHOT, &as_of.to_string())?;
        let stamped = stamped.is_some_and(|fact| fact.value.tables.get(table) == Some(made));
        if !stamped && self.made_before(table, as_of)?.as_ref() != Some(made) {
            catalog.append(MADE, &made_key(table, as_of), made, &[])?;
        }
        Ok(())
    }

    /// Makes the objects of tables that are referred to where the store has lost them.
    pub(super) fn restore<'a>(&self, references: impl Iterator<Item = &'a Referred>) -> Result<()> {
        let store = self.workspace.store();
        for referred in references {
            if store.is_sound(referred.hash.into())? {
                continue;
            }
            let stamped = store.catalog().all::<Snapshot>(SNAPSHOT)?;
            let stamped = stamped
                .into_iter()
                .filter_map(|mut fact| fact.value.tables.remove(&referred.table));
            let made = store.catalog().all::<TableSnapshot>(MADE)?;
            let made = made.into_iter().map(|fact| fact.value);
            let recorded = stamped
                .chain(made)
                .find(|found| found.hash == referred.hash);
            if let Some(recorded) = recorded {
                self.rebuild(&referred.table, &recorded)?;
            }
        }
        Ok(())
    }

    /// The date of the newest file of a table up to a date.
    fn newest_file(&self, table: &Table, date: AsOf, visit: &Visit<'_>) -> Result<Option<AsOf>> {
        let mut dates = self.dates_on_file(table)?;
        dates.extend(visit.chosen_dates(&table.name));
        Ok(dates.into_iter().filter(|found| *found <= date).max())
    }
}

/// Other tables as checks of the file of a date see them.
pub fn against(store: &Store, references: &[Referred], date: AsOf) -> Result<Against> {
    let mut tables = BTreeMap::new();
    for referred in references.iter().filter(|referred| referred.date == date) {
        let needed_by = format!("checks that refer to {}", referred.table);
        let bytes = store.get(referred.hash.into(), &needed_by)?;
        let other = OtherTable {
            frame: table::from_parquet_object(&bytes)?,
            rows_in_file: referred.rows_in_file,
        };
        tables.insert(referred.table.clone(), other);
    }
    Ok(Against {
        as_of: date,
        tables,
    })
}
