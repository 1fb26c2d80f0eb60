//! Scores as probabilities that come true.

use super::estimator::chosen;
use crate::learn::calibration::{Calibration, Curve};
use crate::onnx::{Attribute, Element, Graph, Operator, Tensor, Value};

/// The probabilities of scores, a column each; of several classes they add up to 1.
pub(super) fn calibrated(graph: &mut Graph, scores: &Value, calibration: &Calibration) -> Value {
    let curves = calibration.curves();
    if let [curve] = curves {
        return drawn(graph, scores, curve);
    }
    let columns: Vec<Value> = curves
        .iter()
        .enumerate()
        .map(|(class, curve)| {
            let score = chosen(graph, scores, class);
            drawn(graph, &score, curve)
        })
        .collect();
    let columns: Vec<&Value> = columns.iter().collect();
    let all = graph.node(Operator::Concat, &columns, &[Attribute::Integer("axis", 1)]);
    let sum = graph.sum(&all, 1, true);
    let shares = graph.node(Operator::Div, &[&all, &sum], &[]);
    // Where no class has any, all have the same.
    let least = graph.number(f64::from_bits(1));
    let some = graph.node(Operator::GreaterOrEqual, &[&sum, &least], &[]);
    let equal = graph.number(1.0 / curves.len() as f64);
    graph.node(Operator::Where, &[&some, &shares, &equal], &[])
}

fn drawn(graph: &mut Graph, score: &Value, curve: &Curve) -> Value {
    match curve {
        Curve::Platt { slope, offset } => {
            let slope = graph.number(-slope);
            let offset = graph.number(-offset);
            let sloped = graph.node(Operator::Mul, &[score, &slope], &[]);
            let sum = graph.node(Operator::Add, &[&sloped, &offset], &[]);
            graph.node(Operator::Sigmoid, &[&sum], &[])
        }
        Curve::Isotonic {
            scores,
            probabilities,
        } => isotonic(graph, score, scores, probabilities),
    }
}

/// The same operations in the same order as the program's own, so that levels are met exactly: a threshold may be one.
/// Knots before the first and behind the last keep what is beyond them level.
fn isotonic(graph: &mut Graph, score: &Value, scores: &[f64], probabilities: &[f64]) -> Value {
    let known = graph.constant(&Tensor::table(1, scores.len(), scores.to_vec()));
    let (first, last) = (scores[0], scores[scores.len() - 1]);
    let padded = |before: f64, values: &[f64], behind: f64| {
        let values = [&[before], values, &[behind]].concat();
        Tensor::doubles(values)
    };
    let (low, high) = (probabilities[0], probabilities[probabilities.len() - 1]);
    let scores = graph.constant(&padded(first - 1.0, scores, last + 1.0));
    let probabilities = graph.constant(&padded(low, probabilities, high));
    let reached = graph.node(Operator::GreaterOrEqual, &[score, &known], &[]);
    let reached = graph.cast(&reached, Element::Integer);
    let before = graph.sum(&reached, 1, true);
    let one = graph.constant(&Tensor::integers(vec![1]));
    let behind = graph.node(Operator::Add, &[&before, &one], &[]);
    let mut at = |of: &Value, place: &Value| graph.node(Operator::Gather, &[of, place], &[]);
    let (x0, x1) = (at(&scores, &before), at(&scores, &behind));
    let (y0, y1) = (at(&probabilities, &before), at(&probabilities, &behind));
    let come = graph.node(Operator::Sub, &[score, &x0], &[]);
    let way = graph.node(Operator::Sub, &[&x1, &x0], &[]);
    let share = graph.node(Operator::Div, &[&come, &way], &[]);
    let rise = graph.node(Operator::Sub, &[&y1, &y0], &[]);
    let risen = graph.node(Operator::Mul, &[&rise, &share], &[]);
    graph.node(Operator::Add, &[&y0, &risen], &[])
}
