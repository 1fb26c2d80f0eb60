//! Expressions over rows: the same function for a million training rows and for one request.
//!
//! A checked tree becomes nested closures, one for each part, each giving the value of one row. They
//! are typed, so that no value is boxed or tested for its type while rows go by, and a branch that is
//! not taken is not computed. What a closure gives is canonical: no NaN, no infinity, no −0.0, no
//! empty text; where arithmetic leaves the numbers, it gives null.

mod calendar;
mod cast;
mod decimal;
mod number;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::definition::expression::{Function, Node, Relation};
use crate::definition::{Dtype, Expression};
use crate::table::{Frame, Values};

pub use number::canonical;

/// The value of one part in each row; none is null.
type Each<'a, T> = Box<dyn Fn(usize) -> Option<T> + 'a>;

/// The values of an expression, one per row of the frame.
///
/// A column that the frame lacks, or has as another type than the expression was checked with, is
/// null throughout; `values_at` refuses such a frame before.
pub fn evaluate(expression: &Expression, frame: &Frame) -> Values {
    let (rows, root) = (0..frame.rows(), expression.root());
    let compiler = Compiler { frame };
    match expression.dtype() {
        Dtype::String => Values::String(rows.map(compiler.text(root)).collect()),
        Dtype::Bool => Values::Bool(rows.map(compiler.bool(root)).collect()),
        Dtype::I64 => Values::I64(rows.map(compiler.integer(root)).collect()),
        Dtype::F64 => Values::F64(rows.map(compiler.float(root)).collect()),
        Dtype::Date => Values::Date(rows.map(compiler.date(root)).collect()),
        Dtype::Datetime => Values::Datetime(rows.map(compiler.datetime(root)).collect()),
    }
}

/// Makes closures over the columns of a frame.
#[derive(Clone, Copy)]
struct Compiler<'a> {
    frame: &'a Frame,
}

impl<'a> Compiler<'a> {
    fn text(self, node: &'a Node) -> Each<'a, Cow<'a, str>> {
        match node {
            Node::String(text) => constant(Cow::Borrowed(text.as_str())),
            Node::Column(name, _) | Node::Feature(name, _) => {
                match self.frame.column(name.as_str()) {
                    Some(Values::String(array)) => {
                        Box::new(|row| array.get(row).map(Cow::Borrowed))
                    }
                    _ => null(),
                }
            }
            Node::Cast { operand, .. } => self.cast_to_text(operand),
            _ => self.choice(node, Self::text, Ord::cmp),
        }
    }

