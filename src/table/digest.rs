//! The names of columns and tables.
//!
//! A column is hashed by its type, its row count, which rows are null, and the values that are not;
//! a table by its columns with their names, in bytewise order of the names. `docs/hashing.md` draws
//! the bytes. Rows must be in canonical order: two frames with the same rows then have the same
//! hash, whatever file they came from.

use std::collections::BTreeMap;

use polars::prelude::{ChunkedArray, PolarsDataType, PolarsNumericType};
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
            bytes.validity(array);
            for text in array.downcast_iter().flat_map(|part| part.iter().flatten()) {
                bytes.push(&(text.len() as u64).to_le_bytes());
                bytes.push(text.as_bytes());
            }
        }
        Values::Bool(array) => {
            bytes.validity(array);
            for value in array.downcast_iter().flat_map(|part| part.iter().flatten()) {
                bytes.push(&[u8::from(value)]);
            }
        }
        Values::I64(array) | Values::Datetime(array) => bytes.numbers(array, i64::to_le_bytes),
        // Canonical values have no NaN and no −0.0: their bits are theirs alone.
        Values::F64(array) => bytes.numbers(array, |value| value.to_bits().to_le_bytes()),
        Values::Date(array) => bytes.numbers(array, i32::to_le_bytes),
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
    fn validity<T: PolarsDataType>(&mut self, array: &ChunkedArray<T>) {
        if array.null_count() == 0 {
            for start in (0..array.len()).step_by(8) {
                let rows = (array.len() - start).min(8);
                self.push(&[u8::MAX >> (8 - rows)]);
            }
            return;
        }
        let valid = array.is_not_null();
        let mut rows = valid.downcast_iter().flat_map(|part| part.values_iter());
        for _ in (0..array.len()).step_by(8) {
            let bits = rows.by_ref().take(8).enumerate();
            let byte = bits.fold(0, |byte, (at, valid)| byte | u8::from(valid) << at);
            self.push(&[byte]);
        }
    }

    /// Validity, then the bytes of the values that are not null.
    fn numbers<T: PolarsNumericType, const N: usize>(
        &mut self,
        array: &ChunkedArray<T>,
        bytes: impl Fn(T::Native) -> [u8; N],
    ) {
        self.validity(array);
        for part in array.downcast_iter() {
            if part.validity().is_some() {
                part.iter()
                    .flatten()
                    .for_each(|value| self.push(&bytes(*value)));
                continue;
            }
            for values in part.values().chunks(BUFFER / N) {
                self.flush();
                self.buffer.resize(values.len() * N, 0);
                let places = self.buffer.chunks_exact_mut(N);
                for (place, value) in places.zip(values) {
                    place.copy_from_slice(&bytes(*value));
                }
            }
        }
    }

    fn finish(mut self) -> [u8; 32] {
        self.flush();
        self.hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(values: &Values) -> String {
        column_hash(values).hash.to_string()
    }

    fn hash_of(columns: &[(&str, Values)]) -> TableHash {
        let columns = columns
            .iter()
            .map(|(name, values)| (name.parse().unwrap(), column_hash(values)));
        table_hash(&columns.collect())
    }

    /// The vectors of docs/hashing.md. A change here is a new hashing law, and every lock is void.
    #[test]
    fn golden_vectors_of_columns_and_a_table() {
        let columns = [
            ("active", Values::bools(&[Some(true), None, Some(false)])),
            ("born", Values::dates(&[Some(0), Some(19_782), None])),
            ("fee", Values::floats(&[Some(29.85), None, Some(0.0)])),
            ("id", Values::strings(&[Some("a"), Some("bé"), Some("c")])),
            ("months", Values::integers(&[Some(1), Some(-1), None])),
            (
                "seen",
                Values::datetimes(&[None, Some(0), Some(1_709_200_800_000_000)]),
            ),
        ];
        let found: Vec<_> = columns
            .iter()
            .map(|(name, values)| format!("{name} {}", hash(values)))
            .collect();
        assert_eq!(
            found,
            [
                "active 9c154b5b49535509d7fb24d214938724514a1bbb360062d244b3d2c468f43500",
                "born 866d992b561c00986dbc4116e17b7458e58f3900ed63f58547792a6a36f948c2",
                "fee 45bd78a1f26279fdc82d314ef544f5735103a6a6ab366ad04678b86f98a930d8",
                "id 734a7c165179ce61716f02e9683ed31c7fb2b8e40b729346bd155a65e0f1a6ee",
                "months 46bc0315d48cc8a415634c8bf096668f6838dbfef750936d45695c50354428db",
                "seen 9b8d465b691cd296f96d18f349984a81dc98e9f153ff8172884bb2159d43f7aa",
            ]
        );
        assert_eq!(
            hash_of(&columns).to_string(),
            "c9ca551660329e4d4e53dd96be9733becddb4f79aa5c8897290a47a0f825b83a"
        );
        assert_eq!(
            hash_of(&[]).to_string(),
            "985d88c8596d481e70ab601d93c2531d10b7bed3b424b28277f92bed06d1434e"
        );
        assert_eq!(
            hash(&Values::strings(&[Some("a"), None, Some("bé")])),
            "fc866d60c06deab1bb53cea887d93f74ae5d816fdf3c3254574b39238b8aaa1b"
        );
    }

    #[test]
    fn a_column_hash_is_the_hash_of_these_bytes() {
        let mut bytes = Vec::new();
        let text = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        text(&mut bytes, "streamflow column 1");
        text(&mut bytes, "string");
        bytes.extend(9_u64.to_le_bytes());
        bytes.extend([0b1111_1101, 0b0000_0001]);
        for _ in 0..8 {
            text(&mut bytes, "ab");
        }
        let mut values = vec![Some("ab"); 9];
        values[1] = None;
        assert_eq!(
            hash(&Values::strings(&values)),
            blake3::hash(&bytes).to_hex().as_str()
        );
    }

    #[test]
    fn neighbours_do_not_run_together() {
        let strings = |values: &[Option<&str>]| hash(&Values::strings(values));
        assert_ne!(
            strings(&[Some("ab"), Some("c")]),
            strings(&[Some("a"), Some("bc")])
        );
        assert_ne!(strings(&[Some("a"), None]), strings(&[None, Some("a")]));
        assert_ne!(strings(&[Some("a"), None]), strings(&[Some("a")]));
        assert_ne!(strings(&[None; 3]), strings(&[None; 4]));
    }

    #[test]
    fn types_are_told_apart_even_when_bytes_are_not() {
        let hashes = [
            hash(&Values::integers(&[Some(1)])),
            hash(&Values::datetimes(&[Some(1)])),
            hash(&Values::bools(&[Some(true)])),
            hash(&Values::floats(&[Some(1.0)])),
            hash(&Values::dates(&[Some(1)])),
            hash(&Values::strings(&[Some("1")])),
            hash(&Values::nulls(Dtype::I64, 1)),
            hash(&Values::nulls(Dtype::F64, 1)),
            hash(&Values::nulls(Dtype::I64, 0)),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }

    #[test]
    fn a_column_of_nulls_is_not_a_missing_column() {
        let key = || ("id", Values::strings(&[Some("a")]));
        let with = hash_of(&[key(), ("x", Values::nulls(Dtype::F64, 1))]);
        assert_ne!(with, hash_of(&[key()]));
        assert_ne!(with, hash_of(&[key(), ("y", Values::nulls(Dtype::F64, 1))]));
    }

    #[test]
    fn the_buffer_does_not_show() {
        let long = "x".repeat(BUFFER + 1);
        let values = Values::strings(&[Some("a"), Some(&long), Some("b")]);
        let doubled = values.concat(&values);
        assert_eq!(column_hash(&doubled), column_hash(&doubled.rechunked()));
        let mut bytes = Vec::new();
        for text in ["streamflow column 1", "string"] {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend(3_u64.to_le_bytes());
        bytes.push(0b111);
        for text in ["a", &long, "b"] {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        assert_eq!(hash(&values), blake3::hash(&bytes).to_hex().as_str());
    }
}
