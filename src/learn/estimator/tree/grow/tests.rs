use proptest::prelude::*;

use super::*;
use crate::learn::testing;

/// A tree grown without ranks, counts, bounds or memory of constants: every split tried on the
/// numbers themselves.
struct Slow<'a> {
    matrix: &'a Matrix,
    labels: &'a [bool],
    method: Method,
    limits: Limits,
    random: Random,
    columns: Vec<usize>,
    nodes: Vec<(u32, f64)>,
    covers: Vec<f64>,
    importances: Vec<f64>,
}

impl Slow<'_> {
    fn tree(mut self) -> Tree {
        let count = self.labels.len();
        let mut sample: Vec<usize> = match self.method.sample {
            Sample::Bootstrap => (0..count).map(|_| self.random.below(count)).collect(),
            Sample::All => (0..count).collect(),
        };
        sample.sort_unstable();
        self.node(&sample, 0);
        normalize(&mut self.importances);
        Tree {
            columns: self.nodes.iter().map(|node| node.0).collect(),
            values: self.nodes.iter().map(|node| node.1).collect(),
            covers: self.covers,
            importances: self.importances,
        }
    }

    /// positive² / rows.
    fn purity(&self, rows: &[usize]) -> f64 {
        let positive = rows.iter().filter(|row| self.labels[**row]).count() as f64;
        positive * positive / rows.len() as f64
    }

    fn node(&mut self, rows: &[usize], depth: u32) {
        let positive = rows.iter().filter(|row| self.labels[**row]).count();
        let leaf = (LEAF, positive as f64 / rows.len() as f64);
        let is_pure = positive == 0 || positive == rows.len();
        let is_small = rows.len() < self.limits.min_samples_split as usize;
        let is_too_small = rows.len() < 2 * self.limits.min_samples_leaf as usize;
        let is_deep = self.limits.max_depth == Some(depth);
        if is_pure || is_small || is_too_small || is_deep {
            self.covers.push(rows.len() as f64);
            return self.nodes.push(leaf);
        }
        let mut best: Option<(f64, usize, f64)> = None;
        let mut varying = 0;
        for drawn in 0..self.columns.len() {
            if drawn >= self.limits.columns_per_split && varying > 0 {
                break;
            }
            let other = drawn + self.random.below(self.columns.len() - drawn);
            self.columns.swap(drawn, other);
            let column = self.columns[drawn];
            let mut numbers: Vec<f64> = rows
                .iter()
                .map(|row| self.matrix.row(*row)[column])
                .collect();
            numbers.sort_by(|a, b| a.partial_cmp(b).unwrap());
            numbers.dedup();
            varying += usize::from(numbers.len() > 1);
            for cut in self.cuts(&numbers) {
                let (below, above) = self.divided(rows, column, cut);
                let least = below.len().min(above.len());
                let score = self.purity(&below) + self.purity(&above);
                let is_best = best.is_none_or(|(best, ..)| score > best);
                if is_best && least >= self.limits.min_samples_leaf as usize {
                    best = Some((score, column, cut));
                }
            }
        }
        let Some((score, column, threshold)) = best else {
            self.covers.push(rows.len() as f64);
            return self.nodes.push(leaf);
        };
        self.importances[column] += (score - self.purity(rows)).max(0.0);
        self.nodes.push((column as u32, threshold));
        let (below, above) = self.divided(rows, column, threshold);
        self.node(&below, depth + 1);
        self.node(&above, depth + 1);
    }

    /// Where a column with these distinct numbers, in their order, may be divided.
    fn cuts(&mut self, numbers: &[f64]) -> Vec<f64> {
        let between = |pair: &[f64]| {
            // Halves of the tiniest numbers are none, sums of the hugest are none.
            let is_tiny = pair[0].abs() < 1.0 && pair[1].abs() < 1.0;
            let middle = match is_tiny {
                true => (pair[0] + pair[1]) / 2.0,
                false => pair[0] / 2.0 + pair[1] / 2.0,
            };
            let is_between = middle >= pair[0] && middle < pair[1];
            if is_between { middle } else { pair[0] }
        };
        match (self.method.cuts, numbers) {
            (Cuts::All, _) => numbers.windows(2).map(between).collect(),
            (Cuts::Random, [low, .., high]) => {
                vec![cut::between(*low, *high, self.random.unit())]
            }
            (Cuts::Random, _) => Vec::new(),
        }
    }

    fn divided(&self, rows: &[usize], column: usize, threshold: f64) -> (Vec<usize>, Vec<usize>) {
        rows.iter()
            .partition(|row| self.matrix.row(**row)[column] <= threshold)
    }
}

const METHODS: [Method; 4] = [
    FOREST,
    Method {
        sample: Sample::All,
        cuts: Cuts::All,
    },
    Method {
        sample: Sample::All,
        cuts: Cuts::Random,
    },
    Method {
        sample: Sample::Bootstrap,
        cuts: Cuts::Random,
    },
];

const FOREST: Method = Method {
    sample: Sample::Bootstrap,
    cuts: Cuts::All,
};

