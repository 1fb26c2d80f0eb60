use crate::definition::Dtype::{Bool, Date, Datetime, F64, I64, String as Text};

use super::super::testing::{
    as_of, column, name, parquet, read_text, refusal, table, with_dialect,
};

#[test]
fn all_types_are_read_canonically() {
    let table = table(&[
        ("b", Bool),
        ("d", Date),
        ("f", F64),
        ("i", I64),
        ("s", Text),
        ("t", Datetime),
    ]);
    let file = read_text(
        "s,user_id,i,f,b,d,t\n\
         x,a, 3.0 ,-0.0,True,2024-02-29,2024-02-29\n\
         \"\",b,,nan,0,,\n\
         \" y \",c,-1,1e3,false, 1970-01-01 ,2024-02-29T12:00:00.5+02:00\n",
        &table,
    )
    .unwrap();
    assert_eq!(column(&file, "i"), ["3", "null", "-1"]);
    assert_eq!(column(&file, "f"), ["0", "null", "1000"]);
    assert_eq!(column(&file, "b"), ["true", "false", "false"]);
    assert_eq!(column(&file, "d"), ["2024-02-29", "null", "1970-01-01"]);
    assert_eq!(
        column(&file, "t"),
        ["2024-02-29T00:00:00Z", "null", "2024-02-29T10:00:00.5Z"]
    );
    assert_eq!(column(&file, "s"), ["\"x\"", "null", "\" y \""]);
}

#[test]
fn lines_are_exact_whatever_lies_between_rows() {
    let table = table(&[("s", Text)]);
    for (text, lines) in [
        ("user_id,s\na,1\nb,2", vec![2, 3]),
        ("\u{feff}user_id,s\r\na,1\r\nb,2\r\n", vec![2, 3]),
        ("user_id,s\na,\"1\n\n1\"\nb,2\n\n\nc,3\n\n", vec![2, 5, 8]),
        (
            "user_id,s\r\n\r\na,\"1\r\n1\"\r\n\r\nb,2\r\n\r\n",
            vec![3, 6],
        ),
        ("user_id,s\ra,1\rb,2\r", vec![2, 3]),
    ] {
        let file = read_text(text, &table).unwrap();
        let found: Vec<_> = (0..file.frame.rows())
            .map(|row| file.places.line(row))
            .collect();
        assert_eq!(found, lines, "{text:?}");
        assert_eq!(
            column(&file, "user_id")[..2],
            ["\"a\"", "\"b\""],
            "{text:?}"
        );
    }
}

#[test]
fn many_pieces_are_one_file() {
    use std::fmt::Write;
    let table = table(&[("i", I64), ("s", Text)]);
    let mut text = String::from("user_id,i,s\n");
    for row in 0..300_000 {
        writeln!(text, "u{row},{row},{}", "é".repeat(row % 7)).unwrap();
        if row % 1000 == 0 {
            text.push_str("\r\n");
        }
    }
    let whole = read_text(&text, &table).unwrap();
    assert!(text.len() > 3 << 20, "several pieces");
    // A quotation mark makes it one piece.
    let quoted = text.replacen("u0,0,", "\"u0\",0,", 1);
    let one = read_text(&quoted, &table).unwrap();
    assert_eq!(whole.places, one.places);
    assert_eq!(column(&whole, "s"), column(&one, "s"));
    assert_eq!(
        column(&whole, "i"),
        (0..300_000).map(|i| i.to_string()).collect::<Vec<_>>()
    );
    assert_eq!(whole.places.line(1), 4);
    let broken = text.replacen("u299999,299999,", "u299999,x,", 1);
    assert!(refusal(broken, &table).contains("usage.csv:300301   i   \"x\"   is not an i64"));
}

