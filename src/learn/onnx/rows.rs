//! Estimators that hold a row against rows they keep: nearest neighbours and support vectors.

use super::estimator::chosen;
use crate::learn::estimator::{
    KnnModel, LEAST_SHARE, NeighbourWeights, PairFunction, SvmModel, pairs,
};
use crate::learn::{Matrix, Output};
use crate::onnx::{Attribute, Element, Graph, Operator, Tensor, Value};

/// The squared distance to each of the rows, a column each: column after column, as the program sums it, so
/// that equal distances stay equal. Beside them, memory is taken for one column alone.
fn squares(graph: &mut Graph, matrix: &Value, rows: &Matrix) -> Value {
    let mut sum = None;
    for column in 0..rows.columns() {
        let own = chosen(graph, matrix, column);
        let kept = Tensor::table(1, rows.rows(), rows.column(column).collect());
        let kept = graph.constant(&kept);
        let apart = graph.node(Operator::Sub, &[&own, &kept], &[]);
        let square = graph.node(Operator::Mul, &[&apart, &apart], &[]);
        sum = Some(match sum {
            None => square,
            Some(sum) => graph.node(Operator::Add, &[&sum, &square], &[]),
        });
    }
    sum.expect("rows are kept of a matrix that has columns")
}

/// `TopK` takes of equal distances the earlier row, as the program does.
pub(super) fn neighbours(graph: &mut Graph, matrix: &Value, model: &KnnModel) -> Value {
    let squares = squares(graph, matrix, model.rows());
    let count = i64::from(model.parameters().neighbors);
    let neighbours = graph.constant(&Tensor::integers(vec![count]));
    let nearest_first = [
        Attribute::Integer("axis", 1),
        Attribute::Integer("largest", 0),
    ];
    let [squares, places] = graph.several(Operator::TopK, &[&squares, &neighbours], &nearest_first);
    let (width, answers) = model.answers();
    let answers = graph.constant(&Tensor::table(model.rows().rows(), width, answers));
    let answers = graph.node(Operator::Gather, &[&answers, &places], &[]);
    match model.parameters().weights {
        NeighbourWeights::Uniform => {
            let total = graph.sum(&answers, 1, false);
            let count = graph.number(count as f64);
            graph.node(Operator::Div, &[&total, &count], &[])
        }
        NeighbourWeights::Distance => {
            let weights = by_distance(graph, &squares);
            let axis = graph.constant(&Tensor::integers(vec![2]));
            let of_each = graph.node(Operator::Unsqueeze, &[&weights, &axis], &[]);
            let weighted = graph.node(Operator::Mul, &[&answers, &of_each], &[]);
            let total = graph.sum(&weighted, 1, false);
            let all = graph.sum(&weights, 1, true);
            graph.node(Operator::Div, &[&total, &all], &[])
        }
    }
}

/// The nearest counts 1; rows at distance 0 count alone, and all the same where all are infinitely far.
fn by_distance(graph: &mut Graph, squares: &Value) -> Value {
    let (zero, one) = (graph.number(0.0), graph.number(1.0));
    let endless = graph.number(f64::INFINITY);
    let nearest = chosen(graph, squares, 0);
    let share = graph.node(Operator::Div, &[&nearest, squares], &[]);
    let share = graph.node(Operator::Sqrt, &[&share], &[]);
    let far = graph.node(Operator::Equal, &[&nearest, &endless], &[]);
    let share = graph.node(Operator::Where, &[&far, &one, &share], &[]);
    let same = graph.node(Operator::Equal, &[squares, &zero], &[]);
    let same = graph.cast(&same, Element::Double);
    let alone = graph.node(Operator::Equal, &[&nearest, &zero], &[]);
    graph.node(Operator::Where, &[&alone, &same, &share], &[])
}

pub(super) fn support_vectors(
    graph: &mut Graph,
    matrix: &Value,
    model: &SvmModel,
    output: Output,
) -> Value {
    let later = shares_of_pairs(graph, matrix, model);
    if output == Output::Probability {
        return later;
    }
    let classes = model.classes();
    let shares = match classes.len() {
        2 => {
            let one = graph.number(1.0);
            let earlier = graph.node(Operator::Sub, &[&one, &later], &[]);
            let side_by_side = [Attribute::Integer("axis", 1)];
            graph.node(Operator::Concat, &[&earlier, &later], &side_by_side)
        }
        known => couple(graph, &later, known),
    };
    if classes.len() == output.width() {
        return shares;
    }
    // A class that no train row has gets nothing.
    let of_class = |class: usize| {
        classes
            .iter()
            .map(move |known| f64::from(*known as usize == class))
    };
    let places = (0..output.width()).flat_map(of_class).collect();
    let places = graph.constant(&Tensor::table(output.width(), classes.len(), places));
    let transposed = Attribute::Integer("transB", 1);
    graph.node(Operator::Gemm, &[&shares, &places], &[transposed])
}

