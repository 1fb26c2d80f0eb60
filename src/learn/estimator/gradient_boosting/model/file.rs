//! Boosted trees in a model file:
//!
//! | bytes | |
//! |---|---|
//! | 8 × outputs | scores before any tree: of several classes one each, else one |
//! | 8 × columns | importances |
//! | 4, then 8 each | distinct numbers, in the order of `total_cmp` |
//! | 4 | trees |
//! | 1 | how the rows of leaves are counted; see [`CoverWriter`] |
//! | per node | 0 for a leaf, column + 1 for a split; then the index of its number; both LEB128. Behind a leaf its rows |
//!
//! Version 1 did not count the rows of leaves.

use super::build::{Builder, damaged};
use super::{BoostedTrees, LEAF};
use crate::error::Result;
use crate::learn::Output;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::estimator::covers::{CoverReader, CoverWriter};

impl BoostedTrees {
    pub(in super::super::super) fn write(&self, writer: &mut Writer) {
        for &number in self.base.iter().chain(&self.importances) {
            writer.float(number);
        }
        let mut numbers: Vec<f64> = self.nodes.iter().map(|node| node.value).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        numbers.dedup_by_key(|number| number.to_bits());
        writer.u32(numbers.len() as u32);
        for &number in &numbers {
            writer.float(number);
        }
        writer.u32(self.roots.len() as u32);
        let mut covers = CoverWriter::begin(self.covers.as_ref(), writer);
        for node in &self.nodes {
            // A leaf's column is the largest number there is: it comes round to 0.
            writer.varint(node.column.wrapping_add(1));
            let index = numbers.partition_point(|number| number.total_cmp(&node.value).is_lt());
            writer.varint(index as u32);
            if node.column == LEAF {
                covers.write_next(writer);
            }
        }
    }

    /// Reads what a version of the estimator wrote, for a matrix of `columns` columns.
    pub(in super::super::super) fn read(
        reader: &mut Reader<'_>,
        version: u32,
        columns: usize,
        output: Output,
    ) -> Result<Self> {
        if version == 1 && output != Output::Probability {
            return Err(damaged("its version knew two classes only"));
        }
        let base = reader.floats(output.width())?;
        let importances = reader.floats(columns)?;
        let count = reader.u32()? as usize;
        let numbers = reader.floats(count)?;
        let trees = reader.u32()? as usize;
        let mut covers = match version {
            1 => CoverReader::of_none(),
            _ => CoverReader::begin(reader)?,
        };
        let mut builder = Builder::new(columns);
        while builder.lacks(trees) {
            let code = reader.varint()?;
            let value = *numbers
                .get(reader.varint()? as usize)
                .ok_or_else(|| damaged("a number is not listed"))?;
            match code.checked_sub(1) {
                None => {
                    builder.push_leaf(value)?;
                    covers.read_next(reader)?;
                }
                Some(column) => builder.push_split(column, value)?,
            }
        }
        builder.finish(output, base, covers.finish(), importances)
    }

    /// As read from a file of version 1, and the bytes of that file.
    #[cfg(test)]
    pub(in crate::learn) fn first_version(mut self) -> (Self, Vec<u8>) {
        self.covers = None;
        let mut writer = Writer::default();
        self.write(&mut writer);
        let mut bytes = writer.into_bytes();
        let numbers = 8 * (self.base.len() + self.importances.len());
        let count = u32::from_le_bytes(*bytes[numbers..].first_chunk().unwrap());
        bytes.remove(numbers + 4 + 8 * count as usize + 4);
        (self, bytes)
    }
}
