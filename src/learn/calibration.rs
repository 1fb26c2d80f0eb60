//! Scores as probabilities that come true as often as they say.
//!
//! A calibration is learnt from scores of rows that the model has not seen, one for each class, and maps a score
//! to a probability; those of several classes are divided by their sum, and are equal where that is 0
//! (scikit-learn's `CalibratedClassifierCV(ensemble=False)`).
//!
//! *Platt*: 1 / (1 + e^(slope · score + offset)), the two numbers of greatest likelihood for labels drawn a little
//! to the middle (Platt 1999; Lin, Lin & Weng 2007). It keeps the order of scores.
//!
//! *Isotonic*: of all functions that never fall, the one of least squares, by pooling adjacent violators (Barlow
//! et al. 1972), straight between its knots and level beyond them, as scikit-learn's `IsotonicRegression(out_of_bounds="clip")`.
//! It can make scores equal that were not.

use serde::{Deserialize, Serialize};

use super::platt::Sigmoid;
use super::{Target, exact};
use crate::definition::CalibrationMethod;

/// Raised when the same scores and labels give another calibration than before.
pub const CALIBRATE_VERSION: u32 = 1;

/// What is learnt of all classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// One of two classes, for the positive one; of several, one each.
    of_class: Vec<Curve>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Curve {
    Platt {
        #[serde(with = "exact")]
        slope: f64,
        #[serde(with = "exact")]
        offset: f64,
    },
    /// As many probabilities as scores; both ascend, straight in between.
    Isotonic {
        #[serde(with = "exact::list")]
        scores: Vec<f64>,
        #[serde(with = "exact::list")]
        probabilities: Vec<f64>,
    },
}

/// Scores of rows that a model has not learnt from, row after row, with what they are.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    pub target: Target<'a>,
    pub scores: &'a [f64],
    /// How much each row counts; none: 1.
    pub weights: Option<&'a [f64]>,
}

impl Calibration {
    /// Numbers are not calibrated: of a target that is one, nothing is learnt.
    pub fn fit(method: CalibrationMethod, held_out: &HeldOut<'_>) -> Self {
        let width = held_out.target.output().width();
        let curve = |class: usize| {
            let rows = held_out
                .scores
                .iter()
                .skip(class)
                .step_by(width)
                .enumerate();
            let row = |(row, score): (usize, &f64)| Row {
                score: *score,
                label: held_out.target.is_of(row, class),
                weight: held_out.weights.map_or(1.0, |weights| weights[row]),
            };
            let rows: Vec<Row> = rows.map(row).collect();
            match method {
                CalibrationMethod::Platt => platt(&rows),
                CalibrationMethod::Isotonic => isotonic(rows),
            }
        };
        let curves = match held_out.target {
            Target::Regression(_) => 0,
            Target::Binary(_) | Target::Multiclass { .. } => width,
        };
        Self {
            of_class: (0..curves).map(curve).collect(),
        }
    }

    /// Makes probabilities of scores, in place.
    pub fn apply(&self, scores: &mut [f64]) {
        let width = self.of_class.len();
        if width == 0 {
            return;
        }
        for row in scores.chunks_exact_mut(width) {
            for (score, curve) in row.iter_mut().zip(&self.of_class) {
                *score = curve.at(*score);
            }
            if width > 1 {
                let sum: f64 = row.iter().sum();
                for score in row {
                    *score = if sum > 0.0 {
                        *score / sum
                    } else {
                        1.0 / width as f64
                    };
                }
            }
        }
    }

    /// One for each number of a row.
    pub(super) fn curves(&self) -> &[Curve] {
        &self.of_class
    }

    /// Whether a file can hold it for a model of so many numbers a row.
    pub(super) fn is_sound(&self, width: usize) -> bool {
        self.of_class.len() == width && self.of_class.iter().all(Curve::is_sound)
    }
}

