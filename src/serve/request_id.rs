//! The name of one request, in its reply and in the log.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::host;

/// Characters of a name that a client gives.
const MOST: usize = 128;

/// What a request is called: as its client calls it, or by a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestId<'a> {
    Sent(&'a str),
    Made(u64),
}

impl fmt::Display for RequestId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(name) => f.write_str(name),
            Self::Made(number) => write!(f, "{number:016x}"),
        }
    }
}

/// Numbers for requests without a name. They begin where nobody foresees, so that servers side by side
/// and one that is started again do not give the same.
#[derive(Debug)]
pub struct RequestIds(AtomicU64);

impl RequestIds {
    pub fn new() -> Self {
        Self(AtomicU64::new(host::random()))
    }

    /// The next number.
    pub fn make(&self) -> RequestId<'static> {
        RequestId::Made(self.0.fetch_add(1, Ordering::Relaxed))
    }

    /// What the header says, where it is visible ASCII and not too long; else the next number.
    pub fn of<'a>(&self, header: Option<&'a str>) -> RequestId<'a> {
        let fits = |name: &&str| (1..=MOST).contains(&name.len()) && name.bytes().all(is_visible);
        header
            .filter(fits)
            .map_or_else(|| self.make(), RequestId::Sent)
    }
}

fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_as_sent_or_not_at_all() {
        let ids = RequestIds(AtomicU64::new(u64::MAX));
        let longest = "x".repeat(MOST);
        for name in ["7", "a-b_c.d:/{}\"\\", &longest] {
            assert_eq!(ids.of(Some(name)).to_string(), name);
        }
        // The number goes round.
        assert_eq!(ids.of(None).to_string(), "ffffffffffffffff");
        let long = "x".repeat(MOST + 1);
        for (n, name) in ["", "a b", "a\tb", "caf\u{e9}", "\u{202e}", &long]
            .iter()
            .enumerate()
        {
            assert_eq!(
                ids.of(Some(name)).to_string(),
                format!("{n:016x}"),
                "{name:?}"
            );
        }
    }
}
