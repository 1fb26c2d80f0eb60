//! A reply, and how it stands on the wire.

use std::io::Write;

use serde::Serialize;

use crate::host;
use crate::serve::budget::Share;
use crate::serve::request_id::RequestId;

/// What a client is told.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Held until the reply is written.
    share: Option<Share>,
    /// A failure inside that the client is not told of.
    cause: Option<Box<str>>,
}

impl Reply {
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into(),
            share: None,
            cause: None,
        }
    }

    /// A document on a line of its own.
    pub fn json(status: u16, content_type: &'static str, document: &impl Serialize) -> Self {
        match serde_json::to_vec(document) {
            Ok(mut body) => {
                body.push(b'\n');
                Self::new(status, content_type, body)
            }
            // Documents are made of names, numbers and lists; nothing in them fails to be JSON.
            Err(_) => Self::new(500, "text/plain", "the reply cannot be written as JSON\n"),
        }
    }

    /// `value` must not hold line breaks; ours are hashes and lists of methods.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Keeps what the reply takes of the memory for large ones.
    #[must_use]
    pub fn with_share(mut self, share: Share) -> Self {
        self.share = Some(share);
        self
    }

    /// Keeps a failure for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: Option<Box<str>>) -> Self {
        self.cause = cause;
        self
    }

    /// The failure that the log is to tell.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// A header that was added.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Bytes of the body.
    pub fn length(&self) -> usize {
        self.body.len()
    }

    /// The bytes of the reply to a request of that name. No browser guesses another type, such as HTML. To a HEAD request it has no body, but the length of one.
    pub fn to_bytes(&self, id: &RequestId<'_>, head_only: bool, keep_alive: bool) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + 384);
        let head = self.write_head(&mut bytes, id, keep_alive);
        head.expect("writing to memory does not fail");
        if !head_only {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    fn write_head(
        &self,
        bytes: &mut Vec<u8>,
        id: &RequestId<'_>,
        keep_alive: bool,
    ) -> std::io::Result<()> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        write!(
            bytes,
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nX-Content-Type-Options: nosniff\r\nContent-Length: {}\r\nConnection: {connection}\r\nDate: {}\r\nX-Request-Id: {id}\r\n",
            self.status,
            phrase(self.status),
            self.content_type,
            self.body.len(),
            host::now().to_http_date(),
        )?;
        for (name, value) in &self.headers {
            write!(bytes, "{name}: {value}\r\n")?;
        }
        bytes.write_all(b"\r\n")
    }
}

/// The words of a status.
pub fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}
