//! The same for several classes, for numbers, and for rows that do not all count the same.

use super::super::super::classes::Classes;
use super::super::super::numbers::Numbers;
use super::*;

struct PlainClasses<'a> {
    labels: &'a [u32],
    classes: usize,
    weights: &'a [f64],
}

impl PlainClasses<'_> {
    fn sums(&self, rows: &[usize]) -> Vec<f64> {
        let mut sums = vec![0.0; self.classes];
        for row in rows {
            sums[self.labels[*row] as usize] += self.weights[*row];
        }
        sums
    }

    fn purity(&self, rows: &[usize]) -> f64 {
        let sums = self.sums(rows);
        sums.iter().map(|sum| sum * sum).sum::<f64>() / sums.iter().sum::<f64>()
    }
}

impl Plain for PlainClasses<'_> {
    fn rows(&self) -> usize {
        self.labels.len()
    }

    fn is_pure(&self, rows: &[usize]) -> bool {
        rows.iter()
            .all(|row| self.labels[*row] == self.labels[rows[0]])
    }

    fn score(&self, below: &[usize], above: &[usize]) -> f64 {
        self.purity(below) + self.purity(above)
    }

    fn undivided(&self, rows: &[usize]) -> f64 {
        self.purity(rows)
    }

    fn answer(&self, rows: &[usize]) -> Vec<f64> {
        let sums = self.sums(rows);
        let all: f64 = sums.iter().sum();
        sums.iter().map(|sum| sum / all).collect()
    }

    fn cover(&self, rows: &[usize]) -> f64 {
        rows.iter().map(|row| self.weights[*row]).sum()
    }
}

struct PlainNumbers<'a> {
    numbers: &'a [f64],
    weights: &'a [f64],
}

impl PlainNumbers<'_> {
    fn middle(&self) -> f64 {
        let low = self.numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .numbers
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        low.midpoint(high)
    }

    fn mean(&self, rows: &[usize]) -> f64 {
        let from_middle = |row: &usize| self.weights[*row] * (self.numbers[*row] - self.middle());
        rows.iter().map(from_middle).sum::<f64>() / self.cover(rows)
    }
}

impl Plain for PlainNumbers<'_> {
    fn rows(&self) -> usize {
        self.numbers.len()
    }

    fn is_pure(&self, rows: &[usize]) -> bool {
        rows.iter()
            .all(|row| self.numbers[*row] == self.numbers[rows[0]])
    }

    fn score(&self, below: &[usize], above: &[usize]) -> f64 {
        let (low, high) = (self.cover(below), self.cover(above));
        let apart = self.mean(below) - self.mean(above);
        low / (low + high) * high * apart * apart
    }

    fn undivided(&self, _: &[usize]) -> f64 {
        0.0
    }

    fn answer(&self, rows: &[usize]) -> Vec<f64> {
        let first = self.numbers[rows[0]];
        let from_first = |row: &usize| self.weights[*row] * (self.numbers[*row] - first);
        vec![first + rows.iter().map(from_first).sum::<f64>() / self.cover(rows)]
    }

    fn cover(&self, rows: &[usize]) -> f64 {
        rows.iter().map(|row| self.weights[*row]).sum()
    }
}

/// Quarters, so that every sum of a few of them is an f64.
fn quarters(count: usize, most: usize, random: &mut Random) -> Vec<f64> {
    let quarter = |_| (random.below(4 * most) + 1) as f64 / 4.0;
    (0..count).map(quarter).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn whatever_is_learnt_the_tree_is_the_one_that_trying_everything_gives(
        columns in proptest::collection::vec(made(), 1..6),
        rows in 1..120_usize,
        classes in 2..6_usize,
        seed in any::<u64>(),
        columns_per_split in 1..7_usize,
        min_samples_leaf in 1..6_u32,
        max_depth in prop_oneof![Just(None), (0..5_u32).prop_map(Some)],
        weighted in any::<bool>(),
    ) {
        let mut random = Random::new(seed);
        let units: Vec<f64> = (0..rows * columns.len()).map(|_| random.unit()).collect();
        let values = units.iter().enumerate();
        let values = values.map(|(at, unit)| columns[at % columns.len()].of(*unit));
        let matrix = Matrix::new(rows, columns.len(), values.collect());
        let signal = |row: usize| units[row * columns.len()];
        let labels: Vec<u32> = (0..rows)
            .map(|row| match random.below(3) {
                0 => random.below(classes) as u32,
                _ => (signal(row) * classes as f64) as u32,
            })
            .collect();
        let noise = quarters(rows, 5, &mut random);
        let numbers: Vec<f64> = (0..rows)
            .map(|row| (signal(row) * 40.0).floor() / 4.0 + noise[row] - 7.0)
            .collect();
        let own = quarters(rows, 3, &mut random);
        let ones = vec![1.0; rows];
        let weights = if weighted { &own } else { &ones };
        let given = weighted.then_some(own.as_slice());
        let limits = Limits { max_depth, min_samples_leaf, min_samples_split: 2, columns_per_split };
        let criterion = Classes::new(&labels, classes, given, 0..classes);
        let plain = PlainClasses { labels: &labels, classes, weights };
        assert_same_tree(&criterion, &plain, &matrix, limits, seed);
        let plain = PlainNumbers { numbers: &numbers, weights };
        assert_same_tree(&Numbers::new(&numbers, given), &plain, &matrix, limits, seed);
    }
}

/// Two classes are two of several: the criterion that counts in one word grows the same trees.
#[test]
fn two_classes_are_as_good_as_several() {
    let (matrix, labels) = testing::classification(600, 5, 32);
    let numbered: Vec<u32> = labels.iter().map(|label| u32::from(*label)).collect();
    let several = Classes::new(&numbered, 2, None, 1..2);
    for method in METHODS {
        // Their scores differ in rounding alone: large leaves leave no ties.
        let limits = Limits {
            min_samples_leaf: 25,
            ..NO_LIMITS
        };
        let fast = Grower::new(&matrix, &Labels(&labels), method, limits).grow(Random::new(5));
        let other = Grower::new(&matrix, &several, method, limits).grow(Random::new(5));
        assert_eq!(
            (fast.columns, fast.values, fast.covers),
            (other.columns, other.values, other.covers)
        );
    }
}

#[test]
fn numbers_far_from_zero_are_divided_where_they_part() {
    // Squares of such numbers have no digits left for what differs.
    let numbers: Vec<f64> = (0..40)
        .map(|row| 1e12 + f64::from(u8::from(row >= 23)))
        .collect();
    let matrix = Matrix::new(40, 1, (0..40).map(f64::from).collect());
    let method = METHODS[1];
    let tree =
        Grower::new(&matrix, &Numbers::new(&numbers, None), method, NO_LIMITS).grow(Random::new(1));
    assert_eq!(tree.columns, [0, LEAF, LEAF]);
    assert_eq!(tree.values, [22.5, 1e12, 1e12 + 1.0]);
}
