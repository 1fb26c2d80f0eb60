//! Two classes, every row counting the same: both counts of rows stand in one word.

use super::criterion::Criterion;
use super::ranks::Rank;
use super::split::{Offer, Search, Terms};
use super::tally::{Drawn, Tally};

/// Grows trees by Gini impurity; a leaf says the share of true labels.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a>(pub &'a [bool]);

impl Criterion for Labels<'_> {
    type Drawn = Drawn;
    type Tally = Tally;
    type Search = Search;

    fn rows(&self) -> usize {
        self.0.len()
    }

    fn drawn(&self, row: u32, times: u32) -> Drawn {
        Drawn::new(row, times, self.0[row as usize])
    }

    fn nothing(&self) -> Tally {
        Tally::default()
    }

    fn add(&self, tally: &mut Tally, drawn: Drawn) {
        *tally += drawn.tally();
    }

    fn without(&self, total: &Tally, part: &Tally) -> Tally {
        *total - *part
    }

    fn count(tally: &Tally) -> u32 {
        tally.rows()
    }

    fn is_pure(&self, _: &[Drawn], tally: &Tally) -> bool {
        tally.is_pure()
    }

    fn score(&self, below: &Tally, total: &Tally) -> f64 {
        below.purity() + (*total - *below).purity()
    }

    fn undivided(&self, total: &Tally) -> f64 {
        total.purity()
    }

    fn search<R: Rank>(
        &self,
        search: &mut Search,
        ranks: &[R],
        rows: &[Drawn],
        terms: &Terms<'_, Tally>,
    ) -> Offer<Tally> {
        search.best(ranks, rows, terms)
    }

    fn answer(&self, _: &[Drawn], tally: &Tally, answer: &mut Vec<f64>) {
        answer.push(tally.share());
    }

    fn cover(&self, _: &[Drawn], tally: &Tally) -> f64 {
        tally.rows().into()
    }
}
