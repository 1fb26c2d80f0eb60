//! Rows as dots.

use std::collections::BTreeMap;

use serde::Serialize;

use super::histogram::{Range, place};

/// Rows that are drawn one by one; more share a grid.
const ALONE: usize = 1000;
/// Cells of the grid in one direction.
const CELLS: usize = 40;

/// Rows at one place: one row, or those of a cell of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dot {
    pub x: f64,
    pub y: f64,
    pub rows: u64,
}

/// A dot for each row, in their order; of more than [`ALONE`], one for each cell that holds some, in
/// its middle.
pub fn dots(x: &[f64], y: &[f64], of_x: Range, of_y: Range) -> Vec<Dot> {
    let rows = x.iter().copied().zip(y.iter().copied());
    if x.len() <= ALONE {
        return rows.map(|(x, y)| Dot { x, y, rows: 1 }).collect();
    }
    let (edges_x, edges_y) = (of_x.edges(CELLS), of_y.edges(CELLS));
    let mut cells: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for (x, y) in rows {
        *cells
            .entry((place(&edges_x, x), place(&edges_y, y)))
            .or_default() += 1;
    }
    let middle = |edges: &[f64], cell: usize| edges[cell] + (edges[cell + 1] - edges[cell]) / 2.0;
    cells
        .into_iter()
        .map(|((cell_x, cell_y), rows)| Dot {
            x: middle(&edges_x, cell_x),
            y: middle(&edges_y, cell_y),
            rows,
        })
        .collect()
}
