//! Rules that hold for a file, proposed for those to come.

use super::distinct::{distinct_rows, repeated_rows};
use super::statistic::extreme;
use super::value::value_of;
use super::view::View;
use super::{Against, text};
use crate::definition::{
    AsOf, Bounds, Check, ColumnName, Dtype, Rule, Severity, Statistic, Table, Value,
};
use crate::table::{Cell, ReadFile, Values, counted, grouped};

/// So many distinct texts are still a set.
const MEMBERS: usize = 20;

/// A rule, and what was seen that speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    pub check: Check,
    /// One sentence without a full stop.
    pub seen: String,
}

/// Rules that a file keeps: the columns in bytewise order, then the file as a whole.
pub fn suggest(table: &Table, file: &ReadFile, as_of: AsOf) -> Vec<Suggestion> {
    let frame = file.frame.contiguous();
    let view = View {
        frame: &frame,
        places: &file.places,
        columns: &file.columns,
        against: &Against::nothing(as_of),
        mask: None,
    };
    let mut found = Vec::new();
    for (name, values) in frame.columns() {
        found.extend(presence(table, name, values));
        found.extend(unique(table, name, values, &view));
        found.extend(range(name, values, &view));
        found.extend(texts(name, values, &view));
        found.extend(freshness(table, name, values, &view));
    }
    found.extend(row_count(frame.rows()));
    found
}

fn about(columns: &[&ColumnName], rule: Rule, severity: Severity, seen: String) -> Suggestion {
    let check = Check {
        columns: columns.iter().map(|name| (*name).clone()).collect(),
        rule,
        filter: None,
        mostly: 1.0,
        severity,
        warn: None,
        fail: None,
    };
    Suggestion { check, seen }
}

/// What a key lacks is refused anyway; of anything else a proposal only warns.
fn refusing(table: &Table, name: &ColumnName) -> Severity {
    match *name == table.key {
        true => Severity::Fail,
        false => Severity::Warn,
    }
}

/// Whether there are nulls, and how many at most.
fn presence(table: &Table, name: &ColumnName, values: &Values) -> Option<Suggestion> {
    let (rows, nulls) = (values.len(), values.null_count());
    if nulls == 0 {
        let seen = format!("{} and no null", counted(rows, "row"));
        return Some(about(&[name], Rule::NotNull, refusing(table, name), seen));
    }
    // Twice as many as there are, in whole percents; half of the column tells nothing.
    let share = (nulls as f64 / rows as f64 * 200.0).ceil() / 100.0;
    let bounds = Bounds {
        low: None,
        high: Some(Value::Float(share)),
    };
    let rule = Rule::Statistic(Statistic::NullShare, bounds);
    let seen = format!("{} of {} are null", grouped(nulls), counted(rows, "row"));
    (share < 1.0).then(|| about(&[name], rule, Severity::Warn, seen))
}

/// Keys, and what looks like one.
fn unique(
    table: &Table,
    name: &ColumnName,
    values: &Values,
    view: &View<'_>,
) -> Option<Suggestion> {
    let is_key = *name == table.key && table.source.timestamp.is_none();
    let like_key = matches!(values.dtype(), Dtype::String | Dtype::I64) && values.len() >= 100;
    let possible = is_key || (like_key && values.null_count() == 0);
    if !possible || !repeated_rows(&[values], view).is_empty() {
        return None;
    }
    let seen = format!("{} and no value twice", counted(values.len(), "row"));
    Some(about(&[name], Rule::Unique, refusing(table, name), seen))
}

