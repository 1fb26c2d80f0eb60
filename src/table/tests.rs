//! What holds for tables as wholes: one hash for the same rows, whatever brought them here.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;

use crate::definition::Dtype::{self, Bool, Date, Datetime, F64, I64, String as Text};
use crate::hash::TableHash;

use super::testing::{name, parquet, read_text, table};
use super::*;

const COLUMNS: [(&str, Dtype); 6] = [
    ("b", Bool),
    ("d", Date),
    ("f", F64),
    ("i", I64),
    ("s", Text),
    ("t", Datetime),
];

/// One row: a key that may repeat over draws, and a value or null of each type.
type Row = (
    String,
    Option<bool>,
    Option<i32>,
    Option<f64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

fn row() -> impl Strategy<Value = Row> {
    (
        "[a-c]{1,9}|.{1,3}",
        any::<Option<bool>>(),
        prop::option::of(-719_162..2_932_896_i32),
        prop::option::of(prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL),
        any::<Option<i64>>(),
        prop::option::of("[\\PC\n\r\",]{1,5}"),
        prop::option::of(-62_135_596_800_000_000..253_402_300_799_999_999_i64),
    )
}

/// Rows with keys of their own, in the order of the keys.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), 1..40).prop_map(|rows| {
        let by_key: BTreeMap<_, _> = rows.into_iter().map(|row| (row.0.clone(), row)).collect();
        by_key.into_values().collect()
    })
}

fn frame(rows: &[Row]) -> Frame {
    fn cells<T>(rows: &[Row], cell: impl Fn(&Row) -> Option<T>) -> Vec<Option<T>> {
        rows.iter().map(cell).collect()
    }
    let columns = [
        (
            "user_id",
            Values::strings(&cells(rows, |row| Some(row.0.clone()))),
        ),
        ("b", Values::bools(&cells(rows, |row| row.1))),
        ("d", Values::dates(&cells(rows, |row| row.2))),
        // Adding 0.0 makes −0.0 canonical.
        (
            "f",
            Values::floats(&cells(rows, |row| row.3.map(|value| value + 0.0))),
        ),
        ("i", Values::integers(&cells(rows, |row| row.4))),
        ("s", Values::strings(&cells(rows, |row| row.5.clone()))),
        ("t", Values::datetimes(&cells(rows, |row| row.6))),
    ];
    let columns = columns
        .into_iter()
        .map(|(text, values)| (name(text), values));
    Frame::new(rows.len(), columns.collect())
}

fn hash(frame: &Frame) -> TableHash {
    table_hash(&column_hashes(frame))
}

/// The frame as CSV, its columns and rows in the given order.
fn csv(frame: &Frame, columns: &[&str]) -> String {
    let mut text = columns.join(",") + "\r\n";
    for row in 0..frame.rows() {
        for (at, column) in columns.iter().enumerate() {
            let cell = match frame.column(column).unwrap().cell(row) {
                Cell::Null => String::new(),
                Cell::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
                Cell::F64(value) => format!("{value:e}"),
                other => other.to_string(),
            };
            write!(text, "{}{cell}", if at == 0 { "" } else { "," }).unwrap();
        }
        text.push_str("\r\n");
    }
    text
}

proptest! {
    #[test]
    fn csv_and_parquet_in_any_order_give_one_hash(rows in rows(), seed in any::<u64>()) {
        let sorted = frame(&rows);
        let mut order: Vec<u32> = (0..row_number(sorted.rows())).collect();
        order.sort_by_key(|row| (u64::from(*row) + 1).wrapping_mul(seed | 1));
        let shuffled = sorted.take(order);
        let declared = table(&COLUMNS);
        let from_csv = read_text(csv(&shuffled, &["t", "s", "user_id", "i", "f", "d", "b"]), &declared).unwrap();
        let declared = parquet(declared);
        let from_parquet = read_text(to_parquet(&shuffled).unwrap(), &declared).unwrap();
        for file in [from_csv, from_parquet] {
            let arranged = arrange(&file.frame, &file.places, &declared).unwrap();
            prop_assert_eq!(hash(&arranged), hash(&sorted));
        }
    }

    #[test]
    fn objects_come_back_as_they_were(rows in rows()) {
        let written = frame(&rows);
        let bytes = to_parquet(&written).unwrap();
        let read = from_parquet_object(&bytes).unwrap();
        prop_assert_eq!(column_hashes(&read), column_hashes(&written));
        prop_assert_eq!(to_parquet(&read).unwrap(), bytes);
    }

    #[test]
    fn an_upsert_is_what_a_map_would_do(a in rows(), b in rows()) {
        let merged: BTreeMap<_, _> = a.iter().chain(&b).map(|row| (row.0.clone(), row.clone())).collect();
        let expected = frame(&merged.into_values().collect::<Vec<_>>());
        prop_assert_eq!(hash(&upsert(&frame(&a), &frame(&b), &name("user_id"))), hash(&expected));
    }

    #[test]
    fn any_cell_that_changes_changes_the_hash(rows in rows(), at in any::<prop::sample::Index>()) {
        let mut changed = rows.clone();
        let row = &mut changed[at.index(rows.len())];
        row.4 = match row.4 {
            None => Some(0),
            Some(value) => value.checked_add(1),
        };
        prop_assert_ne!(hash(&frame(&changed)), hash(&frame(&rows)));
    }
}

