//! Which rows a model learns from, and which rows judge it.
//!
//! All three methods are functions of the rows as a set: the order they come in does not matter.
//!
//! *Hash* decides for each entity alone: it is a test entity when its fraction is below `test`. The
//! fraction is the top 53 bits of the first eight bytes, big-endian, of BLAKE3 over the domain
//! `streamflow split 1`, the seed as an integer and the key as text (the items of
//! [`crate::hash`]), divided by 2⁵³. So an entity never changes side when other rows come or go,
//! and never stands on both sides.
//!
//! *Shuffle* ranks rows by BLAKE3 over the domain `streamflow shuffle 1`, seed, key and date, and
//! takes the first `round(test × n)` of them (halves away from zero); stratified, of each class.
//!
//! *Time* takes the newest whole dates that together hold at least `test` of the rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::definition::{Split, SplitMethod};
use crate::error::{Error, Kind, Result};
use crate::hash::ContentHasher;

/// Raised when the same rows and parameters split otherwise than before.
pub const SPLIT_VERSION: u32 = 1;

/// Where a row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Train,
    Test,
}

/// What a split may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitRow<'a> {
    /// The entity key as text; an i64 key in decimal.
    pub key: &'a str,
    /// The row's date in days since 1970-01-01.
    pub as_of: i32,
    /// The class of its label, `negative` and `positive` where there are two without names; none
    /// where the label is a number.
    pub class: Option<&'a str>,
}

