//! The mean prediction with one feature set to a value, for each value of a grid.
//!
//! Friedman, Greedy Function Approximation, Annals of Statistics 29 (2001), section 8.2: partial
//! dependence by its definition, which scikit-learn calls the method `brute`. All rows get the value,
//! whatever the others of their features are, and the predictions are averaged.

use rayon::prelude::*;

use super::{FeatureValue, predict_with};
use crate::error::{Error, Result};
use crate::learn::quantile::{between, quantile, sorted};
use crate::learn::{FeatureColumn, FeatureValues, Model};

/// The values a number is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// At least 2.
    pub points: usize,
    /// Whether the feature takes whole numbers alone.
    pub whole: bool,
}

/// What a feature is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum GridValue {
    One(FeatureValue),
    /// A text that the encoder has not learnt.
    Unknown,
}

/// One point of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct DependencePoint {
    pub value: GridValue,
    /// The share of rows that have the value, or of a number are nearer to it than to the others.
    pub share: f64,
    /// What is predicted in the mean, one number for each output of the model.
    pub means: Vec<f64>,
}

impl Model {
    /// The curve of one feature over rows, of which there is at least one.
    ///
    /// # Errors
    /// The model has no such feature; and those of [`crate::learn::Encoder::transform`].
    pub fn dependence(
        &self,
        columns: &[FeatureColumn],
        feature: &str,
        grid: Grid,
    ) -> Result<Vec<DependencePoint>> {
        let matrix = self.encoder.transform(columns)?.matrix;
        let at = self
            .encoder
            .feature_names()
            .position(|name| name == feature);
        let column = columns.iter().find(|column| column.name == feature);
        let (Some(at), Some(column)) = (at, column) else {
            return Err(Error::failure(format!(
                "the model has no feature `{feature}`"
            )));
        };
        let (values, encoded) = match &column.values {
            FeatureValues::Numeric(values) => numbers(values, grid),
            FeatureValues::Categorical(values) => {
                categories(values, self.encoder.categories(at).unwrap_or_default())
            }
        };
        let place = self.encoder.places()[at].clone();
        let cells = self.encoder.encode_feature(at, &encoded);
        let width = self.outcome.output().width();
        let point = |(number, (value, share)): (usize, (GridValue, f64))| {
            let cells = &cells[number * place.len()..][..place.len()];
            let scores = predict_with(self, &matrix, &place, |_| cells);
            DependencePoint {
                value,
                share,
                means: means(&scores, width),
            }
        };
        Ok(values.into_par_iter().enumerate().map(point).collect())
    }
}

/// The mean of each output, summed in row order.
fn means(scores: &[f64], width: usize) -> Vec<f64> {
    let rows = (scores.len() / width) as f64;
    let of_output = |output: usize| {
        let own = scores.iter().skip(output).step_by(width);
        own.fold(0.0, |sum, score| sum + score) / rows
    };
    (0..width).map(of_output).collect()
}

/// Values with their shares, and what stands for them in the encoder.
type Values = (Vec<(GridValue, f64)>, FeatureValues);

fn numbers(values: &[Option<f64>], grid: Grid) -> Values {
    let numbers = grid.numbers(values);
    let shares = shares(&numbers, values);
    let named = numbers
        .iter()
        .map(|number| GridValue::One(FeatureValue::Number(*number)));
    let mut points: Vec<(GridValue, f64)> = named.zip(shares).collect();
    let mut set: Vec<Option<f64>> = numbers.into_iter().map(Some).collect();
    let nulls = values.iter().filter(|value| value.is_none()).count();
    if nulls > 0 {
        let share = nulls as f64 / values.len() as f64;
        points.push((GridValue::One(FeatureValue::Null), share));
        set.push(None);
    }
    (points, FeatureValues::Numeric(set))
}

impl Grid {
    /// Each value where they are no more than points. Else points at equal distances from the 5th to the 95th
    /// percentile, as scikit-learn has them; where these are one number, from the smallest to the largest.
    fn numbers(self, values: &[Option<f64>]) -> Vec<f64> {
        let known: Vec<f64> = values.iter().copied().flatten().collect();
        let sorted = sorted(&known);
        let mut distinct = sorted.clone();
        distinct.dedup();
        if distinct.len() <= self.points {
            return distinct;
        }
        let (mut low, mut high) = (quantile(&sorted, 0.05), quantile(&sorted, 0.95));
        if low == high {
            (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        }
        let last = (self.points - 1).max(1) as f64;
        let at = |point: usize| between(low, high, point as f64 / last);
        let numbers = (0..self.points).map(at);
        let mut numbers: Vec<f64> = match self.whole {
            true => numbers.map(f64::round).collect(),
            false => numbers.collect(),
        };
        numbers.dedup();
        numbers
    }
}

/// The share of rows that are nearer to each of ascending numbers than to the others, and no farther outside of
/// them all than half the way to the next one inside.
fn shares(numbers: &[f64], values: &[Option<f64>]) -> Vec<f64> {
    let middles: Vec<f64> = numbers
        .windows(2)
        .map(|pair| between(pair[0], pair[1], 0.5))
        .collect();
    let mut counts = vec![0_usize; numbers.len()];
    let outside = |end: Option<&f64>, middle: Option<&f64>, value: f64| match (end, middle) {
        (Some(end), Some(middle)) => (value - end).abs() > (middle - end).abs(),
        _ => false,
    };
    for value in values.iter().copied().flatten() {
        let at = middles.partition_point(|middle| *middle <= value);
        let is_outside = numbers.first().is_some_and(|first| value < *first)
            && outside(numbers.first(), middles.first(), value)
            || numbers.last().is_some_and(|last| value > *last)
                && outside(numbers.last(), middles.last(), value);
        if let (false, Some(count)) = (is_outside, counts.get_mut(at)) {
            *count += 1;
        }
    }
    let rows = values.len() as f64;
    counts
        .into_iter()
        .map(|count| count as f64 / rows)
        .collect()
}

fn categories(values: &[Option<String>], known: &[String]) -> Values {
    let share = |of: &dyn Fn(&Option<String>) -> bool| {
        values.iter().filter(|value| of(value)).count() as f64 / values.len() as f64
    };
    let is_unknown = |value: &Option<String>| {
        value
            .as_ref()
            .is_some_and(|category| known.binary_search(category).is_err())
    };
    let mut points = Vec::new();
    let mut set = Vec::new();
    for category in known {
        let own = |value: &Option<String>| value.as_ref() == Some(category);
        let value = GridValue::One(FeatureValue::Category(category.clone()));
        points.push((value, share(&own)));
        set.push(Some(category.clone()));
    }
    if values.iter().any(Option::is_none) {
        let value = GridValue::One(FeatureValue::Null);
        points.push((value, share(&Option::is_none)));
        set.push(None);
    }
    if let Some(unknown) = values.iter().find(|value| is_unknown(value)) {
        points.push((GridValue::Unknown, share(&is_unknown)));
        set.push(unknown.clone());
    }
    (points, FeatureValues::Categorical(set))
}