#[test]
fn the_dialect_decides() {
    let table = with_dialect(table(&[("b", Bool), ("f", F64), ("s", Text)]), |dialect| {
        dialect.delimiter = b';';
        dialect.decimal = ',';
        dialect.encoding = "latin1".into();
        dialect.null = vec!["NA".into()];
        dialect.r#true = vec!["oui".into()];
        dialect.r#false = vec!["non".into()];
    });
    let file = read_text(b"user_id;b;f;s\na;oui;29,85;caf\xe9\nb;non;NA;NA\n", &table).unwrap();
    assert_eq!(column(&file, "b"), ["true", "false"]);
    assert_eq!(column(&file, "f"), ["29.85", "null"]);
    assert_eq!(column(&file, "s"), ["\"café\"", "null"]);
    assert_eq!(
        refusal("user_id;b;f;s\na;oui;29.85;x\n", &table),
        "usage refused: 1 value cannot be read\n  \
           usage.csv:2   f   \"29.85\"   is not an f64\n\
         help: if the file uses decimal points, say `decimal = \".\"` under [source] in features/usage.toml"
    );
}

#[test]
fn a_value_of_another_type_is_named_with_a_way_out() {
    let table = table(&[("b", Bool), ("d", Date), ("f", F64), ("i", I64)]);
    let refused = |row: &str| {
        let told = refusal(format!("user_id,b,d,f,i\n{row}\n"), &table);
        told.split_once('\n')
            .map(|(_, rest)| rest.to_string())
            .unwrap()
    };
    assert_eq!(
        refused("a,,,\"29,85\","),
        "  usage.csv:2   f   \"29,85\"   is not an f64\n\
         help: if the file uses decimal commas, say `decimal = \",\"` under [source] in features/usage.toml"
    );
    for (row, reason, help) in [
        ("a,,,NA,", "\"NA\"   is not an f64", "`null = [\"NA\"]`"),
        (
            "a,,,\"1,234.5\",",
            "is not an f64",
            "separators between thousands",
        ),
        ("a,,,5 EUR,", "is not an f64", "without units"),
        ("a,,,1e999,", "is infinite", "leave the value empty"),
        ("a,,,-inf,", "is infinite", "leave the value empty"),
        ("a,,,,3.5", "has a fraction, and is no i64", "`i = \"f64\"`"),
        (
            "a,,,,9223372036854775808",
            "does not fit in an i64",
            "`i = \"string\"`",
        ),
        ("a,oui,,,", "is not a bool", "`true = [\"…\"]`"),
        ("a,,31.01.2024,,", "is not a date", "YYYY-MM-DD"),
        ("a,,soon,,", "is not a date", "`d = \"string\"`"),
        (
            "a,,0000-01-01,,",
            "is not within the years 1 to 9999",
            "mend the date",
        ),
    ] {
        let told = refused(row);
        assert!(
            told.contains(reason) && told.contains(help),
            "{row}: {told}"
        );
    }
}

#[test]
fn ten_bad_values_are_shown_and_all_are_counted() {
    use std::fmt::Write;
    let table = table(&[("i", I64)]);
    let mut text = String::from("user_id,i\n");
    for row in 0..1234 {
        writeln!(text, "u{row},x").unwrap();
    }
    let told = refusal(text, &table);
    assert!(
        told.starts_with("usage refused: 1 234 values cannot be read\n"),
        "{told}"
    );
    assert!(
        told.contains("  usage.csv:11   i   \"x\"   is not an i64\n  and 1 224 more\n"),
        "{told}"
    );
    assert_eq!(told.matches("help: ").count(), 1);
}

#[test]
fn ragged_rows_are_refused_with_both_counts() {
    let table = table(&[("s", Text)]);
    assert_eq!(
        refusal("user_id,s\na,1\nb\nc,1,2,3\n", &table),
        "usage refused: 2 rows have another number of fields than the header\n  \
           usage.csv:3   1 field, the header has 2\n  \
           usage.csv:4   4 fields, the header has 2\n\
         help: a value that holds the delimiter or a line break must stand in quotation marks"
    );
}

