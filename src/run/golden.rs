//! A few test rows of a run, with what it said of them.
//!
//! Whoever is about to serve a run answers for these rows first, and demands the same bits. Nothing
//! is kept for it: the rows are chosen from what the run has left in the store, always the same ones.

use std::fmt;

use super::steps::{self, AS_OF, score_columns};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, RunId, TableHash};
use crate::learn::Outcome;
use crate::lockfile::Outputs;
use crate::plan::RunSpec;
use crate::store::Store;
use crate::table::{Cell, Frame, Values, row_number};
use crate::table_store;

/// So many test rows in the order of their keys, and so many more that have a null: nulls go other
/// ways through a model.
const FIRST: usize = 64;
const WITH_NULL: usize = 64;

/// Rows whose answers are known.
#[derive(Debug)]
pub struct GoldenRows {
    run: RunId,
    key: String,
    /// As they stand in the training set.
    rows: Frame,
    /// As they stand in the predictions.
    said: Frame,
}

/// Rows of which something else is said than the run said.
#[derive(Debug, PartialEq, Eq)]
pub struct OtherAnswers {
    run: RunId,
    rows: usize,
    of: usize,
    /// Key, column, what is said now and what was said.
    first: [String; 4],
}

impl fmt::Display for OtherAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, of, .. } = self;
        let run = self.run.short();
        let [key, column, now, then] = &self.first;
        write!(
            f,
            "the model of run {run} answers otherwise than the run did for {rows} of {of} test rows; \
             {key} first: {column} {now}, and was {then}"
        )
    }
}

impl GoldenRows {
    /// Chooses them among the first test rows of a run: those of the first row group of its files.
    ///
    /// # Errors
    /// [`Kind::NotReady`] where the store lacks an output, and a failure for one that is damaged or
    /// does not go with the others.
    pub fn of(store: &Store, run: RunId, outputs: &Outputs, spec: &RunSpec) -> Result<Self> {
        let head = |name: &str, table: TableHash| {
            if !store.objects().path(table.into()).is_file() {
                return Err(missing(run, name));
            }
            table_store::head(store, table, &format!("the {name} of run {}", run.short()))
        };
        let training_set = head("training set", outputs.training_set)?;
        let split = head("split", outputs.split)?;
        let said = head("predictions", outputs.predictions)?;
        let both = training_set.rows().min(split.rows());
        let tested = steps::test_rows(&training_set.slice(&(0..both)), &split.slice(&(0..both)))?;
        let chosen = chosen(&tested, spec, said.rows())?;
        let golden = Self {
            run,
            key: spec.key.to_string(),
            rows: tested.gather(&chosen),
            said: said.gather(&chosen),
        };
        golden.check()?;
        Ok(golden)
    }

    pub fn rows(&self) -> usize {
        self.rows.rows()
    }

    /// The rows, with the values of features by their full names.
    pub fn frame(&self) -> &Frame {
        &self.rows
    }

    /// The values of a feature by its full name, row by row.
    pub fn values(&self, feature: &str) -> Option<&Values> {
        self.rows.column(feature)
    }

    /// What is otherwise in scores of these rows, row after row; none where every bit is the same.
    pub fn other_answers(&self, outcome: &Outcome, scores: &[f64]) -> Result<Option<OtherAnswers>> {
        let now = score_columns(outcome, scores)?;
        let differs = |row: usize| {
            now.iter().find_map(|(name, values)| {
                let then = self.said.column(name.as_str());
                let (now, then) = (
                    values.cell(row),
                    then.map_or(Cell::Null, |then| then.cell(row)),
                );
                (!same_bits(now, then)).then_some((name, now, then))
            })
        };
        let mut rows = (0..self.rows()).filter_map(|row| Some((row, differs(row)?)));
        let Some((row, (name, now, then))) = rows.next() else {
            return Ok(None);
        };
        let key = steps::column(&self.rows, &self.key)?.cell(row);
        let key = format!("{} {key}", self.key);
        Ok(Some(OtherAnswers {
            run: self.run,
            first: [key, name.to_string(), now.to_string(), then.to_string()],
            rows: 1 + rows.count(),
            of: self.rows(),
        }))
    }

    /// Rows and predictions are of the same entities at the same dates.
    fn check(&self) -> Result<()> {
        for name in [self.key.as_str(), AS_OF] {
            let (rows, said) = (
                steps::column(&self.rows, name)?,
                steps::column(&self.said, name)?,
            );
            if (0..self.rows()).any(|row| rows.cell(row) != said.cell(row)) {
                let run = self.run.short();
                let message =
                    format!("the predictions of run {run} are not those of its test rows");
                return Err(Error::failure(message).help("`streamflow fsck` says what is damaged"));
            }
        }
        Ok(())
    }
}

/// The numbers of the rows that are taken of those that something was said of.
fn chosen(tested: &Frame, spec: &RunSpec, said: usize) -> Result<Vec<Option<u32>>> {
    let names = spec.features.keys().map(ToString::to_string);
    let columns = names.map(|name| steps::column(tested, &name));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let has_null = |row: &usize| columns.iter().any(|values| values.cell(*row) == Cell::Null);
    let all = tested.rows().min(said);
    let more = (FIRST..all).filter(has_null).take(WITH_NULL);
    let chosen = (0..all.min(FIRST)).chain(more);
    Ok(chosen.map(|row| Some(row_number(row))).collect())
}

fn same_bits(a: Cell, b: Cell) -> bool {
    match (a, b) {
        (Cell::F64(a), Cell::F64(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

fn missing(run: RunId, name: &str) -> Error {
    let run = run.short();
    let message = format!(
        "this store does not have the {name} of run {run}, by which its model is tried before it serves"
    );
    Error::new(Kind::NotReady, message).help(format!("`streamflow replay {run}` makes it again"))
}
