//! Features at a point in time: the one way to compute them, for training, materializing, serving.
//!
//! [`values_at`] is that way. It takes the history of one table as a snapshot holds it, a spine of
//! entities at points in time, and what the features are; it gives one value and one status per
//! feature and spine row, in the order of the spine, repetitions kept. A million training rows and
//! the one entity of a request go through the same code.
//!
//! `history` finds the row that counts for each entity; `derive` evaluates expressions over rows;
//! `window` gathers the events of a window; `spec` says all that decides a feature's values, which is
//! what its hash is made of.
//!
//! A row is absent when no row of the entity can be seen at the date, or when the newest one is
//! older than the time to live. Then every feature of the table is null for the entity, derived
//! ones too: `COALESCE(x, 0)` speaks of a null in a row, not of a row that is not there. Windowed
//! features are null only where the first holds: an entity that was ever seen and has no event in
//! the window has a COUNT of 0, however long ago it was seen. Features on demand read what comes
//! with the spine too; those that read nothing else need no row.

mod derive;
mod history;
pub mod on_demand;
mod spec;
mod spine;
mod window;

use std::collections::BTreeMap;

use polars::prelude::IdxSize;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::definition::{Age, ColumnName, Dtype, Expression, FeatureName, Windowed};
use crate::error::{Error, Result};
use crate::table::{Cell, Frame, Values, row_number};

pub use derive::evaluate;
pub use history::{Found, History, Match};
pub use spec::{FeatureSource, FeatureSpec};
pub use spine::Spine;

/// What became of one feature for one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Present,
    /// The row is there, the value is null.
    Null,
    /// The newest row is older than the time to live; the value is null.
    Expired,
    /// The table has no row of the entity at the date; the value is null.
    NotFound,
    /// The value is made when a request comes; here none has, and it is null.
    Request,
}

impl Status {
    /// The word in documents and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Null => "null",
            Self::Expired => "expired",
            Self::NotFound => "not_found",
            Self::Request => "request",
        }
    }
}

/// One feature's values, one per spine row.
#[derive(Debug, Clone)]
pub struct FeatureValues {
    pub values: Values,
    pub status: Vec<Status>,
}

impl FeatureValues {
    /// The values of `self`, then those of `other`: one feature at several dates.
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        Self {
            values: self.values.concat(&other.values),
            status: [&self.status[..], &other.status].concat(),
        }
    }
}

/// The values of features of one table at the times of a spine, each in the order of the spine.
///
/// # Errors
/// When the history lacks a column that a feature reads, or has it as another type.
pub fn values_at(
    history: &History<'_>,
    spine: &Spine,
    specs: &[FeatureSpec],
) -> Result<BTreeMap<FeatureName, FeatureValues>> {
    let found = history.find(spine);
    let mut live: BTreeMap<Option<Age>, LiveRows> = BTreeMap::new();
    for spec in specs {
        live.entry(spec.ttl)
            .or_insert_with(|| LiveRows::within(spec.ttl, &found));
    }
    let found = Rows {
        history,
        spine,
        found: &found,
    };
    let values_of = |spec: &FeatureSpec| found.values(spec, &live[&spec.ttl]);
    // One entity's values are there before another thread wakes up.
    let values: Vec<Result<FeatureValues>> = match spine.rows() > WORTH_THREADS {
        true => specs.par_iter().map(values_of).collect(),
        false => specs.iter().map(values_of).collect(),
    };
    let named = specs.iter().zip(values);
    named
        .map(|(spec, values)| Ok((spec.name(), values?)))
        .collect()
}

/// Spine rows from which on features are computed on several threads.
const WORTH_THREADS: usize = 1024;

/// What a history holds for the rows of a spine.
struct Rows<'a> {
    history: &'a History<'a>,
    spine: &'a Spine,
    found: &'a [Found],
}

