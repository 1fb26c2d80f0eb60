//! The canonical spelling of an expression.
//!
//! Keywords and functions in capitals, one space around operators, parentheses only where the tree
//! would be another without them. A column's name is quoted unless it is a plain word that no SQL
//! reader takes for something else.

use std::fmt::{self, Display, Formatter, Write};

use super::super::{AsOf, ColumnName};
use super::tree::{Arithmetic, Node, Relation};

/// How tightly an operator binds; operators that bind less stand in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
    IsNull,
    Compare,
    Sum,
    Product,
    Sign,
    Whole,
}

impl Binding {
    /// The next tighter one: what the right operand of a left-associative operator needs.
    fn tighter(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::IsNull,
            Self::IsNull => Self::Compare,
            Self::Compare => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Sign,
            Self::Sign | Self::Whole => Self::Whole,
        }
    }
}

impl Node {
    fn binding(&self) -> Binding {
        match self {
            Self::Or(..) => Binding::Or,
            Self::And(..) => Binding::And,
            Self::Not(_) => Binding::Not,
            Self::IsNull { .. } => Binding::IsNull,
            Self::Compare { .. } | Self::Between { .. } | Self::In { .. } => Binding::Compare,
            Self::Arithmetic { operator, .. } => operator.binding(),
            Self::Negate(_) => Binding::Sign,
            Self::I64(value) if *value < 0 => Binding::Sign,
            Self::F64(value) if *value < 0.0 => Binding::Sign,
            _ => Binding::Whole,
        }
    }

    /// Writes it as an operand of something that binds as tightly as `least`.
    fn operand(&self, f: &mut Formatter<'_>, least: Binding) -> fmt::Result {
        if self.binding() < least {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }

    fn infix(
        f: &mut Formatter<'_>,
        parts: [&Self; 2],
        word: &str,
        binding: Binding,
    ) -> fmt::Result {
        parts[0].operand(f, binding)?;
        write!(f, " {word} ")?;
        parts[1].operand(f, binding.tighter())
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let binding = self.binding();
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
            Self::I64(value) => write!(f, "{value}"),
            // Debug is the shortest decimal that reads back, and keeps the `.0` of a float.
            Self::F64(value) => write!(f, "{value:?}"),
            Self::String(text) => quoted(f, '\'', text),
            Self::Date(days) => date(f, *days),
            Self::Column(name, _) => column(f, name.as_str()),
            Self::Feature(name, _) => feature(f, name),
            Self::Negate(operand) => negate(f, operand),
            Self::Arithmetic {
                operator,
                left,
                right,
            } => Self::infix(f, [left, right], operator.sign(), binding),
            Self::Compare {
                relation,
                left,
                right,
            } => Self::infix(f, [left, right], relation.sign(), binding),
            Self::And(left, right) => Self::infix(f, [left, right], "AND", binding),
            Self::Or(left, right) => Self::infix(f, [left, right], "OR", binding),
            Self::Not(operand) => {
                f.write_str("NOT ")?;
                operand.operand(f, binding)
            }
            Self::IsNull { operand, negated } => {
                operand.operand(f, binding)?;
                f.write_str(if *negated { " IS NOT NULL" } else { " IS NULL" })
            }
            Self::Between {
                operand,
                low,
                high,
                negated,
            } => between(f, [operand, low, high], *negated),
            Self::In {
                operand,
                list,
                negated,
            } => within(f, operand, list, *negated),
            Self::Case {
                subject,
                branches,
                otherwise,
            } => case(f, subject.as_deref(), branches, otherwise.as_deref()),
            Self::Call {
                function,
                arguments,
            } => {
                f.write_str(function.name())?;
                listed(f, arguments)
            }
            Self::Cast { operand, to } => write!(f, "CAST({operand} AS {})", to.as_str()),
            Self::Extract { part, operand } => {
                write!(f, "EXTRACT({} FROM {operand})", part.name())
            }
        }
    }
}

