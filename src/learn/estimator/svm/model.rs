//! What a support vector machine has learnt.

use super::SvmParameters;
use super::kernel::Kernel;
use super::platt::Sigmoid;
use crate::error::{Error, Result};
use crate::learn::Matrix;
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};

/// Rows one thread decides at a time: each looks at all support vectors.
const ROWS_PER_BLOCK: usize = 16;

/// The rows that carry the margin.
#[derive(Debug, Clone, PartialEq)]
pub struct SvmModel {
    pub(super) kernel: Kernel,
    pub(super) vectors: Matrix,
    /// One for each vector.
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) sigmoid: Sigmoid,
}

impl SvmModel {
    pub(in super::super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let mut values = self.decisions(matrix);
        for value in &mut values {
            *value = self.sigmoid.at(*value);
        }
        values
    }

    /// How far each row is on the side of the positive class.
    pub(in super::super) fn decisions(&self, matrix: &Matrix) -> Vec<f64> {
        let mut values = vec![0.0; matrix.rows()];
        for_each_block(&mut values, ROWS_PER_BLOCK, |block, values| {
            for (offset, value) in values.iter_mut().enumerate() {
                let row = matrix.row(block * ROWS_PER_BLOCK + offset);
                let vectors = self.coefficients.iter().enumerate();
                *value = vectors.fold(self.intercept, |sum, (at, coefficient)| {
                    sum + coefficient * self.kernel.of(self.vectors.row(at), row)
                });
            }
        });
        values
    }

    /// Every number with its name, in the order of the file.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let vectors = self.coefficients.iter().enumerate();
        let of_vector = |(at, coefficient): (usize, &f64)| {
            let number = at + 1;
            let values = columns.iter().zip(self.vectors.row(at));
            let named =
                values.map(move |(name, value)| (format!("{name} of vector {number}"), *value));
            let coefficient = (format!("coefficient of vector {number}"), *coefficient);
            [coefficient].into_iter().chain(named).collect::<Vec<_>>()
        };
        let first = [
            ("gamma", self.kernel.gamma),
            ("intercept", self.intercept),
            ("slope of the sigmoid", self.sigmoid.slope),
            ("offset of the sigmoid", self.sigmoid.offset),
        ];
        let first = first.map(|(name, value)| (name.to_string(), value));
        first
            .into_iter()
            .chain(vectors.flat_map(of_vector))
            .collect()
    }

    pub(in super::super) fn write(&self, writer: &mut Writer) {
        let Sigmoid { slope, offset } = self.sigmoid;
        for number in [self.kernel.gamma, self.intercept, slope, offset] {
            writer.float(number);
        }
        writer.u64(self.coefficients.len() as u64);
        for number in self.coefficients.iter().chain(self.vectors.values()) {
            writer.float(*number);
        }
    }

    pub(in super::super) fn read(
        parameters: &SvmParameters,
        reader: &mut Reader<'_>,
        columns: usize,
    ) -> Result<Self> {
        let damaged = || Error::failure("the model file is damaged: its vectors cannot be read");
        let gamma = reader.float()?;
        let intercept = reader.float()?;
        let (slope, offset) = (reader.float()?, reader.float()?);
        let count = reader.length()?;
        let coefficients = reader.floats(count)?;
        let values = reader.floats(count.checked_mul(columns).ok_or_else(damaged)?)?;
        if gamma <= 0.0 {
            return Err(damaged());
        }
        Ok(Self {
            kernel: Kernel {
                kind: parameters.kernel,
                gamma,
            },
            vectors: Matrix::new(count, columns, values),
            coefficients,
            intercept,
            sigmoid: Sigmoid { slope, offset },
        })
    }
}
