//! The tree of an expression, and the type of each part.

use std::ops::RangeInclusive;

use super::super::{ColumnName, Dtype};

/// A part of an expression. Only [`super::Expression::parse`] makes trees, and only well-typed ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A bare NULL: the one part without a type of its own.
    Null,
    Bool(bool),
    I64(i64),
    /// Finite, and never −0.0.
    F64(f64),
    /// Not empty.
    String(String),
    /// Days since 1970-01-01.
    Date(i32),
    Column(ColumnName, Dtype),
    /// A column that is a feature under its full name, `TABLE.FEATURE`.
    Feature(ColumnName, Dtype),
    /// Never of a number that could be written with its sign.
    Negate(Box<Node>),
    Arithmetic {
        operator: Arithmetic,
        left: Box<Node>,
        right: Box<Node>,
    },
    Compare {
        relation: Relation,
        left: Box<Node>,
        right: Box<Node>,
    },
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    IsNull {
        operand: Box<Node>,
        negated: bool,
    },
    /// Both bounds inclusive.
    Between {
        operand: Box<Node>,
        low: Box<Node>,
        high: Box<Node>,
        negated: bool,
    },
    In {
        operand: Box<Node>,
        list: Vec<Node>,
        negated: bool,
    },
    Case {
        /// What the branches are compared with; none: each branch is a condition.
        subject: Option<Box<Node>>,
        /// WHEN and THEN; at least one.
        branches: Vec<(Node, Node)>,
        otherwise: Option<Box<Node>>,
    },
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
    Cast {
        operand: Box<Node>,
        to: Dtype,
    },
    /// Of a date or an instant, in UTC.
    Extract {
        part: DatePart,
        operand: Box<Self>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What EXTRACT takes of a date or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    Year,
    Quarter,
    Month,
    Day,
    /// From Sunday, 0, to Saturday, 6.
    DayOfWeek,
    /// From Monday, 1, to Sunday, 7.
    IsoDayOfWeek,
    /// From 1.
    DayOfYear,
    Hour,
    Minute,
}

impl DatePart {
    pub const ALL: [Self; 9] = [
        Self::Year,
        Self::Quarter,
        Self::Month,
        Self::Day,
        Self::DayOfWeek,
        Self::IsoDayOfWeek,
        Self::DayOfYear,
        Self::Hour,
        Self::Minute,
    ];

    /// The word of SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Year => "YEAR",
            Self::Quarter => "QUARTER",
            Self::Month => "MONTH",
            Self::Day => "DAY",
            Self::DayOfWeek => "DOW",
            Self::IsoDayOfWeek => "ISODOW",
            Self::DayOfYear => "DOY",
            Self::Hour => "HOUR",
            Self::Minute => "MINUTE",
        }
    }

    /// Whether a date, which has no time of day, has it.
    pub const fn is_of_date(self) -> bool {
        !matches!(self, Self::Hour | Self::Minute)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Abs,
    Ceil,
    Coalesce,
    Exp,
    Floor,
    Greatest,
    Least,
    Ln,
    Nullif,
    Power,
    Round,
    Sqrt,
}

impl Function {
    pub const ALL: [Self; 12] = [
        Self::Abs,
        Self::Ceil,
        Self::Coalesce,
        Self::Exp,
        Self::Floor,
        Self::Greatest,
        Self::Least,
        Self::Ln,
        Self::Nullif,
        Self::Power,
        Self::Round,
        Self::Sqrt,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Abs => "ABS",
            Self::Ceil => "CEIL",
            Self::Coalesce => "COALESCE",
            Self::Exp => "EXP",
            Self::Floor => "FLOOR",
            Self::Greatest => "GREATEST",
            Self::Least => "LEAST",
            Self::Ln => "LN",
            Self::Nullif => "NULLIF",
            Self::Power => "POWER",
            Self::Round => "ROUND",
            Self::Sqrt => "SQRT",
        }
    }

    /// How many arguments it takes.
    pub const fn arity(self) -> RangeInclusive<usize> {
        match self {
            Self::Abs | Self::Ceil | Self::Exp | Self::Floor | Self::Ln | Self::Sqrt => 1..=1,
            Self::Nullif | Self::Power => 2..=2,
            Self::Round => 1..=2,
            Self::Coalesce | Self::Greatest | Self::Least => 1..=usize::MAX,
        }
    }
}

