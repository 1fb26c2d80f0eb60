//! Trees, as `TreeEnsemble` has them: splits and leaves apart, each in one list over all trees.

use std::collections::BTreeMap;

use crate::learn::estimator::{BoostedTrees, Forest, ForestNode};
use crate::onnx::{Attribute, Element, Graph, Operator, Tensor, Value};

/// `nodes_modes` of a split whose rows go on below where their number is at most the threshold.
const AT_MOST: u8 = 0;
/// `aggregate_function`: leaves are summed.
const SUM: i64 = 1;

/// The mean of what the trees say.
///
/// A leaf of ONNX has one number. Where an answer has several, it is the number of the answer in a list, each
/// tree gives out its own, and answers are looked up and summed behind.
pub(super) fn forest(graph: &mut Graph, matrix: &Value, forest: &Forest) -> Value {
    let count = forest.trees();
    let mut trees = Ensemble::default();
    let width = forest.width();
    let total = if width == 1 {
        for tree in 0..count {
            trees.push(forest.preorder(tree), |leaf| (0, leaf[0]));
        }
        trees.draw(graph, matrix, 1)
    } else {
        let mut places: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
        let mut answers: Vec<f64> = Vec::new();
        for tree in 0..count {
            trees.push(forest.preorder(tree), |leaf| {
                let bits = leaf.iter().map(|number| number.to_bits()).collect();
                let next = places.len();
                let place = *places.entry(bits).or_insert(next);
                if place == next {
                    answers.extend(leaf);
                }
                (tree, place as f64)
            });
        }
        let places = trees.draw(graph, matrix, count);
        let places = graph.cast(&places, Element::Integer);
        let answers = Tensor::table(answers.len() / width, width, answers);
        let answers = graph.constant(&answers);
        let answers = graph.node(Operator::Gather, &[&answers, &places], &[]);
        graph.sum(&answers, 1, false)
    };
    let count = graph.number(count as f64);
    graph.node(Operator::Div, &[&total, &count], &[])
}

/// The scores: what there is before any tree, and what the trees add; of several classes, each to one in turn.
pub(super) fn boosted(graph: &mut Graph, matrix: &Value, boosted: &BoostedTrees) -> Value {
    let base = boosted.base();
    let start = graph.constant(&Tensor::table(1, base.len(), base.to_vec()));
    if boosted.trees() == 0 {
        return start;
    }
    let mut trees = Ensemble::default();
    for tree in 0..boosted.trees() {
        let class = tree % base.len();
        trees.push(boosted.preorder(tree), |leaf| (class, leaf[0]));
    }
    let total = trees.draw(graph, matrix, base.len());
    graph.node(Operator::Add, &[&total, &start], &[])
}

/// The lists of a `TreeEnsemble`.
#[derive(Default)]
struct Ensemble {
    roots: Vec<i64>,
    columns: Vec<i64>,
    thresholds: Vec<f64>,
    /// Where rows go on from each split.
    below: Vec<Child>,
    above: Vec<Child>,
    /// To which output each leaf adds how much.
    outputs: Vec<i64>,
    numbers: Vec<f64>,
}

/// A split or leaf, by its place in the list of its kind.
#[derive(Clone, Copy, Default)]
struct Child {
    place: i64,
    is_leaf: bool,
}

