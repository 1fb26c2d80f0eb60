//! TOML text as a tree that remembers where everything stands, and the notes taken reading it.
//!
//! The tree is our own rather than the library's, because a value need not come from the file:
//! `run --set` plants values that have no line and column, and errors speak of the option instead.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use super::section::Section;
use super::set::plant;
use super::{Origin, ValuePath};
use crate::error::{Finding, SourceText, Span};

/// Where a key or value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Bytes of the file.
    File(Range<usize>),
    /// `K=V` as given to `--set`.
    Set(Arc<str>),
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Of a section: its header.
    pub place: Place,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Datetime(Datetime),
    List(Vec<Node>),
    Table(Entries),
}

pub(super) type Entries = BTreeMap<String, Entry>;

#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Where the key stands.
    pub key: Place,
    pub node: Node,
}

/// A value to be put elsewhere in the tree. It keeps its place: what is said of it is said there.
#[derive(Debug, Clone)]
pub(super) struct Plant<'d> {
    /// Where it is put: keys joined by dots.
    pub path: String,
    pub node: &'d Node,
}

/// Something `--set` asks for that the experiment does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// `K=V` as given.
    pub option: Arc<str>,
    pub message: String,
    pub label: String,
}

/// One file while it is read. Reading borrows the document in many hands at once, hence the cells.
pub(super) struct Document {
    source: Arc<SourceText>,
    pub(super) root: Node,
    pub(super) places: BTreeMap<ValuePath, Range<usize>>,
    findings: RefCell<Vec<Finding>>,
    misfits: RefCell<Vec<Misfit>>,
    /// By section, the keys that reading asked for.
    asked: RefCell<BTreeMap<String, BTreeSet<&'static str>>>,
}

impl Document {
    /// Reads the TOML of a file. What is no TOML becomes findings; then the tree is not worth
    /// reading, because every key after the first slip may be missing from it.
    pub fn parse(path: &str, text: &str) -> Self {
        let source = Arc::new(SourceText {
            path: path.to_string(),
            text: text.to_string(),
        });
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut planting = Planting {
            places: BTreeMap::new(),
            too_large: Vec::new(),
        };
        let entries = planting.table(table.get_ref(), "");
        let document = Self {
            source,
            root: Node {
                place: Place::File(0..0),
                content: Content::Table(entries),
            },
            places: planting.places,
            findings: RefCell::default(),
            misfits: RefCell::default(),
            asked: RefCell::default(),
        };
        for error in errors {
            document.report_syntax(&error);
        }
        for range in planting.too_large {
            document.report(
                &Place::File(range),
                "number too large",
                "an integer has 64 bits",
            );
        }
        document
    }

    /// The same document with values put where they are not, of which nothing was said yet.
    pub fn with(&self, plants: &[&Plant<'_>]) -> Self {
        let mut document = Self {
            source: Arc::clone(&self.source),
            root: self.root.clone(),
            places: self.places.clone(),
            findings: RefCell::default(),
            misfits: RefCell::default(),
            asked: RefCell::default(),
        };
        for Plant { path, node } in plants {
            let keys: Vec<_> = path.split('.').collect();
            let planted = plant(&mut document.root, &keys, (*node).clone(), &node.place);
            if let Err(owner) = planted {
                let message = format!("`{owner}` is not a section");
                document.report(&node.place, message, "it holds one value");
            }
        }
        document
    }

    /// Takes over what was said of another reading of this document, and nothing twice.
    pub fn take_findings(&self, other: Self) {
        let (findings, misfits) = other.into_reports();
        let mut own = self.findings.borrow_mut();
        for finding in findings {
            if !own.contains(&finding) {
                own.push(finding);
            }
        }
        let mut own = self.misfits.borrow_mut();
        for misfit in misfits {
            if !own.contains(&misfit) {
                own.push(misfit);
            }
        }
    }

    pub fn root(&self) -> Section<'_> {
        Section::root(self)
    }

    /// The file, with the places of its values.
    pub fn origin(&self) -> Origin {
        Origin {
            source: Arc::clone(&self.source),
            places: self.places.clone(),
        }
    }

    pub fn span(&self, range: Range<usize>) -> Span {
        let source = Arc::clone(&self.source);
        Span { source, range }
    }

