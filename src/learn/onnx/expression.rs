//! Expressions of derived features as operators of ONNX.
//!
//! A number is a double, and NaN is null. A bool is 1 or 0, and NaN is null. A text is a text, and the empty one is
//! null. Integers are drawn as doubles too: beyond 2⁵³ they lose digits that the program keeps.
//!
//! What ONNX has no operator for in double precision is refused: dates, texts that are ordered or cast, and
//! rounding to digits.

use std::collections::BTreeMap;

use crate::definition::expression::{Arithmetic, Function, Node, Relation};
use crate::definition::{DerivedFeature, Dtype};
use crate::error::{Error, Result};
use crate::onnx::{Attribute, Element, Graph, Operator, Tensor, Value};

/// Draws a derived feature over the inputs of a graph, as an input of its kind would be.
///
/// # Errors
/// [`crate::error::Kind::Usage`] with the part that ONNX has no operators for.
pub fn derived(
    graph: &mut Graph,
    inputs: &BTreeMap<&str, Value>,
    derived: &DerivedFeature,
) -> Result<Value> {
    let root = derived.expression.root();
    let drawn = Drawing { graph, inputs }.value(root);
    let drawn = drawn.map_err(|Undrawn(part)| {
        Error::usage(format!(
            "`{}` cannot be written as ONNX: it has no operator for {part}",
            derived.name
        ))
        .help("leave the feature out of [preprocess.derived], or derive it in a table's file")
    })?;
    Ok(match derived.expression.dtype() {
        Dtype::Bool => words(graph, &drawn),
        _ => drawn,
    })
}

/// `true`, `false` or the empty text for 1, 0 or NaN: how categories come to an encoder.
fn words(graph: &mut Graph, truth: &Value) -> Value {
    let [yes, no, null] = ["true", "false", ""].map(|word| text(graph, word));
    let is_null = graph.node(Operator::IsNaN, &[truth], &[]);
    let half = graph.number(0.5);
    let is_true = graph.node(Operator::GreaterOrEqual, &[truth, &half], &[]);
    let known = graph.node(Operator::Where, &[&is_true, &yes, &no], &[]);
    graph.node(Operator::Where, &[&is_null, &null, &known], &[])
}

fn text(graph: &mut Graph, text: &str) -> Value {
    graph.constant(&Tensor::texts(vec![text.to_string()]))
}

/// What there is no operator for.
struct Undrawn(String);

type Drawn = Result<Value, Undrawn>;

fn undrawn(what: impl Into<String>) -> Drawn {
    Err(Undrawn(what.into()))
}

struct Drawing<'a> {
    graph: &'a mut Graph,
    inputs: &'a BTreeMap<&'a str, Value>,
}