/// Bounds of numbers, rounded outwards; the year in which dates begin.
fn range(name: &ColumnName, values: &Values, view: &View<'_>) -> Option<Suggestion> {
    let (low, high) = (extreme(values, false, view), extreme(values, true, view));
    let bounds = match (low, high) {
        (Cell::I64(low), Cell::I64(high)) => {
            let (low, high) = outwards_integer(low, high);
            Bounds {
                low: Some(Value::Integer(low)),
                high: Some(Value::Integer(high)),
            }
        }
        (Cell::F64(low), Cell::F64(high)) => {
            let (low, high) = outwards(low, high);
            Bounds {
                low: Some(Value::Float(low)),
                high: Some(Value::Float(high)),
            }
        }
        (Cell::Date(_) | Cell::Datetime(_), _) => {
            let year = low.to_string().get(..4)?.to_string();
            let midnight = match low {
                Cell::Date(_) => String::new(),
                _ => "T00:00:00.000000Z".to_string(),
            };
            Bounds {
                low: Some(Value::Text(format!("{year}-01-01{midnight}"))),
                high: None,
            }
        }
        _ => return None,
    };
    let seen = format!("values from {low} to {high}");
    Some(about(&[name], Rule::Between(bounds), Severity::Warn, seen))
}

/// Two numbers moved apart to multiples of the power of ten that their distance has.
fn outwards(low: f64, high: f64) -> (f64, f64) {
    let distance = (high - low).max(low.abs().max(high.abs()) * 1e-3);
    let written = format!("{distance:e}");
    let exponent = written
        .rsplit_once('e')
        .map_or("0", |(_, exponent)| exponent);
    let multiple = |whole: f64, own: f64| {
        let rounded = format!("{whole}e{exponent}").parse::<f64>();
        rounded
            .ok()
            .filter(|value| value.is_finite())
            .unwrap_or(own)
    };
    let step: f64 = format!("1e{exponent}").parse().unwrap_or(1.0);
    let down = multiple((low / step).floor(), low);
    let up = multiple((high / step).ceil(), high);
    // Adding zero makes −0.0 the zero that is written.
    (down.min(low) + 0.0, up.max(high) + 0.0)
}

fn outwards_integer(low: i64, high: i64) -> (i64, i64) {
    let distance = high.abs_diff(low).max(1);
    let step = (0..18).map(|exponent| 10_i64.pow(exponent));
    let step = step
        .take_while(|step| step.unsigned_abs() <= distance)
        .last()
        .unwrap_or(1);
    let down = low.div_euclid(step).checked_mul(step);
    let up = high
        .checked_add(step - 1)
        .and_then(|high| high.div_euclid(step).checked_mul(step));
    (down.unwrap_or(low), up.unwrap_or(high))
}

/// A set of few texts; for many, what they look alike in.
fn texts(name: &ColumnName, values: &Values, view: &View<'_>) -> Option<Suggestion> {
    let Values::String(array) = values else {
        return None;
    };
    let distinct = distinct_rows(values, view);
    let some = values.len() - values.null_count();
    if distinct.is_empty() {
        return None;
    }
    if distinct.len() <= MEMBERS && distinct.len() * 5 <= some {
        let cells = distinct.iter().map(|row| values.cell(*row as usize));
        let seen = format!(
            "{} in {}",
            counted(distinct.len(), "text"),
            counted(some, "row")
        );
        let rule = Rule::InSet(cells.filter_map(value_of).collect());
        return Some(about(&[name], rule, Severity::Warn, seen));
    }
    if let Some(pattern) = shape(array.iter().flatten()) {
        let example = values.cell(distinct[0] as usize);
        let rule = Rule::Regex(pattern.clone());
        // What is proposed holds: the pattern is held against every text.
        if distinct.len() > MEMBERS && text::unmatched(&pattern, values, view).is_empty() {
            let seen = format!("every text looks like {example}");
            return Some(about(&[name], rule, Severity::Warn, seen));
        }
    }
    let lengths = array.iter().flatten().map(|text| text.chars().count());
    let (low, high) = lengths.fold((usize::MAX, 0), |(low, high), length| {
        (low.min(length), high.max(length))
    });
    let length = |length: usize| Value::Integer(i64::try_from(length).unwrap_or(i64::MAX));
    // Texts of one length are codes; of others the longest says little, so it may double.
    let (least, most) = match low == high {
        true => (low, high),
        false => (1, high.saturating_mul(2)),
    };
    let bounds = Bounds {
        low: Some(length(least)),
        high: Some(length(most)),
    };
    let seen = format!("lengths from {} to {}", grouped(low), grouped(high));
    Some(about(&[name], Rule::Length(bounds), Severity::Warn, seen))
}

