//! Shapley values: exact over all coalitions, or averaged over seeded permutations.

use std::collections::BTreeSet;

use crate::hash::ContentHasher;

/// So many causes are weighed exactly: 2⁵ = 32 hybrids.
const MOST_EXACT: usize = 5;
/// Beyond, so many permutations are averaged.
const PERMUTATIONS: usize = 24;

/// The players that go together, a bit each.
pub type Coalition = u128;

/// So many players have a bit.
pub const MOST_PLAYERS: usize = 127;

/// How the values of coalitions become shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    Exact { players: usize },
    Sampled { orders: Vec<Vec<usize>> },
}

/// What one player brings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerShare {
    pub delta: f64,
    /// The standard error of a sampled share.
    pub error: Option<f64>,
}

impl Method {
    pub fn of(players: usize) -> Self {
        if players <= MOST_EXACT {
            return Self::Exact { players };
        }
        let orders = (0..PERMUTATIONS).map(|draw| permutation(players, draw));
        Self::Sampled {
            orders: orders.collect(),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact { .. } => "exact",
            Self::Sampled { .. } => "sampled",
        }
    }

    pub fn permutations(&self) -> Option<usize> {
        match self {
            Self::Exact { .. } => None,
            Self::Sampled { orders } => Some(orders.len()),
        }
    }

    /// The coalitions whose values it needs.
    pub fn coalitions(&self) -> BTreeSet<Coalition> {
        match self {
            Self::Exact { players } => (0..1 << players).collect(),
            Self::Sampled { orders } => orders.iter().flat_map(|order| prefixes(order)).collect(),
        }
    }

    /// The share of each player; none when the value of a coalition is not known. They add up to the
    /// value of all less the value of none.
    pub fn shares(&self, value: &dyn Fn(Coalition) -> Option<f64>) -> Option<Vec<PlayerShare>> {
        match self {
            Self::Exact { players } => (0..*players)
                .map(|player| exact(*players, player, value))
                .map(|delta| delta.map(|delta| PlayerShare { delta, error: None }))
                .collect(),
            Self::Sampled { orders } => sampled(orders, value),
        }
    }
}

/// `Σ |S|! (n − |S| − 1)! / n! · (v(S ∪ i) − v(S))` over the coalitions S without i.
fn exact(players: usize, player: usize, value: &dyn Fn(Coalition) -> Option<f64>) -> Option<f64> {
    let bit = 1 << player;
    let mut share = 0.0;
    for coalition in (0..(1 as Coalition) << players).filter(|coalition| coalition & bit == 0) {
        let size = coalition.count_ones() as usize;
        let weight = factorial(size) * factorial(players - size - 1) / factorial(players);
        share += weight * (value(coalition | bit)? - value(coalition)?);
    }
    Some(share)
}

fn factorial(n: usize) -> f64 {
    (1..=n).map(|factor| factor as f64).product()
}

fn sampled(
    orders: &[Vec<usize>],
    value: &dyn Fn(Coalition) -> Option<f64>,
) -> Option<Vec<PlayerShare>> {
    let players = orders.first()?.len();
    let mut found = vec![Vec::with_capacity(orders.len()); players];
    for order in orders {
        for (at, player) in order.iter().enumerate() {
            let coalitions = prefixes(order);
            let step = value(coalitions[at + 1])? - value(coalitions[at])?;
            found[*player].push(step);
        }
    }
    Some(found.iter().map(|steps| mean_and_error(steps)).collect())
}

fn mean_and_error(steps: &[f64]) -> PlayerShare {
    let count = steps.len() as f64;
    let delta = steps.iter().sum::<f64>() / count;
    let squares: f64 = steps
        .iter()
        .map(|step| (step - delta) * (step - delta))
        .sum();
    PlayerShare {
        delta,
        error: Some((squares / (count - 1.0) / count).sqrt()),
    }
}

/// The coalitions that an order passes through: nobody, the first, the first two, …
fn prefixes(order: &[usize]) -> Vec<Coalition> {
    let mut coalition: Coalition = 0;
    let mut all = vec![0];
    for player in order {
        coalition |= 1 << player;
        all.push(coalition);
    }
    all
}

/// A permutation of 0…n−1: by BLAKE3 over the domain `streamflow permutation 1`, draw and number.
fn permutation(players: usize, draw: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..players).collect();
    order.sort_by_cached_key(|player| {
        let mut hasher = ContentHasher::new("streamflow permutation 1");
        hasher.count(draw);
        hasher.count(*player);
        hasher.finish()
    });
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(shares: &[PlayerShare]) -> f64 {
        shares.iter().map(|share| share.delta).sum()
    }

    /// The glove game: player 0 has a left glove, 1 and 2 a right one each; a pair is worth 1.
    #[test]
    fn the_glove_game() {
        let value = |coalition: Coalition| {
            let pair = coalition & 1 != 0 && coalition & 0b110 != 0;
            Some(f64::from(u8::from(pair)))
        };
        let shares = Method::of(3).shares(&value).unwrap();
        let expected = [2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0];
        for (share, expected) in shares.iter().zip(expected) {
            assert!((share.delta - expected).abs() < 1e-15, "{shares:?}");
        }
    }

    #[test]
    fn one_player_takes_all_and_nobody_takes_nothing() {
        let shares = Method::of(1).shares(&|c| Some(c as f64 * 0.25)).unwrap();
        assert_eq!(shares[0].delta, 0.25);
        assert!(Method::of(0).shares(&|_| Some(1.0)).unwrap().is_empty());
    }

    #[test]
    fn an_unknown_value_leaves_the_metric_out() {
        assert_eq!(Method::of(2).shares(&|c| (c != 1).then_some(0.0)), None);
    }

    /// More players than a machine word has bits: nobody is mistaken for another.
    #[test]
    fn many_players_are_told_apart() {
        let players = 100;
        let method = Method::of(players);
        let worth = |coalition: Coalition| {
            let own = (0..players).filter(|player| coalition & (1 << player) != 0);
            Some(own.map(|player| player as f64).sum::<f64>())
        };
        let shares = method.shares(&worth).unwrap();
        for (player, share) in shares.iter().enumerate() {
            assert!(
                (share.delta - player as f64).abs() < 1e-9,
                "{player}: {share:?}"
            );
        }
    }

    proptest! {
        /// Both methods: shares add up to the whole, and of a sum of parts each player gets its own.
        #[test]
        fn shares_add_up(parts in proptest::collection::vec(-1.0_f64..1.0, 1..9), twist in 0.0_f64..1.0) {
            let total = |coalition: Coalition, twist: f64| {
                let own: f64 = parts.iter().enumerate()
                    .filter(|(at, _)| coalition & (1 << at) != 0)
                    .map(|(_, part)| part)
                    .sum();
                own + twist * f64::from(coalition.count_ones() * coalition.count_ones())
            };
            let all = (1 << parts.len()) - 1;
            let method = Method::of(parts.len());
            let shares = method.shares(&|c| Some(total(c, twist))).unwrap();
            prop_assert!((sum(&shares) - (total(all, twist) - total(0, twist))).abs() < 1e-9);
            let shares = method.shares(&|c| Some(total(c, 0.0))).unwrap();
            for (share, part) in shares.iter().zip(&parts) {
                prop_assert!((share.delta - part).abs() < 1e-9);
                prop_assert!(share.error.is_none_or(|error| error < 1e-9));
            }
        }
    }
}
