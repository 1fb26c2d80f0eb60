//! The candidates of a search: a pure function of what it declares.
//!
//! Of a grid they are every combination: values in the order they are written, key paths in bytewise
//! order, the last of them changing first. What is drawn comes of BLAKE3 over the domain `streamflow
//! candidate 1`, the key path, the declared seed, the candidate's number, counted from 0, and the
//! number of the attempt (the items of [`crate::hash`]); its first eight bytes, big-endian, are a
//! number u of 64 bits. Each value is drawn by itself, so that a key that is added leaves the values
//! of the others what they were. A candidate like an earlier one is drawn again.

use std::collections::BTreeMap;

use crate::definition::{Choice, Draw, Scale, Search, Value, ValuePath};
use crate::error::{Error, Result};
use crate::hash::ContentHasher;
use crate::math;

/// Values by key path.
pub type Values = BTreeMap<ValuePath, Value>;

/// Draws before a search is given up whose values hardly differ.
const MOST_ATTEMPTS: usize = 10_000;

/// The candidates, each with its values, none like another.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) when a range is so narrow that no new candidate is
/// drawn any more.
pub fn candidates(search: &Search) -> Result<Vec<Values>> {
    match search.draw {
        Some(draw) => drawn(search, draw),
        None => Ok(grid(search)),
    }
}

fn grid(search: &Search) -> Vec<Values> {
    let mut candidates = vec![Values::new()];
    for (path, choice) in &search.space {
        // Only lists have all their combinations tried.
        let Choice::Values(values) = choice else {
            continue;
        };
        let with_each = |candidate: &Values| {
            let with = |value: &Value| {
                let mut candidate = candidate.clone();
                candidate.insert(path.clone(), value.clone());
                candidate
            };
            values.iter().map(with).collect::<Vec<_>>()
        };
        candidates = candidates.iter().flat_map(with_each).collect();
    }
    candidates
}

fn drawn(search: &Search, draw: Draw) -> Result<Vec<Values>> {
    let mut candidates: Vec<Values> = Vec::new();
    for number in 0..draw.candidates {
        let attempt = |attempt: usize| {
            let value = |(path, choice): (&ValuePath, &Choice)| {
                (
                    path.clone(),
                    value(choice, bits(path, draw.seed, number, attempt)),
                )
            };
            search.space.iter().map(value).collect::<Values>()
        };
        let mut attempts = (0..MOST_ATTEMPTS).map(attempt);
        let new = attempts.find(|candidate| !candidates.contains(candidate));
        candidates.push(new.ok_or_else(|| {
            Error::usage(format!(
                "[search] finds no more than {number} candidates that differ"
            ))
            .help("lower `candidates`, or widen a range")
        })?);
    }
    Ok(candidates)
}

fn bits(path: &ValuePath, seed: i64, number: usize, attempt: usize) -> u64 {
    let mut hasher = ContentHasher::new("streamflow candidate 1");
    hasher.text(path.as_str());
    hasher.integer(seed);
    hasher.count(number);
    hasher.count(attempt);
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The value that 64 random bits stand for.
fn value(choice: &Choice, bits: u64) -> Value {
    match choice {
        Choice::Values(values) => {
            let at = (u128::from(bits) * values.len() as u128) >> 64;
            values[at as usize].clone()
        }
        Choice::Integers {
            from,
            to,
            scale: Scale::Linear,
        } => {
            let count = u128::from(to.abs_diff(*from)) + 1;
            let above = (u128::from(bits) * count) >> 64;
            Value::Integer(from.wrapping_add_unsigned(above as u64))
        }
        Choice::Integers {
            from,
            to,
            scale: Scale::Log,
        } => {
            let value = between_logs(*from as f64, *to as f64 + 1.0, unit(bits));
            Value::Integer((value.floor() as i64).clamp(*from, *to))
        }
        Choice::Floats { from, to, scale } => {
            let value = match scale {
                Scale::Linear => from + unit(bits) * (to - from),
                Scale::Log => between_logs(*from, *to, unit(bits)),
            };
            Value::Float(four_digits(value).clamp(*from, *to))
        }
    }
}

/// In [0, 1), with 53 bits.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn between_logs(from: f64, to: f64, unit: f64) -> f64 {
    let (low, high) = (math::ln(from), math::ln(to));
    math::exp(low + unit * (high - low))
}