impl Drawing<'_> {
    /// A part as a value of its type; a bare NULL as a number.
    fn value(&mut self, node: &Node) -> Drawn {
        match node {
            Node::Null => Ok(self.number(f64::NAN)),
            Node::Bool(value) => Ok(self.number(f64::from(u8::from(*value)))),
            Node::I64(value) => Ok(self.number(*value as f64)),
            Node::F64(value) => Ok(self.number(*value)),
            Node::String(value) => Ok(text(self.graph, value)),
            Node::Date(_) | Node::Extract { .. } => undrawn("dates"),
            Node::Column(name, dtype) | Node::Feature(name, dtype) => {
                self.input(name.as_str(), *dtype)
            }
            Node::Negate(operand) => {
                let zero = self.number(0.0);
                let operand = self.value(operand)?;
                Ok(self.binary(Operator::Sub, &zero, &operand))
            }
            Node::Arithmetic {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Ok(self.arithmetic(*operator, &left, &right, node.dtype()))
            }
            Node::Case {
                subject,
                branches,
                otherwise,
            } => self.case(
                subject.as_deref(),
                branches,
                otherwise.as_deref(),
                node.dtype(),
            ),
            Node::Call {
                function,
                arguments,
            } => self.call(*function, arguments, node.dtype()),
            Node::Cast { operand, to } => self.cast(operand, *to),
            Node::Compare { .. }
            | Node::Not(_)
            | Node::And(..)
            | Node::Or(..)
            | Node::IsNull { .. }
            | Node::Between { .. }
            | Node::In { .. } => self.condition(node),
        }
    }

    fn arithmetic(
        &mut self,
        operator: Arithmetic,
        left: &Value,
        right: &Value,
        dtype: Option<Dtype>,
    ) -> Value {
        let operator = match operator {
            Arithmetic::Add => Operator::Add,
            Arithmetic::Subtract => Operator::Sub,
            Arithmetic::Multiply => Operator::Mul,
            Arithmetic::Divide => Operator::Div,
            Arithmetic::Remainder => Operator::Mod,
        };
        // Without it, `Mod` is of integers alone.
        let like_c = [Attribute::Integer("fmod", 1)];
        let attributes = match operator {
            Operator::Mod => &like_c[..],
            _ => &[],
        };
        let result = self.graph.node(operator, &[left, right], attributes);
        self.within_range(&result, dtype)
    }

    /// What is true, false or null by its form.
    fn condition(&mut self, node: &Node) -> Drawn {
        let (truth, negated) = match node {
            Node::Compare {
                relation,
                left,
                right,
            } => (self.compare(*relation, left, right)?, false),
            Node::Not(operand) => (self.value(operand)?, true),
            Node::And(left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                (self.and(&left, &right), false)
            }
            Node::Or(left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                (self.or(&left, &right), false)
            }
            Node::IsNull { operand, negated } => {
                let value = self.value(operand)?;
                let is_null = self.is_null(&value, operand.dtype());
                (self.graph.cast(&is_null, Element::Double), *negated)
            }
            Node::Between {
                operand,
                low,
                high,
                negated,
            } => {
                let above = self.compare(Relation::AtLeast, operand, low)?;
                let below = self.compare(Relation::AtMost, operand, high)?;
                (self.and(&above, &below), *negated)
            }
            Node::In {
                operand,
                list,
                negated,
            } => {
                let mut any = self.number(0.0);
                for item in list {
                    let equal = self.compare(Relation::Equal, operand, item)?;
                    any = self.or(&any, &equal);
                }
                (any, *negated)
            }
            other => (self.value(other)?, false),
        };
        Ok(if negated { self.negated(&truth) } else { truth })
    }

    /// The same, where a bare NULL is of a type.
    fn typed(&mut self, node: &Node, dtype: Option<Dtype>) -> Drawn {
        match (node, dtype) {
            (Node::Null, dtype) => Ok(self.null(dtype)),
            _ => self.value(node),
        }
    }

    fn number(&mut self, number: f64) -> Value {
        self.graph.number(number)
    }

    fn null(&mut self, dtype: Option<Dtype>) -> Value {
        match dtype {
            Some(Dtype::String) => text(self.graph, ""),
            _ => self.number(f64::NAN),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Value, right: &Value) -> Value {
        self.graph.node(operator, &[left, right], &[])
    }

    fn choose(&mut self, condition: &Value, then: &Value, otherwise: &Value) -> Value {
        self.graph
            .node(Operator::Where, &[condition, then, otherwise], &[])
    }

    fn input(&mut self, name: &str, dtype: Dtype) -> Drawn {
        let Some(input) = self.inputs.get(name).cloned() else {
            return undrawn(format!("`{name}`, which the model does not take"));
        };
        match dtype {
            Dtype::Bool => Ok(self.place_of(&input, &[("true", 1), ("false", 0)], -1)),
            Dtype::Date | Dtype::Datetime => undrawn("dates"),
            Dtype::String | Dtype::I64 | Dtype::F64 => Ok(input),
        }
    }

    /// The number of a text, or that of every other one; NaN for −1 and for the empty text.
    fn place_of(&mut self, value: &Value, places: &[(&str, i64)], other: i64) -> Value {
        let keys = places.iter().map(|(key, _)| (*key).to_string());
        let numbers = places.iter().map(|(_, place)| *place);
        let attributes = [
            Attribute::Texts("keys_strings", keys.chain([String::new()]).collect()),
            Attribute::Integers("values_int64s", numbers.chain([-1]).collect()),
            Attribute::Integer("default_int64", other),
        ];
        let place = self
            .graph
            .node(Operator::LabelEncoder, &[value], &attributes);
        let place = self.graph.cast(&place, Element::Double);
        let (zero, null) = (self.number(0.0), self.number(f64::NAN));
        let is_known = self.binary(Operator::GreaterOrEqual, &place, &zero);
        self.choose(&is_known, &place, &null)
    }

    /// Null where a result is no number of its type.
    fn within_range(&mut self, value: &Value, dtype: Option<Dtype>) -> Value {
        let end = match dtype {
            // 2⁶³, the first that is no i64.
            Some(Dtype::I64) => 9_223_372_036_854_775_808.0,
            _ => f64::INFINITY,
        };
        let (end, null) = (self.number(end), self.number(f64::NAN));
        let size = self.graph.node(Operator::Abs, &[value], &[]);
        let is_beyond = self.binary(Operator::GreaterOrEqual, &size, &end);
        self.choose(&is_beyond, &null, value)
    }

    /// 0, or NaN where one of them is null.
    fn null_of(&mut self, left: &Value, right: &Value) -> Value {
        let zero = self.number(0.0);
        let [left, right] = [left, right].map(|side| self.binary(Operator::Mul, side, &zero));
        self.binary(Operator::Add, &left, &right)
    }

    fn is_null(&mut self, value: &Value, dtype: Option<Dtype>) -> Value {
        let number = match dtype {
            Some(Dtype::String) => self.place_of(value, &[], 0),
            _ => value.clone(),
        };
        self.graph.node(Operator::IsNaN, &[&number], &[])
    }

    fn holds(&mut self, truth: &Value) -> Value {
        let half = self.number(0.5);
        self.binary(Operator::GreaterOrEqual, truth, &half)
    }

    fn negated(&mut self, truth: &Value) -> Value {
        let one = self.number(1.0);
        self.binary(Operator::Sub, &one, truth)
    }

    /// The larger of two negations, negated: false decides, else null, else true.
    fn and(&mut self, left: &Value, right: &Value) -> Value {
        let (left, right) = (self.negated(left), self.negated(right));
        let either = self.or(&left, &right);
        self.negated(&either)
    }

    /// True decides, else null, else false.
    fn or(&mut self, left: &Value, right: &Value) -> Value {
        let (one, sum) = (self.number(1.0), self.binary(Operator::Add, left, right));
        let [of_left, of_right] = [left, right].map(|side| self.holds(side));
        let rest = self.choose(&of_right, &one, &sum);
        self.choose(&of_left, &one, &rest)
    }

    fn compare(&mut self, relation: Relation, left: &Node, right: &Node) -> Drawn {
        if left.dtype() == Some(Dtype::String) || right.dtype() == Some(Dtype::String) {
            return self.compare_texts(relation, left, right);
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let null = self.null_of(&left, &right);
        let (operator, sides, negated) = match relation {
            Relation::Equal => (Operator::Equal, [&left, &right], false),
            Relation::NotEqual => (Operator::Equal, [&left, &right], true),
            Relation::AtLeast => (Operator::GreaterOrEqual, [&left, &right], false),
            Relation::AtMost => (Operator::GreaterOrEqual, [&right, &left], false),
            Relation::Less => (Operator::GreaterOrEqual, [&left, &right], true),
            Relation::More => (Operator::GreaterOrEqual, [&right, &left], true),
        };
        let holds = self.graph.node(operator, &sides, &[]);
        let holds = self.graph.cast(&holds, Element::Double);
        let holds = if negated { self.negated(&holds) } else { holds };
        Ok(self.binary(Operator::Add, &holds, &null))
    }

    /// A text is looked up, so that one of the two stands there.
    fn compare_texts(&mut self, relation: Relation, left: &Node, right: &Node) -> Drawn {
        let (value, literal) = match (left, right) {
            (value, Node::String(literal)) | (Node::String(literal), value) => (value, literal),
            _ => return undrawn("texts that are compared with each other"),
        };
        let value = self.typed(value, Some(Dtype::String))?;
        let is = self.place_of(&value, &[(literal, 1)], 0);
        match relation {
            Relation::Equal => Ok(is),
            Relation::NotEqual => Ok(self.negated(&is)),
            _ => undrawn("the order of texts"),
        }
    }

    fn case(
        &mut self,
        subject: Option<&Node>,
        branches: &[(Node, Node)],
        otherwise: Option<&Node>,
        dtype: Option<Dtype>,
    ) -> Drawn {
        let mut result = match otherwise {
            Some(node) => self.typed(node, dtype)?,
            None => self.null(dtype),
        };
        for (when, then) in branches.iter().rev() {
            let truth = match subject {
                Some(subject) => self.compare(Relation::Equal, subject, when)?,
                None => self.value(when)?,
            };
            let (holds, then) = (self.holds(&truth), self.typed(then, dtype)?);
            result = self.choose(&holds, &then, &result);
        }
        Ok(result)
    }

    fn call(&mut self, function: Function, arguments: &[Node], dtype: Option<Dtype>) -> Drawn {
        let operator = match (function, arguments) {
            (Function::Abs, _) => Operator::Abs,
            (Function::Ceil, _) => Operator::Ceil,
            (Function::Floor, _) => Operator::Floor,
            (Function::Exp, _) => Operator::Exp,
            (Function::Ln, _) => Operator::Log,
            (Function::Sqrt, _) => Operator::Sqrt,
            (Function::Power, [base, exponent]) => {
                let (base, exponent) = (self.value(base)?, self.value(exponent)?);
                let null = self.null_of(&base, &exponent);
                let power = self.binary(Operator::Pow, &base, &exponent);
                // 1 to the power of null is null, and NaN⁰ is no 1 either.
                let power = self.binary(Operator::Add, &power, &null);
                return Ok(self.within_range(&power, dtype));
            }
            (Function::Round, [operand, rest @ ..]) => {
                return match (operand.dtype(), rest) {
                    (Some(Dtype::I64), _) => self.value(operand),
                    (_, [] | [Node::I64(0)]) => {
                        let operand = self.value(operand)?;
                        Ok(self.rounded(&operand))
                    }
                    _ => undrawn("ROUND to digits"),
                };
            }
            (Function::Coalesce, _) => {
                let mut result = self.null(dtype);
                for node in arguments.iter().rev() {
                    let value = self.typed(node, dtype)?;
                    let is_null = self.is_null(&value, dtype);
                    result = self.choose(&is_null, &result, &value);
                }
                return Ok(result);
            }
            (Function::Nullif, [value, other]) => {
                let equal = self.compare(Relation::Equal, value, other)?;
                let (equal, null) = (self.holds(&equal), self.null(dtype));
                let value = self.typed(value, dtype)?;
                return Ok(self.choose(&equal, &null, &value));
            }
            (Function::Greatest | Function::Least, [first, rest @ ..]) => {
                return self.furthest(function == Function::Greatest, first, rest, dtype);
            }
            (other, _) => return undrawn(other.name()),
        };
        let [operand, ..] = arguments else {
            return undrawn(function.name());
        };
        let operand = self.value(operand)?;
        let result = self.graph.node(operator, &[&operand], &[]);
        Ok(self.within_range(&result, dtype))
    }

    fn furthest(
        &mut self,
        is_greatest: bool,
        first: &Node,
        rest: &[Node],
        dtype: Option<Dtype>,
    ) -> Drawn {
        if dtype == Some(Dtype::String) {
            return undrawn("the order of texts");
        }
        let mut best = self.typed(first, dtype)?;
        for node in rest {
            let value = self.typed(node, dtype)?;
            let null = self.null_of(&best, &value);
            let sides = match is_greatest {
                true => [&value, &best],
                false => [&best, &value],
            };
            let is_further = self.graph.node(Operator::GreaterOrEqual, &sides, &[]);
            let further = self.choose(&is_further, &value, &best);
            best = self.binary(Operator::Add, &further, &null);
        }
        Ok(best)
    }

    /// Half away from zero.
    fn rounded(&mut self, value: &Value) -> Value {
        let size = self.graph.node(Operator::Abs, &[value], &[]);
        let whole = self.graph.node(Operator::Floor, &[&size], &[]);
        let rest = self.binary(Operator::Sub, &size, &whole);
        let up = self.holds(&rest);
        let up = self.graph.cast(&up, Element::Double);
        let whole = self.binary(Operator::Add, &whole, &up);
        let sign = self.graph.node(Operator::Sign, &[value], &[]);
        self.binary(Operator::Mul, &whole, &sign)
    }

    fn cast(&mut self, operand: &Node, to: Dtype) -> Drawn {
        if *operand == Node::Null {
            return Ok(self.null(Some(to)));
        }
        let value = |drawing: &mut Self| drawing.value(operand);
        match (operand.dtype(), to) {
            (from, to) if from == Some(to) => value(self),
            (Some(Dtype::I64 | Dtype::Bool), Dtype::F64) | (Some(Dtype::Bool), Dtype::I64) => {
                value(self)
            }
            (Some(Dtype::F64), Dtype::I64) => {
                let value = value(self)?;
                let rounded = self.rounded(&value);
                Ok(self.within_range(&rounded, Some(Dtype::I64)))
            }
            (Some(Dtype::I64 | Dtype::F64), Dtype::Bool) => {
                let value = value(self)?;
                let (zero, null) = (self.number(0.0), self.null_of(&value, &value));
                let is_zero = self.binary(Operator::Equal, &value, &zero);
                let is_zero = self.graph.cast(&is_zero, Element::Double);
                let truth = self.negated(&is_zero);
                Ok(self.binary(Operator::Add, &truth, &null))
            }
            _ => undrawn(format!("CAST to {}", to.as_str())),
        }
    }
}
