//! Taking known keys out of a section, and refusing the rest.
//!
//! A reader asks a [`Section`] for each key it knows and an [`Item`] for the type it needs. Whatever
//! does not fit is reported to the document and comes back as `None`, so that reading goes on and
//! every error of a file is found at once. [`Section::finish`] then reports the keys nobody asked
//! for. A value that was reported never reaches a checked definition: the document is not sound.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use toml::value::Datetime;

use super::document::{Content, Document, Entries, Node, Place, join};
use super::wording::suggestion;
use super::{AsOf, InvalidName};

/// What a section that nobody wrote holds.
static NOTHING: Entries = Entries::new();

/// A table of TOML while it is read.
pub(super) struct Section<'d> {
    document: &'d Document,
    /// Keys joined by dots; empty for the file itself.
    path: String,
    place: &'d Place,
    entries: &'d Entries,
    asked: RefCell<BTreeSet<&'static str>>,
    /// Keys that were refused by name.
    refused: RefCell<BTreeSet<&'static str>>,
}

impl<'d> Section<'d> {
    pub fn root(document: &'d Document) -> Self {
        let entries = match &document.root.content {
            Content::Table(entries) => entries,
            _ => &NOTHING,
        };
        Self::new(document, String::new(), &document.root.place, entries)
    }

    fn new(document: &'d Document, path: String, place: &'d Place, entries: &'d Entries) -> Self {
        Self {
            document,
            path,
            place,
            entries,
            asked: RefCell::default(),
            refused: RefCell::default(),
        }
    }

    /// The value of a key that may be absent.
    pub fn optional(&self, key: &'static str) -> Option<Item<'d>> {
        self.asked.borrow_mut().insert(key);
        self.item(key)
    }

    /// The value of a key that must be there; `about` says what to write.
    pub fn required(&self, key: &'static str, about: &str) -> Option<Item<'d>> {
        let item = self.optional(key);
        if item.is_none() {
            self.refuse(format!("missing key `{key}`"), about);
        }
        item
    }

    /// A section of this one; an empty one if it is absent.
    pub fn section(&self, key: &'static str) -> Option<Self> {
        let absent = || {
            let path = join(&self.path, key);
            Some(Self::new(self.document, path, self.place, &NOTHING))
        };
        self.optional(key)
            .map_or_else(absent, |item| item.section())
    }

    pub fn required_section(&self, key: &'static str, about: &str) -> Option<Self> {
        if !self.entries.contains_key(key) {
            let path = join(&self.path, key);
            self.asked.borrow_mut().insert(key);
            self.refuse(format!("missing section `[{path}]`"), about);
            return None;
        }
        self.section(key)
    }

    /// Refuses a section that another version may read. It is no key one should be led to.
    pub fn unsupported(&self, key: &'static str, why: &str) {
        if let Some(item) = self.item(key) {
            item.refuse(format!("`[{}]` is not supported", item.path), why);
            self.refused.borrow_mut().insert(key);
        }
    }

    /// Every entry of a section whose keys are names people give.
    pub fn entries(&self) -> impl Iterator<Item = (&'d str, Item<'d>)> {
        self.entries
            .keys()
            .filter_map(|key| Some((key.as_str(), self.item(key)?)))
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reports at the header.
    pub fn refuse(&self, message: impl Into<String>, label: impl Into<String>) {
        self.document.report(self.place, message, label);
    }

    /// Reports at the key of an entry.
    pub fn refuse_key(&self, key: &str, message: impl Into<String>, label: impl Into<String>) {
        let place = self.entries.get(key).map_or(self.place, |entry| &entry.key);
        self.document.report(place, message, label);
    }

    /// Reports the keys nobody asked for.
    pub fn finish(&self) {
        let taker = match self.path.as_str() {
            "" => "the file".to_string(),
            path => format!("`{}`", header(path)),
        };
        self.finish_as(|key, known| suggestion(key, known, &format!("{taker} takes")));
    }

    /// Reports the keys nobody asked for, each with what `label` makes of it and the known keys.
    pub fn finish_as(&self, label: impl Fn(&str, Vec<&'static str>) -> String) {
        let known = self.asked.borrow();
        let refused = self.refused.borrow();
        self.document.note_asked(&self.path, &known);
        for key in self.entries.keys().map(String::as_str) {
            if !known.contains(key) && !refused.contains(key) {
                let label = label(key, known.iter().copied().collect());
                self.refuse_key(key, format!("unknown key `{key}`"), label);
            }
        }
    }

    fn item(&self, key: &str) -> Option<Item<'d>> {
        let (key, entry) = self.entries.get_key_value(key)?;
        Some(Item {
            document: self.document,
            key,
            path: join(&self.path, key),
            node: &entry.node,
        })
    }
}

/// `[model]`, `[[checks]]`.
fn header(path: &str) -> String {
    match path.rsplit_once('.') {
        Some((list, at)) if at.bytes().all(|byte| byte.is_ascii_digit()) => format!("[[{list}]]"),
        _ => format!("[{path}]"),
    }
}

/// A value while it is read. The readers of a type report what is of another one.
#[derive(Clone)]
pub(super) struct Item<'d> {
    document: &'d Document,
    /// The key, also of the elements of its list.
    key: &'d str,
    path: String,
    node: &'d Node,
}

impl<'d> Item<'d> {
    /// Bytes of the file, unless `--set` gave the value.
    pub fn range(&self) -> Option<Range<usize>> {
        match &self.node.place {
            Place::File(range) => Some(range.clone()),
            Place::Set(_) => None,
        }
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

    fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        self.refuse(
            format!("wrong type for `{}`", self.key),
            format!("expected {expected}, found {}", self.found()),
        );
        None
    }

    fn found(&self) -> &'static str {
        match &self.node.content {
            Content::Bool(_) => "true or false",
            Content::Integer(_) => "an integer",
            Content::Float(_) => "a number with a fraction",
            Content::Text(_) => "a text",
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
        let verbatim = [format!("\"{text}\""), format!("'{text}'")].contains(&written.to_string());
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

    pub fn text(&self) -> Option<&'d str> {
        self.as_text().or_else(|| self.wrong_type("a text"))
    }

    pub fn boolean(&self) -> Option<bool> {
        match self.node.content {
            Content::Bool(value) => Some(value),
            _ => self.wrong_type("true or false"),
        }
    }

    pub fn integer(&self) -> Option<i64> {
        match self.node.content {
            Content::Integer(value) => Some(value),
            _ => self.wrong_type("an integer"),
        }
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
            self.refuse(
                format!("unknown `{}`: `{text}`", self.key),
                suggestion(text, known, "expected one of"),
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