/// Four significant digits: nobody reads more of a value that was drawn.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value) + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::SearchMethod;

    fn search(draw: Option<Draw>, space: &[(&str, Choice)]) -> Search {
        Search {
            method: SearchMethod::Random,
            metric: "cv_auc",
            draw,
            halving: None,
            space: space
                .iter()
                .map(|(path, choice)| (ValuePath::new(*path), choice.clone()))
                .collect(),
        }
    }

    fn integers(values: &[i64]) -> Choice {
        Choice::Values(values.iter().copied().map(Value::Integer).collect())
    }

    fn words(candidates: &[Values]) -> Vec<String> {
        let words = |values: &Values| {
            let words = values.values().map(ToString::to_string);
            words.collect::<Vec<_>>().join(" ")
        };
        candidates.iter().map(words).collect()
    }

    #[test]
    fn a_grid_is_every_combination_the_last_key_changing_first() {
        let space = [
            ("model.trees", integers(&[3, 1])),
            ("model.max_depth", integers(&[5, 6, 7])),
        ];
        let found = candidates(&search(None, &space)).unwrap();
        assert_eq!(words(&found), ["5 3", "5 1", "6 3", "6 1", "7 3", "7 1"]);
    }

    /// The vectors stand in docs/hashing.md. A change here gives every search other candidates.
    #[test]
    fn golden_candidates() {
        let (linear, log) = (Scale::Linear, Scale::Log);
        let floats = |scale| Choice::Floats {
            from: 0.001,
            to: 10.0,
            scale,
        };
        let counts = |scale| Choice::Integers {
            from: 2,
            to: 1000,
            scale,
        };
        let space = [
            ("model.a", integers(&[100, 200, 300])),
            ("model.b", counts(linear)),
            ("model.c", counts(log)),
            ("model.d", floats(linear)),
            ("model.e", floats(log)),
        ];
        let draw = Draw {
            candidates: 4,
            seed: 42,
        };
        let found = candidates(&search(Some(draw), &space)).unwrap();
        assert_eq!(
            words(&found),
            [
                "100 399 8 7.149 0.01913",
                "100 979 283 2.024 0.172",
                "100 821 12 1.375 0.1068",
                "200 972 24 3.23 0.3934",
            ]
        );
        // A key more, and one candidate more, leave the others what they were.
        let draw = Draw {
            candidates: 5,
            ..draw
        };
        let more = candidates(&search(Some(draw), &space[1..])).unwrap();
        for (found, more) in found.iter().zip(&more) {
            assert!(more.iter().all(|(path, value)| found[path] == *value));
        }
    }

    #[test]
    fn what_is_drawn_lies_in_its_range_and_is_spread_over_it() {
        let space = [
            (
                "model.b",
                Choice::Integers {
                    from: 1,
                    to: 1000,
                    scale: Scale::Log,
                },
            ),
            (
                "model.d",
                Choice::Floats {
                    from: -1.0,
                    to: 3.0,
                    scale: Scale::Linear,
                },
            ),
        ];
        let draw = Draw {
            candidates: 600,
            seed: 7,
        };
        let search = search(Some(draw), &space);
        let found = candidates(&search).unwrap();
        for (path, value) in found.iter().flatten() {
            assert!(search.allows(path, value), "{path} = {value}");
        }
        let count =
            |holds: &dyn Fn(&Values) -> bool| found.iter().filter(|each| holds(each)).count();
        let below = |bound: i64| {
            count(&|each| matches!(each["model.b"], Value::Integer(value) if value < bound))
        };
        // A third of the orders of magnitude each.
        assert!((160..240).contains(&below(10)), "{}", below(10));
        assert!((360..440).contains(&below(100)), "{}", below(100));
        let low = count(&|each| matches!(each["model.d"], Value::Float(value) if value < 0.0));
        assert!((120..180).contains(&low), "{low}");
    }

    #[test]
    fn no_candidate_comes_twice_and_all_there_are_can_be_drawn() {
        let space = [
            ("model.a", integers(&[1, 2, 3])),
            ("model.b", integers(&[1, 2, 3, 4])),
        ];
        let draw = Draw {
            candidates: 12,
            seed: 1,
        };
        let mut found = words(&candidates(&search(Some(draw), &space)).unwrap());
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 12);
        // Four digits of a range of less than one: there are not that many.
        let narrow = Choice::Floats {
            from: 1.0,
            to: 1.002,
            scale: Scale::Linear,
        };
        let error = candidates(&search(Some(draw), &[("model.l2", narrow)])).unwrap_err();
        assert_eq!(
            error.message(),
            "[search] finds no more than 3 candidates that differ"
        );
    }
}
