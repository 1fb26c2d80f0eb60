//! The train rows in parts, for cross-validation.
//!
//! Whatever the method, an entity's rows are scored by a model that has learnt from none of them, but for `time`,
//! which learns from the past of all. All methods are functions of the rows as a set.
//!
//! *Grouped*: an entity's fold is `floor(k × fraction)`, its fraction in [0, 1) the top 53 bits of the first
//! eight bytes, big-endian, of BLAKE3 over the domain `streamflow folds 1`, the seed as an integer and the key as
//! text (the items of [`crate::hash`]), divided by 2⁵³. It does not change when other entities come or go.
//!
//! *Stratified*: entities stand class by class (of the entity's newest row), in each by the same hash, and are
//! dealt out one to each fold in turn, so that folds differ by one entity at most, in all and of each class.
//!
//! *Time*: the dates, oldest first, in k + 1 runs of as equal a number of dates as can be, longer ones last. The
//! first is learnt from alone; each of the others is a fold, scored by a model of all before it (as
//! scikit-learn's `TimeSeriesSplit`, on whole dates).

use std::collections::{BTreeMap, BTreeSet};

use super::SplitRow;
use crate::definition::{CrossValidation, FoldMethod};
use crate::error::{Error, Kind, Result};
use crate::hash::ContentHasher;

/// Raised when the same rows and parameters give other folds than before.
pub const FOLDS_VERSION: u32 = 1;

/// One part: rows that are scored, and those that their model learns from. Both ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    pub train: Vec<usize>,
    pub held_out: Vec<usize>,
}

/// Divides the train rows.
///
/// # Errors
/// [`Kind::DataRefused`] where a fold would have no rows, or too few dates are there.
pub fn folds(rows: &[SplitRow<'_>], rule: CrossValidation) -> Result<Vec<Fold>> {
    let k = rule.folds as usize;
    let held_out = match rule.method {
        FoldMethod::Grouped => grouped(rows, rule),
        FoldMethod::Stratified => stratified(rows, rule),
        FoldMethod::Time => return by_time(rows, k),
    };
    let of = |fold: usize| {
        let (held_out, train): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|row| held_out[*row] == fold);
        Fold { train, held_out }
    };
    let folds: Vec<Fold> = (0..k).map(of).collect();
    match folds.iter().position(|fold| fold.held_out.is_empty()) {
        None => Ok(folds),
        Some(empty) => Err(few_entities(rows, rule, empty)),
    }
}

