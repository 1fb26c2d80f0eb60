//! One numeric feature → one matrix column.

use serde::{Deserialize, Serialize};

use crate::definition::{MissingNumeric, NumericEncoding, Preprocess};
use crate::error::{Error, Kind, Result};
use crate::learn::{Warning, exact};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericEncoder {
    /// Stands in for null; none: null is refused.
    #[serde(with = "exact::option")]
    fill: Option<f64>,
    standardize: Option<Standardization>,
}

/// `(x − mean) / scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standardization {
    #[serde(with = "exact")]
    mean: f64,
    /// Population standard deviation; 1 for a constant.
    #[serde(with = "exact")]
    scale: f64,
}

impl NumericEncoder {
    pub fn fit(
        name: &str,
        train: impl Iterator<Item = Option<f64>>,
        preprocess: &Preprocess,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let train: Vec<Option<f64>> = train.collect();
        let fill = fill_value(name, &train, preprocess.missing_numeric)?;
        let filled: Vec<f64> = train.iter().filter_map(|value| value.or(fill)).collect();
        let constant = constant(&filled);
        if let Some(value) = constant {
            warnings.push(Warning::new(format!(
                "`{name}` is {value} in every train row: a model can learn nothing from it."
            )));
        }
        let standardize = match (preprocess.numeric, constant) {
            (NumericEncoding::Passthrough, _) => None,
            (NumericEncoding::Standardize, Some(mean)) => {
                Some(Standardization { mean, scale: 1.0 })
            }
            (NumericEncoding::Standardize, None) => Some(Standardization::fit(name, &filled)?),
        };
        Ok(Self { fill, standardize })
    }

    pub fn encode(&self, value: Option<f64>) -> f64 {
        // transform() has refused the nulls of a feature without a fill value.
        let value = value.or(self.fill).unwrap_or(0.0);
        match &self.standardize {
            None => value,
            Some(Standardization { mean, scale }) => (value - mean) / scale,
        }
    }

    pub fn refuses_null(&self) -> bool {
        self.fill.is_none()
    }

    pub fn check(&self) -> Result<(), &'static str> {
        match &self.standardize {
            Some(Standardization { scale, .. }) if *scale <= 0.0 => Err("a scale is not positive"),
            _ => Ok(()),
        }
    }
}

impl Standardization {
    /// Two passes in row order: the mean, then the mean squared distance from it.
    fn fit(name: &str, values: &[f64]) -> Result<Self> {
        let mean = mean(values);
        let squares = values
            .iter()
            .fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
        let scale = (squares / values.len() as f64).sqrt();
        // The squares of tiny numbers vanish, those of huge ones overflow.
        if mean.is_finite() && scale.is_normal() {
            return Ok(Self { mean, scale });
        }
        Err(Error::new(
            Kind::DataRefused,
            format!("`{name}` cannot be standardized: its variance is beyond the range of an f64"),
        )
        .help("bring the column to another unit, or leave it out of `dataset.features`"))
    }
}

fn fill_value(name: &str, train: &[Option<f64>], rule: MissingNumeric) -> Result<Option<f64>> {
    let mut known: Vec<f64> = train.iter().copied().flatten().collect();
    let fill = match rule {
        MissingNumeric::Error => return Ok(None),
        MissingNumeric::Constant(value) => return Ok(Some(value)),
        _ if known.is_empty() => return Err(all_null(name)),
        MissingNumeric::Median => median(&mut known),
        MissingNumeric::Mean => mean(&known),
    };
    if fill.is_finite() {
        return Ok(Some(fill));
    }
    Err(Error::new(
        Kind::DataRefused,
        format!("the fill value of `{name}` is beyond the range of an f64"),
    )
    .help("set `missing_numeric` under [preprocess] to a constant"))
}

pub(super) fn all_null(name: &str) -> Error {
    Error::new(
        Kind::DataRefused,
        format!("`{name}` is null in every train row, so there is no value to fill it with"),
    )
    .help("leave it out of `dataset.features`, or fill nulls with a constant under [preprocess]")
}

fn mean(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value) / values.len() as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

/// The one value, if there is only one.
fn constant(values: &[f64]) -> Option<f64> {
    let first = *values.first()?;
    values.iter().all(|value| *value == first).then_some(first)
}
