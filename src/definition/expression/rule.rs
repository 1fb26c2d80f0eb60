//! What types the parts of an expression must have, and what is said when they have others.

use sqlparser::tokenizer::Span;

use super::super::Dtype;
use super::place::Refusal;
use super::tree::{Node, Unlike, join};

/// A part with the place it was read from.
#[derive(Debug)]
pub struct Part {
    pub node: Node,
    pub span: Span,
}

/// `an i64`, `a string`.
pub fn with_article(dtype: Dtype) -> String {
    let article = match dtype {
        Dtype::I64 | Dtype::F64 => "an",
        _ => "a",
    };
    format!("{article} {}", dtype.as_str())
}

/// How much of a part an error repeats.
const LONGEST_QUOTE: usize = 40;

fn quote(node: &Node) -> String {
    let text = node.to_string();
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

pub fn is_number(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::I64 | Dtype::F64)
}

impl Part {
    /// The type, which a bare NULL does not have.
    pub fn dtype(&self) -> Result<Dtype, Refusal> {
        self.node.dtype().ok_or_else(|| {
            Refusal::new(
                self.span,
                "this NULL has no type, and makes the result null whatever the row",
                "compare with IS NULL; as a value, write CAST(NULL AS f64)",
            )
        })
    }

    /// `verb` says what cannot be done to it: `divided`.
    pub fn number(self, verb: &str) -> Result<Node, Refusal> {
        let dtype = self.dtype()?;
        if is_number(dtype) {
            return Ok(self.node);
        }
        let what = quote(&self.node);
        let label = match dtype {
            Dtype::String => format!(
                "a number is needed here, such as CAST({} AS f64)",
                self.node
            ),
            Dtype::Bool => format!(
                "a number is needed here, such as CAST({} AS i64)",
                self.node
            ),
            _ => "a number is needed here: i64 or f64".into(),
        };
        let message = format!("{what} is {} and cannot be {verb}", with_article(dtype));
        Err(Refusal::new(self.span, message, label))
    }

    pub fn condition(self) -> Result<Node, Refusal> {
        let dtype = self.dtype()?;
        if dtype == Dtype::Bool {
            return Ok(self.node);
        }
        Err(Refusal::new(
            self.span,
            format!(
                "{} is {} and no condition",
                quote(&self.node),
                with_article(dtype)
            ),
            "a bool is needed here, such as a comparison",
        ))
    }

    /// Refuses a comparison of `self` with `other`.
    pub fn comparable(&self, other: &Self) -> Result<(), Refusal> {
        let (a, b) = (self.dtype()?, other.dtype()?);
        if a == b || (is_number(a) && is_number(b)) {
            return Ok(());
        }
        let message = format!(
            "{} is {} and cannot be compared with {}, {}",
            quote(&self.node),
            with_article(a),
            quote(&other.node),
            with_article(b)
        );
        let label = match (a, b) {
            (Dtype::Date, Dtype::String) | (Dtype::String, Dtype::Date) => {
                "a date is written DATE '2024-01-31'"
            }
            (Dtype::Datetime, _) | (_, Dtype::Datetime) => {
                "an instant is written CAST('2024-01-31T12:00:00' AS timestamp)"
            }
            _ => "CAST one side to the type of the other",
        };
        Err(Refusal::new(other.span, message, label))
    }
}

/// Refuses branches that have no type in common.
pub fn one_type<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Result<(), Refusal> {
    let mut dtype = None;
    for part in parts {
        dtype = join(dtype, part.node.dtype()).map_err(|Unlike(before, here)| {
            Refusal::new(
                part.span,
                format!(
                    "{} is {}, but the branch before it is {}",
                    quote(&part.node),
                    with_article(here),
                    with_article(before)
                ),
                "all branches must have one type",
            )
        })?;
    }
    Ok(())
}
