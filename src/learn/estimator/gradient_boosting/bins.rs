//! Columns cut into at most 256 bins, so that trees look at one byte in place of a number.
//!
//! A column with few distinct numbers has a bin for each; any other has bins of about as many rows
//! each, and a number that alone fills a bin has one to itself, as LightGBM cuts them (Ke et al.
//! 2017, and its `GreedyFindBin`). The cut between two bins lies in the middle of the numbers next
//! to it. Above [`SAMPLE`] rows the cuts come from that many, one drawn from each of as many equal
//! stretches of the rows. A column of one number has no cut and takes no part.

use rayon::prelude::*;

use super::random::Random;
use crate::learn::Matrix;

/// Rows that cuts are made from at most. Part of the algorithm: another number gives other cuts.
pub(super) const SAMPLE: usize = 200_000;

/// Columns whose bins lie side by side, row after row: half a line of the cache.
pub(super) const STRIP: usize = 32;

/// Rows that one task turns into bins.
const ROWS_PER_TASK: usize = 16_384;

/// The bins of so many columns for each row.
pub(super) type Strip = Vec<[u8; STRIP]>;

/// A column that can be split.
pub(super) struct Binned {
    /// Its number in the matrix.
    pub column: usize,
    /// Ascending and finite. A number's bin is how many cuts are below it.
    pub cuts: Vec<f64>,
    /// The bin of each row.
    pub rows: Vec<u8>,
}

/// The columns of a matrix that can be split, in their order.
pub(super) struct Bins {
    pub columns: Vec<Binned>,
    /// The same bins once more, [`STRIP`] columns at a time; the last strip is padded with bin 0.
    pub strips: Vec<Strip>,
}

impl Bins {
    /// Cuts the columns into at most `most` bins each.
    pub(super) fn of(matrix: &Matrix, most: usize, random: &Random) -> Self {
        let sample = sampled_rows(matrix.rows(), random);
        let cuts: Vec<(usize, Vec<f64>)> = (0..matrix.columns())
            .into_par_iter()
            .map(|column| {
                let numbers = sample.iter().map(|row| matrix.row(*row)[column]);
                (column, cuts(numbers.collect(), most))
            })
            .filter(|(_, cuts)| !cuts.is_empty())
            .collect();
        let strips: Vec<Strip> = cuts
            .par_chunks(STRIP)
            .map(|columns| strip(matrix, columns))
            .collect();
        let columns = cuts
            .into_par_iter()
            .enumerate()
            .map(|(at, (column, cuts))| Binned {
                column,
                cuts,
                rows: strips[at / STRIP]
                    .iter()
                    .map(|bins| bins[at % STRIP])
                    .collect(),
            })
            .collect();
        Self { columns, strips }
    }
}

/// Every row, or one of each stretch.
fn sampled_rows(rows: usize, random: &Random) -> Vec<usize> {
    if rows <= SAMPLE {
        return (0..rows).collect();
    }
    // Rows are counted in 32 bits: the products fit.
    let start = |stretch: usize| (stretch as u64 * rows as u64 / SAMPLE as u64) as usize;
    (0..SAMPLE)
        .map(|stretch| {
            let (first, next) = (start(stretch), start(stretch + 1));
            first + random.below(stretch as u64, (next - first) as u64) as usize
        })
        .collect()
}

fn strip(matrix: &Matrix, columns: &[(usize, Vec<f64>)]) -> Strip {
    let ladders: Vec<Ladder> = columns.iter().map(|(_, cuts)| Ladder::new(cuts)).collect();
    let mut strip = vec![[0; STRIP]; matrix.rows()];
    strip
        .par_chunks_mut(ROWS_PER_TASK)
        .enumerate()
        .for_each(|(task, rows)| {
            for (offset, bins) in rows.iter_mut().enumerate() {
                let row = matrix.row(task * ROWS_PER_TASK + offset);
                for ((bin, (column, _)), ladder) in bins.iter_mut().zip(columns).zip(&ladders) {
                    *bin = ladder.bin(row[*column]);
                }
            }
        });
    strip
}

/// Cuts padded to 255 with infinity, for a search of eight steps without a branch.
struct Ladder([f64; 255]);

impl Ladder {
    fn new(cuts: &[f64]) -> Self {
        let mut padded = [f64::INFINITY; 255];
        padded[..cuts.len()].copy_from_slice(cuts);
        Self(padded)
    }

    /// How many cuts are below the number.
    fn bin(&self, number: f64) -> u8 {
        let mut below = 0;
        for step in [128, 64, 32, 16, 8, 4, 2, 1] {
            below += if self.0[below + step - 1] < number {
                step
            } else {
                0
            };
        }
        below as u8
    }
}

