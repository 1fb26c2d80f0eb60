//! The names of columns and tables.
//!
//! A column is hashed by its type, its row count, which rows are null, and the values that are not;
//! a table by its columns with their names, in bytewise order of the names. `docs/hashing.md` draws
//! the bytes. Rows must be in canonical order: two frames with the same rows then have the same
//! hash, whatever file they came from.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::definition::{ColumnName, Dtype};
use crate::hash::{ColumnHash, ContentHash, ContentHasher, Digest, TableHash};

use super::{Frame, Values};

/// The type and the hash of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDigest {
    pub dtype: Dtype,
    pub hash: ColumnHash,
}

/// The type as text, then the hash.
impl ContentHash for ColumnDigest {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.text(self.dtype.as_str());
        self.hash.feed(hasher);
    }
}

/// The digest of each column of a frame whose rows are in canonical order.
pub fn column_hashes(frame: &Frame) -> BTreeMap<ColumnName, ColumnDigest> {
    let columns: Vec<_> = frame.columns().iter().collect();
    columns
        .into_par_iter()
        .map(|(name, values)| (name.clone(), column_hash(values)))
        .collect()
}

/// The hash of the table with these columns. A table's columns may be any subset of a frame's.
pub fn table_hash(columns: &BTreeMap<ColumnName, ColumnDigest>) -> TableHash {
    let mut hasher = ContentHasher::new(TableHash::DOMAIN);
    hasher.count(columns.len());
    for (name, digest) in columns {
        hasher.text(name.as_str());
        digest.feed(&mut hasher);
    }
    TableHash::from_bytes(hasher.finish())
}

/// The digest of one column whose rows are in canonical order.
pub fn column_hash(values: &Values) -> ColumnDigest {
    let dtype = values.dtype();
    let mut hasher = ContentHasher::new(ColumnHash::DOMAIN);
    hasher.text(dtype.as_str());
    hasher.count(values.len());
    let mut bytes = Buffered {
        hasher,
        buffer: Vec::with_capacity(BUFFER),
    };
    match values {
        Values::String(array) => {
            bytes.validity(array.iter().map(|value| value.is_some()));
            for text in array.iter().flatten() {
                bytes.push(&(text.len() as u64).to_le_bytes());
                bytes.push(text.as_bytes());
            }
        }
        Values::Bool(array) => bytes.values(|| array.iter(), |value| [u8::from(value)]),
        Values::I64(array) | Values::Datetime(array) => {
            bytes.values(|| array.iter(), i64::to_le_bytes)
        }
        // Canonical values have no NaN and no −0.0: their bits are theirs alone.
        Values::F64(array) => bytes.values(|| array.iter(), |value| value.to_bits().to_le_bytes()),
        Values::Date(array) => bytes.values(|| array.iter(), i32::to_le_bytes),
    }
    ColumnDigest {
        dtype,
        hash: ColumnHash::from_bytes(bytes.finish()),
    }
}

/// Bytes are handed to the hasher in stretches of this length, long enough for several threads.
const BUFFER: usize = 1 << 20;

/// A hasher behind a buffer.
struct Buffered {
    hasher: ContentHasher,
    buffer: Vec<u8>,
}

impl Buffered {
    fn push(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush();
        }
        if bytes.len() > BUFFER {
            self.hasher.raw_parallel(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    fn flush(&mut self) {
        self.hasher.raw_parallel(&self.buffer);
        self.buffer.clear();
    }

    /// One bit a row, the lowest bit of a byte first; the last byte is filled up with zeros.
    fn validity(&mut self, rows: impl Iterator<Item = bool>) {
        let mut byte = 0;
        let mut count = 0;
        for valid in rows {
            byte |= u8::from(valid) << count;
            count += 1;
            if count == 8 {
                self.push(&[byte]);
                (byte, count) = (0, 0);
            }
        }
        if count > 0 {
            self.push(&[byte]);
        }
    }

    /// Validity, then the bytes of the values that are not null.
    fn values<T, const N: usize, I: Iterator<Item = Option<T>>>(
        &mut self,
        rows: impl Fn() -> I,
        bytes: impl Fn(T) -> [u8; N],
    ) {
        self.validity(rows().map(|value| value.is_some()));
        for value in rows().flatten() {
            self.push(&bytes(value));
        }
    }

    fn finish(mut self) -> [u8; 32] {
        self.flush();
        self.hasher.finish()
    }
}
