//! Checks: what they find, what they set aside, what they refer to, what is proposed.

use std::fs;

use crate::common::{FEBRUARY, JANUARY, Output, World, assert_sound, corrupt_objects};

const USAGE: &str = "data/2024-01-31/usage.csv";
const TABLE: &str = "features/usage.toml";

/// The small project with other checks of usage.
fn with_checks(blocks: &str) -> World {
    let world = World::small();
    set_checks(&world, blocks);
    world
}

fn set_checks(world: &World, blocks: &str) {
    let text = world.read(TABLE);
    let start = text.find("[[checks]]").unwrap();
    let end = text.find("[features]").unwrap();
    world.write(
        TABLE,
        &format!("{}{blocks}\n{}", &text[..start], &text[end..]),
    );
}

fn ingest(world: &World, date: &str, code: i32) -> Output {
    world.run(&["ingest", "--as-of", date]).assert_code(code)
}

const BLOCKS: &str = r#"
[[checks]]
column   = "hours"
between  = [0.0, 30.0]
severity = "quarantine"

[[checks]]
column = "devices"
between = [1, 3]
where  = "plan = 'plus'"
warn   = { count = 3 }
fail   = { share = 0.9 }

[[checks]]
column   = "plan"
in_set   = ["basic", "plus"]
mostly   = 0.9

[[checks]]
column   = "hours"
mean     = [0, 10]
severity = "warn"

[[checks]]
row_count = { min = 10 }
"#;