fn few_entities(rows: &[SplitRow<'_>], rule: CrossValidation, empty: usize) -> Error {
    let entities: BTreeSet<&str> = rows.iter().map(|row| row.key).collect();
    let (k, entities) = (rule.folds, entities.len());
    let message = format!(
        "fold {} of {k} has no rows of {entities} train entities",
        empty + 1
    );
    let error = Error::new(Kind::DataRefused, message);
    match rule.method {
        FoldMethod::Grouped if entities >= k as usize => error.help(
            "`method = \"stratified\"` under [cross_validation] deals entities out evenly; or take fewer `folds`",
        ),
        _ => error.help("take fewer `folds` under [cross_validation], or bring more rows"),
    }
}

/// The fold of each row.
fn grouped(rows: &[SplitRow<'_>], rule: CrossValidation) -> Vec<usize> {
    let fold = |row: &SplitRow<'_>| {
        let [a, b, c, d, e, f, g, h, ..] = hash_of(rule.seed, row.key);
        let top = u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 11;
        // floor(k × top / 2⁵³), in whole numbers.
        ((u128::from(top) * u128::from(rule.folds)) >> 53) as usize
    };
    rows.iter().map(fold).collect()
}

fn stratified(rows: &[SplitRow<'_>], rule: CrossValidation) -> Vec<usize> {
    let mut newest: BTreeMap<&str, (i32, Option<&str>)> = BTreeMap::new();
    for row in rows {
        let of_row = (row.as_of, row.class);
        newest
            .entry(row.key)
            .and_modify(|known| *known = (*known).max(of_row))
            .or_insert(of_row);
    }
    let ranked = newest.into_iter().map(|(key, (_, class))| {
        let rank = hash_of(rule.seed, key);
        (class, rank, key)
    });
    let ranked: BTreeSet<_> = ranked.collect();
    let fold_of: BTreeMap<&str, usize> = ranked
        .into_iter()
        .enumerate()
        .map(|(place, (_, _, key))| (key, place % rule.folds as usize))
        .collect();
    rows.iter().map(|row| fold_of[row.key]).collect()
}

fn hash_of(seed: i64, key: &str) -> [u8; 32] {
    let mut hasher = ContentHasher::new("streamflow folds 1");
    hasher.integer(seed);
    hasher.text(key);
    hasher.finish()
}

fn by_time(rows: &[SplitRow<'_>], k: usize) -> Result<Vec<Fold>> {
    let dates: BTreeSet<i32> = rows.iter().map(|row| row.as_of).collect();
    let dates: Vec<i32> = dates.into_iter().collect();
    if dates.len() <= k {
        let message = format!(
            "{k} folds by time need {} dates of train rows: there are {}",
            k + 1,
            dates.len()
        );
        return Err(Error::new(Kind::DataRefused, message).help(
            "take fewer `folds` under [cross_validation], or list more dates under `as_of`",
        ));
    }
    // The first date of each part.
    let start = |part: usize| dates.get(part * dates.len() / (k + 1)).copied();
    let rows_where = |wanted: &dyn Fn(i32) -> bool| {
        let rows = rows.iter().enumerate();
        rows.filter(|(_, row)| wanted(row.as_of))
            .map(|(row, _)| row)
            .collect()
    };
    let fold = |part: usize| {
        let first = start(part).expect("there are more dates than folds");
        let before_end = |date: i32| start(part + 1).is_none_or(|end| date < end);
        Fold {
            train: rows_where(&|date| date < first),
            held_out: rows_where(&|date| date >= first && before_end(date)),
        }
    };
    Ok((1..=k).map(fold).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::ObjectId;

    const RULE: CrossValidation = CrossValidation {
        method: FoldMethod::Grouped,
        folds: 5,
        seed: 42,
    };

    fn rule(method: FoldMethod) -> CrossValidation {
        CrossValidation { method, ..RULE }
    }

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("user-{index:04}")).collect()
    }

    /// Two rows an entity, over eight dates; a fifth of the entities is positive.
    fn rows(keys: &[String]) -> Vec<SplitRow<'_>> {
        let row = |index: usize, later: i32| SplitRow {
            key: &keys[index],
            as_of: 19_753 + (index % 4) as i32 + later,
            class: Some(if index.is_multiple_of(5) {
                "positive"
            } else {
                "negative"
            }),
        };
        (0..keys.len())
            .flat_map(|index| [0, 4].map(|later| row(index, later)))
            .collect()
    }

    fn fold_of(rows: &[SplitRow<'_>], rule: CrossValidation) -> Vec<Option<usize>> {
        let mut of = vec![None; rows.len()];
        for (number, fold) in folds(rows, rule).unwrap().iter().enumerate() {
            for row in &fold.held_out {
                assert_eq!(of[*row].replace(number), None, "a row is in one fold");
            }
        }
        of
    }

    #[test]
    fn an_entity_is_in_one_fold_and_no_model_has_seen_it() {
        let keys = keys(403);
        let rows = rows(&keys);
        for method in [FoldMethod::Grouped, FoldMethod::Stratified] {
            for fold in folds(&rows, rule(method)).unwrap() {
                assert_eq!(fold.train.len() + fold.held_out.len(), rows.len());
                let seen: BTreeSet<&str> = fold.train.iter().map(|row| rows[*row].key).collect();
                assert!(
                    fold.held_out
                        .iter()
                        .all(|row| !seen.contains(rows[*row].key))
                );
            }
        }
    }

    #[test]
    fn row_order_does_not_matter_and_other_entities_move_no_grouped_one() {
        let keys = keys(403);
        let rows = rows(&keys);
        let mut reversed = rows.clone();
        reversed.reverse();
        for method in [
            FoldMethod::Grouped,
            FoldMethod::Stratified,
            FoldMethod::Time,
        ] {
            let mut back = fold_of(&reversed, rule(method));
            back.reverse();
            assert_eq!(fold_of(&rows, rule(method)), back);
        }
        let all = fold_of(&rows, RULE);
        let some: Vec<SplitRow<'_>> = rows.iter().step_by(3).copied().collect();
        let of_some = fold_of(&some, RULE);
        assert!(all.iter().step_by(3).eq(of_some.iter()));
    }

    #[test]
    fn stratified_folds_differ_by_one_entity_at_most() {
        let keys = keys(403);
        let rows = rows(&keys);
        for class in ["positive", "negative"] {
            let counts: Vec<usize> = folds(&rows, rule(FoldMethod::Stratified))
                .unwrap()
                .iter()
                .map(|fold| {
                    let of_class = |row: &&usize| rows[**row].class == Some(class);
                    fold.held_out.iter().filter(of_class).count() / 2
                })
                .collect();
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(most - least <= 1, "{class}: {counts:?}");
        }
    }

    #[test]
    fn time_learns_from_the_past_alone() {
        let keys = keys(40);
        let rows = rows(&keys);
        let three = CrossValidation {
            folds: 3,
            ..rule(FoldMethod::Time)
        };
        let folds = folds(&rows, three).unwrap();
        assert_eq!(folds.len(), 3);
        for (number, fold) in folds.iter().enumerate() {
            let last = fold.train.iter().map(|row| rows[*row].as_of).max().unwrap();
            let first = fold
                .held_out
                .iter()
                .map(|row| rows[*row].as_of)
                .min()
                .unwrap();
            assert!(last < first);
            // Eight dates in four parts of two.
            assert_eq!(first, 19_753 + 2 * (number as i32 + 1));
        }
    }

    #[test]
    fn what_cannot_be_divided_is_refused() {
        let keys = keys(4);
        let rows = rows(&keys);
        let refused = |method| {
            let error = folds(&rows, rule(method)).unwrap_err();
            assert_eq!(error.kind(), Kind::DataRefused);
            error.message().to_string()
        };
        assert_eq!(
            refused(FoldMethod::Stratified),
            "fold 5 of 5 has no rows of 4 train entities"
        );
        assert!(refused(FoldMethod::Grouped).contains("has no rows of 4 train entities"));
        let one_date: Vec<SplitRow<'_>> = rows
            .iter()
            .map(|row| SplitRow { as_of: 0, ..*row })
            .collect();
        let error = folds(&one_date, rule(FoldMethod::Time)).unwrap_err();
        assert_eq!(
            error.message(),
            "5 folds by time need 6 dates of train rows: there are 1"
        );
    }

    /// The vector stands in docs/hashing.md.
    #[test]
    fn the_fold_of_a_key_is_what_the_documentation_says() {
        let fold = |key: &'static str| {
            let row = SplitRow {
                key,
                as_of: 0,
                class: None,
            };
            grouped(&[row], RULE)[0] + 1
        };
        assert_eq!(["U001", "U002", "U003", "7", ""].map(fold), [1, 1, 5, 1, 2]);
    }

    /// A change here is a new FOLDS_VERSION.
    #[test]
    fn golden_vectors() {
        let keys = keys(403);
        let rows = rows(&keys);
        let golden = |method| {
            let of = fold_of(&rows, rule(method));
            let bytes: Vec<u8> = of
                .iter()
                .map(|fold| fold.map_or(255, |fold| fold as u8))
                .collect();
            ObjectId::of_bytes(&bytes).to_string()[..16].to_string()
        };
        let methods = [
            FoldMethod::Grouped,
            FoldMethod::Stratified,
            FoldMethod::Time,
        ];
        assert_eq!(
            methods.map(golden),
            ["28ee326e633fe229", "fb5b9158c577a7c2", "c5544d44fde317c8"]
        );
    }
}
