//! Whether two models differ by more than the choice of the test rows explains.
//!
//! Both models are judged on the same rows. [`delong`] compares two areas under the curve where both
//! have the same labels: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), with the mid-ranks
//! of Sun and Xu, IEEE Signal Processing Letters 21 (2014). [`bootstrap`] compares any metric, also
//! where labels differ: rows are drawn with replacement, the same rows for both models, and the
//! difference is taken anew each time (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
//! percentile interval). Rows of one entity are drawn together. [`intervals`] does the same with the
//! metrics of one model.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Scored;
use super::metric::{Confusion, Steps, WeighedClasses, WeighedNumbers, row_brier, row_log_loss};
use crate::definition::Task;
use crate::hash::ContentHasher;
use crate::math;

/// Where a number lies in 95 of 100 draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// How many draws it is made of.
    pub resamples: usize,
}

/// The comparison of two areas under the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AucTest {
    /// b − a.
    pub delta: f64,
    /// The 95 % interval of the difference.
    pub low: f64,
    pub high: f64,
    /// How often a difference as large would be seen if there were none; two-sided.
    pub p: f64,
}

/// The quantile of the standard normal distribution for a two-sided 95 % interval.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// Compares the areas under the curve of two models with the same labels. None with fewer than two
/// rows of a class.
#[must_use]
pub fn delong(labels: &[bool], a: &[f64], b: &[f64]) -> Option<AucTest> {
    let (of_a, of_b) = (Placements::of(labels, a), Placements::of(labels, b));
    if of_a.positive.len() < 2 || of_a.negative.len() < 2 {
        return None;
    }
    let delta = mean(&of_b.positive) - mean(&of_a.positive);
    let variance = variance_of_difference(&of_a.positive, &of_b.positive)
        + variance_of_difference(&of_a.negative, &of_b.negative);
    let error = variance.sqrt();
    let p = match (error > 0.0, delta == 0.0) {
        (true, _) => math::two_sided_normal(delta / error),
        (false, true) => 1.0,
        (false, false) => 0.0,
    };
    Some(AucTest {
        delta,
        low: delta - NORMAL_95 * error,
        high: delta + NORMAL_95 * error,
        p,
    })
}

