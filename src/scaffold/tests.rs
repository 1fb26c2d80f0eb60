//! Exports as people have them, and what is made of them.

use super::*;
use crate::error::Kind;

const JANUARY: &str = "2024-01-31";
const FEBRUARY: &str = "2024-02-29";

fn export(table: &str, files: &[(&str, String)]) -> Export {
    Export {
        table: table.to_string(),
        pattern: format!("exports/{{as_of}}/{table}.csv"),
        files: files
            .iter()
            .map(|(date, text)| (date.parse().unwrap(), text.clone().into_bytes()))
            .collect(),
    }
}

/// A file of rows numbered from `first` to `last`.
fn rows(header: &str, numbers: std::ops::Range<usize>, row: impl Fn(usize) -> String) -> String {
    let lines: Vec<String> = numbers.map(row).collect();
    format!("{header}\n{}\n", lines.join("\n"))
}

/// Labels of customers 1 to 40: every third has left.
fn labels() -> Export {
    let file = |numbers| {
        rows("kunde,gekuendigt", numbers, |n| {
            format!("K{n},{}", answer(n))
        })
    };
    export("labels", &[(JANUARY, file(1..41)), (FEBRUARY, file(1..40))])
}

fn answer(n: usize) -> &'static str {
    if n.is_multiple_of(3) { "ja" } else { "nein" }
}

fn scaffold(exports: &[Export], key: &str, label: &str) -> Result<Scaffold> {
    infer(&Request {
        project: "test",
        exports,
        key,
        label,
    })
}

fn text<'a>(scaffold: &'a Scaffold, path: &str) -> &'a str {
    let paths: Vec<&str> = scaffold
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    let file = scaffold.files.iter().find(|file| file.path == path);
    file.map(|file| file.text.as_str())
        .unwrap_or_else(|| panic!("no {path} in {paths:?}"))
}

fn guesses(scaffold: &Scaffold) -> String {
    scaffold
        .guesses
        .iter()
        .map(|guess| format!("{guess}\n"))
        .collect()
}

/// `;`, decimal commas, `NA`, a column that begins in month two, a customer who departs.
fn contracts() -> Export {
    let tariff = |n: usize| ["Basis", "Plus", "Größe L"][n / 2 % 3];
    let fee = |n: usize| {
        if n == 7 {
            "NA".to_string()
        } else {
            format!("{},5", 10 + n)
        }
    };
    let january = rows("kunde;tarif;gebuehr;monate;seit;plz", 1..41, |n| {
        format!(
            "K{n};{};{};{n};0{}.03.2021;0{}",
            tariff(n),
            fee(n),
            n % 7 + 1,
            1000 + n
        )
    });
    let february = rows("kunde;tarif;gebuehr;monate;seit;plz;rabatt", 1..40, |n| {
        let rebate = if n.is_multiple_of(2) {
            "NA".to_string()
        } else {
            format!("0,{n}")
        };
        format!(
            "K{n};{};{};{};0{}.03.2021;0{};{rebate}",
            tariff(n),
            fee(n),
            n + 1,
            n % 7 + 1,
            1000 + n
        )
    });
    export("vertrag", &[(FEBRUARY, february), (JANUARY, january)])
}

#[test]
fn a_table_we_did_not_design() {
    let scaffold = scaffold(&[contracts(), labels()], "kunde", "labels.gekuendigt").unwrap();
    let files: Vec<String> = scaffold
        .files
        .iter()
        .map(|file| format!("==> {} <==\n{}", file.path, file.text))
        .collect();
    insta::assert_snapshot!("project", files.join("\n"));
    insta::assert_snapshot!("guesses", guesses(&scaffold));
}

/// A version looks like a number with a point; it does not make text of the numbers beside it.
#[test]
fn one_column_with_points_does_not_outweigh_decimal_commas() {
    let row = |n: usize| format!("K{n};{n},5;8.{}", n % 3);
    let usage = rows("kunde;stunden;version", 1..41, row);
    let exports = [export("nutzung", &[(JANUARY, usage)]), labels()];
    let scaffold = scaffold(&exports, "kunde", "labels.gekuendigt").unwrap();
    let table = text(&scaffold, "features/nutzung.toml");
    assert!(table.contains("decimal   = \",\""), "{table}");
    assert!(table.contains("stunden = \"f64\""), "{table}");
    assert!(table.contains("version = \"string\""), "{table}");
}

