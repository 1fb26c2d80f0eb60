//! The head of a request and a body in chunks.

#![no_main]
#![allow(dead_code)] // each target uses some of what it includes

#[path = "../../src/serve/http/chunk.rs"]
mod chunk;
#[path = "../../src/serve/http/head.rs"]
mod head;
#[path = "../../src/serve/query.rs"]
mod query;

/// What the parsers refuse with, without what makes a reply of it.
mod problem {
    #[derive(Debug, PartialEq)]
    pub struct Problem {
        pub status: u16,
    }

    impl Problem {
        pub fn new(status: u16, detail: impl Into<String>) -> Self {
            assert!(!detail.into().contains(char::is_control));
            Self { status }
        }

        pub fn too_large(limit: usize) -> Self {
            Self::new(413, format!("{limit}"))
        }
    }
}

mod serve {
    pub(crate) use crate::problem;
}

use chunk::Chunks;
use head::{Framing, Head, MAX_HEAD, end_of_head};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let Some((piece, bytes)) = data.split_first() else {
        return;
    };
    let within = &bytes[..bytes.len().min(MAX_HEAD)];
    let Some(end) = end_of_head(within) else {
        return;
    };
    let Ok(head) = Head::parse(&bytes[..end]) else {
        return;
    };
    // What is taken for a request is one to everybody: a line feed alone ends no line of it.
    let text = String::from_utf8_lossy(&bytes[..end - 4]);
    assert!(text.split('\n').skip(1).all(|line| line.contains(':')));
    let lengths = head.all("content-length").count() + head.all("transfer-encoding").count();
    let framing = head.framing();
    assert!(lengths < 2 || framing.is_err());
    let _ = (
        head.keeps_alive(),
        head.expects_continue(),
        query::wants_explanation(&head.query),
    );
    if framing == Ok(Framing::Chunked) {
        let body = &bytes[end..];
        let small = body.len() <= LIMIT;
        let (all, some) = (
            decode(body, usize::MAX),
            decode(body, usize::from(*piece).max(1)),
        );
        // Of more than the limit, how it arrives may decide which refusal comes first.
        assert!(!small || all == some, "{all:?} {some:?}");
    }
});

/// The body and how many bytes are left; none where some are missing.
fn decode(bytes: &[u8], piece: usize) -> Result<Option<(Vec<u8>, usize)>, u16> {
    let mut chunks = Chunks::new(LIMIT);
    let mut buffer = Vec::new();
    let mut arrived = 0;
    for part in bytes.chunks(piece) {
        arrived += part.len();
        buffer.extend_from_slice(part);
        if chunks.take(&mut buffer).map_err(|problem| problem.status)? {
            return Ok(Some((
                chunks.into_body(),
                buffer.len() + bytes.len() - arrived,
            )));
        }
    }
    Ok(None)
}
