//! The bytes of a delta.
//!
//! ```text
//! "streamflow delta 1\n"
//! length  head        JSON: base, base_rows, rows, removed, added, changed, verbatim
//! length  positions   row numbers: all that were removed, that were added, that changed
//! length  patch       Parquet, or nothing
//! length  replaced    Parquet, or nothing
//! ```
//!
//! A length is 8 bytes, the lowest first, and counts the bytes of what follows it. Of each list of
//! row numbers, every number is written as its distance from the smallest that could come next,
//! seven bits a byte, the lowest first; the eighth bit says that more follow.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::IdxSize;
use serde::{Deserialize, Serialize};

use super::{Ascending, CAME, Delta};
use crate::error::{Error, Result};
use crate::hash::TableHash;
use crate::table::{Frame, from_parquet_object, row_number, to_parquet};

/// What a file begins with; the number is the version of the format.
const MAGIC: &[u8] = b"streamflow delta 1\n";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// The table that the changes are of.
    base: TableHash,
    base_rows: usize,
    rows: usize,
    removed: usize,
    added: usize,
    /// Rows of the patch that were there before.
    changed: usize,
    verbatim: BTreeSet<String>,
}

/// The table that a delta is of, by the bytes of its file; none for bytes that are no delta.
///
/// # Errors
/// They begin as a delta does and go on otherwise.
pub fn base_of(bytes: &[u8]) -> Result<Option<TableHash>> {
    match bytes.starts_with(MAGIC) {
        true => Ok(Some(Blocks(&bytes[MAGIC.len()..]).head()?.base)),
        false => Ok(None),
    }
}

impl Delta {
    /// As a file, with the name of the table it is of.
    pub fn to_bytes(&self, base: TableHash) -> Result<Vec<u8>> {
        let verbatim = self.verbatim.iter().map(ToString::to_string);
        let mut added = Ascending(&self.added);
        let touched = self.touched.iter().copied();
        let changed: Vec<IdxSize> = touched.filter(|row| !added.has(*row)).collect();
        let head = Head {
            base,
            base_rows: self.base_rows,
            rows: self.rows,
            removed: self.removed.len(),
            added: self.added.len(),
            changed: changed.len(),
            verbatim: verbatim.collect(),
        };
        let head = serde_json::to_vec(&head)
            .map_err(|error| Error::failure("changes cannot be written").caused_by(error))?;
        let mut positions = Vec::new();
        for rows in [&self.removed, &self.added, &changed] {
            write_rows(&mut positions, rows);
        }
        let mut bytes = MAGIC.to_vec();
        let (patch, replaced) = (table_bytes(&self.patch)?, table_bytes(&self.replaced)?);
        for block in [head, positions, patch, replaced] {
            bytes.extend((block.len() as u64).to_le_bytes());
            bytes.extend(block);
        }
        Ok(bytes)
    }

    /// Reads what [`Delta::to_bytes`] wrote.
    ///
    /// # Errors
    /// A failure for bytes that are no delta, or contradict themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let rest = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| damaged("beginning"))?;
        let mut blocks = Blocks(rest);
        let head = blocks.head()?;
        let mut positions = blocks.next()?;
        let removed = read_rows(&mut positions, head.removed, head.base_rows)?;
        let added = read_rows(&mut positions, head.added, head.rows)?;
        let mut touched = read_rows(&mut positions, head.changed, head.rows)?;
        touched.extend(&added);
        touched.sort_unstable();
        let patch = table_of(blocks.next()?, touched.len())?;
        let replaced = table_of(blocks.next()?, head.rows)?;
        if !positions.is_empty() || !blocks.0.is_empty() {
            return Err(damaged("end"));
        }
        let stayed = head.base_rows - removed.len();
        let once = touched.windows(2).all(|pair| pair[0] < pair[1]);
        if stayed + added.len() != head.rows || !once {
            return Err(damaged("rows"));
        }
        // A name that is none of the patch means nothing.
        let patched = patch.columns().keys();
        let verbatim = patched.filter(|name| head.verbatim.contains(name.as_str()));
        Ok(Self {
            base_rows: head.base_rows,
            rows: head.rows,
            verbatim: verbatim.cloned().collect(),
            removed,
            added,
            touched,
            patch,
            replaced,
        })
    }
}

fn damaged(what: &str) -> Error {
    Error::failure("the changes of a stored table are not as streamflow wrote them")
        .caused_by(format!("their {what} does not fit"))
}

/// A frame without columns is no bytes.
fn table_bytes(frame: &Frame) -> Result<Vec<u8>> {
    match frame.columns().is_empty() {
        true => Ok(Vec::new()),
        false => to_parquet(frame),
    }
}

fn table_of(bytes: &[u8], rows: usize) -> Result<Frame> {
    if bytes.is_empty() {
        return Ok(Frame::new(rows, BTreeMap::new()));
    }
    let frame = from_parquet_object(bytes)?;
    match frame.rows() == rows {
        true => Ok(frame),
        false => Err(damaged("number of rows")),
    }
}

/// Lengths and what they count.
struct Blocks<'a>(&'a [u8]);

impl<'a> Blocks<'a> {
    fn next(&mut self) -> Result<&'a [u8]> {
        let cut = || damaged("length");
        let (length, rest) = self.0.split_first_chunk::<8>().ok_or_else(cut)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut())?;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        Ok(block)
    }

    fn head(&mut self) -> Result<Head> {
        serde_json::from_slice(self.next()?).map_err(|_| damaged("head"))
    }
}

fn write_rows(bytes: &mut Vec<u8>, rows: &[IdxSize]) {
    let mut smallest = 0;
    for row in rows {
        let mut distance = row - smallest;
        while distance >= 0x80 {
            bytes.push((distance & 0x7F) as u8 | 0x80);
            distance >>= 7;
        }
        bytes.push(distance as u8);
        smallest = row + 1;
    }
}

/// So many ascending row numbers below `end`.
fn read_rows(bytes: &mut &[u8], count: usize, end: usize) -> Result<Vec<IdxSize>> {
    let outside = || damaged("row numbers");
    // Each takes a byte at least: what cannot be is not made room for.
    if count > bytes.len() {
        return Err(outside());
    }
    let mut rows = Vec::with_capacity(count);
    let mut smallest = 0_u64;
    for _ in 0..count {
        let mut distance = 0_u64;
        for shift in (0..).step_by(7) {
            let (byte, rest) = bytes.split_first().ok_or_else(outside)?;
            *bytes = rest;
            if shift > 28 {
                return Err(outside());
            }
            distance |= u64::from(byte & 0x7F) << shift;
            if *byte < 0x80 {
                break;
            }
        }
        let row = usize::try_from(smallest + distance).map_err(|_| outside())?;
        if row >= end.min(CAME as usize) {
            return Err(outside());
        }
        rows.push(row_number(row));
        smallest = row as u64 + 1;
    }
    Ok(rows)
}
