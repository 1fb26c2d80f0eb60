//! What the train rows say on average: what every model has to beat.

use crate::error::{Error, Result};
use crate::learn::bytes::{Reader, Writer};
use crate::learn::{Matrix, Output};

#[derive(Debug, Clone, PartialEq)]
pub struct PriorModel {
    /// The share of positive train rows, or of each class, or the mean number.
    pub answer: Vec<f64>,
}

impl PriorModel {
    pub(super) fn binary(labels: &[bool], weights: Option<&[f64]>) -> Self {
        let numbers: Vec<f64> = labels.iter().map(|label| f64::from(*label)).collect();
        Self::number(&numbers, weights)
    }

    pub(super) fn classes(labels: &[u32], classes: usize, weights: Option<&[f64]>) -> Self {
        let share = |class: usize| {
            let of_class = labels.iter().map(|label| *label as usize == class);
            let numbers: Vec<f64> = of_class.map(f64::from).collect();
            mean(&numbers, weights)
        };
        Self {
            answer: (0..classes).map(share).collect(),
        }
    }

    pub(super) fn number(numbers: &[f64], weights: Option<&[f64]>) -> Self {
        Self {
            answer: vec![mean(numbers, weights)],
        }
    }

    pub(super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        self.answer.repeat(matrix.rows())
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        for number in &self.answer {
            writer.float(*number);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>, output: Output) -> Result<Self> {
        let answer = reader.floats(output.width())?;
        let is_share = |number: &f64| (0.0..=1.0).contains(number);
        if output == Output::Number || answer.iter().all(is_share) {
            Ok(Self { answer })
        } else {
            Err(Error::failure(
                "the model file holds a probability out of range",
            ))
        }
    }
}

/// The mean, summed up in the order of the rows.
fn mean(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        None => numbers.iter().fold(0.0, |sum, number| sum + number) / numbers.len() as f64,
        Some(weights) => {
            let (sum, weight) = numbers
                .iter()
                .zip(weights)
                .fold((0.0, 0.0), |(sum, all), (number, weight)| {
                    (sum + number * weight, all + weight)
                });
            sum / weight
        }
    }
}
