//! Where two forests part.

use serde::Serialize;

use super::{Forest, LEAF, Node};

/// A node in words of the matrix it looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ForestNode {
    /// Rows whose column is at most the threshold go to the next node.
    Split { column: usize, threshold: f64 },
    /// The share of the positive class.
    Leaf(f64),
}

/// The first node in which two forests differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForestDifference {
    /// Counted from 1.
    pub tree: usize,
    /// Its number in the tree in preorder, counted from 1.
    pub node: usize,
    /// None where the tree has no such node.
    pub before: Option<ForestNode>,
    pub now: Option<ForestNode>,
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
    pub fn first_difference(&self, now: &Self) -> Option<ForestDifference> {
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
                before: self.node(tree, node),
                now: now.node(tree, node),
                trees,
            })
        })
    }

    /// The number of the first node in which a tree is another.
    fn differing_node(&self, other: &Self, tree: usize) -> Option<usize> {
        let most = self.tree(tree).len().max(other.tree(tree).len());
        (0..most).find(|node| {
            let bits = |forest: &Self| forest.tree(tree).get(*node).map(bits_of);
            bits(self) != bits(other)
        })
    }

    /// The nodes of a tree; none where there is no such tree.
    fn tree(&self, tree: usize) -> &[Node] {
        let start = |tree: usize| self.roots.get(tree).map(|root| *root as usize);
        match start(tree) {
            None => &[],
            Some(first) => &self.nodes[first..start(tree + 1).unwrap_or(self.nodes.len())],
        }
    }

    fn node(&self, tree: usize, node: usize) -> Option<ForestNode> {
        let node = self.tree(tree).get(node)?;
        Some(match node.column {
            LEAF => ForestNode::Leaf(node.value),
            column => ForestNode::Split {
                column: column as usize,
                threshold: node.value,
            },
        })
    }
}

fn bits_of(node: &Node) -> (u32, u64) {
    (node.column, node.value.to_bits())
}

#[cfg(test)]
mod tests {
    use super::super::super::smartcore_forest::TreeNode;
    use super::super::Builder;
    use super::*;

    fn forest(trees: &[&[TreeNode]]) -> Forest {
        let mut builder = Builder::new(2);
        for node in trees.iter().flat_map(|tree| tree.iter()) {
            builder.push(*node).unwrap();
        }
        builder.finish(vec![0.5, 0.5]).unwrap()
    }

    fn split(column: u32, threshold: f64) -> TreeNode {
        TreeNode::Split { column, threshold }
    }

    #[test]
    fn the_first_node_that_differs_is_found() {
        let stump = [split(0, 1.0), TreeNode::Leaf(0.0), TreeNode::Leaf(1.0)];
        let other = [split(0, 1.0), TreeNode::Leaf(0.0), TreeNode::Leaf(0.5)];
        let leaf = [TreeNode::Leaf(0.25)];
        let before = forest(&[&stump, &stump, &leaf]);
        assert_eq!(before.first_difference(&before), None);
        let found = before.first_difference(&forest(&[&stump, &other, &stump]));
        let found = found.expect("they differ");
        assert_eq!((found.tree, found.node, found.trees.differ), (2, 3, 2));
        assert_eq!(found.before, Some(ForestNode::Leaf(1.0)));
        assert_eq!(found.now, Some(ForestNode::Leaf(0.5)));
        let found = before.first_difference(&forest(&[&stump, &stump]));
        let found = found.expect("one has a tree more");
        assert_eq!((found.tree, found.node, found.now), (3, 1, None));
        assert_eq!(
            (found.trees.before, found.trees.now, found.trees.differ),
            (3, 2, 0)
        );
    }
}
