//! Whether the pages of a Parquet column contradict its metadata.
//!
//! polars makes room for as many values as the header of a page claims before it looks at any. A
//! damaged header may claim 2^61, and a failed allocation ends the process, which no error handling
//! survives. So the headers are walked first; they are few and short. A header is a struct in
//! Thrift's compact protocol, of which only integers and nested structs matter here.

use std::collections::BTreeMap;

/// What the metadata says about the pages of a column.
pub struct Claims {
    /// Values in all pages, nulls included.
    pub values: i64,
    /// Bytes of all pages once they are no longer compressed.
    pub uncompressed: i64,
}

/// Whether the pages in `chunk` hold what is claimed, and lie within it.
pub fn are_sound(chunk: &[u8], claims: &Claims) -> bool {
    walk(chunk, claims).is_some()
}

fn walk(mut chunk: &[u8], claims: &Claims) -> Option<()> {
    let mut left = claims.values;
    while left > 0 {
        let mut header = Header {
            bytes: chunk,
            integers: BTreeMap::new(),
        };
        header.structure(0, 0)?;
        let values = header.values(claims)?;
        left = left.checked_sub(values).filter(|left| *left >= 0)?;
        let size = usize::try_from(header.integer(COMPRESSED)?).ok()?;
        chunk = header.bytes.get(size..)?;
    }
    (left == 0).then_some(())
}

/// A field of a page's header: the field it is nested in, or 0, and its own number.
type Field = (i64, i64);

/// The parent of fields that nobody asks for.
const IGNORED: i64 = -1;

const TYPE: Field = (0, 1);
const UNCOMPRESSED: Field = (0, 2);
const COMPRESSED: Field = (0, 3);
const DATA_VALUES: Field = (5, 1);
const DICTIONARY_VALUES: Field = (7, 1);
const DATA_2_VALUES: Field = (8, 1);
/// Nulls, rows, and the bytes of both kinds of levels of a data page of the second version.
const DATA_2_COUNTS: [Field; 4] = [(8, 2), (8, 3), (8, 5), (8, 6)];

/// The header of a page; what is not yet read, and what is behind it, is in `bytes`.
struct Header<'a> {
    bytes: &'a [u8],
    integers: BTreeMap<Field, i64>,
}

impl Header<'_> {
    fn integer(&self, field: Field) -> Option<i64> {
        self.integers.get(&field).copied()
    }

    /// How many values of the column the page holds; none for a page that cannot be right.
    fn values(&self, claims: &Claims) -> Option<i64> {
        let uncompressed = self.integer(UNCOMPRESSED)?;
        let within = |field, most| {
            self.integer(field)
                .filter(|count| (0..=most).contains(count))
        };
        within(UNCOMPRESSED, claims.uncompressed)?;
        match self.integer(TYPE)? {
            0 => within(DATA_VALUES, claims.values),
            1 => Some(0),
            // Every value of a dictionary takes a byte at least.
            2 => within(DICTIONARY_VALUES, uncompressed).map(|_| 0),
            3 => {
                let values = within(DATA_2_VALUES, claims.values)?;
                let most = values.max(uncompressed);
                let counts = DATA_2_COUNTS.map(|field| within(field, most));
                counts.iter().all(Option::is_some).then_some(values)
            }
            _ => None,
        }
    }

    /// Reads a struct and keeps its integers; `parent` is the field it is nested in.
    fn structure(&mut self, parent: i64, depth: u8) -> Option<()> {
        let mut field = 0;
        loop {
            let byte = self.byte()?;
            let kind = byte & 15;
            match (byte >> 4, kind) {
                (_, 0) => return Some(()),
                (0, _) => field = self.signed()?,
                (step, _) => field += i64::from(step),
            }
            match kind {
                // A bool is in its kind.
                1 | 2 => {}
                3 => self.skip(1)?,
                4..=6 => {
                    let value = self.signed()?;
                    self.integers.insert((parent, field), value);
                }
                7 => self.skip(8)?,
                8 => {
                    let length = self.unsigned()?;
                    self.skip(length)?;
                }
                // The kind of page within the header, and statistics within that.
                12 if depth == 0 => self.structure(field, 1)?,
                12 if depth < 4 => self.structure(IGNORED, depth + 1)?,
                _ => return None,
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn skip(&mut self, length: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// 0, −1, 1, −2, 2, … are written as 0, 1, 2, 3, 4, …
    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of three values in two bytes: type 0, sizes 2 and 2, `{num_values: 3}`.
    const PAGE: [u8; 13] = [0x15, 0, 0x15, 4, 0x15, 4, 0x2C, 0x15, 6, 0, 0, 0xAA, 0xBB];

    fn sound(chunk: &[u8], values: i64) -> bool {
        are_sound(
            chunk,
            &Claims {
                values,
                uncompressed: 2,
            },
        )
    }

    #[test]
    fn pages_must_add_up_to_what_is_claimed() {
        assert!(sound(&PAGE, 3));
        assert!(sound(&[PAGE, PAGE].concat(), 6));
        assert!(!sound(&PAGE, 2));
        assert!(!sound(&PAGE, 4));
        assert!(!sound(&PAGE[..12], 3), "the page is cut off");
        assert!(!sound(&[], 3));
    }

    #[test]
    fn a_page_that_claims_a_negative_count_is_unsound() {
        let mut page = PAGE;
        page[8] = 5; // −3
        assert!(!sound(&page, 3));
    }
}
