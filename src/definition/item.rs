//! One value while it is read: the readers of a type report what is of another one.

use std::ops::Range;
use std::str::FromStr;

use toml::value::Datetime;

use super::document::{Content, Document, Node, Place, Plant, join};
use super::section::{Section, header};
use super::wording::suggestion;
use super::{AsOf, InvalidName, Value};
use crate::error::Span;

/// A value with its place. Copies are cheap: they borrow the tree.
#[derive(Clone)]
pub(super) struct Item<'d> {
    document: &'d Document,
    /// The key, also of the elements of its list.
    key: &'d str,
    path: String,
    node: &'d Node,
}

impl<'d> Item<'d> {
    pub fn new(document: &'d Document, key: &'d str, path: String, node: &'d Node) -> Self {
        Self {
            document,
            key,
            path,
            node,
        }
    }

    /// Bytes of the file, unless `--set` gave the value.
    pub fn range(&self) -> Option<Range<usize>> {
        match &self.node.place {
            Place::File(range) => Some(range.clone()),
            Place::Set(_) => None,
        }
    }

    /// Its place in the file, unless `--set` gave the value.
    pub fn span(&self) -> Option<Span> {
        self.range().map(|range| self.document.span(range))
    }

    pub fn refuse(&self, message: impl Into<String>, label: impl Into<String>) {
        self.document.report(&self.node.place, message, label);
    }

    /// Reports at some bytes of a text, or at the whole where the file spells the text otherwise.
    pub fn refuse_part(
        &self,
        part: &Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        let place = self.part(part).unwrap_or_else(|| self.node.place.clone());
        self.document.report(&place, message, label);
    }

    /// Reports that the value is no `key`, and why.
    pub fn refuse_value(&self, why: impl Into<String>) {
        self.refuse(format!("invalid value for `{}`", self.key), why);
    }

