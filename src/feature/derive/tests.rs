use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::definition::ColumnName;
use crate::table::Cell;

/// Four rows: plain values, zeros, extremes, nulls.
fn frame() -> Frame {
    let columns = [
        (
            "i",
            Values::integers(&[Some(7), Some(0), Some(i64::MIN), None]),
        ),
        ("j", Values::integers(&[Some(2), Some(0), Some(-1), None])),
        (
            "x",
            Values::floats(&[Some(2.5), Some(0.0), Some(1e308), None]),
        ),
        (
            "t",
            Values::bools(&[Some(true), Some(false), Some(true), None]),
        ),
        (
            "s",
            Values::strings(&[Some(" 3.0 "), Some("b"), Some("é"), None]),
        ),
        ("d", Values::dates(&[Some(0), Some(19_782), Some(-1), None])),
        ("u", Values::datetimes(&[Some(0), Some(1), Some(-1), None])),
    ];
    let columns = columns
        .into_iter()
        .map(|(name, values)| (name.parse().unwrap(), values))
        .collect();
    Frame::new(4, columns)
}

fn dtypes(frame: &Frame) -> BTreeMap<ColumnName, Dtype> {
    let columns = frame.columns().iter();
    columns
        .map(|(name, values)| (name.clone(), values.dtype()))
        .collect()
}

fn show(values: &Values) -> String {
    let cell = |row| match values.cell(row) {
        Cell::Null => "null".to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::I64(value) => value.to_string(),
        Cell::F64(value) => format!("{value:?}"),
        Cell::Date(value) => format!("day {value}"),
        Cell::Datetime(value) => format!("{value} us"),
        Cell::String(value) => format!("'{value}'"),
    };
    let cells: Vec<_> = (0..values.len()).map(cell).collect();
    cells.join(" ")
}

fn evaluated(text: &str) -> String {
    let frame = frame();
    let expression = Expression::parse(text, &dtypes(&frame)).expect(text);
    let values = evaluate(&expression, &frame);
    assert_eq!(values.dtype(), expression.dtype(), "{text}");
    show(&values)
}

fn assert_all(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(evaluated(text), *expected, "{text}");
    }
}

#[test]
fn arithmetic_leaves_the_numbers_as_null() {
    assert_all(&[
        ("i / j", "3.5 null 9.223372036854776e18 null"),
        ("i % j", "1 null 0 null"),
        ("-7 % j", "-1 null 0 null"),
        ("x % 2", "0.5 0.0 0.0 null"),
        ("i + j", "9 0 null null"),
        ("i - j", "5 0 -9223372036854775807 null"),
        ("i * j", "14 0 null null"),
        ("-i", "-7 0 null null"),
        ("-x", "-2.5 0.0 -1e308 null"),
        ("x * 10", "25.0 0.0 null null"),
        ("i + x", "9.5 0.0 1e308 null"),
        ("0 / x * -1", "0.0 null 0.0 null"),
        ("i / NULLIF(j, 0)", "3.5 null 9.223372036854776e18 null"),
    ]);
}

#[test]
fn functions_of_numbers() {
    assert_all(&[
        ("LN(x)", "0.9162907318741551 null 709.1962086421661 null"),
        ("LN(i)", "1.9459101490553132 null null null"),
        ("ABS(-x)", "2.5 0.0 1e308 null"),
        ("ABS(i)", "7 0 null null"),
        ("ROUND(x)", "3.0 0.0 1e308 null"),
        ("ROUND(-x)", "-3.0 0.0 -1e308 null"),
        ("ROUND(x * -0.1)", "0.0 0.0 -1.0000000000000001e307 null"),
        ("ROUND(i)", "7 0 -9223372036854775808 null"),
        ("ROUND(x / 100, 2)", "0.03 0.0 1e306 null"),
        ("CEIL(x)", "3.0 0.0 1e308 null"),
        ("CEIL(x - 3)", "0.0 -3.0 1e308 null"),
        ("FLOOR(-x)", "-3.0 0.0 -1e308 null"),
        ("SQRT(i + 2)", "3.0 1.4142135623730951 null null"),
        ("EXP(x)", "12.182493960703473 1.0 null null"),
        ("POWER(x, 2)", "6.25 0.0 null null"),
        ("GREATEST(i, x)", "7.0 0.0 1e308 null"),
        ("LEAST(i, 1, j)", "1 0 -9223372036854775808 null"),
    ]);
}

