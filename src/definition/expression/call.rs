//! Functions, CAST, and the words for what is not supported.

use sqlparser::ast::{
    CastKind, DataType, DateTimeField, ExactNumberInfo, Expr, Function as Call, FunctionArg,
    FunctionArgExpr, FunctionArguments, InTarget, ObjectNamePart, Spanned, TimezoneInfo,
};
use sqlparser::tokenizer::Span;

use super::super::Dtype;
use super::place::Refusal;
use super::read::Reader;
use super::rule::{Part, is_number, one_type, with_article};
use super::tree::{DatePart, Function, Node};
use crate::error::did_you_mean;

/// Functions over many rows, which no expression over one row can compute.
const AGGREGATES: &[&str] = &[
    "AVG",
    "COUNT",
    "FIRST_VALUE",
    "LAG",
    "LAST",
    "LAST_VALUE",
    "LEAD",
    "MAX",
    "MEAN",
    "MEDIAN",
    "MIN",
    "MODE",
    "RANK",
    "ROW_NUMBER",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "SUM",
    "VARIANCE",
    "VAR_POP",
    "VAR_SAMP",
];

/// ROUND keeps at most this many digits after the point: an f64 has no more.
const MOST_DIGITS: i64 = 15;

pub fn function(reader: &Reader<'_>, call: &Call) -> Result<Node, Refusal> {
    let name = call.name.to_string();
    let span = call.name.span();
    let upper = name.to_ascii_uppercase();
    if call.over.is_some() || AGGREGATES.contains(&upper.as_str()) {
        let label = match reader.is_within_aggregate {
            true => "an aggregate does not stand within another, or in its filter",
            false => "an aggregate belongs in [features.windowed], with its window",
        };
        let message = format!("{upper} gathers many rows, and an expression sees one");
        return Err(Refusal::new(span, message, label));
    }
    let function = known(&call.name.0, &upper).ok_or_else(|| {
        Refusal::new(span, format!("unknown function {name}"), suggestion(&upper))
    })?;
    let mut arguments = Vec::new();
    for argument in arguments_of(call)? {
        arguments.push(reader.part(argument)?);
    }
    if !function.arity().contains(&arguments.len()) {
        return Err(wrong_count(function, arguments.len(), span));
    }
    check(function, arguments)
}

/// A name in quotes is no function: quotes keep the case of letters.
fn known(parts: &[ObjectNamePart], upper: &str) -> Option<Function> {
    match parts {
        [ObjectNamePart::Identifier(ident)] if ident.quote_style.is_none() => Function::ALL
            .into_iter()
            .find(|function| function.name() == upper),
        _ => None,
    }
}

fn names() -> Vec<&'static str> {
    Function::ALL.into_iter().map(Function::name).collect()
}

fn suggestion(upper: &str) -> String {
    match upper {
        "LOG" | "LOG10" | "LOG2" => "LN is the natural logarithm".into(),
        "POW" => "did you mean POWER?".into(),
        "CEILING" => "did you mean CEIL?".into(),
        "IFNULL" | "NVL" | "ISNULL" => "did you mean COALESCE?".into(),
        "IF" | "IIF" => "write CASE WHEN … THEN … ELSE … END".into(),
        _ => match did_you_mean(upper, names()) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("supported: CASE, CAST, EXTRACT, {}", names().join(", ")),
        },
    }
}

/// The plain arguments; DISTINCT, `name => value`, `*` and clauses are refused.
fn arguments_of(call: &Call) -> Result<Vec<&Expr>, Refusal> {
    let refuse = || {
        Refusal::new(
            call.span(),
            "this form of a function's call is not supported",
            "write NAME(argument, …)",
        )
    };
    let FunctionArguments::List(list) = &call.args else {
        return Err(refuse());
    };
    let plain = matches!(call.parameters, FunctionArguments::None)
        && call.filter.is_none()
        && call.within_group.is_empty()
        && call.null_treatment.is_none()
        && !call.uses_odbc_syntax
        && list.duplicate_treatment.is_none()
        && list.clauses.is_empty();
    if !plain {
        return Err(refuse());
    }
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
            _ => Err(refuse()),
        })
        .collect()
}

