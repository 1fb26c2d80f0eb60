//! Aggregates over the events of a window, for each row of a spine.
//!
//! The events of a key stand together in the order of their instants, so the window of a spine row
//! is a stretch of rows: its end was found with the row itself, its beginning is sought backwards
//! from there. Every window is summed afresh in canonical order of rows, never from the sum of
//! another: a value is the same bits alone and among a million, on one thread and on many.

use std::collections::BTreeMap;
use std::ops::Range;

use polars::prelude::BooleanChunked;
use rayon::prelude::*;

use super::derive::{canonical, evaluate};
use super::history::{Found, History, Match};
use super::spine::{Moment, Spine};
use super::{FeatureSpec, WORTH_THREADS, column, unfit};
use crate::definition::{Age, Aggregate, Expression, Windowed};
use crate::error::Result;
use crate::table::{Frame, Values};

/// The values of a windowed feature, in the order of the spine; null where the table knows nothing of
/// the entity.
pub fn values(
    history: &History<'_>,
    spine: &Spine,
    found: &[Found],
    spec: &FeatureSpec,
    windowed: &Windowed,
) -> Result<Values> {
    let events = stretch(found);
    let inputs = inputs(history.frame(), spec, windowed, &events)?;
    let operand = windowed
        .operand()
        .map(|operand| of_events(operand, &inputs));
    let filter = match windowed.filter().map(|filter| of_events(filter, &inputs)) {
        Some(Values::Bool(filter)) => Some(filter),
        _ => None,
    };
    let windows = Windows {
        history,
        spine,
        found,
        window: windowed.window(),
        filter: filter.as_ref(),
        at_once: history.knows_at_once(spine),
        start: events.start,
    };
    Ok(windows.aggregated(windowed.aggregate(), operand.as_ref()))
}

/// The stretch of the history that holds every window.
fn stretch(found: &[Found]) -> Range<usize> {
    let rows = found.iter().map(|found| found.rows());
    rows.filter(|rows| !rows.is_empty())
        .reduce(|all, rows| all.start.min(rows.start)..all.end.max(rows.end))
        .unwrap_or(0..0)
}

/// The columns that are read, of these events.
fn inputs(
    frame: &Frame,
    spec: &FeatureSpec,
    windowed: &Windowed,
    events: &Range<usize>,
) -> Result<Frame> {
    let mut inputs = BTreeMap::new();
    for (name, dtype) in windowed.inputs() {
        let values = column(frame, spec, &name)?;
        if values.dtype() != dtype {
            return Err(unfit(spec, &name));
        }
        inputs.insert(name, values.slice(events));
    }
    Ok(Frame::new(events.len(), inputs))
}

/// The values of an expression, those of a column without computing anything.
fn of_events(expression: &Expression, inputs: &Frame) -> Values {
    let column = expression.as_column();
    let column = column.and_then(|name| inputs.column(name.as_str()));
    column
        .cloned()
        .unwrap_or_else(|| evaluate(expression, inputs))
}

/// The windows of all rows of a spine.
struct Windows<'a> {
    history: &'a History<'a>,
    spine: &'a Spine,
    found: &'a [Found],
    window: Age,
    filter: Option<&'a BooleanChunked>,
    /// Whether every event is known from its instant on.
    at_once: bool,
    /// The row of the history that is row 0 of filter and operand.
    start: usize,
}

impl<'a> Windows<'a> {
    /// The events that count for one row of the spine; none where the table knows nothing of it.
    fn events(&'a self, at: usize) -> Option<Events<'a>> {
        let found = self.found[at];
        if found.newest == Match::NotFound {
            return None;
        }
        let moment = self.spine.moment(at);
        let rows = self.history.window(found, moment.instant, self.window);
        Some(Events {
            windows: self,
            moment,
            rows: rows.start - self.start..rows.end - self.start,
        })
    }

    /// One value for each row of the spine.
    fn each<T: Send>(&'a self, gather: impl Fn(Events<'a>) -> Option<T> + Sync) -> Vec<Option<T>> {
        let value = |at: usize| self.events(at).and_then(&gather);
        match self.found.len() > WORTH_THREADS {
            true => {
                let rows = (0..self.found.len()).into_par_iter();
                rows.with_min_len(WORTH_THREADS).map(value).collect()
            }
            false => (0..self.found.len()).map(value).collect(),
        }
    }

    fn aggregated(&'a self, aggregate: Aggregate, operand: Option<&'a Values>) -> Values {
        let Some(operand) = operand else {
            return Values::integers(&self.each(|events| whole(events.count())));
        };
        /// Runs an expression on the array of any type.
        macro_rules! of_any_type {
            ($array:ident => $body:expr) => {
                match operand {
                    Values::String($array) => Values::strings(&$body),
                    Values::Bool($array) => Values::bools(&$body),
                    Values::I64($array) => Values::integers(&$body),
                    Values::F64($array) => Values::floats(&$body),
                    Values::Date($array) => Values::dates(&$body),
                    Values::Datetime($array) => Values::datetimes(&$body),
                }
            };
        }
        match aggregate {
            Aggregate::Last => {
                of_any_type!(array => self.each(|events| array.get(events.newest()?)))
            }
            Aggregate::Min => of_any_type!(array => self.each(|events| {
                let values = events.filter_map(|row| array.get(row));
                values.reduce(least)
            })),
            Aggregate::Max => of_any_type!(array => self.each(|events| {
                let values = events.filter_map(|row| array.get(row));
                values.reduce(most)
            })),
            Aggregate::Count => self.counted(operand),
            Aggregate::CountDistinct => self.distinct(operand),
            Aggregate::Sum | Aggregate::Avg | Aggregate::Stddev => self.numbers(aggregate, operand),
        }
    }

