//! Trees as an explainer walks them: read only, node by node, with the rows each has seen.

use super::forest::ForestNode;

/// One tree. Nodes are named by their places in preorder; the root is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeView<'a> {
    pub nodes: Vec<NodeView<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeView<'a> {
    pub node: ForestNode<'a>,
    /// The train rows that came here, with their repetitions in the sample and their weights.
    pub cover: f64,
    /// Of a split the place of what is above; what is below comes next. Of a leaf 0.
    pub above: usize,
}

impl<'a> TreeView<'a> {
    /// A whole tree in preorder, and the covers of its leaves in the same order.
    pub(super) fn new(
        preorder: impl Iterator<Item = ForestNode<'a>>,
        covers: &mut impl Iterator<Item = f64>,
    ) -> Self {
        let mut nodes: Vec<NodeView<'a>> = Vec::new();
        // Splits whose upper side has not begun.
        let mut open = Vec::new();
        for node in preorder {
            let at = nodes.len();
            let cover = match node {
                ForestNode::Split { .. } => {
                    open.push(at);
                    0.0
                }
                ForestNode::Leaf(_) => {
                    if let Some(split) = open.pop() {
                        nodes[split].above = at + 1;
                    }
                    covers.next().unwrap_or(0.0)
                }
            };
            nodes.push(NodeView {
                node,
                cover,
                above: 0,
            });
        }
        for at in (0..nodes.len()).rev() {
            if let ForestNode::Split { .. } = nodes[at].node {
                nodes[at].cover = nodes[at + 1].cover + nodes[nodes[at].above].cover;
            }
        }
        Self { nodes }
    }
}
