//! Files as people and programs write them, well and badly: each ends in a correct table, or in the
//! contract's error with nothing stamped. Parquet files of others are in tests/peers.

use serde_json::{Value, json};

use crate::common::{JANUARY, World};

const HEAD: &str = "id,s,b,i,f,d,t\n";

/// A project of one table with a column of each type.
fn world(dialect: &str, file: &[u8]) -> World {
    let world = World::empty();
    world.write(
        "streamflow.toml",
        "[project]\nname = \"intake\"\n[entities.user]\nkey = \"id\"\n",
    );
    world.write(
        "features/t.toml",
        &format!(
            "entity = \"user\"\n[source]\npath = \"data/{{as_of}}/t.csv\"\n{dialect}\n[columns]\n\
             id = \"string\"\ns = \"string\"\nb = \"bool\"\ni = \"i64\"\nf = \"f64\"\n\
             d = \"date\"\nt = \"datetime\"\n[features]\ncolumns = [\"*\"]\n"
        ),
    );
    world.write_bytes("data/2024-01-31/t.csv", file);
    world
}

/// The values of the row with this key, in the order of the columns' names: b, d, f, i, s, t.
#[track_caller]
fn row(world: &World, id: &str) -> Vec<Value> {
    let arguments = ["features", id, "--as-of", JANUARY, "--format", "json"];
    let document = world.run(&arguments).assert_code(0).json();
    let features = document["features"].as_object().unwrap();
    features.values().cloned().collect()
}

/// The first row has the key `a`, and these values of b, d, f, i, s, t.
#[track_caller]
fn reads(file: impl AsRef<[u8]>, values: [Value; 6]) {
    reads_as("", file, values);
}

#[track_caller]
fn reads_as(dialect: &str, file: impl AsRef<[u8]>, values: [Value; 6]) {
    let world = world(dialect, file.as_ref());
    world.run(&["ingest", "--as-of", JANUARY]).assert_code(0);
    assert_eq!(row(&world, "a"), Vec::from(values));
}

/// The file is refused in these words, each of them, and nothing is stamped.
#[track_caller]
fn refuses(file: impl AsRef<[u8]>, words: &[&str]) {
    refuses_as("", file, words);
}

#[track_caller]
fn refuses_as(dialect: &str, file: impl AsRef<[u8]>, words: &[&str]) {
    let world = world(dialect, file.as_ref());
    let output = world.run(&["ingest", "--as-of", JANUARY]).assert_code(6);
    let screen = output.screen();
    for word in words {
        assert!(screen.contains(word), "{word:?} is not said:\n{screen}");
    }
    let listed = world.run(&["snapshots", "--format", "json"]);
    assert_eq!(listed.assert_code(0).json()["snapshots"], json!([]));
}

/// A row `a` with these fields behind the key.
fn with_row(fields: &str) -> String {
    format!("{HEAD}a,{fields}\n")
}

/// b, d, f, i, s, t of a plain row.
fn plain() -> [Value; 6] {
    [
        json!(true),
        json!("2024-01-31"),
        json!(1.5),
        json!(7),
        json!("x"),
        json!("2024-01-31T10:00:00Z"),
    ]
}

const PLAIN: &str = "x,true,7,1.5,2024-01-31,2024-01-31T10:00:00Z";

fn with(change: impl FnOnce(&mut [Value; 6])) -> [Value; 6] {
    let mut values = plain();
    change(&mut values);
    values
}

#[test]
fn ends_of_lines_and_what_lies_between_them() {
    let unix = with_row(PLAIN);
    reads(&unix, plain());
    reads(unix.replace('\n', "\r\n"), plain());
    reads(unix.replace('\n', "\r"), plain());
    reads(format!("\u{feff}{unix}"), plain());
    reads(unix.trim_end(), plain());
    reads(unix.replace('\n', "\n\n\r\n"), plain());
}