fn wrong_count(function: Function, found: usize, span: Span) -> Refusal {
    let arity = function.arity();
    let expected = match (*arity.start(), *arity.end()) {
        (1, 1) => "one argument".to_string(),
        (low, usize::MAX) => format!("at least {low} argument"),
        (low, high) if low == high => format!("{low} arguments"),
        (low, high) => format!("{low} or {high} arguments"),
    };
    let message = format!("{} takes {expected}, not {found}", function.name());
    Refusal::new(span, message, format!("write {}", example(function)))
}

fn example(function: Function) -> String {
    let arguments = match function {
        Function::Nullif => "x, 0",
        Function::Power => "x, 2",
        Function::Round => "x, 2",
        Function::Coalesce | Function::Greatest | Function::Least => "x, 0",
        _ => "x",
    };
    format!("{}({arguments})", function.name())
}

/// Holds the arguments against what the function takes; their count is right.
pub fn check(function: Function, arguments: Vec<Part>) -> Result<Node, Refusal> {
    let arguments = match function {
        Function::Coalesce => {
            one_type(&arguments)?;
            nodes(arguments)
        }
        Function::Greatest | Function::Least => {
            arguments
                .iter()
                .try_for_each(|part| part.dtype().map(drop))?;
            one_type(&arguments)?;
            nodes(arguments)
        }
        Function::Nullif => {
            if let [value, other] = &arguments[..] {
                value.comparable(other)?;
            }
            nodes(arguments)
        }
        Function::Round => {
            if let Some(digits) = arguments.get(1) {
                check_digits(digits)?;
            }
            numbers(function, arguments)?
        }
        _ => numbers(function, arguments)?,
    };
    Ok(Node::Call {
        function,
        arguments,
    })
}

fn nodes(arguments: Vec<Part>) -> Vec<Node> {
    arguments.into_iter().map(|part| part.node).collect()
}

fn numbers(function: Function, arguments: Vec<Part>) -> Result<Vec<Node>, Refusal> {
    let verb = format!("an argument of {}", function.name());
    arguments
        .into_iter()
        .map(|part| part.number(&verb))
        .collect()
}

fn check_digits(digits: &Part) -> Result<(), Refusal> {
    match digits.node {
        Node::I64(0..=MOST_DIGITS) => Ok(()),
        _ => Err(Refusal::new(
            digits.span,
            "the digits that ROUND keeps are not a number written out",
            format!("write a whole number from 0 to {MOST_DIGITS}"),
        )),
    }
}

pub fn cast(operand: Part, data_type: &DataType) -> Result<Node, Refusal> {
    let to = target(data_type).ok_or_else(|| {
        Refusal::new(
            operand.span,
            "CAST to an unknown type",
            "types: string, bool, i64, f64, date, timestamp",
        )
    })?;
    if let Some(from) = operand.node.dtype()
        && !has_cast(from, to)
    {
        return Err(Refusal::new(
            operand.span,
            format!(
                "{} cannot be cast to {}",
                with_article(from),
                with_article(to)
            ),
            "there is no such conversion",
        ));
    }
    Ok(Node::Cast {
        operand: Box::new(operand.node),
        to,
    })
}

/// A part of a date or an instant.
pub fn extract(field: &DateTimeField, operand: Part) -> Result<Node, Refusal> {
    let word = field.to_string();
    let named = |part: &DatePart| part.name() == word.to_ascii_uppercase();
    let part = DatePart::ALL.into_iter().find(named).ok_or_else(|| {
        let words: Vec<&str> = DatePart::ALL.into_iter().map(DatePart::name).collect();
        let message = format!("EXTRACT knows no part {word}");
        Refusal::new(
            operand.span,
            message,
            format!("parts: {}", words.join(", ")),
        )
    })?;
    let label = match operand.node.dtype() {
        Some(Dtype::Datetime) => None,
        Some(Dtype::Date) if part.is_of_date() => None,
        Some(Dtype::Date) => Some("a date has no time of day"),
        _ => Some("expected a date or a datetime"),
    };
    if let Some(label) = label {
        let found = operand
            .node
            .dtype()
            .map_or("NULL".to_string(), with_article);
        let message = format!("{} cannot be taken of {found}", part.name());
        return Err(Refusal::new(operand.span, message, label));
    }
    Ok(Node::Extract {
        part,
        operand: Box::new(operand.node),
    })
}

