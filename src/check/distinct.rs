//! Values that repeat, distinct values, and sets to look values up in.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use rayon::prelude::*;

use super::view::{BLOCK, View, is_null};
use crate::table::{Cell, Values, row_number};

/// The rows of values, or of combinations of values, that stand in more than one row, ascending.
/// Rows with a null in one of the columns are not looked at.
pub fn repeated_rows(columns: &[&Values], view: &View<'_>) -> Vec<u32> {
    if let [column] = columns
        && view.mask.is_none()
        && is_ascending(column, view)
    {
        return Vec::new();
    }
    let mut keys = view
        .blocks(|rows| {
            let wanted = rows.filter(|row| view.lets(*row) && !is_null(columns, *row));
            wanted
                .map(|row| (hash_of(columns, row), row_number(row)))
                .collect::<Vec<_>>()
        })
        .concat();
    keys.par_sort_unstable_by_key(|(hash, _)| *hash);
    let mut rows: Vec<u32> = same_hash(&keys)
        .filter(|group| group.len() > 1)
        .flat_map(|group| repeated_among(columns, &keys[group]))
        .collect();
    rows.sort_unstable();
    rows
}

/// Whether each value is greater than the one before it: then none repeats. Nulls, which may
/// repeat, make it untrue.
fn is_ascending(column: &Values, view: &View<'_>) -> bool {
    if column.null_count() > 0 {
        return false;
    }
    let last = column.len().saturating_sub(1);
    view.blocks(|rows| {
        let mut rows = rows.start..rows.end.min(last);
        rows.all(|row| column.cell(row) < column.cell(row + 1))
    })
    .into_iter()
    .all(|ascending| ascending)
}

/// Stretches of keys with one hash.
fn same_hash(keys: &[(u64, u32)]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let (hash, _) = keys.get(start)?;
        let length = keys[start..]
            .iter()
            .take_while(|key| key.0 == *hash)
            .count();
        let group = start..start + length;
        start += length;
        Some(group)
    })
}

/// Those of rows with one hash that have the values of another one. A hash may stand for several
/// values, but hardly ever does.
fn repeated_among(columns: &[&Values], keys: &[(u64, u32)]) -> Vec<u32> {
    let equal = |a: u32, b: u32| {
        let same = |column: &&Values| column.cell(a as usize) == column.cell(b as usize);
        columns.iter().all(same)
    };
    let first = keys[0].1;
    if keys.iter().all(|(_, row)| equal(first, *row)) {
        return keys.iter().map(|(_, row)| *row).collect();
    }
    let rows = keys.iter().map(|(_, row)| *row);
    rows.filter(|row| {
        keys.iter()
            .any(|(_, other)| other != row && equal(*row, *other))
    })
    .collect()
}

/// A row of each distinct value that is not null, in the order of the values.
pub fn distinct_rows(column: &Values, view: &View<'_>) -> Vec<u32> {
    let found = view.blocks(|rows| {
        let mut seen = Set::with_capacity_and_hasher(256, BuildHasherDefault::default());
        let wanted = rows.filter(|row| view.lets(*row));
        wanted
            .filter(|row| match Key::of(column.cell(*row)) {
                None => false,
                Some(key) => seen.insert(key),
            })
            .map(row_number)
            .collect::<Vec<_>>()
    });
    let mut rows = found.concat();
    if rows.len() > BLOCK {
        let mut keys: Vec<(u64, u32)> = rows
            .par_iter()
            .map(|row| (hash_of(&[column], *row as usize), *row))
            .collect();
        keys.par_sort_unstable();
        keys.dedup_by(|a, b| a.0 == b.0 && column.cell(a.1 as usize) == column.cell(b.1 as usize));
        rows = keys.into_iter().map(|(_, row)| row).collect();
    }
    let cell = |row: &u32| column.cell(*row as usize);
    // Canonical values of one column are never unordered.
    let order = |a: &u32, b: &u32| cell(a).partial_cmp(&cell(b)).unwrap_or(a.cmp(b));
    rows.par_sort_unstable_by(order);
    rows.dedup_by(|a, b| cell(a) == cell(b));
    rows
}

/// A value that can be looked up: a text, or the bits of anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    Bits(u64),
    Text(&'a str),
}

type Set<'a> = HashSet<Key<'a>, BuildHasherDefault<Quick>>;

impl<'a> Key<'a> {
    /// Values of one column are equal exactly when their keys are; none for null.
    fn of(cell: Cell<'a>) -> Option<Self> {
        Some(match cell {
            Cell::Null => return None,
            Cell::Bool(value) => Self::Bits(u64::from(value)),
            Cell::I64(value) | Cell::Datetime(value) => Self::Bits(value as u64),
            Cell::F64(value) => Self::Bits((value + 0.0).to_bits()),
            Cell::Date(value) => Self::Bits(value as u64),
            Cell::String(text) => Self::Text(text),
        })
    }
}

/// Values to look others up in.
pub struct Members<'a>(Set<'a>);

impl<'a> Members<'a> {
    pub fn new(cells: impl Iterator<Item = Cell<'a>>) -> Self {
        Self(cells.filter_map(Key::of).collect())
    }

    pub fn contain(&self, cell: Cell<'_>) -> bool {
        Key::of(cell).is_some_and(|key| self.0.contains(&key))
    }
}

/// A fast hash. What is found never depends on it: equal hashes are compared by value.
#[derive(Default)]
struct Quick(u64);

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Quick {
    /// The two halves of a product, folded.
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ SPREAD) * u128::from(word ^ 0xd6e8_feb8_6659_fd93);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.mix(u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        let mut rest = [0; 8];
        rest[..words.remainder().len()].copy_from_slice(words.remainder());
        self.mix(u64::from_le_bytes(rest) ^ (bytes.len() as u64) << 56);
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(SPREAD)
    }
}

/// The hash of the values of a row; none of them is null.
fn hash_of(columns: &[&Values], row: usize) -> u64 {
    let mut hash = Quick::default();
    for column in columns {
        match Key::of(column.cell(row)) {
            Some(Key::Bits(bits)) => hash.write_u64(bits),
            Some(Key::Text(text)) => hash.write(text.as_bytes()),
            None => {}
        }
    }
    hash.finish()
}
