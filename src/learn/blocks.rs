//! Work on rows in blocks, on as many threads as there are.

use rayon::prelude::*;

/// Calls `work` with each block of `length` values and the block's number, counted from 0.
///
/// One block is worked on where it is: a single request should not wait for a thread pool.
pub fn for_each_block(
    values: &mut [f64],
    length: usize,
    work: impl Fn(usize, &mut [f64]) + Send + Sync,
) {
    if values.len() <= length {
        work(0, values);
    } else {
        values
            .par_chunks_mut(length)
            .enumerate()
            .for_each(|(block, values)| work(block, values));
    }
}
