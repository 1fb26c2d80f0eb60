//! What checks look up in other tables, and what they found there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::build::HashedFile;
use super::ingest::{Snapshots, Visit};
use super::sources::{files_of, no_file};
use crate::check::{Against, OtherTable};
use crate::definition::{AsOf, Check, Table, TableName};
use crate::error::Result;
use crate::hash::TableHash;
use crate::store::Store;
use crate::table;

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

    /// The date of the newest file of a table up to a date.
    fn newest_file(&self, table: &Table, date: AsOf, visit: &Visit<'_>) -> Result<Option<AsOf>> {
        let mut dates = self.dates_on_file(table)?;
        dates.extend(visit.chosen_date(&table.name));
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
