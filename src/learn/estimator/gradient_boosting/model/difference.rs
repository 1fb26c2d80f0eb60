//! Where the trees of two boosted models part.

use super::{BoostedTrees, Node};
use crate::learn::estimator::{ForestDifference, TreeCounts};

impl BoostedTrees {
    /// Holds two models against each other, tree by tree; none when their trees are the same.
    pub fn first_difference<'a>(&'a self, now: &'a Self) -> Option<ForestDifference<'a>> {
        let common = self.trees().min(now.trees());
        let differs = |tree: &usize| self.differing_node(now, *tree).is_some();
        let trees = TreeCounts {
            before: self.trees(),
            now: now.trees(),
            differ: (0..common).filter(differs).count(),
        };
        (0..self.trees().max(now.trees())).find_map(|tree| {
            let node = self.differing_node(now, tree)?;
            Some(ForestDifference {
                tree: tree + 1,
                node: node + 1,
                before: self.tree(tree).get(node).map(Node::in_words),
                now: now.tree(tree).get(node).map(Node::in_words),
                trees,
            })
        })
    }

    /// The number of the first node in which a tree is another.
    fn differing_node(&self, other: &Self, tree: usize) -> Option<usize> {
        let (these, those) = (self.tree(tree), other.tree(tree));
        let bits = |node: &Node| (node.column, node.value.to_bits());
        (0..these.len().max(those.len()))
            .find(|node| these.get(*node).map(bits) != those.get(*node).map(bits))
    }
}
