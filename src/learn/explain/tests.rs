use proptest::prelude::*;

use super::tree::CoveredNode;
use super::*;
use crate::learn::testing::Random;

mod models;
mod reference;

/// A tree as a textbook has it.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(f64, f64),
    Split(usize, f64, Box<Tree>, Box<Tree>),
}

impl Tree {
    fn cover(&self) -> f64 {
        match self {
            Self::Leaf(_, cover) => *cover,
            Self::Split(_, _, below, above) => below.cover() + above.cover(),
        }
    }

    fn preorder<'a>(&'a self, into: &mut Vec<CoveredNode<'a>>) {
        match self {
            Self::Leaf(value, cover) => into.push(CoveredNode::Leaf {
                values: std::slice::from_ref(value),
                cover: *cover,
            }),
            Self::Split(column, threshold, below, above) => {
                into.push(CoveredNode::Split {
                    column: *column,
                    threshold: *threshold,
                    cover: self.cover(),
                });
                below.preorder(into);
                above.preorder(into);
            }
        }
    }

    fn covered(&self) -> CoveredTree {
        let mut nodes = Vec::new();
        self.preorder(&mut nodes);
        CoveredTree::new(nodes, 1).unwrap()
    }

    /// What the tree says on average of a row of which only the columns in `known` are known.
    fn value(&self, row: &[f64], known: u32) -> f64 {
        match self {
            Self::Leaf(value, _) => *value,
            Self::Split(column, threshold, below, above) if known >> column & 1 == 1 => {
                let next = if row[*column] <= *threshold {
                    below
                } else {
                    above
                };
                next.value(row, known)
            }
            Self::Split(_, _, below, above) => {
                let share = below.cover() / self.cover();
                share * below.value(row, known) + (1.0 - share) * above.value(row, known)
            }
        }
    }

    /// Shapley's sum over all subsets.
    fn shapley(&self, row: &[f64]) -> Vec<f64> {
        let columns = row.len() as u32;
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let gain = |column: u32| {
            let others = (0..1_u32 << columns).filter(|known| known >> column & 1 == 0);
            others
                .map(|known| {
                    let size = known.count_ones();
                    let weight =
                        factorial(size) * factorial(columns - size - 1) / factorial(columns);
                    let (with, without) = (known | 1 << column, known);
                    weight * (self.value(row, with) - self.value(row, without))
                })
                .sum()
        };
        (0..columns).map(gain).collect()
    }
}

fn trees(columns: usize) -> impl Strategy<Value = Tree> {
    let leaf =
        (-2.0..2.0_f64, 1_u32..50).prop_map(|(value, cover)| Tree::Leaf(value, f64::from(cover)));
    leaf.prop_recursive(9, 60, 2, move |inner| {
        (0..columns, 0..4_i32, inner.clone(), inner).prop_map(|(column, cut, below, above)| {
            let threshold = f64::from(cut) / 4.0;
            Tree::Split(column, threshold, Box::new(below), Box::new(above))
        })
    })
}

fn contributions(trees: &[Tree], row: &[f64]) -> (f64, Vec<f64>) {
    let covered = trees.iter().map(Tree::covered).collect();
    let divisor = trees.len() as f64;
    let explainer = Explainer::trees(Scale::Number, row.len(), covered, &[0.0], divisor);
    let matrix = Matrix::new(1, row.len(), row.to_vec());
    let explained = explainer.explain(&matrix, &[0], <[f64]>::to_vec);
    (explained[0].base, explained[0].contributions.clone())
}

proptest! {
    #[test]
    fn trees_give_what_all_subsets_give(
        (forest, row) in (1_usize..9).prop_flat_map(|columns| (
            prop::collection::vec(trees(columns), 1..4),
            prop::collection::vec(-0.2..1.2_f64, columns),
        ))
    ) {
        let (base, found) = contributions(&forest, &row);
        let count = forest.len() as f64;
        let mean = |known| forest.iter().map(|tree| tree.value(&row, known)).sum::<f64>() / count;
        prop_assert!((base - mean(0)).abs() < 1e-12, "base {base}, not {}", mean(0));
        for (column, found) in found.iter().enumerate() {
            let all = forest.iter().map(|tree| tree.shapley(&row)[column]);
            let expected = all.sum::<f64>() / count;
            prop_assert!((found - expected).abs() < 1e-11, "{column}: {found}, not {expected}");
        }
        let sum = found.iter().fold(base, |sum, found| sum + found);
        prop_assert!((sum - mean(u32::MAX)).abs() < 1e-11, "{sum}, not {}", mean(u32::MAX));
    }
}

