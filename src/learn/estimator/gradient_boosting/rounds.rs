//! Round after round: derivatives of the loss where the rows are, a tree on them, a step.

use rayon::prelude::*;

use super::histogram::{Gradient, ONE};
use super::random::Random;
use super::tree::{Grower, Node, Tree};
use crate::math;

/// Rows that one task moves.
const ROWS_PER_TASK: usize = 1 << 14;

/// What is drawn for each tree.
pub(super) struct Draws {
    pub seed: i64,
    pub row_share: f64,
    pub column_share: f64,
}

/// When to stop early: after so many trees that did not lower the loss of rows held out.
pub(super) struct Patience {
    pub trees: usize,
    /// The held-out rows, ascending.
    pub rows: Vec<u32>,
}

pub(super) struct Rounds<'a> {
    pub grower: Grower<'a>,
    pub labels: &'a [bool],
    /// The rows to learn from, ascending.
    pub rows: Vec<u32>,
    pub draws: Draws,
    pub trees: usize,
    pub learning_rate: f64,
    /// Where all rows start, in log-odds.
    pub base: f64,
    pub patience: Option<Patience>,
}

impl Rounds<'_> {
    /// Grows the trees. One without a split moves nobody, and is left out.
    pub(super) fn run(&self) -> Vec<Tree> {
        let mut scores = vec![self.base; self.labels.len()];
        let mut gradients = vec![gradient(0.0, false); self.labels.len()];
        self.derive(&scores, &mut gradients);
        let mut trees = Vec::new();
        let (mut best_loss, mut best_count) = (f64::INFINITY, 0);
        for round in 0..self.trees {
            let rows = self.draw_rows(round);
            let columns = self.draw_columns(round);
            let tree = self.grower.grow(&gradients, rows, &columns);
            if tree.nodes.len() == 1 {
                if self.draws_all() {
                    break;
                }
                continue;
            }
            self.advance(&tree, &mut scores);
            self.derive(&scores, &mut gradients);
            trees.push(tree.without_rows());
            let Some(patience) = &self.patience else {
                continue;
            };
            let loss = mean_loss(&patience.rows, &scores, self.labels);
            if loss < best_loss {
                (best_loss, best_count) = (loss, trees.len());
            } else if trees.len() >= best_count + patience.trees {
                break;
            }
        }
        if self.patience.is_some() {
            trees.truncate(best_count);
        }
        trees
    }

    /// Whether every tree is grown on the same rows and columns.
    fn draws_all(&self) -> bool {
        self.draws.row_share >= 1.0 && self.draws.column_share >= 1.0
    }

    fn draw_rows(&self, round: usize) -> Vec<u32> {
        if self.draws.row_share >= 1.0 {
            return self.rows.clone();
        }
        let random = Random::new(self.draws.seed, "rows", round);
        let drawn = |row: &u32| random.unit(u64::from(*row)) < self.draws.row_share;
        self.rows.par_iter().copied().filter(drawn).collect()
    }

    fn draw_columns(&self, round: usize) -> Vec<usize> {
        let all = self.grower.bins.columns.len();
        if self.draws.column_share >= 1.0 {
            return (0..all).collect();
        }
        let count = (self.draws.column_share * all as f64 + 0.5) as usize;
        Random::new(self.draws.seed, "columns", round).choose(count.clamp(1, all.max(1)), all)
    }

    /// Moves every row by the step of its leaf.
    fn advance(&self, tree: &Tree, scores: &mut [f64]) {
        let others = tree.rows.len() < scores.len();
        scores
            .par_chunks_mut(ROWS_PER_TASK)
            .enumerate()
            .for_each(|(task, scores)| {
                let first = task * ROWS_PER_TASK;
                if others {
                    for (offset, score) in scores.iter_mut().enumerate() {
                        let step = tree.step(self.grower.bins, first + offset);
                        *score += step * self.learning_rate;
                    }
                } else {
                    self.advance_leaves(tree, first, scores);
                }
            });
    }

    /// The same for a tree grown on all rows: its leaves hold them.
    fn advance_leaves(&self, tree: &Tree, first: usize, scores: &mut [f64]) {
        for node in &tree.nodes {
            if let Node::Leaf { step, rows } = node {
                let rows = &tree.rows[rows.clone()];
                let start = rows.partition_point(|row| (*row as usize) < first);
                let end = rows.partition_point(|row| (*row as usize) < first + scores.len());
                for row in &rows[start..end] {
                    scores[*row as usize - first] += step * self.learning_rate;
                }
            }
        }
    }

    fn derive(&self, scores: &[f64], gradients: &mut [Gradient]) {
        gradients
            .par_chunks_mut(ROWS_PER_TASK)
            .zip(scores.par_chunks(ROWS_PER_TASK))
            .zip(self.labels.par_chunks(ROWS_PER_TASK))
            .for_each(|((gradients, scores), labels)| {
                for ((place, score), label) in gradients.iter_mut().zip(scores).zip(labels) {
                    *place = gradient(*score, *label);
                }
            });
    }
}

/// Of the logistic loss.
pub(super) fn gradient(score: f64, label: bool) -> Gradient {
    let probability = math::sigmoid(score);
    let error = probability - if label { 1.0 } else { 0.0 };
    // The numbers are made positive, so that cutting off their fractions rounds to the nearest.
    let whole = |number: f64| ((number + 1.0) * ONE + 0.5) as i32 - ONE as i32;
    Gradient {
        first: whole(error),
        second: whole(probability * (1.0 - probability)),
    }
}

/// The mean logistic loss. Rows are summed up in pieces of one size, and those in their order.
fn mean_loss(rows: &[u32], scores: &[f64], labels: &[bool]) -> f64 {
    let loss = |row: &u32| {
        let score = scores[*row as usize];
        let against = if labels[*row as usize] { -score } else { score };
        against.max(0.0) + math::ln_1p(math::exp(-against.abs()))
    };
    let pieces: Vec<f64> = rows
        .par_chunks(ROWS_PER_TASK)
        .map(|rows| rows.iter().map(loss).fold(0.0, |sum, loss| sum + loss))
        .collect();
    pieces.iter().fold(0.0, |sum, piece| sum + piece) / rows.len() as f64
}
