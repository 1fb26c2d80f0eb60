//! Round after round: derivatives of the loss where the rows are, a tree on them for each output, a step.

use rayon::prelude::*;

use super::histogram::Gradient;
use super::loss::{Loss, ROWS_PER_TASK};
use super::random::Random;
use super::tree::{Grower, Node, Tree};

/// What is drawn: rows for each round, columns for each tree.
pub(super) struct Draws {
    pub seed: i64,
    pub row_share: f64,
    pub column_share: f64,
}

/// When to stop early: after so many rounds that did not lower the loss of rows held out.
pub(super) struct Patience {
    pub rounds: usize,
    /// The held-out rows, ascending.
    pub rows: Vec<u32>,
}

pub(super) struct Rounds<'a> {
    pub grower: Grower<'a>,
    pub loss: Loss<'a>,
    /// The rows to learn from, ascending.
    pub rows: Vec<u32>,
    pub draws: Draws,
    pub rounds: usize,
    pub learning_rate: f64,
    /// Where all rows start, output by output.
    pub base: Vec<f64>,
    pub patience: Option<Patience>,
}

impl Rounds<'_> {
    /// Grows the trees: of each round one for each output, in their order. A tree without a split
    /// moves nobody, and a round of none but these is left out.
    pub(super) fn run(&self) -> Vec<Tree> {
        let rows = self.loss.rows();
        let mut scores: Vec<Vec<f64>> = self.base.iter().map(|base| vec![*base; rows]).collect();
        let mut gradients = vec![vec![Gradient::default(); rows]; scores.len()];
        self.loss.derive(&scores, &mut gradients);
        let mut rounds: Vec<Vec<Tree>> = Vec::new();
        let (mut best_loss, mut best_count) = (f64::INFINITY, 0);
        for round in 0..self.rounds {
            let trees = self.grow(round, &gradients);
            if trees.iter().all(Tree::is_leaf) {
                if self.draws_all() {
                    break;
                }
                continue;
            }
            for (tree, scores) in trees.iter().zip(&mut scores) {
                self.advance(tree, scores);
            }
            self.loss.derive(&scores, &mut gradients);
            rounds.push(trees.into_iter().map(Tree::without_rows).collect());
            let Some(patience) = &self.patience else {
                continue;
            };
            let loss = self.loss.mean(&patience.rows, &scores);
            if loss < best_loss {
                (best_loss, best_count) = (loss, rounds.len());
            } else if rounds.len() >= best_count + patience.rounds {
                break;
            }
        }
        if self.patience.is_some() {
            rounds.truncate(best_count);
        }
        rounds.into_iter().flatten().collect()
    }

    /// A tree for each output.
    fn grow(&self, round: usize, gradients: &[Vec<Gradient>]) -> Vec<Tree> {
        let outputs = gradients.len();
        let grow = |(output, gradients): (usize, &Vec<Gradient>)| {
            let columns = self.draw_columns(round * outputs + output);
            self.grower.grow(gradients, self.draw_rows(round), &columns)
        };
        gradients.iter().enumerate().map(grow).collect()
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

    fn draw_columns(&self, tree: usize) -> Vec<usize> {
        let all = self.grower.bins.columns.len();
        if self.draws.column_share >= 1.0 {
            return (0..all).collect();
        }
        let count = (self.draws.column_share * all as f64 + 0.5) as usize;
        Random::new(self.draws.seed, "columns", tree).choose(count.clamp(1, all.max(1)), all)
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
}
