//! Where two forests part.

use serde::Serialize;

use super::Forest;

/// A node in words of the matrix it looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ForestNode<'a> {
    /// Rows whose column is at most the threshold go to the next node.
    Split { column: usize, threshold: f64 },
    /// What it says.
    Leaf(&'a [f64]),
}

/// The first node in which two forests differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForestDifference<'a> {
    /// Counted from 1.
    pub tree: usize,
    /// Its number in the tree in preorder, counted from 1.
    pub node: usize,
    /// None where the tree has no such node.
    pub before: Option<ForestNode<'a>>,
    pub now: Option<ForestNode<'a>>,
    pub trees: TreeCounts,
}

/// How many trees there are, and how many of those that both have are not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TreeCounts {
    pub before: usize,
    pub now: usize,
    pub differ: usize,
}

impl Forest {
    /// Holds two forests against each other, tree by tree; none when their trees are the same.
    pub fn first_difference<'a>(&'a self, now: &'a Self) -> Option<ForestDifference<'a>> {
        let common = self.trees().min(now.trees());
        let differs = |tree: &usize| self.differing_node(now, *tree).is_some();
        let trees = TreeCounts {
            before: self.trees(),
            now: now.trees(),
            differ: (0..common).filter(differs).count(),
        };
        let most = self.trees().max(now.trees());
        (0..most).find_map(|tree| {
            let node = self.differing_node(now, tree)?;
            Some(ForestDifference {
                tree: tree + 1,
                node: node + 1,
                before: self.preorder(tree).nth(node),
                now: now.preorder(tree).nth(node),
                trees,
            })
        })
    }

    /// The number of the first node in which a tree is another.
    fn differing_node(&self, other: &Self, tree: usize) -> Option<usize> {
        let (mut own, mut others) = (self.preorder(tree), other.preorder(tree));
        (0..).find_map(|node| match (own.next(), others.next()) {
            (None, None) => Some(None),
            (Some(a), Some(b)) if a.is_same(b) => None,
            _ => Some(Some(node)),
        })?
    }
}

impl ForestNode<'_> {
    /// Whether all bits are the same.
    fn is_same(self, other: ForestNode<'_>) -> bool {
        let bits = |number: &f64| number.to_bits();
        match (self, other) {
            (
                Self::Split { column, threshold },
                ForestNode::Split {
                    column: others,
                    threshold: cut,
                },
            ) => column == others && bits(&threshold) == bits(&cut),
            (Self::Leaf(own), ForestNode::Leaf(others)) => {
                own.iter().map(bits).eq(others.iter().map(bits))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::{LEAF, Tree};
    use super::*;

    const STUMP: [(u32, f64); 3] = [(0, 1.0), (LEAF, 0.0), (LEAF, 1.0)];

    fn forest(trees: &[&[(u32, f64)]]) -> Forest {
        let tree = |nodes: &&[(u32, f64)]| Tree {
            columns: nodes.iter().map(|node| node.0).collect(),
            values: nodes.iter().map(|node| node.1).collect(),
            covers: vec![1.0; nodes.len().div_ceil(2)],
            importances: vec![0.5, 0.5],
        };
        let trees: Vec<Tree> = trees.iter().map(tree).collect();
        Forest::of_trees(&trees).unwrap()
    }

    #[test]
    fn the_first_node_that_differs_is_found() {
        let other = [(0, 1.0), (LEAF, 0.0), (LEAF, 0.5)];
        let leaf = [(LEAF, 0.25)];
        let before = forest(&[&STUMP, &STUMP, &leaf]);
        assert_eq!(before.first_difference(&before), None);
        let now = forest(&[&STUMP, &other, &STUMP]);
        let found = before.first_difference(&now);
        let found = found.expect("they differ");
        assert_eq!((found.tree, found.node, found.trees.differ), (2, 3, 2));
        assert_eq!(found.before, Some(ForestNode::Leaf(&[1.0])));
        assert_eq!(found.now, Some(ForestNode::Leaf(&[0.5])));
        let now = forest(&[&STUMP, &STUMP]);
        let found = before.first_difference(&now);
        let found = found.expect("one has a tree more");
        assert_eq!((found.tree, found.node, found.now), (3, 1, None));
        assert_eq!(
            (found.trees.before, found.trees.now, found.trees.differ),
            (3, 2, 0)
        );
    }
}
