//! What the pinned run derives of its inputs before they are encoded.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::state::Pair;
use crate::definition::ColumnName;
use crate::feature;
use crate::learn::FeatureColumn;
use crate::online::ValueAt;
use crate::run::feature_column;
use crate::table::{Cell, Frame, Values, row_number};

/// One column for each derived feature of the model, in its order, and one value for each row.
#[derive(Debug, Default)]
pub struct DerivedValues(Vec<Values>);

impl DerivedValues {
    /// Computes them for rows of a pair's inputs.
    pub fn of(pair: &Pair, rows: &[&Vec<ValueAt<'_>>]) -> Self {
        let derived = &pair.pinned.model.derived;
        let reads = |name: &str| {
            let mut names = derived
                .iter()
                .flat_map(|derived| derived.expression.columns());
            names.find(|read| read.as_str() == name)
        };
        let inputs = pair.inputs.iter().enumerate();
        let columns: BTreeMap<ColumnName, Values> = inputs
            .filter_map(|(at, input)| {
                let name = reads(&input.name)?.clone();
                let cells: Vec<Cell> = rows.iter().map(|row| row[at].cell).collect();
                Some((name, Values::of_cells(input.dtype, &cells)))
            })
            .collect();
        Self::over(pair, &Frame::new(rows.len(), columns))
    }

    /// Computes them for the rows of a frame, which names inputs in full.
    pub fn over(pair: &Pair, frame: &Frame) -> Self {
        let derived = pair.pinned.model.derived.iter();
        let values = derived.map(|derived| feature::evaluate(&derived.expression, frame));
        Self(values.collect())
    }

    /// The features that are null in a row, and may not be.
    pub fn missing<'a>(&self, pair: &'a Pair, row: usize) -> Vec<&'a str> {
        let columns = self
            .0
            .iter()
            .zip(&pair.derived_refuse_null)
            .zip(names(pair));
        let missing = columns
            .filter(|((values, refuses), _)| **refuses && values.cell(row) == Cell::Null)
            .map(|(_, name)| name);
        missing.collect()
    }

    /// The values of some rows alone.
    pub fn of_rows(&self, rows: &[usize]) -> Self {
        let rows: Vec<_> = rows.iter().map(|row| Some(row_number(*row))).collect();
        Self(self.0.iter().map(|values| values.gather(&rows)).collect())
    }

    /// As the model takes them.
    pub fn columns<'a>(&'a self, pair: &'a Pair) -> impl Iterator<Item = FeatureColumn> + 'a {
        names(pair)
            .zip(&self.0)
            .map(|(name, values)| feature_column(name, values))
    }

    /// By name, in one row.
    pub fn in_row<'s, 'a>(
        &'s self,
        pair: &'a Pair,
        row: usize,
    ) -> impl Iterator<Item = (&'a str, Cell<'s>)> {
        names(pair)
            .zip(&self.0)
            .map(move |(name, values)| (name, values.cell(row)))
    }
}

/// One value, by itself: no date, which no model takes.
#[derive(Debug, Clone, PartialEq)]
pub enum DerivedValue {
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

impl DerivedValue {
    pub(super) fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null | Cell::Date(_) | Cell::Datetime(_) => Self::Null,
            Cell::Bool(value) => Self::Bool(value),
            Cell::I64(value) => Self::Integer(value),
            Cell::F64(value) => Self::Number(value),
            Cell::String(text) => Self::Text(text.to_string()),
        }
    }

    pub fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Bool(value) => Cell::Bool(*value),
            Self::Integer(value) => Cell::I64(*value),
            Self::Number(value) => Cell::F64(*value),
            Self::Text(text) => Cell::String(text),
        }
    }
}

impl Serialize for DerivedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_cell().serialize(serializer)
    }
}

fn names(pair: &Pair) -> impl Iterator<Item = &str> {
    let derived = pair.pinned.model.derived.iter();
    derived.map(|derived| derived.name.as_str())
}