#[test]
fn a_quotation_mark_that_is_never_closed_does_not_swallow_the_file() {
    let table = table(&[("s", Text)]);
    for text in [
        "user_id,s\na,1\nb,\"2\nc,3\n",
        "user_id,s\na,1\nb,\"2",
        "user_id,s\na,1\nb,\"2\"\"\n",
    ] {
        assert!(
            refusal(text, &table).contains("usage.csv:3   opens a value"),
            "{text}"
        );
    }
    for text in [
        "user_id,s\na,5\" disk\n",
        "user_id,s\na,\"2\"\"\"",
        "user_id,s\na,\"x\"\n\n",
    ] {
        assert!(read_text(text, &table).is_ok(), "{text}");
    }
}

#[test]
fn all_differences_of_the_columns_are_told() {
    let table = table(&[("months_active", I64), ("fee", F64)]);
    assert_eq!(
        refusal("user_id,montsh_active,zebra,zebra,\n", &table),
        "usage refused: 6 differences from the declared columns\n  \
           usage.csv against [columns] in features/usage.toml\n  \
           unknown    `montsh_active`   did you mean `months_active`?\n  \
           unknown    `zebra`\n  \
           repeated   `zebra`           the name stands twice\n  \
           unknown    column 5          it has no name\n  \
           missing    `fee`\n  \
           missing    `months_active`\n\
         help: a column that is new with this file is declared in features/usage.toml: `montsh_active = { type = \"f64\", since = 2024-02-29 }`\n\
         help: a column that files have only from some date on is declared in features/usage.toml: `fee = { type = \"f64\", since = THE-DATE }`"
    );
    assert!(
        refusal("user_id;fee;months_active\n", &table).contains("help: say `delimiter = \";\"`")
    );
    assert!(refusal("user_id\tfee\n", &table).contains("help: say `delimiter = \"\\t\"`"));
}

#[test]
fn a_file_may_lack_a_column_before_its_first_date() {
    let mut table = table(&[("bitrate", F64)]);
    let bitrate = name("bitrate");
    let since = |table: &mut crate::definition::Table, date: &str| {
        table.columns.get_mut(&bitrate).unwrap().since = date.parse().ok();
    };
    since(&mut table, "2024-03-31");
    assert_eq!(
        column(&read_text("user_id\na\n", &table).unwrap(), "bitrate"),
        ["null"]
    );
    assert_eq!(
        column(
            &read_text("user_id,bitrate\na,1\n", &table).unwrap(),
            "bitrate"
        ),
        ["1"]
    );
    since(&mut table, &as_of().to_string());
    assert!(refusal("user_id\na\n", &table).contains("missing   `bitrate`"));
}

#[test]
fn files_without_rows_are_empty() {
    let table = table(&[]);
    for text in [
        "",
        "\n\n",
        "user_id",
        "user_id\n",
        "\u{feff}user_id\r\n\r\n",
    ] {
        assert!(
            refusal(text, &table).starts_with("usage refused: empty file\n"),
            "{text:?}"
        );
    }
    assert!(refusal("", &parquet(table)).starts_with("usage refused: empty file\n"));
}

#[test]
fn bytes_that_do_not_fit_the_encoding_are_placed() {
    let plain = table(&[("s", Text)]);
    assert_eq!(
        refusal(b"user_id,s\na,1\nb,\xc3\xa9caf\xe9\n", &plain),
        "usage refused: the file is not UTF-8\n  \
           usage.csv:3:7   the byte 0xE9 is not UTF-8\n\
         help: if the file is in another encoding, say `encoding = \"latin1\"` under [source] in features/usage.toml"
    );
    assert!(refusal(b"\xff\xfeu\0", &plain).contains("`encoding = \"utf-16le\"`"));
    let wide = with_dialect(table(&[("s", Text)]), |dialect| {
        dialect.encoding = "utf-16le".into();
    });
    let bytes: Vec<u8> = "\u{feff}user_id,s\na,é\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(column(&read_text(&bytes, &wide).unwrap(), "s"), ["\"é\""]);
    let told = refusal(&bytes[..bytes.len() - 1], &wide);
    assert!(
        told.contains("the file is not UTF-16LE\n  usage.csv:2:4 "),
        "{told}"
    );
    let odd = with_dialect(table(&[]), |dialect| {
        dialect.encoding = "klingon".into();
    });
    assert!(refusal("user_id\na\n", &odd).contains("`klingon`"));
}