#[test]
fn logic_has_three_values() {
    assert_all(&[
        ("t AND i > 0", "true false false null"),
        ("t OR i >= 0", "true true true null"),
        ("NOT t", "false true false null"),
        ("t AND FALSE", "false false false false"),
        ("t OR TRUE", "true true true true"),
        ("t IS NULL", "false false false true"),
        ("t IS NOT NULL OR t", "true true true null"),
        ("i IN (7, 8)", "true false false null"),
        ("i IN (7, j)", "true true false null"),
        ("7 IN (i, j)", "true false false null"),
        ("0 NOT IN (i, 1)", "true false true null"),
        ("7 IN (7, j)", "true true true true"),
        ("7 NOT IN (8, j)", "true true true null"),
        ("i BETWEEN 0 AND 7", "true true false null"),
        ("0 BETWEEN 1 AND j", "false false false false"),
        ("i NOT BETWEEN j AND 8", "false false true null"),
    ]);
}

#[test]
fn comparisons_are_exact() {
    assert_all(&[
        ("i = 7.0", "true false false null"),
        ("i < x", "false false true null"),
        (
            "9007199254740993 = 9007199254740992.0",
            "false false false false",
        ),
        (
            "9007199254740993 > 9007199254740992.0",
            "true true true true",
        ),
        (
            "9223372036854775807 < 9223372036854775808.0",
            "true true true true",
        ),
        (
            "-9223372036854775808 = -9223372036854775808.0",
            "true true true true",
        ),
        ("-0.5 > -1 AND 0 > -0.5", "true true true true"),
        ("s < 'b'", "true false false null"),
        ("s > 'z'", "false false true null"),
        ("d = DATE '2024-02-29'", "false true false null"),
        ("d < CAST(u AS date)", "false false false null"),
        ("t > FALSE", "true false true null"),
    ]);
}

#[test]
fn branches() {
    assert_all(&[
        (
            "CASE WHEN t THEN i ELSE 0.5 END",
            "7.0 0.5 -9.223372036854776e18 0.5",
        ),
        ("CASE WHEN t THEN NULL ELSE j END", "null 0 null null"),
        (
            "CASE i WHEN 7 THEN 'seven' WHEN j THEN 'same' END",
            "'seven' 'same' null null",
        ),
        ("COALESCE(x, i, -1)", "2.5 0.0 1e308 -1.0"),
        ("COALESCE(NULL, s, 'none')", "' 3.0 ' 'b' 'é' 'none'"),
        ("NULLIF(i, 7.0)", "null 0 -9223372036854775808 null"),
        ("NULLIF(s, 'b')", "' 3.0 ' null 'é' null"),
        (
            "CASE WHEN d IS NULL THEN u ELSE CAST(d AS timestamp) END",
            "0 us 1709164800000000 us -86400000000 us null",
        ),
    ]);
}

#[test]
fn casts_that_fail_are_null() {
    assert_all(&[
        ("CAST(s AS i64)", "3 null null null"),
        ("CAST(s AS f64)", "3.0 null null null"),
        ("CAST(s AS bool)", "null null null null"),
        ("CAST('inf' AS f64)", "null null null null"),
        ("CAST('nan' AS f64)", "null null null null"),
        ("CAST('-0' AS f64)", "0.0 0.0 0.0 0.0"),
        ("CAST('TRUE' AS bool)", "true true true true"),
        ("CAST(x AS i64)", "3 0 null null"),
        ("CAST(-x AS i64)", "-3 0 null null"),
        ("CAST(9.2233720368547758e18 AS i64)", "null null null null"),
        ("CAST(t AS i64)", "1 0 1 null"),
        ("CAST(i AS bool)", "true false true null"),
        ("CAST(t AS string)", "'true' 'false' 'true' null"),
        (
            "CAST(d AS string)",
            "'1970-01-01' '2024-02-29' '1969-12-31' null",
        ),
        (
            "CAST(u AS string)",
            "'1970-01-01T00:00:00Z' '1970-01-01T00:00:00.000001Z' '1969-12-31T23:59:59.999999Z' null",
        ),
        ("CAST(u AS date)", "day 0 day 0 day -1 null"),
        (
            "CAST('2024-02-29' AS date)",
            "day 19782 day 19782 day 19782 day 19782",
        ),
        ("CAST('2024-02-30' AS date)", "null null null null"),
        (
            "CAST('1970-01-01T00:00:01' AS timestamp)",
            "1000000 us 1000000 us 1000000 us 1000000 us",
        ),
        (
            "CAST('1970-01-01 01:00:01+01:00' AS timestamp)",
            "1000000 us 1000000 us 1000000 us 1000000 us",
        ),
        (
            "CAST(d AS timestamp)",
            "0 us 1709164800000000 us -86400000000 us null",
        ),
    ]);
    assert!(evaluated("CAST(x AS string)").starts_with("'2.5' '0' '1000"));
}