#[test]
fn quotation_marks() {
    let row = |text: &str| with_row(&PLAIN.replacen('x', text, 1));
    reads(row("\"x\""), plain());
    reads(row("\"two\nlines\""), with(|v| v[4] = json!("two\nlines")));
    reads(row("\"a,b\""), with(|v| v[4] = json!("a,b")));
    reads(
        row("\"say \"\"x\"\"\""),
        with(|v| v[4] = json!("say \"x\"")),
    );
    reads(row("5\" disk"), with(|v| v[4] = json!("5\" disk")));
    reads(row("\"\""), with(|v| v[4] = Value::Null));
    refuses(
        row("\"x"),
        &[
            "a quotation mark is never closed",
            "data/2024-01-31/t.csv:2",
        ],
    );
}

#[test]
fn headers() {
    let file = with_row(PLAIN);
    refuses(
        file.replacen("id,s,b", "id,s,s", 1),
        &["t refused", "`s`", "b"],
    );
    refuses(
        file.replacen("id,s,b", "id,s,B", 1),
        &["t refused", "B", "b"],
    );
    refuses(
        "id,s,b,i,f,d\na,x,true,7,1.5,2024-01-31\n",
        &["t refused", "t"],
    );
    refuses(
        file.replacen(",t\n", ",t,extra\n", 1)
            .replacen("Z\n", "Z,1\n", 1),
        &["extra"],
    );
    refuses(file.replacen(",t\n", ",t,\n", 1), &["t refused"]);
    // Another delimiter than declared.
    refuses(file.replace(',', ";"), &["delimiter"]);
    reads_as("delimiter = \";\"", file.replace(',', ";"), plain());
    reads_as("delimiter = \"\\t\"", file.replace(',', "\t"), plain());
}

#[test]
fn files_without_rows() {
    for text in ["", "\n\n", HEAD, "\u{feff}"] {
        refuses(text, &["t refused: empty file"]);
    }
}

#[test]
fn rows_of_another_length() {
    refuses(with_row("x,true,7,1.5,2024-01-31"), &[":2", "6 fields"]);
    refuses(with_row(&format!("{PLAIN},9")), &[":2", "8 fields"]);
    refuses(
        format!("{}{}", with_row(PLAIN), "   \n"),
        &[":3", "1 field"],
    );
}

#[test]
fn numbers() {
    let float = |text: &str| with_row(&PLAIN.replacen("1.5", text, 1));
    let read = |value: Value| with(|v| v[2] = value);
    reads(float("-0.0"), read(json!(0.0)));
    reads(float("-0"), read(json!(0.0)));
    reads(float("NaN"), read(Value::Null));
    reads(float(" 1.5 "), plain());
    reads(float("1e-400"), read(json!(0.0)));
    reads(float("+1.5E0"), plain());
    reads(
        float("0.1000000000000000055511151231257827"),
        read(json!(0.1)),
    );
    for text in ["inf", "-Infinity", "1e999"] {
        refuses(float(text), &[":2", text, "infinite"]);
    }
    for text in ["0x10", "1_000", "1.5.0", "--1", "1e", "12 %", "€5", "١"] {
        refuses(float(text), &[":2", text, "is not an f64"]);
    }
    refuses(float("\"1,5\""), &["1,5", "decimal = \",\""]);
    let integer = |text: &str| with_row(&PLAIN.replacen('7', text, 1));
    let read = |value: i64| with(|v| v[3] = json!(value));
    reads(integer("7.0"), plain());
    reads(integer("9223372036854775807"), read(i64::MAX));
    reads(integer("-9223372036854775808"), read(i64::MIN));
    for text in ["9223372036854775808", "7.5", "1e30", "seven", "true"] {
        refuses(integer(text), &[":2", text]);
    }
}

#[test]
fn negative_zero_has_the_name_of_zero() {
    let name = |text: &str| {
        let world = world("", with_row(&PLAIN.replacen("1.5", text, 1)).as_bytes());
        world.run(&["ingest", "--as-of", JANUARY]).assert_code(0);
        let listed = world.run(&["snapshots", "--format", "json"]).json();
        listed["snapshots"][0]["tables"][0]["hash"].clone()
    };
    assert_eq!(name("-0.0"), name("0.0"));
    assert_ne!(name("0.0"), name("0.1"));
}

