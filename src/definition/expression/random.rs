//! Random expressions, for property tests.

use proptest::prelude::*;

use super::read::negate;
use super::tests::columns;
use super::tree::{Arithmetic, DatePart, Function, Node, Relation};
use crate::definition::Dtype;

fn column_of(dtype: Dtype) -> BoxedStrategy<Node> {
    let names: Vec<_> = columns()
        .into_iter()
        .filter(|(_, of)| *of == dtype)
        .collect();
    proptest::sample::select(names)
        .prop_map(|(name, dtype)| Node::Column(name, dtype))
        .boxed()
}

fn literal_of(dtype: Dtype) -> BoxedStrategy<Node> {
    match dtype {
        Dtype::I64 => any::<i64>().prop_map(Node::I64).boxed(),
        Dtype::F64 => any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(|value| Node::F64(value + 0.0))
            .boxed(),
        Dtype::String => "\\PC{1,8}|[a'\"\n\\\\-]{1,4}"
            .prop_map(Node::String)
            .boxed(),
        Dtype::Bool => any::<bool>().prop_map(Node::Bool).boxed(),
        Dtype::Date => (-700_000..2_000_000).prop_map(Node::Date).boxed(),
        Dtype::Datetime => column_of(dtype),
    }
}

fn any_dtype() -> impl Strategy<Value = Dtype> {
    proptest::sample::select(vec![
        Dtype::I64,
        Dtype::F64,
        Dtype::Bool,
        Dtype::String,
        Dtype::Date,
        Dtype::Datetime,
    ])
}

/// Any well-typed tree that gives `dtype`.
fn tree_of(dtype: Dtype, depth: u32) -> BoxedStrategy<Node> {
    let leaf = prop_oneof![column_of(dtype), literal_of(dtype)].boxed();
    if depth == 0 {
        return leaf;
    }
    let of = move |dtype| tree_of(dtype, depth - 1);
    let branches = proptest::collection::vec((of(Dtype::Bool), of(dtype)), 1..3);
    let case =
        (branches, proptest::option::of(of(dtype))).prop_map(|(branches, otherwise)| Node::Case {
            subject: None,
            branches,
            otherwise: otherwise.map(Box::new),
        });
    let compared = any_dtype().prop_flat_map(move |subject| {
        let branches = proptest::collection::vec((of(subject), of(dtype)), 1..3);
        (of(subject), branches).prop_map(|(subject, branches)| Node::Case {
            subject: Some(Box::new(subject)),
            branches,
            otherwise: Some(Box::new(Node::Null)),
        })
    });
    let call = (
        proptest::sample::select(vec![Function::Coalesce, Function::Least, Function::Nullif]),
        of(dtype),
        of(dtype),
    )
        .prop_map(|(function, a, b)| Node::Call {
            function,
            arguments: vec![a, b],
        });
    let cast = of(Dtype::String).prop_map(move |operand| Node::Cast {
        operand: Box::new(operand),
        to: dtype,
    });
    let own = match dtype {
        Dtype::I64 | Dtype::F64 => number_of(dtype, depth),
        Dtype::Bool => condition(depth),
        _ => leaf.clone(),
    };
    prop_oneof![1 => leaf, 4 => own, 1 => case, 1 => compared, 1 => call, 1 => cast].boxed()
}

fn number_of(dtype: Dtype, depth: u32) -> BoxedStrategy<Node> {
    let of = move |dtype| tree_of(dtype, depth - 1);
    let mut operators = vec![Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply];
    operators.push(match dtype {
        Dtype::I64 => Arithmetic::Remainder,
        _ => Arithmetic::Divide,
    });
    let arithmetic = (proptest::sample::select(operators), of(dtype), of(dtype)).prop_map(
        |(operator, left, right)| Node::Arithmetic {
            operator,
            left: Box::new(left),
            right: Box::new(right),
        },
    );
    let round = (of(dtype), 0..=15_i64).prop_map(|(operand, digits)| Node::Call {
        function: Function::Round,
        arguments: vec![operand, Node::I64(digits)],
    });
    let unary = (
        proptest::sample::select(vec![Function::Abs, Function::Ceil]),
        of(dtype),
    )
        .prop_map(|(function, operand)| Node::Call {
            function,
            arguments: vec![operand],
        });
    let part = (
        proptest::sample::select(DatePart::ALL.to_vec()),
        of(Dtype::Datetime),
    )
        .prop_map(|(part, operand)| Node::Extract {
            part,
            operand: Box::new(operand),
        });
    let numbers =
        prop_oneof![4 => arithmetic, 2 => of(dtype).prop_map(negate), 1 => round, 1 => unary];
    match dtype {
        Dtype::I64 => prop_oneof![8 => numbers, 1 => part].boxed(),
        _ => numbers.boxed(),
    }
}

fn condition(depth: u32) -> BoxedStrategy<Node> {
    let of = move |dtype| tree_of(dtype, depth - 1);
    let relations = vec![
        Relation::Equal,
        Relation::NotEqual,
        Relation::Less,
        Relation::AtLeast,
    ];
    let relation = proptest::sample::select(relations);
    let compare = (relation, any_dtype()).prop_flat_map(move |(relation, dtype)| {
        (of(dtype), of(dtype)).prop_map(move |(left, right)| Node::Compare {
            relation,
            left: Box::new(left),
            right: Box::new(right),
        })
    });
    let between = (any_dtype(), any::<bool>()).prop_flat_map(move |(dtype, negated)| {
        (of(dtype), of(dtype), of(dtype)).prop_map(move |(operand, low, high)| Node::Between {
            operand: Box::new(operand),
            low: Box::new(low),
            high: Box::new(high),
            negated,
        })
    });
    let within = (any_dtype(), any::<bool>()).prop_flat_map(move |(dtype, negated)| {
        let list = proptest::collection::vec(of(dtype), 1..4);
        (of(dtype), list).prop_map(move |(operand, list)| Node::In {
            operand: Box::new(operand),
            list,
            negated,
        })
    });
    let is_null = (any_dtype(), any::<bool>()).prop_flat_map(move |(dtype, negated)| {
        of(dtype).prop_map(move |operand| Node::IsNull {
            operand: Box::new(operand),
            negated,
        })
    });
    let pair = (of(Dtype::Bool), of(Dtype::Bool)).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
    prop_oneof![
        compare,
        between,
        within,
        is_null,
        pair.clone().prop_map(|(a, b)| Node::And(a, b)),
        pair.prop_map(|(a, b)| Node::Or(a, b)),
        of(Dtype::Bool).prop_map(|operand| Node::Not(Box::new(operand))),
    ]
    .boxed()
}

/// Any well-typed tree over [`columns`].
pub fn any_tree() -> impl Strategy<Value = Node> {
    any_dtype().prop_flat_map(|dtype| tree_of(dtype, 4))
}
