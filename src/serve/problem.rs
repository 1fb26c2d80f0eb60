//! Errors as RFC 9457 wants them.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::http::{Reply, phrase};
use crate::error::{Error, Kind};
use crate::hash::RunId;

/// The slug of what is worth trying again in a second.
const BUSY: &str = "busy";

/// What went wrong, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    /// The last part of `type`.
    pub slug: &'static str,
    pub title: Box<str>,
    /// One sentence or several, each with a full stop.
    pub detail: Box<str>,
    pub missing_features: Box<[String]>,
    /// The run that would have answered.
    pub run: Option<RunId>,
    /// The failure inside, which is not part of the document.
    pub cause: Option<Box<str>>,
}

impl Problem {
    /// The problem of a status, which gives its title.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            slug: slug_of(status),
            title: phrase(status).into(),
            detail: detail.into().into_boxed_str(),
            missing_features: Box::default(),
            run: None,
            cause: None,
        }
    }

    /// Others must come to an end first.
    pub fn busy(detail: &str) -> Self {
        Self {
            slug: BUSY,
            ..Self::new(503, detail)
        }
    }

    pub fn too_large(limit: usize) -> Self {
        Self::new(413, format!("A body has at most {limit} bytes."))
    }

    /// The problem an error of the library is to a client. `entity` is what rows are about.
    ///
    /// A failure inside says no more than that: its words are the cause, for the log.
    pub fn of(error: &Error, entity: &str) -> Self {
        let (slug, title) = match error.kind() {
            Kind::UnknownEntity => ("unknown-entity", format!("Unknown {entity}")),
            Kind::MissingFeatures => ("missing-features", "Missing features".to_string()),
            Kind::NotReady => ("not-ready", "Not ready".to_string()),
            _ => {
                return Self {
                    cause: Some(error.to_string().into()),
                    ..Self::new(500, "The request could not be answered; see the log.")
                };
            }
        };
        let missing_features = match error.kind() {
            Kind::MissingFeatures => error.all_details().into(),
            _ => Box::default(),
        };
        Self {
            status: error.kind().http_status(),
            slug,
            title: title.into(),
            detail: sentence(error.message()).into(),
            missing_features,
            run: None,
            cause: None,
        }
    }

    /// Why predictions of the pinned model are not taken apart.
    pub fn no_explanation(error: &Error) -> Self {
        let help = error.all_help().iter().map(|help| sentence(help));
        let words = std::iter::once(sentence(error.message())).chain(help);
        Self {
            slug: "no-explanation",
            title: "No explanation".into(),
            ..Self::new(422, words.collect::<Vec<_>>().join(" "))
        }
    }

    /// The problem of one of so many rows, counted from 0 here and from 1 for people.
    #[must_use]
    pub fn in_row(mut self, row: usize, rows: usize) -> Self {
        if rows > 1 {
            self.detail = format!("Row {} of {rows}: {}", row + 1, self.detail).into();
        }
        self
    }

    /// Names a run, where none is named yet.
    #[must_use]
    pub fn or_run(self, run: RunId) -> Self {
        match self.run {
            Some(_) => self,
            None => self.with_run(run),
        }
    }

    #[must_use]
    pub fn with_run(mut self, run: RunId) -> Self {
        self.run = Some(run);
        self
    }

    pub fn to_reply(&self) -> Reply {
        self.to_reply_as("application/problem+json", self)
    }

    /// The same in the shape of another protocol.
    pub fn to_reply_as(&self, content_type: &'static str, document: &impl Serialize) -> Reply {
        let reply = Reply::json(self.status, content_type, document);
        let mut reply = reply.with_cause(self.cause.clone());
        if self.slug == BUSY {
            reply = reply.with_header("Retry-After", "1");
        }
        match self.run {
            Some(run) => reply.with_header("X-Streamflow-Run", run.to_string()),
            None => reply,
        }
    }
}

fn slug_of(status: u16) -> &'static str {
    match status {
        400 => "bad-request",
        401 => "unauthorized",
        404 => "not-found",
        405 => "method-not-allowed",
        408 => "request-timeout",
        413 => "too-large",
        415 => "unsupported-media-type",
        422 => "wrong-shape",
        500 => "internal",
        503 => "not-ready",
        _ => "http",
    }
}

/// A message as a sentence: a capital first, a full stop last.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut text = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &format!("/problems/{}", self.slug))?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("detail", &self.detail)?;
        if !self.missing_features.is_empty() {
            map.serialize_entry("missing_features", &self.missing_features)?;
        }
        if let Some(run) = &self.run {
            map.serialize_entry("run", run)?;
        }
        map.end()
    }
}
