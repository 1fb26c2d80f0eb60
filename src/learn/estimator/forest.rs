//! A forest in its compact form: what predictions run on.
//!
//! All splits of all trees stand in one flat array, twelve bytes each; a leaf is a link to its value
//! and takes no place of its own. Each column has one ascending list of the thresholds that the
//! forest holds against it, its *cuts*; a split names a cut by its number. A row is ranked once among
//! the cuts of each column, and from then on only whole numbers are compared.
//!
//! A step waits for memory longer than it computes. So the larger of two subtrees stands right behind
//! its split, where it is often in memory already, and eight paths are walked at once: one row through
//! eight trees, or eight rows through one tree. Leaf values are always summed in the order of the
//! trees, so both ways give the same bits.

mod answers;
mod build;
mod difference;
mod file;
mod layout;

use super::covers::Covers;
use super::tree::LEAF;
use super::view::TreeView;
use crate::learn::Matrix;
use crate::learn::blocks::for_each_block;
use answers::Answers;

pub use difference::{ForestDifference, ForestNode, TreeCounts};

/// Rows that go through one tree after the other: the tree stays in the processor's cache.
const ROWS_PER_BLOCK: usize = 128;

/// Paths that are walked at once.
const LANES: usize = 8;

/// Of a single row with at most so many columns, the ranks are kept on the stack.
const COLUMNS_ON_STACK: usize = 256;

/// Decision trees whose mean is the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// All splits, tree after tree.
    splits: Vec<Split>,
    /// Where each tree begins.
    roots: Vec<Link>,
    cuts: Cuts,
    leaves: Answers,
    /// None: read from a file of a version that kept none.
    covers: Option<Covers>,
    importances: Vec<f64>,
}

/// A row is below when its rank in the column is at most the number of the cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Split {
    test: Test,
    /// What is below, and what is above.
    children: [Link; 2],
}

const _: () = assert!(size_of::<Split>() == 12);

/// To a split by its place; or, with the top bit set, to a leaf by the index of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link(u32);

impl Link {
    const LEAF: u32 = 1 << 31;

    fn to_leaf(value: u32) -> Self {
        Self(value | Self::LEAF)
    }

    fn is_leaf(self) -> bool {
        self.0 & Self::LEAF != 0
    }

    /// Of a leaf the index of its answer, of a split its place.
    fn index(self) -> usize {
        (self.0 & !Self::LEAF) as usize
    }
}

/// A column and the number of one of its cuts, or a rank among them, in one word. Of one column,
/// the cuts a number is above are those whose word is less than that of its rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd)]
struct Test(u32);

/// For each column the thresholds of the forest, ascending.
#[derive(Debug, Clone, PartialEq)]
struct Cuts {
    thresholds: Vec<f64>,
    /// Where the thresholds of each column begin; at the end, their count.
    begins: Vec<u32>,
    /// Bits of a [`Test`] that name the cut; those above name the column.
    bits: u32,
}

impl Cuts {
    fn of_column(&self, column: usize) -> &[f64] {
        &self.thresholds[self.begins[column] as usize..self.begins[column + 1] as usize]
    }

    fn columns(&self) -> usize {
        self.begins.len() - 1
    }

    fn column(&self, Test(test): Test) -> usize {
        (test >> self.bits) as usize
    }

    /// The number of the cut.
    fn cut(&self, Test(test): Test) -> u32 {
        test & ((1 << self.bits) - 1)
    }

    fn threshold(&self, test: Test) -> f64 {
        self.of_column(self.column(test))[self.cut(test) as usize]
    }

    fn test(&self, column: u32, cut: u32) -> Test {
        Test(column << self.bits | cut)
    }

    /// For each column how many cuts its number is above.
    fn rank_row(&self, row: &[f64], ranks: &mut [Test]) {
        for (column, (rank, number)) in (0..).zip(ranks.iter_mut().zip(row)) {
            let cuts = self.of_column(column as usize);
            let above = cuts.partition_point(|cut| is_above(*number, *cut));
            *rank = self.test(column, above as u32);
        }
    }
}

/// NaN, which no encoder gives, is above all.
fn is_above(number: f64, threshold: f64) -> bool {
    number > threshold || number.is_nan()
}

impl Forest {
    /// How many trees there are.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// How many nodes all trees have.
    pub fn nodes(&self) -> usize {
        // A tree of s splits has s + 1 leaves.
        2 * self.splits.len() + self.roots.len()
    }

    /// How many numbers a leaf has.
    pub(in crate::learn) fn width(&self) -> usize {
        self.leaves.width()
    }

    pub fn importances(&self) -> &[f64] {
        &self.importances
    }

