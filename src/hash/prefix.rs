//! The beginning of a hash, as people type it.

use std::fmt;
use std::str::FromStr;

/// Between 4 and 64 lowercase hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashPrefix(String);

impl HashPrefix {
    pub const SHORTEST: usize = 4;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn matches(&self, hash: &impl fmt::Display) -> bool {
        hash.to_string().starts_with(&self.0)
    }
}

impl FromStr for HashPrefix {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let hex = text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && (Self::SHORTEST..=64).contains(&text.len()) {
            Ok(Self(text.to_string()))
        } else {
            Err(())
        }
    }
}

impl fmt::Display for HashPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
