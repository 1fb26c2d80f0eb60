//! Least squares: the coefficients β for which Σ (y − X·β)² is smallest, whatever X is.
//!
//! Householder's QR takes X to a triangle without ever squaring it, so that columns which are nearly
//! alike keep their difference. Rows are reduced in blocks whose size depends on the shape of the
//! data alone, and the triangles of the blocks are joined in their order. A second QR, with columns
//! exchanged, finds which columns the others explain. Of all coefficients that then fit as well, those
//! with the smallest sum of squares are taken. Golub & Van Loan, *Matrix Computations*, 4th edition,
//! §5.2.2, §5.4.2 and §5.5.

use rayon::prelude::*;

use super::cholesky;
use super::standardized::Standardized;
use super::vectors::dot;

/// Fewest rows a thread reduces at a time.
const ROWS_PER_BLOCK: usize = 1024;
/// A column of which the others leave less than this is explained by them.
const EXPLAINED: f64 = 1e-10;

/// Columns of equal length; the last is y.
type Columns = Vec<Vec<f64>>;

/// The coefficients on the standardized columns. `ridge` is what the sum of the squared coefficients on
/// the columns as they are costs, in squares of the standardized target.
pub(super) fn solve(data: &Standardized<'_>, ridge: f64) -> Vec<f64> {
    let mut columns = triangle(data);
    if ridge > 0.0 {
        append(&mut columns, penalty_rows(data, ridge));
        reduce(&mut columns);
    }
    let right = columns.pop().unwrap_or_default();
    let (order, rank) = pivot(&mut columns, right);
    let (basic, explained) = eliminate(&columns, &order, rank);
    let scales: Vec<f64> = order.iter().map(|column| data.scale(*column)).collect();
    let smallest = smallest(basic, &explained, &scales);
    let mut coefficients = vec![0.0; order.len()];
    for (column, coefficient) in order.iter().zip(smallest) {
        coefficients[*column] = coefficient;
    }
    coefficients
}

/// R of X = Q·R, with Qᵀ·y as the last column.
fn triangle(data: &Standardized<'_>) -> Columns {
    let width = data.columns() + 1;
    let length = ROWS_PER_BLOCK.max(2 * width);
    let blocks: Vec<Columns> = (0..data.rows().div_ceil(length))
        .into_par_iter()
        .map(|block| {
            let rows = block * length..((block + 1) * length).min(data.rows());
            let columns = (0..data.columns()).map(|column| data.column(column, rows.clone()));
            let mut block: Columns = columns.chain([data.target(rows.clone())]).collect();
            reduce(&mut block);
            block
        })
        .collect();
    let mut all = vec![Vec::new(); width];
    for block in blocks {
        append(&mut all, block);
        reduce(&mut all);
    }
    all
}

/// Rows whose squares are the penalty: √ridge for each coefficient alone.
fn penalty_rows(data: &Standardized<'_>, ridge: f64) -> Columns {
    let width = data.columns();
    let mut columns = vec![vec![0.0; width]; width + 1];
    for (column, values) in columns[..width].iter_mut().enumerate() {
        values[column] = ridge.sqrt() / data.scale(column);
    }
    columns
}

fn append(columns: &mut Columns, more: Columns) {
    for (column, more) in columns.iter_mut().zip(more) {
        column.extend(more);
    }
}

/// Takes columns to upper triangular form by reflections, and drops the rows that are then 0.
fn reduce(columns: &mut Columns) {
    let rows = columns[0].len();
    let kept = rows.min(columns.len());
    for at in 0..kept {
        reflect(columns, at);
    }
    columns.iter_mut().for_each(|column| column.truncate(kept));
}