#[test]
fn strange_bytes_in_strings_are_kept() {
    let table = table(&[("s", Text)]);
    let huge = "x".repeat(5 << 20);
    let file = read_text(format!("user_id,s\na,\0\nb,{huge}\n"), &table).unwrap();
    assert_eq!(column(&file, "s")[0], r#""\0""#);
    assert_eq!(column(&file, "s")[1].len(), 40 + "\"\"…".len());
}

#[test]
fn a_damaged_parquet_file_is_refused() {
    let table = parquet(table(&[]));
    for bytes in [
        &b"PAR1"[..],
        b"user_id\na\n",
        b"PAR1\xff\xff\xff\xffPAR1",
        &[0; 100],
    ] {
        assert!(
            refusal(bytes, &table)
                .starts_with("usage refused: the file is not a readable Parquet file")
        );
    }
}

/// Written by pyarrow, which puts its own types into the file's Arrow schema.
const PHYSICAL: &[u8] = include_bytes!("testdata/physical.parquet");

#[test]
fn physical_types_of_parquet_are_taken_for_what_they_hold() {
    let numbers = ["i8", "i16", "i32", "u8", "u16", "u32", "u64", "whole"].map(|name| (name, I64));
    let others = [
        ("f32", F64),
        ("big", Text),
        ("nothing", Bool),
        ("ms", Datetime),
        ("ns", Datetime),
        ("zoned", Datetime),
        ("midnight", Date),
        ("d64", Datetime),
    ];
    let declared = parquet(table(&[numbers.as_slice(), &others].concat()));
    let file = read_text(PHYSICAL, &declared).unwrap();
    let expected = [
        ("user_id", ["\"a\"", "\"b\"", "\"c\""]),
        ("i8", ["-1", "null", "127"]),
        ("i16", ["-1", "null", "3"]),
        ("i32", ["-1", "null", "3"]),
        ("u8", ["255", "null", "3"]),
        ("u16", ["65535", "null", "3"]),
        ("u32", ["4294967295", "null", "3"]),
        ("u64", ["9223372036854775807", "null", "3"]),
        ("whole", ["3", "null", "null"]),
        ("f32", ["0.5", "null", "null"]),
        ("big", ["\"x\"", "null", "null"]),
        ("nothing", ["null", "null", "null"]),
        (
            "ms",
            ["2024-02-29T10:00:00Z", "null", "1969-12-31T23:59:59Z"],
        ),
        (
            "ns",
            [
                "1970-01-01T00:00:00Z",
                "null",
                "1969-12-31T23:59:59.999999Z",
            ],
        ),
        (
            "zoned",
            ["2024-02-29T10:00:00Z", "null", "2024-01-01T00:00:00Z"],
        ),
        ("midnight", ["2024-02-29", "null", "1969-12-31"]),
        (
            "d64",
            ["2024-02-29T00:00:00Z", "null", "1970-01-01T00:00:00Z"],
        ),
    ];
    for (name, values) in expected {
        assert_eq!(column(&file, name), values, "{name}");
    }
    assert_eq!(file.places.place(2), "usage.parquet row 3");
}

#[test]
fn the_old_timestamps_of_parquet_are_read() {
    let declared = parquet(table(&[("at", Datetime)]));
    let file = read_text(include_bytes!("testdata/int96.parquet"), &declared).unwrap();
    assert_eq!(column(&file, "at"), ["2024-02-29T10:00:00Z"]);
}

#[test]
fn an_empty_parquet_file_is_empty() {
    let told = refusal(
        include_bytes!("testdata/empty.parquet"),
        &parquet(table(&[])),
    );
    assert!(told.starts_with("usage refused: empty file\n"), "{told}");
}

#[test]
fn types_that_do_not_fit_are_refused_by_name() {
    let foreign = include_bytes!("testdata/foreign.parquet");
    let names = ["amount", "blob", "clock", "spot", "tags", "text"];
    let declared = parquet(table(&names.map(|name| (name, F64))));
    assert_eq!(
        refusal(foreign, &declared),
        "usage refused: 5 columns are of another type\n  \
           usage.parquet\n  \
           amount   declared f64   holds decimal(2, 1)\n  \
           tags     declared f64   holds lists\n  \
           spot     declared f64   holds structs\n  \
           blob     declared f64   holds bytes\n  \
           clock    declared f64   holds times of day\n\
         help: declare the types that the file holds under [columns] in features/usage.toml, or cast the columns in the export"
    );
    let mut bytes = Vec::new();
    let mut frame = polars::df!("user_id" => ["a"], "text" => ["1.5"], "n" => [1_i64]).unwrap();
    polars::prelude::ParquetWriter::new(&mut bytes)
        .finish(&mut frame)
        .unwrap();
    let told = refusal(&bytes, &parquet(table(&[("text", F64), ("n", Text)])));
    assert!(
        told.contains(
            "text   declared f64      holds strings\n  n      declared string   holds integers\n"
        ),
        "{told}"
    );
}

#[test]
fn values_of_parquet_that_do_not_fit_are_refused_by_row() {
    let declared = parquet(table(&[("f", I64), ("u", I64), ("x", F64), ("t", Date)]));
    let mut bytes = Vec::new();
    let hour = polars::prelude::Int64Chunked::from_vec("t".into(), vec![0, 3_600_000_000]);
    let mut frame = polars::df!(
        "user_id" => ["a", "b"], "f" => [0.5, 1.0], "u" => [0, u64::MAX], "x" => [f64::INFINITY, 1.0]
    )
    .unwrap();
    let hour = polars::prelude::IntoSeries::into_series(
        hour.into_datetime(polars::prelude::TimeUnit::Microseconds, None),
    );
    frame.with_column(hour.into()).unwrap();
    polars::prelude::ParquetWriter::new(&mut bytes)
        .finish(&mut frame)
        .unwrap();
    let told = refusal(&bytes, &declared);
    for line in [
        "usage refused: 4 values cannot be read",
        "usage.parquet row 1   f   \"0.5\"",
        "usage.parquet row 2   u   \"18446744073709551615\"   does not fit in an i64",
        "usage.parquet row 1   x   \"inf\"",
        "usage.parquet row 2   t   \"3600000000\"",
    ] {
        assert!(told.contains(line), "{told}");
    }
}

/// Flips bytes all over the file. Whatever it says then, nothing panics.
#[test]
fn a_damaged_parquet_file_is_never_a_panic() {
    let columns = ["i8", "i16", "i32", "u8", "u16", "u32", "u64", "whole"].map(|name| (name, F64));
    let others = [
        ("f32", F64),
        ("big", Text),
        ("nothing", Text),
        ("ms", Datetime),
        ("ns", Datetime),
    ];
    let last = [("zoned", Datetime), ("midnight", Date), ("d64", Date)];
    let declared = parquet(table(&[columns.as_slice(), &others, &last].concat()));
    let mut state = 1_u64;
    let mut random = move || {
        // Knuth's multiplier; the high bits are random enough to break files.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    let mut refused = 0;
    for round in 0..6_000 {
        let mut bytes = PHYSICAL.to_vec();
        for _ in 0..=round % 3 {
            let at = random() % bytes.len();
            bytes[at] = (random() % 256) as u8;
        }
        if round % 5 == 0 {
            bytes.truncate(random() % bytes.len());
        }
        refused += usize::from(read_text(&bytes, &declared).is_err());
    }
    assert!(refused > 3_000, "{refused}");
}
