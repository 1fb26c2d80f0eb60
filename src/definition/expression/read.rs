//! SQL to a checked tree: what has a meaning for the columns of one row is kept, all else refused.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::slice;

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DateTimeField, Expr, Ident, InTarget,
    Spanned, UnaryOperator,
};
use sqlparser::dialect::Dialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Tokenizer};

use super::super::{ColumnName, Dtype};
use super::place::{self, Refusal};
use super::print::is_plain;
use super::rule::{Part, one_type};
use super::tree::{Arithmetic, Function, Node, Relation};
use super::{ExpressionError, call, literal};
use crate::error::did_you_mean;

/// Standard SQL without anyone's extensions.
#[derive(Debug)]
struct FeatureSql {
    /// Whether FILTER may follow a call: it belongs to aggregates.
    filter: bool,
}

impl Dialect for FeatureSql {
    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_'
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '"'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        self.filter
    }
}

/// Levels of parentheses, calls and prefixed operators that `sqlparser` descends, each a few
/// kilobytes of stack.
const DEEPEST_TEXT: usize = 50;

/// Levels of the tree, which chains such as `a + b + c` deepen without parentheses.
const DEEPEST_TREE: usize = 250;

/// Words and signs of a text: bounds the depth of what `sqlparser` builds, prints and drops.
const LONGEST_TEXT: usize = 2000;

/// What names in an expression mean.
#[derive(Clone, Copy)]
pub enum Scope<'a> {
    /// Columns of one table.
    Columns,
    /// Features of any tables, under their full names.
    Features {
        /// What to do about a name that is no feature, where more is known than which one is like it.
        unknown: &'a dyn Fn(&str) -> Option<String>,
    },
}

/// Reads a text as a well-typed tree, with the type of its values.
pub fn read(
    text: &str,
    columns: &BTreeMap<ColumnName, Dtype>,
    scope: Scope<'_>,
) -> Result<(Node, Dtype), ExpressionError> {
    let syntax = parse(text, columns, &FeatureSql { filter: false })?;
    let reader = Reader {
        columns,
        scope,
        depth: Cell::new(0),
        is_within_aggregate: false,
    };
    let part = reader
        .part(&syntax)
        .map_err(|refusal| refusal.at_bytes_of(text))?;
    let dtype = part.dtype().map_err(|refusal| refusal.at_bytes_of(text))?;
    Ok((part.node, dtype))
}

/// The syntax of an aggregate, whose FILTER is whole or not there.
pub fn parse_aggregate(
    text: &str,
    columns: &BTreeMap<ColumnName, Dtype>,
) -> Result<Expr, ExpressionError> {
    let syntax = parse(text, columns, &FeatureSql { filter: true })?;
    let filtered = matches!(&syntax, Expr::Function(call) if call.filter.is_some());
    // sqlparser passes over a FILTER that nothing follows.
    let word = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) => {
            word.quote_style.is_none() && word.value.eq_ignore_ascii_case("filter")
        }
        _ => false,
    };
    match tokens(text)?.into_iter().find(word) {
        Some(token) if !filtered && !columns.contains_key(&*token.token.to_string()) => {
            let form = "write FILTER (WHERE condition)";
            Err(Refusal::new(token.span, "this FILTER has no condition", form).at_bytes_of(text))
        }
        _ => Ok(syntax),
    }
}

fn parse(
    text: &str,
    columns: &BTreeMap<ColumnName, Dtype>,
    dialect: &FeatureSql,
) -> Result<Expr, ExpressionError> {
    let tokens = tokens(text)?;
    let hint = quote_hint(&tokens, columns);
    let with_hint = |error: ExpressionError| match &hint {
        Some(label) => ExpressionError {
            label: label.clone(),
            ..error
        },
        None => error,
    };
    let mut parser = Parser::new(dialect)
        .with_recursion_limit(DEEPEST_TEXT)
        .with_tokens_with_locations(tokens);
    let syntax = parser
        .parse_expr()
        .map_err(|error| with_hint(place::from_parser(text, &error)))?;
    let rest = parser.peek_token();
    if rest.token == Token::EOF {
        return Ok(syntax);
    }
    let message = format!("`{}` is not expected here", rest.token);
    let refusal = Refusal::new(rest.span, message, "the expression before it is complete");
    Err(with_hint(refusal.at_bytes_of(text)))
}

