//! The steps as functions: inputs to an output, with what the catalog notes of it.

mod calibrate;
mod cross_validate;
mod derived;
mod evaluate;
mod fit;
mod labels;
mod leakage;
mod predict;
mod predictions;
mod split;
mod training_set;

use crate::definition::{ColumnName, Dtype, FeatureName, Task};
use crate::error::{Error, Kind, Result};
use crate::learn::FeatureColumn;
use crate::plan::RunSpec;
use crate::table::{Cell, Frame, Values};

pub use cross_validate::cross_validate;
pub use derived::derived_values;
pub use evaluate::{Judged, evaluate};
pub use fit::fit;
pub use leakage::leakage;
pub use predict::{predict, test_rows, train_rows};
pub(super) use predictions::columns as score_columns;
pub use predictions::{Decision, Predictions};
pub use split::split;
pub use training_set::{labelled, training_set};

/// Raised when the same tables and features give another training set than before.
pub const TRAINING_SET_VERSION: u32 = 1;
/// Raised when an expression gives other values than before.
pub const EXPRESSION_VERSION: u32 = 1;
/// Raised when an aggregate over a window gives other values than before.
pub const WINDOW_VERSION: u32 = 1;
/// Raised when the same folds give other scores than before.
pub const CROSS_VALIDATE_VERSION: u32 = 1;
/// Raised when the same model gives other scores than before.
pub const PREDICT_VERSION: u32 = 1;

/// Columns that streamflow writes beside the key and the features.
pub const AS_OF: &str = "as_of";
pub const LABEL: &str = "label";
pub const SIDE: &str = "side";
pub const FOLD: &str = "fold";
pub const PROBABILITY: &str = "probability";
pub const PREDICTION: &str = "prediction";
pub const WEIGHT: &str = "weight";

/// The name of one of our own columns.
pub(super) fn own(name: &'static str) -> ColumnName {
    name.parse().expect("our own names are names")
}

/// A column that an earlier step has written.
pub(super) fn column<'a>(frame: &'a Frame, name: &str) -> Result<&'a Values> {
    frame
        .column(name)
        .ok_or_else(|| Error::failure(format!("a step's output lacks column {name}")))
}

/// The numbers of the rows that a split gives to one side.
fn rows_of(split: &Frame, wanted: &str) -> Result<Vec<usize>> {
    let sides = column(split, SIDE)?;
    Ok((0..split.rows())
        .filter(|row| sides.cell(*row) == Cell::String(wanted))
        .collect())
}

/// The features of a run as learning takes them, and those derived of them, from a frame that names features
/// in full.
pub fn feature_columns(spec: &RunSpec, frame: &Frame) -> Result<Vec<FeatureColumn>> {
    let taken = |name: &FeatureName| !spec.preprocess.drops(name);
    columns_of(spec, frame, taken)
}

/// The features of a run that are taken, and all that are derived.
fn columns_of(
    spec: &RunSpec,
    frame: &Frame,
    is_taken: impl Fn(&FeatureName) -> bool,
) -> Result<Vec<FeatureColumn>> {
    let taken = spec.features.keys().filter(|name| is_taken(name));
    let columns = taken.map(|name| {
        let name = name.to_string();
        let values = column(frame, &name)?;
        Ok(feature_column(&name, values))
    });
    let derived = derived_values(spec, frame)?.into_iter();
    let derived = derived.map(|(name, values)| Ok(feature_column(name.as_str(), &values)));
    columns.chain(derived).collect()
}

/// One feature's values: strings and bools are categories, everything else is a number.
pub fn feature_column(name: &str, values: &Values) -> FeatureColumn {
    let cells = (0..values.len()).map(|row| values.cell(row));
    feature_cells(name, values.dtype(), cells)
}

/// The same, from cells of one type.
pub fn feature_cells<'a>(
    name: &str,
    dtype: Dtype,
    cells: impl Iterator<Item = Cell<'a>>,
) -> FeatureColumn {
    match dtype {
        Dtype::String | Dtype::Bool => {
            FeatureColumn::categorical(name, cells.map(category).collect())
        }
        _ => FeatureColumn::numeric(name, cells.map(number).collect()),
    }
}

fn category(cell: Cell) -> Option<String> {
    match cell {
        Cell::String(text) => Some(text.to_string()),
        Cell::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Dates in days, instants in microseconds.
fn number(cell: Cell) -> Option<f64> {
    match cell {
        Cell::F64(value) => Some(value),
        Cell::I64(value) | Cell::Datetime(value) => Some(value as f64),
        Cell::Date(days) => Some(f64::from(days)),
        _ => None,
    }
}

/// The error of an entity whose key has the name of one of our own columns.
fn refuse_own_name(spec: &RunSpec) -> Result<()> {
    let key = &spec.key;
    let always = [AS_OF, LABEL, SIDE, PROBABILITY];
    let is_own = match key.as_str() {
        PREDICTION => spec.label.task != Task::Binary,
        WEIGHT => spec.label.weight.is_some(),
        other => always.contains(&other),
    };
    if is_own {
        return Err(Error::new(
            Kind::Definition,
            format!(
                "an entity's key cannot be called `{key}`: training sets have a column of that name"
            ),
        )
        .help("rename the column in the export"));
    }
    Ok(())
}
