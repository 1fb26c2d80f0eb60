//! Numbers that are computed of a column, the same in any order of its rows.

use super::distinct::distinct_rows;
use super::lane;
use super::sum::ExactSum;
use super::value::{lies_between, number_lies_between, value_of};
use super::view::View;
use crate::definition::{Bounds, Statistic, Value};
use crate::table::{Cell, Values};

/// A statistic, and whether it lies between the bounds. Of no values most statistics are none, and
/// none lies between no bounds.
pub fn judge(
    statistic: Statistic,
    bounds: &Bounds,
    values: Option<&Values>,
    view: &View<'_>,
) -> (Option<Value>, bool) {
    if let (Statistic::Min | Statistic::Max, Some(values)) = (statistic, values) {
        let found = extreme(values, statistic == Statistic::Max, view);
        let holds = found != Cell::Null && lies_between(found, bounds, values.dtype());
        return (value_of(found), holds);
    }
    let found = match (statistic, values) {
        (Statistic::RowCount, _) => Some(integer(view.elements())),
        (Statistic::DistinctCount, Some(values)) => {
            Some(integer(distinct_rows(values, view).len()))
        }
        (Statistic::NullShare, Some(values)) => {
            let share = view.missing(&[values]) as f64 / view.elements() as f64;
            // Of no rows nothing is null.
            Some(Value::Float(if share.is_nan() { 0.0 } else { share }))
        }
        (_, Some(values)) => computed(statistic, values, view).map(Value::Float),
        (_, None) => None,
    };
    let number = match &found {
        Some(Value::Integer(number)) => Some(*number as f64),
        Some(Value::Float(number)) => Some(*number),
        _ => None,
    };
    let holds = number.is_some_and(|number| number_lies_between(number, bounds));
    (found, holds)
}

fn integer(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The lowest or the highest value; null when there is none.
pub fn extreme<'a>(values: &'a Values, highest: bool, view: &View<'_>) -> Cell<'a> {
    let further = |best: Cell<'a>, cell: Cell<'a>| {
        let is_further = match highest {
            true => cell > best,
            false => cell < best,
        };
        match best == Cell::Null || (cell != Cell::Null && is_further) {
            true => cell,
            false => best,
        }
    };
    let parts = view.blocks(|rows| {
        let cells = rows
            .filter(|row| view.lets(*row))
            .map(|row| values.cell(row));
        cells.fold(Cell::Null, further)
    });
    parts.into_iter().fold(Cell::Null, further)
}

fn computed(statistic: Statistic, values: &Values, view: &View<'_>) -> Option<f64> {
    match statistic {
        Statistic::Sum => moments(values, view).map(|(sum, _)| sum),
        Statistic::Mean => mean(values, view),
        Statistic::Stdev => deviation(values, view),
        Statistic::Median => {
            let mut numbers = numbers(values, view);
            let middle = numbers.len().checked_sub(1)? / 2;
            let even = numbers.len().is_multiple_of(2);
            let (low, high) = neighbours(&mut numbers, middle);
            Some(if even { low / 2.0 + high / 2.0 } else { low })
        }
        Statistic::Quantile(at) => quantile(numbers(values, view), at),
        _ => None,
    }
}

/// Runs an expression with a function from rows to numbers; none for null.
macro_rules! with_numbers {
    ($values:expr, $number:ident => $body:expr) => {
        match $values {
            Values::F64(array) => {
                let $number = lane::floats(array);
                $body
            }
            Values::I64(array) => {
                let read = lane::integers(array);
                let $number = move |row: usize| read(row).map(|value| value as f64);
                $body
            }
            // The definition has seen to it that these are not asked.
            _ => {
                let $number = |_: usize| None::<f64>;
                $body
            }
        }
    };
}

/// The numbers that are looked at.
fn numbers(values: &Values, view: &View<'_>) -> Vec<f64> {
    let parts = with_numbers!(values, number => view.blocks(|rows| {
        let looked_at = rows.filter(|row| view.lets(*row));
        looked_at.filter_map(number).collect::<Vec<_>>()
    }));
    parts.concat()
}

/// The sum of a function of each number, and their count.
fn sum_of(
    values: &Values,
    view: &View<'_>,
    each: impl Fn(f64) -> f64 + Sync,
) -> Option<(f64, usize)> {
    let parts = with_numbers!(values, number => view.blocks(|rows| {
        let (mut sum, mut count) = (ExactSum::new(), 0);
        let looked_at = rows.filter(|row| view.lets(*row));
        for number in looked_at.filter_map(number) {
            sum.add(each(number));
            count += 1;
        }
        (sum, count)
    }));
    let mut all = ExactSum::new();
    let mut count = 0;
    for (sum, more) in parts {
        all.merge(sum);
        count += more;
    }
    (count > 0).then(|| (all.value(), count))
}

/// Sum and count.
fn moments(values: &Values, view: &View<'_>) -> Option<(f64, usize)> {
    sum_of(values, view, |number| number)
}

fn mean(values: &Values, view: &View<'_>) -> Option<f64> {
    moments(values, view).map(|(sum, count)| sum / count as f64)
}

/// The sample standard deviation; none of fewer than two numbers.
fn deviation(values: &Values, view: &View<'_>) -> Option<f64> {
    let mean = mean(values, view)?;
    let square = |number: f64| {
        let square = (number - mean) * (number - mean);
        // Beyond all floats: so is the deviation, and no bounds hold it.
        if square.is_finite() { square } else { f64::MAX }
    };
    let (sum, count) = sum_of(values, view, square)?;
    (count > 1).then(|| (sum / (count - 1) as f64).sqrt())
}

/// Between the values at ranks ⌊(n − 1)·at⌋ and the next by linear interpolation, as numpy and
/// pandas do by default.
fn quantile(mut numbers: Vec<f64>, at: f64) -> Option<f64> {
    let last = numbers.len().checked_sub(1)?;
    let rank = last as f64 * at;
    let below = (rank as usize).min(last);
    let part = rank - below as f64;
    let (low, high) = neighbours(&mut numbers, below);
    Some(match part >= 0.5 {
        true => high - (high - low) * (1.0 - part),
        false => low + (high - low) * part,
    })
}

/// The value at a rank, and the one at the next; the same where there is none.
fn neighbours(numbers: &mut [f64], rank: usize) -> (f64, f64) {
    let (_, low, above) = numbers.select_nth_unstable_by(rank, f64::total_cmp);
    let low = *low;
    let next = above.iter().copied().min_by(f64::total_cmp);
    (low, next.unwrap_or(low))
}
