//! Columns of numbers as ranks.
//!
//! A tree only asks which of two numbers is larger. So each number is replaced, once for all trees,
//! by its rank among the distinct numbers of its column: 0 for the smallest. Ranks are small whole
//! numbers, which are counted, sorted and moved faster than floats, and nothing is lost: a split
//! between two ranks is a split between two numbers.

use rayon::prelude::*;

use crate::learn::Matrix;

/// The ranks of one column, row after row, in the narrowest type that holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ranks {
    /// At most 256 distinct numbers.
    Bytes(Vec<u8>),
    /// At most 65 536.
    Shorts(Vec<u16>),
    Words(Vec<u32>),
}

/// A rank as it is kept.
pub trait Rank: Copy + Send + Sync {
    fn get(self) -> u32;
}

impl Rank for u8 {
    fn get(self) -> u32 {
        self.into()
    }
}

impl Rank for u16 {
    fn get(self) -> u32 {
        self.into()
    }
}

impl Rank for u32 {
    fn get(self) -> u32 {
        self
    }
}

impl Ranks {
    /// The ranks of each column. The matrix has finite numbers only, and fewer than 2³² rows.
    pub fn of_columns(matrix: &Matrix) -> Vec<Self> {
        (0..matrix.columns())
            .into_par_iter()
            .map(|column| Self::of_column(matrix.column(column)))
            .collect()
    }

    fn of_column(numbers: impl Iterator<Item = f64>) -> Self {
        let mut keys: Vec<(u64, u32)> = numbers.map(ascending_key).zip(0..).collect();
        keys.sort_unstable();
        let distinct = 1 + keys.windows(2).filter(|pair| pair[0].0 < pair[1].0).count();
        if distinct <= 1 << 8 {
            Self::Bytes(spread(&keys, |rank| rank as u8))
        } else if distinct <= 1 << 16 {
            Self::Shorts(spread(&keys, |rank| rank as u16))
        } else {
            Self::Words(spread(&keys, |rank| rank))
        }
    }
}

/// Brings the ranks of sorted keys back into the order of the rows.
fn spread<R: Rank + Default>(keys: &[(u64, u32)], narrow: impl Fn(u32) -> R) -> Vec<R> {
    let mut ranks = vec![R::default(); keys.len()];
    let (mut rank, mut before) = (0, keys.first().map_or(0, |first| first.0));
    for &(key, row) in keys {
        rank += u32::from(key != before);
        before = key;
        ranks[row as usize] = narrow(rank);
    }
    ranks
}

/// A whole number that is larger when the finite number is; −0.0 is 0.0.
fn ascending_key(number: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = (number + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wide(ranks: &Ranks) -> Vec<u32> {
        match ranks {
            Ranks::Bytes(ranks) => ranks.iter().map(|rank| rank.get()).collect(),
            Ranks::Shorts(ranks) => ranks.iter().map(|rank| rank.get()).collect(),
            Ranks::Words(ranks) => ranks.clone(),
        }
    }

    #[test]
    fn the_narrowest_type_is_taken() {
        let of = |distinct: u32| Ranks::of_column((0..distinct).rev().map(f64::from));
        assert!(matches!(of(256), Ranks::Bytes(_)));
        assert!(matches!(of(257), Ranks::Shorts(_)));
        assert!(matches!(of(65_536), Ranks::Shorts(_)));
        assert!(matches!(of(65_537), Ranks::Words(_)));
        for distinct in [1, 256, 257, 65_536, 65_537] {
            let expected: Vec<u32> = (0..distinct).rev().collect();
            assert_eq!(wide(&of(distinct)), expected);
        }
    }

    #[test]
    fn no_rows_have_no_ranks() {
        assert_eq!(Ranks::of_column([].into_iter()), Ranks::Bytes(Vec::new()));
    }

    proptest! {
        #[test]
        fn ranks_compare_as_their_numbers_do(
            numbers in proptest::collection::vec(
                prop_oneof![any::<f64>(), Just(0.0), Just(-0.0), -2.0..2.0_f64], 1..60),
        ) {
            let numbers: Vec<f64> = numbers.into_iter().filter(|number| number.is_finite()).collect();
            let ranks = wide(&Ranks::of_column(numbers.iter().copied()));
            for (a, rank_a) in numbers.iter().zip(&ranks) {
                for (b, rank_b) in numbers.iter().zip(&ranks) {
                    prop_assert_eq!(a.partial_cmp(b).unwrap(), rank_a.cmp(rank_b));
                }
            }
            let distinct = ranks.iter().max().map_or(0, |most| most + 1);
            prop_assert!((0..distinct).all(|rank| ranks.contains(&rank)));
        }
    }
}