    /// Reports that the value is not `expected` but what it is.
    pub fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        self.refuse(
            format!("wrong type for `{}`", self.key),
            format!("expected {expected}, found {}", self.found()),
        );
        None
    }

    fn found(&self) -> &'static str {
        match &self.node.content {
            Content::Bool(_) => "a boolean",
            Content::Integer(_) => "an integer",
            Content::Float(_) => "a number with a fraction",
            Content::Text(_) => "a string",
            Content::Datetime(Datetime { time: None, .. }) => "a date",
            Content::Datetime(Datetime { date: None, .. }) => "a time",
            Content::Datetime(_) => "a date with a time",
            Content::List(_) => "a list",
            Content::Table(_) => "a table",
        }
    }

    /// The bytes `part` of a text as bytes of the file: known when the text stands between single
    /// quotation marks as it is.
    fn part(&self, part: &Range<usize>) -> Option<Place> {
        let Place::File(range) = &self.node.place else {
            return None;
        };
        let written = self.document.text().get(range.clone())?;
        let text = self.as_text()?;
        let between = |mark| written.strip_prefix(mark)?.strip_suffix(mark);
        let verbatim = between('"') == Some(text) || between('\'') == Some(text);
        let inside = part.start <= part.end && part.end <= text.len();
        let start = range.start + 1;
        (verbatim && inside).then(|| Place::File(start + part.start..start + part.end))
    }

    pub fn as_text(&self) -> Option<&'d str> {
        match &self.node.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_integer(&self) -> Option<i64> {
        match self.node.content {
            Content::Integer(value) => Some(value),
            _ => None,
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(self.node.content, Content::Integer(_) | Content::Float(_))
    }

    /// One value: a text, a finite number, true or false. −0.0 is 0.0.
    pub fn scalar(&self) -> Option<Value> {
        match &self.node.content {
            Content::Bool(value) => Some(Value::Bool(*value)),
            Content::Integer(value) => Some(Value::Integer(*value)),
            Content::Float(_) => self.float().map(Value::Float),
            Content::Text(text) => Some(Value::Text(text.clone())),
            _ => self.wrong_type("a text, a number, true or false"),
        }
    }

    /// This value, to be put elsewhere.
    pub fn plant(&self, path: &str) -> Plant<'d> {
        Plant {
            path: path.to_string(),
            node: self.node,
        }
    }

    pub fn text(&self) -> Option<&'d str> {
        self.as_text().or_else(|| self.wrong_type("a string"))
    }

    pub fn boolean(&self) -> Option<bool> {
        match self.node.content {
            Content::Bool(value) => Some(value),
            _ => self.wrong_type("true or false"),
        }
    }

    pub fn integer(&self) -> Option<i64> {
        self.as_integer().or_else(|| self.wrong_type("an integer"))
    }

    /// A finite number; `1` is one too, and −0.0 is 0.0.
    pub fn float(&self) -> Option<f64> {
        match self.node.content {
            #[allow(clippy::cast_precision_loss)]
            Content::Integer(value) => Some(value as f64),
            Content::Float(value) if value.is_finite() => Some(value + 0.0),
            Content::Float(_) => {
                self.refuse_value("expected a finite number");
                None
            }
            _ => self.wrong_type("a number"),
        }
    }

    /// A date, as TOML writes it or as a text.
    pub fn date(&self) -> Option<AsOf> {
        match &self.node.content {
            Content::Datetime(date @ Datetime { time: None, .. }) => self.parsed(&date.to_string()),
            Content::Text(text) => self.parsed(text),
            _ => self.wrong_type("a date such as 2024-01-31"),
        }
    }

    /// A date with a time, in UTC unless it says otherwise.
    pub fn instant(&self) -> Option<jiff::Timestamp> {
        let text = match &self.node.content {
            Content::Datetime(datetime) => datetime.to_string(),
            Content::Text(text) => (*text).clone(),
            _ => return self.wrong_type(INSTANT),
        };
        let in_utc = format!("{text}Z");
        let instant = text.parse().or_else(|_| in_utc.parse());
        instant.ok().or_else(|| {
            self.refuse_value(format!("`{text}` is not {INSTANT}"));
            None
        })
    }

    /// A name, an age, a date: what has a form of its own.
    pub fn parse<T: FromStr<Err = InvalidName>>(&self) -> Option<T> {
        self.parsed(self.text()?)
    }

    fn parsed<T: FromStr<Err = InvalidName>>(&self, text: &str) -> Option<T> {
        let refuse = |InvalidName(why)| {
            self.refuse_value(why);
        };
        text.parse().map_err(refuse).ok()
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word);
            let expected = if words.len() == 1 {
                "expected"
            } else {
                "expected one of"
            };
            self.refuse(
                format!("unknown value `{text}` for `{}`", self.key),
                suggestion(text, known, expected),
            );
        }
        found.map(|(_, value)| *value)
    }

    pub fn is_list(&self) -> bool {
        matches!(self.node.content, Content::List(_))
    }

    pub fn is_table(&self) -> bool {
        matches!(self.node.content, Content::Table(_))
    }

    pub fn list(&self) -> Option<Vec<Self>> {
        let Content::List(nodes) = &self.node.content else {
            return self.wrong_type("a list");
        };
        let element = |(at, node): (usize, &'d Node)| Self {
            path: join(&self.path, &at.to_string()),
            node,
            ..self.clone()
        };
        Some(nodes.iter().enumerate().map(element).collect())
    }

    /// The texts of a list, each with its place.
    pub fn texts(&self) -> Option<Vec<(&'d str, Self)>> {
        let with_place = |item: Self| Some((item.text()?, item));
        Some(self.list()?.into_iter().filter_map(with_place).collect())
    }

    pub fn section(&self) -> Option<Section<'d>> {
        let Content::Table(entries) = &self.node.content else {
            return self.wrong_type(&format!("a section `{}`", header(&self.path)));
        };
        let path = self.path.clone();
        Some(Section::new(self.document, path, &self.node.place, entries))
    }
}

const INSTANT: &str = "a date with a time such as 2024-01-31T12:00:00Z";