/// The cuts between at most `most` bins of the numbers.
fn cuts(mut numbers: Vec<f64>, most: usize) -> Vec<f64> {
    for number in &mut numbers {
        // Turns −0.0 into 0.0: they are one number.
        *number += 0.0;
    }
    numbers.sort_unstable_by(f64::total_cmp);
    let mut distinct: Vec<(f64, usize)> = Vec::new();
    for number in numbers {
        match distinct.last_mut() {
            Some((last, count)) if *last == number => *count += 1,
            _ => distinct.push((number, 1)),
        }
    }
    let ends = if distinct.len() <= most {
        (1..distinct.len()).collect()
    } else {
        even_ends(&distinct, most)
    };
    let between = |end: usize| middle(distinct[end - 1].0, distinct[end].0);
    ends.into_iter().map(between).collect()
}

/// Where bins end, as indexes behind their last number: a bin ends when it holds its share of the
/// rows, or before and behind a number that holds one alone.
fn even_ends(distinct: &[(f64, usize)], most: usize) -> Vec<usize> {
    let rows: usize = distinct.iter().map(|(_, count)| count).sum();
    let heavy = |count: usize| count * most >= rows;
    let (mut light_rows, mut light_bins) = (rows, most);
    for (_, count) in distinct.iter().filter(|(_, count)| heavy(*count)) {
        light_rows -= count;
        light_bins -= 1;
    }
    let mut ends = Vec::with_capacity(most);
    let mut held = 0;
    for (at, (_, count)) in distinct.iter().enumerate().take(distinct.len() - 1) {
        if heavy(*count) {
            held = 0;
            ends.push(at + 1);
        } else {
            held += count;
            light_rows -= count;
            let full = held * light_bins.max(1) >= light_rows + held;
            if full || heavy(distinct[at + 1].1) {
                held = 0;
                light_bins = light_bins.saturating_sub(1);
                ends.push(at + 1);
            }
        }
        if ends.len() == most - 1 {
            break;
        }
    }
    ends
}

/// A number from `low` on and below `high` that is about their middle.
fn middle(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if (low..high).contains(&middle) {
        middle
    } else {
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::testing;

    fn counts(numbers: &[f64], most: usize) -> Vec<usize> {
        let cuts = cuts(numbers.to_vec(), most);
        assert!(
            cuts.len() < most && cuts.is_sorted_by(|a, b| a < b),
            "{cuts:?}"
        );
        let ladder = Ladder::new(&cuts);
        let mut counts = vec![0; cuts.len() + 1];
        for number in numbers {
            let bin = usize::from(ladder.bin(*number));
            assert_eq!(bin, cuts.iter().filter(|cut| *cut < number).count());
            counts[bin] += 1;
        }
        counts
    }

    #[test]
    fn few_numbers_have_a_bin_each() {
        assert_eq!(counts(&[3.0, 1.0, 1.0, 2.0, 3.0, 1.0], 3), [3, 1, 2]);
        assert_eq!(cuts(vec![0.0, -0.0, 4.0], 255), [2.0]);
        assert!(cuts(vec![5.0; 9], 255).is_empty());
        assert!(cuts(Vec::new(), 255).is_empty());
    }

    #[test]
    fn many_numbers_are_shared_out_evenly() {
        let mut random = testing::Random::new(1);
        let numbers: Vec<f64> = (0..10_000).map(|_| random.unit()).collect();
        for most in [2, 3, 100, 255] {
            let counts = counts(&numbers, most);
            assert_eq!(counts.len(), most);
            let share = 10_000 / most;
            assert!(
                counts.iter().all(|count| count.abs_diff(share) <= 1),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn a_number_of_many_rows_has_its_bin_alone() {
        let mut numbers = vec![50.0; 500];
        numbers.extend((0..500).map(f64::from).filter(|number| *number != 50.0));
        let counts = counts(&numbers, 10);
        assert!(counts.contains(&500), "{counts:?}");
        assert_eq!(counts.len(), 10);
        let others = counts.iter().filter(|count| **count != 500);
        assert!(
            others.clone().all(|count| (45..80).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn cuts_lie_between_any_two_numbers() {
        for pair in [
            [f64::MIN, f64::MAX],
            [0.0, 5e-324],
            [-5e-324, 0.0],
            [1.0, 1.0 + f64::EPSILON],
            [f64::MAX.next_down(), f64::MAX],
        ] {
            let cuts = cuts(pair.to_vec(), 2);
            assert!(pair[0] <= cuts[0] && cuts[0] < pair[1], "{pair:?} {cuts:?}");
        }
    }

    #[test]
    fn a_sample_takes_one_row_of_each_stretch() {
        let random = Random::new(1, "cuts", 0);
        for rows in [SAMPLE + 1, 3 * SAMPLE + 7] {
            let sample = sampled_rows(rows, &random);
            assert_eq!(sample.len(), SAMPLE);
            assert!(sample.is_sorted_by(|a, b| a < b) && sample[SAMPLE - 1] < rows);
        }
        assert_eq!(sampled_rows(5, &random), [0, 1, 2, 3, 4]);
    }
}
