//! Estimators without trees.

use crate::learn::Output;
use crate::learn::estimator::{GaussianNbModel, LinearModel};
use crate::math;
use crate::onnx::{Attribute, Graph, Operator, Tensor, Value};

/// The values of the linear functions, a column each.
pub(super) fn linear(graph: &mut Graph, matrix: &Value, model: &LinearModel) -> Value {
    let functions = model.functions.iter();
    let coefficients: Vec<f64> = functions.flat_map(|f| f.coefficients.clone()).collect();
    let intercepts = model.functions.iter().map(|f| f.intercept).collect();
    let columns = coefficients.len() / model.functions.len();
    let coefficients = graph.constant(&Tensor::table(model.functions.len(), columns, coefficients));
    let intercepts = graph.constant(&Tensor::doubles(intercepts));
    let transposed = Attribute::Integer("transB", 1);
    graph.node(
        Operator::Gemm,
        &[matrix, &coefficients, &intercepts],
        &[transposed],
    )
}

/// Log-odds as probabilities; numbers as they are.
pub(super) fn linked(graph: &mut Graph, scores: &Value, output: Output) -> Value {
    match output {
        Output::Number => scores.clone(),
        Output::Probability => graph.node(Operator::Sigmoid, &[scores], &[]),
        Output::Probabilities(_) => graph.node(
            Operator::Softmax,
            &[scores],
            &[Attribute::Integer("axis", 1)],
        ),
    }
}

/// The posterior of each class, or of the positive one alone.
pub(super) fn naive_bayes(
    graph: &mut Graph,
    matrix: &Value,
    model: &GaussianNbModel,
    output: Output,
) -> Value {
    let classes = &model.classes;
    let constants = classes.iter().map(|class| {
        let spread = class
            .variances
            .iter()
            .fold(0.0, |sum, v| sum + math::ln(*v));
        math::ln(class.share) - spread / 2.0
    });
    let constants = graph.constant(&Tensor::table(1, classes.len(), constants.collect()));
    let joint = match classes.iter().all(|class| class.variances.is_empty()) {
        // No column says anything.
        true => constants,
        false => {
            let columns = classes[0].means.len();
            let table = |numbers: Vec<f64>| Tensor::table(classes.len(), columns, numbers);
            let means = classes.iter().flat_map(|class| class.means.clone());
            let means = graph.constant(&table(means.collect()));
            let variances = classes.iter().flat_map(|class| match class.variances[..] {
                // Where no column says anything, none is any distance away.
                [] => vec![f64::INFINITY; columns],
                _ => class.variances.clone(),
            });
            let variances = graph.constant(&table(variances.collect()));
            let axis = graph.constant(&Tensor::integers(vec![1]));
            let rows = graph.node(Operator::Unsqueeze, &[matrix, &axis], &[]);
            let apart = graph.node(Operator::Sub, &[&rows, &means], &[]);
            let squares = graph.node(Operator::Mul, &[&apart, &apart], &[]);
            let terms = graph.node(Operator::Div, &[&squares, &variances], &[]);
            let terms = graph.sum(&terms, 2, false);
            let half = graph.number(0.5);
            let terms = graph.node(Operator::Mul, &[&terms, &half], &[]);
            graph.node(Operator::Sub, &[&constants, &terms], &[])
        }
    };
    let shares = graph.node(
        Operator::Softmax,
        &[&joint],
        &[Attribute::Integer("axis", 1)],
    );
    if output != Output::Probability {
        return shares;
    }
    chosen(graph, &shares, 1)
}

/// One column of a value.
pub(super) fn chosen(graph: &mut Graph, value: &Value, column: usize) -> Value {
    let column = graph.constant(&Tensor::integers(vec![column as i64]));
    graph.node(
        Operator::Gather,
        &[value, &column],
        &[Attribute::Integer("axis", 1)],
    )
}