#[test]
fn the_order_of_files_and_rows_does_not_matter() {
    let reversed = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[1..].reverse();
        lines.join("\n")
    };
    let mut other = contracts();
    other.files.reverse();
    for (_, bytes) in &mut other.files {
        *bytes = reversed(std::str::from_utf8(bytes).unwrap()).into_bytes();
    }
    let a = scaffold(&[contracts(), labels()], "kunde", "labels.gekuendigt").unwrap();
    let b = scaffold(&[other, labels()], "kunde", "labels.gekuendigt").unwrap();
    assert_eq!(a.files, b.files);
    assert_eq!(a.guesses, b.guesses);
}

#[test]
fn an_event_table_becomes_a_draft() {
    let events = rows("kunde,zeit,dauer", 1..60, |n| {
        format!("K{},2024-01-{:02}T10:00:00,{n}", n % 9, n % 28 + 1)
    });
    let all = [
        contracts(),
        labels(),
        export("events", &[(JANUARY, events)]),
    ];
    let scaffold = scaffold(&all, "kunde", "labels.gekuendigt").unwrap();
    let draft = text(&scaffold, "features/events.toml.draft");
    assert!(draft.starts_with("# left out: exports/2024-01-31/events.csv has 59 rows for 9 keys."));
    assert!(!text(&scaffold, "experiments/gekuendigt.toml").contains("events"));
}

#[test]
fn a_column_that_ends_makes_a_draft() {
    let usage = |header: &str| rows(header, 1..41, |n| format!("K{n},{n}"));
    let files = [
        (JANUARY, usage("kunde,old")),
        (FEBRUARY, usage("kunde,new")),
    ];
    let all = [contracts(), labels(), export("usage", &files)];
    let scaffold = scaffold(&all, "kunde", "labels.gekuendigt").unwrap();
    assert!(text(&scaffold, "features/usage.toml.draft").contains("column `old` is in exports/"));
}

#[test]
fn columns_that_say_what_the_label_says_are_left_out() {
    let notes = rows("kunde,status,closed_on,calls", 1..41, |n| match answer(n) {
        "ja" => format!(
            "K{n},{},2024-01-{:02},{}",
            ["X", "Y"][n % 2],
            n % 28 + 1,
            n % 5
        ),
        _ => format!("K{n},A,,{}", n % 5),
    });
    let all = [labels(), export("notes", &[(FEBRUARY, notes)])];
    let scaffold = scaffold(&all, "kunde", "labels.gekuendigt").unwrap();
    let table = text(&scaffold, "features/notes.toml");
    assert!(
        table.contains("# - status: each of its values goes with one `gekuendigt`"),
        "{table}"
    );
    assert!(table.contains("columns = [\n  \"calls\",\n]"), "{table}");
}

#[test]
fn a_label_of_two_words_has_a_positive_one() {
    let states = |[a, b]: [&'static str; 2]| {
        let file = rows("id,state", 1..41, |n| {
            format!("{n},{}", if n.is_multiple_of(4) { a } else { b })
        });
        export("labels", &[(JANUARY, file)])
    };
    let usage = || {
        export(
            "usage",
            &[(JANUARY, rows("id,hours", 1..41, |n| format!("{n},{n}.25")))],
        )
    };
    for (words, positive) in [
        (["Stayed", "Left"], "positive = \"Left\"  "),
        (["blue", "green"], "positive = \"blue\"  "),
    ] {
        let scaffold = scaffold(&[states(words), usage()], "id", "labels.state").unwrap();
        let experiment = text(&scaffold, "experiments/state.toml");
        assert!(experiment.contains(positive), "{experiment}");
        assert!(text(&scaffold, "features/usage.toml").contains("id    = \"i64\""));
    }
}

