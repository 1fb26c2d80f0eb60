//! What the train rows of nearest neighbours say.

use crate::error::{Error, Result};
use crate::learn::bytes::{Reader, Writer};
use crate::learn::{Output, Target};

/// One entry for each row.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Labels {
    Binary(Vec<bool>),
    /// So many classes, and the number of each row's.
    Classes(usize, Vec<u32>),
    Numbers(Vec<f64>),
}

impl Labels {
    pub fn of(target: &Target<'_>) -> Self {
        match target {
            Target::Binary(labels) => Self::Binary(labels.to_vec()),
            Target::Multiclass { classes, rows } => Self::Classes(*classes, rows.to_vec()),
            Target::Regression(numbers) => Self::Numbers(numbers.to_vec()),
        }
    }

    /// How many numbers an answer has.
    pub fn width(&self) -> usize {
        match self {
            Self::Binary(_) | Self::Numbers(_) => 1,
            Self::Classes(classes, _) => *classes,
        }
    }

    /// Adds what a row says to an answer, by its weight.
    pub fn add(&self, row: usize, weight: f64, answer: &mut [f64]) {
        match self {
            Self::Classes(_, rows) => answer[rows[row] as usize] += weight,
            Self::Binary(_) | Self::Numbers(_) => answer[0] += weight * self.number(row),
        }
    }

    /// What a row says as a number; classes count from 1.
    pub fn number(&self, row: usize) -> f64 {
        match self {
            Self::Binary(rows) => f64::from(rows[row]),
            Self::Classes(_, rows) => f64::from(rows[row]) + 1.0,
            Self::Numbers(rows) => rows[row],
        }
    }

    /// A bit a row for yes and no, eight a byte, the first row lowest.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Binary(rows) => {
                let bits = rows.chunks(8).map(|rows| {
                    let bits = rows.iter().enumerate();
                    bits.fold(0_u8, |byte, (at, label)| byte | (u8::from(*label) << at))
                });
                writer.raw(&bits.collect::<Vec<u8>>());
            }
            Self::Classes(_, rows) => rows.iter().for_each(|class| writer.varint(*class)),
            Self::Numbers(rows) => rows.iter().for_each(|number| writer.float(*number)),
        }
    }

    pub fn read(reader: &mut Reader<'_>, count: usize, output: Output) -> Result<Self> {
        match output {
            Output::Probability => read_bits(reader, count).map(Self::Binary),
            Output::Number => reader.floats(count).map(Self::Numbers),
            Output::Probabilities(classes) => {
                let class = |_| match reader.varint()? {
                    class if (class as usize) < classes => Ok(class),
                    _ => Err(damaged()),
                };
                let rows = (0..count).map(class).collect::<Result<_>>()?;
                Ok(Self::Classes(classes, rows))
            }
        }
    }
}

fn read_bits(reader: &mut Reader<'_>, count: usize) -> Result<Vec<bool>> {
    let bits = reader.raw(count.div_ceil(8))?;
    let unused = bits.last().map_or(0, |last| match count % 8 {
        0 => 0,
        used => last >> used,
    });
    match unused {
        0 => Ok((0..count)
            .map(|row| bits[row / 8] >> (row % 8) & 1 == 1)
            .collect()),
        _ => Err(damaged()),
    }
}

pub(super) fn damaged() -> Error {
    Error::failure("the model file is damaged: its rows cannot be read")
}
