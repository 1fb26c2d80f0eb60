//! Which row of a table counts for an entity at a date.
//!
//! | | plain table | event table |
//! |---|---|---|
//! | rows of a key | one | many |
//! | instant of a row | the last instant of its row date | its timestamp |
//!
//! A row is seen at `t`, an instant or the last instant of a date, when its instant is at or before `t` and so is
//! the instant at which it became known, where the table says that. Of the rows that are seen the one
//! with the newest instant counts; among equal instants the one that became known last; among those
//! the last in canonical row order. Whether it is too old is asked afterwards: the newest row is
//! expired when `instant < t − ttl`. A column of dates counts at each date's last instant. A row whose
//! instant, or whose `created`, is null is never seen: nobody can say that it was known. Where a spine
//! names the newest file each of its rows sees, rows that came with a later file are not seen either.
//!
//! Snapshots hold rows in canonical order (by key; events by key, timestamp, created, columns), so the
//! spine is visited in the order of its keys, and each key is sought onward from where the last was
//! found, in steps that double and then halve. A sorted spine of many rows thereby merges with the
//! history; a single key is a binary search. Long spines are cut into pieces that threads take; each
//! spine row is found by itself, so nothing depends on where the cuts are.

use std::cmp::Ordering;
use std::ops::Range;

use polars::prelude::{IdxSize, Int32Chunked, Int64Chunked};
use rayon::prelude::*;

use super::spine::Moment;
use super::{Spine, Status};
use crate::definition::{Age, AsOf, ColumnName, Dtype, Table};
use crate::error::{Error, Result};
use crate::table::{Frame, Values, row_number, sorted_rows};

/// The rows of one table as a snapshot holds them, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    frame: &'a Frame,
    keys: &'a Values,
    /// The column that dates the rows: `__row_date`, or the timestamps of events.
    instants: Instants<'a>,
    created: Option<Instants<'a>>,
    /// The date of the file each row came with.
    files: Option<&'a Int32Chunked>,
}

/// The row that counts for one spine row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    NotFound,
    Row {
        row: usize,
        /// Microseconds from the row's instant to the spine row's; never negative.
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

/// What a history holds for one spine row.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The row that counts.
    pub newest: Match,
    /// The rows of the key whose instant is at or before the spine row's, in canonical order; among
    /// them may be some that became known later.
    start: IdxSize,
    end: IdxSize,
}

impl Found {
    const NOTHING: Self = Self {
        newest: Match::NotFound,
        start: 0,
        end: 0,
    };