/// Stretches of characters of one sort, and how long they are at least and at most.
type Shape = Vec<(&'static str, String, usize, usize)>;

/// A pattern that all texts match, if they are made alike of letters, digits and fixed signs.
fn shape<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut shape = shape_of(texts.next()?)?;
    for text in texts {
        let other = shape_of(text)?;
        if other.len() != shape.len() {
            return None;
        }
        for (own, other) in shape.iter_mut().zip(other) {
            if (own.0, &own.1) != (other.0, &other.1) {
                return None;
            }
            own.2 = own.2.min(other.2);
            own.3 = own.3.max(other.3);
        }
    }
    // Letters alone are words; nothing is known of the next one.
    if shape.iter().all(|(class, ..)| *class != "[0-9]") {
        return None;
    }
    let part = |(class, sign, low, high): &(&str, String, usize, usize)| match (low, high) {
        _ if class.is_empty() => sign.replace('.', r"\."),
        (1, 1) => (*class).to_string(),
        (low, high) if low == high => format!("{class}{{{low}}}"),
        (low, high) => format!("{class}{{{low},{high}}}"),
    };
    Some(format!("^{}$", shape.iter().map(part).collect::<String>()))
}

/// None for texts that are no identifiers: long, or with other characters.
fn shape_of(text: &str) -> Option<Shape> {
    let mut shape = Shape::new();
    for c in text.chars() {
        let class = match c {
            '0'..='9' => "[0-9]",
            'A'..='Z' => "[A-Z]",
            'a'..='z' => "[a-z]",
            '-' | '_' | '.' | ':' | '/' | '#' => "",
            _ => return None,
        };
        match shape.last_mut() {
            Some(last) if last.0 == class && !class.is_empty() => {
                last.2 += 1;
                last.3 += 1;
            }
            _ => {
                let sign = if class.is_empty() {
                    c.to_string()
                } else {
                    String::new()
                };
                shape.push((class, sign, 1, 1));
            }
        }
    }
    (shape.len() <= 12).then_some(shape)
}

/// How old the newest value of a column that places rows in time may be.
fn freshness(
    table: &Table,
    name: &ColumnName,
    values: &Values,
    view: &View<'_>,
) -> Option<Suggestion> {
    let source = &table.source;
    let times = [&source.timestamp, &source.created];
    if !times.iter().any(|time| time.as_ref() == Some(name)) {
        return None;
    }
    let newest = extreme(values, true, view);
    let instant = match newest {
        Cell::Date(days) => AsOf::from_days(days)?.end() - 1,
        Cell::Datetime(instant) => instant,
        _ => return None,
    };
    let age = (view.against.as_of.end() - 1)
        .saturating_sub(instant)
        .max(0);
    // A day more than it is, and two at least: exports are late now and then.
    let days = age / 86_400_000_000 + 2;
    let rule = Rule::Freshness(format!("{days}d").parse().ok()?);
    let seen = format!("the newest is {newest}");
    Some(about(&[name], rule, Severity::Warn, seen))
}

/// Half to twice of the rows there are.
fn row_count(rows: usize) -> Option<Suggestion> {
    let bound = |rows: usize| i64::try_from(rows).ok().map(Value::Integer);
    // To one digit, downwards and upwards.
    let step = |rows: usize| 10_usize.pow(rows.checked_ilog10().unwrap_or(0));
    let (half, twice) = (rows / 2, rows.checked_mul(2)?);
    let bounds = Bounds {
        low: bound((half / step(half) * step(half)).max(1)),
        high: bound(twice.div_ceil(step(twice)) * step(twice)),
    };
    let rule = Rule::Statistic(Statistic::RowCount, bounds);
    let seen = counted(rows, "row");
    Some(about(&[], rule, Severity::Warn, seen))
}
