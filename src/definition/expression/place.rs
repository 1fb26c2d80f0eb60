//! Where in the text something stands, and what is said when SQL itself does not read.

use std::ops::Range;

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Span, TokenizerError};

use super::ExpressionError;

/// An error at the place of a part of the syntax tree.
#[derive(Debug)]
pub struct Refusal {
    pub message: String,
    pub label: String,
    pub span: Span,
}

impl Refusal {
    pub fn new(span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            label: label.into(),
            span,
        }
    }

    pub fn at_bytes_of(self, text: &str) -> ExpressionError {
        ExpressionError {
            message: self.message,
            label: self.label,
            range: bytes(text, self.span),
        }
    }
}

/// More nesting than is read.
pub fn too_deep(text: &str) -> ExpressionError {
    ExpressionError {
        message: "this expression is nested too deeply".into(),
        label: "split it into several derived features".into(),
        range: 0..text.len(),
    }
}

pub fn too_long(text: &str, limit: usize) -> ExpressionError {
    ExpressionError {
        message: format!("this expression has more than {limit} words and signs"),
        label: "split it into several derived features".into(),
        range: 0..text.len(),
    }
}

/// What the tokenizer refused: a quote that does not end, a sign that is none.
pub fn from_tokenizer(text: &str, error: &TokenizerError) -> ExpressionError {
    let start = byte(text, error.location);
    ExpressionError {
        message: lower_first(&error.message),
        label: "this is not SQL".into(),
        range: start..next_boundary(text, start),
    }
}

/// What the parser refused.
pub fn from_parser(text: &str, error: &ParserError) -> ExpressionError {
    let message = match error {
        ParserError::RecursionLimitExceeded => return too_deep(text),
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
    };
    let (words, location) = split_location(message);
    let range = match location {
        Some(location) => {
            let start = byte(text, location);
            start..word_end(text, start)
        }
        None => last_word(text),
    };
    ExpressionError {
        message: in_our_words(words),
        label: "this does not read as a SQL expression".into(),
        range,
    }
}

/// `Expected: X, found: Y` as a headline.
fn in_our_words(words: &str) -> String {
    let parts = words
        .strip_prefix("Expected: ")
        .and_then(|rest| rest.rsplit_once(", found: "));
    match parts {
        Some((expected, "EOF")) => format!("expected {expected}, but the expression ends"),
        Some((expected, found)) => format!("expected {expected}, found `{found}`"),
        None => lower_first(words),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// The parser tells places only in words: ` at Line: 1, Column: 5`, at the end.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let place = || {
        let (words, place) = message.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        let (line, column) = (line.parse().ok()?, column.parse().ok()?);
        Some((words, Location { line, column }))
    };
    match place() {
        Some((words, location)) => (words, Some(location)),
        None => (message, None),
    }
}

/// The bytes of a span; all of the text for a part that has no place of its own.
fn bytes(text: &str, span: Span) -> Range<usize> {
    if span.start.line == 0 {
        return 0..text.len();
    }
    let start = byte(text, span.start);
    start..byte(text, span.end).max(next_boundary(text, start))
}

/// Lines and columns count from 1, columns in characters.
fn byte(text: &str, location: Location) -> usize {
    let (mut line, mut column) = (1, 1);
    for (at, c) in text.char_indices() {
        if (line, column) >= (location.line, location.column) {
            return at;
        }
        if c == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    text.len()
}

fn next_boundary(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    start + rest.chars().next().map_or(0, char::len_utf8)
}

/// The end of the word, or of the single sign, that begins at `start`.
fn word_end(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let length = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(rest.len());
    (start + length).max(next_boundary(text, start))
}

/// The last thing before the end: where something is missing.
fn last_word(text: &str) -> Range<usize> {
    let end = text.trim_end().len();
    let start = text[..end]
        .char_indices()
        .rev()
        .take_while(|(_, c)| !c.is_whitespace())
        .last()
        .map_or(end, |(at, _)| at);
    start..end
}
