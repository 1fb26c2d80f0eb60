//! Shapley values of a tree, exactly, in a time that grows with its nodes.
//!
//! The game is that of Lundberg, Erion and Lee's *path-dependent* TreeSHAP (2018; Lundberg et al.,
//! Nature Machine Intelligence 2020, Algorithm 2): where a column of the row is not known, a split on
//! it sends the row both ways, in the shares in which the train rows went. For a leaf with value v
//! on whose way M columns are looked at, let z be the share of train rows that a column's steps let
//! pass, and o be 1 if the row passes them and else 0. The column's part of the leaf is
//!
//! > v · (o − z) · Σ over sets S of the others: |S|! (M − |S| − 1)! / M! · Π in S: o′ · Π not in S: z′
//!
//! Algorithm 2 sums this by adding columns to a polynomial and dividing them out again. Here the
//! weight of a set is written as the integral it is, ∫ x^|S| (1 − x)^(M−|S|−1) dx over [0, 1]
//! (Owen's multilinear extension, 1972), so that the sum becomes
//!
//! > v · (o − z) · ∫ Π over the others: (o′ x + z′ (1 − x)) dx
//!
//! The integrand is a polynomial of degree M − 1: Gauss and Legendre's rule of M / 2 points gives it
//! exactly, without a subtraction of large numbers anywhere. At a point the product of a way is
//! that of its parent times one factor, and what all leaves behind a step give its column is one
//! number times the sum of their products: one walk down, one walk up, as in Yu, Xu, Bifet and
//! Read's Linear TreeSHAP (NeurIPS 2022), whose polynomials these points evaluate.
//!
//! A step that looks at a column again replaces the factor of the earlier one: its leaves count
//! for the new and not for the old.

use super::quadrature::{Points, rule};
use super::tree::{CoveredTree, End, Node};

/// The rules for trees of every size up to some.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// For ways on which at most 8 columns are looked at.
    short: Vec<Points<4>>,
    /// `longer[n - 1]` for at most 16 n columns.
    longer: Vec<Vec<Points<8>>>,
}

/// Memory of a walk, for trees of every size up to some.
#[derive(Debug, Default)]
pub struct Scratch {
    short: Vec<[f64; 4]>,
    longer: Vec<[f64; 8]>,
    passes: Vec<bool>,
}

impl Rules {
    /// The rules for trees on whose ways at most so many columns are looked at.
    pub fn new(columns_on_a_way: usize) -> Self {
        let longer = 1..=columns_on_a_way.div_ceil(16);
        Self {
            short: rule(4),
            longer: longer.map(|groups| rule(8 * groups)).collect(),
        }
    }
}

/// Adds each column's Shapley value of what the tree says of `row` to `sums`, for one output.
pub fn add_tree(
    tree: &CoveredTree,
    output: usize,
    row: &[f64],
    rules: &Rules,
    scratch: &mut Scratch,
    sums: &mut [f64],
) {
    let Scratch {
        short,
        longer,
        passes,
    } = scratch;
    mark_passes(tree, row, passes);
    let mut walk = Walk {
        tree,
        output,
        passes,
        sums,
    };
    match tree.columns_on_a_way {
        0 => {}
        1..=8 => {
            for points in &rules.short {
                walk.add(points, short);
            }
        }
        columns => {
            for points in &rules.longer[columns.div_ceil(16) - 1] {
                walk.add(points, longer);
            }
        }
    }
}

/// Notes of each node whether the row passes all steps on the way to it that look at the column of
/// the last.
fn mark_passes(tree: &CoveredTree, row: &[f64], passes: &mut Vec<bool>) {
    passes.clear();
    passes.push(true);
    for node in &tree.nodes[1..] {
        let before = passes[node.previous as usize];
        passes.push(before && node.lets_pass(row));
    }
}

struct Walk<'a> {
    tree: &'a CoveredTree,
    output: usize,
    passes: &'a [bool],
    sums: &'a mut [f64],
}

