//! What a training set shows of leakage, before anything is fitted. Pure: the same rows, the same
//! findings.
//!
//! Four things are looked for. Whether they stop a run is decided where the experiment is known;
//! here they are only seen.
//!
//! - A **function of the label**: over all rows, train and test, the feature has exactly two values,
//!   null counting as one, and each goes with one class. Among fewer than [`FEWEST_ROWS`] rows, or
//!   with less than [`FEWEST_OF_A_CLASS`] rows of a class, that can be an accident and is not said.
//! - A **strong feature**: alone it ranks all rows with an AUC above [`STRONG`]. A number ranks by its
//!   value, in whichever direction is better, its nulls together at whichever end is better. A
//!   category ranks by the share of true labels in it over all rows; nulls are a category, and
//!   categories of fewer than [`FEWEST_ROWS`] rows count as one, or an identifier would rank
//!   perfectly.
//! - **Duplicate rows**: test rows whose feature values are, one for one, those of a train row.
//! - **Entities on both sides** of the split.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::metric::auc;
use super::{FeatureColumn, FeatureValues, Side, SplitRow};

/// Raised when the same rows show other findings than before.
pub const LEAKAGE_VERSION: u32 = 1;

/// A feature that ranks the rows better than this, alone, is worth a look.
pub const STRONG: f64 = 0.99;

const FEWEST_ROWS: usize = 10;
const FEWEST_OF_A_CLASS: u64 = 2;

/// What was seen. Features stand in order of strength, then of name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Leakage {
    pub label_functions: Vec<LabelFunction>,
    pub strong_features: Vec<StrongFeature>,
    pub duplicate_rows: u64,
    pub entities_on_both_sides: u64,
}

/// A feature that says what the label says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelFunction {
    pub feature: String,
    /// Its value in every row whose label is true; none is null. Numbers as text.
    pub when_true: Option<String>,
    pub when_false: Option<String>,
    /// Rows whose label is true.
    pub positive: u64,
    pub negative: u64,
}

/// A feature that alone ranks the rows nearly without a mistake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrongFeature {
    pub feature: String,
    pub auc: f64,
}