/// Assigns every row a side.
///
/// Refuses a side without rows, and train rows of one class only: no model can be judged, or learn,
/// from those. A test side of one class passes; [`super::evaluate`] then leaves out what it cannot say.
pub fn split(rows: &[SplitRow<'_>], rule: &Split) -> Result<Vec<Side>> {
    check_share(rule.test)?;
    check_classes(rows.iter(), "the training set")?;
    let test_rows = match rule.method {
        SplitMethod::Hash => by_hash(rows, rule),
        SplitMethod::Shuffle => by_shuffle(rows, rule),
        SplitMethod::Time => by_time(rows, rule.test),
    };
    let mut sides = vec![Side::Train; rows.len()];
    for row in test_rows {
        sides[row] = Side::Test;
    }
    check_sides(rows, &sides, rule.method)?;
    Ok(sides)
}

fn by_hash(rows: &[SplitRow<'_>], rule: &Split) -> Vec<usize> {
    (0..rows.len())
        .filter(|&row| fraction(rule.seed, rows[row].key) < rule.test)
        .collect()
}

/// Where in [0, 1) an entity falls.
fn fraction(seed: i64, key: &str) -> f64 {
    let mut hasher = ContentHasher::new("streamflow split 1");
    hasher.integer(seed);
    hasher.text(key);
    hasher.fraction()
}

fn by_shuffle(rows: &[SplitRow<'_>], rule: &Split) -> Vec<usize> {
    let mut ranked: Vec<usize> = (0..rows.len()).collect();
    ranked.sort_by_cached_key(|&row| {
        let SplitRow { key, as_of, .. } = rows[row];
        (rank(rule.seed, key, as_of), key, as_of)
    });
    if !rule.stratify {
        return first_share(ranked, rule.test);
    }
    let mut by_class: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for row in ranked {
        by_class.entry(rows[row].class).or_default().push(row);
    }
    let of_class = by_class.into_values();
    of_class
        .flat_map(|ranked| first_share(ranked, rule.test))
        .collect()
}

fn rank(seed: i64, key: &str, as_of: i32) -> [u8; 32] {
    let mut hasher = ContentHasher::new("streamflow shuffle 1");
    hasher.integer(seed);
    hasher.text(key);
    hasher.integer(i64::from(as_of));
    hasher.finish()
}

fn first_share(mut ranked: Vec<usize>, share: f64) -> Vec<usize> {
    let count = (share * ranked.len() as f64).round();
    ranked.truncate(count as usize);
    ranked
}

fn by_time(rows: &[SplitRow<'_>], share: f64) -> Vec<usize> {
    let mut by_date: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        by_date.entry(row.as_of).or_default().push(index);
    }
    let wanted = share * rows.len() as f64;
    let mut test_rows = Vec::new();
    for (_, mut newest) in by_date.into_iter().rev() {
        test_rows.append(&mut newest);
        if test_rows.len() as f64 >= wanted {
            break;
        }
    }
    test_rows
}

fn check_share(test: f64) -> Result<()> {
    if test > 0.0 && test < 1.0 {
        return Ok(());
    }
    Err(Error::new(
        Kind::Definition,
        format!("split.test is {test}, which is not between 0 and 1"),
    )
    .help("`test = 0.25` under [split] judges the model on a quarter of the rows"))
}

fn check_classes<'a, 'b: 'a>(
    rows: impl Iterator<Item = &'a SplitRow<'b>>,
    place: &str,
) -> Result<()> {
    let mut total = 0_usize;
    let mut classes: BTreeSet<Option<&str>> = BTreeSet::new();
    for row in rows {
        total += 1;
        classes.insert(row.class);
    }
    let message = match (total, classes.len(), classes.first()) {
        (0, _, _) => format!("{place} has no rows with a label"),
        // A number needs no second one.
        (_, 1, Some(Some(class))) => {
            format!("{place} has one label class: all {total} rows are {class}")
        }
        _ => return Ok(()),
    };
    Err(Error::new(Kind::DataRefused, message).help(
        "see that the label column holds both classes on that date, and that `positive` under \
         [label] names one of its values",
    ))
}

fn check_sides(rows: &[SplitRow<'_>], sides: &[Side], method: SplitMethod) -> Result<()> {
    let test = sides.iter().filter(|side| **side == Side::Test).count();
    let empty = match (test, sides.len() - test) {
        (0, _) => "test",
        (_, 0) => "train",
        _ => {
            let train = rows
                .iter()
                .zip(sides)
                .filter(|(_, side)| **side == Side::Train);
            return check_classes(train.map(|(row, _)| row), "the train side of the split");
        }
    };
    let error = Error::new(
        Kind::DataRefused,
        format!("the split leaves no {empty} rows of {}", rows.len()),
    );
    Err(match method {
        SplitMethod::Time => error
            .detail("`time` sends whole dates to the test side, newest first")
            .help("list more dates under `as_of`, or set `method = \"hash\"` under [split]"),
        _ => error.help("change `test` or `seed` under [split], or bring more rows"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::ObjectId;

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("user-{index:04}")).collect()
    }

    fn class(label: bool) -> &'static str {
        if label { "positive" } else { "negative" }
    }

    fn rows(keys: &[String]) -> Vec<SplitRow<'_>> {
        keys.iter()
            .enumerate()
            .map(|(index, key)| SplitRow {
                key,
                as_of: 19_753 + (index % 4) as i32,
                class: Some(class(index % 5 == 0)),
            })
            .collect()
    }

    const HASH: Split = Split {
        method: SplitMethod::Hash,
        test: 0.25,
        seed: 42,
        stratify: false,
    };
    const SHUFFLE: Split = Split {
        method: SplitMethod::Shuffle,
        ..HASH
    };
    const STRATIFIED: Split = Split {
        stratify: true,
        ..SHUFFLE
    };
    const TIME: Split = Split {
        method: SplitMethod::Time,
        ..HASH
    };

    fn test_keys<'a>(rows: &[SplitRow<'a>], rule: &Split) -> Vec<&'a str> {
        let sides = split(rows, rule).unwrap();
        let mut keys: Vec<_> = rows
            .iter()
            .zip(sides)
            .filter(|(_, side)| *side == Side::Test)
            .map(|(row, _)| row.key)
            .collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn row_order_does_not_matter() {
        let keys = keys(403);
        let rows = rows(&keys);
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        for rule in [HASH, SHUFFLE, STRATIFIED, TIME] {
            assert_eq!(test_keys(&rows, &rule), test_keys(&reversed, &rule));
        }
    }

    #[test]
    fn an_entity_keeps_its_side_when_others_go() {
        let keys = keys(400);
        let all = rows(&keys);
        let some: Vec<_> = all.iter().step_by(3).copied().collect();
        let of_all = test_keys(&all, &HASH);
        let of_some = test_keys(&some, &HASH);
        assert!(of_some.iter().all(|key| of_all.contains(key)));
        assert!(
            of_some.len() > 20 && of_some.len() < 50,
            "{}",
            of_some.len()
        );
    }

    #[test]
    fn shuffle_takes_the_rounded_share_of_the_rows_or_of_each_class() {
        let keys = keys(403);
        let rows = rows(&keys);
        assert_eq!(test_keys(&rows, &SHUFFLE).len(), 101);
        // 81 positive rows give 20, 322 negative rows give 81 (80.5 rounds away from zero).
        assert_eq!(test_keys(&rows, &STRATIFIED).len(), 20 + 81);
        assert_ne!(test_keys(&rows, &SHUFFLE), test_keys(&rows, &STRATIFIED));
    }

    #[test]
    fn time_takes_whole_dates_from_the_newest() {
        let keys = keys(403);
        let rows = rows(&keys);
        let sides = split(&rows, &TIME).unwrap();
        // The newest date holds 100 rows of 403, less than a quarter: two dates go.
        for (row, side) in rows.iter().zip(sides) {
            assert_eq!(side == Side::Test, row.as_of >= 19_755);
        }
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        let keys = keys(40);
        let mut one_date = rows(&keys);
        for row in &mut one_date {
            row.as_of = 0;
        }
        let error = split(&one_date, &TIME).unwrap_err();
        assert_eq!(error.kind(), Kind::DataRefused);
        assert_eq!(error.message(), "the split leaves no train rows of 40");

        let mut one_class = rows(&keys);
        for row in &mut one_class {
            row.class = Some(class(false));
        }
        let error = split(&one_class, &HASH).unwrap_err();
        assert_eq!(error.kind(), Kind::DataRefused);
        assert!(error.message().contains("one label class"), "{error}");

        let error = split(&[], &HASH).unwrap_err();
        assert_eq!(error.kind(), Kind::DataRefused);

        let nonsense = Split {
            test: f64::NAN,
            ..HASH
        };
        let error = split(&rows(&keys), &nonsense).unwrap_err();
        assert_eq!(error.kind(), Kind::Definition);
    }

    #[test]
    fn one_class_on_the_train_side_is_refused_and_on_the_test_side_is_not() {
        let keys = keys(40);
        let mut rows = rows(&keys);
        for row in &mut rows {
            row.class = Some(class(row.as_of == 19_756));
        }
        let error = split(&rows, &TIME).unwrap_err();
        assert!(error.message().contains("train side"), "{error}");
        for row in &mut rows {
            row.class = Some(class(row.as_of == 19_753));
        }
        assert!(split(&rows, &TIME).is_ok());
    }

    /// Spells out the bytes of the law by hand.
    #[test]
    fn the_fraction_is_what_the_documentation_says() {
        let text = |value: &str| {
            let mut bytes = (value.len() as u64).to_le_bytes().to_vec();
            bytes.extend(value.as_bytes());
            bytes
        };
        let mut bytes = text("streamflow split 1");
        bytes.extend(42_i64.to_le_bytes());
        bytes.extend(text("7590-VHVEG"));
        let id = ObjectId::of_bytes(&bytes);
        let hash = crate::hash::Digest::as_bytes(&id);
        let first = u64::from_be_bytes(hash[..8].try_into().unwrap());
        let expected = (first >> 11) as f64 / 9_007_199_254_740_992.0;
        assert_eq!(fraction(42, "7590-VHVEG"), expected);
    }

    /// A change here is a new SPLIT_VERSION.
    #[test]
    fn golden_vectors() {
        let keys = keys(403);
        let rows = rows(&keys);
        let golden = |rule| {
            let sides = split(&rows, &rule).unwrap();
            let bytes: Vec<u8> = sides.iter().map(|side| *side as u8).collect();
            ObjectId::of_bytes(&bytes).to_string()
        };
        let rules = [HASH, SHUFFLE, STRATIFIED, TIME];
        assert_eq!(
            rules.map(golden),
            [
                "d2466de4a9e28e211bcff05ec999b6f8f7684bb0fc8faa25dff434c3c4dc5d83",
                "435de2b4f52fd41539aaf248f4b0b44bf78aff8d64f62648a273741630c08fd9",
                "b60c4d2305af55f8961c2150663015b57951754708fb5e60b5c032573b947b2c",
                "bfa6c57c1314f417a8871add78dc020d5a91eb1b9c70cfd37809ec4b33761019"
            ]
        );
    }
}
