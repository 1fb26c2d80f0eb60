//! The hashing law: how every value of the program gets its name.
//!
//! A thing's name is the BLAKE3 hash of its content. Content is fed to the hash function as a
//! stream of self-delimiting items, so that no two different values feed the same bytes:
//!
//! | item | bytes |
//! |---|---|
//! | domain | the item `text` of the domain's name, fed first |
//! | byte, bool | one byte; `false` 0, `true` 1 |
//! | integer | 8 bytes, little-endian, two's complement |
//! | float | the 8 bytes of its IEEE 754 bits, little-endian; −0.0 counts as 0.0; NaN has no place |
//! | text | its length in bytes as an integer, then its UTF-8 bytes |
//! | sequence | its count as an integer, then its items |
//! | map | its count, then key and value of each entry in bytewise order of the keys |
//! | option | 0, or 1 and the value |
//! | hash | its 32 bytes |
//!
//! Objects that are files are the one exception: their name is the BLAKE3 hash of their bytes and
//! nothing else, so that `b3sum` finds it too. `docs/hashing.md` is this law for readers in other
//! languages, with test vectors.

mod content;
mod id;
mod prefix;
mod sha256;

pub use content::{ContentHash, ContentHasher};
pub use id::{
    ColumnHash, ContentKey, Digest, EnvironmentHash, FeatureHash, MaterializationId, ObjectId,
    PersonHash, ReadingHash, RunId, SearchId, SnapshotHash, StepKey, TableHash, TransitionHash,
    ValuesHash,
};
pub use prefix::HashPrefix;
pub use sha256::Sha256;
