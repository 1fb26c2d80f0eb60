//! How features become matrix columns, as operators of ONNX. The graph around them is drawn in `learn/onnx`.

use std::collections::BTreeMap;

use super::categorical::{CategoricalEncoder, Code};
use super::numeric::{Bins, Clip, NumericEncoder, Standardization};
use super::{Encoder, Encoding};
use crate::learn::FeatureKind;
use crate::onnx::{Attribute, Element, Graph, Operator, Tensor, Value};

impl Encoder {
    /// Gives the matrix, of features by name; none where it has no column. A null that the run forbids is NaN in
    /// the columns of its feature.
    pub(in crate::learn) fn draw(
        &self,
        graph: &mut Graph,
        inputs: &BTreeMap<&str, Value>,
    ) -> Option<Value> {
        let mut columns = Vec::new();
        for feature in self.features.iter().filter(|it| it.encoding.width() > 0) {
            let input = inputs.get(feature.name.as_str())?;
            columns.push(match &feature.encoding {
                Encoding::Numeric(numeric) => numeric.draw(graph, input),
                Encoding::Categorical(categorical) => categorical.draw(graph, input),
            });
        }
        let side_by_side = [Attribute::Integer("axis", 1)];
        let columns: Vec<&Value> = columns.iter().collect();
        (!columns.is_empty()).then(|| graph.node(Operator::Concat, &columns, &side_by_side))
    }
}

/// What an input of that kind is made of.
pub(in crate::learn) fn element_of(kind: FeatureKind) -> Element {
    match kind {
        FeatureKind::Numeric => Element::Double,
        FeatureKind::Categorical => Element::Text,
    }
}

/// A column of 0 and 1 for each number that the one of a row may be.
fn one_of(graph: &mut Graph, value: &Value, numbers: &Tensor) -> Value {
    let numbers = graph.constant(numbers);
    let is = graph.node(Operator::Equal, &[value, &numbers], &[]);
    graph.cast(&is, Element::Double)
}

impl NumericEncoder {
    fn draw(&self, graph: &mut Graph, input: &Value) -> Value {
        let mut value = input.clone();
        if let Some(fill) = self.fill {
            let (null, fill) = (
                graph.node(Operator::IsNaN, &[input], &[]),
                graph.number(fill),
            );
            value = graph.node(Operator::Where, &[&null, &fill, input], &[]);
        }
        if let Some(Clip { low, high }) = self.clip {
            let (low, high) = (graph.number(low), graph.number(high));
            value = graph.node(Operator::Clip, &[&value, &low, &high], &[]);
        }
        if self.log {
            let sign = graph.node(Operator::Sign, &[&value], &[]);
            let size = graph.node(Operator::Abs, &[&value], &[]);
            let log = ln_1p(graph, &size);
            value = graph.node(Operator::Mul, &[&sign, &log], &[]);
        }
        if let Some(bins) = &self.bins {
            return bins.draw(graph, &value);
        }
        if let Some(Standardization { mean, scale }) = self.standardize {
            let (mean, scale) = (graph.number(mean), graph.number(scale));
            let apart = graph.node(Operator::Sub, &[&value, &mean], &[]);
            value = graph.node(Operator::Div, &[&apart, &scale], &[]);
        }
        value
    }
}

impl Bins {
    /// The place of an interval is the number of edges up to the value.
    fn draw(&self, graph: &mut Graph, value: &Value) -> Value {
        let zero = graph.number(0.0);
        // NaN of NaN.
        let nothing = graph.node(Operator::Mul, &[value, &zero], &[]);
        let Self(edges) = self;
        let place = match edges.len() {
            0 => nothing.clone(),
            _ => {
                let edges = graph.constant(&Tensor::doubles(edges.clone()));
                let reached = graph.node(Operator::GreaterOrEqual, &[value, &edges], &[]);
                let reached = graph.cast(&reached, Element::Double);
                graph.sum(&reached, 1, true)
            }
        };
        let places = (0..=edges.len()).map(|place| place as f64).collect();
        let cells = one_of(graph, &place, &Tensor::doubles(places));
        graph.node(Operator::Add, &[&cells, &nothing], &[])
    }
}

/// ln(1 + x) of x ≥ 0, also where 1 + x has lost most digits of x: with u = 1 + x as it is rounded, ln(u)·x/(u − 1),
/// and x where u is 1 (Kahan; theorem 4 of Goldberg, *What Every Computer Scientist Should Know About
/// Floating-Point Arithmetic*, 1991).
fn ln_1p(graph: &mut Graph, x: &Value) -> Value {
    let (one, zero) = (graph.number(1.0), graph.number(0.0));
    let rounded = graph.node(Operator::Add, &[x, &one], &[]);
    let kept = graph.node(Operator::Sub, &[&rounded, &one], &[]);
    let nothing = graph.node(Operator::Equal, &[&kept, &zero], &[]);
    // Never divided by 0, though what is not chosen would do no harm.
    let divisor = graph.node(Operator::Where, &[&nothing, &one, &kept], &[]);
    let share = graph.node(Operator::Div, &[x, &divisor], &[]);
    let log = graph.node(Operator::Log, &[&rounded], &[]);
    let log = graph.node(Operator::Mul, &[&log, &share], &[]);
    graph.node(Operator::Where, &[&nothing, x, &log], &[])
}

impl CategoricalEncoder {
    /// Text to place, and place to cells. Behind the places stand that of an unknown category, and that of a
    /// null which is refused.
    fn draw(&self, graph: &mut Graph, input: &Value) -> Value {
        let known = self.known();
        let (unknown, refused) = (known, known + 1);
        let place = |value: Option<&str>| self.place(value).unwrap_or(unknown) as i64;
        let null = match self.refuses_null() {
            true => refused as i64,
            false => place(None),
        };
        // The empty text is null, and no category.
        let categories = self
            .categories
            .iter()
            .filter(|category| !category.is_empty());
        let keys = categories.clone().cloned().chain([String::new()]);
        let places = categories
            .map(|category| place(Some(category)))
            .chain([null]);
        // What stands in no list is unknown, or rare where rare ones are folded.
        let other = match self.rare {
            true => known - 1,
            false => unknown,
        };
        let attributes = [
            Attribute::Texts("keys_strings", keys.collect()),
            Attribute::Integers("values_int64s", places.collect()),
            Attribute::Integer("default_int64", other as i64),
        ];
        let place = graph.node(Operator::LabelEncoder, &[input], &attributes);
        match self.code {
            Code::OneHot => {
                let places = (0..known as i64).collect();
                let cells = one_of(graph, &place, &Tensor::integers(places));
                let refused = graph.constant(&Tensor::integers(vec![refused as i64]));
                let is_refused = graph.node(Operator::Equal, &[&place, &refused], &[]);
                let none = graph.number(f64::NAN);
                graph.node(Operator::Where, &[&is_refused, &none, &cells], &[])
            }
            Code::Ordinal { .. } | Code::Target(_) => {
                let width = self.width();
                let mut table = vec![f64::NAN; (known + 2) * width];
                for (place, cells) in table.chunks_exact_mut(width).take(known + 1).enumerate() {
                    self.write((place < known).then_some(place), cells);
                }
                let table = graph.constant(&Tensor::table(known + 2, width, table));
                let cells = graph.node(Operator::Gather, &[&table, &place], &[]);
                let axis = graph.constant(&Tensor::integers(vec![1]));
                graph.node(Operator::Squeeze, &[&cells, &axis], &[])
            }
        }
    }
}
