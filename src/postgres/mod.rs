//! PostgreSQL: the one door to it.
//!
//! Queries are read, and tables written, by binary COPY over one connection and inside one
//! transaction. The wire protocol is spoken here, over the encodings of `postgres-protocol`, without
//! an asynchronous runtime and without TLS.
//!
//! **The URL is a secret.** It comes from an environment variable, and no part of it (host, user,
//! password, database) is printed, kept or hashed. Errors name the variable.
//!
//! | module | |
//! |---|---|
//! | `address` | the URL, and what it may ask for |
//! | `connection` | sockets, messages, statements |
//! | `login` | from the first byte to a session |
//! | `trouble` | what went wrong on the line, as errors with their kind |
//! | `copy` | the framing of binary COPY |
//! | `types` | types of columns, and one value out of its bytes |
//! | `read` | queries as frames, in one snapshot of the database |
//! | `write` | frames as tables, in one transaction |

mod address;
mod connection;
mod copy;
mod login;
mod read;
mod trouble;
mod types;
mod write;

pub use read::ReadSession;
pub use write::{Column, Kept, WriteSession};