/// The reflection that makes column `at` 0 below row `at`, applied to it and the columns after it.
fn reflect(columns: &mut [Vec<f64>], at: usize) {
    let (before, after) = columns.split_at_mut(at + 1);
    let column = &mut before[at][at..];
    let norm = dot(column, column).sqrt();
    if norm == 0.0 {
        return;
    }
    let end = -norm.copysign(column[0]);
    column[0] -= end;
    let square = dot(column, column);
    for other in after {
        let other = &mut other[at..];
        let share = 2.0 * dot(column, other) / square;
        for (value, part) in other.iter_mut().zip(&*column) {
            *value -= share * part;
        }
    }
    column.fill(0.0);
    column[0] = end;
}

/// Reduces with the longest remaining column first, until the rest is explained; of columns equally
/// long, the first. `columns` get the right side as their last again. Gives the order of the columns
/// and how many count.
fn pivot(columns: &mut Columns, right: Vec<f64>) -> (Vec<usize>, usize) {
    let width = columns.len();
    let most = width.min(right.len());
    let mut order: Vec<usize> = (0..width).collect();
    columns.push(right);
    let mut largest = 0.0;
    for at in 0..most {
        let lengths = columns[at..width].iter().map(|column| {
            let rest = &column[at..];
            dot(rest, rest).sqrt()
        });
        let (offset, length) =
            lengths.enumerate().fold(
                (0, 0.0),
                |best, next| if next.1 > best.1 { next } else { best },
            );
        if at == 0 {
            largest = length;
        }
        if length <= EXPLAINED * largest {
            return (order, at);
        }
        columns.swap(at, at + offset);
        order.swap(at, at + offset);
        reflect(columns, at);
    }
    (order, most)
}

/// The coefficients of the first `rank` columns if the others have none; and for each other column, what
/// coefficients of the first amount to it.
fn eliminate(columns: &Columns, order: &[usize], rank: usize) -> (Vec<f64>, Columns) {
    let solve = |right: &[f64]| {
        let mut solution = right[..rank].to_vec();
        for at in (0..rank).rev() {
            solution[at] /= columns[at][at];
            let solved = solution[at];
            for (value, cell) in solution[..at].iter_mut().zip(&columns[at]) {
                *value -= cell * solved;
            }
        }
        solution
    };
    let explained = columns[rank..order.len()].iter();
    let explained = explained.map(|column| solve(column)).collect();
    (solve(&columns[order.len()]), explained)
}

/// Of all coefficients that fit as well, those with the smallest sum of squares on the columns as they
/// are: standardized, coefficient j counts 1/scale j.
///
/// With t for the columns explained, the others are basic − Σ t·explained. The smallest sum is where
/// t = S₂·E·(I + Eᵀ·E)⁻¹·S₁⁻¹·basic, with E = S₂·explainedᵀ·S₁⁻¹ and S the scales.
fn smallest(mut basic: Vec<f64>, explained: &Columns, scales: &[f64]) -> Vec<f64> {
    let rank = basic.len();
    let (first, others) = scales.split_at(rank);
    let rows: Columns = explained
        .iter()
        .zip(others)
        .map(|(column, other)| {
            let cells = column.iter().zip(first);
            cells.map(|(value, scale)| other * value / scale).collect()
        })
        .collect();
    let mut gram = vec![0.0; rank * rank];
    for at in 0..rank {
        gram[at * rank + at] = 1.0;
    }
    for row in &rows {
        for (at, value) in row.iter().enumerate() {
            for (cell, other) in gram[at * rank..].iter_mut().zip(&row[..=at]) {
                *cell += value * other;
            }
        }
    }
    let scaled = basic.iter().zip(first);
    let mut share: Vec<f64> = scaled.map(|(value, scale)| value / scale).collect();
    let mut rest = vec![0.0; explained.len()];
    // Where units are so far apart that this fails, the columns explained have no coefficients.
    if !explained.is_empty() && cholesky::solve(&mut gram, &mut share) {
        for (at, (row, other)) in rows.iter().zip(others).enumerate() {
            rest[at] = other * dot(row, &share);
            for (value, part) in basic.iter_mut().zip(&explained[at]) {
                *value -= rest[at] * part;
            }
        }
    }
    basic.extend(rest);
    basic
}
