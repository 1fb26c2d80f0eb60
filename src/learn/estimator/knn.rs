//! Nearest neighbours: the train rows are the model, and those nearest to a row vote.
//!
//! Distance is Euclidean over the matrix columns, all rows are looked at, and of rows equally far the
//! earlier in canonical order is nearer, so that an answer is one answer. scikit-learn's
//! `KNeighborsClassifier(n_neighbors, weights, algorithm = "brute")` gives the same scores where no
//! such tie stands at the edge.

use serde::{Deserialize, Serialize};

use super::parameters::{integer, unusable};
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::learn::Matrix;
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};

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
    labels: Vec<bool>,
}

/// Keeps the train rows.
///
/// # Errors
/// [`Kind::DataRefused`] where there are fewer rows than neighbours, or numbers so large that a
/// distance leaves the range of an f64.
pub(super) fn fit(
    parameters: &KnnParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> Result<KnnModel> {
    if (labels.len() as u64) < u64::from(parameters.neighbors) {
        let rows = labels.len();
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
        labels: labels.to_vec(),
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
        let mut probabilities = vec![0.0; matrix.rows()];
        for_each_block(
            &mut probabilities,
            ROWS_PER_BLOCK,
            |block, probabilities| {
                let mut all = Vec::with_capacity(self.labels.len());
                for (offset, probability) in probabilities.iter_mut().enumerate() {
                    let row = matrix.row(block * ROWS_PER_BLOCK + offset);
                    *probability = self.share(self.nearest(row, &mut all));
                }
            },
        );
        probabilities
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

    fn share(&self, nearest: &[Neighbour]) -> f64 {
        let alone = nearest.first().is_some_and(|first| first.square == 0.0);
        let weight = |neighbour: &Neighbour| match self.parameters.weights {
            Weights::Uniform => 1.0,
            Weights::Distance if alone => f64::from(u8::from(neighbour.square == 0.0)),
            Weights::Distance if nearest[0].square.is_infinite() => 1.0,
            // The nearest counts 1: the same shares, and no overflow however near it is.
            Weights::Distance => (nearest[0].square / neighbour.square).sqrt(),
        };
        let (positive, all) = nearest
            .iter()
            .fold((0.0, 0.0), |(positive, all), neighbour| {
                let weight = weight(neighbour);
                let label = f64::from(u8::from(self.labels[neighbour.row]));
                (positive + weight * label, all + weight)
            });
        positive / all
    }

    /// Every number with its name: the train rows in their order, each with its label.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let of_row = |(row, label): (usize, &bool)| {
            let values = columns.iter().zip(self.rows.row(row));
            let named =
                values.map(move |(name, value)| (format!("{name} of row {}", row + 1), *value));
            let label = (
                format!("label of row {}", row + 1),
                f64::from(u8::from(*label)),
            );
            named.chain([label]).collect::<Vec<_>>()
        };
        self.labels.iter().enumerate().flat_map(of_row).collect()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.u64(self.labels.len() as u64);
        for value in self.rows.values() {
            writer.float(*value);
        }
        let bits = self.labels.chunks(8).map(|labels| {
            let bits = labels.iter().enumerate();
            bits.fold(0_u8, |byte, (at, label)| byte | (u8::from(*label) << at))
        });
        writer.raw(&bits.collect::<Vec<u8>>());
    }

    pub(super) fn read(
        parameters: &KnnParameters,
        reader: &mut Reader<'_>,
        columns: usize,
    ) -> Result<Self> {
        let damaged = || Error::failure("the model file is damaged: its rows cannot be read");
        let count = reader.length()?;
        if (count as u64) < u64::from(parameters.neighbors) {
            return Err(damaged());
        }
        let values = reader.floats(count.checked_mul(columns).ok_or_else(damaged)?)?;
        let bits = reader.raw(count.div_ceil(8))?;
        let labels = (0..count).map(|row| bits[row / 8] >> (row % 8) & 1 == 1);
        let model = Self {
            parameters: parameters.clone(),
            rows: Matrix::new(count, columns, values),
            labels: labels.collect(),
        };
        let unused = bits.last().map_or(0, |last| match count % 8 {
            0 => 0,
            used => last >> used,
        });
        match unused {
            0 => Ok(model),
            _ => Err(damaged()),
        }
    }
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| {
        let distance = a - b;
        sum + distance * distance
    })
}