/// Why SQL may not read: a column has the name of a keyword and stands there without quotes.
fn quote_hint(tokens: &[TokenWithSpan], columns: &BTreeMap<ColumnName, Dtype>) -> Option<String> {
    tokens.iter().find_map(|token| match &token.token {
        Token::Word(word)
            if word.quote_style.is_none()
                && columns.contains_key(word.value.as_str())
                && !is_plain(&word.value) =>
        {
            let name = &word.value;
            Some(format!(
                "for the column, write \"{name}\": the bare word is SQL's own"
            ))
        }
        _ => None,
    })
}

fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, ExpressionError> {
    let tokens = Tokenizer::new(&FeatureSql { filter: true }, text)
        .tokenize_with_location()
        .map_err(|error| place::from_tokenizer(text, &error))?;
    let written = tokens
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_)))
        .count();
    match written {
        0 => Err(ExpressionError {
            message: "the expression is empty".into(),
            label: "write a SQL expression over the table's columns".into(),
            range: 0..text.len(),
        }),
        1..=LONGEST_TEXT => Ok(tokens),
        _ => Err(place::too_long(text, LONGEST_TEXT)),
    }
}

/// Walks the syntax tree of one text.
pub struct Reader<'a> {
    columns: &'a BTreeMap<ColumnName, Dtype>,
    scope: Scope<'a>,
    depth: Cell<usize>,
    /// Whether what is read is gathered by an aggregate.
    pub is_within_aggregate: bool,
}

type Read<T> = Result<T, Refusal>;

impl<'a> Reader<'a> {
    /// A reader of what an aggregate gathers, or of its filter.
    pub fn within_aggregate(columns: &'a BTreeMap<ColumnName, Dtype>) -> Self {
        Self {
            columns,
            scope: Scope::Columns,
            depth: Cell::new(0),
            is_within_aggregate: true,
        }
    }
}

