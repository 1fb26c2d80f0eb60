//! Data that is refused, each with its place, and nothing stamped.

use crate::common::{FEBRUARY, JANUARY, World, assert_sound};

const USAGE: &str = "data/2024-01-31/usage.csv";
const LABELS: &str = "data/2024-01-31/labels.csv";
const TABLE: &str = "features/usage.toml";

/// The screen of an ingest that must fail, and stamp nothing.
#[track_caller]
fn refused(world: &World, code: i32) -> String {
    let screen = world
        .run(&["ingest", "--as-of", JANUARY])
        .assert_code(code)
        .screen();
    let document = world
        .run(&["snapshots", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(
        document["snapshots"].as_array().unwrap().len(),
        0,
        "something was stamped"
    );
    // A run is stopped by the same, and writes no lock.
    world.run(&["run"]).assert_code(code);
    assert!(!world.has("lockfiles"));
    screen
}

/// The same after a change of the small project.
#[track_caller]
fn refused_after(code: i32, change: impl FnOnce(&World)) -> String {
    let world = World::small();
    change(&world);
    refused(&world, code)
}

#[test]
fn a_missing_file() {
    let screen = refused_after(5, |world| world.remove(USAGE));
    insta::assert_snapshot!(screen, @r"
    exit 5
    --- stderr
    error: usage has no file for 2024-01-31
      expected  data/2024-01-31/usage.csv
      on file   2024-02-29
    help: put the file there, or read it from elsewhere:
          `streamflow ingest --as-of 2024-01-31 --from DIR`
    ");
}

#[test]
fn a_date_with_no_file() {
    let world = World::small();
    let output = world
        .run(&["ingest", "--as-of", "2024-03-31"])
        .assert_code(5);
    insta::assert_snapshot!(output.screen(), @r"
    exit 5
    --- stderr
    error: usage has no file for 2024-03-31
      expected  data/2024-03-31/usage.csv
      on file   2024-01-31, 2024-02-29
    help: put the file there, or read it from elsewhere:
          `streamflow ingest --as-of 2024-03-31 --from DIR`
    ");
    world.edit(
        "experiments/small.toml",
        "as_of       = 2024-01-31",
        "as_of = 2024-03-31",
    );
    insta::assert_snapshot!(world.run(&["run"]).assert_code(5).screen(), @r"
    exit 5
    --- stderr
    error: labels has no file for 2024-03-31
      expected  data/2024-03-31/labels.csv
      on file   2024-01-31, 2024-02-29
    help: put the file there, or read it from elsewhere:
          `streamflow ingest --as-of 2024-03-31 --from DIR`
    ");
}

#[test]
fn what_is_no_date() {
    let world = World::small();
    for text in ["soon", "2024-02-30", "31.01.2024"] {
        let output = world.run(&["ingest", "--as-of", text]).assert_code(2);
        assert!(output.stderr.contains(text), "{}", output.stderr);
    }
    let output = world
        .run(&["ingest", "--as-of", "2024-02-30"])
        .assert_code(2);
    insta::assert_snapshot!(output.screen(), @r"
    exit 2
    --- stderr
    error: `2024-02-30` is not a date of the form YYYY-MM-DD
    ");
}

#[test]
fn a_missing_column() {
    let screen = refused_after(6, |world| {
        let text = world.read(USAGE);
        let rows: Vec<&str> = text
            .lines()
            .map(|line| line.rsplit_once(',').unwrap().0)
            .collect();
        world.write(USAGE, &(rows.join("\n") + "\n"));
    });
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: 1 difference from the declared columns
      data/2024-01-31/usage.csv against [columns] in features/usage.toml
      missing   `joined`
    help: a column that files have only from some date on is declared in
          features/usage.toml: `joined = { type = "date", since = THE-DATE }`
    "#);
}

#[test]
fn an_unexpected_column() {
    let screen = refused_after(6, |world| {
        let text = world.read(USAGE).replace('\n', ",x\n");
        world.write(USAGE, &text.replacen(",x", ",hour", 1));
    });
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: 1 difference from the declared columns
      data/2024-01-31/usage.csv against [columns] in features/usage.toml
      unknown   `hour`
    help: a column that is new with this file is declared in features/usage.toml:
          `hour = { type = "f64", since = 2024-01-31 }`
    "#);
}

#[test]
fn a_value_of_the_wrong_type() {
    let screen = refused_after(6, |world| {
        world.edit_cell(USAGE, "U007", "hours", "\"9,5\"");
        world.edit_cell(USAGE, "U008", "devices", "two");
        world.edit_cell(USAGE, "U009", "joined", "15.03.2023");
    });
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: 3 values cannot be read
      data/2024-01-31/usage.csv:8    hours     "9,5"          is not an f64
      data/2024-01-31/usage.csv:9    devices   "two"          is not an i64
      data/2024-01-31/usage.csv:10   joined    "15.03.2023"   is not a date
    help: if the file uses decimal commas, say `decimal = ","` under [source] in
          features/usage.toml
          declare `devices = "string"` under [columns] in features/usage.toml
          dates are written YYYY-MM-DD, instants YYYY-MM-DDTHH:MM:SS with Z or an
          offset
    "#);
}

#[test]
fn a_number_that_is_none() {
    let screen = refused_after(6, |world| world.edit_cell(USAGE, "U007", "hours", "inf"));
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: 1 value cannot be read
      data/2024-01-31/usage.csv:8   hours   "inf"   is infinite
    help: nothing can be computed with infinity: leave the value empty where it is
          unknown
    "#);
}

#[test]
fn ragged_rows() {
    let screen = refused_after(6, |world| {
        world.edit(USAGE, "U007,basic,", "U007,basic,0,");
        world.edit(USAGE, "U009,plus,", "U009,");
    });
    insta::assert_snapshot!(screen, @r"
    exit 6
    --- stderr
    error: usage refused: 2 rows have another number of fields than the header
      data/2024-01-31/usage.csv:8    6 fields, the header has 5
      data/2024-01-31/usage.csv:10   4 fields, the header has 5
    help: a value that holds the delimiter or a line break must stand in quotation
          marks
    ");
}

#[test]
fn bytes_that_are_no_text() {
    let screen = refused_after(6, |world| {
        let mut bytes = world.read(USAGE).into_bytes();
        let at = bytes.windows(4).position(|part| part == b"U007").unwrap();
        bytes[at + 6] = 0xe9;
        world.write_bytes(USAGE, &bytes);
    });
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: the file is not UTF-8
      data/2024-01-31/usage.csv:8:7   the byte 0xE9 is not UTF-8
    help: if the file is in another encoding, say `encoding = "latin1"` under
          [source] in features/usage.toml
    "#);
}

#[test]
fn a_repeated_key() {
    let screen = refused_after(6, |world| world.edit(USAGE, "U008,", "U007,"));
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: 1 value of user_id in more than one row
      data/2024-01-31/usage.csv:8   again 9   user_id   "U007"
    help: a file has one row for each user_id; mend it, or declare `timestamp` under
          [source] in features/usage.toml if the rows are events
    "#);
}

#[test]
fn a_key_that_is_null() {
    let screen = refused_after(6, |world| world.edit(USAGE, "U008,", ","));
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: 1 row without user_id
      data/2024-01-31/usage.csv:9   user_id   null
    help: every row needs its user_id; mend the file, or set such rows aside with a
          check in features/usage.toml: column = "user_id", not_null = true,
          severity = "quarantine"
    "#);
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(refused_after(6, |world| world.write(USAGE, "")), @r"
    exit 6
    --- stderr
    error: usage refused: empty file
      data/2024-01-31/usage.csv   holds no rows
    help: export the table again; if it truly has no rows, take the file away
    ");
    let header = "user_id,plan,hours,devices,joined\n";
    insta::assert_snapshot!(refused_after(6, |world| world.write(USAGE, header)), @r"
    exit 6
    --- stderr
    error: usage refused: empty file
      data/2024-01-31/usage.csv   holds no rows
    help: export the table again; if it truly has no rows, take the file away
    ");
}

#[test]
fn a_failed_check() {
    let screen = refused_after(6, |world| {
        world.edit_cell(USAGE, "U007", "hours", "745");
        world.edit_cell(USAGE, "U008", "hours", "-1");
    });
    insta::assert_snapshot!(screen, @r#"
    exit 6
    --- stderr
    error: usage refused: 1 check failed
      data/2024-01-31/usage.csv:8   hours   745   must be between 0 and 744
      data/2024-01-31/usage.csv:9   hours   -1    must be between 0 and 744
      hours   between 0 and 744   broken by 2 of 60 rows
    help: mend the file; or accept it by `mostly = 0.966` or
          `severity = "quarantine"` in the check on hours in features/usage.toml
    "#);
}

#[test]
fn a_file_that_is_no_parquet() {
    let screen = refused_after(6, |world| {
        world.edit(TABLE, "usage.csv", "usage.parquet");
        let text = world.read(USAGE);
        world.write("data/2024-01-31/usage.parquet", &text);
    });
    insta::assert_snapshot!(screen, @r"
    exit 6
    --- stderr
    error: usage refused: the file is not a readable Parquet file
      data/2024-01-31/usage.parquet   parquet: File out of specification: The file must end with PAR1
    help: export the table again, or copy the file again
    ");
}

#[test]
fn a_folder_in_the_place_of_a_file() {
    let screen = refused_after(5, |world| {
        world.remove(USAGE);
        world.write(&format!("{USAGE}/file"), "");
    });
    assert!(
        screen.contains("usage has no file for 2024-01-31"),
        "{screen}"
    );
}

/// Labels of one class cannot be learned from: said before anything is locked.
#[test]
fn one_label_class() {
    let world = World::small();
    world.write(LABELS, &world.read(LABELS).replace("true", "false"));
    insta::assert_snapshot!(world.run(&["run"]).assert_code(6).screen(), @r"
    exit 6
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
    error: the training set has one label class: all 60 rows are negative
    help: see that the label column holds both classes on that date, and that
          `positive` under [label] names one of its values
    ");
    assert!(!world.has("lockfiles"));
    let empty = world.read(LABELS).replace("false", "");
    world.write(LABELS, &empty);
    insta::assert_snapshot!(world.run(&["run"]).assert_code(6).screen(), @r"
    exit 6
    --- stderr
        Ingested 2024-01-31 (revision 2)   2 tables   120 rows   1 check passed
    error: labels has no label at 2024-01-31
      60 rows of the date's own file, in all of them left is null
    help: train on an earlier `as_of`; or with `lead = 1` under [label], where the
          file of the next date brings the labels
    ");
}

#[test]
fn a_label_that_is_neither_of_two() {
    let world = World::small();
    world.edit(
        "features/labels.toml",
        "left    = \"bool\"",
        "left    = \"i64\"",
    );
    let text = world
        .read(LABELS)
        .replace("true", "2")
        .replace("false", "0");
    world.write(LABELS, &text);
    insta::assert_snapshot!(world.run(&["run"]).assert_code(6).screen(), @r#"
    exit 6
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
    error: labels.left is 2, which is no label
      2024-01-31, user_id "U001"
    help: a label is a bool, an i64 of 0 and 1, or a string with `positive` under
          [label]
    "#);
}

/// Null labels are dropped and counted.
#[test]
fn rows_without_a_label_are_counted() {
    let world = World::small();
    for key in ["U002", "U003", "U004"] {
        world.edit_cell(LABELS, key, "left", "");
    }
    let rows = &world.run_one("small")["rows"];
    assert_eq!(
        (&rows["total"], &rows["unlabelled"]),
        (&57.into(), &3.into())
    );
}

/// CRLF, a byte order mark, quotes over lines and quoted delimiters are all good CSV.
#[test]
fn odd_but_good_csv_is_read() {
    let world = World::small();
    let odd = world.read(USAGE).replace('\n', "\r\n");
    let odd = odd.replacen("U007,basic", "U007,\"bas\"\"ic,\r\nline two\"", 1);
    world.write(USAGE, &format!("\u{feff}{odd}"));
    let output = world.run(&["ingest", "--as-of", JANUARY, "--format", "json"]);
    let document = output.assert_code(0).json();
    let rows: Vec<_> = document["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| &table["rows"])
        .collect();
    assert_eq!(rows, [60, 60]);
}

/// One refused table stamps nothing, and what was stamped before stays.
#[test]
fn earlier_snapshots_are_untouched_by_a_refusal() {
    let world = World::small();
    world.run(&["ingest", "--as-of", JANUARY]).assert_code(0);
    let before = world.run(&["snapshots"]).assert_code(0).stdout;
    world.edit_cell("data/2024-02-29/usage.csv", "U007", "hours", "much");
    world.run(&["ingest", "--as-of", FEBRUARY]).assert_code(6);
    assert_eq!(world.run(&["snapshots"]).assert_code(0).stdout, before);
    assert_sound(&world);
}

#[test]
fn the_screens_of_ingest_and_snapshots() {
    let world = World::small();
    world.edit(
        TABLE,
        "between = [0.0, 744.0]",
        "between = [0.0, 30.0]\nseverity = \"quarantine\"",
    );
    let first = world.run(&["ingest", "--as-of", FEBRUARY]).assert_code(0);
    insta::assert_snapshot!(first.screen(), @r"
    exit 0
    --- stdout
      labels  61 rows live  60 in the file  no checks
      usage   53 rows live  60 in the file  1 of 1 checks failed
      quarantined  usage.hours between 0 and 30: 15 of 60 rows, such as 33.5 (line
                   4), 35.5 (line 10), 30.5 (line 15)
    Stamped 2024-02-29, revision 1: 2 tables, 114 rows, in <time> s.   <short>
    ");
    let again = world.run(&["ingest", "--as-of", FEBRUARY]).assert_code(0);
    insta::assert_snapshot!(again.screen(), @r"
    exit 0
    --- stdout
      labels  61 rows live  60 in the file  no checks             unchanged
      usage   53 rows live  60 in the file  1 of 1 checks failed  unchanged
      quarantined  usage.hours between 0 and 30: 15 of 60 rows, such as 33.5 (line
                   4), 35.5 (line 10), 30.5 (line 15)
    2024-02-29 is as it was, revision 1: 2 tables, 114 rows, in <time> s.   <short>
    ");
    insta::assert_snapshot!(world.run(&["snapshots"]).assert_code(0).screen(), @r"
    exit 0
    --- stdout
         as of  revision  tables  rows         checks  quarantined          hash
    2024-02-29         1       2   114  1 of 1 failed           15  <short>
    ");
    insta::assert_snapshot!(World::small().run(&["snapshots"]).assert_code(0).screen(), @r"
    exit 0
    --- stdout
    No snapshot is stamped yet.
    next: `streamflow ingest --as-of DATE`, or `streamflow run`
    ");
}

#[test]
fn the_document_of_snapshots_has_what_the_contract_says() {
    let world = World::small();
    world.run(&["ingest", "--as-of", JANUARY]).assert_code(0);
    let document = world
        .run(&["snapshots", "--format", "json"])
        .assert_code(0)
        .json();
    let snapshot = &document["snapshots"][0];
    assert_eq!(
        (&snapshot["as_of"], &snapshot["revision"]),
        (&JANUARY.into(), &1.into())
    );
    assert_eq!(snapshot["hash"].as_str().unwrap().len(), 64);
    let table = &snapshot["tables"][1];
    assert_eq!(
        (&table["table"], &table["rows"]),
        (&"usage".into(), &60.into())
    );
    assert_eq!(table["hash"].as_str().unwrap().len(), 64);
    let checks = &table["checks"];
    assert_eq!(
        (&checks["passed"], &checks["failed"], &checks["quarantined"]),
        (&1.into(), &0.into(), &0.into())
    );
}

/// A file read from elsewhere is kept: the store can answer without it.
#[test]
fn an_ingest_from_elsewhere_keeps_what_it_read() {
    let world = World::small();
    let usual = world.run_one("small");
    let other = World::small();
    let folder = other.outside().join("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    for name in ["usage.csv", "labels.csv"] {
        let from = other.project().join("data").join(JANUARY).join(name);
        std::fs::rename(from, folder.join(name)).unwrap();
    }
    let from = folder.to_str().unwrap();
    other
        .run(&["ingest", "--as-of", JANUARY, "--from", from])
        .assert_code(0);
    std::fs::remove_dir_all(&folder).unwrap();
    let run = other.run_one("small");
    assert_eq!(
        (&run["run"], &run["outputs"]),
        (&usual["run"], &usual["outputs"])
    );
}

/// A changed file makes a new revision of its date, and of the later dates that build on it.
#[test]
fn a_changed_file_makes_a_new_revision() {
    let world = World::small();
    let ingest = |date: &str| {
        let output = world.run(&["ingest", "--as-of", date, "--format", "json"]);
        let document = output.assert_code(0).json();
        (
            document["revision"].as_u64().unwrap(),
            document["hash"].clone(),
        )
    };
    let (january, february) = (ingest(JANUARY), ingest(FEBRUARY));
    assert_eq!((january.0, february.0), (1, 1));
    // U001 is in the January file only: its row is carried over to February.
    let old = world.read(USAGE);
    world.edit_cell(USAGE, "U001", "hours", "9.25");
    let later = ingest(FEBRUARY);
    assert_eq!(later.0, 2);
    assert_ne!(later.1, february.1);
    assert_eq!(ingest(JANUARY).0, 2);
    // The file as it was: the snapshot as it was, as one more revision.
    world.write(USAGE, &old);
    assert_eq!(ingest(FEBRUARY), (3, february.1));
}