impl Arithmetic {
    fn binding(self) -> Binding {
        match self {
            Self::Add | Self::Subtract => Binding::Sum,
            Self::Multiply | Self::Divide | Self::Remainder => Binding::Product,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Relation {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// Two signs in a row would begin a comment.
fn negate(f: &mut Formatter<'_>, operand: &Node) -> fmt::Result {
    f.write_str(match operand {
        Node::Negate(_) | Node::I64(_) | Node::F64(_) => "- ",
        _ => "-",
    })?;
    operand.operand(f, Binding::Sign)
}

fn between(f: &mut Formatter<'_>, parts: [&Node; 3], negated: bool) -> fmt::Result {
    let [operand, low, high] = parts;
    operand.operand(f, Binding::Compare)?;
    f.write_str(if negated {
        " NOT BETWEEN "
    } else {
        " BETWEEN "
    })?;
    low.operand(f, Binding::Sum)?;
    f.write_str(" AND ")?;
    high.operand(f, Binding::Sum)
}

fn within(f: &mut Formatter<'_>, operand: &Node, list: &[Node], negated: bool) -> fmt::Result {
    operand.operand(f, Binding::Compare)?;
    f.write_str(if negated { " NOT IN " } else { " IN " })?;
    listed(f, list)
}

fn listed(f: &mut Formatter<'_>, nodes: &[Node]) -> fmt::Result {
    f.write_char('(')?;
    for (at, node) in nodes.iter().enumerate() {
        write!(f, "{}{node}", if at == 0 { "" } else { ", " })?;
    }
    f.write_char(')')
}

fn case(
    f: &mut Formatter<'_>,
    subject: Option<&Node>,
    branches: &[(Node, Node)],
    otherwise: Option<&Node>,
) -> fmt::Result {
    f.write_str("CASE")?;
    if let Some(subject) = subject {
        write!(f, " {subject}")?;
    }
    for (when, then) in branches {
        write!(f, " WHEN {when} THEN {then}")?;
    }
    if let Some(otherwise) = otherwise {
        write!(f, " ELSE {otherwise}")?;
    }
    f.write_str(" END")
}

fn date(f: &mut Formatter<'_>, days: i32) -> fmt::Result {
    let date = AsOf::from_days(days).ok_or(fmt::Error)?;
    write!(f, "DATE '{date}'")
}

fn quoted(f: &mut Formatter<'_>, quote: char, text: &str) -> fmt::Result {
    f.write_char(quote)?;
    for c in text.chars() {
        if c == quote {
            f.write_char(quote)?;
        }
        f.write_char(c)?;
    }
    f.write_char(quote)
}

fn column(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain(name) {
        f.write_str(name)
    } else {
        quoted(f, '"', name)
    }
}

/// The table and its feature, each as a column alone.
fn feature(f: &mut Formatter<'_>, name: &ColumnName) -> fmt::Result {
    match name.as_str().split_once('.') {
        Some((table, feature)) => {
            column(f, table)?;
            f.write_char('.')?;
            column(f, feature)
        }
        None => column(f, name.as_str()),
    }
}

/// Whether a column's name needs no quotes anywhere.
pub fn is_plain(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(word)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !RESERVED.contains(&name.to_ascii_uppercase().as_str())
}

/// Words that mean something of their own to a SQL reader where a column may stand. The list is part
/// of the canonical spelling, so it is ours: a newer `sqlparser` with more keywords changes no hash.
const RESERVED: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "AS",
    "BETWEEN",
    "CASE",
    "CAST",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DISTINCT",
    "ELSE",
    "END",
    "EXISTS",
    "FALSE",
    "FROM",
    "GROUP",
    "HAVING",
    "IN",
    "INTERVAL",
    "IS",
    "LIKE",
    "LIMIT",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "NOT",
    "NULL",
    "OR",
    "ORDER",
    "RETURNING",
    "SELECT",
    "SOME",
    "THEN",
    "TRIM",
    "TRUE",
    "UNION",
    "WHEN",
    "WHERE",
    "WITH",
];