/// A way of so many columns, each looked at twice, and what lies off it.
fn long_way(columns: usize, random: &mut Random) -> Tree {
    let mut tree = Tree::Leaf(1.0, 1.0);
    for at in 0..2 * columns {
        let value = random.below(1000) as f64 / 500.0 - 1.0;
        let leaf = Tree::Leaf(value, 1.0 + random.below(30) as f64);
        let threshold = if at < columns { 0.25 } else { 0.5 };
        tree = Tree::Split(at % columns, threshold, Box::new(tree), Box::new(leaf));
    }
    tree
}

/// Hundreds of columns on one way: every size of rule, and no loss of digits.
#[test]
fn long_ways_lose_no_digits() {
    let mut random = Random::new(7);
    for columns in [1, 4, 8, 9, 16, 17, 33, 64, 300] {
        let tree = long_way(columns, &mut random);
        for stop in [columns, columns / 2, 0] {
            let row: Vec<f64> = (0..columns)
                .map(|column| if column == stop { 0.75 } else { 0.125 })
                .collect();
            let (base, found) = contributions(std::slice::from_ref(&tree), &row);
            let sum = found.iter().fold(base, |sum, found| sum + found);
            let expected = tree.value_of(&row);
            assert!(
                (sum - expected).abs() < 1e-12,
                "{columns} columns: {sum}, not {expected}"
            );
        }
    }
}

impl Tree {
    fn value_of(&self, row: &[f64]) -> f64 {
        match self {
            Self::Leaf(value, _) => *value,
            Self::Split(column, threshold, below, above) => {
                let next = if row[*column] <= *threshold {
                    below
                } else {
                    above
                };
                next.value_of(row)
            }
        }
    }
}

/// Columns that play the same part get the same, however many there are.
#[test]
fn columns_of_equal_part_share_equally() {
    let columns = 40;
    let mut tree = Tree::Leaf(1.0, 1.0);
    for column in 0..columns {
        let cover = tree.cover();
        let leaf = Tree::Leaf(0.0, cover);
        tree = Tree::Split(column, 0.5, Box::new(tree), Box::new(leaf));
    }
    let (base, found) = contributions(&[tree], &vec![0.0; columns]);
    assert!((base - 0.5_f64.powi(40)).abs() < 1e-15);
    let each = (1.0 - base) / columns as f64;
    for found in found {
        assert!((found - each).abs() < 1e-14, "{found}, not {each}");
    }
}

#[test]
fn what_is_no_tree_is_refused() {
    let values = [0.5];
    let leaf = |cover| CoveredNode::Leaf {
        values: &values,
        cover,
    };
    let split = |cover| CoveredNode::Split {
        column: 0,
        threshold: 0.0,
        cover,
    };
    let nodes = |nodes: Vec<CoveredNode<'_>>| CoveredTree::new(nodes, 1).is_ok();
    assert!(nodes(vec![leaf(3.0)]));
    assert!(nodes(vec![split(3.0), leaf(1.0), leaf(2.0)]));
    for wrong in [
        vec![],
        vec![leaf(0.0)],
        vec![leaf(f64::NAN)],
        vec![split(3.0)],
        vec![split(3.0), leaf(1.0)],
        vec![split(3.0), leaf(4.0), leaf(2.0)],
        vec![leaf(1.0), leaf(1.0)],
    ] {
        assert!(!nodes(wrong.clone()), "{wrong:?}");
    }
    assert!(CoveredTree::new([leaf(1.0)], 2).is_err());
}

/// One row alone and one among many, on one thread or several, have the same bits.
#[test]
fn company_does_not_show() {
    let mut random = Random::new(3);
    let grown: Vec<CoveredTree> = (0..9)
        .map(|_| long_way(12, &mut random).covered())
        .collect();
    let explainer = Explainer::trees(Scale::Probability, 12, grown, &[0.0], 9.0);
    let values = (0..12 * 50).map(|_| random.below(100) as f64 / 100.0);
    let matrix = Matrix::new(50, 12, values.collect());
    let many = explainer.explain(&matrix, &[0; 50], <[f64]>::to_vec);
    for (row, many) in many.iter().enumerate() {
        let alone = matrix.select_rows(&[row]);
        let alone = explainer.explain(&alone, &[0], <[f64]>::to_vec);
        assert_eq!(alone[0], *many);
    }
}
