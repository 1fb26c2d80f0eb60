//! What the server says on standard error: events in words, or everything in JSON.

use std::net::SocketAddr;

use serde::Serialize;

use super::http::{Reply, Request};
use super::legible::legible;
use super::request_id::RequestId;
use super::route;
use crate::host::{self, Instant};

/// Characters of a path that are logged.
const MOST_PATH: usize = 512;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Events alone, each as a line of text.
    Text,
    /// Events and requests, each as a JSON document on a line of its own.
    Json,
}

/// Where lines go, and as what.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    pub format: LogFormat,
    /// Writes one line.
    pub write: fn(&str),
}

/// A request that was answered.
#[derive(Debug)]
pub struct Served<'a> {
    pub id: &'a RequestId<'a>,
    pub peer: Option<SocketAddr>,
    /// None for one that was refused before it could be read.
    pub request: Option<&'a Request>,
    pub reply: &'a Reply,
    pub seconds: f64,
}

#[derive(Serialize)]
struct EventLine<'a> {
    at: Instant,
    event: &'a str,
}

#[derive(Serialize)]
struct RequestLine<'a> {
    at: Instant,
    request_id: String,
    peer: Option<SocketAddr>,
    method: Option<&'a str>,
    /// As sent, without its query.
    path: Option<String>,
    route: &'a str,
    status: u16,
    seconds: f64,
    /// Of the reply's body.
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Log {
    /// Something happened. The line stays one whatever stands in it.
    pub fn event(&self, words: &str) {
        let words = legible(words);
        match self.format {
            LogFormat::Text => (self.write)(&words),
            LogFormat::Json => self.document(&EventLine {
                at: host::now(),
                event: &words,
            }),
        }
    }

    /// A request was answered. In text, one that met a failure inside is an event, and others are none.
    pub fn request(&self, served: &Served<'_>) {
        let error = served.reply.cause();
        match (self.format, error) {
            (LogFormat::Json, _) => self.document(&RequestLine::of(served)),
            (LogFormat::Text, Some(error)) => {
                self.event(&format!("error: {error} (request {})", served.id));
            }
            (LogFormat::Text, None) => {}
        }
    }

    fn document(&self, document: &impl Serialize) {
        // Nothing in it fails to be JSON.
        if let Ok(line) = serde_json::to_string(document) {
            (self.write)(&line);
        }
    }
}

impl<'a> RequestLine<'a> {
    fn of(served: &Served<'a>) -> Self {
        let head = served.request.map(|request| &request.head);
        let reply = served.reply;
        Self {
            at: host::now(),
            request_id: served.id.to_string(),
            peer: served.peer,
            method: head.map(|head| head.method.as_str()),
            path: head.map(|head| legible(&head.path.chars().take(MOST_PATH).collect::<String>())),
            route: head.map_or(route::NO_ROUTE, |head| route::template(&head.path)),
            status: reply.status,
            seconds: served.seconds,
            bytes: reply.length(),
            run: reply.header("X-Streamflow-Run"),
            error: reply.cause().map(legible),
        }
    }
}
