//! Requests of one connection, one after the other.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::chunk::Chunks;
use super::head::{Framing, Head, MAX_HEAD, end_of_head};
use crate::host::Stopwatch;
use crate::serve::problem::Problem;

/// Bytes of a body.
pub const MAX_BODY: usize = 1024 * 1024;

/// A read waits no longer than this before it looks whether to go on waiting.
const SLICE: Duration = Duration::from_millis(250);
/// Bytes of a reply that a client has the time of one part for.
const PART: usize = 1024 * 1024;
/// Seconds and bytes that a refused body is read on for, so that the client sees the reply.
const DRAIN_SECONDS: f64 = 2.0;
const DRAIN_BYTES: usize = 64 * 1024 * 1024;

/// A request that was read whole.
#[derive(Debug)]
pub struct Request {
    pub head: Head,
    pub body: Vec<u8>,
}

/// Why there is no request.
#[derive(Debug)]
pub enum Unread {
    /// The connection is over.
    Closed,
    /// The client gets this reply, and the connection ends.
    Refused(Problem),
}

/// What a connection asks while it waits.
pub trait Patience {
    /// Whether a connection that has been idle for so long may go on waiting.
    fn may_wait(&self, idle_seconds: f64) -> bool;
    /// Seconds for a head, from its first byte, as many for a body, and as many for a client to take
    /// each MiB of its reply that was begun.
    fn part_seconds(&self) -> f64;
}

/// A body that is being read.
enum Body {
    Length(usize),
    Chunks(Chunks),
}

/// Whether nothing is wrong but that it takes longer.
fn is_wait(error: &std::io::Error) -> bool {
    use ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// A connection with the bytes that were read and not yet used.
pub struct Incoming {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Of a request whose body was refused.
    refused_path: Option<String>,
}

impl Incoming {
    pub fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SLICE))?;
        stream.set_write_timeout(Some(SLICE))?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(1024),
            refused_path: None,
        })
    }

    /// Who is at the other end, while there is one.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// Waits for the next request and reads it.
    pub fn next(&mut self, patience: &impl Patience) -> Result<Request, Unread> {
        let idle = Stopwatch::start();
        while self.buffer.is_empty() {
            if self.fill()? == 0 && !patience.may_wait(idle.seconds()) {
                return Err(Unread::Closed);
            }
        }
        let head = self.read_head(patience)?;
        match self.read_body(&head, patience) {
            Ok(body) => Ok(Request { head, body }),
            Err(unread) => {
                self.refused_path = Some(head.path);
                Err(unread)
            }
        }
    }

    /// The path of a request whose body was refused: its protocol has words for that.
    pub fn refused_path(&self) -> Option<&str> {
        self.refused_path.as_deref()
    }

    fn read_head(&mut self, patience: &impl Patience) -> Result<Head, Unread> {
        let watch = Stopwatch::start();
        // Before it there is no end of the head.
        let mut from = 0;
        loop {
            // RFC 9112 §2.2: an empty line before a request is passed over.
            let lines = self.buffer.chunks_exact(2);
            let empty = lines.take_while(|pair| *pair == b"\r\n").count();
            if empty > 0 {
                self.buffer.drain(..2 * empty);
                from = 0;
            }
            let within = self.buffer.len().min(MAX_HEAD);
            if let Some(end) = end_of_head(&self.buffer[from..within]) {
                let end = from + end;
                let head = Head::parse(&self.buffer[..end]).map_err(Unread::Refused)?;
                self.buffer.drain(..end);
                return Ok(head);
            }
            if self.buffer.len() >= MAX_HEAD {
                let why = format!("The head of a request has at most {MAX_HEAD} bytes.");
                return Err(Unread::Refused(Problem::new(431, why)));
            }
            from = within.saturating_sub(3);
            self.fill_before(watch, patience)?;
        }
    }

    fn read_body(&mut self, head: &Head, patience: &impl Patience) -> Result<Vec<u8>, Unread> {
        let framing = head.framing().map_err(Unread::Refused)?;
        let mut body = match framing {
            Framing::Length(0) => return Ok(Vec::new()),
            Framing::Length(length) => {
                let length = usize::try_from(length).ok();
                let length = length.filter(|length| *length <= MAX_BODY);
                Body::Length(length.ok_or_else(|| Unread::Refused(Problem::too_large(MAX_BODY)))?)
            }
            Framing::Chunked => Body::Chunks(Chunks::new(MAX_BODY)),
        };
        if head.expects_continue() && self.buffer.is_empty() {
            let told = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            told.map_err(|_| Unread::Closed)?;
        }
        let watch = Stopwatch::start();
        loop {
            let whole = match &mut body {
                Body::Length(length) => self.buffer.len() >= *length,
                Body::Chunks(chunks) => chunks.take(&mut self.buffer).map_err(Unread::Refused)?,
            };
            if whole {
                return Ok(match body {
                    Body::Length(length) => {
                        let rest = self.buffer.split_off(length);
                        std::mem::replace(&mut self.buffer, rest)
                    }
                    Body::Chunks(chunks) => chunks.into_body(),
                });
            }
            self.fill_before(watch, patience)?;
        }
    }

    fn fill_before(&mut self, watch: Stopwatch, patience: &impl Patience) -> Result<(), Unread> {
        let limit = patience.part_seconds();
        if watch.seconds() > limit {
            let why = format!("The request was not whole after {limit} seconds.");
            return Err(Unread::Refused(Problem::new(408, why)));
        }
        self.fill().map(|_| ())
    }

    /// Reads what has arrived; 0 when nothing has for a while.
    fn fill(&mut self) -> Result<usize, Unread> {
        let mut bytes = [0; 8192];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(Unread::Closed),
            Ok(count) => {
                self.buffer.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
            Err(error) if is_wait(&error) => Ok(0),
            Err(_) => Err(Unread::Closed),
        }
    }

    /// Writes bytes; false when the client has gone, or takes them too slowly.
    pub fn write(&mut self, bytes: &[u8], patience: &impl Patience) -> bool {
        let parts = (1 + bytes.len() / PART) as f64;
        let watch = Stopwatch::start();
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(0) => return false,
                Ok(count) => rest = &rest[count..],
                Err(error) if is_wait(&error) => {}
                Err(_) => return false,
            }
            if !rest.is_empty() && watch.seconds() > parts * patience.part_seconds() {
                return false;
            }
        }
        true
    }

    /// Ends a connection whose client may still be sending: were it closed at once, the client would
    /// see a reset and not the reply.
    pub fn end(mut self) {
        if self.stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let watch = Stopwatch::start();
        let mut drained = 0;
        while watch.seconds() < DRAIN_SECONDS && drained < DRAIN_BYTES {
            self.buffer.clear();
            match self.fill() {
                Ok(count) => drained += count,
                Err(_) => return,
            }
        }
    }
}