impl Ensemble {
    /// Adds a tree; `answer` says of a leaf to which output it adds how much.
    fn push<'a>(
        &mut self,
        preorder: impl Iterator<Item = ForestNode<'a>>,
        mut answer: impl FnMut(&[f64]) -> (usize, f64),
    ) {
        // Splits that lack a child, and whether they have the one below.
        let mut open: Vec<(usize, bool)> = Vec::new();
        self.roots.push(self.columns.len() as i64);
        for node in preorder {
            let child = match node {
                ForestNode::Split { column, threshold } => self.split(column, threshold),
                ForestNode::Leaf(numbers) => {
                    let (output, number) = answer(numbers);
                    self.outputs.push(output as i64);
                    self.numbers.push(number);
                    Child {
                        place: self.numbers.len() as i64 - 1,
                        is_leaf: true,
                    }
                }
            };
            match open.pop() {
                Some((split, false)) => {
                    self.below[split] = child;
                    open.push((split, true));
                }
                Some((split, true)) => self.above[split] = child,
                // A tree begins with a split: that of a leaf alone leads to it both ways.
                None if child.is_leaf => {
                    let split = self.split(0, 0.0).place as usize;
                    (self.below[split], self.above[split]) = (child, child);
                }
                None => {}
            }
            if !child.is_leaf {
                open.push((child.place as usize, false));
            }
        }
    }

    /// A split without children yet.
    fn split(&mut self, column: usize, threshold: f64) -> Child {
        self.columns.push(column as i64);
        self.thresholds.push(threshold);
        self.below.push(Child::default());
        self.above.push(Child::default());
        Child {
            place: self.columns.len() as i64 - 1,
            is_leaf: false,
        }
    }

    /// What the leaves of each row come to, a column for each output.
    fn draw(self, graph: &mut Graph, matrix: &Value, outputs: usize) -> Value {
        let places = |children: &[Child]| children.iter().map(|child| child.place).collect();
        let leaves = |children: &[Child]| {
            let leaves = children.iter().map(|child| i64::from(child.is_leaf));
            leaves.collect()
        };
        let modes = Tensor::bytes(vec![AT_MOST; self.columns.len()]);
        let attributes = [
            Attribute::Integer("aggregate_function", SUM),
            Attribute::Integer("n_targets", outputs as i64),
            Attribute::Integers("tree_roots", self.roots),
            Attribute::Integers("nodes_featureids", self.columns),
            Attribute::Tensor("nodes_splits", Tensor::doubles(self.thresholds)),
            Attribute::Tensor("nodes_modes", modes),
            Attribute::Integers("nodes_truenodeids", places(&self.below)),
            Attribute::Integers("nodes_trueleafs", leaves(&self.below)),
            Attribute::Integers("nodes_falsenodeids", places(&self.above)),
            Attribute::Integers("nodes_falseleafs", leaves(&self.above)),
            Attribute::Integers("leaf_targetids", self.outputs),
            Attribute::Tensor("leaf_weights", Tensor::doubles(self.numbers)),
        ];
        graph.node(Operator::TreeEnsemble, &[matrix], &attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_taken_apart_into_splits_and_leaves() {
        let split = |column, threshold| ForestNode::Split { column, threshold };
        let leaf = |number: &'static f64| ForestNode::Leaf(std::slice::from_ref(number));
        let mut trees = Ensemble::default();
        let first = [
            split(2, 0.5),
            split(1, 1.5),
            leaf(&1.0),
            leaf(&2.0),
            leaf(&3.0),
        ];
        trees.push(first.into_iter(), |leaf| (7, leaf[0]));
        trees.push([leaf(&4.0)].into_iter(), |leaf| (8, leaf[0]));
        let last = [
            split(0, 2.5),
            leaf(&5.0),
            split(1, 3.5),
            leaf(&6.0),
            leaf(&7.0),
        ];
        trees.push(last.into_iter(), |leaf| (9, leaf[0]));
        assert_eq!(trees.roots, [0, 2, 3]);
        assert_eq!(trees.columns, [2, 1, 0, 0, 1]);
        assert_eq!(trees.thresholds, [0.5, 1.5, 0.0, 2.5, 3.5]);
        let children = |children: &[Child]| {
            let children = children.iter().map(|child| (child.place, child.is_leaf));
            children.collect::<Vec<_>>()
        };
        let (to_split, to_leaf) = (|place| (place, false), |place| (place, true));
        assert_eq!(
            children(&trees.below),
            [to_split(1), to_leaf(0), to_leaf(3), to_leaf(4), to_leaf(5)]
        );
        assert_eq!(
            children(&trees.above),
            [to_leaf(2), to_leaf(1), to_leaf(3), to_split(4), to_leaf(6)]
        );
        assert_eq!(trees.outputs, [7, 7, 7, 8, 9, 9, 9]);
        assert_eq!(trees.numbers, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    }
}
