//! How many train rows the leaves of trees have seen: what an explanation of a prediction weighs them by.
//!
//! Predictions need none of it. So the numbers stand in a list of their own, one for each leaf, tree
//! after tree in preorder; what a split has seen is what its two sides have seen together.

use crate::error::{Error, Result};
use crate::learn::bytes::{Reader, Writer};

/// One number for each leaf.
#[derive(Debug, Clone, PartialEq)]
pub enum Covers {
    /// Rows, each as often as it was drawn.
    Counts(Vec<u32>),
    /// The sum of the weights of the rows.
    Weights(Vec<f64>),
}

impl Covers {
    /// Keeps whole numbers as such.
    pub(super) fn of(numbers: Vec<f64>) -> Self {
        let whole = |number: &f64| f64::from(*number as u32) == *number;
        if numbers.iter().all(whole) {
            Self::Counts(numbers.iter().map(|number| *number as u32).collect())
        } else {
            Self::Weights(numbers)
        }
    }

    /// Of each leaf.
    pub(super) fn iter(&self) -> impl Iterator<Item = f64> {
        (0..self.len()).map(|leaf| match self {
            Self::Counts(counts) => counts[leaf].into(),
            Self::Weights(weights) => weights[leaf],
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Counts(counts) => counts.len(),
            Self::Weights(weights) => weights.len(),
        }
    }
}

/// Writes covers leaf by leaf, where the leaves are written.
///
/// One byte says which form they have: 0 none (trees of a file from before there were any), 1 counts
/// in LEB128, 2 weights of eight bytes.
pub(super) struct CoverWriter<'a> {
    covers: Option<&'a Covers>,
    leaf: usize,
}

impl<'a> CoverWriter<'a> {
    pub(super) fn begin(covers: Option<&'a Covers>, writer: &mut Writer) -> Self {
        writer.raw(&[match covers {
            None => 0,
            Some(Covers::Counts(_)) => 1,
            Some(Covers::Weights(_)) => 2,
        }]);
        Self { covers, leaf: 0 }
    }

    pub(super) fn write_next(&mut self, writer: &mut Writer) {
        match self.covers {
            None => {}
            Some(Covers::Counts(counts)) => writer.varint(counts[self.leaf]),
            Some(Covers::Weights(weights)) => writer.float(weights[self.leaf]),
        }
        self.leaf += 1;
    }
}

/// Reads what a [`CoverWriter`] wrote.
pub(super) struct CoverReader(Option<Covers>);

impl CoverReader {
    /// Of a file that has none.
    pub(super) fn of_none() -> Self {
        Self(None)
    }

    pub(super) fn begin(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.raw(1)? {
            [0] => Ok(Self(None)),
            [1] => Ok(Self(Some(Covers::Counts(Vec::new())))),
            [2] => Ok(Self(Some(Covers::Weights(Vec::new())))),
            _ => Err(damaged("it counts the rows of leaves in an unknown way")),
        }
    }

    pub(super) fn read_next(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        match &mut self.0 {
            None => {}
            Some(Covers::Counts(counts)) => {
                let rows = reader.varint()?;
                counts.push((rows > 0).then_some(rows).ok_or_else(no_rows)?);
            }
            Some(Covers::Weights(weights)) => {
                let weight = reader.float()?;
                weights.push((weight > 0.0).then_some(weight).ok_or_else(no_rows)?);
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Option<Covers> {
        self.0
    }
}

fn no_rows() -> Error {
    damaged("a leaf has seen no rows")
}

fn damaged(what: &str) -> Error {
    Error::failure(format!("the trees of the model file are damaged: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(covers: Option<&Covers>, leaves: usize) -> Vec<u8> {
        let mut writer = Writer::default();
        let mut covers = CoverWriter::begin(covers, &mut writer);
        for _ in 0..leaves {
            covers.write_next(&mut writer);
        }
        writer.into_bytes()
    }

    fn read(bytes: &[u8], leaves: usize) -> Result<Option<Covers>> {
        let mut reader = Reader::new(bytes);
        let mut covers = CoverReader::begin(&mut reader)?;
        for _ in 0..leaves {
            covers.read_next(&mut reader)?;
        }
        assert!(reader.is_at_end());
        Ok(covers.finish())
    }

    #[test]
    fn covers_come_back_in_the_form_that_takes_least() {
        let counts = Covers::of(vec![1.0, 300.0, f64::from(u32::MAX)]);
        assert_eq!(counts, Covers::Counts(vec![1, 300, u32::MAX]));
        let weights = Covers::of(vec![1.0, 0.25]);
        assert_eq!(weights, Covers::Weights(vec![1.0, 0.25]));
        assert_eq!(weights.iter().collect::<Vec<_>>(), [1.0, 0.25]);
        for (covers, leaves, length) in [
            (None, 5, 1),
            (Some(counts), 3, 1 + 1 + 2 + 5),
            (Some(weights), 2, 17),
        ] {
            let bytes = written(covers.as_ref(), leaves);
            assert_eq!(bytes.len(), length);
            assert_eq!(read(&bytes, leaves).unwrap(), covers);
        }
    }

    #[test]
    fn leaves_without_rows_are_refused() {
        let weight = |weight: f64| [&[2][..], &weight.to_le_bytes()].concat();
        for bytes in [
            vec![3],
            vec![1, 0],
            weight(0.0),
            weight(-1.0),
            weight(f64::NAN),
        ] {
            assert!(read(&bytes, 1).is_err(), "{bytes:?}");
        }
    }
}