/// Two types that cannot be branches of one expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlike(pub Dtype, pub Dtype);

/// The type of a value that is of one type or the other; none is the type of NULL.
pub fn join(a: Option<Dtype>, b: Option<Dtype>) -> Result<Option<Dtype>, Unlike> {
    match (a, b) {
        (None, other) | (other, None) => Ok(other),
        (Some(a), Some(b)) if a == b => Ok(Some(a)),
        (Some(Dtype::I64 | Dtype::F64), Some(Dtype::I64 | Dtype::F64)) => Ok(Some(Dtype::F64)),
        (Some(a), Some(b)) => Err(Unlike(a, b)),
    }
}

fn joined<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Option<Dtype> {
    nodes
        .into_iter()
        .try_fold(None, |dtype, node| join(dtype, node.dtype()))
        .ok()
        .flatten()
}

impl Node {
    /// The type of its values; none when it is NULL whatever the row.
    pub fn dtype(&self) -> Option<Dtype> {
        match self {
            Self::Null => None,
            Self::I64(_) => Some(Dtype::I64),
            Self::F64(_) => Some(Dtype::F64),
            Self::String(_) => Some(Dtype::String),
            Self::Date(_) => Some(Dtype::Date),
            Self::Column(_, dtype) | Self::Feature(_, dtype) => Some(*dtype),
            Self::Negate(operand) => operand.dtype(),
            Self::Arithmetic {
                operator,
                left,
                right,
            } => match operator {
                Arithmetic::Divide => Some(Dtype::F64),
                _ => joined([&**left, &**right]),
            },
            Self::Bool(_)
            | Self::Compare { .. }
            | Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::IsNull { .. }
            | Self::Between { .. }
            | Self::In { .. } => Some(Dtype::Bool),
            Self::Case {
                branches,
                otherwise,
                ..
            } => joined(
                branches
                    .iter()
                    .map(|(_, then)| then)
                    .chain(otherwise.as_deref()),
            ),
            Self::Call {
                function,
                arguments,
            } => call_dtype(*function, arguments),
            Self::Cast { to, .. } => Some(*to),
            Self::Extract { .. } => Some(Dtype::I64),
        }
    }

    /// The parts it is made of, in the order they are written.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Negate(operand)
            | Self::Not(operand)
            | Self::IsNull { operand, .. }
            | Self::Cast { operand, .. }
            | Self::Extract { operand, .. } => vec![operand],
            Self::Arithmetic { left, right, .. }
            | Self::Compare { left, right, .. }
            | Self::And(left, right)
            | Self::Or(left, right) => vec![left, right],
            Self::Between {
                operand, low, high, ..
            } => vec![operand, low, high],
            Self::In { operand, list, .. } => std::iter::once(&**operand).chain(list).collect(),
            Self::Case {
                subject,
                branches,
                otherwise,
            } => {
                let branches = branches.iter().flat_map(|(when, then)| [when, then]);
                let parts = subject.as_deref().into_iter().chain(branches);
                parts.chain(otherwise.as_deref()).collect()
            }
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Null
            | Self::Bool(_)
            | Self::I64(_)
            | Self::F64(_)
            | Self::String(_)
            | Self::Date(_)
            | Self::Column(..)
            | Self::Feature(..) => Vec::new(),
        }
    }

    /// Shows each column it reads, as often as it does.
    pub fn visit_columns(&self, visit: &mut impl FnMut(&ColumnName, Dtype)) {
        if let Self::Column(name, dtype) | Self::Feature(name, dtype) = self {
            visit(name, *dtype);
        }
        for child in self.children() {
            child.visit_columns(visit);
        }
    }
}

fn call_dtype(function: Function, arguments: &[Node]) -> Option<Dtype> {
    match function {
        Function::Exp | Function::Ln | Function::Power | Function::Sqrt => Some(Dtype::F64),
        Function::Coalesce | Function::Greatest | Function::Least => joined(arguments),
        // The second argument of NULLIF and ROUND does not reach the result.
        Function::Abs | Function::Ceil | Function::Floor | Function::Nullif | Function::Round => {
            arguments.first()?.dtype()
        }
    }
}