#[test]
fn the_screen_of_checks() {
    let world = with_checks(BLOCKS);
    world.edit_cell(USAGE, "U007", "plan", "");
    world.edit_cell(USAGE, "U008", "plan", "none");
    let screen = ingest(&world, JANUARY, 0).screen();
    insta::assert_snapshot!(screen, @r##"
    exit 0
    --- stdout
      labels  60 rows live  60 in the file  no checks
      usage   45 rows live  60 in the file  3 of 5 checks failed
      quarantined  usage.hours between 0 and 30: 15 of 60 rows, such as 35.5 (line
                   6), 30.5 (line 11), 37.5 (line 12)
      warning  usage.devices between 1 and 3 where plan = 'plus': 5 of 20 rows, such
               as 0 (line 13), 0 (line 25), 0 (line 37)
      passed  usage.plan in ["basic", "plus"]: 1 of 59 rows, such as "none" (line 9)
      warning  usage.hours mean between 0 and 10: found 20
    Stamped 2024-01-31, revision 1: 2 tables, 105 rows, in <time> s.   <short>
    "##);
    let screen = world.run(&["checks"]).assert_code(0).screen();
    insta::assert_snapshot!(screen, @r##"
    exit 0
    --- stdout
    2024-01-31, revision 1: 2 of 5 checks passed

    labels   data/2024-01-31/labels.csv   60 rows
      no checks

    usage   data/2024-01-31/usage.csv   60 rows   15 quarantined
      hours     between 0 and 30                     15 of 60  quarantined
      devices   between 1 and 3 where plan = 'plus'   5 of 20  warning
      plan      in ["basic", "plus"]                  1 of 59  passed
      hours     mean between 0 and 10                      20  warning
      the file  rows at least 10                           60  passed
        hours: 35.5 (line 6), 30.5 (line 11), 37.5 (line 12), and 12 more
        devices: 0 (line 13), 0 (line 25), 0 (line 37), and 2 more
        plan: "none" (line 9)

    next: `streamflow checks --as-of 2024-01-31 --table usage --quarantined -o FILE`
    "##);
    let screen = world.run(&["checks", "--table", "labels"]).assert_code(0);
    insta::assert_snapshot!(screen.screen(), @r##"
    exit 0
    --- stdout
    2024-01-31, revision 1: no checks

    labels   data/2024-01-31/labels.csv   60 rows
      no checks
    "##);
    for line in world.run(&["checks"]).stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_document_of_checks() {
    let world = with_checks(BLOCKS);
    world.edit_cell(USAGE, "U007", "hours", "");
    let ingested = world
        .run(&["ingest", "--as-of", JANUARY, "--format", "json"])
        .assert_code(0)
        .json();
    let document = world
        .run(&[
            "checks", "--as-of", JANUARY, "--table", "usage", "--format", "json",
        ])
        .assert_code(0)
        .json();
    assert_eq!(document["statistics"], ingested["statistics"]);
    let usage = &document["tables"][0];
    assert_eq!(usage["results"], ingested["checks"]);
    assert_eq!(usage["status"], "stamped");
    assert_eq!(usage["file"], USAGE);
    assert_eq!(
        usage["statistics"],
        serde_json::json!({
            "evaluated_expectations": 5, "successful_expectations": 2,
            "unsuccessful_expectations": 3, "success_percent": 40.0,
        })
    );
    let between = &usage["results"][0];
    let expected = serde_json::json!({
        "type": "expect_column_values_to_be_between",
        "kwargs": { "column": "hours", "min_value": 0.0, "max_value": 30.0, "severity": "quarantine" },
    });
    assert_eq!(between["expectation_config"], expected);
    let result = &between["result"];
    assert_eq!(
        (&result["element_count"], &result["missing_count"]),
        (&60.into(), &1.into())
    );
    assert_eq!(result["unexpected_count"], between["failed"]);
    let failed = between["failed"].as_f64().unwrap();
    assert_eq!(result["unexpected_percent"], failed * 100.0 / 59.0);
    assert_eq!(result["unexpected_percent_total"], failed * 100.0 / 60.0);
    assert_eq!(result["partial_unexpected_list"][0], 35.5);
    let conditional = &usage["results"][1];
    let kwargs = &conditional["expectation_config"]["kwargs"];
    assert_eq!(kwargs["row_condition"], "plan = 'plus'");
    assert_eq!(kwargs["fail"], serde_json::json!({ "share": 0.9 }));
    assert_eq!(
        (&conditional["severity"], &conditional["success"]),
        (&"warn".into(), &false.into())
    );
    let mean = &usage["results"][3];
    assert!(mean["result"]["observed_value"].as_f64().unwrap() > 10.0);
    assert!(mean["result"]["unexpected_count"].is_null());
    assert_eq!(usage["results"][4]["column"], serde_json::Value::Null);
}

#[test]
fn quarantined_rows_come_out_as_a_file() {
    let world = with_checks(BLOCKS);
    world.edit_cell(USAGE, "U008", "joined", "");
    ingest(&world, JANUARY, 0);
    let out = |file: &str, code: i32| {
        let arguments = [
            "checks",
            "--as-of",
            JANUARY,
            "--table",
            "usage",
            "--quarantined",
        ];
        world
            .run(&[&arguments[..], &["-o", file]].concat())
            .assert_code(code)
    };
    insta::assert_snapshot!(out("rows.csv", 0).screen(), @r##"
    exit 0
    --- stdout
    15 quarantined rows of usage at 2024-01-31 written to rows.csv   868 bytes
    "##);
    let rows = world.read("rows.csv");
    let first: Vec<&str> = rows.lines().take(3).collect();
    insta::assert_snapshot!(first.join("\n"), @r##"
    __line,__rules,user_id,devices,hours,joined,plan
    6,hours between 0 and 30,U005,1,35.5,2023-06-15,basic
    11,hours between 0 and 30,U010,2,30.5,2023-02-15,basic
    "##);
    let count = rows.lines().count() - 1;
    out("rows.json", 0);
    let records: serde_json::Value = serde_json::from_str(&world.read("rows.json")).unwrap();
    assert_eq!(records.as_array().unwrap().len(), count);
    out("rows.parquet", 0);
    assert_eq!(
        &fs::read(world.project().join("rows.parquet")).unwrap()[..4],
        b"PAR1"
    );
    insta::assert_snapshot!(out("rows.txt", 2).screen(), @r##"
    exit 2
    --- stderr
    error: quarantined rows are written as .parquet, .csv or .json
      file  rows.txt
    help: the file's name decides the format, as in `-o quarantined.csv`
    "##);
    let json = world
        .run(&[
            "checks",
            "--table",
            "usage",
            "--quarantined",
            "-o",
            "again.csv",
            "--format",
            "json",
        ])
        .assert_code(0)
        .json();
    assert_eq!(json["rows"], count);
    assert_eq!(world.read("again.csv"), rows);
    // In = clean + quarantined.
    let document = world
        .run(&["checks", "--format", "json"])
        .assert_code(0)
        .json();
    let usage = &document["tables"][1];
    assert_eq!(usage["quarantined"], count);
    let stamped = world
        .run(&["snapshots", "--format", "json"])
        .assert_code(0)
        .json();
    let kept = stamped["snapshots"][0]["tables"][1]["rows"]
        .as_u64()
        .unwrap();
    assert_eq!(kept + count as u64, usage["rows"].as_u64().unwrap());
}

#[test]
fn wrong_words_after_checks() {
    let world = with_checks(BLOCKS);
    let said = |arguments: &[&str], code: i32| {
        let all = [&["checks"], arguments].concat();
        world.run(&all).assert_code(code).screen()
    };
    insta::assert_snapshot!(said(&[], 5), @r##"
    exit 5
    --- stderr
    error: nothing is ingested yet
    help: `streamflow ingest --as-of DATE` reads and checks the files of a date
    "##);
    insta::assert_snapshot!(said(&["--as-of", "2023-01-31"], 5), @r##"
    exit 5
    --- stderr
    error: nothing is ingested at 2023-01-31
    help: `streamflow ingest --as-of 2023-01-31` reads and checks the files of that
          date
          `streamflow snapshots` lists the dates there are
    "##);
    insta::assert_snapshot!(said(&["--as-of", "January"], 2), @r##"
    exit 2
    --- stderr
    error: `January` is not a date of the form YYYY-MM-DD
    "##);
    insta::assert_snapshot!(said(&["--table", "usgae"], 2), @r##"
    exit 2
    --- stderr
    error: there is no table `usgae`
    help: did you mean `usage`?
    "##);
    insta::assert_snapshot!(said(&["--suggest", "zebra"], 2), @r##"
    exit 2
    --- stderr
    error: there is no table `zebra`
    help: there are labels, usage
    "##);
    ingest(&world, JANUARY, 0);
    insta::assert_snapshot!(
        said(&["--table", "labels", "--quarantined", "-o", "rows.csv"], 5), @r##"
    exit 5
    --- stderr
    error: no row of labels was quarantined at 2024-01-31
    help: a check with `severity = "quarantine"` sets rows aside
    "##);
    said(&["--quarantined", "-o", "rows.csv"], 2);
    said(&["--table", "usage", "--quarantined"], 2);
    said(&["--table", "usage", "-o", "rows.csv"], 2);
    said(&["--table", "usage", "--suggest", "usage"], 2);
    assert!(!world.has("rows.csv"));
}

#[test]
fn a_refused_file_is_shown_until_one_is_stamped() {
    let world = World::small();
    ingest(&world, JANUARY, 0);
    world.edit_cell(USAGE, "U007", "hours", "745");
    ingest(&world, JANUARY, 6);
    ingest(&world, JANUARY, 6);
    let screen = world.run(&["checks"]).assert_code(0).screen();
    insta::assert_snapshot!(screen, @r##"
    exit 0
    --- stdout
    2024-01-31, revision 1: 0 of 1 check passed

    labels   data/2024-01-31/labels.csv   60 rows
      no checks

    usage   data/2024-01-31/usage.csv   60 rows   refused, nothing was stamped
      hours  between 0 and 744  1 of 60  failed
        hours: 745 (line 8)

    next: mend the file, then `streamflow ingest --as-of 2024-01-31`
    "##);
    let document = world
        .run(&["checks", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(document["tables"][1]["status"], "refused");
    assert_eq!(document["tables"][0]["status"], "stamped");
    assert_eq!(document["success"], false);
    let stamped = world
        .run(&["snapshots", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(
        stamped["snapshots"][0]["revision"], 1,
        "a refusal stamps nothing"
    );
    world.edit_cell(USAGE, "U007", "hours", "7");
    ingest(&world, JANUARY, 0);
    let document = world
        .run(&["checks", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(
        (&document["success"], &document["revision"]),
        (&true.into(), &2.into())
    );
    assert_sound(&world);
}

#[test]
fn what_refuses_a_file() {
    let told = |blocks: &str| {
        let world = with_checks(blocks);
        world.edit_cell(USAGE, "U008", "plan", "");
        ingest(&world, JANUARY, 6).screen()
    };
    insta::assert_snapshot!(told("[[checks]]\ncolumn = \"hours\"\nmean = [0, 10]\n"), @r##"
    exit 6
    --- stderr
    error: usage refused: 1 check failed
      hours   mean between 0 and 10   found 20
    help: mend the file; or accept it by other bounds or `severity = "warn"` in the
          check on hours in features/usage.toml
    "##);
    insta::assert_snapshot!(
        told("[[checks]]\ncolumn = \"devices\"\nbetween = [1, 9]\nfail = { count = 15 }\n"), @r##"
    exit 6
    --- stderr
    error: usage refused: 1 check failed
      data/2024-01-31/usage.csv:5    devices   0   must be between 1 and 9
      data/2024-01-31/usage.csv:9    devices   0   must be between 1 and 9
      data/2024-01-31/usage.csv:13   devices   0   must be between 1 and 9
      data/2024-01-31/usage.csv:17   devices   0   must be between 1 and 9
      data/2024-01-31/usage.csv:21   devices   0   must be between 1 and 9
      devices   between 1 and 9   broken by 15 of 60 rows
    help: mend the file; or accept it by a higher `fail` in the check on devices in
          features/usage.toml
    "##);
    insta::assert_snapshot!(told("[[checks]]\ncolumn = \"hours\"\nincreasing = true\n"), @r##"
    exit 6
    --- stderr
    error: usage refused: 1 check failed
      data/2024-01-31/usage.csv:7    hours   2.5   must be increasing
      data/2024-01-31/usage.csv:13   hours   4.5   must be increasing
      data/2024-01-31/usage.csv:19   hours   6.5   must be increasing
      data/2024-01-31/usage.csv:24   hours   1.5   must be increasing
      data/2024-01-31/usage.csv:30   hours   3.5   must be increasing
      hours   increasing   broken by 10 of 60 rows
    help: mend the file; or accept it by `severity = "warn"` in the check on hours
          in features/usage.toml
    "##);
    insta::assert_snapshot!(
        told("[[checks]]\nsql = \"hours > devices OR plan = 'plus'\"\n"), @r##"
    exit 6
    --- stderr
    error: usage refused: 1 check failed
      data/2024-01-31/usage.csv:24   rows   devices 3, hours 1.5, plan "basic"   must be such that hours > devices OR plan = 'plus'
      rows   such that hours > devices OR plan = 'plus'   broken by 1 of 60 rows
    help: mend the file; or accept it by `mostly = 0.983` or
          `severity = "quarantine"` in the check on rows in features/usage.toml
    "##);
    insta::assert_snapshot!(
        told("[[checks]]\ncolumns = [\"plan\", \"joined\"]\nunique = true\nwhere = \"devices = 0\"\n"), @r##"
    exit 6
    --- stderr
    error: usage refused: 1 check failed
      data/2024-01-31/usage.csv:5    plan, joined   plan "basic", joined 2023-05-15   must be unique where devices = 0
      data/2024-01-31/usage.csv:13   plan, joined   plan "plus", joined 2023-04-15    must be unique where devices = 0
      data/2024-01-31/usage.csv:17   plan, joined   plan "basic", joined 2023-08-15   must be unique where devices = 0
      data/2024-01-31/usage.csv:21   plan, joined   plan "basic", joined 2023-03-15   must be unique where devices = 0
      data/2024-01-31/usage.csv:25   plan, joined   plan "plus", joined 2023-07-15    must be unique where devices = 0
      plan, joined   unique where devices = 0   broken by 10 of 14 rows
    help: mend the file; or accept it by `severity = "quarantine"` in the check on
          plan, joined in features/usage.toml
    "##);
    insta::assert_snapshot!(told("[[checks]]\nrow_count = [100, 200]\n"), @r##"
    exit 6
    --- stderr
    error: usage refused: 1 check failed
      the file   rows between 100 and 200   found 60
    help: mend the file; or accept it by other bounds or `severity = "warn"` in the
          check on the file in features/usage.toml
    "##);
}

/// Labels refer to usage.
fn referring(block: &str) -> World {
    let world = World::small();
    let text = world.read("features/labels.toml");
    world.write(
        "features/labels.toml",
        &format!("{text}\n[[checks]]\n{block}\n"),
    );
    world
}

const EXISTS: &str =
    "column = \"user_id\"\nexists_in = \"usage.user_id\"\nseverity = \"quarantine\"";

fn table(world: &World, name: &str) -> serde_json::Value {
    let document = world
        .run(&["snapshots", "--format", "json"])
        .assert_code(0)
        .json();
    let snapshot = document["snapshots"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    let mut tables = snapshot["tables"].as_array().unwrap().iter();
    tables.find(|table| table["table"] == name).unwrap().clone()
}

#[test]
fn another_table_decides_what_is_set_aside() {
    let world = referring(EXISTS);
    ingest(&world, JANUARY, 0);
    let first = table(&world, "labels");
    assert_eq!(first["checks"]["quarantined"], 0);
    // A row goes from the other table: the labels have to be looked at again.
    let usage = world.read(USAGE);
    let without: String = usage
        .lines()
        .filter(|line| !line.starts_with("U007"))
        .map(|line| format!("{line}\n"))
        .collect();
    world.write(USAGE, &without);
    ingest(&world, JANUARY, 0);
    let second = table(&world, "labels");
    assert_eq!(second["checks"]["quarantined"], 1);
    assert_ne!(second["hash"], first["hash"]);
    // Nothing changed: nothing is read.
    let again = world
        .run(&["ingest", "--as-of", JANUARY, "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(
        (&again["stamped"], &again["read"]),
        (&false.into(), &serde_json::json!([]))
    );
    // The other table's own checks come first: what they set aside is not there.
    set_checks(
        &world,
        "[[checks]]\ncolumn = \"hours\"\nbetween = [0, 30]\nseverity = \"quarantine\"\n",
    );
    ingest(&world, JANUARY, 0);
    let third = table(&world, "labels");
    let aside = table(&world, "usage")["checks"]["quarantined"]
        .as_u64()
        .unwrap();
    assert_eq!(third["checks"]["quarantined"].as_u64().unwrap(), aside + 1);
    // The file as it was gives the table as it was.
    world.write(USAGE, &usage);
    set_checks(&world, "");
    ingest(&world, JANUARY, 0);
    assert_eq!(table(&world, "labels")["hash"], first["hash"]);
    assert_sound(&world);
}

/// Each file is held against the other table as of its own date, whatever was ingested before.
#[test]
fn files_of_the_past_are_held_against_the_past() {
    let whole = referring(EXISTS);
    ingest(&whole, FEBRUARY, 0);
    let stepwise = referring(EXISTS);
    ingest(&stepwise, JANUARY, 0);
    ingest(&stepwise, FEBRUARY, 0);
    assert_eq!(table(&whole, "labels"), table(&stepwise, "labels"));
    // U001 left in February: January's label stays, because usage had the customer in January.
    assert_eq!(table(&whole, "labels")["rows"], 61);
    // What January's usage loses, January's labels lose, also in February's snapshot.
    let usage = whole.read(USAGE);
    let without: String = usage
        .lines()
        .filter(|line| !line.starts_with("U001"))
        .map(|line| format!("{line}\n"))
        .collect();
    for world in [&whole, &stepwise] {
        world.write(USAGE, &without);
        ingest(world, FEBRUARY, 0);
        assert_eq!(table(world, "labels")["rows"], 60);
    }
    assert_eq!(table(&whole, "labels"), table(&stepwise, "labels"));
    // January was never stamped here: what was made of it for the labels is no one's, and is made
    // again when the labels are looked at once more.
    whole.run(&["gc", "--yes", "--grace", "0d"]).assert_code(0);
    let again = whole
        .run(&["ingest", "--as-of", FEBRUARY, "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(
        (&again["stamped"], &again["read"]),
        (&false.into(), &serde_json::json!([]))
    );
    whole.edit("data/2024-02-29/labels.csv", "U005,", "X005,");
    ingest(&whole, FEBRUARY, 0);
    assert_eq!(table(&whole, "labels")["checks"]["quarantined"], 1);
    assert_sound(&whole);
}

#[test]
fn runs_of_tables_that_refer_to_others_are_proved_in_a_clone() {
    let world = referring(EXISTS);
    world.run(&["run"]).assert_code(0);
    world.commit("locked");
    let clone = world.cloned();
    clone.run(&["run", "--locked"]).assert_code(0);
    clone
        .run(&["verify", "small", "--times", "1", "--vary", "row-order"])
        .assert_code(0);
}

#[test]
fn another_table_without_a_file() {
    let world = referring("row_count_equals = \"usage\"");
    ingest(&world, JANUARY, 0);
    world.remove("data/2024-02-29/usage.csv");
    // January's file is the newest there is.
    let told = ingest(&world, FEBRUARY, 5).screen();
    insta::assert_snapshot!(told, @r##"
    exit 5
    --- stderr
    error: usage has no file for 2024-02-29
      expected  data/2024-02-29/usage.csv
      on file   2024-01-31
    help: put the file there, or read it from elsewhere:
          `streamflow ingest --as-of 2024-02-29 --from DIR`
    "##);
    // An older file that came before all of the other table is not held against anything.
    let world = referring(EXISTS);
    world.remove(USAGE);
    ingest(&world, FEBRUARY, 0);
    assert_eq!(table(&world, "labels")["rows"], 61);
    ingest(&world, JANUARY, 5);
    let world = referring("row_count_equals = \"usage\"");
    let labels = world.read("data/2024-01-31/labels.csv");
    world.write(
        "data/2024-01-31/labels.csv",
        &format!("{labels}U999,true\n"),
    );
    insta::assert_snapshot!(ingest(&world, JANUARY, 6).screen(), @r##"
    exit 6
    --- stderr
    error: labels refused: 1 check failed
      the file   as many rows as usage   found 61, 60
    help: mend the file; or accept it by `severity = "warn"` in the check on the
          file in features/labels.toml
    "##);
}

#[test]
fn quarantined_rows_are_kept_and_made_again() {
    let world = with_checks(BLOCKS);
    ingest(&world, JANUARY, 0);
    let write = |file: &str| {
        let arguments = ["checks", "--table", "usage", "--quarantined", "-o", file];
        world.run(&arguments)
    };
    write("before.csv").assert_code(0);
    world.run(&["gc", "--yes", "--grace", "0d"]).assert_code(0);
    write("after.csv").assert_code(0);
    assert_eq!(world.read("before.csv"), world.read("after.csv"));
    corrupt_objects(&world);
    let told = write("none.csv").assert_code(5).screen();
    insta::assert_snapshot!(told, @r##"
    exit 5
    --- stderr
    error: the quarantined rows of usage at 2024-01-31 are no longer in the store
    help: `streamflow ingest --as-of 2024-01-31` makes them again
    "##);
    let found = world.run(&["fsck"]).assert_code(1);
    let told = format!("{}{}", found.stdout, found.stderr);
    assert!(
        told.contains("the quarantined rows of usage at 2024-01-31"),
        "{told}"
    );
    world.run(&["fsck", "--repair"]).assert_code(0);
    write("repaired.csv").assert_code(0);
    assert_eq!(world.read("before.csv"), world.read("repaired.csv"));
    assert_sound(&world);
}

/// Proposed rules, pasted as they are, are sound definitions and hold.
#[test]
fn proposed_rules_hold_when_they_are_pasted() {
    for world in [World::small(), World::sample()] {
        ingest(&world, JANUARY, 0);
        let names: Vec<String> = fs::read_dir(world.project().join("features"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.trim_end_matches(".toml").to_string())
            .collect();
        for name in &names {
            let path = format!("features/{name}.toml");
            let before = world.read(&path);
            // Without the checks there are, everything is proposed.
            let bare = without_checks(&before);
            world.write(&path, &bare);
            let proposed = world
                .run(&["checks", "--suggest", name])
                .assert_code(0)
                .stdout;
            assert!(proposed.contains("row_count"), "{proposed}");
            let (head, features) = bare.split_at(bare.find("[features]").unwrap_or(bare.len()));
            world.write(&path, &format!("{head}\n{proposed}\n{features}"));
            // What is declared is not proposed again.
            let again = world
                .run(&["checks", "--suggest", name])
                .assert_code(0)
                .stdout;
            assert!(again.contains("# Nothing more to propose."), "{again}");
        }
        world.run(&["check"]).assert_code(0);
        ingest(&world, JANUARY, 0);
        let document = world
            .run(&["checks", "--format", "json"])
            .assert_code(0)
            .json();
        assert_eq!(document["success"], true, "{document:#}");
        assert!(
            document["statistics"]["evaluated_expectations"]
                .as_u64()
                .unwrap()
                > 5
        );
    }
}

/// The text of a table's definition without its checks.
fn without_checks(text: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line == "[[checks]]";
        }
        if !inside {
            kept.push_str(&format!("{line}\n"));
        }
    }
    kept
}

#[test]
fn what_is_proposed() {
    let world = World::small();
    let said = world.run(&["checks", "--suggest", "usage"]).assert_code(0);
    insta::assert_snapshot!(said.screen(), @r##"
    exit 0
    --- stdout
    # Rules that data/2024-02-29/usage.csv keeps and features/usage.toml does not
    # declare yet. What holds today need not hold tomorrow: keep what is meant, and
    # put it there.

    # 60 rows and no null
    [[checks]]
    column   = "devices"
    not_null = true
    severity = "warn"

    # values from 0 to 3
    [[checks]]
    column   = "devices"
    between  = [0, 3]
    severity = "warn"

    # 60 rows and no null
    [[checks]]
    column   = "hours"
    not_null = true
    severity = "warn"

    # 60 rows and no null
    [[checks]]
    column   = "joined"
    not_null = true
    severity = "warn"

    # values from 2023-01-15 to 2023-09-15
    [[checks]]
    column   = "joined"
    between  = { min = "2023-01-01" }
    severity = "warn"

    # 60 rows and no null
    [[checks]]
    column   = "plan"
    not_null = true
    severity = "warn"

    # 2 texts in 60 rows
    [[checks]]
    column   = "plan"
    in_set   = ["basic", "plus"]
    severity = "warn"

    # 60 rows and no null
    [[checks]]
    column   = "user_id"
    not_null = true

    # 60 rows and no value twice
    [[checks]]
    column = "user_id"
    unique = true

    # every text looks like "U002"
    [[checks]]
    column   = "user_id"
    regex    = "^[A-Z][0-9]{3}$"
    severity = "warn"

    # 60 rows
    [[checks]]
    row_count = [30, 200]
    severity  = "warn"
    "##);
    let document = world
        .run(&["checks", "--suggest", "usage", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(document["table"], "usage");
    let first = &document["suggestions"][0];
    assert!(first["toml"].as_str().unwrap().starts_with("[[checks]]\n"));
    assert_eq!(first["check"]["column"], "devices");
    for date in [JANUARY, FEBRUARY] {
        world.remove(&format!("data/{date}/usage.csv"));
    }
    let none = world.run(&["checks", "--suggest", "usage"]).assert_code(5);
    insta::assert_snapshot!(none.screen(), @r##"
    exit 5
    --- stderr
    error: usage has no file to look at
      expected  data/{as_of}/usage.csv
    help: put a file there: `{as_of}` stands for its date
    "##);
}

/// Checks decide which rows there are; beyond that they are no part of a run.
#[test]
fn checks_that_take_nothing_out_change_no_run() {
    let world = World::small();
    let run = |world: &World| {
        let document = world
            .run(&["run", "small", "--format", "json"])
            .assert_code(0)
            .json();
        document["run"].clone()
    };
    let before = run(&world);
    set_checks(
        &world,
        "[[checks]]\nsql = \"hours >= 0\"\n[[checks]]\nrow_count = { min = 1 }\n\
         [[checks]]\ncolumn = \"hours\"\nmean = [0, 1]\nseverity = \"warn\"\n",
    );
    assert_eq!(run(&world), before);
    set_checks(
        &world,
        "[[checks]]\nsql = \"hours < 30\"\nseverity = \"quarantine\"\n",
    );
    assert_ne!(run(&world), before);
}
