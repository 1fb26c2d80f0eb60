//! A forest in a model file, in the layout of version 3 of the estimator:
//!
//! | bytes | |
//! |---|---|
//! | 8 × columns | importances |
//! | for each column 4, then 8 each | its thresholds, ascending |
//! | 4, then 8 each | distinct values of leaves, ascending |
//! | 4 | trees |
//! | 1 | how the rows of leaves are counted; see [`CoverWriter`] |
//! | per node, in preorder | a split: column + 1, then the number of its threshold; a leaf: 0, then the index of its value; all LEB128. Behind a leaf its rows |
//!
//! Version 2 did not count the rows of leaves. Version 1 had one list of numbers, for thresholds and leaves of all columns, in place of the two.
//!
//! A split takes two or three bytes, a leaf three or four. What a general compressor could still take off is not taken: the
//! name of a model is the hash of its file, so another release of the compressor would give the same
//! model another name.

use super::super::covers::{CoverReader, CoverWriter};
use super::super::tree::{LEAF, Tree};
use super::build::damaged;
use super::layout::{Node, Preorder};
use super::{Cuts, Forest, Link};
use crate::error::Result;
use crate::learn::bytes::{Reader, Writer};

impl Forest {
    pub(in super::super) fn write(&self, writer: &mut Writer) {
        for &importance in &self.importances {
            writer.float(importance);
        }
        for column in 0..self.cuts.columns() {
            write_numbers(writer, self.cuts.of_column(column));
        }
        write_numbers(writer, &self.leaves);
        writer.u32(self.roots.len() as u32);
        let mut covers = CoverWriter::begin(self.covers.as_ref(), writer);
        for &root in &self.roots {
            self.write_tree(writer, &mut covers, root);
        }
    }

    fn write_tree(&self, writer: &mut Writer, covers: &mut CoverWriter<'_>, root: Link) {
        let mut pending = vec![root];
        while let Some(link) = pending.pop() {
            if link.is_leaf() {
                writer.varint(0);
                writer.varint(link.index() as u32);
                covers.write_next(writer);
            } else {
                let split = self.splits[link.index()];
                writer.varint(self.cuts.column(split.test) as u32 + 1);
                writer.varint(self.cuts.cut(split.test));
                pending.extend(split.children.into_iter().rev());
            }
        }
    }

    /// Reads what a version of the estimator wrote, for a matrix of `columns` columns.
    pub(in super::super) fn read(
        reader: &mut Reader<'_>,
        version: u32,
        columns: usize,
    ) -> Result<Self> {
        let importances = reader.floats(columns)?;
        if version == 1 {
            return Self::read_first_version(reader, importances);
        }
        let cuts: Vec<Vec<f64>> = (0..columns)
            .map(|_| read_numbers(reader))
            .collect::<Result<_>>()?;
        let leaves = read_numbers(reader)?;
        let trees = reader.u32()? as usize;
        let mut covers = match version {
            2 => CoverReader::of_none(),
            _ => CoverReader::begin(reader)?,
        };
        let mut preorder = Preorder::default();
        while preorder.trees() < trees || preorder.is_open() {
            let column = reader.varint()?.checked_sub(1).unwrap_or(LEAF);
            let index = reader.varint()?;
            preorder.push(Node { column, index });
            if column == LEAF {
                covers.read_next(reader)?;
            }
        }
        preorder.forest(Cuts::new(&cuts)?, leaves, covers.finish(), importances)
    }

    fn read_first_version(reader: &mut Reader<'_>, importances: Vec<f64>) -> Result<Self> {
        let numbers = read_numbers(reader)?;
        let trees = reader.u32()? as usize;
        let mut preorder = Preorder::default();
        let mut all = Tree::default();
        while preorder.trees() < trees || preorder.is_open() {
            let column = reader.varint()?.checked_sub(1).unwrap_or(LEAF);
            let index = reader.varint()?;
            let number = numbers.get(index as usize);
            all.columns.push(column);
            all.values
                .push(*number.ok_or_else(|| damaged("a number is not listed"))?);
            preorder.push(Node { column, index });
        }
        // In preorder, where a tree ends shows: many read as one.
        Self::numbered(&[all], importances, None)
    }
}

fn write_numbers(writer: &mut Writer, numbers: &[f64]) {
    writer.u32(numbers.len() as u32);
    for &number in numbers {
        writer.float(number);
    }
}

/// Reads distinct finite numbers, ascending.
fn read_numbers(reader: &mut Reader<'_>) -> Result<Vec<f64>> {
    let count = reader.u32()? as usize;
    let numbers = reader.floats(count)?;
    if numbers.is_sorted_by(|a, b| a.total_cmp(b).is_lt()) {
        Ok(numbers)
    } else {
        Err(damaged("its numbers are not in order"))
    }
}
