//! A delta gives the table it was made for, whatever the two tables are.

use proptest::prelude::*;

use super::*;
use crate::hash::{Digest, TableHash};
use crate::table::{column_hashes, sort, table_hash};

/// A key, and cells of two columns; the second is a text.
type Row = (i64, Option<i64>, Option<u8>);

fn name(name: &str) -> ColumnName {
    name.parse().unwrap()
}

fn frame(rows: &[Row], date: i32) -> Frame {
    let keys: Vec<_> = rows.iter().map(|row| Some(row.0)).collect();
    let numbers: Vec<_> = rows.iter().map(|row| row.1).collect();
    let texts: Vec<_> = rows
        .iter()
        .map(|row| row.2.map(|n| format!("text {n}")))
        .collect();
    let columns = BTreeMap::from([
        (name("id"), Values::integers(&keys)),
        (name("x"), Values::integers(&numbers)),
        (name("t"), Values::strings(&texts)),
        (
            ColumnName::row_date(),
            Values::repeated_date(date, rows.len()),
        ),
    ]);
    Frame::new(rows.len(), columns)
}

fn hash(frame: &Frame) -> TableHash {
    table_hash(&column_hashes(frame))
}

fn again(delta: &Delta) -> Delta {
    let base = TableHash::from_bytes([7; 32]);
    let bytes = delta.to_bytes(base).unwrap();
    assert_eq!(base_of(&bytes).unwrap(), Some(base));
    Delta::from_bytes(&bytes).unwrap()
}

fn between(base: &Frame, new: &Frame) -> Delta {
    again(&Delta::between(base, new, &[name("id")]).unwrap())
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0..30_i64,
        proptest::option::of(0..3_i64),
        proptest::option::of(0..3_u8),
    );
    proptest::collection::vec(row, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Repeated keys and any order: the identity is no more than a hint.
    #[test]
    fn any_table_is_made_of_any_other(a in rows(), b in rows(), sorted: bool, date in 0..2_i32) {
        let (mut old, mut new) = (frame(&a, 0), frame(&b, date));
        if sorted {
            (old, new) = (sort(&old, &[name("id")]), sort(&new, &[name("id")]));
        }
        let restored = restore(&old, &[between(&old, &new)]).unwrap();
        prop_assert_eq!(hash(&restored), hash(&new));
    }

    #[test]
    fn a_chain_gives_the_last_table(tables in proptest::collection::vec(rows(), 2..7)) {
        let mut frames: Vec<Frame> = Vec::new();
        for (date, table) in tables.iter().enumerate() {
            frames.push(sort(&frame(table, date as i32 / 2), &[name("id")]));
        }
        let deltas: Vec<Delta> = frames.windows(2).map(|pair| between(&pair[0], &pair[1])).collect();
        for (at, expected) in frames.iter().enumerate() {
            let restored = restore(&frames[0], &deltas[..at]).unwrap();
            prop_assert_eq!(hash(&restored), hash(expected));
        }
    }

    /// What is not as it was written is an error or another table, and never a panic.
    #[test]
    fn damaged_bytes_never_panic(a in rows(), b in rows(), place: usize, bit in 0..8_u32) {
        let (old, new) = (frame(&a, 0), frame(&b, 1));
        let delta = Delta::between(&old, &new, &[name("id")]).unwrap();
        let mut bytes = delta.to_bytes(TableHash::from_bytes([7; 32])).unwrap();
        let place = place % bytes.len();
        bytes[place] ^= 1_u8 << bit;
        if let Ok(delta) = Delta::from_bytes(&bytes) {
            let _ = restore(&old, &[delta]);
        }
        let _ = Delta::from_bytes(&bytes[..place]);
    }
}

#[test]
fn unchanged_rows_of_a_full_export_cost_nothing() {
    let rows: Vec<Row> = (0..5_000)
        .map(|id| (id, Some(id * 31 % 997), Some((id % 200) as u8)))
        .collect();
    let mut changed = rows.clone();
    changed[77].1 = Some(-1);
    changed[78].2 = None;
    let (old, new) = (frame(&rows, 0), frame(&changed, 31));
    let delta = between(&old, &new);
    assert_eq!(delta.touched, [77, 78]);
    assert_eq!(delta.verbatim, BTreeSet::from([name("t")]));
    let replaced: Vec<_> = delta.replaced.columns().keys().cloned().collect();
    assert_eq!(replaced, [ColumnName::row_date()]);
    let size = delta.to_bytes(hash(&old)).unwrap().len();
    let whole = crate::table::to_parquet(&new).unwrap().len();
    assert!(size * 8 < whole, "{size} of {whole} bytes");
}

#[test]
fn tables_of_other_columns_have_no_delta() {
    let old = frame(&[(1, None, None)], 0);
    let narrower = old.select([&name("id")]);
    assert!(Delta::between(&old, &narrower, &[]).is_none());
    let retyped = old.clone().with_column(name("x"), Values::bools(&[None]));
    assert!(Delta::between(&old, &retyped, &[]).is_none());
}

#[test]
fn a_delta_is_refused_by_another_table() {
    let (old, new) = (frame(&[(1, None, None)], 0), frame(&[(2, None, None)], 0));
    let delta = between(&old, &new);
    let longer = frame(&[(1, None, None), (2, None, None)], 0);
    assert!(restore(&longer, std::slice::from_ref(&delta)).is_err());
    assert!(restore(&old.select([&name("id")]), &[delta]).is_err());
    assert_eq!(base_of(b"PAR1").unwrap(), None);
    assert!(base_of(b"streamflow delta 1\n").is_err());
}