impl Reader<'_> {
    /// Reads a part, at most [`DEEPEST_TREE`] levels down.
    pub fn part(&self, syntax: &Expr) -> Read<Part> {
        let depth = self.depth.get();
        if depth == DEEPEST_TREE {
            let label = "split it into several derived features";
            let message = "this expression is nested too deeply";
            return Err(Refusal::new(Span::empty(), message, label));
        }
        self.depth.set(depth + 1);
        let node = self.node(syntax);
        self.depth.set(depth);
        Ok(Part {
            node: node?,
            span: syntax.span(),
        })
    }

    fn condition(&self, syntax: &Expr) -> Read<Box<Node>> {
        self.part(syntax)?.condition().map(Box::new)
    }

    fn number(&self, syntax: &Expr, verb: &str) -> Read<Box<Node>> {
        self.part(syntax)?.number(verb).map(Box::new)
    }

    fn node(&self, syntax: &Expr) -> Read<Node> {
        match syntax {
            Expr::Nested(inner) => Ok(self.part(inner)?.node),
            Expr::Value(value) => literal::value(value),
            Expr::TypedString(typed) => literal::typed(typed),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.named(syntax),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, syntax),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, syntax),
            Expr::IsNull(operand) => self.is_null(operand, false),
            Expr::IsNotNull(operand) => self.is_null(operand, true),
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => self.between(expr, low, high, *negated),
            Expr::In {
                expr,
                target: InTarget::List(list),
                negated,
                global: false,
            } => self.is_in(expr, list, *negated),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            Expr::Cast {
                kind: CastKind::Cast,
                expr,
                data_type,
                format: None,
            } => call::cast(self.part(expr)?, data_type),
            Expr::Extract { field, expr, .. } => call::extract(field, self.part(expr)?),
            Expr::Function(function) => call::function(self, function),
            Expr::Ceil { expr, field } => self.whole_number(Function::Ceil, expr, field),
            Expr::Floor { expr, field } => self.whole_number(Function::Floor, expr, field),
            other => Err(call::unsupported(other)),
        }
    }

    /// A column or a feature. Not within [`Self::node`], whose frame on the stack is there once a level.
    fn named(&self, syntax: &Expr) -> Read<Node> {
        match (syntax, self.scope) {
            (Expr::Identifier(name), Scope::Columns) => self.column(name),
            (Expr::Identifier(name), Scope::Features { unknown }) => {
                self.feature(slice::from_ref(name), unknown)
            }
            (Expr::CompoundIdentifier(parts), Scope::Features { unknown }) => {
                self.feature(parts, unknown)
            }
            _ => Err(call::unsupported(syntax)),
        }
    }

    fn feature(&self, parts: &[Ident], unknown: &dyn Fn(&str) -> Option<String>) -> Read<Node> {
        let words: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
        let name = words.join(".");
        if let Some((name, dtype)) = self.columns.get_key_value(name.as_str()) {
            return Ok(Node::Feature(name.clone(), *dtype));
        }
        let known = || self.columns.keys();
        let is_meant = |full: &&ColumnName| {
            let own = full.as_str().split_once('.').map(|(_, own)| own);
            full.as_str().eq_ignore_ascii_case(&name) || own == Some(&*name)
        };
        let like = || {
            let full = did_you_mean(&name, known().map(ColumnName::as_str))?;
            known().find(|known| known.as_str() == full)
        };
        let label = match known().find(is_meant) {
            Some(feature) => format!(
                "the dataset has `{}`",
                super::Expression::of_feature(feature)
            ),
            None => unknown(&name).unwrap_or_else(|| match like() {
                Some(feature) => {
                    format!(
                        "the dataset has `{}`",
                        super::Expression::of_feature(feature)
                    )
                }
                None => "no feature of the dataset has this name; write TABLE.FEATURE".into(),
            }),
        };
        let spans = parts.iter().map(|part| part.span);
        let span = spans.reduce(|all, part| all.union(&part));
        let message = format!("unknown feature `{name}`");
        Err(Refusal::new(span.unwrap_or(Span::empty()), message, label))
    }

    fn column(&self, ident: &Ident) -> Read<Node> {
        let name = ident.value.as_str();
        if let Some((name, dtype)) = self.columns.get_key_value(name) {
            return Ok(Node::Column(name.clone(), *dtype));
        }
        let known = || self.columns.keys().map(ColumnName::as_str);
        let other_case = known().find(|column| column.eq_ignore_ascii_case(name));
        let label = match other_case.or_else(|| did_you_mean(name, known())) {
            Some(column) => format!("table has `{column}`"),
            None if ident.quote_style.is_some() => {
                format!("no column has this name; text stands in single quotes: '{name}'")
            }
            None => "no column has this name".into(),
        };
        let message = format!("unknown column `{name}`");
        Err(Refusal::new(ident.span, message, label))
    }

    fn unary(&self, operator: UnaryOperator, operand: &Expr, whole: &Expr) -> Read<Node> {
        match operator {
            UnaryOperator::Not => Ok(Node::Not(self.condition(operand)?)),
            UnaryOperator::Plus => Ok(*self.number(operand, "signed")?),
            UnaryOperator::Minus => match literal::negative(operand) {
                Some(number) => number,
                None => Ok(negate(*self.number(operand, "negated")?)),
            },
            _ => Err(call::unsupported(whole)),
        }
    }

    fn binary(
        &self,
        left: &Expr,
        operator: &BinaryOperator,
        right: &Expr,
        whole: &Expr,
    ) -> Read<Node> {
        match operator {
            BinaryOperator::And => Ok(Node::And(self.condition(left)?, self.condition(right)?)),
            BinaryOperator::Or => Ok(Node::Or(self.condition(left)?, self.condition(right)?)),
            _ => {
                if let Some((operator, verb)) = arithmetic(operator) {
                    Ok(Node::Arithmetic {
                        operator,
                        left: self.number(left, verb)?,
                        right: self.number(right, verb)?,
                    })
                } else if let Some(relation) = relation(operator) {
                    self.compare(left, relation, right)
                } else {
                    Err(call::unsupported(whole))
                }
            }
        }
    }

    fn compare(&self, left: &Expr, relation: Relation, right: &Expr) -> Read<Node> {
        let (left, right) = (self.part(left)?, self.part(right)?);
        left.comparable(&right)?;
        Ok(Node::Compare {
            relation,
            left: Box::new(left.node),
            right: Box::new(right.node),
        })
    }

    fn is_null(&self, operand: &Expr, negated: bool) -> Read<Node> {
        let operand = self.part(operand)?;
        operand.dtype()?;
        Ok(Node::IsNull {
            operand: Box::new(operand.node),
            negated,
        })
    }

    fn between(&self, operand: &Expr, low: &Expr, high: &Expr, negated: bool) -> Read<Node> {
        let (operand, low, high) = (self.part(operand)?, self.part(low)?, self.part(high)?);
        operand.comparable(&low)?;
        operand.comparable(&high)?;
        Ok(Node::Between {
            operand: Box::new(operand.node),
            low: Box::new(low.node),
            high: Box::new(high.node),
            negated,
        })
    }

    fn is_in(&self, operand: &Expr, list: &[Expr], negated: bool) -> Read<Node> {
        let operand = self.part(operand)?;
        let mut items = Vec::with_capacity(list.len());
        for item in list {
            let item = self.part(item)?;
            operand.comparable(&item)?;
            items.push(item.node);
        }
        Ok(Node::In {
            operand: Box::new(operand.node),
            list: items,
            negated,
        })
    }

    fn case(
        &self,
        subject: Option<&Expr>,
        branches: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Read<Node> {
        let subject = subject.map(|subject| self.part(subject)).transpose()?;
        let (mut conditions, mut results) = (Vec::new(), Vec::new());
        for branch in branches {
            let condition = self.part(&branch.condition)?;
            conditions.push(match &subject {
                None => condition.condition()?,
                Some(subject) => {
                    subject.comparable(&condition)?;
                    condition.node
                }
            });
            results.push(self.part(&branch.result)?);
        }
        let otherwise = otherwise
            .map(|otherwise| self.part(otherwise))
            .transpose()?;
        one_type(results.iter().chain(&otherwise))?;
        let results = results.into_iter().map(|part| part.node);
        Ok(Node::Case {
            subject: subject.map(|part| Box::new(part.node)),
            branches: conditions.into_iter().zip(results).collect(),
            otherwise: otherwise.map(|part| Box::new(part.node)),
        })
    }

    /// CEIL and FLOOR are grammar to `sqlparser`, because of `CEIL(x TO day)`.
    fn whole_number(
        &self,
        function: Function,
        operand: &Expr,
        field: &CeilFloorKind,
    ) -> Read<Node> {
        let operand = self.part(operand)?;
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => {
                call::check(function, vec![operand])
            }
            _ => Err(Refusal::new(
                operand.span,
                format!("{} takes one argument", function.name()),
                "leave out what follows it",
            )),
        }
    }
}