/// Looks at a training set. `rows` and `sides` stand in the order of the features' values.
pub fn find_leakage(features: &[FeatureColumn], rows: &[SplitRow<'_>], sides: &[Side]) -> Leakage {
    let labels: Vec<bool> = rows.iter().map(|row| row.label).collect();
    // One feature a task: what is found in one does not depend on another.
    let found: Vec<_> = features
        .par_iter()
        .map(|feature| look_at(feature, &labels))
        .collect();
    let (functions, strong): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let mut strong_features: Vec<StrongFeature> = strong.into_iter().flatten().collect();
    strong_features.sort_by(|a, b| {
        let by_auc = b.auc.total_cmp(&a.auc);
        by_auc.then_with(|| a.feature.cmp(&b.feature))
    });
    Leakage {
        label_functions: functions.into_iter().flatten().collect(),
        strong_features,
        duplicate_rows: duplicate_rows(features, sides),
        entities_on_both_sides: entities_on_both_sides(rows, sides),
    }
}

fn look_at(
    feature: &FeatureColumn,
    labels: &[bool],
) -> (Option<LabelFunction>, Option<StrongFeature>) {
    let positive = labels.iter().filter(|label| **label).count() as u64;
    let negative = labels.len() as u64 - positive;
    if labels.len() < FEWEST_ROWS || positive.min(negative) < FEWEST_OF_A_CLASS {
        return (None, None);
    }
    let function = values_by_class(feature, labels).map(|[when_false, when_true]| LabelFunction {
        feature: feature.name.clone(),
        when_true,
        when_false,
        positive,
        negative,
    });
    let auc = match function {
        Some(_) => 1.0,
        None => single_auc(feature, labels),
    };
    let strong = (auc > STRONG).then(|| StrongFeature {
        feature: feature.name.clone(),
        auc,
    });
    (function, strong)
}

/// The value of the false rows and that of the true rows, if each class has one and they differ.
fn values_by_class(feature: &FeatureColumn, labels: &[bool]) -> Option<[Option<String>; 2]> {
    fn of<T: PartialEq>(values: &[Option<T>], labels: &[bool]) -> Option<[usize; 2]> {
        let first = |class: bool| labels.iter().position(|label| *label == class);
        let rows = [first(false)?, first(true)?];
        let goes =
            |(value, label): (&Option<T>, &bool)| *value == values[rows[usize::from(*label)]];
        let differ = values[rows[0]] != values[rows[1]];
        (differ && values.iter().zip(labels).all(goes)).then_some(rows)
    }
    match &feature.values {
        FeatureValues::Numeric(values) => {
            let rows = of(values, labels)?;
            Some(rows.map(|row| values[row].map(|value| value.to_string())))
        }
        FeatureValues::Categorical(values) => {
            let rows = of(values, labels)?;
            Some(rows.map(|row| values[row].clone()))
        }
    }
}

/// How well a feature ranks the rows alone: from 0.5 to 1.
fn single_auc(feature: &FeatureColumn, labels: &[bool]) -> f64 {
    let either_way = |scores: &[f64]| auc(labels, scores).map_or(0.5, |auc| auc.max(1.0 - auc));
    match &feature.values {
        FeatureValues::Numeric(values) => {
            let with_nulls_at = |end: f64| -> Vec<f64> {
                values.iter().map(|value| value.unwrap_or(end)).collect()
            };
            let high = either_way(&with_nulls_at(f64::INFINITY));
            if values.iter().all(Option::is_some) {
                return high;
            }
            high.max(either_way(&with_nulls_at(f64::NEG_INFINITY)))
        }
        FeatureValues::Categorical(values) => either_way(&category_rates(values, labels)),
    }
}

/// For each row the share of true labels in its category.
fn category_rates(values: &[Option<String>], labels: &[bool]) -> Vec<f64> {
    let mut counts: BTreeMap<&Option<String>, [usize; 2]> = BTreeMap::new();
    for (value, label) in values.iter().zip(labels) {
        counts.entry(value).or_default()[usize::from(*label)] += 1;
    }
    let is_rare = |[no, yes]: &[usize; 2]| no + yes < FEWEST_ROWS;
    let rare = counts.values().filter(|count| is_rare(count));
    let rare = rare.fold([0, 0], |sum, count| [sum[0] + count[0], sum[1] + count[1]]);
    let rate = |value| {
        let count = &counts[value];
        let [no, yes] = if is_rare(count) { rare } else { *count };
        yes as f64 / (no + yes) as f64
    };
    values.iter().map(rate).collect()
}

/// Test rows that have a twin among the train rows.
///
/// Rows are put into groups of equal values, one feature after the other: after the last, two rows
/// are in one group exactly when all their values are equal. Memory grows with the rows alone.
fn duplicate_rows(features: &[FeatureColumn], sides: &[Side]) -> u64 {
    let mut groups = vec![0_u32; sides.len()];
    for feature in features {
        let count = match &feature.values {
            FeatureValues::Numeric(values) => {
                let bits = values.iter().map(|value| value.map(f64::to_bits));
                refine(&mut groups, bits)
            }
            FeatureValues::Categorical(values) => {
                refine(&mut groups, values.iter().map(Option::as_deref))
            }
        };
        if count == sides.len() {
            return 0;
        }
    }
    let of = |side| {
        let rows = sides.iter().zip(&groups);
        rows.filter(move |(found, _)| **found == side)
            .map(|(_, group)| *group)
    };
    let train: BTreeSet<u32> = of(Side::Train).collect();
    of(Side::Test).filter(|group| train.contains(group)).count() as u64
}

/// Divides groups by one more value; gives their number. They are numbered as they are met.
fn refine<T: std::hash::Hash + Eq>(groups: &mut [u32], values: impl Iterator<Item = T>) -> usize {
    let mut numbers: HashMap<(u32, T), u32> = HashMap::new();
    for (group, value) in groups.iter_mut().zip(values) {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *group = *numbers.entry((*group, value)).or_insert(next);
    }
    numbers.len()
}

fn entities_on_both_sides(rows: &[SplitRow<'_>], sides: &[Side]) -> u64 {
    let of = |side| {
        let rows = rows.iter().zip(sides);
        rows.filter(move |(_, found)| **found == side)
            .map(|(row, _)| row.key)
    };
    let train: BTreeSet<&str> = of(Side::Train).collect();
    let both: BTreeSet<&str> = of(Side::Test).filter(|key| train.contains(key)).collect();
    both.len() as u64
}

#[cfg(test)]
mod tests;
