//! How the values of a column moved.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::definition::ColumnName;
use crate::table::{Cell, Values};

/// One column that differs in some of the rows both tables have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnChange {
    pub column: ColumnName,
    /// Rows of both tables in which it differs.
    pub changed: u64,
    /// Of the rows both tables have, 0 to 1.
    pub share: f64,
    /// Over all rows of a, added and removed ones included.
    pub a: Distribution,
    pub b: Distribution,
    /// Texts that only b has, in bytewise order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new_categories: Vec<String>,
    /// Texts that only a has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost_categories: Vec<String>,
}

/// The values of a column in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Every value is null.
    Empty { nulls: u64 },
    /// Quantiles by linear interpolation between order statistics (type 7 of Hyndman and Fan, The
    /// American Statistician 50, 1996).
    Numbers {
        nulls: u64,
        mean: f64,
        minimum: f64,
        lower_quartile: f64,
        median: f64,
        upper_quartile: f64,
        maximum: f64,
    },
    /// The share of true among the values that are not null.
    Flags { nulls: u64, share: f64 },
    /// The most frequent texts with their shares among the values that are not null.
    Texts {
        nulls: u64,
        distinct: u64,
        largest: Vec<(String, f64)>,
    },
    /// Dates and instants: the first and the last, in ISO form.
    Times {
        nulls: u64,
        first: String,
        last: String,
    },
}

/// So many of the most frequent texts are kept.
const LARGEST: usize = 3;

impl Distribution {
    pub fn of(values: &Values) -> Self {
        let nulls = values.null_count() as u64;
        let cells = || {
            (0..values.len())
                .map(|row| values.cell(row))
                .filter(|cell| *cell != Cell::Null)
        };
        if cells().next().is_none() {
            return Self::Empty { nulls };
        }
        match values {
            Values::I64(_) | Values::F64(_) => Self::numbers(nulls, cells()),
            Values::Bool(_) => {
                let count = cells().count() as f64;
                let positive = cells().filter(|cell| *cell == Cell::Bool(true)).count();
                let share = positive as f64 / count;
                Self::Flags { nulls, share }
            }
            Values::String(_) => Self::texts(nulls, cells()),
            Values::Date(_) | Values::Datetime(_) => {
                let bound = |order: fn(&Cell, &Cell) -> bool| {
                    let found = cells().reduce(|a, b| if order(&a, &b) { a } else { b });
                    found.map_or(String::new(), |cell| cell.to_string())
                };
                Self::Times {
                    nulls,
                    first: bound(|a, b| a <= b),
                    last: bound(|a, b| a >= b),
                }
            }
        }
    }

    fn numbers<'a>(nulls: u64, cells: impl Iterator<Item = Cell<'a>>) -> Self {
        let mut numbers: Vec<f64> = cells
            .filter_map(|cell| match cell {
                Cell::I64(value) => Some(value as f64),
                Cell::F64(value) => Some(value),
                _ => None,
            })
            .collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        numbers.sort_unstable_by(f64::total_cmp);
        Self::Numbers {
            nulls,
            mean,
            minimum: quantile(&numbers, 0.0),
            lower_quartile: quantile(&numbers, 0.25),
            median: quantile(&numbers, 0.5),
            upper_quartile: quantile(&numbers, 0.75),
            maximum: quantile(&numbers, 1.0),
        }
    }

    fn texts<'a>(nulls: u64, cells: impl Iterator<Item = Cell<'a>>) -> Self {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for cell in cells {
            if let Cell::String(text) = cell {
                *counts.entry(text).or_default() += 1;
            }
        }
        let total: u64 = counts.values().sum();
        let mut largest: Vec<(&str, u64)> = counts.iter().map(|(t, n)| (*t, *n)).collect();
        // Stable: equally frequent ones stay in bytewise order.
        largest.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Self::Texts {
            nulls,
            distinct: counts.len() as u64,
            largest: largest
                .into_iter()
                .take(LARGEST)
                .map(|(text, count)| (text.to_string(), count as f64 / total as f64))
                .collect(),
        }
    }
}

/// A quantile of sorted numbers, of which there is at least one.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (at.floor(), at.ceil());
    let (low, high) = (sorted[below as usize], sorted[above as usize]);
    low + (high - low) * (at - below)
}

/// The texts that only one of two columns has: of a alone, and of b alone.
pub fn categories(a: &Values, b: &Values) -> (Vec<String>, Vec<String>) {
    let texts = |values: &Values| -> BTreeSet<String> {
        (0..values.len())
            .filter_map(|row| match values.cell(row) {
                Cell::String(text) => Some(text.to_string()),
                _ => None,
            })
            .collect()
    };
    let (a, b) = (texts(a), texts(b));
    let only = |x: &BTreeSet<String>, y: &BTreeSet<String>| x.difference(y).cloned().collect();
    (only(&a, &b), only(&b, &a))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy.quantile([1, 2, 4, 8], [0, .25, .5, .75, 1]).
    #[test]
    fn quantiles_are_those_of_numpy() {
        let values = [8.0, 2.0, 1.0, 4.0].map(Some);
        let found = Distribution::of(&Values::floats(&[&values[..], &[None]].concat()));
        let expected = Distribution::Numbers {
            nulls: 1,
            mean: 3.75,
            minimum: 1.0,
            lower_quartile: 1.75,
            median: 3.0,
            upper_quartile: 5.0,
            maximum: 8.0,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn every_type_has_a_distribution() {
        let empty = Values::floats(&[None, None]);
        assert_eq!(Distribution::of(&empty), Distribution::Empty { nulls: 2 });
        let flags = Values::bools(&[Some(true), Some(false), None]);
        let share = 0.5;
        assert_eq!(
            Distribution::of(&flags),
            Distribution::Flags { nulls: 1, share }
        );
        let texts = Values::strings(&[Some("b"), Some("a"), Some("b")]);
        let Distribution::Texts {
            largest, distinct, ..
        } = Distribution::of(&texts)
        else {
            panic!("texts have categories");
        };
        assert_eq!((distinct, largest[0].0.as_str()), (2, "b"));
        let dates = Values::dates(&[Some(19_782), Some(0)]);
        let Distribution::Times { first, last, .. } = Distribution::of(&dates) else {
            panic!("dates have a first and a last");
        };
        assert_eq!(
            (first.as_str(), last.as_str()),
            ("1970-01-01", "2024-02-29")
        );
    }
}
