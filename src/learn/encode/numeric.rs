//! One numeric feature → one matrix column, or one for each interval.

use serde::{Deserialize, Serialize};

use crate::definition::{MissingNumeric, NumericEncoding, NumericRule};
use crate::error::{Error, Kind, Result};
use crate::learn::quantile::{quantile, sorted};
use crate::learn::{Warning, exact};
use crate::math;

/// In the order of the fields: null is filled, the value clipped, its logarithm taken, and what comes of it
/// put into an interval or standardized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericEncoder {
    /// Stands in for null; none: null is refused.
    #[serde(with = "exact::option")]
    pub(super) fill: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) clip: Option<Clip>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) log: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bins: Option<Bins>,
    pub(super) standardize: Option<Standardization>,
}

/// Values beyond are moved onto the bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clip {
    #[serde(with = "exact")]
    pub low: f64,
    #[serde(with = "exact")]
    pub high: f64,
}

/// Where an interval ends and the next one begins, which has the edge itself; ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Bins(#[serde(with = "exact::list")] pub(super) Vec<f64>);

/// `(x − mean) / scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standardization {
    #[serde(with = "exact")]
    pub mean: f64,
    /// Population standard deviation; 1 for a constant.
    #[serde(with = "exact")]
    pub scale: f64,
}

impl NumericEncoder {
    pub fn fit(
        name: &str,
        train: impl Iterator<Item = Option<f64>>,
        rule: &NumericRule,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let train: Vec<Option<f64>> = train.collect();
        let mut encoder = Self {
            fill: fill_value(name, &train, rule.missing)?,
            clip: None,
            log: rule.log,
            bins: None,
            standardize: None,
        };
        let filled = train.iter().filter_map(|value| value.or(encoder.fill));
        let mut values: Vec<f64> = filled.collect();
        if let (Some([low, high]), false) = (rule.clip, values.is_empty()) {
            let sorted = sorted(&values);
            let [low, high] = [low, high].map(|share| quantile(&sorted, share));
            encoder.clip = Some(Clip { low, high });
        }
        for value in &mut values {
            *value = encoder.bent(*value);
        }
        let constant = constant(&values);
        if let Some(value) = constant {
            warnings.push(Warning::new(format!(
                "`{name}` is {value} in every train row: a model can learn nothing from it."
            )));
        }
        match (rule.bins, rule.encoding, constant) {
            (Some(count), _, _) => encoder.bins = Some(Bins::fit(&values, count)),
            (None, NumericEncoding::Passthrough, _) => {}
            (None, NumericEncoding::Standardize, Some(mean)) => {
                encoder.standardize = Some(Standardization { mean, scale: 1.0 });
            }
            (None, NumericEncoding::Standardize, None) => {
                encoder.standardize = Some(Standardization::fit(name, &values)?);
            }
        }
        Ok(encoder)
    }

    pub fn width(&self) -> usize {
        self.bins.as_ref().map_or(1, |bins| bins.0.len() + 1)
    }

    /// Writes a value into the cells of its feature, which are 0 so far.
    pub fn encode(&self, value: Option<f64>, cells: &mut [f64]) {
        // transform() has refused the nulls of a feature without a fill value.
        let value = self.bent(value.or(self.fill).unwrap_or(0.0));
        match (&self.bins, &self.standardize) {
            (Some(Bins(edges)), _) => cells[edges.partition_point(|edge| *edge <= value)] = 1.0,
            (None, Some(Standardization { mean, scale })) => cells[0] = (value - mean) / scale,
            (None, None) => cells[0] = value,
        }
    }

    pub fn refuses_null(&self) -> bool {
        self.fill.is_none()
    }

    pub fn output_names(&self, name: &str) -> Vec<String> {
        let Some(Bins(edges)) = &self.bins else {
            return vec![name.to_string()];
        };
        let (Some(first), Some(last)) = (edges.first(), edges.last()) else {
            return vec![name.to_string()];
        };
        let between = edges
            .windows(2)
            .map(|pair| format!("{name}=[{}, {})", pair[0], pair[1]));
        std::iter::once(format!("{name}<{first}"))
            .chain(between)
            .chain([format!("{name}>={last}")])
            .collect()
    }

    pub fn check(&self) -> Result<(), &'static str> {
        let scale = self.standardize.as_ref().map(|found| found.scale);
        let clip = self.clip.as_ref();
        if scale.is_some_and(|scale| scale <= 0.0) {
            return Err("a scale is not positive");
        }
        if clip.is_some_and(|clip| clip.low > clip.high) {
            return Err("a lower bound is above the upper one");
        }
        match &self.bins {
            Some(Bins(edges)) if !edges.is_sorted_by(|a, b| a < b) => {
                Err("the edges of intervals are not in order")
            }
            _ => Ok(()),
        }
    }

    /// Clipped, and its logarithm taken, where the rule says so.
    fn bent(&self, value: f64) -> f64 {
        let value = match &self.clip {
            Some(Clip { low, high }) => value.clamp(*low, *high),
            None => value,
        };
        match self.log {
            true if value < 0.0 => -math::ln_1p(-value),
            true => math::ln_1p(value),
            false => value,
        }
    }
}

impl Bins {
    /// As many rows in each of `count` intervals as equal values allow: quantiles that are equal, or are the
    /// smallest or the largest value, divide nothing.
    fn fit(values: &[f64], count: u32) -> Self {
        let sorted = sorted(values);
        let (Some(smallest), Some(largest)) = (sorted.first(), sorted.last()) else {
            return Self(Vec::new());
        };
        let shares = (1..count).map(|at| f64::from(at) / f64::from(count));
        let mut edges: Vec<f64> = shares.map(|share| quantile(&sorted, share)).collect();
        edges.retain(|edge| smallest < edge && edge < largest);
        edges.dedup();
        Self(edges)
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
