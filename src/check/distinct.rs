//! Values that repeat, distinct values, and sets to look values up in.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use rayon::prelude::*;

use super::lane::with_keys;
use super::view::{BLOCK, View};
use crate::table::{Cell, Values, row_number};

/// Hashes are divided by their first bits into so many parts, each small enough for a cache.
const PARTS: usize = 256;

/// The rows of values, or of combinations of values, that stand in more than one row, ascending.
/// Rows with a null in one of the columns are not looked at.
///
/// First the hashes that occur twice are found, which few do; then their rows are compared.
pub fn repeated_rows(columns: &[&Values], view: &View<'_>) -> Vec<u32> {
    match columns {
        [column] if view.mask.is_none() && is_ascending(column, view) => Vec::new(),
        [column] => with_keys!(column, key => {
            repeated_by(columns, view, |row| key(row).map(|key| hash_of([key])))
        }),
        _ => repeated_by(columns, view, |row| {
            let keys = columns.iter().map(|column| Key::of(column.cell(row)));
            keys.collect::<Option<Vec<_>>>().map(hash_of)
        }),
    }
}

fn repeated_by(
    columns: &[&Values],
    view: &View<'_>,
    hash: impl Fn(usize) -> Option<u64> + Sync,
) -> Vec<u32> {
    let blocks = view.blocks(|rows| {
        let looked_at = rows.filter(|row| view.lets(*row));
        Parted::new(looked_at.filter_map(&hash).collect())
    });
    let twice: HashSet<u64, BuildHasherDefault<Quick>> = (0..PARTS)
        .into_par_iter()
        .map(|part| twice_in(part, &blocks))
        .collect::<Vec<_>>()
        .concat()
        .into_iter()
        .collect();
    if twice.is_empty() {
        return Vec::new();
    }
    let mut keys = view
        .blocks(|rows| {
            let looked_at = rows.filter(|row| view.lets(*row));
            let hashed = looked_at.filter_map(|row| Some((hash(row)?, row_number(row))));
            hashed
                .filter(|(hash, _)| twice.contains(hash))
                .collect::<Vec<_>>()
        })
        .concat();
    keys.par_sort_unstable();
    let mut rows: Vec<u32> = same_hash(&keys)
        .filter(|group| group.len() > 1)
        .flat_map(|group| repeated_among(columns, &keys[group]))
        .collect();
    rows.sort_unstable();
    rows
}

/// Hashes of a block of rows, those of one part together.
struct Parted {
    hashes: Vec<u64>,
    /// Where each part ends.
    ends: Vec<usize>,
}

impl Parted {
    fn new(hashes: Vec<u64>) -> Self {
        let part = |hash: u64| (hash >> 56) as usize;
        let mut ends = vec![0; PARTS];
        for hash in &hashes {
            ends[part(*hash)] += 1;
        }
        let mut next = Vec::with_capacity(PARTS);
        let mut end = 0;
        for count in &mut ends {
            next.push(end);
            end += *count;
            *count = end;
        }
        let mut parted = vec![0; hashes.len()];
        for hash in hashes {
            let at = &mut next[part(hash)];
            parted[*at] = hash;
            *at += 1;
        }
        Self {
            hashes: parted,
            ends,
        }
    }

    fn part(&self, part: usize) -> &[u64] {
        let start = if part == 0 { 0 } else { self.ends[part - 1] };
        &self.hashes[start..self.ends[part]]
    }
}

/// The hashes of a part that occur more than once.
fn twice_in(part: usize, blocks: &[Parted]) -> Vec<u64> {
    let parts: Vec<&[u64]> = blocks.iter().map(|block| block.part(part)).collect();
    let mut hashes = parts.concat();
    hashes.sort_unstable();
    let pairs = hashes.windows(2).filter(|pair| pair[0] == pair[1]);
    let mut twice: Vec<u64> = pairs.map(|pair| pair[0]).collect();
    twice.dedup();
    twice
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
    let found = with_keys!(column, key => view.blocks(|rows| {
        let mut seen = Set::with_capacity_and_hasher(256, BuildHasherDefault::default());
        let looked_at = rows.filter(|row| view.lets(*row));
        looked_at
            .filter(|row| key(*row).is_some_and(|key| seen.insert(key)))
            .map(row_number)
            .collect::<Vec<_>>()
    }));
    let mut rows = found.concat();
    if rows.len() > BLOCK {
        let mut keys: Vec<(u64, u32)> = rows
            .par_iter()
            .filter_map(|row| Some((hash_of([Key::of(column.cell(*row as usize))?]), *row)))
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
pub enum Key<'a> {
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

/// The rows whose value is among the members, or is not; null is neither.
pub fn looked_up(members: &Members<'_>, among: bool, values: &Values, view: &View<'_>) -> Vec<u32> {
    with_keys!(values, key => {
        view.rows_where(|row| key(row).is_some_and(|key| members.0.contains(&key) == among))
    })
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

/// The hash of the values of a row.
fn hash_of<'a>(keys: impl IntoIterator<Item = Key<'a>>) -> u64 {
    let mut hash = Quick::default();
    for key in keys {
        match key {
            Key::Bits(bits) => hash.write_u64(bits),
            Key::Text(text) => hash.write(text.as_bytes()),
        }
    }
    hash.finish()
}
