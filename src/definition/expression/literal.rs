//! Values written in an expression.

use sqlparser::ast::{DataType, Expr, Spanned, TypedString, Value, ValueWithSpan};
use sqlparser::tokenizer::Span;

use super::super::AsOf;
use super::place::Refusal;
use super::tree::Node;

pub fn value(literal: &ValueWithSpan) -> Result<Node, Refusal> {
    match &literal.value {
        Value::Null => Ok(Node::Null),
        Value::Boolean(value) => Ok(Node::Bool(*value)),
        Value::Number(digits, false) => number(digits, literal.span),
        Value::SingleQuotedString(text) if text.is_empty() => Err(Refusal::new(
            literal.span,
            "an empty text is null, so nothing is equal to it",
            "use NULL as a value, IS NULL as a condition",
        )),
        Value::SingleQuotedString(text) => Ok(Node::String(text.clone())),
        _ => Err(Refusal::new(
            literal.span,
            "this form of a value is not supported",
            "supported: 42, 0.5, 'text', TRUE, FALSE, NULL, DATE '2024-01-31'",
        )),
    }
}

/// `DATE '2024-01-31'`.
pub fn typed(literal: &TypedString) -> Result<Node, Refusal> {
    let span = literal.value.span;
    match (&literal.data_type, &literal.value.value) {
        (DataType::Date, Value::SingleQuotedString(text)) => text
            .parse::<AsOf>()
            .map(|date| Node::Date(date.days()))
            .map_err(|error| Refusal::new(span, error.0, "write DATE '2024-01-31'")),
        _ => Err(Refusal::new(
            span,
            "only dates are written with their type before them",
            "write DATE '2024-01-31', or CAST('…' AS timestamp)",
        )),
    }
}

/// The number below any parentheses, with a minus sign: i64's least value has no positive twin.
pub fn negative(operand: &Expr) -> Option<Result<Node, Refusal>> {
    let mut inner = operand;
    while let Expr::Nested(nested) = inner {
        inner = nested;
    }
    let Expr::Value(literal) = inner else {
        return None;
    };
    match &literal.value {
        Value::Number(digits, false) => Some(number(&format!("-{digits}"), operand.span())),
        _ => None,
    }
}

/// Digits alone are an i64; a point or an exponent makes an f64.
fn number(digits: &str, span: Span) -> Result<Node, Refusal> {
    if digits.contains(['.', 'e', 'E']) {
        return match digits.parse::<f64>() {
            // Adding zero turns −0.0 into 0.0.
            Ok(value) if value.is_finite() => Ok(Node::F64(value + 0.0)),
            _ => Err(Refusal::new(
                span,
                format!("{digits} is larger than every f64"),
                "the largest is about 1.8e308",
            )),
        };
    }
    digits.parse().map(Node::I64).map_err(|_| {
        Refusal::new(
            span,
            format!("{digits} does not fit into an i64"),
            format!("for an f64, write {digits}.0"),
        )
    })
}
