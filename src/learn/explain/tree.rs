//! A decision tree as its Shapley values need it: nodes with the share of train rows that take each
//! way.

use crate::error::{Error, Result};

/// A node of a tree whose nodes come in preorder: a split, what is below it, what is above.
#[derive(Debug, Clone, PartialEq)]
pub enum CoveredNode<'a> {
    /// Rows whose number in the column is at most the threshold go below.
    Split {
        column: usize,
        threshold: f64,
        /// Train rows that come here, above 0: how many, or the sum of their weights.
        cover: f64,
    },
    Leaf {
        /// One number for each output of the model.
        values: &'a [f64],
        cover: f64,
    },
}

impl CoveredNode<'_> {
    fn cover(&self) -> f64 {
        match self {
            Self::Split { cover, .. } | Self::Leaf { cover, .. } => *cover,
        }
    }
}

/// A tree whose nodes know the way to them. Children stand behind their parents.
#[derive(Debug, Clone, PartialEq)]
pub struct CoveredTree {
    pub nodes: Vec<Node>,
    /// The numbers of the leaves, leaf after leaf, one for each output.
    pub values: Vec<f64>,
    /// The most columns that are looked at on a way from the root to a leaf.
    pub columns_on_a_way: usize,
    /// What the train rows come to on average, for each output.
    pub means: Vec<f64>,
}

/// A node, and the step from its parent to it. The root's step is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// Where a row must be to take the step: at most the threshold in the column, or above it.
    pub column: u32,
    pub is_above: bool,
    pub threshold: f64,
    /// The node the step comes from.
    pub parent: u32,
    /// The nearest node on the way here whose step looks at the same column; the root where there
    /// is none.
    pub previous: u32,
    /// Of the train rows that come to the parents of all steps here that look at the column, the
    /// share that takes those steps: the product over them.
    pub share: f64,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// The node of those above; those below come next.
    Split { above: u32 },
    /// Where its numbers begin.
    Leaf { values: u32 },
}

impl Node {
    /// Whether a row takes the step. NaN is above all.
    pub fn lets_pass(&self, row: &[f64]) -> bool {
        (row[self.column as usize] <= self.threshold) != self.is_above
    }
}

impl CoveredTree {
    /// # Errors
    /// The nodes are not one tree, or a cover is not above 0: no fit gives either.
    pub fn new<'a>(
        nodes: impl IntoIterator<Item = CoveredNode<'a>>,
        outputs: usize,
    ) -> Result<Self> {
        let mut builder = Builder::new(outputs);
        for node in nodes {
            builder.push(&node)?;
        }
        builder.finish()
    }
}

/// Puts a tree together from nodes in preorder.
struct Builder {
    tree: CoveredTree,
    outputs: usize,
    covers: Vec<f64>,
    /// Steps on the way to each node that look at a column for the first time.
    columns_before: Vec<usize>,
    /// Splits of which a child is still to come: the node, column, threshold, and whether what is
    /// below has begun.
    open: Vec<Open>,
    is_whole: bool,
}

struct Open {
    node: u32,
    column: u32,
    threshold: f64,
    /// Whether the child that comes next is the one above.
    is_above: bool,
}

impl Builder {
    fn new(outputs: usize) -> Self {
        Self {
            tree: CoveredTree {
                nodes: Vec::new(),
                values: Vec::new(),
                columns_on_a_way: 0,
                means: vec![0.0; outputs],
            },
            outputs,
            covers: Vec::new(),
            columns_before: Vec::new(),
            open: Vec::new(),
            is_whole: false,
        }
    }

    fn push(&mut self, node: &CoveredNode<'_>) -> Result<()> {
        let cover = node.cover();
        let counts = cover > 0.0 && cover.is_finite();
        if self.is_whole || !counts {
            return Err(unsound());
        }
        let at = u32::try_from(self.tree.nodes.len()).map_err(|_| unsound())?;
        let step = self.step(at, cover)?;
        let columns = self.columns_before.get(step.parent as usize).copied();
        let is_new = at > 0 && step.previous == 0;
        let columns = columns.unwrap_or(0) + usize::from(is_new);
        self.tree.nodes.push(step);
        self.covers.push(cover);
        self.columns_before.push(columns);
        match node {
            CoveredNode::Split {
                column, threshold, ..
            } => self.open.push(Open {
                node: at,
                column: u32::try_from(*column).map_err(|_| unsound())?,
                threshold: *threshold,
                is_above: false,
            }),
            CoveredNode::Leaf { values, .. } => self.leaf(at, values, columns)?,
        }
        self.is_whole = self.open.is_empty();
        Ok(())
    }

    /// The node that comes next, with the step to it; its end is not known yet.
    fn step(&mut self, at: u32, cover: f64) -> Result<Node> {
        let Some(parent) = self.open.last_mut() else {
            return Ok(Node {
                column: 0,
                is_above: false,
                threshold: 0.0,
                parent: 0,
                previous: 0,
                share: 1.0,
                end: End::Split { above: 0 },
            });
        };
        let mut step = Node {
            column: parent.column,
            is_above: parent.is_above,
            threshold: parent.threshold,
            parent: parent.node,
            previous: 0,
            share: cover / self.covers[parent.node as usize],
            end: End::Split { above: 0 },
        };
        if step.is_above {
            self.tree.nodes[step.parent as usize].end = End::Split { above: at };
            self.open.pop();
        } else {
            parent.is_above = true;
        }
        if step.share > 1.0 {
            return Err(unsound());
        }
        step.previous = self.previous(&step);
        if step.previous > 0 {
            step.share *= self.tree.nodes[step.previous as usize].share;
        }
        Ok(step)
    }

    /// The nearest node on the way to a step's parent whose step looks at the same column.
    fn previous(&self, step: &Node) -> u32 {
        let mut at = step.parent;
        while at > 0 {
            let node = &self.tree.nodes[at as usize];
            if node.column == step.column {
                break;
            }
            at = node.parent;
        }
        at
    }

    fn leaf(&mut self, at: u32, values: &[f64], columns: usize) -> Result<()> {
        if values.len() != self.outputs {
            return Err(unsound());
        }
        let begin = u32::try_from(self.tree.values.len()).map_err(|_| unsound())?;
        self.tree.nodes[at as usize].end = End::Leaf { values: begin };
        self.tree.values.extend(values);
        self.tree.columns_on_a_way = self.tree.columns_on_a_way.max(columns);
        let share = self.covers[at as usize] / self.covers[0];
        for (mean, value) in self.tree.means.iter_mut().zip(values) {
            *mean += share * value;
        }
        Ok(())
    }

    fn finish(self) -> Result<CoveredTree> {
        match self.is_whole {
            true => Ok(self.tree),
            false => Err(unsound()),
        }
    }
}

fn unsound() -> Error {
    Error::failure("the trees of the model file do not say how many train rows came where")
}
