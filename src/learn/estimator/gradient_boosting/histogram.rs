//! Gradients summed up by bin.
//!
//! A gradient is rounded to a multiple of 2⁻²⁸ when it is made. So all sums are of whole numbers,
//! hence exact, and the same in whatever order and on however many threads they are taken. It also
//! makes a histogram exactly that of its parent less that of its sibling.

use std::ops::{Add, AddAssign, Sub};

use rayon::prelude::*;

use super::bins::{Bins, STRIP};

/// What a gradient of 1 counts.
pub(super) const ONE: f64 = (1 << 28) as f64;

/// Rows that are summed up in cells before the cells are added to the histogram: with 2¹⁶ rows,
/// 17 bits count them and 46 hold the sum of their gradients.
const ROWS_PER_PIECE: usize = 1 << 16;
const COUNT_BITS: u32 = 17;

/// Rows below which a histogram is made on one thread.
const FEW_ROWS: usize = 4096;

/// Columns whose cells are summed up together.
const TILE: usize = 8;

/// Rows that are fetched at a time.
const FETCHED: usize = 1024;

/// Rows for which clearing and adding up cells would take longer than they save.
const VERY_FEW_ROWS: usize = 512;

/// First and second derivative of a row's loss by its score, in units of 2⁻²⁸.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gradient {
    pub first: i32,
    pub second: i32,
}

impl Gradient {
    fn lanes(self) -> Cell {
        let first = i64::from(self.first) << COUNT_BITS;
        [(first as u64).wrapping_add(1), self.second as u64]
    }
}

/// Of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub first: i64,
    pub second: i64,
    pub rows: u64,
}

impl Sums {
    fn of(cell: Cell) -> Self {
        Self {
            first: (cell[0] as i64) >> COUNT_BITS,
            second: cell[1] as i64,
            rows: cell[0] & ((1 << COUNT_BITS) - 1),
        }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.first += other.first;
        self.second += other.second;
        self.rows += other.rows;
    }
}

impl Add for Sums {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sub for Sums {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            first: self.first - other.first,
            second: self.second - other.second,
            rows: self.rows - other.rows,
        }
    }
}

/// Sums up all the rows' gradients.
pub(super) fn total(rows: &[u32], gradients: &[Gradient]) -> Sums {
    let add = |mut sums: Sums, row: &u32| {
        let gradient = gradients[*row as usize];
        sums.first += i64::from(gradient.first);
        sums.second += i64::from(gradient.second);
        sums.rows += 1;
        sums
    };
    rows.par_chunks(ROWS_PER_PIECE)
        .map(|rows| rows.iter().fold(Sums::default(), add))
        .reduce(Sums::default, Sums::add)
}

/// The sums of each bin of each column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram(Vec<Sums>);

/// Where the bins of each column lie in a histogram.
pub(super) struct Layout {
    /// One more than there are columns.
    starts: Vec<usize>,
    /// Which strips hold a column that is looked at.
    strips: Vec<usize>,
}

impl Layout {
    /// A layout of all columns, and of nothing in strips of which no column is `drawn`.
    pub(super) fn new(bins: &Bins, drawn: &[usize]) -> Self {
        let mut strips: Vec<usize> = drawn.iter().map(|column| column / STRIP).collect();
        strips.dedup();
        let mut starts = vec![0];
        for (at, column) in bins.columns.iter().enumerate() {
            let wanted = strips.binary_search(&(at / STRIP)).is_ok();
            let cells = if wanted { column.cuts.len() + 1 } else { 0 };
            starts.push(starts[at] + cells);
        }
        Self { starts, strips }
    }

    /// How many bins a histogram has.
    pub(super) fn cells(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Where the bins of a strip's columns start, and where the last ones end.
    fn columns_of(&self, strip: usize) -> &[usize] {
        let first = strip * STRIP;
        let end = (first + STRIP + 1).min(self.starts.len());
        &self.starts[first..end]
    }
}

impl Histogram {
    /// Sums up the gradients of the rows.
    pub(super) fn of(bins: &Bins, layout: &Layout, rows: &[u32], gradients: &[Gradient]) -> Self {
        let mut sums = vec![Sums::default(); layout.cells()];
        let mut parts = Vec::with_capacity(layout.strips.len());
        let mut rest = sums.as_mut_slice();
        for &strip in &layout.strips {
            let columns = layout.columns_of(strip);
            let (part, others) = rest.split_at_mut(columns[columns.len() - 1] - columns[0]);
            parts.push((strip, part));
            rest = others;
        }
        let fill = |(strip, part): (usize, &mut [Sums])| {
            let source = Source {
                columns: layout.columns_of(strip),
                strip: &bins.strips[strip],
                gradients,
            };
            source.add_all(rows, part);
        };
        if rows.len() < FEW_ROWS {
            parts.into_iter().for_each(fill);
        } else {
            parts.into_par_iter().for_each(fill);
        }
        Self(sums)
    }