    fn counted(&'a self, operand: &'a Values) -> Values {
        macro_rules! count {
            ($array:ident) => {
                self.each(|events| whole(events.filter(|row| $array.get(*row).is_some()).count()))
            };
        }
        Values::integers(&match operand {
            Values::String(array) => count!(array),
            Values::Bool(array) => count!(array),
            Values::I64(array) | Values::Datetime(array) => count!(array),
            Values::F64(array) => count!(array),
            Values::Date(array) => count!(array),
        })
    }

    fn distinct(&'a self, operand: &'a Values) -> Values {
        macro_rules! count {
            ($array:ident, $key:expr) => {
                self.each(|events| {
                    let values = events.filter_map(|row| $array.get(row));
                    let mut values: Vec<_> = values.map($key).collect();
                    values.sort_unstable();
                    values.dedup();
                    whole(values.len())
                })
            };
        }
        Values::integers(&match operand {
            Values::String(array) => count!(array, |text| text),
            Values::Bool(array) => count!(array, |value| value),
            Values::I64(array) | Values::Datetime(array) => count!(array, |value| value),
            // Canonical values have no −0.0 and no NaN: equal values have equal bits.
            Values::F64(array) => count!(array, f64::to_bits),
            Values::Date(array) => count!(array, |value| value),
        })
    }

    fn numbers(&'a self, aggregate: Aggregate, operand: &'a Values) -> Values {
        match (aggregate, operand) {
            (Aggregate::Sum, Values::I64(array)) => {
                let sum = |events: Events<'a>| {
                    let (sum, count) = total(events.filter_map(|row| array.get(row)));
                    (count > 0).then(|| i64::try_from(sum).ok())?
                };
                Values::integers(&self.each(sum))
            }
            (Aggregate::Avg, Values::I64(array)) => Values::floats(&self.each(|events| {
                let (sum, count) = total(events.filter_map(|row| array.get(row)));
                (count > 0).then(|| canonical(sum as f64 / count as f64))?
            })),
            (_, Values::I64(array)) => Values::floats(&self.each(|events| {
                spread(events.filter_map(|row| array.get(row).map(|value| value as f64)))
            })),
            (_, Values::F64(array)) => Values::floats(&self.each(|events| {
                let values = events.filter_map(|row| array.get(row));
                match aggregate {
                    Aggregate::Sum => sum(values).and_then(|(sum, _)| canonical(sum)),
                    Aggregate::Avg => mean(values).and_then(canonical),
                    _ => spread(values),
                }
            })),
            // The checker lets only numbers through.
            _ => Values::nulls(crate::definition::Dtype::F64, self.found.len()),
        }
    }
}

/// The rows of the operand that count, in canonical order.
#[derive(Clone)]
struct Events<'a> {
    windows: &'a Windows<'a>,
    moment: Moment,
    rows: Range<usize>,
}

impl Events<'_> {
    fn counts(&self, row: usize) -> bool {
        let Windows {
            history,
            filter,
            at_once,
            start,
            ..
        } = self.windows;
        filter.is_none_or(|filter| filter.get(row) == Some(true))
            && (*at_once || history.is_known(start + row, self.moment))
    }

    /// The newest event that counts.
    fn newest(&self) -> Option<usize> {
        self.rows.clone().rev().find(|row| self.counts(*row))
    }
}

impl Iterator for Events<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let row = self.rows.next()?;
            if self.counts(row) {
                return Some(row);
            }
        }
    }
}

fn least<T: PartialOrd>(a: T, b: T) -> T {
    if b < a { b } else { a }
}

fn most<T: PartialOrd>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

fn whole(count: usize) -> Option<i64> {
    i64::try_from(count).ok()
}

/// The sum, which 2^32 integers of 64 bits cannot make overflow, and how many there were.
fn total(values: impl Iterator<Item = i64>) -> (i128, u64) {
    values.fold((0, 0), |(sum, count), value| {
        (sum + i128::from(value), count + 1)
    })
}

/// The sum in the order of the values, and how many there were; none where there were none.
fn sum(values: impl Iterator<Item = f64>) -> Option<(f64, u64)> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then_some((sum, count))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    sum(values).map(|(sum, count)| sum / count as f64)
}

/// The standard deviation of a sample, from the mean in a second pass.
fn spread(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let (total, count) = sum(values.clone())?;
    if count < 2 {
        return None;
    }
    let mean = total / count as f64;
    let (squares, _) = sum(values.map(|value| (value - mean) * (value - mean)))?;
    canonical((squares / (count - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests;