/// Of each pair of classes the share of the later one.
fn shares_of_pairs(graph: &mut Graph, matrix: &Value, model: &SvmModel) -> Value {
    let transposed = [Attribute::Integer("transB", 1)];
    let vectors = model.vectors();
    let likeness = match model.gamma() {
        Some(gamma) => {
            let squares = squares(graph, matrix, vectors);
            let fall = graph.number(-gamma);
            let exponents = graph.node(Operator::Mul, &[&squares, &fall], &[]);
            graph.node(Operator::Exp, &[&exponents], &[])
        }
        None => {
            let vectors =
                Tensor::table(vectors.rows(), vectors.columns(), vectors.values().to_vec());
            let vectors = graph.constant(&vectors);
            graph.node(Operator::Gemm, &[matrix, &vectors], &transposed)
        }
    };
    let functions = model.functions();
    let coefficients = functions.iter().flat_map(|f| f.coefficients.clone());
    let coefficients = Tensor::table(functions.len(), vectors.rows(), coefficients.collect());
    let coefficients = graph.constant(&coefficients);
    let mut numbers = |of: fn(&PairFunction) -> f64| {
        graph.constant(&Tensor::doubles(functions.iter().map(of).collect()))
    };
    let intercepts = numbers(|function| function.intercept);
    let slopes = numbers(|function| -function.slope);
    let offsets = numbers(|function| function.offset);
    let values = graph.node(
        Operator::Gemm,
        &[&likeness, &coefficients, &intercepts],
        &transposed,
    );
    let values = graph.node(Operator::Mul, &[&values, &slopes], &[]);
    let values = graph.node(Operator::Sub, &[&values, &offsets], &[]);
    graph.node(Operator::Sigmoid, &[&values], &[])
}

/// What `svm/coupling` solves by Cholesky, here by Gauss and Jordan: a matrix for each row, with the right side
/// as its last column; for each class in turn its line is divided by the pivot and taken from all others. The
/// matrix is positive definite, so no pivot has to be looked for.
fn couple(graph: &mut Graph, later: &Value, classes: usize) -> Value {
    let axis = |axis| [Attribute::Integer("axis", axis)];
    let one = graph.number(1.0);
    let mut system = equations(graph, later, classes);
    for class in 0..classes {
        let place = graph.constant(&Tensor::integers(vec![class as i64]));
        let line = graph.node(Operator::Gather, &[&system, &place], &axis(1));
        let pivot = graph.node(Operator::Gather, &[&line, &place], &axis(2));
        let line = graph.node(Operator::Div, &[&line, &pivot], &[]);
        let column = graph.node(Operator::Gather, &[&system, &place], &axis(2));
        // So that the line itself becomes what it was divided to.
        let own = (0..classes).map(|at| f64::from(at == class));
        let own = graph.constant(&Tensor::table(classes, 1, own.collect()));
        let column = graph.node(Operator::Sub, &[&column, &own], &[]);
        let taken = graph.node(Operator::Mul, &[&column, &line], &[]);
        system = graph.node(Operator::Sub, &[&system, &taken], &[]);
    }
    let right = graph.constant(&Tensor::integers(vec![classes as i64]));
    let solution = graph.node(Operator::Gather, &[&system, &right], &axis(2));
    let shape = graph.constant(&Tensor::integers(vec![-1, classes as i64]));
    let solution = graph.node(Operator::Reshape, &[&solution, &shape], &[]);
    let least = graph.number(0.0);
    let parts = graph.node(Operator::Clip, &[&solution, &least, &one], &[]);
    let all = graph.sum(&parts, 1, true);
    graph.node(Operator::Div, &[&parts, &all], &[])
}

/// Q + 1·1ᵀ with a column of ones, see `svm/coupling`: rows, classes, classes and one more.
fn equations(graph: &mut Graph, later: &Value, classes: usize) -> Value {
    let (zero, one) = (graph.number(0.0), graph.number(1.0));
    let (least, most) = (graph.number(LEAST_SHARE), graph.number(1.0 - LEAST_SHARE));
    let later = graph.node(Operator::Clip, &[later, &least, &most], &[]);
    let earlier = graph.node(Operator::Sub, &[&one, &later], &[]);
    let none = chosen(graph, &later, 0);
    let none = graph.node(Operator::Mul, &[&none, &zero], &[]);
    let side_by_side = [Attribute::Integer("axis", 1)];
    let all = graph.node(Operator::Concat, &[&later, &earlier, &none], &side_by_side);
    // Where among them the share of one class against another stands; against itself it has none.
    let count = classes * (classes - 1) / 2;
    let mut places = vec![2 * count as i64; classes * classes];
    for (at, (first, second)) in pairs(classes).enumerate() {
        places[second * classes + first] = at as i64;
        places[first * classes + second] = (count + at) as i64;
    }
    let shape = graph.constant(&Tensor::integers(vec![-1, classes as i64, classes as i64]));
    let mut square = |places: Vec<i64>| {
        let places = graph.constant(&Tensor::integers(places));
        let cells = graph.node(Operator::Gather, &[&all, &places], &side_by_side);
        graph.node(Operator::Reshape, &[&cells, &shape], &[])
    };
    let transposed = |at: usize| places[at % classes * classes + at / classes];
    let others = square((0..classes * classes).map(transposed).collect());
    let own = square(places.clone());
    let products = graph.node(Operator::Mul, &[&own, &others], &[]);
    let matrix = graph.node(Operator::Sub, &[&one, &products], &[]);
    let squares = graph.node(Operator::Mul, &[&others, &others], &[]);
    let squares = graph.sum(&squares, 2, true);
    let diagonal = (0..classes * classes).map(|at| f64::from(at / classes == at % classes));
    let diagonal = graph.constant(&Tensor::table(classes, classes, diagonal.collect()));
    let diagonal = graph.node(Operator::Mul, &[&squares, &diagonal], &[]);
    let matrix = graph.node(Operator::Add, &[&matrix, &diagonal], &[]);
    let right = graph.node(Operator::Mul, &[&squares, &zero], &[]);
    let right = graph.node(Operator::Add, &[&right, &one], &[]);
    graph.node(
        Operator::Concat,
        &[&matrix, &right],
        &[Attribute::Integer("axis", 2)],
    )
}
