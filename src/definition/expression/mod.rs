//! SQL scalar expressions of derived features: parsed, checked, and written back in one form.
//!
//! A text becomes an expression in three steps. `sqlparser` reads SQL, under a dialect of ours that
//! knows no extension; `read` keeps the small part of it that has a meaning for the columns of one
//! row, with the type of every part checked; `print` writes the tree back in one spelling. That
//! spelling is what is hashed and locked, so layout, letter case of keywords and needless
//! parentheses make no other feature. Before an expression is handed out, its spelling is read
//! again and must give the same tree: what stands in a lock means what was computed.
//!
//! The rules of values (contract §2, and what it leaves open):
//!
//! | form | rule |
//! |---|---|
//! | null | an operand that is null makes the result null; AND and OR know three values |
//! | `+ - *` | two i64 give an i64, otherwise f64; overflow is null |
//! | `/` | real division, f64; by zero null |
//! | `%` | remainder with the sign of the left operand; by zero null |
//! | `= <> < <= > >=` | an i64 and an f64 are compared exactly; texts bytewise; FALSE before TRUE |
//! | `x IN (…)` | null when no item is equal and `x` or an item is null |
//! | CASE, COALESCE | one type for all branches; an i64 beside an f64 becomes an f64 |
//! | `NULLIF(a, b)` | has the type of `a` |
//! | `GREATEST`, `LEAST` | null when any argument is null |
//! | `LN`, `SQRT`, `EXP`, `POWER` | f64; null where there is no finite real result |
//! | `ABS`, `CEIL`, `FLOOR`, `ROUND` | an i64 stays an i64 |
//! | `ROUND(x, d)` | half away from zero, of the shortest decimal that reads back as `x` |
//! | `CAST` | null when it fails; text is trimmed; an f64 becomes the nearest i64, half away from zero |
//! | `''` | refused: an empty text is null, so nothing equals it |
//!
//! `windowed` reads aggregates over many rows: the same expressions, gathered over a window.
//!
//! A bare NULL has no type. It may stand in CASE, COALESCE and CAST, where its neighbours give it
//! one.

mod call;
mod literal;
mod place;
mod print;
mod read;
mod rule;
mod tree;
mod windowed;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{ColumnName, Dtype};
use crate::hash::{ContentHash, ContentHasher};

use read::Scope;
pub use tree::{Arithmetic, DatePart, Function, Node, Relation};
pub use windowed::{Aggregate, Windowed};

/// A scalar expression over the columns of one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Expression {
    /// The expression in canonical spelling: what is hashed and locked.
    text: String,
    columns: Vec<ColumnName>,
    dtype: Dtype,
    root: Node,
}

/// Why a text is no expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead; stands under the quoted text.
    pub label: String,
    /// Bytes of the text that was parsed.
    pub range: Range<usize>,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.label)
    }
}

impl std::error::Error for ExpressionError {}

impl Expression {
    /// Reads an expression over `columns`, the columns of its table.
    pub fn parse(
        text: &str,
        columns: &BTreeMap<ColumnName, Dtype>,
    ) -> Result<Self, ExpressionError> {
        Self::parse_in(text, columns, Scope::Columns)
    }

    /// Reads an expression over `features`, whose names are full: `TABLE.FEATURE`. `unknown` says what to do
    /// about a name that is none of them.
    pub fn parse_over_features(
        text: &str,
        features: &BTreeMap<ColumnName, Dtype>,
        unknown: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ExpressionError> {
        Self::parse_in(text, features, Scope::Features { unknown })
    }

    fn parse_in(
        text: &str,
        columns: &BTreeMap<ColumnName, Dtype>,
        scope: Scope<'_>,
    ) -> Result<Self, ExpressionError> {
        let (root, dtype) = read::read(text, columns, scope)?;
        let canonical = root.to_string();
        match read::read(&canonical, columns, scope) {
            Ok((again, _)) if again == root => Ok(Self {
                columns: columns_of(&root),
                text: canonical,
                dtype,
                root,
            }),
            // Parentheses that the canonical spelling adds can pass the limit of nesting.
            _ => Err(place::too_deep(text)),
        }
    }

    /// The expression of a tree that was read.
    fn of_node(root: Node) -> Self {
        let dtype = root
            .dtype()
            .expect("a bare NULL is refused where it is read");
        Self {
            text: root.to_string(),
            columns: columns_of(&root),
            dtype,
            root,
        }
    }

    /// The column, where it is one and nothing else.
    pub fn as_column(&self) -> Option<&ColumnName> {
        match &self.root {
            Node::Column(name, _) => Some(name),
            _ => None,
        }
    }

    /// The canonical spelling of a column alone.
    pub fn of_column(name: &ColumnName) -> String {
        // The type is not part of the spelling.
        Node::Column(name.clone(), Dtype::String).to_string()
    }

    /// The canonical spelling of a feature in expressions over features.
    pub fn of_feature(name: &ColumnName) -> String {
        Node::Feature(name.clone(), Dtype::String).to_string()
    }

    /// The expression that is one column and nothing else.
    pub fn column(name: ColumnName, dtype: Dtype) -> Self {
        Self {
            columns: vec![name.clone()],
            text: Self::of_column(&name),
            dtype,
            root: Node::Column(name, dtype),
        }
    }

    /// The canonical spelling, the same for every layout of the same expression.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The columns it reads, in bytewise order, each once.
    pub fn columns(&self) -> &[ColumnName] {
        &self.columns
    }

    /// What it gives.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The expression as a checked tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The columns it reads with their types.
    pub fn inputs(&self) -> BTreeMap<ColumnName, Dtype> {
        let mut inputs = BTreeMap::new();
        self.root.visit_columns(&mut |name, dtype| {
            inputs.insert(name.clone(), dtype);
        });
        inputs
    }
}

fn columns_of(root: &Node) -> Vec<ColumnName> {
    let mut names = BTreeSet::new();
    root.visit_columns(&mut |name, _| {
        names.insert(name.clone());
    });
    names.into_iter().collect()
}

/// The canonical spelling.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl ContentHash for Expression {
    fn feed(&self, hasher: &mut ContentHasher) {
        feed(&self.text, &self.inputs(), hasher);
    }
}

/// The spelling, then the columns with their types: the same text over other types is another
/// function.
fn feed(text: &str, inputs: &BTreeMap<ColumnName, Dtype>, hasher: &mut ContentHasher) {
    hasher.text(text);
    hasher.count(inputs.len());
    for (name, dtype) in inputs {
        hasher.text(name.as_str());
        hasher.text(dtype.as_str());
    }
}

/// An expression, or an aggregate over a window, as it is stored: enough to read it again.
#[derive(Serialize, Deserialize)]
struct Written {
    sql: String,
    columns: BTreeMap<ColumnName, Dtype>,
}

impl From<Expression> for Written {
    fn from(expression: Expression) -> Self {
        Self {
            columns: expression.inputs(),
            sql: expression.text,
        }
    }
}

impl TryFrom<Written> for Expression {
    type Error = ExpressionError;

    fn try_from(written: Written) -> Result<Self, ExpressionError> {
        Self::parse(&written.sql, &written.columns)
    }
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