/// Texts become anything and anything becomes text; numbers and bools each other; dates datetimes.
fn has_cast(from: Dtype, to: Dtype) -> bool {
    let counts = |dtype| is_number(dtype) || dtype == Dtype::Bool;
    let calendar = |dtype| matches!(dtype, Dtype::Date | Dtype::Datetime);
    from == Dtype::String
        || to == Dtype::String
        || (counts(from) && counts(to))
        || (calendar(from) && calendar(to))
}

fn target(data_type: &DataType) -> Option<Dtype> {
    match data_type {
        DataType::String(None) | DataType::Text | DataType::Varchar(None) => Some(Dtype::String),
        DataType::Bool | DataType::Boolean => Some(Dtype::Bool),
        DataType::Int(None) | DataType::Integer(None) | DataType::BigInt(None) => Some(Dtype::I64),
        DataType::Float(ExactNumberInfo::None)
        | DataType::Double(ExactNumberInfo::None)
        | DataType::DoublePrecision
        | DataType::Real => Some(Dtype::F64),
        DataType::Date => Some(Dtype::Date),
        DataType::Timestamp(None, TimezoneInfo::None) | DataType::Datetime(None) => {
            Some(Dtype::Datetime)
        }
        DataType::Custom(name, modifiers) if modifiers.is_empty() => match &name.0[..] {
            [ObjectNamePart::Identifier(ident)] if ident.value.eq_ignore_ascii_case("i64") => {
                Some(Dtype::I64)
            }
            [ObjectNamePart::Identifier(ident)] if ident.value.eq_ignore_ascii_case("f64") => {
                Some(Dtype::F64)
            }
            _ => None,
        },
        _ => None,
    }
}

/// What to say of SQL that has no meaning here.
pub fn unsupported(syntax: &Expr) -> Refusal {
    let (what, label) = match syntax {
        Expr::CompoundIdentifier(_) => (
            "a name with a point",
            "an expression reads its own table's columns: write the column alone",
        ),
        Expr::Subquery(_)
        | Expr::Exists { .. }
        | Expr::In {
            target: InTarget::Subquery(_),
            ..
        } => ("a subquery", "an expression sees the columns of one row"),
        Expr::Like { .. } | Expr::ILike { .. } | Expr::RLike { .. } | Expr::SimilarTo { .. } => (
            "a text pattern",
            "compare with =, or list the texts with IN",
        ),
        Expr::Cast {
            kind: CastKind::DoubleColon | CastKind::TryCast | CastKind::SafeCast,
            ..
        } => (
            "this form of CAST",
            "write CAST(x AS type); what fails is null",
        ),
        Expr::IsTrue(_) | Expr::IsNotFalse(_) | Expr::IsFalse(_) | Expr::IsNotTrue(_) => (
            "IS TRUE or IS FALSE",
            "write COALESCE(x, FALSE), or NOT COALESCE(x, TRUE)",
        ),
        Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => {
            ("IS DISTINCT FROM", "compare with = and IS NULL")
        }
        Expr::Interval(_) | Expr::AtTimeZone { .. } => ("arithmetic of dates", SUPPORTED),
        Expr::Substring { .. } | Expr::Trim { .. } | Expr::Position { .. } => {
            ("a function of text", SUPPORTED)
        }
        _ => ("this form of SQL", SUPPORTED),
    };
    Refusal::new(syntax.span(), format!("{what} is not supported"), label)
}

const SUPPORTED: &str = "supported: + - * / %, comparisons, AND, OR, NOT, IS NULL, BETWEEN, IN, \
                         CASE, CAST, EXTRACT and functions of numbers";