#[test]
fn a_sort_is_the_plain_one_for_every_type() {
    let texts = [
        "",
        "a",
        "ab",
        "abcdefgh",
        "abcdefghi",
        "abcdefgh\0",
        "b",
        "é",
    ];
    let strings: Vec<_> = texts
        .iter()
        .filter(|t| !t.is_empty())
        .map(|t| Some(*t))
        .chain([None, Some("a")])
        .collect();
    let floats = [
        Some(-1.5),
        Some(0.0),
        None,
        Some(1e300),
        Some(-1e300),
        Some(5e-324),
        Some(-5e-324),
    ];
    let integers = [
        Some(i64::MIN),
        None,
        Some(-1),
        Some(0),
        Some(i64::MAX),
        None,
    ];
    for values in [
        Values::strings(&strings),
        Values::floats(&floats),
        Values::integers(&integers),
        Values::dates(&[Some(3), Some(-3), None]),
        Values::bools(&[Some(true), None, Some(false), Some(true)]),
    ] {
        let mut plain: Vec<u32> = (0..row_number(values.len())).collect();
        plain.sort_by(|a, b| {
            values
                .cell(*a as usize)
                .partial_cmp(&values.cell(*b as usize))
                .unwrap()
        });
        assert_eq!(
            sorted_rows(values.len(), &[&values]),
            plain,
            "{:?}",
            values.dtype()
        );
    }
}

#[test]
fn events_are_ordered_by_key_time_and_then_every_column() {
    let mut table = table(&[("at", Datetime), ("known", Datetime), ("a", I64)]);
    table.source.timestamp = Some(name("at"));
    table.source.created = Some(name("known"));
    let file = read_text(
        "user_id,at,known,a\nb,2024-01-01,,1\na,2024-01-02,,1\na,2024-01-01,2024-02-02,1\na,2024-01-01,2024-02-01,3\na,2024-01-01,2024-02-01,2\na,2024-01-01,2024-02-01,2\n",
        &table,
    )
    .unwrap();
    let arranged = arrange(&file.frame, &file.places, &table).unwrap();
    assert_eq!(
        row_order(&table, &arranged),
        ["user_id", "at", "known", "a"].map(name)
    );
    let cell = |column: &str, row| arranged.column(column).unwrap().cell(row).to_string();
    let told: Vec<_> = (0..6)
        .map(|row| cell("user_id", row) + &cell("a", row))
        .collect();
    assert_eq!(
        told,
        ["\"a\"2", "\"a\"2", "\"a\"3", "\"a\"1", "\"a\"1", "\"b\"1"]
    );
    let file = read_text("user_id,at,known,a\na,,,1\n", &table).unwrap();
    let error = arrange(&file.frame, &file.places, &table).unwrap_err();
    assert!(
        testing::told(&error)
            .starts_with("usage refused: 1 row without at\n  usage.csv:2   at   null\n")
    );
}

#[test]
fn keys_are_demanded_once_each() {
    let table = table(&[]);
    let refused = |text: &str| {
        let file = read_text(text, &table).unwrap();
        testing::told(&arrange(&file.frame, &file.places, &table).unwrap_err())
    };
    assert_eq!(
        refused("user_id\nb\na\nb\nc\na\nb\n"),
        "usage refused: 2 values of user_id in more than one row\n  \
           usage.csv:3   again 6      user_id   \"a\"\n  \
           usage.csv:2   again 4, 7   user_id   \"b\"\n\
         help: a file has one row for each user_id; mend it, or declare `timestamp` under [source] in features/usage.toml if the rows are events"
    );
    assert_eq!(
        refused("user_id\na\n\"\"\n"),
        "usage refused: 1 row without user_id\n  \
           usage.csv:3   user_id   null\n\
         help: every row needs its user_id; mend the file, or set such rows aside with a check in features/usage.toml: column = \"user_id\", not_null = true, severity = \"quarantine\""
    );
}

#[test]
fn the_number_of_threads_does_not_show() {
    let declared = table(&[("f", F64), ("s", Text)]);
    let mut text = String::from("s,user_id,f\n");
    for row in 0..200_000_u32 {
        let key = row.wrapping_mul(2_654_435_761);
        writeln!(text, "{},u{key},{}", row % 17, f64::from(row) / 7.0).unwrap();
    }
    let outcome = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let file = read_text(&text, &declared).unwrap();
            let arranged = arrange(&file.frame, &file.places, &declared).unwrap();
            (file.places, hash(&arranged), to_parquet(&arranged).unwrap())
        })
    };
    let one = outcome(1);
    assert!(one == outcome(2));
    assert!(one == outcome(8));
}
