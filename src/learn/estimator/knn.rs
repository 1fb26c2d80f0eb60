//! Nearest neighbours: the train rows are the model, and those nearest to a row vote, or give the mean
//! of their numbers.
//!
//! Distance is Euclidean over the matrix columns, all rows are looked at, and of rows equally far the
//! earlier in canonical order is nearer, so that an answer is one answer. scikit-learn's
//! `KNeighborsClassifier(n_neighbors, weights, algorithm = "brute")` and `KNeighborsRegressor` give the
//! same scores where no such tie stands at the edge.

mod labels;

use serde::{Deserialize, Serialize};

pub(super) use self::labels::Labels;
use self::labels::damaged;
use super::parameters::{integer, unusable};
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::{Matrix, Output};

/// Rows one thread predicts at a time: each looks at all train rows.
const ROWS_PER_BLOCK: usize = 16;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnnParameters {
    pub neighbors: u32,
    pub weights: Weights,
}

/// What a neighbour's vote weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    Uniform,
    /// 1/distance; rows at distance 0 count alone.
    Distance,
}

impl Weights {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Distance => "distance",
        }
    }
}

impl KnnParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        let weights = match model.parameters.get("weights") {
            Some(Value::Text(word)) => [Weights::Uniform, Weights::Distance]
                .into_iter()
                .find(|weights| weights.as_str() == word),
            _ => None,
        };
        Ok(Self {
            neighbors: integer(model, "neighbors")?,
            weights: weights.ok_or_else(|| unusable("weights"))?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("neighbors", Value::Integer(self.neighbors.into())),
            ("weights", Value::Text(self.weights.as_str().to_string())),
        ]
    }
}

/// The train rows with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct KnnModel {
    parameters: KnnParameters,
    rows: Matrix,
    labels: Labels,
}

/// Keeps the train rows.
///
/// # Errors
/// [`Kind::DataRefused`] where there are fewer rows than neighbours, or numbers so large that a
/// distance leaves the range of an f64.
pub(super) fn fit(parameters: &KnnParameters, matrix: &Matrix, labels: Labels) -> Result<KnnModel> {
    let rows = matrix.rows();
    if (rows as u64) < u64::from(parameters.neighbors) {
        let message = format!(
            "{rows} train rows have no {} neighbours",
            parameters.neighbors
        );
        return Err(Error::new(Kind::DataRefused, message)
            .help(format!("set `neighbors` under [model] to at most {rows}")));
    }
    let largest = matrix
        .values()
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    let far = 4.0 * largest * largest * matrix.columns() as f64;
    if !far.is_finite() {
        return Err(Error::new(
            Kind::DataRefused,
            "a distance between rows leaves the range of an f64",
        )
        .help("bring columns with huge numbers to another unit, or set `numeric = \"standardize\"` under [preprocess]"));
    }
    Ok(KnnModel {
        parameters: parameters.clone(),
        rows: matrix.clone(),
        labels,
    })
}

/// A train row and how far it is, as a square.
#[derive(Clone, Copy)]
struct Neighbour {
    square: f64,
    row: usize,
}

impl Neighbour {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.square
            .total_cmp(&other.square)
            .then(self.row.cmp(&other.row))
    }
}

impl KnnModel {
    pub(super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let width = self.labels.width();
        let mut answers = vec![0.0; matrix.rows() * width];
        for_each_block(&mut answers, ROWS_PER_BLOCK * width, |block, answers| {
            let mut all = Vec::with_capacity(self.rows.rows());
            for (offset, answer) in answers.chunks_exact_mut(width).enumerate() {
                let row = matrix.row(block * ROWS_PER_BLOCK + offset);
                self.ask(self.nearest(row, &mut all), answer);
            }
        });
        answers
    }

    /// The nearest rows, the nearest first: sums by weight do not depend on how they were found.
    fn nearest<'a>(&self, row: &[f64], all: &'a mut Vec<Neighbour>) -> &'a [Neighbour] {
        all.clear();
        all.extend((0..self.rows.rows()).map(|at| Neighbour {
            square: square(row, self.rows.row(at)),
            row: at,
        }));
        let count = self.parameters.neighbors as usize;
        if count < all.len() {
            all.select_nth_unstable_by(count - 1, Neighbour::cmp);
        }
        let nearest = &mut all[..count];
        nearest.sort_unstable_by(Neighbour::cmp);
        nearest
    }

    /// The weighted mean of what the nearest say.
    fn ask(&self, nearest: &[Neighbour], answer: &mut [f64]) {
        let alone = nearest.first().is_some_and(|first| first.square == 0.0);
        let weight = |neighbour: &Neighbour| match self.parameters.weights {
            Weights::Uniform => 1.0,
            Weights::Distance if alone => f64::from(u8::from(neighbour.square == 0.0)),
            Weights::Distance if nearest[0].square.is_infinite() => 1.0,
            // The nearest counts 1: the same shares, and no overflow however near it is.
            Weights::Distance => (nearest[0].square / neighbour.square).sqrt(),
        };
        let mut all = 0.0;
        for neighbour in nearest {
            let weight = weight(neighbour);
            self.labels.add(neighbour.row, weight, answer);
            all += weight;
        }
        for part in answer {
            *part /= all;
        }
    }

    pub(in crate::learn) fn parameters(&self) -> &KnnParameters {
        &self.parameters
    }

    /// The train rows.
    pub(in crate::learn) fn rows(&self) -> &Matrix {
        &self.rows
    }

    /// What each of them says, row after row, and how many numbers that are.
    pub(in crate::learn) fn answers(&self) -> (usize, Vec<f64>) {
        let width = self.labels.width();
        let mut answers = vec![0.0; self.rows.rows() * width];
        for (row, answer) in answers.chunks_exact_mut(width).enumerate() {
            self.labels.add(row, 1.0, answer);
        }
        (width, answers)
    }

    /// Every number with its name: the train rows in their order, each with its label.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let of_row = |row: usize| {
            let values = columns.iter().zip(self.rows.row(row));
            let named =
                values.map(move |(name, value)| (format!("{name} of row {}", row + 1), *value));
            let label = (format!("label of row {}", row + 1), self.labels.number(row));
            named.chain([label]).collect::<Vec<_>>()
        };
        (0..self.rows.rows()).flat_map(of_row).collect()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.u64(self.rows.rows() as u64);
        for value in self.rows.values() {
            writer.float(*value);
        }
        self.labels.write(writer);
    }

    pub(super) fn read(
        parameters: &KnnParameters,
        reader: &mut Reader<'_>,
        columns: usize,
        output: Output,
    ) -> Result<Self> {
        let count = reader.length()?;
        if (count as u64) < u64::from(parameters.neighbors) {
            return Err(damaged());
        }
        let values = reader.floats(count.checked_mul(columns).ok_or_else(damaged)?)?;
        Ok(Self {
            parameters: parameters.clone(),
            rows: Matrix::new(count, columns, values),
            labels: Labels::read(reader, count, output)?,
        })
    }
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| {
        let distance = a - b;
        sum + distance * distance
    })
}
