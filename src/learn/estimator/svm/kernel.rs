//! How alike two rows are.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::learn::Matrix;
use crate::learn::blocks::for_each_block;
use crate::math;

/// Similarities one thread computes at a time.
const ROWS_PER_BLOCK: usize = 256;
/// Numbers of the similarities that are kept while learning: 256 MiB.
const KEPT: usize = 1 << 25;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelKind {
    Linear,
    Rbf,
}

/// A kernel with its parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kernel {
    pub kind: KernelKind,
    /// Of no use to a linear one.
    pub gamma: f64,
}

impl Kernel {
    pub fn of(self, a: &[f64], b: &[f64]) -> f64 {
        let pairs = a.iter().zip(b);
        match self.kind {
            KernelKind::Linear => pairs.fold(0.0, |sum, (a, b)| sum + a * b),
            KernelKind::Rbf => {
                let square = pairs.fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b));
                math::exp(-self.gamma * square)
            }
        }
    }
}

/// The similarities of each row with all rows; those asked for last are kept.
pub(super) struct Similarities<'a> {
    kernel: Kernel,
    matrix: &'a Matrix,
    lines: Vec<Option<Vec<f64>>>,
    /// The lines kept, in the order of their making.
    kept: VecDeque<usize>,
    most: usize,
}

impl<'a> Similarities<'a> {
    pub fn new(kernel: Kernel, matrix: &'a Matrix) -> Self {
        let rows = matrix.rows();
        Self {
            kernel,
            matrix,
            lines: vec![None; rows],
            kept: VecDeque::new(),
            most: (KEPT / rows.max(1)).max(2),
        }
    }

    /// Of each row with itself.
    pub fn diagonal(&self) -> Vec<f64> {
        let rows = (0..self.matrix.rows()).map(|row| self.matrix.row(row));
        rows.map(|row| self.kernel.of(row, row)).collect()
    }

    /// Of two rows with all.
    pub fn pair(&mut self, first: usize, second: usize) -> [&[f64]; 2] {
        for row in [first, second] {
            self.make(row);
        }
        // At least two are kept, and the first was the newest when the second was made.
        [first, second].map(|row| self.lines[row].as_deref().unwrap_or_default())
    }

    pub fn of(&mut self, row: usize) -> &[f64] {
        self.make(row);
        self.lines[row].as_deref().unwrap_or_default()
    }

    /// Puts a line where it is found, as the newest.
    fn make(&mut self, row: usize) {
        if self.lines[row].is_some() {
            if let Some(at) = self.kept.iter().rposition(|kept| *kept == row) {
                self.kept.remove(at);
            }
            self.kept.push_back(row);
            return;
        }
        if self.kept.len() >= self.most
            && let Some(oldest) = self.kept.pop_front()
        {
            self.lines[oldest] = None;
        }
        let mut line = vec![0.0; self.matrix.rows()];
        let (kernel, matrix, asked) = (self.kernel, self.matrix, self.matrix.row(row));
        for_each_block(&mut line, ROWS_PER_BLOCK, |block, line| {
            for (offset, cell) in line.iter_mut().enumerate() {
                *cell = kernel.of(asked, matrix.row(block * ROWS_PER_BLOCK + offset));
            }
        });
        self.lines[row] = Some(line);
        self.kept.push_back(row);
    }
}