#[test]
fn parts_of_dates_and_instants() {
    for (text, expected) in [
        ("EXTRACT(YEAR FROM d)", "1970 2024 1969 null"),
        ("EXTRACT(QUARTER FROM d)", "1 1 4 null"),
        ("EXTRACT(MONTH FROM d)", "1 2 12 null"),
        ("EXTRACT(DAY FROM d)", "1 29 31 null"),
        ("EXTRACT(DOW FROM d)", "4 4 3 null"),
        ("EXTRACT(ISODOW FROM d + 0)", ""),
        ("EXTRACT(ISODOW FROM d)", "4 4 3 null"),
        ("EXTRACT(DOY FROM d)", "1 60 365 null"),
        ("EXTRACT(YEAR FROM u)", "1970 1970 1969 null"),
        ("EXTRACT(HOUR FROM u)", "0 0 23 null"),
        ("EXTRACT(MINUTE FROM u) / 2", "0.0 0.0 29.5 null"),
        ("EXTRACT(MONTH FROM CAST(u AS date))", "1 1 12 null"),
        (
            "CASE WHEN EXTRACT(DAY FROM d) = 29 THEN 'leap' END",
            "null 'leap' null null",
        ),
    ] {
        match expected {
            "" => assert!(
                Expression::parse(text, &dtypes(&frame())).is_err(),
                "{text}"
            ),
            _ => assert_eq!(evaluated(text), expected, "{text}"),
        }
    }
}

#[test]
fn a_column_that_is_not_there_is_null() {
    let whole = frame();
    let expression = Expression::parse("COALESCE(i, 1)", &dtypes(&whole)).unwrap();
    let values = evaluate(&expression, &Frame::new(2, BTreeMap::new()));
    assert_eq!(show(&values), "1 1");
}

proptest! {
    #[test]
    fn exact_comparison_agrees_with_128_bits(integer in any::<i64>(), nudge in -3_i64..=3, half in any::<bool>()) {
        let near = integer.saturating_add(nudge) as f64;
        let float = if half { near + 0.5 } else { near };
        let expected = (i128::from(integer) * 2).cmp(&((float * 2.0) as i128));
        prop_assert_eq!(number::compare(&integer, &float), Some(expected));
    }

    #[test]
    fn results_are_canonical(x in any::<f64>(), y in any::<f64>(), i in any::<i64>()) {
        let canonical = |value: f64| canonical(value);
        let names = ["i", "x", "y"].map(|name| name.parse::<ColumnName>().unwrap());
        let columns = [
            Values::integers(&[Some(i)]),
            Values::floats(&[canonical(x)]),
            Values::floats(&[canonical(y)]),
        ];
        let frame = Frame::new(1, names.into_iter().zip(columns).collect());
        for text in [
            "x + y", "x - y", "x * y", "x / y", "x % y", "-x", "i / x", "x % i", "LN(x)", "EXP(x)", "SQRT(x)",
            "POWER(x, y)", "ROUND(x)", "ROUND(x, 3)", "CEIL(x)", "FLOOR(x)", "CAST(CAST(x AS string) AS f64)",
        ] {
            let expression = Expression::parse(text, &dtypes(&frame)).unwrap();
            if let Cell::F64(value) = evaluate(&expression, &frame).cell(0) {
                prop_assert!(value.is_finite() && value.to_bits() != (-0.0_f64).to_bits(), "{text}: {value:?}");
            }
        }
    }
}

/// `cargo test --release --lib million -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn a_million_rows() {
    let rows = 1_000_000;
    let a: Vec<_> = (0..rows).map(|row| Some(row as f64 / 3.0)).collect();
    let b: Vec<_> = (0..rows)
        .map(|row| (row % 11 != 0).then_some(row % 7))
        .collect();
    let columns = [("a", Values::floats(&a)), ("b", Values::integers(&b))];
    let columns = columns
        .into_iter()
        .map(|(name, values)| (name.parse().unwrap(), values));
    let frame = Frame::new(a.len(), columns.collect());
    for text in [
        "a / NULLIF(b, 0)",
        "ROUND(a, 2)",
        "CASE WHEN b BETWEEN 2 AND 5 THEN LN(a + 1) ELSE COALESCE(b, 0) END",
    ] {
        let expression = Expression::parse(text, &dtypes(&frame)).unwrap();
        let start = std::time::Instant::now();
        let nulls = evaluate(&expression, &frame).null_count();
        println!("{text}: {:?}, {nulls} nulls", start.elapsed());
    }
}