#[test]
fn a_label_of_ones_and_zeros_is_an_i64() {
    let file = rows("id,churned,left_on", 1..41, |n| {
        format!("{n},{}.0,2024-01-01", n % 2)
    });
    let usage = rows("id,hours", 1..41, |n| format!("{n},{n}.25"));
    let all = [
        export("labels", &[(JANUARY, file)]),
        export("usage", &[(JANUARY, usage)]),
    ];
    let scaffold = scaffold(&all, "id", "labels.churned").unwrap();
    assert!(text(&scaffold, "features/labels.toml").contains("churned = \"i64\""));
    assert!(!text(&scaffold, "features/labels.toml").contains("[features]"));
}

#[test]
fn one_table_alone_gives_features_with_a_warning() {
    let file = rows("id,churned,hours", 1..41, |n| {
        format!("{n},{},{}", n % 2, n * 7 % 11)
    });
    let scaffold = scaffold(&[export("all", &[(JANUARY, file)])], "id", "all.churned").unwrap();
    assert!(text(&scaffold, "experiments/churned.toml").contains("\"all.*\""));
    assert!(text(&scaffold, "features/all.toml").contains("columns = [\n  \"hours\",\n]"));
    assert!(guesses(&scaffold).contains("the features stand in the label's own table"));
}

#[test]
fn a_table_without_a_file_of_the_labels_date_is_not_used() {
    let usage = rows("kunde,hours", 1..41, |n| format!("K{n},{n}"));
    let all = [contracts(), labels(), export("usage", &[(JANUARY, usage)])];
    let scaffold = scaffold(&all, "kunde", "labels.gekuendigt").unwrap();
    let experiment = text(&scaffold, "experiments/gekuendigt.toml");
    assert!(experiment.contains("# nothing of `usage` is used: it has no file of 2024-02-29"));
    assert!(!experiment.contains("\"usage.*\""));
}

#[test]
fn bytes_beyond_utf_8_are_latin_1() {
    let mut all = [contracts(), labels()];
    for (_, bytes) in &mut all[0].files {
        *bytes = String::from_utf8_lossy(bytes)
            .chars()
            .map(|c| u32::from(c) as u8)
            .collect();
    }
    let scaffold = scaffold(&all, "kunde", "labels.gekuendigt").unwrap();
    let table = text(&scaffold, "features/vertrag.toml");
    assert!(table.contains("encoding  = \"latin1\""), "{table}");
    assert!(table.contains("Größe L"), "{table}");
}

#[test]
fn words_for_null_may_be_categories_elsewhere() {
    let row = |n: usize| match n % 4 {
        0 => format!("{n},None,-"),
        _ => format!("{n},gold,{n}"),
    };
    let all = [
        export(
            "labels",
            &[(JANUARY, rows("id,y", 1..41, |n| format!("{n},{}", n % 2)))],
        ),
        export("plan", &[(JANUARY, rows("id,level,seats", 1..41, row))]),
    ];
    let scaffold = scaffold(&all, "id", "labels.y").unwrap();
    let table = text(&scaffold, "features/plan.toml");
    assert!(table.contains("null      = [\"\", \"-\"]"), "{table}");
    assert!(table.contains("in_set   = [\"None\", \"gold\"]"), "{table}");
    assert!(table.contains("seats = \"i64\""), "{table}");
}

#[test]
fn mistakes_are_named() {
    let refused = |exports: &[Export], key, label| scaffold(exports, key, label).unwrap_err();
    let all = [contracts(), labels()];

    let error = refused(&all, "kunden", "labels.gekuendigt");
    assert_eq!((error.kind(), error.all_details().len()), (Kind::Usage, 4));
    assert_eq!(error.all_help(), ["did you mean `--key kunde`?"]);

    let error = refused(&all, "kunde", "labels.gekündigt");
    assert_eq!(error.kind(), Kind::Usage);
    assert_eq!(error.all_help(), ["did you mean `gekuendigt`?"]);

    assert_eq!(refused(&all, "kunde", "labels").kind(), Kind::Usage);
    assert_eq!(
        refused(&all, "kunde", "other.gekuendigt").kind(),
        Kind::Usage
    );
}