    /// The mean over the trees for each row, row after row.
    pub(super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let width = self.leaves.width();
        let mut means = vec![0.0; matrix.rows() * width];
        match means.as_mut_slice() {
            [mean] => *mean = self.predict_row(matrix.row(0)),
            means if width == 1 => for_each_block(means, ROWS_PER_BLOCK, |block, means| {
                self.predict_block(matrix, block * ROWS_PER_BLOCK, means, 1, |sum, leaf| {
                    sum[0] += self.leaves.number(leaf.index());
                });
            }),
            means => for_each_block(means, ROWS_PER_BLOCK * width, |block, means| {
                self.predict_block(
                    matrix,
                    block * ROWS_PER_BLOCK,
                    means,
                    width,
                    |sums, leaf| {
                        for (sum, number) in sums.iter_mut().zip(self.leaves.get(leaf.index())) {
                            *sum += number;
                        }
                    },
                );
            }),
        }
        means
    }

    /// The rows of `matrix` from `first` on, `width` of `means` for each. `add` adds what a leaf says.
    #[inline]
    fn predict_block(
        &self,
        matrix: &Matrix,
        first: usize,
        means: &mut [f64],
        width: usize,
        add: impl Fn(&mut [f64], Link),
    ) {
        let columns = self.cuts.columns();
        let rows = means.len() / width;
        let padded = rows.next_multiple_of(LANES);
        let mut ranks = vec![Test::default(); padded * columns];
        for row in 0..rows {
            let ranks = &mut ranks[row * columns..][..columns];
            self.cuts.rank_row(matrix.row(first + row), ranks);
        }
        for &root in &self.roots {
            for (eight, sums) in means.chunks_mut(LANES * width).enumerate() {
                let row = |lane| &ranks[(eight * LANES + lane) * columns..][..columns];
                let rows: [&[Test]; LANES] = std::array::from_fn(row);
                let leaves = self.walk([root; LANES], |lane, column, test| {
                    test < rows[lane][column]
                });
                for (sums, leaf) in sums.chunks_exact_mut(width).zip(leaves) {
                    add(sums, leaf);
                }
            }
        }
        for mean in means {
            *mean /= self.roots.len() as f64;
        }
    }

    /// The mean over the trees for one row, of trees that answer with one number. Takes no memory.
    pub fn predict_row(&self, row: &[f64]) -> f64 {
        let mut ranks = [Test::default(); COLUMNS_ON_STACK];
        match ranks.get_mut(..self.cuts.columns()) {
            Some(ranks) => {
                self.cuts.rank_row(row, ranks);
                self.mean(|column, test| test < ranks[column])
            }
            None => self.mean(|column, test| is_above(row[column], self.cuts.threshold(test))),
        }
    }

    fn mean(&self, is_above: impl Fn(usize, Test) -> bool) -> f64 {
        let (eights, rest) = self.roots.as_chunks::<LANES>();
        let mut sum = 0.0;
        for &roots in eights {
            for leaf in self.walk(roots, |_, column, test| is_above(column, test)) {
                sum += self.leaves.number(leaf.index());
            }
        }
        for &root in rest {
            let [leaf] = self.walk([root], |_, column, test| is_above(column, test));
            sum += self.leaves.number(leaf.index());
        }
        sum / self.roots.len() as f64
    }

    /// The leaves at the end of paths that begin at these links. `is_above` says of a path, a column
    /// and a test of it whether its row is above.
    fn walk<const N: usize>(
        &self,
        mut at: [Link; N],
        is_above: impl Fn(usize, usize, Test) -> bool,
    ) -> [Link; N] {
        while !at.iter().fold(true, |all, link| all & link.is_leaf()) {
            for (lane, link) in at.iter_mut().enumerate() {
                if !link.is_leaf() {
                    let split = &self.splits[link.index()];
                    let column = self.cuts.column(split.test);
                    *link = split.children[usize::from(is_above(lane, column, split.test))];
                }
            }
        }
        at
    }

    /// The trees, whose mean is the prediction; none where the model file is of a version that did
    /// not count the rows of leaves.
    pub fn tree_views(&self) -> Option<impl Iterator<Item = TreeView<'_>>> {
        let mut covers = self.covers.as_ref()?.iter();
        let trees = 0..self.trees();
        Some(trees.map(move |tree| TreeView::new(self.preorder(tree), &mut covers)))
    }

    /// A tree's nodes in preorder: a split, what is below, what is above.
    pub(in crate::learn) fn preorder(&self, tree: usize) -> impl Iterator<Item = ForestNode<'_>> {
        let mut pending: Vec<Link> = self.roots.get(tree).copied().into_iter().collect();
        std::iter::from_fn(move || {
            let link = pending.pop()?;
            if link.is_leaf() {
                return Some(ForestNode::Leaf(self.leaves.get(link.index())));
            }
            let split = self.splits[link.index()];
            pending.extend(split.children.into_iter().rev());
            let column = self.cuts.column(split.test);
            let threshold = self.cuts.threshold(split.test);
            Some(ForestNode::Split { column, threshold })
        })
    }
}

#[cfg(test)]
mod tests;