    pub(super) fn rows(self) -> Range<usize> {
        self.start as usize..self.end as usize
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
        let instants = |name: &ColumnName| {
            let values = frame.column(name.as_str());
            values.and_then(Instants::of).ok_or_else(|| unfit(name))
        };
        let keys = frame.column(key.as_str());
        let keys = keys.filter(|keys| matches!(keys.dtype(), Dtype::String | Dtype::I64));
        Ok(Self {
            frame,
            keys: keys.ok_or_else(|| unfit(key))?,
            instants: instants(timestamp.unwrap_or(&row_date))?,
            created: created.map(instants).transpose()?,
            files: match frame.column(row_date.as_str()) {
                Some(Values::Date(days)) => Some(days),
                _ => None,
            },
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

    /// The row that counts for each key at the end of a date, in the order of `keys`. Keys that are
    /// null, or of another type than the history's, have no row.
    pub fn match_rows(&self, keys: &Values, as_of: AsOf) -> Vec<Match> {
        let found = self.find(&Spine::at(keys.clone(), as_of));
        found.into_iter().map(|found| found.newest).collect()
    }

    /// What there is for each spine row, in the order of the spine.
    pub fn find(&self, spine: &Spine) -> Vec<Found> {
        match (self.keys, &spine.keys) {
            (Values::String(own), Values::String(sought)) => {
                self.seek_all(spine, |at| sought.get(at), |row| own.get(row))
            }
            (Values::I64(own), Values::I64(sought)) => {
                self.seek_all(spine, |at| sought.get(at), |row| own.get(row))
            }
            _ => vec![Found::NOTHING; spine.rows()],
        }
    }

    fn seek_all<K: Ord + Copy>(
        &self,
        spine: &Spine,
        sought: impl Fn(usize) -> Option<K> + Sync,
        own: impl Fn(usize) -> Option<K> + Sync,
    ) -> Vec<Found> {
        let count = spine.rows();
        let sorted = (1..count).all(|at| sought(at - 1) <= sought(at));
        let order = (!sorted).then(|| sorted_rows(count, &[&spine.keys]));
        let nth = |at: usize| order.as_ref().map_or(at, |order| order[at] as usize);
        let seek_piece = |piece: Range<usize>| -> Vec<Found> {
            let (mut last, mut rows) = (None, 0..0);
            piece
                .map(|at| {
                    let at = nth(at);
                    let key = sought(at);
                    if key.is_none() {
                        return Found::NOTHING;
                    }
                    if key != last {
                        rows = self.rows_of(rows.end, |row| own(row).cmp(&key));
                        last = key;
                    }
                    self.seen(rows.clone(), spine.moment(at))
                })
                .collect()
        };
        if count <= PIECE {
            return scattered(order.as_deref(), vec![seek_piece(0..count)]);
        }
        let pieces = (0..count.div_ceil(PIECE)).into_par_iter();
        let pieces = pieces.map(|nth| seek_piece(nth * PIECE..count.min((nth + 1) * PIECE)));
        scattered(order.as_deref(), pieces.collect())
    }

    /// The rows of a key, of which none is before `from`; `order` says how a row's key stands to it.
    fn rows_of(&self, from: usize, order: impl Fn(usize) -> Ordering) -> Range<usize> {
        let all = self.frame.rows();
        let start = first_where(from, all, |row| order(row).is_ge());
        start..first_where(start, all, |row| order(row).is_gt())
    }

    /// What is seen at a moment among `rows`, those of one key.
    fn seen(&self, rows: Range<usize>, moment: Moment) -> Found {
        let t = moment.instant;
        // Canonical order puts null instants first, then older before newer.
        let end = first_where(rows.start, rows.end, |row| {
            self.instants.get(row).is_some_and(|instant| instant > t)
        });
        let newest = (rows.start..end)
            .rev()
            .find(|row| self.is_known(*row, moment))
            .and_then(|row| {
                let age = t.saturating_sub(self.instants.get(row)?);
                Some(Match::Row { row, age })
            });
        Found {
            newest: newest.unwrap_or(Match::NotFound),
            start: row_number(rows.start),
            end: row_number(end),
        }
    }

    /// Whether a row had become known at a moment, and had come with one of its files.
    pub(super) fn is_known(&self, row: usize, moment: Moment) -> bool {
        let by_then = |instant| instant <= moment.instant;
        let known = self.created.is_none_or(|c| c.get(row).is_some_and(by_then));
        let delivered = || match (self.files, moment.file) {
            (Some(files), Some(newest)) => files.get(row).is_some_and(|day| day <= newest.days()),
            _ => true,
        };
        known && delivered()
    }

    /// Whether every row is known from its instant on to every row of a spine.
    pub(super) fn knows_at_once(&self, spine: &Spine) -> bool {
        self.created.is_none() && !spine.has_files()
    }

    /// The rows with instants in `(t − window, t]`, of what was found at `t`.
    pub(super) fn window(&self, found: Found, t: i64, window: Age) -> Range<usize> {
        let rows = found.rows();
        let before = t.saturating_sub(window.microseconds());
        let is_inside = |row: usize| self.instants.get(row).is_some_and(|at| at > before);
        first_where_backwards(rows.start, rows.end, is_inside)..rows.end
    }
}

/// Spine rows that are sought one after the other, each onward from the one before.
const PIECE: usize = 8192;

/// What was found in the order of keys, put in the order of the spine.
fn scattered(order: Option<&[IdxSize]>, pieces: Vec<Vec<Found>>) -> Vec<Found> {
    let Some(order) = order else {
        return pieces.into_iter().flatten().collect();
    };
    let mut all = vec![Found::NOTHING; order.len()];
    for (found, at) in pieces.into_iter().flatten().zip(order) {
        all[*at as usize] = found;
    }
    all
}

/// A column of dates, each its last instant, or of instants; in microseconds.
#[derive(Debug, Clone, Copy)]
enum Instants<'a> {
    Dates(&'a Int32Chunked),
    Datetimes(&'a Int64Chunked),
}

impl<'a> Instants<'a> {
    fn of(values: &'a Values) -> Option<Self> {
        match values {
            Values::Date(days) => Some(Self::Dates(days)),
            Values::Datetime(microseconds) => Some(Self::Datetimes(microseconds)),
            _ => None,
        }
    }

    fn get(self, row: usize) -> Option<i64> {
        match self {
            Self::Dates(days) => Some((i64::from(days.get(row)?) + 1) * MICROSECONDS_PER_DAY - 1),
            Self::Datetimes(microseconds) => microseconds.get(row),
        }
    }
}

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

fn unfit(name: &ColumnName) -> Error {
    Error::failure(format!(
        "the snapshot has no column `{name}` that could be a key or an instant"
    ))
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

/// The same, with few steps near `end`.
fn first_where_backwards(from: usize, end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut step = 1;
    let mut high = end;
    while high > from && holds(high - step.min(high - from)) {
        high -= step.min(high - from);
        step *= 2;
    }
    let low = high - step.min(high - from);
    first_where(low, high, holds)
}