impl Walk<'_> {
    fn add<const N: usize>(&mut self, points: &Points<N>, products: &mut Vec<[f64; N]>) {
        self.down(points, products);
        self.up(points, products);
    }

    /// The product of the factors on the way to each node, times the weight of the point.
    fn down<const N: usize>(&self, points: &Points<N>, products: &mut Vec<[f64; N]>) {
        products.clear();
        products.push(points.weights);
        for (node, passes) in self.tree.nodes.iter().zip(self.passes).skip(1) {
            let mut product = products[node.parent as usize];
            let step = Step::new(node, *passes);
            let previous = self.previous(node);
            match (step, previous) {
                (Step::Stopped(share), Some(Step::Stopped(before))) => {
                    let ratio = share / before;
                    for product in &mut product {
                        *product *= ratio;
                    }
                }
                (step, None) => {
                    for (product, x) in product.iter_mut().zip(points.x) {
                        *product *= step.factor(x);
                    }
                }
                (step, Some(previous)) => {
                    for (product, x) in product.iter_mut().zip(points.x) {
                        *product *= step.factor(x) / previous.factor(x);
                    }
                }
            }
            products.push(product);
        }
    }

    /// The same with the values of all leaves behind the node; from it, what the step to the node
    /// gives its column.
    fn up<const N: usize>(&mut self, points: &Points<N>, products: &mut [[f64; N]]) {
        for at in (1..self.tree.nodes.len()).rev() {
            let node = self.tree.nodes[at];
            let product = match node.end {
                End::Leaf { values } => {
                    let value = self.tree.values[values as usize + self.output];
                    products[at].map(|product| product * value)
                }
                End::Split { above } => {
                    let (below, above) = (products[at + 1], products[above as usize]);
                    std::array::from_fn(|lane| below[lane] + above[lane])
                }
            };
            products[at] = product;
            // Leaves of 0, which many are, give nothing.
            if product.iter().any(|product| *product != 0.0) {
                self.sums[node.column as usize] += self.gain(at, points, &product);
            }
        }
    }

    fn gain<const N: usize>(&self, at: usize, points: &Points<N>, product: &[f64; N]) -> f64 {
        let node = &self.tree.nodes[at];
        let step = Step::new(node, self.passes[at]);
        let lanes = product.iter().zip(points.x);
        match (step, self.previous(node)) {
            (Step::Stopped(_), Some(Step::Stopped(_))) => 0.0,
            (step, None) => lanes.fold(0.0, |sum, (product, x)| sum + product * step.slope(x)),
            (step, Some(previous)) => lanes.fold(0.0, |sum, (product, x)| {
                sum + product * (step.slope(x) - previous.slope(x))
            }),
        }
    }

    fn previous(&self, node: &Node) -> Option<Step> {
        let at = node.previous as usize;
        (at > 0).then(|| Step::new(&self.tree.nodes[at], self.passes[at]))
    }
}

/// What all steps that look at a column are on a way, with the share of train rows they let pass.
#[derive(Clone, Copy)]
enum Step {
    /// The row passes: o = 1.
    Passed(f64),
    /// It does not: o = 0.
    Stopped(f64),
}

impl Step {
    fn new(node: &Node, passes: bool) -> Self {
        match passes {
            true => Self::Passed(node.share),
            false => Self::Stopped(node.share),
        }
    }

    /// o x + z (1 − x).
    fn factor(self, x: f64) -> f64 {
        match self {
            Self::Passed(share) => x + share * (1.0 - x),
            Self::Stopped(share) => share * (1.0 - x),
        }
    }

    /// (o − z) by the factor.
    fn slope(self, x: f64) -> f64 {
        match self {
            Self::Passed(share) => (1.0 - share) / (x + share * (1.0 - x)),
            Self::Stopped(_) => -1.0 / (1.0 - x),
        }
    }
}
