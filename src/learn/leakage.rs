//! What a training set shows of leakage, before anything is fitted. Pure: the same rows, the same
//! findings.
//!
//! Four things are looked for. Whether they stop a run is decided where the experiment is known;
//! here they are only seen.
//!
//! - A **function of the label**: over all rows, train and test, the feature has exactly one value for
//!   each class, null counting as one, and no two classes share it; or, where the label is a number, it
//!   strictly rises or falls with it, equal where the label is. Among fewer than [`FEWEST_ROWS`] rows, or
//!   with less than [`FEWEST_OF_A_CLASS`] rows of a class, that can be an accident and is not said.
//! - A **strong feature**: alone it ranks all rows with an AUC above [`STRONG`]: those of one class
//!   before all others, or those whose number is above the median before the rest. A number ranks by its
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
use super::{FeatureColumn, FeatureValues, Side, SplitRow, Target};

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
    #[serde(flatten)]
    pub form: FunctionForm,
}

/// How a feature goes with the label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FunctionForm {
    /// One value for each of two classes.
    TwoValues {
        /// Its value in every row whose label is true; none is null. Numbers as text.
        when_true: Option<String>,
        when_false: Option<String>,
        /// Rows whose label is true.
        positive: u64,
        negative: u64,
    },
    /// One value for each of so many classes.
    Values { classes: u64 },
    /// It strictly rises with the number that is the label, or strictly falls.
    Monotone { rises: bool },
}

/// A feature that alone ranks the rows nearly without a mistake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrongFeature {
    pub feature: String,
    pub auc: f64,
}

/// Looks at a training set. `target`, `rows` and `sides` stand in the order of the features' values.
pub fn find_leakage(
    features: &[FeatureColumn],
    target: &Target<'_>,
    rows: &[SplitRow<'_>],
    sides: &[Side],
) -> Leakage {
    // One feature a task: what is found in one does not depend on another.
    let found: Vec<_> = features
        .par_iter()
        .map(|feature| look_at(feature, target))
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
    target: &Target<'_>,
) -> (Option<LabelFunction>, Option<StrongFeature>) {
    if target.rows() < FEWEST_ROWS {
        return (None, None);
    }
    let (form, auc) = match target {
        Target::Binary(labels) => of_two(feature, labels),
        Target::Multiclass { classes, rows } => of_classes(feature, *classes, rows),
        Target::Regression(numbers) => of_numbers(feature, numbers),
    };
    let auc = if form.is_some() { 1.0 } else { auc };
    let strong = (auc > STRONG).then(|| StrongFeature {
        feature: feature.name.clone(),
        auc,
    });
    let function = form.map(|form| LabelFunction {
        feature: feature.name.clone(),
        form,
    });
    (function, strong)
}

/// Whether a feature says what the label says, and how well it ranks its classes alone.
fn of_two(feature: &FeatureColumn, labels: &[bool]) -> (Option<FunctionForm>, f64) {
    let positive = labels.iter().filter(|label| **label).count() as u64;
    let negative = labels.len() as u64 - positive;
    if positive.min(negative) < FEWEST_OF_A_CLASS {
        return (None, 0.5);
    }
    let values = values_by_class(feature, labels);
    let form = values.map(|[when_false, when_true]| FunctionForm::TwoValues {
        when_true,
        when_false,
        positive,
        negative,
    });
    match form {
        Some(form) => (Some(form), 1.0),
        None => (None, single_auc(feature, labels)),
    }
}

fn of_classes(
    feature: &FeatureColumn,
    classes: usize,
    rows: &[u32],
) -> (Option<FunctionForm>, f64) {
    let mut counts = vec![0_u64; classes];
    for class in rows {
        counts[*class as usize] += 1;
    }
    if counts.iter().all(|count| *count >= FEWEST_OF_A_CLASS) {
        let one_to_one = match &feature.values {
            FeatureValues::Numeric(values) => {
                pairs(values.iter().map(|value| value.map(f64::to_bits)), rows) == classes
            }
            FeatureValues::Categorical(values) => {
                pairs(values.iter().map(Option::as_deref), rows) == classes
            }
        };
        if one_to_one {
            let classes = classes as u64;
            return (Some(FunctionForm::Values { classes }), 1.0);
        }
    }
    let against_others = (0..classes).filter(|class| counts[*class] >= FEWEST_OF_A_CLASS);
    let areas = against_others.map(|class| {
        let labels: Vec<bool> = rows.iter().map(|found| *found as usize == class).collect();
        single_auc(feature, &labels)
    });
    (None, areas.fold(0.5, f64::max))
}

/// How many different values there are, or 0 where a value stands beside two classes or a class
/// beside two values.
fn pairs<T: std::hash::Hash + Eq>(values: impl Iterator<Item = T>, rows: &[u32]) -> usize {
    let mut of_value: HashMap<T, u32> = HashMap::new();
    for (value, class) in values.zip(rows) {
        if *of_value.entry(value).or_insert(*class) != *class {
            return 0;
        }
    }
    let classes: BTreeSet<u32> = of_value.values().copied().collect();
    if classes.len() == of_value.len() {
        classes.len()
    } else {
        0
    }
}

fn of_numbers(feature: &FeatureColumn, numbers: &[f64]) -> (Option<FunctionForm>, f64) {
    if let FeatureValues::Numeric(values) = &feature.values
        && let Some(rises) = monotone(values, numbers)
    {
        return (Some(FunctionForm::Monotone { rises }), 1.0);
    }
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let above: Vec<bool> = numbers.iter().map(|number| *number > median).collect();
    (None, single_auc(feature, &above))
}

/// Whether values and numbers are in the same order, or in the opposite one, with the same ties.
fn monotone(values: &[Option<f64>], numbers: &[f64]) -> Option<bool> {
    let values: Vec<f64> = values.iter().copied().collect::<Option<_>>()?;
    let mut rows: Vec<(f64, f64)> = numbers.iter().copied().zip(values).collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (first, last) = (rows.first()?, rows.last()?);
    let rises = last.1 > first.1;
    let steps = |pair: &[(f64, f64)]| {
        let [(x, a), (y, b)] = [pair[0], pair[1]];
        if x == y {
            a == b
        } else if rises {
            a < b
        } else {
            a > b
        }
    };
    (first.0 < last.0 && rows.windows(2).all(steps)).then_some(rises)
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