    pub fn text(&self) -> &str {
        &self.source.text
    }

    pub fn report(&self, place: &Place, message: impl Into<String>, label: impl Into<String>) {
        let (message, label) = (message.into(), label.into());
        match place {
            Place::File(range) => self.findings.borrow_mut().push(Finding {
                message,
                span: Some(Span {
                    source: Arc::clone(&self.source),
                    range: range.clone(),
                }),
                label,
            }),
            Place::Set(option) => self.misfits.borrow_mut().push(Misfit {
                option: Arc::clone(option),
                message,
                label,
            }),
        }
    }

    fn report_syntax(&self, error: &toml::de::Error) {
        let (what, expected) = match error.message().split_once(", expected ") {
            Some((what, expected)) => (what, format!("expected {expected}")),
            None if error.message() == "duplicate key" => {
                (error.message(), "it stands further up already".to_string())
            }
            None => (error.message(), String::new()),
        };
        let range = error.span().unwrap_or(0..0);
        self.report(
            &Place::File(range),
            format!("invalid TOML: {what}"),
            expected,
        );
    }

    /// Notes which keys a section may have.
    pub fn note_asked(&self, section: &str, keys: &BTreeSet<&'static str>) {
        let mut asked = self.asked.borrow_mut();
        asked.entry(section.to_string()).or_default().extend(keys);
    }

    pub fn is_sound(&self) -> bool {
        self.findings.borrow().is_empty() && self.misfits.borrow().is_empty()
    }

    /// What was reported, findings in the order of the file.
    pub fn into_reports(self) -> (Vec<Finding>, Vec<Misfit>) {
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|finding| finding.span.as_ref().map(|span| span.range.start));
        (findings, self.misfits.into_inner())
    }

    #[cfg(test)]
    pub fn asked(&self) -> BTreeMap<String, BTreeSet<&'static str>> {
        self.asked.borrow().clone()
    }
}

/// `parent.key`, or `key` at the top.
pub(super) fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        return key.to_string();
    }
    format!("{parent}.{key}")
}

/// The library's tree on its way into ours.
struct Planting {
    places: BTreeMap<ValuePath, Range<usize>>,
    too_large: Vec<Range<usize>>,
}

impl Planting {
    fn table(&mut self, table: &DeTable<'_>, path: &str) -> Entries {
        let entry = |(key, value): (&Spanned<_>, &Spanned<_>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            let entry = Entry {
                key: Place::File(key.span()),
                node: self.node(value, join(path, name)),
            };
            (name.to_string(), entry)
        };
        table.iter().map(entry).collect()
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>, path: String) -> Node {
        let content = self.content(value, &path);
        self.places.insert(ValuePath::new(path), value.span());
        Node {
            place: Place::File(value.span()),
            content,
        }
    }

    fn content(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Content {
        match value.get_ref() {
            DeValue::Boolean(value) => Content::Bool(*value),
            DeValue::String(text) => Content::Text(text.to_string()),
            DeValue::Datetime(datetime) => Content::Datetime(*datetime),
            DeValue::Float(float) => Content::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Integer(integer) => {
                let number = i64::from_str_radix(integer.as_str(), integer.radix());
                Content::Integer(number.unwrap_or_else(|_| {
                    self.too_large.push(value.span());
                    0
                }))
            }
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                let node = |(at, item): (usize, _)| self.node(item, join(path, &at.to_string()));
                Content::List(items.map(node).collect())
            }
            DeValue::Table(table) => Content::Table(self.table(table, path)),
        }
    }
}

/// A value on its own, as `--set` takes it; none if it is not TOML.
pub(super) fn parse_value(text: &str, place: &Place) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut planting = Planting {
        places: BTreeMap::new(),
        too_large: Vec::new(),
    };
    let mut node = planting.node(&value, String::new());
    if !planting.too_large.is_empty() {
        return None;
    }
    move_to(&mut node, place);
    Some(node)
}

fn move_to(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.content {
        Content::List(items) => items.iter_mut().for_each(|item| move_to(item, place)),
        Content::Table(entries) => {
            for entry in entries.values_mut() {
                entry.key = place.clone();
                move_to(&mut entry.node, place);
            }
        }
        _ => {}
    }
}