#[test]
fn dates_and_instants() {
    let date = |text: &str| with_row(&PLAIN.replacen("2024-01-31,", &format!("{text},"), 1));
    reads(date("2024-02-29"), with(|v| v[1] = json!("2024-02-29")));
    for text in [
        "2023-02-29",
        "31.01.2024",
        "01/31/2024",
        "2024-1-31",
        "0000-01-01",
        "2024131",
    ] {
        refuses(date(text), &[":2", text]);
    }
    let instant = |text: &str| with_row(&PLAIN.replacen("2024-01-31T10:00:00Z", text, 1));
    for text in [
        "2024-01-31 10:00",
        "2024-01-31T12:00:00+02:00",
        "2024-01-31T05:00-05",
    ] {
        reads(instant(text), plain());
    }
    for text in [
        "2016-12-31T23:59:60Z",
        "2024-01-31T24:00",
        "1706745600",
        "2024-01-31T10:00 CET",
    ] {
        refuses(instant(text), &[":2", text]);
    }
}

#[test]
fn truths() {
    let truth = |text: &str| with_row(&PLAIN.replacen("true", text, 1));
    reads(truth("1"), plain());
    reads(truth("False"), with(|v| v[0] = json!(false)));
    for text in ["yes", "2", "t"] {
        refuses(truth(text), &[":2", text, "is not a bool"]);
    }
    reads_as("true = [\"oui\"]\nfalse = [\"non\"]", truth("oui"), plain());
    refuses_as(
        "true = [\"oui\"]\nfalse = [\"non\"]",
        truth("true"),
        &[":2", "true"],
    );
}

#[test]
fn encodings() {
    let named = |text: &str| with_row(&PLAIN.replacen('x', text, 1));
    reads(named("日本 🎬"), with(|v| v[4] = json!("日本 🎬")));
    let latin: Vec<u8> = named("café").chars().map(|c| c as u8).collect();
    refuses(&latin, &["t refused", "encoding"]);
    reads_as(
        "encoding = \"latin1\"",
        &latin,
        with(|v| v[4] = json!("café")),
    );
    let utf16: Vec<u8> = format!("\u{feff}{}", named("x"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    refuses(&utf16, &["t refused", "encoding"]);
    reads_as("encoding = \"utf-16le\"", &utf16, plain());
    // A compressed file under the name of a plain one.
    refuses(
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xe4\x02\x00",
        &["t refused"],
    );
    // Characters that only look alike stay what they are, a NUL among them.
    reads(named("e\u{301}"), with(|v| v[4] = json!("e\u{301}")));
    reads(named("x\0y"), with(|v| v[4] = json!("x\0y")));
}

#[test]
fn huge_fields() {
    let long = "long ".repeat(1 << 20);
    reads(
        with_row(&PLAIN.replacen('x', &long, 1)),
        with(|v| v[4] = json!(long)),
    );
    // An error quotes no more of it than fits a screen.
    let world = world("", with_row(&PLAIN.replacen("1.5", &long, 1)).as_bytes());
    let screen = world
        .run(&["ingest", "--as-of", JANUARY])
        .assert_code(6)
        .screen();
    assert!(screen.len() < 2000, "{} bytes", screen.len());
}

#[test]
fn keys() {
    refuses(format!("{HEAD},{PLAIN}\n"), &["1 row without id", ":2"]);
    refuses(
        format!("{HEAD}a,{PLAIN}\nb,{PLAIN}\na,{PLAIN}\n"),
        &["1 value of id in more than one row", ":2", "again 4"],
    );
    // White space and composition make another key.
    let file = format!("{HEAD}a,{PLAIN}\na ,{PLAIN}\né,{PLAIN}\ne\u{301},{PLAIN}\n");
    reads(file, plain());
}

#[test]
fn nulls() {
    reads(with_row(",,,,,"), std::array::from_fn(|_| Value::Null));
    reads_as(
        "null = [\"\", \"NA\", \"-\"]",
        with_row("NA,-,NA,-,NA,-"),
        std::array::from_fn(|_| Value::Null),
    );
    refuses(with_row(&PLAIN.replacen('7', "NA", 1)), &["NA", "null = "]);
}
