//! A forest of grown trees.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::covers::Covers;
use super::super::tree::{LEAF, Tree, normalize};
use super::layout::{Node, Preorder};
use super::{Cuts, Forest};
use crate::error::{Error, Result};

impl Forest {
    /// The forest of these trees, in their order. There is at least one; all look at a matrix of as
    /// many columns as their importances tell.
    pub(in super::super) fn of_trees(trees: &[Tree]) -> Result<Self> {
        let columns = trees.first().map_or(0, |tree| tree.importances.len());
        let mut importances = vec![0.0; columns];
        for tree in trees {
            for (sum, importance) in importances.iter_mut().zip(&tree.importances) {
                *sum += importance / trees.len() as f64;
            }
        }
        normalize(&mut importances);
        let covers = trees.iter().flat_map(|tree| tree.covers.iter().copied());
        let covers = Covers::of(covers.collect());
        Self::numbered(trees, importances, Some(covers))
    }

    /// Numbers cuts and leaf values.
    pub(super) fn numbered(
        trees: &[Tree],
        importances: Vec<f64>,
        covers: Option<Covers>,
    ) -> Result<Self> {
        let mut leaves = Numbers::default();
        let mut cuts: Vec<Numbers> = Vec::new();
        cuts.resize_with(importances.len(), Numbers::default);
        let mut preorder = Preorder::default();
        for tree in trees {
            for (&column, &value) in tree.columns.iter().zip(&tree.values) {
                let numbers = match column {
                    LEAF => &mut leaves,
                    column => cuts.get_mut(column as usize).ok_or_else(no_column)?,
                };
                let index = numbers.index(value);
                preorder.push(Node { column, index });
            }
        }
        let leaf_ranks = leaves.sort();
        let cut_ranks: Vec<Vec<u32>> = cuts.iter_mut().map(Numbers::sort).collect();
        for node in preorder.nodes_mut() {
            let ranks = match node.column {
                LEAF => &leaf_ranks,
                column => &cut_ranks[column as usize],
            };
            node.index = ranks[node.index as usize];
        }
        let cuts: Vec<Vec<f64>> = cuts.into_iter().map(|cuts| cuts.values).collect();
        preorder.forest(Cuts::new(&cuts)?, leaves.values, covers, importances)
    }
}

/// Distinct numbers, in the order in which they were first seen.
#[derive(Default)]
struct Numbers {
    values: Vec<f64>,
    /// Where each stands, by its bits.
    indexes: HashMap<u64, u32, BuildHasherDefault<BitsHasher>>,
}

impl Numbers {
    fn index(&mut self, value: f64) -> u32 {
        let next = self.values.len() as u32;
        *self.indexes.entry(value.to_bits()).or_insert_with(|| {
            self.values.push(value);
            next
        })
    }

    /// Sorts the numbers; gives for each former index the present one.
    fn sort(&mut self) -> Vec<u32> {
        self.values.sort_unstable_by(f64::total_cmp);
        let mut ranks = vec![0; self.values.len()];
        for (rank, value) in (0..).zip(&self.values) {
            ranks[self.indexes[&value.to_bits()] as usize] = rank;
        }
        ranks
    }
}

/// The bits of a number, stirred. Nobody chooses thresholds to make them collide.
#[derive(Default)]
struct BitsHasher(u64);

impl Hasher for BitsHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u64(&mut self, bits: u64) {
        let product = u128::from(self.0 ^ bits) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

pub fn damaged(what: &str) -> Error {
    Error::failure(format!("the forest of the model file is damaged: {what}"))
}

pub fn no_column() -> Error {
    damaged("a split looks at no column")
}
