//! Operators, what they are applied to, and the file around them.

use super::tensor::{Element, Tensor};
use super::wire::Message;

/// What is computed; named as in <https://onnx.ai/onnx/operators/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Abs,
    Add,
    ArgMax,
    Cast,
    Ceil,
    Clip,
    Concat,
    Div,
    Equal,
    Exp,
    Floor,
    Gather,
    Gemm,
    GreaterOrEqual,
    Identity,
    IsNaN,
    LabelEncoder,
    Log,
    Mod,
    Mul,
    Pow,
    ReduceMax,
    ReduceSum,
    Reshape,
    Sigmoid,
    Sign,
    Softmax,
    Sqrt,
    Squeeze,
    Sub,
    TopK,
    TreeEnsemble,
    Unsqueeze,
    Where,
}

/// The domain of operators that are machine learning's alone.
const LEARNING: &str = "ai.onnx.ml";
const OPERATORS_VERSION: i64 = 21;
const LEARNING_VERSION: i64 = 5;
const IR_VERSION: i64 = 10;
/// What the first axis of every input and output is called: it may have any length.
const ROWS: &str = "rows";

/// Something that a node takes or gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(String);

/// What a node is told beside its inputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    Integer(&'static str, i64),
    Integers(&'static str, Vec<i64>),
    Texts(&'static str, Vec<String>),
    Tensor(&'static str, Tensor),
    /// The element a `Cast` is to.
    Element(&'static str, Element),
}

impl Attribute {
    /// `AttributeProto`: the name, the value in the field of its type, and the type.
    fn message(&self) -> Message {
        let mut message = Message::default();
        let kind = match self {
            Self::Integer(name, value) => {
                message.text(1, name);
                message.integer(3, *value);
                2
            }
            Self::Element(name, element) => {
                message.text(1, name);
                message.integer(3, element.number());
                2
            }
            Self::Tensor(name, tensor) => {
                message.text(1, name);
                message.message(5, &tensor.message(""));
                4
            }
            Self::Integers(name, values) => {
                message.text(1, name);
                message.integers(8, values);
                7
            }
            Self::Texts(name, values) => {
                message.text(1, name);
                values.iter().for_each(|text| message.text(9, text));
                8
            }
        };
        message.integer(20, kind);
        message
    }
}

/// A graph that grows from its inputs to its outputs.
///
/// Nodes stand in the order of their making, so that each comes after what it takes. Their values are
/// called `n1`, `n2`, … and constants `c1`, `c2`, …; names of inputs and outputs are the caller's.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Message,
    constants: Message,
    inputs: Message,
    outputs: Message,
    made: usize,
}

impl Graph {
    /// An input of so many columns.
    pub fn input(&mut self, name: &str, element: Element, columns: usize) -> Value {
        self.inputs
            .message(11, &described(name, element, &[columns]));
        Value(name.to_string())
    }

    /// An input of one number or text a row, without a second axis; as a column.
    pub fn list(&mut self, name: &str, element: Element) -> Value {
        self.inputs.message(11, &described(name, element, &[]));
        let axis = self.constant(&Tensor::integers(vec![1]));
        self.node(Operator::Unsqueeze, &[&Value(name.to_string()), &axis], &[])
    }

    /// Gives a value out under a name.
    pub fn output(&mut self, name: &str, value: &Value, element: Element, columns: usize) {
        self.push(
            Operator::Identity,
            &[value],
            &[Value(name.to_string())],
            &[],
        );
        self.outputs
            .message(12, &described(name, element, &[columns]));
    }

    pub fn constant(&mut self, tensor: &Tensor) -> Value {
        self.made += 1;
        let name = format!("c{}", self.made);
        self.constants.message(5, &tensor.message(&name));
        Value(name)
    }

    /// What an operator makes of values.
    pub fn node(
        &mut self,
        operator: Operator,
        inputs: &[&Value],
        attributes: &[Attribute],
    ) -> Value {
        let [value] = self.several(operator, inputs, attributes);
        value
    }

    /// What an operator makes that gives several values.
    pub fn several<const N: usize>(
        &mut self,
        operator: Operator,
        inputs: &[&Value],
        attributes: &[Attribute],
    ) -> [Value; N] {
        let values = std::array::from_fn(|_| {
            self.made += 1;
            Value(format!("n{}", self.made))
        });
        self.push(operator, inputs, &values, attributes);
        values
    }

    /// The sum along an axis, which stays with length 1 or goes.
    pub fn sum(&mut self, of: &Value, axis: i64, keeps: bool) -> Value {
        let axis = self.constant(&Tensor::integers(vec![axis]));
        let keeps = Attribute::Integer("keepdims", i64::from(keeps));
        self.node(Operator::ReduceSum, &[of, &axis], &[keeps])
    }

    pub fn cast(&mut self, value: &Value, to: Element) -> Value {
        self.node(Operator::Cast, &[value], &[Attribute::Element("to", to)])
    }

    pub fn number(&mut self, number: f64) -> Value {
        self.constant(&Tensor::double(number))
    }

    /// `NodeProto`: inputs, outputs, the operator, attributes, the domain.
    fn push(
        &mut self,
        operator: Operator,
        inputs: &[&Value],
        outputs: &[Value],
        attributes: &[Attribute],
    ) {
        let mut node = Message::default();
        for Value(input) in inputs {
            node.text(1, input);
        }
        for Value(output) in outputs {
            node.text(2, output);
        }
        node.text(4, &format!("{operator:?}"));
        for attribute in attributes {
            node.message(5, &attribute.message());
        }
        if matches!(operator, Operator::LabelEncoder | Operator::TreeEnsemble) {
            node.text(7, LEARNING);
        }
        self.nodes.message(1, &node);
    }

    /// The file: `ModelProto`, with who made it and what else is to be known, by name.
    pub fn into_file(
        self,
        name: &str,
        producer: &str,
        version: &str,
        known: &[(&str, String)],
    ) -> Vec<u8> {
        let mut graph = self.nodes;
        graph.text(2, name);
        for part in [&self.constants, &self.inputs, &self.outputs] {
            graph.append(part);
        }
        let mut model = Message::default();
        model.integer(1, IR_VERSION);
        model.text(2, producer);
        model.text(3, version);
        model.message(7, &graph);
        for (domain, version) in [("", OPERATORS_VERSION), (LEARNING, LEARNING_VERSION)] {
            let mut operators = Message::default();
            operators.text(1, domain);
            operators.integer(2, version);
            model.message(8, &operators);
        }
        for (key, value) in known {
            let mut entry = Message::default();
            entry.text(1, key);
            entry.text(2, value);
            model.message(14, &entry);
        }
        model.into_bytes()
    }
}

/// `ValueInfoProto` of a tensor with rows, and further axes of such lengths.
fn described(name: &str, element: Element, axes: &[usize]) -> Message {
    let mut rows = Message::default();
    rows.text(2, ROWS);
    let mut shape = Message::default();
    shape.message(1, &rows);
    for length in axes {
        let mut axis = Message::default();
        axis.integer(1, *length as i64);
        shape.message(1, &axis);
    }
    let mut tensor = Message::default();
    tensor.integer(1, element.number());
    tensor.message(2, &shape);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut described = Message::default();
    described.text(1, name);
    described.message(2, &kind);
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Message by message, as `protoc --decode_raw` would show it.
    #[test]
    fn a_small_file_has_these_bytes() {
        let mut graph = Graph::default();
        let x = graph.input("t.x", Element::Double, 1);
        let one = graph.constant(&Tensor::double(1.0));
        let sum = graph.node(Operator::Add, &[&x, &one], &[]);
        graph.output("y", &sum, Element::Double, 1);
        let file = graph.into_file("g", "p", "1", &[("k", "v".to_string())]);
        let described = |name: &str| {
            let shape = b"\x0a\x06\x12\x04rows\x0a\x02\x08\x01";
            let tensor = [b"\x08\x0b\x12\x0c", &shape[..]].concat();
            let kind = [b"\x0a\x10", &tensor[..]].concat();
            let length = name.len() as u8;
            [&[0x0a, length], name.as_bytes(), b"\x12\x12", &kind[..]].concat()
        };
        let mut inner = b"\x0a\x12\x0a\x03t.x\x0a\x02c1\x12\x02n2\x22\x03Add".to_vec();
        inner.extend(b"\x0a\x11\x0a\x02n2\x12\x01y\x22\x08Identity");
        inner.extend(b"\x12\x01g");
        inner.extend(b"\x2a\x12\x0a\x00\x10\x0b\x4a\x08\0\0\0\0\0\0\xf0\x3f\x42\x02c1");
        let (input, output) = (described("t.x"), described("y"));
        inner.extend([&[0x5a, input.len() as u8], &input[..]].concat());
        inner.extend([&[0x62, output.len() as u8], &output[..]].concat());
        let mut expected = b"\x08\x0a\x12\x01p\x1a\x011\x3a".to_vec();
        expected.push(inner.len() as u8);
        expected.extend(inner);
        expected.extend(b"\x42\x04\x0a\x00\x10\x15\x42\x0e\x0a\x0aai.onnx.ml\x10\x05");
        expected.extend(b"\x72\x06\x0a\x01k\x12\x01v");
        assert_eq!(file, expected);
    }

    #[test]
    fn attributes_name_their_type() {
        let bytes = |attribute: Attribute| attribute.message().into_bytes();
        let ends_in = |attribute: Attribute, kind: u8| {
            let bytes = bytes(attribute);
            assert_eq!(bytes[bytes.len() - 3..], [0xa0, 0x01, kind], "{bytes:?}");
        };
        assert_eq!(
            bytes(Attribute::Integer("axis", -1))[..8],
            [0x0a, 4, b'a', b'x', b'i', b's', 0x18, 0xff]
        );
        assert_eq!(
            bytes(Attribute::Element("to", Element::Double))[4..6],
            [0x18, 11]
        );
        assert_eq!(
            bytes(Attribute::Texts("k", vec!["a".into()]))[3..6],
            [0x4a, 1, b'a']
        );
        assert_eq!(
            bytes(Attribute::Integers("k", vec![1, 2]))[3..7],
            [0x42, 2, 1, 2]
        );
        ends_in(Attribute::Integer("k", 1), 2);
        ends_in(Attribute::Element("k", Element::Text), 2);
        ends_in(Attribute::Tensor("k", Tensor::doubles(vec![1.0])), 4);
        ends_in(Attribute::Integers("k", Vec::new()), 7);
        ends_in(Attribute::Texts("k", Vec::new()), 8);
    }

    #[test]
    fn operators_of_learning_name_their_domain() {
        let domain = |operator| {
            let mut graph = Graph::default();
            graph.node(operator, &[], &[]);
            let nodes = graph.nodes.into_bytes();
            nodes.ends_with(b"\x3a\x0aai.onnx.ml")
        };
        assert!(domain(Operator::TreeEnsemble) && domain(Operator::LabelEncoder));
        assert!(!domain(Operator::Where));
    }
}