impl Rows<'_> {
    fn values(&self, spec: &FeatureSpec, live: &LiveRows) -> Result<FeatureValues> {
        let frame = self.history.frame();
        let none = BTreeMap::new();
        let values = match &spec.source {
            FeatureSource::Column => column(frame, spec, &spec.feature)?.gather(&live.rows),
            FeatureSource::Derived(expression) => self.derived(spec, expression, &none, live)?,
            FeatureSource::Windowed(windowed) => self.windowed(spec, windowed)?,
            FeatureSource::Combined {
                expression,
                windowed,
            } => self.derived(spec, expression, windowed, live)?,
            FeatureSource::OnDemand {
                expression,
                windowed,
                request,
            } => {
                let of_table = expression.inputs().into_iter();
                let of_table = of_table.filter(|(name, _)| !request.contains_key(name));
                let known = self.inputs(spec, of_table, windowed, live)?;
                return on_demand::values(spec, known, &live.status, &self.spine.request);
            }
        };
        if values.dtype() != spec.dtype {
            return Err(unfit(spec, &spec.feature));
        }
        Ok(FeatureValues {
            status: live.status_of(&values),
            values,
        })
    }

    fn windowed(&self, spec: &FeatureSpec, windowed: &Windowed) -> Result<Values> {
        window::values(self.history, self.spine, self.found, spec, windowed)
    }

    /// The expression over the rows that count and over aggregates; null where no row counts.
    fn derived(
        &self,
        spec: &FeatureSpec,
        expression: &Expression,
        aggregates: &BTreeMap<ColumnName, Windowed>,
        live: &LiveRows,
    ) -> Result<Values> {
        let inputs = self.inputs(spec, expression.inputs().into_iter(), aggregates, live)?;
        Ok(live.blank(&evaluate(expression, &Frame::new(live.rows.len(), inputs))))
    }

    /// What an expression reads, null where no row counts.
    fn inputs(
        &self,
        spec: &FeatureSpec,
        names: impl Iterator<Item = (ColumnName, Dtype)>,
        aggregates: &BTreeMap<ColumnName, Windowed>,
        live: &LiveRows,
    ) -> Result<BTreeMap<ColumnName, Values>> {
        let mut inputs = BTreeMap::new();
        for (name, dtype) in names {
            let values = match aggregates.get(&name) {
                Some(windowed) => self.windowed(spec, windowed)?,
                None => column(self.history.frame(), spec, &name)?.gather(&live.rows),
            };
            if values.dtype() != dtype {
                return Err(unfit(spec, &name));
            }
            inputs.insert(name, values);
        }
        Ok(inputs)
    }
}

fn column<'a>(frame: &'a Frame, spec: &FeatureSpec, name: &ColumnName) -> Result<&'a Values> {
    frame.column(name.as_str()).ok_or_else(|| unfit(spec, name))
}

fn unfit(spec: &FeatureSpec, column: &ColumnName) -> Error {
    Error::failure(format!(
        "the snapshot of `{}` does not fit feature `{}`: its column `{column}` is missing or of another type",
        spec.table,
        spec.name()
    ))
}

/// Which row of the history counts for each spine row, under one time to live.
struct LiveRows {
    /// None where the row is absent or expired.
    rows: Vec<Option<IdxSize>>,
    /// What is known of a spine row before any value is looked at; `Present` where a row counts.
    status: Vec<Status>,
}

impl LiveRows {
    fn within(ttl: Option<Age>, found: &[Found]) -> Self {
        let status: Vec<Status> = found.iter().map(|found| found.newest.status(ttl)).collect();
        let rows = found
            .iter()
            .zip(&status)
            .map(|(found, status)| match (found.newest, status) {
                (Match::Row { row, .. }, Status::Present) => Some(row_number(row)),
                _ => None,
            })
            .collect();
        Self { rows, status }
    }

    fn status_of(&self, values: &Values) -> Vec<Status> {
        let nulls = values.null_count() > 0;
        let status = self.status.iter().enumerate();
        status
            .map(|(row, status)| match status {
                Status::Present if nulls && values.cell(row) == Cell::Null => Status::Null,
                other => *other,
            })
            .collect()
    }

    /// The values with null where no row counts.
    fn blank(&self, values: &Values) -> Values {
        if self.rows.iter().all(Option::is_some) {
            return values.clone();
        }
        let kept: Vec<_> = self
            .rows
            .iter()
            .enumerate()
            .map(|(at, row)| row.map(|_| row_number(at)))
            .collect();
        values.gather(&kept)
    }
}

#[cfg(test)]
mod tests;