    /// What remains without the rows of the other one.
    pub(super) fn without(mut self, other: &Self) -> Self {
        for (sums, others) in self.0.iter_mut().zip(&other.0) {
            *sums = *sums - *others;
        }
        self
    }

    /// The bins of a column.
    pub(super) fn column(&self, layout: &Layout, column: usize) -> &[Sums] {
        &self.0[layout.starts[column]..layout.starts[column + 1]]
    }
}

/// Two lanes: the sum of first derivatives above the count of rows, and that of second ones.
type Cell = [u64; 2];

/// Of as many columns as fit into the nearest cache together.
type Cells = [[Cell; 256]; TILE];

/// What the histogram of a strip is made of.
#[derive(Clone, Copy)]
struct Source<'a> {
    /// Where each column's bins start, counted as the layout counts, and where the last ones end.
    columns: &'a [usize],
    strip: &'a [[u8; STRIP]],
    gradients: &'a [Gradient],
}

impl Source<'_> {
    fn add_all(self, rows: &[u32], part: &mut [Sums]) {
        if rows.len() < FEW_ROWS {
            if rows.len() < VERY_FEW_ROWS {
                self.add_each(rows, part);
            } else {
                self.add_piece(rows, part);
            }
            return;
        }
        // As many pieces as keep all threads busy; at most as long as the lanes allow.
        let threads = rayon::current_num_threads();
        let piece = rows
            .len()
            .div_ceil(threads)
            .clamp(FEW_ROWS / 2, ROWS_PER_PIECE);
        let whole = rows
            .par_chunks(piece)
            .map(|rows| {
                let mut sums = vec![Sums::default(); part.len()];
                self.add_piece(rows, &mut sums);
                sums
            })
            .reduce_with(|mut sums, others| {
                for (sum, other) in sums.iter_mut().zip(others) {
                    *sum += other;
                }
                sums
            });
        part.copy_from_slice(&whole.unwrap_or_default());
    }

    fn add_each(self, rows: &[u32], part: &mut [Sums]) {
        let starts = &self.columns[..self.columns.len() - 1];
        for &row in rows {
            let sums = Sums::of(self.gradients[row as usize].lanes());
            for (start, bin) in starts.iter().zip(&self.strip[row as usize]) {
                part[start - self.columns[0] + usize::from(*bin)] += sums;
            }
        }
    }

    /// Rows lie scattered: they are first fetched, many at a time, then summed up tile by tile.
    fn add_piece(self, rows: &[u32], part: &mut [Sums]) {
        let tiles = (self.columns.len() - 1).div_ceil(TILE);
        let mut cells: Vec<Cells> = vec![[[[0; 2]; 256]; TILE]; tiles];
        let mut lanes = [[0; 2]; FETCHED];
        let mut fetched = [[[0; TILE]; FETCHED]; STRIP / TILE];
        for rows in rows.chunks(FETCHED) {
            for (at, &row) in rows.iter().enumerate() {
                lanes[at] = self.gradients[row as usize].lanes();
                let (bins, _) = self.strip[row as usize].as_chunks::<TILE>();
                for (fetched, bins) in fetched.iter_mut().zip(bins) {
                    fetched[at] = *bins;
                }
            }
            for (cells, bins) in cells.iter_mut().zip(&fetched) {
                add_rows(cells, &bins[..rows.len()], &lanes[..rows.len()]);
            }
        }
        for (at, column) in cells
            .iter()
            .flatten()
            .enumerate()
            .take(self.columns.len() - 1)
        {
            let range = self.columns[at] - self.columns[0]..self.columns[at + 1] - self.columns[0];
            for (sums, cell) in part[range].iter_mut().zip(column) {
                *sums += Sums::of(*cell);
            }
        }
    }
}

fn add_rows(cells: &mut Cells, bins: &[[u8; TILE]], lanes: &[Cell]) {
    for (bins, lanes) in bins.iter().zip(lanes) {
        for (column, &bin) in cells.iter_mut().zip(bins) {
            let cell = &mut column[usize::from(bin)];
            *cell = [
                cell[0].wrapping_add(lanes[0]),
                cell[1].wrapping_add(lanes[1]),
            ];
        }
    }
}