/// The negative of a number; a literal takes the sign itself, so that `-(5)` is `-5`.
pub fn negate(node: Node) -> Node {
    match node {
        Node::I64(value) if value != i64::MIN => Node::I64(-value),
        Node::F64(value) => Node::F64(0.0 - value),
        other => Node::Negate(Box::new(other)),
    }
}

fn arithmetic(operator: &BinaryOperator) -> Option<(Arithmetic, &'static str)> {
    match operator {
        BinaryOperator::Plus => Some((Arithmetic::Add, "added")),
        BinaryOperator::Minus => Some((Arithmetic::Subtract, "subtracted")),
        BinaryOperator::Multiply => Some((Arithmetic::Multiply, "multiplied")),
        BinaryOperator::Divide => Some((Arithmetic::Divide, "divided")),
        BinaryOperator::Modulo => Some((Arithmetic::Remainder, "divided")),
        _ => None,
    }
}

fn relation(operator: &BinaryOperator) -> Option<Relation> {
    match operator {
        BinaryOperator::Eq => Some(Relation::Equal),
        BinaryOperator::NotEq => Some(Relation::NotEqual),
        BinaryOperator::Lt => Some(Relation::Less),
        BinaryOperator::LtEq => Some(Relation::AtMost),
        BinaryOperator::Gt => Some(Relation::More),
        BinaryOperator::GtEq => Some(Relation::AtLeast),
        _ => None,
    }
}