/// For each row the share of rows of the other class that the model ranks on the right side of it,
/// ties counting half.
struct Placements {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

impl Placements {
    fn of(labels: &[bool], probabilities: &[f64]) -> Self {
        let of_class = |class: bool| -> Vec<f64> {
            let rows = labels.iter().zip(probabilities);
            rows.filter(|(label, _)| **label == class)
                .map(|(_, probability)| *probability)
                .collect()
        };
        let (positive, negative) = (of_class(true), of_class(false));
        let sorted = |values: &[f64]| {
            let mut values = values.to_vec();
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        let (of_positive, of_negative) = (sorted(&positive), sorted(&negative));
        Self {
            positive: positive
                .iter()
                .map(|value| share_below(&of_negative, *value))
                .collect(),
            negative: negative
                .iter()
                .map(|value| 1.0 - share_below(&of_positive, *value))
                .collect(),
        }
    }
}

/// The share of sorted values below one, ties counting half.
fn share_below(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|other| *other < value);
    let not_above = sorted.partition_point(|other| *other <= value);
    (below + not_above) as f64 / (2 * sorted.len()) as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The variance of the mean of `b − a`, value by value.
fn variance_of_difference(a: &[f64], b: &[f64]) -> f64 {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let center = mean(&differences);
    let squares: f64 = differences
        .iter()
        .map(|difference| (difference - center) * (difference - center))
        .sum();
    let count = differences.len() as f64;
    squares / (count - 1.0) / count
}

/// Rows times draws stay below this, so that a comparison takes a moment and not a minute.
const MOST_DRAWN_ROWS: usize = 20_000_000;
const MOST_RESAMPLES: usize = 1000;
const FEWEST_RESAMPLES: usize = 200;

/// For each metric the interval of its difference, b − a. `entities` numbers the entity of each row
/// from 0 on without gaps. A metric that is undefined in a tenth of the draws is left out, and so are
/// all where the two are of different tasks.
#[must_use]
pub fn bootstrap(
    a: &Scored<'_>,
    b: &Scored<'_>,
    entities: &[usize],
) -> BTreeMap<&'static str, Interval> {
    if a.task() != b.task() {
        return BTreeMap::new();
    }
    let (of_a, of_b) = (Weighed::of(a), Weighed::of(b));
    resampled(a.task(), entities, |weights| {
        let pairs = of_a.metrics(weights).into_iter().zip(of_b.metrics(weights));
        pairs.map(|(of_a, of_b)| Some(of_b? - of_a?)).collect()
    })
}

/// For each metric of a model its interval; `entities` as for [`bootstrap`].
#[must_use]
pub fn intervals(model: &Scored<'_>, entities: &[usize]) -> BTreeMap<&'static str, Interval> {
    let weighed = Weighed::of(model);
    resampled(model.task(), entities, |weights| weighed.metrics(weights))
}

/// The interval of each number over draws of entities, in the order of [`Task::metrics`]. `numbers`
/// takes how often each row was drawn.
fn resampled(
    task: Task,
    entities: &[usize],
    numbers: impl Fn(&[u64]) -> Vec<Option<f64>> + Sync,
) -> BTreeMap<&'static str, Interval> {
    let rows = entities.len();
    let Some(count) = entities.iter().max().map(|last| last + 1) else {
        return BTreeMap::new();
    };
    let resamples = (MOST_DRAWN_ROWS / rows).clamp(FEWEST_RESAMPLES, MOST_RESAMPLES);
    let drawn: Vec<Vec<Option<f64>>> = (0..resamples)
        .into_par_iter()
        .map(|draw| {
            let times = draw_entities(draw, count);
            let weights: Vec<u64> = entities.iter().map(|entity| times[*entity]).collect();
            numbers(&weights)
        })
        .collect();
    let interval = |at: usize| {
        let mut found: Vec<f64> = drawn.iter().filter_map(|numbers| numbers[at]).collect();
        found.sort_unstable_by(f64::total_cmp);
        (found.len() * 10 > resamples * 9).then(|| Interval {
            low: nearest(&found, 0.025),
            high: nearest(&found, 0.975),
            resamples: found.len(),
        })
    };
    let names = task.metrics().iter().enumerate();
    names
        .filter_map(|(at, name)| Some((*name, interval(at)?)))
        .collect()
}

/// How many times each of `count` entities is drawn in one draw of `count`.
///
/// The numbers are those of BLAKE3 over the domain `streamflow resample 1`, the draw and a counter:
/// eight little-endian u32 a hash, scaled to the range.
fn draw_entities(draw: usize, count: usize) -> Vec<u64> {
    let mut times = vec![0; count];
    for block in 0..count.div_ceil(8) {
        let mut hasher = ContentHasher::new("streamflow resample 1");
        hasher.count(draw);
        hasher.count(block);
        let hash = hasher.finish();
        let (words, _) = hash.as_chunks::<4>();
        for word in words.iter().take(count - block * 8) {
            let scaled = u64::from(u32::from_le_bytes(*word)) * count as u64;
            times[(scaled >> 32) as usize] += 1;
        }
    }
    times
}

/// The value below which a share of sorted values lies, by nearest rank.
fn nearest(sorted: &[f64], share: f64) -> f64 {
    let at = (share * (sorted.len() - 1) as f64).round() as usize;
    sorted[at.min(sorted.len() - 1)]
}

/// One model's rows, ready to be counted with any weights.
enum Weighed<'a> {
    Binary(WeighedProbabilities<'a>),
    Multiclass(WeighedClasses<'a>),
    Regression(WeighedNumbers<'a>),
}

impl<'a> Weighed<'a> {
    fn of(scored: &Scored<'a>) -> Self {
        match *scored {
            Scored::Binary {
                labels,
                probabilities,
                threshold,
            } => Self::Binary(WeighedProbabilities::of(labels, probabilities, threshold)),
            Scored::Multiclass {
                classes,
                labels,
                probabilities,
            } => Self::Multiclass(WeighedClasses::of(classes, labels, probabilities)),
            Scored::Regression { truth, predictions } => {
                Self::Regression(WeighedNumbers::of(truth, predictions))
            }
        }
    }

    /// The metrics in the order of [`Task::metrics`], each row counted as often as its weight says.
    fn metrics(&self, weights: &[u64]) -> Vec<Option<f64>> {
        match self {
            Self::Binary(rows) => rows.metrics(weights),
            Self::Multiclass(rows) => rows.metrics(weights),
            Self::Regression(rows) => rows.metrics(weights),
        }
    }
}

struct WeighedProbabilities<'a> {
    labels: &'a [bool],
    probabilities: &'a [f64],
    threshold: f64,
    /// Rows by falling probability.
    order: Vec<usize>,
    log_losses: Vec<f64>,
    squares: Vec<f64>,
}

impl<'a> WeighedProbabilities<'a> {
    fn of(labels: &'a [bool], probabilities: &'a [f64], threshold: f64) -> Self {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
        let each = |of: fn(bool, f64) -> f64| -> Vec<f64> {
            let rows = labels.iter().zip(probabilities);
            rows.map(|(label, probability)| of(*label, *probability))
                .collect()
        };
        Self {
            labels,
            probabilities,
            threshold,
            order,
            log_losses: each(row_log_loss),
            squares: each(row_brier),
        }
    }

    fn metrics(&self, weights: &[u64]) -> Vec<Option<f64>> {
        let confusion = self.confusion(weights);
        let steps = self.steps(weights);
        let total: u64 = weights.iter().sum();
        let average = |values: &[f64]| {
            let sum = values.iter().zip(weights);
            sum.fold(0.0, |sum, (value, weight)| sum + value * *weight as f64) / total as f64
        };
        vec![
            steps.auc(),
            steps.average_precision(),
            Some(confusion.f1()),
            Some(confusion.accuracy()),
            Some(confusion.precision()),
            Some(confusion.recall()),
            Some(average(&self.log_losses)),
            Some(average(&self.squares)),
        ]
    }

    fn confusion(&self, weights: &[u64]) -> Confusion {
        let mut counts = Confusion::default();
        for (row, weight) in weights.iter().enumerate() {
            match (self.labels[row], self.probabilities[row] >= self.threshold) {
                (false, false) => counts.true_negatives += weight,
                (false, true) => counts.false_positives += weight,
                (true, false) => counts.false_negatives += weight,
                (true, true) => counts.true_positives += weight,
            }
        }
        counts
    }

    fn steps(&self, weights: &[u64]) -> Steps {
        let ties = self
            .order
            .chunk_by(|a, b| self.probabilities[*a] == self.probabilities[*b]);
        let count = |rows: &[usize]| {
            rows.iter().fold((0, 0), |(positive, negative), row| {
                match self.labels[*row] {
                    true => (positive + weights[*row], negative),
                    false => (positive, negative + weights[*row]),
                }
            })
        };
        Steps(ties.map(count).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::evaluate;
    use crate::learn::testing::Random;

    /// Two models of one truth, the second the worse the larger `noise`; with ties.
    fn models(rows: usize, noise: f64) -> (Vec<bool>, Vec<f64>, Vec<f64>) {
        let mut random = Random::new(11);
        let rounded = |value: f64| (value.clamp(0.0, 1.0) * 50.0).round() / 50.0;
        let mut found = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            let truth = random.unit();
            found.0.push(random.unit() < truth);
            found.1.push(rounded(truth + 0.1 * (random.unit() - 0.5)));
            found.2.push(rounded(truth + noise * (random.unit() - 0.5)));
        }
        found
    }

    fn scored<'a>(labels: &'a [bool], probabilities: &'a [f64]) -> Scored<'a> {
        Scored::Binary {
            labels,
            probabilities,
            threshold: 0.5,
        }
    }

    /// By the definition: every pair of a positive and a negative row.
    fn placements_in_plain_loops(labels: &[bool], scores: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let wins = |positive: f64, negative: f64| match positive.total_cmp(&negative) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        let of = |class: bool| (0..labels.len()).filter(move |row| labels[*row] == class);
        let against = |row: usize, class: bool| {
            let others = of(!class).count() as f64;
            let sum: f64 = of(!class)
                .map(|other| match class {
                    true => wins(scores[row], scores[other]),
                    false => wins(scores[other], scores[row]),
                })
                .sum();
            sum / others
        };
        (
            of(true).map(|row| against(row, true)).collect(),
            of(false).map(|row| against(row, false)).collect(),
        )
    }

    #[test]
    fn delong_is_its_definition() {
        let (labels, a, b) = models(120, 1.2);
        let found = delong(&labels, &a, &b).unwrap();
        let of_a = placements_in_plain_loops(&labels, &a);
        let of_b = placements_in_plain_loops(&labels, &b);
        let covariance = |x: &[f64], y: &[f64]| {
            let (mx, my) = (mean(x), mean(y));
            let sum: f64 = x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum();
            sum / (x.len() - 1) as f64
        };
        let part = |x: &Vec<f64>, y: &Vec<f64>| {
            (covariance(x, x) + covariance(y, y) - 2.0 * covariance(x, y)) / x.len() as f64
        };
        let variance = part(&of_a.0, &of_b.0) + part(&of_a.1, &of_b.1);
        let z = (mean(&of_b.0) - mean(&of_a.0)) / variance.sqrt();
        assert!(
            (found.p - math::two_sided_normal(z)).abs() < 1e-12,
            "{found:?}"
        );
        let auc = |scores: &[f64]| evaluate(&scored(&labels, scores)).metrics["auc"];
        assert!((found.delta - (auc(&b) - auc(&a))).abs() < 1e-12);
        assert!(found.low < found.delta && found.delta < found.high);
    }

    #[test]
    fn equal_models_do_not_differ() {
        let (labels, a, _) = models(80, 1.0);
        let found = delong(&labels, &a, &a).unwrap();
        assert_eq!((found.delta, found.p), (0.0, 1.0));
        let entities: Vec<usize> = (0..80).collect();
        for (name, interval) in bootstrap(&scored(&labels, &a), &scored(&labels, &a), &entities) {
            assert_eq!((interval.low, interval.high), (0.0, 0.0), "{name}");
        }
        assert_eq!(delong(&[true, false, false], &[0.5; 3], &[0.1; 3]), None);
    }

    #[test]
    fn unit_weights_give_the_metrics() {
        let (labels, a, _) = models(300, 1.0);
        let scored = Scored::Binary {
            labels: &labels,
            probabilities: &a,
            threshold: 0.4,
        };
        let expected = evaluate(&scored).metrics;
        let found = Weighed::of(&scored).metrics(&[1; 300]);
        for (name, value) in Task::Binary.metrics().iter().zip(found) {
            assert!((value.unwrap() - expected[*name]).abs() < 1e-12, "{name}");
        }
    }

    /// A clear difference is seen, by both methods, and their intervals for the AUC agree roughly.
    #[test]
    fn a_worse_model_is_told_from_noise() {
        let (labels, a, b) = models(1500, 2.0);
        let entities: Vec<usize> = (0..1500).collect();
        let intervals = bootstrap(&scored(&labels, &a), &scored(&labels, &b), &entities);
        assert_eq!(intervals.len(), Task::Binary.metrics().len());
        let test = delong(&labels, &a, &b).unwrap();
        let auc = intervals["auc"];
        assert!(
            test.p < 0.001 && test.high < 0.0 && auc.high < 0.0,
            "{test:?} {auc:?}"
        );
        let width = (auc.high - auc.low) / (test.high - test.low);
        assert!((0.85..1.15).contains(&width), "{width}");
    }

    /// The bootstrap's interval of an AUC is about that of DeLong's formula for one curve.
    #[test]
    fn an_interval_holds_the_metric() {
        let (labels, a, _) = models(1500, 1.0);
        let entities: Vec<usize> = (0..1500).collect();
        let found = intervals(&scored(&labels, &a), &entities);
        let metrics = evaluate(&scored(&labels, &a)).metrics;
        assert_eq!(found.len(), Task::Binary.metrics().len());
        for (name, interval) in &found {
            let value = metrics[*name];
            assert!(interval.low < value && value < interval.high, "{name}");
        }
        let placements = Placements::of(&labels, &a);
        let zeros = |values: &[f64]| vec![0.0; values.len()];
        let variance = [&placements.positive, &placements.negative]
            .map(|values| variance_of_difference(&zeros(values), values));
        let width = 2.0 * NORMAL_95 * (variance[0] + variance[1]).sqrt();
        let ratio = (found["auc"].high - found["auc"].low) / width;
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
    }

    /// Rows of one entity are drawn together, so that repeating every row does not make it surer.
    #[test]
    fn repeated_rows_of_an_entity_prove_nothing_more() {
        let (labels, a, b) = models(200, 1.0);
        let twice = |values: &[f64]| [values, values].concat();
        let (labels2, a2, b2) = ([&labels[..], &labels].concat(), twice(&a), twice(&b));
        let entities: Vec<usize> = (0..200).collect();
        let once = bootstrap(&scored(&labels, &a), &scored(&labels, &b), &entities);
        let entities = [&entities[..], &entities].concat();
        let again = bootstrap(&scored(&labels2, &a2), &scored(&labels2, &b2), &entities);
        for (name, interval) in once {
            assert!((interval.low - again[name].low).abs() < 1e-9, "{name}");
            assert!((interval.high - again[name].high).abs() < 1e-9, "{name}");
        }
    }

    /// A change here gives other intervals to the same two runs.
    #[test]
    fn the_draws_are_fixed() {
        let drawn = draw_entities(3, 10);
        assert_eq!(drawn.iter().sum::<u64>(), 10);
        assert_eq!(drawn, draw_entities(3, 10));
        assert_ne!(drawn, draw_entities(4, 10));
    }
}