    fn bool(self, node: &'a Node) -> Each<'a, bool> {
        match node {
            Node::Bool(value) => constant(*value),
            Node::Column(name, _) | Node::Feature(name, _) => {
                match self.frame.column(name.as_str()) {
                    Some(Values::Bool(array)) => Box::new(|row| array.get(row)),
                    _ => null(),
                }
            }
            Node::Not(operand) => negated(self.bool(operand), true),
            Node::And(left, right) => {
                let (left, right) = (self.bool(left), self.bool(right));
                Box::new(move |row| until(false, [&left, &right], row))
            }
            Node::Or(left, right) => {
                let (left, right) = (self.bool(left), self.bool(right));
                Box::new(move |row| until(true, [&left, &right], row))
            }
            Node::Compare {
                relation,
                left,
                right,
            } => self.compare(*relation, left, right),
            Node::IsNull { operand, negated } => self.is_null(operand, *negated),
            Node::Between {
                operand,
                low,
                high,
                negated: not,
            } => {
                let above = self.compare(Relation::AtLeast, operand, low);
                let below = self.compare(Relation::AtMost, operand, high);
                negated(
                    Box::new(move |row| until(false, [&above, &below], row)),
                    *not,
                )
            }
            Node::In {
                operand,
                list,
                negated: not,
            } => {
                let equal = |item| self.compare(Relation::Equal, operand, item);
                let items: Vec<_> = list.iter().map(equal).collect();
                negated(Box::new(move |row| until(true, &items, row)), *not)
            }
            Node::Cast { operand, .. } => self.cast_to_bool(operand),
            _ => self.choice(node, Self::bool, Ord::cmp),
        }
    }

    fn date(self, node: &'a Node) -> Each<'a, i32> {
        match node {
            Node::Date(days) => constant(*days),
            Node::Column(name, _) | Node::Feature(name, _) => {
                match self.frame.column(name.as_str()) {
                    Some(Values::Date(array)) => Box::new(|row| array.get(row)),
                    _ => null(),
                }
            }
            Node::Cast { operand, .. } => self.cast_to_date(operand),
            _ => self.choice(node, Self::date, Ord::cmp),
        }
    }

    fn datetime(self, node: &'a Node) -> Each<'a, i64> {
        match node {
            Node::Column(name, _) | Node::Feature(name, _) => {
                match self.frame.column(name.as_str()) {
                    Some(Values::Datetime(array)) => Box::new(|row| array.get(row)),
                    _ => null(),
                }
            }
            Node::Cast { operand, .. } => self.cast_to_datetime(operand),
            _ => self.choice(node, Self::datetime, Ord::cmp),
        }
    }

    /// The forms that give one of several values of any type: CASE and the functions like it.
    fn choice<T: 'a>(
        self,
        node: &'a Node,
        read: impl Fn(Self, &'a Node) -> Each<'a, T>,
        compare: fn(&T, &T) -> Ordering,
    ) -> Each<'a, T> {
        match node {
            Node::Case {
                subject,
                branches,
                otherwise,
            } => {
                let branch = |(when, then)| {
                    let holds = match subject {
                        Some(subject) => self.compare(Relation::Equal, subject, when),
                        None => self.bool(when),
                    };
                    (holds, read(self, then))
                };
                let branches = branches.iter().map(|(when, then)| branch((when, then)));
                let otherwise = otherwise
                    .as_ref()
                    .map_or_else(null, |node| read(self, node));
                first_branch(branches.collect(), otherwise)
            }
            Node::Call {
                function,
                arguments,
            } => match (function, &arguments[..]) {
                (Function::Nullif, [value, other]) => {
                    let equal = self.compare(Relation::Equal, value, other);
                    let value = read(self, value);
                    Box::new(move |row| value(row).filter(|_| equal(row) != Some(true)))
                }
                (Function::Coalesce, _) => {
                    let parts: Vec<_> = arguments.iter().map(|part| read(self, part)).collect();
                    Box::new(move |row| parts.iter().find_map(|part| part(row)))
                }
                (Function::Greatest, _) => {
                    let parts = arguments.iter().map(|part| read(self, part)).collect();
                    furthest(parts, Ordering::Greater, compare)
                }
                (Function::Least, _) => {
                    let parts = arguments.iter().map(|part| read(self, part)).collect();
                    furthest(parts, Ordering::Less, compare)
                }
                _ => null(),
            },
            // NULL. Other forms do not come here: the checker gives each the type it is read as.
            _ => null(),
        }
    }

    fn is_null(self, operand: &'a Node, negated: bool) -> Each<'a, bool> {
        fn of<'a, T: 'a>(operand: Each<'a, T>, negated: bool) -> Each<'a, bool> {
            Box::new(move |row| Some(operand(row).is_none() != negated))
        }
        match operand.dtype() {
            Some(Dtype::String) => of(self.text(operand), negated),
            Some(Dtype::Bool) => of(self.bool(operand), negated),
            Some(Dtype::I64) => of(self.integer(operand), negated),
            Some(Dtype::F64) => of(self.float(operand), negated),
            Some(Dtype::Date) => of(self.date(operand), negated),
            Some(Dtype::Datetime) => of(self.datetime(operand), negated),
            None => constant(!negated),
        }
    }

    fn compare(self, relation: Relation, left: &'a Node, right: &'a Node) -> Each<'a, bool> {
        match (left.dtype(), right.dtype()) {
            (Some(Dtype::I64), Some(Dtype::I64)) => {
                related(relation, self.integer(left), self.integer(right), by_order)
            }
            (Some(Dtype::I64), Some(Dtype::F64)) => related(
                relation,
                self.integer(left),
                self.float(right),
                number::compare,
            ),
            (Some(Dtype::F64), Some(Dtype::I64)) => {
                let reversed = |a: &f64, b: &i64| number::compare(b, a).map(Ordering::reverse);
                related(relation, self.float(left), self.integer(right), reversed)
            }
            (Some(Dtype::F64), Some(Dtype::F64)) => related(
                relation,
                self.float(left),
                self.float(right),
                f64::partial_cmp,
            ),
            (Some(Dtype::String), _) => {
                related(relation, self.text(left), self.text(right), by_order)
            }
            (Some(Dtype::Bool), _) => {
                related(relation, self.bool(left), self.bool(right), by_order)
            }
            (Some(Dtype::Date), _) => {
                related(relation, self.date(left), self.date(right), by_order)
            }
            (Some(Dtype::Datetime), _) => related(
                relation,
                self.datetime(left),
                self.datetime(right),
                by_order,
            ),
            _ => null(),
        }
    }
}

fn constant<'a, T: Clone + 'a>(value: T) -> Each<'a, T> {
    Box::new(move |_| Some(value.clone()))
}

fn null<'a, T: 'a>() -> Each<'a, T> {
    Box::new(|_| None)
}

fn negated(operand: Each<'_, bool>, negated: bool) -> Each<'_, bool> {
    if negated {
        Box::new(move |row| operand(row).map(|value| !value))
    } else {
        operand
    }
}

/// AND (`last` false) and OR (`last` true) of three-valued logic: the first part that is `last`
/// decides; else null if any part is; else the opposite of `last`.
fn until<'p, 'a: 'p>(
    last: bool,
    parts: impl IntoIterator<Item = &'p Each<'a, bool>>,
    row: usize,
) -> Option<bool> {
    let mut result = Some(!last);
    for part in parts {
        match part(row) {
            Some(value) if value == last => return Some(last),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

fn first_branch<'a, T: 'a>(
    branches: Vec<(Each<'a, bool>, Each<'a, T>)>,
    otherwise: Each<'a, T>,
) -> Each<'a, T> {
    Box::new(move |row| {
        let taken = branches.iter().find(|(holds, _)| holds(row) == Some(true));
        taken.map_or(&otherwise, |(_, then)| then)(row)
    })
}

/// The part that lies furthest in a direction; null when any is null.
fn furthest<'a, T: 'a>(
    parts: Vec<Each<'a, T>>,
    direction: Ordering,
    compare: fn(&T, &T) -> Ordering,
) -> Each<'a, T> {
    Box::new(move |row| {
        let mut values = parts.iter().map(|part| part(row));
        let first = values.next()??;
        values.try_fold(first, |best, value| {
            let value = value?;
            Some(if compare(&value, &best) == direction {
                value
            } else {
                best
            })
        })
    })
}

fn by_order<T: Ord>(a: &T, b: &T) -> Option<Ordering> {
    Some(a.cmp(b))
}

fn related<'a, A: 'a, B: 'a>(
    relation: Relation,
    left: Each<'a, A>,
    right: Each<'a, B>,
    compare: impl Fn(&A, &B) -> Option<Ordering> + 'a,
) -> Each<'a, bool> {
    Box::new(move |row| compare(&left(row)?, &right(row)?).map(|order| holds(relation, order)))
}

fn holds(relation: Relation, order: Ordering) -> bool {
    match relation {
        Relation::Equal => order.is_eq(),
        Relation::NotEqual => order.is_ne(),
        Relation::Less => order.is_lt(),
        Relation::AtMost => order.is_le(),
        Relation::More => order.is_gt(),
        Relation::AtLeast => order.is_ge(),
    }
}

#[cfg(test)]
mod tests;
