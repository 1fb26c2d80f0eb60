//! Which row of a table counts for an entity at a date.
//!
//! | | plain table | event table |
//! |---|---|---|
//! | rows of a key | one | many |
//! | instant of a row | the last instant of its row date | its timestamp |
//!
//! A row is seen at `t`, the last instant of the date, when its instant is at or before `t` and so is
//! the instant at which it became known, where the table says that. Of the rows that are seen the one
//! with the newest instant counts; among equal instants the one that became known last; among those
//! the last in canonical row order. Whether it is too old is asked afterwards: the newest row is
//! expired when `instant < t − ttl`. A column of dates counts at each date's last instant. A row whose
//! instant, or whose `created`, is null is never seen: nobody can say that it was known.
//!
//! Snapshots hold rows in canonical order (by key; events by key, timestamp, created, columns), so the
//! spine is visited in the order of its keys, and each key is sought onward from where the last was
//! found, in steps that double and then halve. A sorted spine of many rows thereby merges with the
//! history; a single key is a binary search.

use super::Status;
use crate::definition::{Age, AsOf, ColumnName, Dtype, Table};
use crate::error::{Error, Result};
use crate::table::{Cell, Frame, Values};

/// The rows of one table as a snapshot holds them, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    frame: &'a Frame,
    keys: &'a Values,
    /// The column that dates the rows: `__row_date`, or the timestamps of events.
    instants: &'a Values,
    created: Option<&'a Values>,
}

/// The row that counts for one spine row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    NotFound,
    Row {
        row: usize,
        /// Microseconds from the row's instant to the last instant of the date; never negative.
        age: i64,
    },
}

impl Match {
    /// `Present` unless the row is absent or older than the time to live.
    pub fn status(self, ttl: Option<Age>) -> Status {
        match (self, ttl) {
            (Self::NotFound, _) => Status::NotFound,
            (Self::Row { age, .. }, Some(ttl)) if age > ttl.microseconds() => Status::Expired,
            (Self::Row { .. }, _) => Status::Present,
        }
    }
}

impl<'a> History<'a> {
    /// `timestamp` names the instants of an event table; a plain table has none.
    ///
    /// # Errors
    /// When a column is missing, or its type cannot be that of a key or of an instant.
    pub fn new(
        frame: &'a Frame,
        key: &ColumnName,
        timestamp: Option<&ColumnName>,
        created: Option<&ColumnName>,
    ) -> Result<Self> {
        let row_date = ColumnName::row_date();
        Ok(Self {
            frame,
            keys: column(frame, key, &[Dtype::String, Dtype::I64])?,
            instants: column(frame, timestamp.unwrap_or(&row_date), INSTANTS)?,
            created: created
                .map(|name| column(frame, name, INSTANTS))
                .transpose()?,
        })
    }

    /// The history of a declared table.
    ///
    /// # Errors
    /// As of [`History::new`].
    pub fn of(table: &Table, frame: &'a Frame) -> Result<Self> {
        let source = &table.source;
        let (timestamp, created) = (source.timestamp.as_ref(), source.created.as_ref());
        Self::new(frame, &table.key, timestamp, created)
    }

    pub fn frame(&self) -> &'a Frame {
        self.frame
    }

    /// The row that counts for each key, in the order of `keys`. Keys that are null, or of another
    /// type than the history's, have no row.
    pub fn match_rows(&self, keys: &Values, as_of: AsOf) -> Vec<Match> {
        match (self.keys, keys) {
            (Values::String(own), Values::String(sought)) => {
                self.seek_all(sought.len(), |at| sought.get(at), |row| own.get(row), as_of)
            }
            (Values::I64(own), Values::I64(sought)) => {
                self.seek_all(sought.len(), |at| sought.get(at), |row| own.get(row), as_of)
            }
            _ => vec![Match::NotFound; keys.len()],
        }
    }

    fn seek_all<K: Ord>(
        &self,
        count: usize,
        sought: impl Fn(usize) -> Option<K>,
        own: impl Fn(usize) -> Option<K>,
        as_of: AsOf,
    ) -> Vec<Match> {
        let last_instant = as_of.end() - 1;
        let mut matches = vec![Match::NotFound; count];
        let mut from = 0;
        for at in in_key_order(count, &sought) {
            let Some(key) = sought(at) else { continue };
            let key = Some(key);
            from = first_where(from, self.frame.rows(), |row| own(row) >= key);
            let end = first_where(from, self.frame.rows(), |row| own(row) > key);
            matches[at] = self.newest(from, end, last_instant);
        }
        matches
    }

    /// The row that counts at instant `t` among `from..end`, the rows of one key.
    fn newest(&self, from: usize, end: usize, t: i64) -> Match {
        // Canonical order puts null instants first, then older before newer.
        let seen = first_where(from, end, |row| {
            instant(self.instants, row).is_some_and(|instant| instant > t)
        });
        let known = |row: &usize| match self.created {
            Some(created) => instant(created, *row).is_some_and(|instant| instant <= t),
            None => true,
        };
        (from..seen)
            .rev()
            .find(known)
            .and_then(|row| {
                let age = t - instant(self.instants, row)?;
                Some(Match::Row { row, age })
            })
            .unwrap_or(Match::NotFound)
    }
}

const INSTANTS: &[Dtype] = &[Dtype::Date, Dtype::Datetime];

fn column<'a>(frame: &'a Frame, name: &ColumnName, dtypes: &[Dtype]) -> Result<&'a Values> {
    frame
        .column(name.as_str())
        .filter(|values| dtypes.contains(&values.dtype()))
        .ok_or_else(|| {
            Error::failure(format!(
                "the snapshot has no column `{name}` that could be a key or an instant"
            ))
        })
}

/// Microseconds of a date's last instant, or of an instant.
fn instant(values: &Values, row: usize) -> Option<i64> {
    match values.cell(row) {
        Cell::Date(days) => Some((i64::from(days) + 1) * MICROSECONDS_PER_DAY - 1),
        Cell::Datetime(microseconds) => Some(microseconds),
        _ => None,
    }
}

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// The row numbers `0..count` in the order of their keys.
fn in_key_order<K: Ord>(
    count: usize,
    key: impl Fn(usize) -> Option<K>,
) -> impl Iterator<Item = usize> {
    let sorted = (1..count).all(|at| key(at - 1) <= key(at));
    let mut order: Vec<usize> = Vec::new();
    if !sorted {
        let mut keyed: Vec<(Option<K>, usize)> = (0..count).map(|at| (key(at), at)).collect();
        keyed.sort_unstable();
        order.extend(keyed.into_iter().map(|(_, at)| at));
    }
    (0..count).map(move |at| if sorted { at } else { order[at] })
}

/// The first row of `from..end` where a condition holds that holds for all rows after it; `end` when
/// there is none. Near `from` it takes few steps, far from it a logarithm of the distance.
fn first_where(from: usize, end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut step = 1;
    let mut low = from;
    while low < end && !holds(low + (step - 1).min(end - low - 1)) {
        low += step.min(end - low);
        step *= 2;
    }
    let mut high = low + (step - 1).min(end - low);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
