//! Where the nodes of a forest stand.

use super::super::covers::Covers;
use super::build::damaged;
use super::{Cuts, Forest, LEAF, Link, Split};
use crate::error::{Error, Result};

/// The nodes of all trees, tree after tree, each in preorder: a split is followed by what is below
/// it, then by what is above.
///
/// The children of a split follow from the order, so whatever nodes come, there is no loop and no
/// link out of bounds.
#[derive(Default)]
pub struct Preorder {
    nodes: Vec<Node>,
    /// Where each tree begins.
    roots: Vec<usize>,
    /// Children of the last tree that are still to come.
    to_come: usize,
}

#[derive(Clone, Copy)]
pub struct Node {
    /// [`LEAF`], or the column of a split.
    pub column: u32,
    /// The index of a leaf's value, or the number of a split's cut.
    pub index: u32,
}

impl Preorder {
    pub fn push(&mut self, node: Node) {
        if self.to_come == 0 {
            self.roots.push(self.nodes.len());
            self.to_come = 1;
        }
        self.to_come -= 1;
        self.to_come += if node.column == LEAF { 0 } else { 2 };
        self.nodes.push(node);
    }

    /// How many trees were begun.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// Whether the last tree still lacks nodes.
    pub fn is_open(&self) -> bool {
        self.to_come > 0
    }

    pub fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// The forest of these trees. `leaves` are distinct and in the order of `total_cmp`, as are the
    /// cuts of each column. `covers` has one entry a leaf.
    pub fn forest(
        self,
        cuts: Cuts,
        leaves: Vec<f64>,
        covers: Option<Covers>,
        importances: Vec<f64>,
    ) -> Result<Forest> {
        if self.is_open() || self.roots.is_empty() {
            return Err(damaged("a tree is not whole"));
        }
        self.check(&cuts, &leaves)?;
        let (splits, roots) = self.layout(&cuts)?;
        Ok(Forest {
            splits,
            roots,
            cuts,
            leaves,
            covers,
            importances,
        })
    }

    fn check(&self, cuts: &Cuts, leaves: &[f64]) -> Result<()> {
        for node in &self.nodes {
            if node.column == LEAF {
                let value = leaves.get(node.index as usize);
                if !value.is_some_and(|value| (0.0..=1.0).contains(value)) {
                    return Err(damaged("a leaf is not a probability"));
                }
            } else if node.column as usize >= cuts.columns() {
                return Err(damaged("a split looks at no column"));
            } else if node.index as usize >= cuts.of_column(node.column as usize).len() {
                return Err(damaged("a split has no threshold"));
            }
        }
        Ok(())
    }

    fn layout(&self, cuts: &Cuts) -> Result<(Vec<Split>, Vec<Link>)> {
        let sizes = self.sizes();
        let mut splits = Vec::with_capacity(self.nodes.len() / 2);
        let mut roots = Vec::with_capacity(self.roots.len());
        // Subtrees without a place, the next one last; and which link of which split leads there.
        let mut pending: Vec<(usize, usize, bool)> = Vec::new();
        for &root in &self.roots {
            roots.push(self.link(root, splits.len())?);
            if self.nodes[root].column != LEAF {
                pending.push((root, usize::MAX, false));
            }
            while let Some((at, parent, is_above)) = pending.pop() {
                let place = splits.len();
                let (below, above) = (at + 1, at + 1 + sizes[at + 1] as usize);
                splits.push(Split {
                    test: cuts.test(self.nodes[at].column, self.nodes[at].index),
                    children: [self.link(below, place)?, self.link(above, place)?],
                });
                if let Some(parent) = splits.get_mut(parent) {
                    parent.children[usize::from(is_above)] = Link(place as u32);
                }
                let mut children = [(below, place, false), (above, place, true)];
                if sizes[below] >= sizes[above] {
                    children.reverse();
                }
                pending.extend(children.into_iter().filter(|child| sizes[child.0] > 1));
            }
        }
        Ok((splits, roots))
    }

    /// A link to a leaf, or to the place of a split.
    fn link(&self, at: usize, place: usize) -> Result<Link> {
        let Node { column, index } = self.nodes[at];
        let target = if column == LEAF {
            index as usize
        } else {
            place
        };
        let link = u32::try_from(target)
            .ok()
            .filter(|link| link & Link::LEAF == 0);
        let link = link.ok_or_else(|| {
            Error::failure("the forest has more than 2³¹ splits")
                .help("grow fewer trees, or set `max_depth` or `min_samples_leaf` under [model]")
        })?;
        Ok(if column == LEAF {
            Link::to_leaf(link)
        } else {
            Link(link)
        })
    }

    /// How many nodes the subtree of each node has.
    fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![1; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if node.column != LEAF {
                let below = sizes[at + 1];
                sizes[at] = 1 + below + sizes[at + 1 + below as usize];
            }
        }
        sizes
    }
}

impl Cuts {
    /// The thresholds of each column are ascending.
    pub fn new(columns: &[Vec<f64>]) -> Result<Self> {
        let most = columns.iter().map(Vec::len).max().unwrap_or(0);
        let bits_of = |most: usize| usize::BITS - most.leading_zeros();
        // A rank may be one more than the number of the last cut.
        let bits = bits_of(most);
        let count: usize = columns.iter().map(Vec::len).sum();
        if bits + bits_of(columns.len()) > u32::BITS || u32::try_from(count).is_err() {
            return Err(
                Error::failure("the forest has too many thresholds to number them").help(
                    "set `max_depth` or `min_samples_leaf` under [model], or take fewer features",
                ),
            );
        }
        let mut begins = vec![0];
        let mut end = 0;
        for column in columns {
            end += column.len() as u32;
            begins.push(end);
        }
        Ok(Self {
            thresholds: columns.concat(),
            begins,
            bits,
        })
    }
}
