//! The labels of a training set, of whichever task.

use std::collections::BTreeSet;

use super::{LABEL, column};
use crate::error::{Error, Result};
use crate::learn::{Outcome, Target};
use crate::table::{Cell, Frame};

/// One label a row. The type of the column says which task it is of.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    Binary(Vec<bool>),
    Multiclass(Vec<String>),
    Regression(Vec<f64>),
}

/// Labels as numbers, for an estimator.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbered {
    Binary(Vec<bool>),
    Multiclass { classes: usize, rows: Vec<u32> },
    Regression(Vec<f64>),
}

impl Labels {
    /// The labels of a training set or of predictions.
    pub fn of(frame: &Frame) -> Result<Self> {
        let values = column(frame, LABEL)?;
        let cells = || (0..frame.rows()).map(|row| values.cell(row));
        let missing = || Error::failure("a training set holds a row without a label");
        let found: Option<Self> = match cells().next() {
            Some(Cell::String(_)) => cells()
                .map(text)
                .collect::<Option<_>>()
                .map(Self::Multiclass),
            Some(Cell::F64(_)) => cells()
                .map(number)
                .collect::<Option<_>>()
                .map(Self::Regression),
            _ => cells().map(truth).collect::<Option<_>>().map(Self::Binary),
        };
        found.ok_or_else(missing)
    }

    /// The class of a row; nothing for numbers.
    pub fn class(&self, row: usize) -> Option<&str> {
        match self {
            Self::Binary(rows) if rows[row] => Some("positive"),
            Self::Binary(_) => Some("negative"),
            Self::Multiclass(rows) => Some(&rows[row]),
            Self::Regression(_) => None,
        }
    }

    /// How many rows are true; 0 where nothing is true or false.
    pub fn positive(&self) -> usize {
        match self {
            Self::Binary(rows) => rows.iter().filter(|label| **label).count(),
            Self::Multiclass(_) | Self::Regression(_) => 0,
        }
    }

    /// What is to be predicted by a model that learns from these rows.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Binary(_) => Outcome::Binary,
            Self::Multiclass(rows) => {
                Outcome::Multiclass(names(rows).into_iter().map(ToString::to_string).collect())
            }
            Self::Regression(_) => Outcome::Regression,
        }
    }

    /// The labels as numbers.
    pub fn numbered(&self) -> Numbered {
        match self {
            Self::Binary(rows) => Numbered::Binary(rows.clone()),
            Self::Multiclass(rows) => {
                let names = names(rows);
                Numbered::Multiclass {
                    classes: names.len(),
                    rows: numbers(rows, &names),
                }
            }
            Self::Regression(rows) => Numbered::Regression(rows.clone()),
        }
    }
}

impl Numbered {
    pub fn target(&self) -> Target<'_> {
        match self {
            Self::Binary(rows) => Target::Binary(rows),
            Self::Multiclass { classes, rows } => Target::Multiclass {
                classes: *classes,
                rows,
            },
            Self::Regression(rows) => Target::Regression(rows),
        }
    }
}

/// Each class once, in bytewise order.
fn names(rows: &[String]) -> Vec<&str> {
    let names: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
    names.into_iter().collect()
}

/// The place of each row's class among `names`, which are in order and hold all.
pub(super) fn numbers(rows: &[String], names: &[&str]) -> Vec<u32> {
    let place = |class: &String| names.partition_point(|name| *name < class.as_str());
    rows.iter().map(|class| place(class) as u32).collect()
}

fn truth(cell: Cell) -> Option<bool> {
    match cell {
        Cell::Bool(label) => Some(label),
        _ => None,
    }
}

fn text(cell: Cell) -> Option<String> {
    match cell {
        Cell::String(label) => Some(label.to_string()),
        _ => None,
    }
}

pub(super) fn number(cell: Cell) -> Option<f64> {
    match cell {
        Cell::F64(label) => Some(label),
        _ => None,
    }
}
