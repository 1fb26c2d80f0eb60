//! Several classes, numbers and weights in plain loops, and early stopping on them.

use super::*;
use crate::learn::random::Random;

/// The least power of two that no number is above.
fn unit(numbers: impl Iterator<Item = f64>) -> f64 {
    let most = numbers.fold(0.0, f64::max);
    let mut unit = 1.0;
    while unit < most {
        unit *= 2.0;
    }
    while unit / 2.0 >= most {
        unit /= 2.0;
    }
    unit
}

fn nearest(number: f64) -> i32 {
    (number * ONE).round() as i32
}

/// Labels of several classes, or numbers; in both cases with weights.
struct PlainLoss<'a> {
    target: Target<'a>,
    weights: &'a [f64],
    score_unit: f64,
}

impl PlainLoss<'_> {
    fn start(&self) -> Vec<f64> {
        let unit = unit(self.weights.iter().copied());
        let weights = || self.weights.iter().map(|weight| weight / unit);
        let all: f64 = weights().sum();
        match self.target {
            Target::Multiclass { classes, rows } => (0..classes)
                .map(|class| {
                    let own = weights()
                        .zip(rows)
                        .filter(|(_, row)| **row as usize == class);
                    math::ln(own.map(|(weight, _)| weight).sum::<f64>() / all)
                })
                .collect(),
            Target::Regression(numbers) => {
                let sum: f64 = weights().zip(numbers).map(|(weight, y)| weight * y).sum();
                vec![sum / all]
            }
            Target::Binary(_) => Vec::new(),
        }
    }

    fn gradients(&self, output: usize, scores: &[Vec<f64>]) -> Vec<Gradient> {
        let unit = unit(self.weights.iter().copied());
        let gradient = |row: usize| {
            let weight = self.weights[row] / unit;
            let (first, second) = match self.target {
                Target::Multiclass { rows, .. } => {
                    let mut shares: Vec<f64> = scores.iter().map(|scores| scores[row]).collect();
                    let most = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    shares
                        .iter_mut()
                        .for_each(|share| *share = math::exp(*share - most));
                    let share = shares[output] / shares.iter().sum::<f64>();
                    let label = f64::from(u8::from(rows[row] as usize == output));
                    (share - label, share * (1.0 - share))
                }
                Target::Regression(numbers) => {
                    ((scores[0][row] - numbers[row]) / self.score_unit, 1.0)
                }
                Target::Binary(_) => (0.0, 0.0),
            };
            Gradient {
                first: nearest(first * weight),
                second: nearest(second * weight),
            }
        };
        (0..self.weights.len()).map(gradient).collect()
    }
}

/// The scores of the rows after all rounds, output by output.
fn plain_scores(
    parameters: &GradientBoostingParameters,
    matrix: &Matrix,
    loss: &PlainLoss<'_>,
) -> Vec<Vec<f64>> {
    let start = loss.start().into_iter();
    let mut scores: Vec<Vec<f64>> = start.map(|start| vec![start; matrix.rows()]).collect();
    for _ in 0..parameters.trees {
        let grow = |output: usize| {
            let gradients = loss.gradients(output, &scores);
            let plain = Plain {
                parameters,
                matrix,
                gradients,
            };
            let leaves = plain.tree().into_iter();
            let step = |leaf: PlainLeaf| {
                let sums = plain.sums(leaf.rows.iter());
                let curvature = sums.second as f64 / ONE + parameters.l2;
                let step = -(sums.first as f64 / ONE) / curvature * loss.score_unit;
                (leaf.rows, step * parameters.learning_rate)
            };
            leaves.map(step).collect::<Vec<_>>()
        };
        let trees: Vec<Vec<(Vec<usize>, f64)>> = (0..scores.len()).map(grow).collect();
        if trees.iter().all(|leaves| leaves.len() == 1) {
            break;
        }
        for (leaves, scores) in trees.into_iter().zip(&mut scores) {
            for (rows, step) in leaves.iter().filter(|_| leaves.len() > 1) {
                rows.iter().for_each(|row| scores[*row] += step);
            }
        }
    }
    scores
}