#[test]
fn unreadable_files_are_named() {
    for (bytes, why) in [
        (&b""[..], "it is empty"),
        (b"kunde,a\nK1,1\nK2\n", "it is not a table"),
        (b"kunde,a\n", "it has no rows"),
        (b"kunde,__a\nK1,1\n", "\"__a\" cannot name a column"),
        (b"kunde,,a\nK1,1,2\n", "column 2 has no name"),
        (b"kunde,a,a\nK1,1,2\n", "it has two columns `a`"),
    ] {
        let mut broken = export("usage", &[(JANUARY, String::new())]);
        broken.files[0].1 = bytes.to_vec();
        let error = scaffold(&[labels(), broken], "kunde", "labels.gekuendigt").unwrap_err();
        assert_eq!(error.kind(), Kind::DataRefused);
        let expected = format!("exports/2024-01-31/usage.csv cannot be read: {why}");
        assert_eq!(error.message(), expected);
    }
}

#[test]
fn files_of_one_table_are_written_alike() {
    let file = |text: &[u8]| text.to_vec();
    for (january, february, why) in [
        (
            file(b"kunde,a\nK1,1\n"),
            file(b"kunde;a\nK1;1\n"),
            "its delimiter is ';', while",
        ),
        (
            file("kunde,a\nK1,ö\n".as_bytes()),
            file(b"kunde,a\nK1,\xf6\n"),
            "its encoding is",
        ),
    ] {
        let mut mixed = export(
            "usage",
            &[(JANUARY, String::new()), (FEBRUARY, String::new())],
        );
        mixed.files[0].1 = january;
        mixed.files[1].1 = february;
        let error = scaffold(&[labels(), mixed], "kunde", "labels.gekuendigt").unwrap_err();
        assert!(error.message().contains(why), "{error}");
    }
}

#[test]
fn utf_16_is_declared() {
    let mut all = [contracts(), labels()];
    for (_, bytes) in &mut all[0].files {
        let text = format!("\u{feff}{}", String::from_utf8_lossy(bytes));
        *bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    let scaffold = scaffold(&all, "kunde", "labels.gekuendigt").unwrap();
    let table = text(&scaffold, "features/vertrag.toml");
    assert!(table.contains("encoding  = \"utf-16le\""), "{table}");
    assert!(table.contains("Größe L"), "{table}");
}

#[test]
fn white_space_around_values_does_not_count() {
    let row = |n: usize| match n {
        1 => format!("{n}, NA ,   "),
        _ => format!("{n}, {n}.5, Yes"),
    };
    let no = "41,1.5,No\n";
    let all = [
        export(
            "labels",
            &[(JANUARY, rows("id,y", 1..41, |n| format!("{n},{}", n % 2)))],
        ),
        export("plan", &[(JANUARY, rows("id,fee,paper", 1..41, row) + no)]),
    ];
    let scaffold = scaffold(&all, "id", "labels.y").unwrap();
    let table = text(&scaffold, "features/plan.toml");
    assert!(table.contains("fee   = \"f64\""), "{table}");
    assert!(table.contains("paper = \"bool\""), "{table}");
    assert!(table.contains("true      = [\"Yes\"]"), "{table}");
}

#[test]
fn names_of_files_become_names_of_tables() {
    let labels = rows("id,y", 1..41, |n| format!("{n},{}", n % 2));
    let usage = rows("id,hours", 1..41, |n| format!("{n},{n}.25"));
    let all = [
        export("Kündigung v1.2", &[(JANUARY, labels)]),
        export("usage", &[(JANUARY, usage)]),
    ];
    let scaffold = scaffold(&all, "id", "Kündigung v1.2.y").unwrap();
    let table = text(&scaffold, "features/K_ndigung_v1_2.toml");
    assert!(
        table.contains("path      = \"exports/{as_of}/Kündigung v1.2.csv\""),
        "{table}"
    );
    assert!(text(&scaffold, "experiments/y.toml").contains("table    = \"K_ndigung_v1_2\""));
}

#[test]
fn what_is_neither_class_nor_number_is_no_label() {
    let notes = export(
        "notes",
        &[(
            JANUARY,
            rows("id,note,day", 1..81, |n| {
                format!("{n},note {n},2024-01-{:02}", 1 + n % 28)
            }),
        )],
    );
    for (label, count) in [("notes.note", 80), ("notes.day", 28)] {
        let error = scaffold(std::slice::from_ref(&notes), "id", label).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(
            error.message(),
            format!(
                "`{label}` has {count} different values, and they are neither classes nor numbers"
            )
        );
    }
}
