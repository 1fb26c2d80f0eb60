use proptest::prelude::*;

use super::*;

/// Every place between two ranks, each counted anew.
fn slow(ranks: &[u32], rows: &[Drawn], terms: &Terms<'_, Tally>) -> Option<Split<Tally>> {
    let rank = |drawn: &Drawn| ranks[drawn.row as usize];
    let mut distinct: Vec<u32> = rows.iter().map(rank).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut best: Option<Split<Tally>> = None;
    for &cut in &distinct[..distinct.len() - 1] {
        let (mut below, mut above) = ((0_u32, 0_u32), (0_u32, 0_u32));
        for drawn in rows {
            let side = if rank(drawn) <= cut {
                &mut below
            } else {
                &mut above
            };
            side.0 += drawn.packed() >> 1;
            side.1 += (drawn.packed() >> 1) * (drawn.packed() & 1);
        }
        if below.0 < terms.least || above.0 < terms.least {
            continue;
        }
        let purity = |(rows, positive): (u32, u32)| {
            f64::from(positive) * f64::from(positive) / f64::from(rows)
        };
        let score = purity(below) + purity(above);
        if best.is_none_or(|best| score > best.score) {
            let below = Tally::new(below.0, below.1);
            best = Some(Split {
                score,
                rank: cut,
                below,
            });
        }
    }
    best.filter(|best| best.score >= terms.floor)
}

/// The rows that go below are what counts: of the ranks between two rows' any will do.
fn agree(ranks: &[u32], rows: &[Drawn], terms: &Terms<'_, Tally>, search: &mut Search) {
    let distinct = rows.iter().map(|drawn| ranks[drawn.row as usize]);
    let is_constant = distinct.clone().min() == distinct.max();
    match search.best(ranks, rows, terms) {
        Offer::Constant => assert!(is_constant),
        Offer::Nothing => assert!(!is_constant && slow(ranks, rows, terms).is_none()),
        Offer::Split(found) => {
            let expected = slow(ranks, rows, terms).expect("there is a split");
            assert_eq!((found.score, found.below), (expected.score, expected.below));
            let below = rows
                .iter()
                .filter(|drawn| ranks[drawn.row as usize] <= found.rank);
            let below = below.fold(Tally::default(), |sum, drawn| sum + drawn.tally());
            assert_eq!(below, found.below);
        }
    }
}

fn total(rows: &[Drawn]) -> Tally {
    rows.iter()
        .fold(Tally::default(), |sum, drawn| sum + drawn.tally())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Few and many rows, few and many ranks, labels that follow the ranks and labels that do not:
    /// whichever way the search goes, it finds what trying everything finds.
    #[test]
    fn nothing_is_missed(
        drawn in proptest::collection::vec((any::<u32>(), 1..4_u32, any::<bool>()), 2..400),
        ranks in prop_oneof![Just(2_u32), Just(5), Just(60), Just(1000), Just(1 << 30)],
        follows in 0..4_u32,
        least in 1..20_u32,
        floor in 0.0..1.2_f64,
    ) {
        let numbers: Vec<u32> = drawn.iter().map(|(rank, ..)| rank % ranks).collect();
        let rows: Vec<Drawn> = (0..)
            .zip(&drawn)
            .map(|(row, (rank, times, label))| {
                let follows = row % 4 < follows;
                Drawn::new(row, *times, if follows { rank % ranks > ranks / 3 } else { *label })
            })
            .collect();
        let total = total(&rows);
        let mut search = Search::default();
        let mut terms = Terms { total: &total, least, floor: 0.0 };
        agree(&numbers, &rows, &terms, &mut search);
        // Around the best score is where a bound could go wrong.
        if let Some(best) = slow(&numbers, &rows, &terms) {
            for floor in [best.score, best.score * floor] {
                terms.floor = floor;
                agree(&numbers, &rows, &terms, &mut search);
            }
        }
    }
}

#[test]
fn a_bound_is_reached_where_the_better_rows_come_first() {
    // 4096 rows of as many ranks, spread wide; the best split lies inside a range, not at its end.
    let ranks: Vec<u32> = (0..4096).map(|row| row * 100_000).collect();
    for best in [1, 2, 7, 1000, 2047, 2048, 2049, 4090] {
        let rows: Vec<Drawn> = (0..4096)
            .map(|row| Drawn::new(row, 1, row >= best))
            .collect();
        let terms = Terms {
            total: &total(&rows),
            least: 1,
            floor: 0.0,
        };
        let Offer::Split(split) = Search::default().best(&ranks, &rows, &terms) else {
            panic!("no split at {best}");
        };
        assert_eq!(split.below, Tally::new(best, 0));
    }
}

#[test]
fn of_equal_splits_the_lowest_is_taken() {
    // Mirrored labels: every split has a twin.
    for count in [4_u32, 40, 400] {
        let ranks: Vec<u32> = (0..count).map(|row| row * 1000).collect();
        let label = |row: u32| row % 4 == 1 || row % 4 == 2;
        let rows: Vec<Drawn> = (0..count)
            .map(|row| Drawn::new(row, 1, label(row)))
            .collect();
        let terms = Terms {
            total: &total(&rows),
            least: 1,
            floor: 0.0,
        };
        agree(&ranks, &rows, &terms, &mut Search::default());
    }
}