fn weights(rows: usize) -> Vec<f64> {
    let mut random = Random::new(3);
    // None above 1: what the limits are held against is as it is.
    (0..rows).map(|_| 1.0 - random.unit() * 0.9).collect()
}

#[test]
fn plain_loops_give_the_same_bits_for_several_classes_and_for_numbers() {
    let (matrix, _) = testing::classification(180, 4, 22);
    let numbers: Vec<f64> = (0..180)
        .map(|row| matrix.row(row)[0] * 7.3 - matrix.row(row)[1] + 100.0)
        .collect();
    let classes: Vec<u32> = numbers.iter().map(|y| ((y - 80.0) / 25.0) as u32).collect();
    let (own, ones) = (weights(180), vec![1.0; 180]);
    let parameters = [
        small(),
        GradientBoostingParameters {
            l2: 2.5,
            max_depth: 3,
            ..small()
        },
    ];
    let targets = [
        Target::Multiclass {
            classes: 4,
            rows: &classes,
        },
        Target::Regression(&numbers),
    ];
    for (parameters, target) in parameters
        .iter()
        .flat_map(|p| targets.map(|target| (p, target)))
    {
        for (weights, given) in [(&ones, None), (&own, Some(own.as_slice()))] {
            let mut loss = PlainLoss {
                target,
                weights,
                score_unit: 1.0,
            };
            if let Target::Regression(numbers) = target {
                let mean = loss.start()[0];
                loss.score_unit = unit(numbers.iter().map(|number| (number - mean).abs()));
            }
            let examples = Examples {
                matrix: &matrix,
                target,
                weights: given,
            };
            let found = fit(parameters, &examples).unwrap().predict(&matrix);
            let scores = plain_scores(parameters, &matrix, &loss);
            for row in 0..180 {
                let of_row: Vec<f64> = scores.iter().map(|scores| scores[row]).collect();
                let exps: Vec<f64> = {
                    let most = of_row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    of_row.iter().map(|score| math::exp(score - most)).collect()
                };
                let sum: f64 = exps.iter().sum();
                let expected: Vec<f64> = match target {
                    Target::Regression(_) => of_row,
                    _ => exps.iter().map(|exp| exp / sum).collect(),
                };
                let width = expected.len();
                assert_eq!(found[row * width..][..width], expected, "{parameters:?}");
            }
        }
    }
}

#[test]
fn patience_counts_rounds_of_all_classes() {
    let (matrix, _) = testing::classification(600, 5, 8);
    let mut random = Random::new(9);
    let noisy = |row: usize| (matrix.row(row)[0] / 4.0) as u32;
    let classes: Vec<u32> = (0..600)
        .map(|row| match random.below(3) {
            0 => random.below(3) as u32,
            _ => noisy(row),
        })
        .collect();
    let numbers: Vec<f64> = classes.iter().map(|class| f64::from(*class)).collect();
    let patient = GradientBoostingParameters {
        trees: 300,
        patience: 4,
        validation_share: 0.3,
        learning_rate: 0.3,
        ..defaults()
    };
    for (target, width) in [
        (
            Target::Multiclass {
                classes: 3,
                rows: &classes,
            },
            3,
        ),
        (Target::Regression(&numbers), 1),
    ] {
        let examples = Examples {
            matrix: &matrix,
            target,
            weights: None,
        };
        let trees = fit(&patient, &examples).unwrap().trees();
        assert!(
            trees.is_multiple_of(width) && (1..200 * width).contains(&trees),
            "{trees}"
        );
    }
    // All rows of a class but one held out leave the others to learn from; all rows do not.
    let two = Matrix::new(2, 1, vec![1.0, 2.0]);
    let examples = Examples {
        matrix: &two,
        target: Target::Regression(&[1.0, 2.0]),
        weights: None,
    };
    let refused = (0..40).filter_map(|seed| {
        let parameters = GradientBoostingParameters {
            seed,
            validation_share: 0.5,
            ..patient.clone()
        };
        fit(&parameters, &examples).err()
    });
    let messages: Vec<String> = refused.map(|error| error.message().to_string()).collect();
    assert!(messages.contains(&"every train row is held out".to_string()));
    assert!(messages.contains(&"no train row is held out".to_string()));
}
