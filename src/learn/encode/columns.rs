//! What columns must be before anything is learnt from them.

use crate::definition::{MissingCategorical, MissingNumeric, Preprocess};
use crate::error::{Error, Kind, Result};
use crate::learn::{FeatureColumn, FeatureKind};

pub fn sort_by_name(columns: &[FeatureColumn]) -> Result<Vec<&FeatureColumn>> {
    let mut sorted: Vec<&FeatureColumn> = columns.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(Error::failure(format!(
            "the feature `{}` is given twice",
            twice[0].name
        )));
    }
    same_length(&sorted)?;
    Ok(sorted)
}

pub fn same_length(columns: &[&FeatureColumn]) -> Result<()> {
    match columns
        .windows(2)
        .find(|pair| pair[0].rows() != pair[1].rows())
    {
        None => Ok(()),
        Some(pair) => Err(Error::failure(format!(
            "`{}` has {} rows, `{}` has {}",
            pair[0].name,
            pair[0].rows(),
            pair[1].name,
            pair[1].rows()
        ))),
    }
}

pub fn nulls(column: &FeatureColumn) -> usize {
    (0..column.rows())
        .filter(|&row| column.is_null(row))
        .count()
}

/// Refuses nulls in the features of which `preprocess` allows none, all of them at once.
pub fn refuse_nulls(columns: &[&FeatureColumn], preprocess: &Preprocess) -> Result<()> {
    let forbidden = |column: &FeatureColumn| match column.kind() {
        FeatureKind::Numeric => {
            preprocess.numeric_rule(&column.name).missing == MissingNumeric::Error
        }
        FeatureKind::Categorical => {
            *preprocess.categorical_rule(&column.name).missing == MissingCategorical::Error
        }
    };
    let faults: Vec<(&FeatureColumn, usize)> = columns
        .iter()
        .filter(|column| forbidden(column))
        .map(|&column| (column, nulls(column)))
        .filter(|(_, nulls)| *nulls > 0)
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let has = |kind| faults.iter().any(|(column, _)| column.kind() == kind);
    let mut error = Error::new(
        Kind::DataRefused,
        "the training set holds nulls, and [preprocess] says `error` for them",
    )
    .details(faults.iter().map(|(column, nulls)| {
        format!(
            "{}: {nulls} of {} rows are null ({})",
            column.name,
            column.rows(),
            column.kind()
        )
    }));
    if has(FeatureKind::Numeric) {
        error = error.help("set `missing_numeric = \"median\"` under [preprocess]");
    }
    if has(FeatureKind::Categorical) {
        error = error.help("set `missing_categorical = \"category\"` under [preprocess]");
    }
    Err(error)
}
