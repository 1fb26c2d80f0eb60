//! A model as a graph of ONNX: raw features in, what is predicted out, all in doubles.
//!
//! Every feature is an input of its own with one column, under its full name: numbers as doubles, where NaN is
//! null, and texts (bools as `true` and `false`), where the empty text is null. The outputs are named as the
//! fields of a reply of `predict`. Encoding and estimator are drawn with the operators that do the same in
//! double precision, so that both agree but for the last digits of sums.
//!
//! A row that the program would refuse, for a null that the run forbids, has NaN, −1 or the empty text in its
//! outputs. So has one whose numbers leave the range of an f64 on the way. Derived features are no inputs: they are
//! computed in the file.

mod calibration;
mod estimator;
mod expression;
mod rows;
mod trees;

use std::collections::BTreeMap;

use serde::Serialize;

use super::encode::element_of;
use super::{FittedModel, Model, Outcome};
use crate::error::{Error, Kind, Result};
use crate::onnx::{Attribute, Element, Graph, LARGEST_FILE, Operator, Tensor, Value};

/// A file of ONNX, and what it takes and gives.
#[derive(Debug)]
pub struct OnnxModel {
    pub bytes: Vec<u8>,
    /// In name order.
    pub inputs: Vec<OnnxValue>,
    pub outputs: Vec<OnnxValue>,
}

/// How a file takes features and gives what is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnnxForm {
    /// Every input has one column; all probabilities of several classes are one output.
    Columns,
    /// As a data frame is handed over by those who take one column of it after the other: inputs have no second axis, unless
    /// there is but one, and each class has an output of its own, `probability[CLASS]`.
    Frame,
}

/// An input or output. It has as many rows as are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnnxValue {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub columns: usize,
}

impl OnnxValue {
    fn new(name: &str, element: Element, columns: usize) -> Self {
        let kind = match element {
            Element::Byte => "uint8",
            Element::Integer => "int64",
            Element::Text => "string",
            Element::Double => "double",
        };
        Self {
            name: name.to_string(),
            kind,
            columns,
        }
    }
}

impl Model {
    /// The model as a file of ONNX. `threshold` is what a probability of two classes must reach to be
    /// predicted positive, unless a rule picked another; `known` is what else stands in the file, by name.
    ///
    /// # Errors
    /// [`Kind::DataRefused`] where the file would be 2 GiB or more; [`Kind::Usage`] where a derived feature has a
    /// part that ONNX has no operator for.
    pub fn to_onnx(
        &self,
        form: OnnxForm,
        threshold: f64,
        known: &[(&str, String)],
    ) -> Result<OnnxModel> {
        let mut graph = Graph::default();
        let mut features: BTreeMap<&str, Value> = BTreeMap::new();
        for feature in &self.features {
            let (name, element) = (&feature.name, element_of(feature.kind));
            let input = match (form, self.features.len()) {
                (OnnxForm::Frame, 2..) => graph.list(name, element),
                _ => graph.input(name, element, 1),
            };
            features.insert(name, input);
        }
        for derived in &self.derived {
            let drawn = expression::derived(&mut graph, &features, derived)?;
            features.insert(derived.name.as_str(), drawn);
        }
        let Some(matrix) = self.encoder.draw(&mut graph, &features) else {
            return Err(Error::failure(
                "the model has no features, so no rows either",
            ));
        };
        let mut scores = self.draw_estimator(&mut graph, &matrix);
        if let Some(calibration) = &self.calibration {
            scores = calibration::calibrated(&mut graph, &scores, calibration);
        }
        let threshold = self.decides_from(threshold);
        let refused = draw_refused(&mut graph, &matrix);
        let scores = graph.node(Operator::Add, &[&scores, &refused], &[]);
        let mut known = known.to_vec();
        let outputs = match &self.outcome {
            Outcome::Binary => {
                known.push(("threshold", threshold.to_string()));
                two_classes(&mut graph, &scores, threshold)
            }
            Outcome::Multiclass(classes) => {
                known.push(("classes", serde_json::json!(classes).to_string()));
                several_classes(&mut graph, form, &scores, classes)
            }
            Outcome::Regression => {
                let mut outputs = Outputs::new(&mut graph);
                outputs.give("prediction", &scores, Element::Double, 1);
                outputs.given
            }
        };
        let inputs = self.features.iter();
        let inputs = inputs.map(|input| OnnxValue::new(&input.name, element_of(input.kind), 1));
        let bytes = graph.into_file(
            "model",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            &known,
        );
        if bytes.len() > LARGEST_FILE {
            let message = "the file would be 2 GiB or more, which no reader of ONNX takes";
            return Err(Error::new(Kind::DataRefused, message)
                .help("take fewer or smaller trees under [model]"));
        }
        Ok(OnnxModel {
            bytes,
            inputs: inputs.collect(),
            outputs,
        })
    }

