//! HTTP/1.1 over the standard library.
//!
//! `head` and `chunk` parse bytes and do no I/O; `incoming` reads requests from a connection, with
//! a limit and a deadline on each part; `reply` writes. What is ambiguous is refused rather than
//! guessed: two lengths, a length beside chunks, a line feed alone, a folded header. That is what
//! request smuggling is made of.
//!
//! Why not tiny_http, which this project began with: its accept thread panics, silently and for
//! good, when a second file descriptor for a connection cannot be had; it has no bound on
//! connections or heads, reads a wrong `Content-Length` as none, and queues a connection behind
//! others that may never end. None of this can be mended from outside.

mod chunk;
mod head;
mod incoming;
mod reply;

pub use head::Head;
pub use incoming::{Incoming, Patience, Request, Unread};
pub use reply::{Reply, phrase};