fn assert_same(matrix: &Matrix, labels: &[bool], limits: Limits, seed: u64) {
    for method in METHODS {
        let slow = Slow {
            matrix,
            labels,
            method,
            limits,
            random: Random::new(seed),
            columns: (0..matrix.columns()).collect(),
            nodes: Vec::new(),
            covers: Vec::new(),
            importances: vec![0.0; matrix.columns()],
        };
        let fast = Grower::new(matrix, labels, method, limits).grow(Random::new(seed));
        assert_eq!(fast, slow.tree(), "{method:?}");
    }
}

const NO_LIMITS: Limits = Limits {
    max_depth: None,
    min_samples_leaf: 1,
    min_samples_split: 2,
    columns_per_split: 2,
};

/// A column of a matrix: how its numbers are made of random ones in [0, 1).
#[derive(Debug, Clone, Copy)]
enum Made {
    Constant,
    Binary,
    Few,
    Many,
    Huge,
    Neighbours,
}

impl Made {
    fn of(self, unit: f64) -> f64 {
        match self {
            Self::Constant => 7.0,
            Self::Binary => f64::from(unit < 0.3),
            Self::Few => (unit * 9.0).floor() - 4.0,
            Self::Many => unit - 0.5,
            Self::Huge => (unit - 0.5) * 2.0 * f64::MAX,
            // Numbers with nothing between them, around zero and away from it.
            Self::Neighbours => {
                let steps = (unit * 12.0) as u64;
                let from = if steps < 6 { 0.0_f64 } else { 1.0 };
                f64::from_bits(from.to_bits() + steps)
            }
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    use Made::{Binary, Constant, Few, Huge, Many, Neighbours};
    proptest::sample::select(vec![Constant, Binary, Few, Many, Many, Huge, Neighbours])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_tree_is_the_one_that_trying_everything_gives(
        columns in proptest::collection::vec(made(), 1..7),
        rows in 1..150_usize,
        seed in any::<u64>(),
        columns_per_split in 1..8_usize,
        min_samples_leaf in 1..6_u32,
        min_samples_split in 2..9_u32,
        max_depth in prop_oneof![Just(None), (0..5_u32).prop_map(Some)],
        noise in 0.0..1.0_f64,
    ) {
        let mut random = Random::new(seed);
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for _ in 0..rows {
            let units: Vec<f64> = columns.iter().map(|_| random.unit()).collect();
            labels.push(units[0] * (1.0 - noise) + random.unit() * noise > 0.5);
            values.extend(columns.iter().zip(units).map(|(made, unit)| made.of(unit)));
        }
        let matrix = Matrix::new(rows, columns.len(), values);
        let limits = Limits { max_depth, min_samples_leaf, min_samples_split, columns_per_split };
        assert_same(&matrix, &labels, limits, seed);
    }
}

#[test]
fn larger_trees_are_the_same_too() {
    let (matrix, labels) = testing::classification(1200, 7, 31);
    for seed in 0..3 {
        assert_same(&matrix, &labels, NO_LIMITS, seed);
        let limits = Limits {
            min_samples_leaf: 9,
            columns_per_split: 7,
            ..NO_LIMITS
        };
        assert_same(&matrix, &labels, limits, seed);
    }
}

#[test]
fn the_first_column_that_varies_is_looked_at_however_late_it_is_drawn() {
    // One of forty columns varies, and one is drawn.
    let rows: Vec<f64> = (0..20)
        .flat_map(|row| (0..40).map(move |column| if column == 31 { f64::from(row) } else { 0.5 }))
        .collect();
    let matrix = Matrix::new(20, 40, rows);
    let labels: Vec<bool> = (0..20).map(|row| row >= 10).collect();
    let limits = Limits {
        columns_per_split: 1,
        ..NO_LIMITS
    };
    for seed in 0..20 {
        let tree = Grower::new(&matrix, &labels, FOREST, limits).grow(Random::new(seed));
        assert_eq!(tree.columns[0], 31);
        assert_eq!(tree.importances[31], 1.0);
        assert_same(&matrix, &labels, limits, seed);
    }
}

#[test]
fn a_threshold_divides_neighbours() {
    let (least, most) = (f64::MIN_POSITIVE * f64::EPSILON, f64::MAX);
    for (below, above) in [
        (0.0, least),
        (-least, 0.0),
        (1.0, 1.0_f64.next_up()),
        (1.0_f64.next_down(), 1.0),
        (most.next_down(), most),
        (-most, most),
        (-most, (-most).next_up()),
        (2.0, 4.0),
    ] {
        let threshold = threshold(below, above);
        assert!(
            below <= threshold && threshold < above,
            "{below:e} {threshold:e} {above:e}"
        );
    }
    assert_eq!(threshold(2.0, 4.0), 3.0);
}

#[test]
fn a_sample_is_as_large_as_the_table_and_leaves_a_third_of_it_out() {
    let labels: Vec<bool> = (0..3000).map(|row| row % 3 == 0).collect();
    let sample = bootstrap(&labels, &mut Random::new(1));
    let total = sample
        .iter()
        .fold(Tally::default(), |sum, drawn| sum + drawn.tally());
    assert_eq!(total.rows(), 3000);
    assert!((1800..1990).contains(&sample.len()), "{}", sample.len());
    assert!(sample.is_sorted_by(|a, b| a.row < b.row));
}