    /// What the estimator says of each row, before rows are refused.
    fn draw_estimator(&self, graph: &mut Graph, matrix: &Value) -> Value {
        let output = self.outcome.output();
        match &self.fitted {
            FittedModel::Forest(forest) => trees::forest(graph, matrix, forest),
            FittedModel::GradientBoosting(boosted) => {
                let scores = trees::boosted(graph, matrix, boosted);
                estimator::linked(graph, &scores, output)
            }
            FittedModel::LogisticRegression(model) | FittedModel::LinearRegression(model) => {
                let sums = estimator::linear(graph, matrix, model);
                estimator::linked(graph, &sums, output)
            }
            FittedModel::GaussianNb(model) => estimator::naive_bayes(graph, matrix, model, output),
            FittedModel::Prior(prior) => graph.constant(&Tensor::doubles(prior.answer.clone())),
            FittedModel::Knn(model) => rows::neighbours(graph, matrix, model),
            FittedModel::Svm(model) => rows::support_vectors(graph, matrix, model, output),
        }
    }
}

/// One column: 0, or NaN where a number of the row is not finite.
fn draw_refused(graph: &mut Graph, matrix: &Value) -> Value {
    let zero = graph.number(0.0);
    let zeros = graph.node(Operator::Mul, &[matrix, &zero], &[]);
    graph.sum(&zeros, 1, true)
}

/// Values are given out, and remembered.
struct Outputs<'a> {
    graph: &'a mut Graph,
    given: Vec<OnnxValue>,
}

impl<'a> Outputs<'a> {
    fn new(graph: &'a mut Graph) -> Self {
        let given = Vec::new();
        Self { graph, given }
    }

    fn give(&mut self, name: &str, value: &Value, element: Element, columns: usize) {
        self.graph.output(name, value, element, columns);
        self.given.push(OnnxValue::new(name, element, columns));
    }
}

fn two_classes(graph: &mut Graph, probability: &Value, threshold: f64) -> Vec<OnnxValue> {
    let threshold = graph.number(threshold);
    let reaches = graph.node(Operator::GreaterOrEqual, &[probability, &threshold], &[]);
    let positive = graph.cast(&reaches, Element::Integer);
    let refused = graph.node(Operator::IsNaN, &[probability], &[]);
    let none = graph.constant(&Tensor::integers(vec![-1]));
    let prediction = graph.node(Operator::Where, &[&refused, &none, &positive], &[]);
    let mut outputs = Outputs::new(graph);
    outputs.give("prediction", &prediction, Element::Integer, 1);
    outputs.give("probability", probability, Element::Double, 1);
    outputs.given
}

/// The most probable class, of equal ones the first.
fn several_classes(
    graph: &mut Graph,
    form: OnnxForm,
    probabilities: &Value,
    classes: &[String],
) -> Vec<OnnxValue> {
    let first = [
        Attribute::Integer("axis", 1),
        Attribute::Integer("keepdims", 1),
    ];
    let place = graph.node(Operator::ArgMax, &[probabilities], &first);
    let names = graph.constant(&Tensor::texts(classes.to_vec()));
    let name = graph.node(Operator::Gather, &[&names, &place], &[]);
    let axis = graph.constant(&Tensor::integers(vec![1]));
    let probability = graph.node(Operator::ReduceMax, &[probabilities, &axis], &[]);
    let refused = graph.node(Operator::IsNaN, &[&probability], &[]);
    let none = graph.constant(&Tensor::texts(vec![String::new()]));
    let prediction = graph.node(Operator::Where, &[&refused, &none, &name], &[]);
    let mut outputs = Outputs::new(graph);
    outputs.give("prediction", &prediction, Element::Text, 1);
    outputs.give("probability", &probability, Element::Double, 1);
    if form == OnnxForm::Columns {
        let width = classes.len();
        outputs.give("probabilities", probabilities, Element::Double, width);
        return outputs.given;
    }
    for (at, class) in (0..).zip(classes) {
        let place = outputs.graph.constant(&Tensor::integers(vec![at]));
        let along = [Attribute::Integer("axis", 1)];
        let column = outputs
            .graph
            .node(Operator::Gather, &[probabilities, &place], &along);
        outputs.give(
            &format!("probability[{class}]"),
            &column,
            Element::Double,
            1,
        );
    }
    outputs.given
}

#[cfg(test)]
mod tests;
