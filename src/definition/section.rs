//! Taking known keys out of a section, and refusing the rest.
//!
//! A reader asks a [`Section`] for each key it knows and an [`Item`] for the type it needs. Whatever
//! does not fit is reported to the document and comes back as `None`, so that reading goes on and
//! every error of a file is found at once. [`Section::finish`] then reports the keys nobody asked
//! for. A value that was reported never reaches a checked definition: the document is not sound.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::document::{Content, Document, Entries, Place, join};
use super::item::Item;
use super::wording::suggestion;
use crate::error::did_you_mean;

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
    /// Reported in the end, when it is known whether they are there in another spelling.
    missing: RefCell<Vec<Missing>>,
}

struct Missing {
    key: &'static str,
    message: String,
    label: String,
}

impl<'d> Section<'d> {
    pub fn root(document: &'d Document) -> Self {
        let entries = match &document.root.content {
            Content::Table(entries) => entries,
            _ => &NOTHING,
        };
        Self::new(document, String::new(), &document.root.place, entries)
    }

    pub fn new(
        document: &'d Document,
        path: String,
        place: &'d Place,
        entries: &'d Entries,
    ) -> Self {
        Self {
            document,
            path,
            place,
            entries,
            asked: RefCell::default(),
            refused: RefCell::default(),
            missing: RefCell::default(),
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
            self.note_missing(key, format!("missing key `{key}`"), about);
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
            self.note_missing(key, format!("missing section `[{path}]`"), about);
            return None;
        }
        self.section(key)
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

    /// Reports the keys that are missing and those nobody asked for.
    pub fn finish(&self) {
        let taker = match self.path.as_str() {
            "" => "the file".to_string(),
            path => format!("`{}`", header(path)),
        };
        self.finish_as(|key, known| {
            suggestion(key, known.iter().copied(), &format!("{taker} takes"))
        });
    }

    /// [`Section::finish`], where `label` says of an unknown key what it makes of it and the known.
    pub fn finish_as(&self, label: impl Fn(&str, &[&'static str]) -> String) {
        let asked = self.asked.borrow();
        let refused = self.refused.borrow();
        self.document.note_asked(&self.path, &asked);
        let known: Vec<_> = asked.iter().copied().collect();
        let keys = self.entries.keys().map(String::as_str);
        let unknown: Vec<_> = keys
            .filter(|key| !asked.contains(key) && !refused.contains(key))
            .collect();
        let meant = unknown
            .iter()
            .filter_map(|key| did_you_mean(key, known.iter().copied()));
        self.refuse_missing(&meant.collect());
        for key in unknown {
            let label = label(key, &known);
            self.refuse_key(key, format!("unknown key `{key}`"), label);
        }
    }

    /// Reports the keys that are missing, and nothing of the others: where one key decides what
    /// else there may be, its absence leaves that open.
    pub fn finish_unread(&self) {
        self.refuse_missing(&BTreeSet::new());
    }

    /// Reports the keys that are missing, except those that are there in another spelling.
    fn refuse_missing(&self, misspelt: &BTreeSet<&str>) {
        for missing in self.missing.borrow().iter() {
            if !misspelt.contains(missing.key) {
                self.refuse(&missing.message, &missing.label);
            }
        }
    }

    fn note_missing(&self, key: &'static str, message: String, label: &str) {
        let label = label.to_string();
        self.missing.borrow_mut().push(Missing {
            key,
            message,
            label,
        });
    }

    fn item(&self, key: &str) -> Option<Item<'d>> {
        let (key, entry) = self.entries.get_key_value(key)?;
        let path = join(&self.path, key);
        Some(Item::new(self.document, key, path, &entry.node))
    }
}

/// `[model]`, `[[checks]]`.
pub(super) fn header(path: &str) -> String {
    match path.rsplit_once('.') {
        Some((list, at)) if at.bytes().all(|byte| byte.is_ascii_digit()) => format!("[[{list}]]"),
        _ => format!("[{path}]"),
    }
}
