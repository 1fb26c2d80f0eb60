//! The class rate of the train rows.

use crate::error::{Error, Result};
use crate::learn::Matrix;
use crate::learn::bytes::{Reader, Writer};

#[derive(Debug, Clone, PartialEq)]
pub struct PriorModel {
    /// Share of positive train rows.
    pub probability: f64,
}

impl PriorModel {
    pub(super) fn fit(labels: &[bool]) -> Self {
        let positive = labels.iter().filter(|label| **label).count();
        Self {
            probability: positive as f64 / labels.len() as f64,
        }
    }

    pub(super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        vec![self.probability; matrix.rows()]
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.float(self.probability);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let probability = reader.float()?;
        if (0.0..=1.0).contains(&probability) {
            Ok(Self { probability })
        } else {
            Err(Error::failure(
                "the model file holds a probability out of range",
            ))
        }
    }
}
