//! Tables whose rows a database gives: asking, and keeping the answers.
//!
//! An answer is kept as one Parquet object with its rows in an order of their own, so that the same
//! rows are the same object in whatever order the server sent them. From then on it is a file as one
//! that `ingest --from` kept. The queries of one database are asked in one transaction and so see
//! one state of it; nothing is kept before all of them came to their end.

use std::collections::{BTreeMap, BTreeSet};

use super::ingest::{Chosen, Snapshots};
use super::sources::{KEPT, KeptSource, answer, dates_read, dates_without_rows, files_of};
use crate::definition::{AsOf, Mode, Query, Table, TableName};
use crate::error::{Error, Kind, Result};
use crate::hash::ObjectId;
use crate::postgres::ReadSession;
use crate::store::NewObject;
use crate::table::{self, Frame};

/// A query to be asked for some dates, in their order.
struct Question<'a> {
    table: &'a Table,
    query: &'a Query,
    dates: BTreeSet<AsOf>,
    /// Dates for which the answer may hold no rows: then there is none.
    may_be_empty: BTreeSet<AsOf>,
}

/// Dates that some tables are known to be made of.
pub type KnownDates = BTreeMap<TableName, BTreeSet<AsOf>>;

impl Snapshots<'_> {
    /// Asks the queries of these tables for a date, and for the known dates before it, where they
    /// never were asked as they are now. A query without `{as_of}` is asked by
    /// [`Snapshots::ingest`] alone.
    pub(super) fn ask_for_missing(
        &self,
        as_of: AsOf,
        needed: &BTreeSet<TableName>,
        known: &KnownDates,
    ) -> Result<Chosen> {
        let mut questions = Vec::new();
        for table in self.definitions.tables.values() {
            if let Some(query) = &table.source.query
                && query.is_dated()
                && needed.contains(&table.name)
            {
                let mut dates = self.dates_behind(table, as_of)?;
                if table.source.mode == Mode::Upsert {
                    let known = known.get(&table.name).into_iter().flatten();
                    dates.extend(known.filter(|date| **date < as_of));
                }
                for date in dates_without_rows(self.workspace.store(), table)? {
                    dates.remove(&date);
                }
                let may_be_empty = dates.clone();
                dates.insert(as_of);
                for file in files_of(self.workspace, table)? {
                    dates.remove(&file.date);
                }
                questions.push(Question {
                    table,
                    query,
                    dates,
                    may_be_empty,
                });
            }
        }
        self.ask(&questions)
    }

    /// Asks every query for a date, whatever it gave before.
    pub(super) fn ask_again(&self, as_of: AsOf) -> Result<Chosen> {
        let mut questions = Vec::new();
        for table in self.definitions.tables.values() {
            if let Some(query) = &table.source.query {
                let read = dates_read(self.workspace.store(), table)?;
                let mut dates = self.dates_behind(table, as_of)?;
                let mut may_be_empty = dates.clone();
                dates.insert(as_of);
                // Labels come months after what predicts them.
                if table.features.names().is_empty() && !read.contains(&as_of) {
                    may_be_empty.insert(as_of);
                }
                questions.push(Question {
                    table,
                    query,
                    dates,
                    may_be_empty,
                });
            }
        }
        self.ask(&questions)
    }

    /// Earlier dates that a snapshot of this date builds on, and for which another query was asked.
    fn dates_behind(&self, table: &Table, as_of: AsOf) -> Result<BTreeSet<AsOf>> {
        if !table.source.is_dated() || table.source.mode == Mode::Replace {
            return Ok(BTreeSet::new());
        }
        let mut dates = dates_read(self.workspace.store(), table)?;
        dates.retain(|date| *date < as_of);
        for file in files_of(self.workspace, table)? {
            dates.remove(&file.date);
        }
        Ok(dates)
    }

    fn ask(&self, questions: &[Question<'_>]) -> Result<Chosen> {
        let mut by_database: BTreeMap<&str, Vec<&Question<'_>>> = BTreeMap::new();
        for question in questions
            .iter()
            .filter(|question| !question.dates.is_empty())
        {
            let variable = question.query.url_env.as_str();
            by_database.entry(variable).or_default().push(question);
        }
        let mut answers = Vec::new();
        let mut without = Vec::new();
        for (variable, questions) in by_database {
            let mut session = ReadSession::begin(variable)?;
            for question in questions {
                for date in &question.dates {
                    let rows = session.read(question.table, question.query, *date)?;
                    if rows.rows() > 0 {
                        let bytes = table::to_parquet(&in_order(&rows, question.table))?;
                        answers.push((question.table, *date, bytes));
                    } else if question.may_be_empty.contains(date) {
                        without.push((question.table, *date));
                    } else {
                        return Err(no_rows(question, *date));
                    }
                }
            }
            session.end()?;
        }
        for (table, date) in without {
            self.forget(table, date)?;
        }
        self.keep(answers)
    }

    /// An older query or a lock knows of a date, and this query has no rows for it: only an ingest
    /// of that date asks again.
    fn forget(&self, table: &Table, date: AsOf) -> Result<()> {
        let kept = KeptSource {
            date,
            path: table.source.path_at(date),
            object: None,
        };
        let store = self.workspace.store();
        if !dates_without_rows(store, table)?.contains(&date) {
            let key = table.name.as_str();
            store.catalog().append(KEPT, key, &kept, &[])?;
        }
        Ok(())
    }

    fn keep(&self, answers: Vec<(&Table, AsOf, Vec<u8>)>) -> Result<Chosen> {
        let mut chosen = Chosen::new();
        for (table, date, bytes) in answers {
            let object = NewObject::of_bytes(&bytes);
            self.workspace.store().put(&object)?;
            let file = answer(&table.source.path, date, ObjectId::of_bytes(&bytes));
            chosen.entry(table.name.clone()).or_default().push(file);
        }
        Ok(chosen)
    }
}

/// By the key, then by every other column: rows that tie are equal.
fn in_order(rows: &Frame, table: &Table) -> Frame {
    let mut order = table::row_order(table, rows);
    for name in rows.columns().keys() {
        if !order.contains(name) {
            order.push(name.clone());
        }
    }
    table::sort(rows, &order)
}

fn no_rows(question: &Question<'_>, date: AsOf) -> Error {
    let table = question.table;
    let error = Error::new(
        Kind::DataRefused,
        format!("{} refused: the query gives no rows for {date}", table.name),
    )
    .detail(format!("query  {}", table.source.path));
    match question.query.is_dated() {
        true => error.help(format!(
            "the database may not have {date} yet; or mend the condition on `{{as_of}}` in {}",
            table.origin.source.path
        )),
        false => error.help(format!("mend the query in {}", table.origin.source.path)),
    }
}
