//! One type for each sort of name, all of them 32 bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::content::{ContentHash, ContentHasher};

/// What all names have in common.
pub trait Digest: Copy + Ord + fmt::Display + FromStr<Err = InvalidHash> {
    /// Fed first when content is hashed under this name; see [the law](super).
    const DOMAIN: &'static str;

    fn from_bytes(bytes: [u8; 32]) -> Self;
    fn as_bytes(&self) -> &[u8; 32];

    /// The name of a value.
    fn of(value: &(impl ContentHash + ?Sized)) -> Self {
        let mut hasher = ContentHasher::new(Self::DOMAIN);
        value.feed(&mut hasher);
        Self::from_bytes(hasher.finish())
    }

    /// The first 12 hex digits: what screens show.
    fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }
}

/// The text is not 64 lowercase hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidHash(pub String);

impl fmt::Display for InvalidHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a hash of 64 lowercase hex digits", self.0)
    }
}

impl std::error::Error for InvalidHash {}

fn parse_hex(text: &str) -> Result<[u8; 32], InvalidHash> {
    let invalid = || InvalidHash(text.to_string());
    if text.len() != 64
        || !text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return Err(invalid());
    }
    blake3::Hash::from_hex(text)
        .map(|hash| *hash.as_bytes())
        .map_err(|_| invalid())
}

macro_rules! define_ids {
    ($($(#[$doc:meta])* $name:ident = $domain:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl Digest for $name {
            const DOMAIN: &'static str = $domain;

            fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        /// 64 lowercase hex digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.short())
            }
        }

        impl FromStr for $name {
            type Err = InvalidHash;

            fn from_str(text: &str) -> Result<Self, InvalidHash> {
                parse_hex(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl ContentHash for $name {
            fn feed(&self, hasher: &mut ContentHasher) {
                hasher.raw(&self.0);
            }
        }
    )*};
}

define_ids! {
    /// A file in the store, by its bytes: plain BLAKE3 without a domain, see [`ObjectId::of_bytes`].
    ObjectId = "streamflow object 1";
    /// The values of one column in canonical row order.
    ColumnHash = "streamflow column 1";
    /// A set of columns with their rows in canonical order.
    TableHash = "streamflow table 1";
    /// How the files of a table are read.
    ReadingHash = "streamflow reading 1";
    /// All tables of one date.
    SnapshotHash = "streamflow snapshot 1";
    /// How one feature is computed: table, expression, time to live.
    FeatureHash = "streamflow feature 1";
    /// Operation, version, parameters and the keys of the steps before.
    StepKey = "streamflow step 1";
    /// Operation, version, parameters and the *outputs* of the steps before.
    ContentKey = "streamflow step content 1";
    /// Everything that decides a run's result.
    RunId = "streamflow run 1";
    /// What a search compares, in which order and by which metric.
    SearchId = "streamflow search 1";
    /// The facts of a machine that could change arithmetic.
    EnvironmentHash = "streamflow environment 1";
    /// The feature values of one date that the server answers with.
    MaterializationId = "streamflow materialization 1";
    /// One entry of the registry's log, chained to the one before.
    TransitionHash = "streamflow transition 1";
    /// The values that a prediction was made from.
    ValuesHash = "streamflow values 1";
    /// Somebody's name, where only whether two are the same is to be told.
    PersonHash = "streamflow person 1";
}

impl ObjectId {
    /// The name of a file: BLAKE3 of its bytes, as `b3sum` prints it.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The same for many bytes, on several threads. The result is the same.
    pub fn of_bytes_parallel(bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update_rayon(bytes);
        Self(*hasher.finalize().as_bytes())
    }

    /// The name of a file that is read to its end without being held in memory.
    pub fn of_reader(reader: impl std::io::Read) -> std::io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(reader)?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let id = ObjectId::of_bytes(b"");
        // The published BLAKE3 hash of the empty input.
        let text = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(id.short(), "af1349b9f5f9");
    }

    #[test]
    fn only_64_lowercase_digits_are_a_hash() {
        for text in [
            "",
            "af13",
            &"G".repeat(64),
            &"AF".repeat(32),
            &"a".repeat(65),
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_same_content_has_another_name_in_another_domain() {
        assert_ne!(RunId::of("x").as_bytes(), TableHash::of("x").as_bytes());
    }
}