impl Curve {
    fn at(&self, score: f64) -> f64 {
        match self {
            Self::Platt { slope, offset } => Sigmoid {
                slope: *slope,
                offset: *offset,
            }
            .at(score),
            Self::Isotonic {
                scores,
                probabilities,
            } => {
                let next = scores.partition_point(|known| *known < score);
                let known = |at: usize| (scores[at], probabilities[at]);
                match (next.checked_sub(1), scores.get(next)) {
                    (None, _) => probabilities[0],
                    (Some(last), None) => probabilities[last],
                    (Some(before), Some(_)) => {
                        let ((x0, y0), (x1, y1)) = (known(before), known(next));
                        // Both ends are met exactly.
                        if score == x1 {
                            y1
                        } else {
                            y0 + (y1 - y0) * ((score - x0) / (x1 - x0))
                        }
                    }
                }
            }
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Platt { slope, offset } => slope.is_finite() && offset.is_finite(),
            Self::Isotonic {
                scores,
                probabilities,
            } => {
                let rises = scores.windows(2).all(|pair| pair[0] < pair[1]);
                let never_falls = probabilities.windows(2).all(|pair| pair[0] <= pair[1]);
                let within = |value: &f64| (0.0..=1.0).contains(value);
                let finite = scores.iter().all(|score| score.is_finite());
                !scores.is_empty()
                    && scores.len() == probabilities.len()
                    && rises
                    && never_falls
                    && finite
                    && probabilities.iter().all(within)
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    score: f64,
    label: bool,
    weight: f64,
}

fn platt(rows: &[Row]) -> Curve {
    let rows: Vec<(f64, bool, f64)> = rows
        .iter()
        .map(|row| (row.score, row.label, row.weight))
        .collect();
    let Sigmoid { slope, offset } = Sigmoid::of_probabilities(&rows);
    Curve::Platt { slope, offset }
}

/// Rows of one score, or of scores next to each other, that share one probability.
#[derive(Debug, Clone, Copy)]
struct Pool {
    weight: f64,
    positive: f64,
    /// How many distinct scores.
    scores: usize,
}

impl Pool {
    fn probability(self) -> f64 {
        self.positive / self.weight
    }
}

fn isotonic(mut rows: Vec<Row>) -> Curve {
    rows.sort_by(|a, b| a.score.total_cmp(&b.score));
    let of_score = rows.chunk_by(|a, b| a.score == b.score);
    let (mut scores, mut pools) = (Vec::new(), Vec::<Pool>::new());
    for rows in of_score {
        scores.push(rows[0].score);
        let weight: f64 = rows.iter().map(|row| row.weight).sum();
        let positive: f64 = rows
            .iter()
            .filter(|row| row.label)
            .map(|row| row.weight)
            .sum();
        pools.push(Pool {
            weight,
            positive,
            scores: 1,
        });
        while let [.., before, last] = pools[..]
            && before.probability() >= last.probability()
        {
            pools.pop();
            let place = pools.len() - 1;
            pools[place] = Pool {
                weight: before.weight + last.weight,
                positive: before.positive + last.positive,
                scores: before.scores + last.scores,
            };
        }
    }
    knots(&scores, &pools)
}

/// The first and the last score of each pool: between them nothing changes.
fn knots(all: &[f64], pools: &[Pool]) -> Curve {
    let (mut scores, mut probabilities) = (Vec::new(), Vec::new());
    let mut first = 0;
    for pool in pools {
        let last = first + pool.scores - 1;
        let ends = if first == last {
            vec![first]
        } else {
            vec![first, last]
        };
        for end in ends {
            scores.push(all[end]);
            probabilities.push(pool.probability());
        }
        first = last + 1;
    }
    Curve::Isotonic {
        scores,
        probabilities,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        scores: Vec<f64>,
        labels: Vec<u8>,
        weights: Option<Vec<f64>>,
        slope: f64,
        offset: f64,
        /// Slope and offset, brought to the minimum.
        minimum: [f64; 2],
        probe: Vec<f64>,
        isotonic: Vec<f64>,
    }

    fn reference() -> Vec<Case> {
        let text = include_str!("../../tests/reference/calibration.json");
        serde_json::from_str::<Reference>(text).unwrap().cases
    }

    fn fit(method: CalibrationMethod, case: &Case) -> Calibration {
        let labels: Vec<bool> = case.labels.iter().map(|label| *label == 1).collect();
        Calibration::fit(
            method,
            &HeldOut {
                target: Target::Binary(&labels),
                scores: &case.scores,
                weights: case.weights.as_deref(),
            },
        )
    }

    #[test]
    fn the_sigmoid_is_that_of_scikit_learn_at_the_minimum() {
        for case in reference() {
            let found = fit(CalibrationMethod::Platt, &case);
            let [Curve::Platt { slope, offset }] = found.of_class[..] else {
                panic!("one sigmoid");
            };
            let near = |a: f64, b: f64, by: f64| (a - b).abs() <= by * b.abs().max(1.0);
            // Its own search ends a little before.
            assert!(near(slope, case.slope, 1e-6), "{}: {slope}", case.name);
            assert!(near(offset, case.offset, 1e-6), "{}: {offset}", case.name);
            assert!(near(slope, case.minimum[0], 1e-9), "{}: {slope}", case.name);
            assert!(
                near(offset, case.minimum[1], 1e-9),
                "{}: {offset}",
                case.name
            );
        }
    }

    #[test]
    fn isotonic_probabilities_are_those_of_scikit_learn() {
        for case in reference() {
            let found = fit(CalibrationMethod::Isotonic, &case);
            assert!(found.is_sound(1), "{}", case.name);
            let mut probe = case.probe.clone();
            found.apply(&mut probe);
            for (at, (found, expected)) in probe.iter().zip(&case.isotonic).enumerate() {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{} {at}: {found} {expected}",
                    case.name
                );
            }
        }
    }

    #[test]
    fn several_classes_add_up_and_a_file_gives_them_back() {
        let scores: Vec<f64> = (0..90).map(|at| f64::from(at * 7 % 30) / 30.0).collect();
        let rows: Vec<u32> = (0..30).map(|row| row * 11 % 3).collect();
        let held_out = HeldOut {
            target: Target::Multiclass {
                classes: 3,
                rows: &rows,
            },
            scores: &scores,
            weights: None,
        };
        for method in [CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
            let calibration = Calibration::fit(method, &held_out);
            let text = serde_json::to_string(&calibration).unwrap();
            assert_eq!(
                serde_json::from_str::<Calibration>(&text).unwrap(),
                calibration
            );
            let mut calibrated = scores.clone();
            calibration.apply(&mut calibrated);
            for row in calibrated.chunks_exact(3) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
            }
        }
    }

    /// Of scores that say nothing every row has the share of all, and classes that no score is for are equal.
    #[test]
    fn scores_that_say_nothing() {
        let labels = [true, false, false, false];
        let held_out = HeldOut {
            target: Target::Binary(&labels),
            scores: &[0.5; 4],
            weights: None,
        };
        for method in [CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
            let mut scores = [0.0, 0.5, 1.0];
            Calibration::fit(method, &held_out).apply(&mut scores);
            assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
        }
        let none = Curve::Isotonic {
            scores: vec![0.0],
            probabilities: vec![0.0],
        };
        let mut scores = [0.2, 0.8];
        Calibration {
            of_class: vec![none.clone(), none],
        }
        .apply(&mut scores);
        assert_eq!(scores, [0.5, 0.5]);
    }

    proptest! {
        #[test]
        fn probabilities_never_fall_as_scores_rise(
            rows in prop::collection::vec((any::<bool>(), 0..20_u8), 2..60),
        ) {
            let labels: Vec<bool> = rows.iter().map(|(label, _)| *label).collect();
            let scores: Vec<f64> = rows.iter().map(|(_, score)| f64::from(*score) / 19.0).collect();
            let held_out = HeldOut { target: Target::Binary(&labels), scores: &scores, weights: None };
            let calibration = Calibration::fit(CalibrationMethod::Isotonic, &held_out);
            prop_assert!(calibration.is_sound(1));
            let mut probe: Vec<f64> = (0..=100).map(|at| f64::from(at) / 100.0).collect();
            calibration.apply(&mut probe);
            prop_assert!(probe.is_sorted());
            // As many are expected as there were.
            let mut of_rows = scores.clone();
            calibration.apply(&mut of_rows);
            let positive = labels.iter().filter(|label| **label).count() as f64;
            prop_assert!((of_rows.iter().sum::<f64>() - positive).abs() < 1e-9);
        }
    }
}
