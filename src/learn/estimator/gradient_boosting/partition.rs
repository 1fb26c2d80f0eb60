//! Rows of a node sent to its two children, in their order.

use rayon::prelude::*;

/// Rows that one task sends.
const ROWS_PER_TASK: usize = 1 << 15;

/// Puts the rows that go left before the others, keeping the order of both, and returns how many
/// they are. `spare` is room for as many rows.
pub(super) fn partition(
    rows: &mut [u32],
    spare: &mut [u32],
    goes_left: impl Fn(u32) -> bool + Sync,
) -> usize {
    let spare = &mut spare[..rows.len()];
    if rows.len() <= ROWS_PER_TASK {
        return partition_piece(rows, spare, &goes_left);
    }
    let counts: Vec<usize> = rows
        .par_chunks_mut(ROWS_PER_TASK)
        .zip(spare.par_chunks_mut(ROWS_PER_TASK))
        .map(|(rows, spare)| partition_piece(rows, spare, &goes_left))
        .collect();
    let left = counts.iter().sum();
    let (mut lefts, mut rights) = spare.split_at_mut(left);
    let mut moves = Vec::with_capacity(counts.len());
    for (piece, count) in rows.chunks(ROWS_PER_TASK).zip(counts) {
        let (from_left, from_right) = piece.split_at(count);
        let (to_left, more_lefts) = lefts.split_at_mut(from_left.len());
        let (to_right, more_rights) = rights.split_at_mut(from_right.len());
        moves.extend([(from_left, to_left), (from_right, to_right)]);
        (lefts, rights) = (more_lefts, more_rights);
    }
    moves
        .into_par_iter()
        .for_each(|(from, to)| to.copy_from_slice(from));
    rows.par_chunks_mut(ROWS_PER_TASK)
        .zip(spare.par_chunks(ROWS_PER_TASK))
        .for_each(|(to, from)| to.copy_from_slice(from));
    left
}

/// The same on one thread, without a branch for a processor to guess at.
fn partition_piece(rows: &mut [u32], spare: &mut [u32], goes_left: &impl Fn(u32) -> bool) -> usize {
    let mut left = 0;
    for at in 0..rows.len() {
        let row = rows[at];
        rows[left] = row;
        spare[at - left] = row;
        left += usize::from(goes_left(row));
    }
    let rights = rows.len() - left;
    rows[left..].copy_from_slice(&spare[..rights]);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_keep_their_order() {
        for count in [0, 1, 7, 1000, 3 * ROWS_PER_TASK as u32 + 5] {
            for share in [0, 1, 128, 255, 256] {
                let goes_left = |row: u32| row.wrapping_mul(2_654_435_761) >> 24 < share;
                let mut rows: Vec<u32> = (0..count).collect();
                let mut spare = vec![0; rows.len()];
                let left = partition(&mut rows, &mut spare, goes_left);
                let (lefts, rights): (Vec<u32>, Vec<u32>) = (0..count).partition(|r| goes_left(*r));
                assert_eq!(left, lefts.len());
                assert_eq!(rows, [lefts, rights].concat());
            }
        }
    }
}
