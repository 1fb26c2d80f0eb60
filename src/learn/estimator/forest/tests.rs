use super::super::tree::Tree;
use super::*;
use crate::learn::Output;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::random::Random;

/// Trees of random shape over `columns` columns, with thresholds of quarters in (0, 1).
fn trees(count: usize, columns: u32, most_depth: u32, random: &mut Random) -> Vec<Tree> {
    let mut grow = || {
        let mut tree = Tree {
            importances: vec![1.0 / f64::from(columns); columns as usize],
            ..Tree::default()
        };
        let mut depths = vec![0];
        while let Some(depth) = depths.pop() {
            let is_leaf = depth == most_depth || random.below(5) == 0;
            let value = random.below(4) as f64;
            if is_leaf {
                tree.columns.push(LEAF);
                tree.values.push(value / 3.0);
                tree.covers.push(value + 1.0);
            } else {
                tree.columns.push(random.below(columns as usize) as u32);
                tree.values.push((value + 1.0) / 5.0);
                depths.extend([depth + 1, depth + 1]);
            }
        }
        tree
    };
    (0..count).map(|_| grow()).collect()
}

fn rows(count: usize, columns: usize, random: &mut Random) -> Matrix {
    // Some numbers are thresholds.
    let values = (0..count * columns)
        .map(|_| random.below(11) as f64 / 10.0)
        .collect();
    Matrix::new(count, columns, values)
}

/// Follows the preorder of a tree; gives the leaf and the number of nodes that were passed.
fn leaf(tree: &Tree, at: usize, row: &[f64]) -> f64 {
    let (column, value) = (tree.columns[at], tree.values[at]);
    if column == LEAF {
        return value;
    }
    let next = if row[column as usize] <= value {
        at + 1
    } else {
        end(tree, at + 1)
    };
    leaf(tree, next, row)
}

/// Where the subtree that begins at a node ends.
fn end(tree: &Tree, at: usize) -> usize {
    match tree.columns[at] {
        LEAF => at + 1,
        _ => end(tree, end(tree, at + 1)),
    }
}

fn read(bytes: &[u8], version: u32, columns: usize) -> Forest {
    let mut reader = Reader::new(bytes);
    let forest = Forest::read(&mut reader, version, columns, Output::Probability).unwrap();
    assert!(reader.is_at_end());
    forest
}

#[test]
fn predictions_are_the_mean_of_the_trees_bit_by_bit() {
    let mut random = Random::new(3);
    // Depths from a lone leaf to deep trees, rows and trees that do and do not fill the lanes, and
    // more columns than find room on the stack.
    for (count, columns, depth) in [(1, 1, 0), (3, 1, 1), (8, 4, 3), (21, 9, 12), (70, 300, 7)] {
        let trees = trees(count, columns, depth, &mut random);
        let forest = Forest::of_trees(&trees, Output::Probability).unwrap();
        assert_eq!(forest.trees(), count);
        let nodes: usize = trees.iter().map(|tree| tree.columns.len()).sum();
        assert_eq!(forest.nodes(), nodes);
        for many in [1, 2, 7, 8, 9, 300] {
            let matrix = rows(many, columns as usize, &mut random);
            let predicted = forest.predict(&matrix);
            for (row, found) in predicted.iter().enumerate() {
                let row = matrix.row(row);
                let sum = trees.iter().fold(0.0, |sum, tree| sum + leaf(tree, 0, row));
                assert_eq!(*found, sum / count as f64);
                assert_eq!(forest.predict_row(row), *found);
            }
        }
    }
}

#[test]
fn what_is_no_number_is_above_every_threshold() {
    let tree = Tree {
        columns: vec![0, LEAF, LEAF],
        values: vec![0.5, 0.0, 1.0],
        covers: vec![1.0, 4.0],
        importances: vec![1.0],
    };
    let forest = Forest::of_trees(&[tree], Output::Probability).unwrap();
    let numbers = [
        f64::NEG_INFINITY,
        0.5,
        0.5_f64.next_up(),
        f64::INFINITY,
        f64::NAN,
    ];
    let matrix = Matrix::new(5, 1, numbers.to_vec());
    assert_eq!(forest.predict(&matrix), [0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        numbers.map(|number| forest.predict_row(&[number])),
        [0.0, 0.0, 1.0, 1.0, 1.0]
    );
}

#[test]
fn a_forest_comes_back_from_its_bytes() {
    let mut random = Random::new(4);
    for (count, columns, depth) in [(1, 1, 0), (2, 200, 2), (30, 7, 9)] {
        let forest = Forest::of_trees(
            &trees(count, columns, depth, &mut random),
            Output::Probability,
        )
        .unwrap();
        let mut writer = Writer::default();
        forest.write(&mut writer);
        assert_eq!(read(writer.as_bytes(), 3, columns as usize), forest);
    }
}

impl Forest {
    /// As read from a file of version 2, and the bytes of that file.
    pub(in crate::learn) fn second_version(mut self) -> (Self, Vec<u8>) {
        self.covers = None;
        let mut writer = Writer::default();
        self.write(&mut writer);
        let mut bytes = writer.into_bytes();
        let lists = self.cuts.columns() + 1;
        let numbers = self.cuts.thresholds.len() + self.leaves.len();
        bytes.remove(8 * self.importances.len() + 4 * lists + 8 * numbers + 4);
        (self, bytes)
    }
}

/// Version 1 kept thresholds and leaves of all columns in one list.
#[test]
fn a_forest_of_version_1_is_read_and_answers_as_it_did() {
    let mut random = Random::new(6);
    let trees = trees(12, 5, 6, &mut random);
    let mut numbers: Vec<f64> = trees.iter().flat_map(|tree| tree.values.clone()).collect();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let mut writer = Writer::default();
    for _ in 0..5 {
        writer.float(0.2);
    }
    writer.u32(numbers.len() as u32);
    for number in &numbers {
        writer.float(*number);
    }
    writer.u32(12);
    for tree in &trees {
        for (column, value) in tree.columns.iter().zip(&tree.values) {
            writer.varint(column.wrapping_add(1));
            writer.varint(numbers.iter().position(|number| number == value).unwrap() as u32);
        }
    }
    let expected = Forest::of_trees(&trees, Output::Probability).unwrap();
    let found = read(writer.as_bytes(), 1, 5);
    assert_eq!((found.trees(), found.nodes()), (12, expected.nodes()));
    assert!(found.tree_views().is_none());
    let matrix = rows(50, 5, &mut random);
    assert_eq!(found.predict(&matrix), expected.predict(&matrix));
}

#[test]
fn larger_subtrees_stand_behind_their_splits() {
    let mut random = Random::new(8);
    let forest = Forest::of_trees(&trees(20, 3, 9, &mut random), Output::Probability).unwrap();
    let size = |link: Link| {
        let (mut pending, mut count) = (vec![link], 0);
        while let Some(link) = pending.pop() {
            if !link.is_leaf() {
                count += 1;
                pending.extend(forest.splits[link.index()].children);
            }
        }
        count
    };
    for (at, split) in forest.splits.iter().enumerate() {
        let [below, above] = split.children;
        let first = if size(above) > size(below) {
            above
        } else {
            below
        };
        assert!(first.is_leaf() || first.index() == at + 1);
    }
}
