//! Numbers: arithmetic, functions, and exact comparison of i64 with f64.

use std::cmp::Ordering;

use super::{Compiler, Each, calendar, constant, decimal, null};
use crate::definition::Dtype;
use crate::definition::expression::{Arithmetic, Function, Node};
use crate::math;
use crate::table::Values;

/// A canonical number, or null: no NaN, no infinity, no −0.0.
pub fn canonical(value: f64) -> Option<f64> {
    // Adding zero turns −0.0 into 0.0.
    value.is_finite().then_some(value + 0.0)
}

/// Which of two numbers is larger, with no rounding in between.
pub fn compare(integer: &i64, float: &f64) -> Option<Ordering> {
    // The first powers of two beyond i64; both are exact as f64.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if *float >= END {
        return Some(Ordering::Less);
    }
    if *float < -END {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    let fraction = 0.0_f64.partial_cmp(&(float - whole))?;
    Some(integer.cmp(&(whole as i64)).then(fraction))
}

impl<'a> Compiler<'a> {
    pub fn integer(self, node: &'a Node) -> Each<'a, i64> {
        match node {
            Node::I64(value) => constant(*value),
            Node::Column(name, _) | Node::Feature(name, _) => {
                match self.frame.column(name.as_str()) {
                    Some(Values::I64(array)) => Box::new(|row| array.get(row)),
                    _ => null(),
                }
            }
            Node::Negate(operand) => {
                let operand = self.integer(operand);
                Box::new(move |row| operand(row)?.checked_neg())
            }
            Node::Arithmetic {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.integer(left), self.integer(right));
                integer_operation(*operator, left, right)
            }
            Node::Call {
                function,
                arguments,
            } => match (function, &arguments[..]) {
                (Function::Abs, [operand]) => {
                    let operand = self.integer(operand);
                    Box::new(move |row| operand(row)?.checked_abs())
                }
                // An integer is whole already.
                (Function::Ceil | Function::Floor | Function::Round, [operand, ..]) => {
                    self.integer(operand)
                }
                _ => self.choice(node, Self::integer, Ord::cmp),
            },
            Node::Cast { operand, .. } => self.cast_to_integer(operand),
            Node::Extract { part, operand } => match operand.dtype() {
                Some(Dtype::Date) => calendar::of_date(*part, self.date(operand)),
                _ => calendar::of_instant(*part, self.datetime(operand)),
            },
            _ => self.choice(node, Self::integer, Ord::cmp),
        }
    }

    /// The part as an f64, also where it is an i64.
    pub fn float(self, node: &'a Node) -> Each<'a, f64> {
        if node.dtype() == Some(Dtype::I64) {
            let integer = self.integer(node);
            return Box::new(move |row| integer(row).map(|value| value as f64));
        }
        match node {
            Node::F64(value) => constant(*value),
            Node::Column(name, _) | Node::Feature(name, _) => {
                match self.frame.column(name.as_str()) {
                    Some(Values::F64(array)) => Box::new(|row| array.get(row)),
                    _ => null(),
                }
            }
            Node::Negate(operand) => {
                let operand = self.float(operand);
                Box::new(move |row| canonical(-operand(row)?))
            }
            Node::Arithmetic {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.float(left), self.float(right));
                float_operation(*operator, left, right)
            }
            Node::Call {
                function,
                arguments,
            } => self
                .float_function(*function, arguments)
                .unwrap_or_else(|| self.choice(node, Self::float, f64::total_cmp)),
            Node::Cast { operand, .. } => self.cast_to_float(operand),
            _ => self.choice(node, Self::float, f64::total_cmp),
        }
    }

    fn float_function(self, function: Function, arguments: &'a [Node]) -> Option<Each<'a, f64>> {
        let operation: fn(f64) -> f64 = match function {
            Function::Abs => f64::abs,
            Function::Ceil => f64::ceil,
            Function::Floor => f64::floor,
            Function::Exp => math::exp,
            Function::Ln => math::ln,
            Function::Sqrt => f64::sqrt,
            Function::Round => return self.round(arguments),
            Function::Power => {
                let [base, exponent] = arguments else {
                    return None;
                };
                let (base, exponent) = (self.float(base), self.float(exponent));
                return Some(Box::new(move |row| {
                    canonical(math::pow(base(row)?, exponent(row)?))
                }));
            }
            Function::Coalesce | Function::Greatest | Function::Least | Function::Nullif => {
                return None;
            }
        };
        let operand = self.float(arguments.first()?);
        // LN of 0 is −∞ and of less NaN: both are null.
        Some(Box::new(move |row| canonical(operation(operand(row)?))))
    }

    fn round(self, arguments: &'a [Node]) -> Option<Each<'a, f64>> {
        let operand = self.float(arguments.first()?);
        let digits = match arguments.get(1) {
            Some(Node::I64(digits)) => u32::try_from(*digits).ok()?,
            _ => 0,
        };
        Some(Box::new(move |row| {
            canonical(decimal::round(operand(row)?, digits))
        }))
    }
}

fn integer_operation<'a>(
    operator: Arithmetic,
    left: Each<'a, i64>,
    right: Each<'a, i64>,
) -> Each<'a, i64> {
    match operator {
        Arithmetic::Add => Box::new(move |row| left(row)?.checked_add(right(row)?)),
        Arithmetic::Subtract => Box::new(move |row| left(row)?.checked_sub(right(row)?)),
        Arithmetic::Multiply => Box::new(move |row| left(row)?.checked_mul(right(row)?)),
        Arithmetic::Remainder => Box::new(move |row| {
            let (left, right) = (left(row)?, right(row)?);
            // The least i64 has remainder 0 by −1, though its quotient overflows.
            (right != 0).then(|| left.wrapping_rem(right))
        }),
        Arithmetic::Divide => null(),
    }
}

fn float_operation<'a>(
    operator: Arithmetic,
    left: Each<'a, f64>,
    right: Each<'a, f64>,
) -> Each<'a, f64> {
    match operator {
        Arithmetic::Add => Box::new(move |row| canonical(left(row)? + right(row)?)),
        Arithmetic::Subtract => Box::new(move |row| canonical(left(row)? - right(row)?)),
        Arithmetic::Multiply => Box::new(move |row| canonical(left(row)? * right(row)?)),
        // By zero the quotient is infinite or NaN, and so null.
        Arithmetic::Divide => Box::new(move |row| canonical(left(row)? / right(row)?)),
        Arithmetic::Remainder => Box::new(move |row| canonical(left(row)? % right(row)?)),
    }
}
