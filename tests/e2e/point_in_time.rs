//! The point-in-time contract: no row of a spine sees what was not known at its time, none is lost,
//! none is doubled. Each test is named after the danger.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::{FEBRUARY, JANUARY, World};

const PROJECT: &str = "[project]\nname = \"watching\"\n\n[entities.user]\nkey = \"user_id\"\n";

/// Two deliveries of events; in the second one came late and one corrects another.
const EVENTS: &str = r#"entity = "user"

[source]
path      = "data/{as_of}/events.csv"
timestamp = "watched_at"
created   = "created_at"

[columns]
user_id    = "string"
watched_at = "datetime"
created_at = "datetime"
title      = "string"
minutes    = "i64"

[features]
ttl     = "10d"
columns = ["title", "minutes"]
"#;

const PLANS: &str = r#"entity = "user"

[source]
path = "data/{as_of}/plans.csv"

[columns]
user_id = "string"
plan    = "string"
fee     = "f64"

[features]
ttl     = "45d"
columns = ["plan", "fee"]
[features.derived]
fee_or_nothing = "COALESCE(fee, 0.0)"
"#;

const HEAD: &str = "user_id,watched_at,created_at,title,minutes\n";

fn world() -> World {
    let world = World::empty();
    world.write("streamflow.toml", PROJECT);
    world.write("features/events.toml", EVENTS);
    world.write("features/plans.toml", PLANS);
    let january = "\
        a,2024-01-10T12:00:00Z,2024-01-10T12:00:05Z,Alpha,30\n\
        a,2024-01-20T12:00:00Z,2024-01-20T12:00:05Z,Beta,40\n\
        b,2024-01-20T12:00:00Z,2024-01-20T12:00:05Z,Gamma,\n";
    let february = "\
        a,2024-01-20T12:00:00Z,2024-02-05T00:00:00Z,Beta,45\n\
        a,2024-02-10T12:00:00Z,2024-02-10T12:00:05Z,Delta,50\n";
    world.write("data/2024-01-31/events.csv", &format!("{HEAD}{january}"));
    world.write("data/2024-02-29/events.csv", &format!("{HEAD}{february}"));
    world.write(
        "data/2024-01-31/plans.csv",
        "user_id,plan,fee\na,basic,9.5\nb,plus,\n",
    );
    world.write(
        "data/2024-02-29/plans.csv",
        "user_id,plan,fee\na,plus,19.5\n",
    );
    world
}

/// The rows that a spine becomes, as CSV, and the document.
fn retrieved(world: &World, spine: &str, more: &[&str]) -> (String, Value) {
    world.write("spine.csv", spine);
    let arguments = [
        "features",
        "--spine",
        "spine.csv",
        "-o",
        "out.csv",
        "--format",
        "json",
    ];
    let output = world.run(&[&arguments, more].concat()).assert_code(0);
    (world.read("out.csv"), output.json())
}

fn rows(world: &World, spine: &str, features: &str) -> String {
    retrieved(world, spine, &["--features", features]).0
}

fn refused(world: &World, spine: &str, more: &[&str]) -> String {
    world.write("spine.csv", spine);
    let arguments = ["features", "--spine", "spine.csv", "-o", "out.csv"];
    let screen = world.run(&[&arguments, more].concat()).screen();
    assert!(!world.has("out.csv"), "{screen}");
    screen
}

/// Feast's file store drops repeated rows (#6787).
#[test]
fn repeated_spine_rows_are_kept_in_their_order() {
    let spine = "row,user_id,event_timestamp\n\
        1,b,2024-01-21\n2,a,2024-01-21\n3,a,2024-01-21\n4,b,2024-01-21\n5,a,2024-01-11\n3,a,2024-01-21\n";
    insta::assert_snapshot!(rows(&world(), spine, "events.minutes,events.title"), @r##"
    row,user_id,event_timestamp,events.minutes,events.title
    1,b,2024-01-21,,Gamma
    2,a,2024-01-21,40,Beta
    3,a,2024-01-21,40,Beta
    4,b,2024-01-21,,Gamma
    5,a,2024-01-11,30,Alpha
    3,a,2024-01-21,40,Beta
    "##);
}

#[test]
fn an_event_at_the_very_instant_is_seen_and_one_a_microsecond_later_is_not() {
    let world = world();
    world.edit("features/events.toml", "created   = \"created_at\"\n", "");
    let spine = "user_id,event_timestamp\n\
        a,2024-01-20T11:59:59.999999Z\na,2024-01-20T12:00:00Z\na,2024-01-20T12:00:00.000001Z\n\
        a,2024-01-20T13:00:00+01:00\n";
    insta::assert_snapshot!(rows(&world, spine, "events.title"), @r##"
    user_id,event_timestamp,events.title
    a,2024-01-20T11:59:59.999999Z,Alpha
    a,2024-01-20T12:00:00Z,Beta
    a,2024-01-20T12:00:00.000001Z,Beta
    a,2024-01-20T13:00:00+01:00,Beta
    "##);
}

/// `t − ttl` itself is still valid.
#[test]
fn a_value_as_old_as_its_time_to_live_is_valid_and_an_older_one_is_null() {
    let spine = "user_id,event_timestamp\n\
        a,2024-01-30T12:00:00Z\na,2024-01-30T12:00:00.000001Z\n";
    let (rows, document) = retrieved(&world(), spine, &["--features", "events.title", "--status"]);
    insta::assert_snapshot!(rows, @r##"
    user_id,event_timestamp,events.title,events.title.status
    a,2024-01-30T12:00:00Z,Beta,present
    a,2024-01-30T12:00:00.000001Z,,expired
    "##);
    assert_eq!(document["features"][0]["expired"], 1);
    assert_eq!(document["features"][0]["present"], 1);
}

/// In Feast a row's `created` counts only where one asks for it (#6617).
#[test]
fn a_correction_is_not_seen_before_it_was_made() {
    let spine = "user_id,event_timestamp\n\
        a,2024-01-20T12:00:04Z\na,2024-01-20T12:00:05Z\na,2024-01-29T00:00:00Z\n";
    let world = world();
    insta::assert_snapshot!(rows(&world, spine, "events.minutes"), @r##"
    user_id,event_timestamp,events.minutes
    a,2024-01-20T12:00:04Z,
    a,2024-01-20T12:00:05Z,40
    a,2024-01-29T00:00:00Z,40
    "##);
    // Without a time to live the correction is what is known in February, until the next event.
    world.edit("features/events.toml", "ttl     = \"10d\"\n", "");
    let spine = "user_id,event_timestamp\n\
        a,2024-02-04T23:59:59Z\na,2024-02-05T00:00:00Z\na,2024-02-10T12:00:05Z\n";
    insta::assert_snapshot!(rows(&world, spine, "events.minutes"), @r##"
    user_id,event_timestamp,events.minutes
    a,2024-02-04T23:59:59Z,40
    a,2024-02-05T00:00:00Z,45
    a,2024-02-10T12:00:05Z,50
    "##);
}

/// Without a column that says when it became known, the delivery says so: a row in January is blind
/// to what only the file of February brought.
#[test]
fn an_event_that_was_delivered_late_does_not_leak_into_the_past() {
    let world = world();
    world.edit("features/events.toml", "created   = \"created_at\"\n", "");
    world.edit("features/events.toml", "ttl     = \"10d\"\n", "");
    let spine = "user_id,event_timestamp\n\
        a,2024-01-29T00:00:00Z\na,2024-01-31T23:59:59.999999Z\na,2024-02-01T00:00:00Z\na,2024-02-11\n";
    insta::assert_snapshot!(rows(&world, spine, "events.minutes"), @r##"
    user_id,event_timestamp,events.minutes
    a,2024-01-29T00:00:00Z,40
    a,2024-01-31T23:59:59.999999Z,40
    a,2024-02-01T00:00:00Z,45
    a,2024-02-11,50
    "##);
}

/// A file that arrives later changes nothing that was retrieved before.
#[test]
fn a_new_delivery_changes_no_row_of_the_past() {
    let world = world();
    let spine = "user_id,as_of\na,2024-01-31\nb,2024-01-31\na,2024-02-29\n";
    let (before, _) = retrieved(&world, spine, &[]);
    let march = "a,2024-01-30T12:00:00Z,2024-01-30T12:00:00Z,Omega,99\n";
    world.write("data/2024-03-31/events.csv", &format!("{HEAD}{march}"));
    world.write(
        "data/2024-03-31/plans.csv",
        "user_id,plan,fee\na,gold,29.5\n",
    );
    let (after, _) = retrieved(&world, spine, &[]);
    assert_eq!(before, after);
}

/// Feast takes the last of equal rows in the file.
#[test]
fn equal_timestamps_are_decided_by_created_then_by_value_and_never_by_file_order() {
    let tied = [
        "c,2024-01-15T00:00:00Z,2024-01-16T00:00:00Z,Late,1\n",
        "c,2024-01-15T00:00:00Z,2024-01-15T00:00:00Z,Early,2\n",
        "d,2024-01-15T00:00:00Z,2024-01-15T00:00:00Z,Low,3\n",
        "d,2024-01-15T00:00:00Z,2024-01-15T00:00:00Z,High,4\n",
    ];
    let spine = "user_id,event_timestamp\nc,2024-01-17\nd,2024-01-17\nc,2024-01-15T12:00:00Z\n";
    let mut seen = Vec::new();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let world = world();
        let lines: String = order.iter().map(|at| tied[*at]).collect();
        world.write("data/2024-01-31/events.csv", &format!("{HEAD}{lines}"));
        seen.push(rows(&world, spine, "events.title"));
    }
    assert!(seen.iter().all(|rows| *rows == seen[0]), "{seen:?}");
    insta::assert_snapshot!(seen[0], @r##"
    user_id,event_timestamp,events.title
    c,2024-01-17,Late
    d,2024-01-17,High
    c,2024-01-15T12:00:00Z,Early
    "##);
}

/// Feast answers an unknown key with nulls and says no more.
#[test]
fn an_unknown_key_and_a_null_key_are_told_apart_from_a_null_value() {
    let spine = "user_id,as_of\na,2024-01-31\nb,2024-01-31\nnobody,2024-01-31\n,2024-01-31\n";
    let (rows, document) = retrieved(
        &world(),
        spine,
        &["--features", "plans.fee,plans.fee_or_nothing", "--status"],
    );
    insta::assert_snapshot!(rows, @r##"
    user_id,as_of,plans.fee,plans.fee_or_nothing,plans.fee.status,plans.fee_or_nothing.status
    a,2024-01-31,9.5,9.5,present,present
    b,2024-01-31,,0.0,null,present
    nobody,2024-01-31,,,not_found,not_found
    ,2024-01-31,,,not_found,not_found
    "##);
    let counts = &document["features"][0];
    assert_eq!(counts["present"], 1);
    assert_eq!(counts["null"], 1);
    assert_eq!(counts["not_found"], 2);
}

/// Of a snapshot's table each date sees the rows as they were at that date.
#[test]
fn several_dates_in_one_spine_each_see_their_own_snapshot() {
    let spine = "user_id,as_of\na,2024-02-29\nb,2024-02-29\na,2024-01-31\na,2024-02-15\na,2024-01-30\na,2024-05-01\n";
    let (rows, document) = retrieved(&world(), spine, &["--features", "plans.*", "--status"]);
    insta::assert_snapshot!(rows, @r##"
    user_id,as_of,plans.fee,plans.fee_or_nothing,plans.plan,plans.fee.status,plans.fee_or_nothing.status,plans.plan.status
    a,2024-02-29,19.5,19.5,plus,present,present,present
    b,2024-02-29,,0.0,plus,null,present,present
    a,2024-01-31,9.5,9.5,basic,present,present,present
    a,2024-02-15,9.5,9.5,basic,present,present,present
    a,2024-01-30,,,,not_found,not_found,not_found
    a,2024-05-01,,,,expired,expired,expired
    "##);
    insta::assert_snapshot!(document["notices"], @r##"
    ["plans: 1 row before its first file, 2024-01-31: nothing was known","plans: 1 row after its newest file, 2024-02-29: what was known then"]
    "##);
}

/// A file of January is dated at the last instant of its day.
#[test]
fn a_snapshot_is_not_seen_before_the_end_of_its_date() {
    let spine = "user_id,event_timestamp\n\
        a,2024-02-29T12:00:00Z\na,2024-02-29T23:59:59.999999Z\na,2024-03-01T00:00:00Z\n";
    insta::assert_snapshot!(rows(&world(), spine, "plans.plan"), @r##"
    user_id,event_timestamp,plans.plan
    a,2024-02-29T12:00:00Z,basic
    a,2024-02-29T23:59:59.999999Z,plus
    a,2024-03-01T00:00:00Z,plus
    "##);
}

/// A date alone in a column of instants is its midnight, and one is told.
#[test]
fn dates_among_instants_are_midnights_and_it_is_said() {
    let world = world();
    let spine = "user_id,event_timestamp\na,2024-01-10\na,2024-01-11\n";
    let (rows, document) = retrieved(&world, spine, &["--features", "events.title"]);
    insta::assert_snapshot!(rows, @r##"
    user_id,event_timestamp,events.title
    a,2024-01-10,
    a,2024-01-11,Alpha
    "##);
    insta::assert_snapshot!(document["notices"], @r##"
    ["`event_timestamp` holds dates: each was taken as its midnight, before that day's events and files; `--date-column event_timestamp` takes the end of the day"]
    "##);
    let (rows, document) = retrieved(
        &world,
        spine,
        &[
            "--features",
            "events.title",
            "--date-column",
            "event_timestamp",
        ],
    );
    insta::assert_snapshot!(rows, @r##"
    user_id,event_timestamp,events.title
    a,2024-01-10,Alpha
    a,2024-01-11,Alpha
    "##);
    assert_eq!(document["notices"], serde_json::json!([]));
}

/// Feast serves values past their time to live (#6821), and a missing key with 200 and nulls.
#[test]
fn the_time_to_live_counts_online_and_a_missing_key_is_missing() {
    let world = world();
    let materialize = ["materialize", "--as-of", "2024-02-29"];
    world.run(&materialize).assert_code(0);
    let online = world
        .run(&["features", "a", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(online["status"]["events.title"], "expired");
    assert_eq!(online["features"]["events.title"], Value::Null);
    let (rows, _) = retrieved(
        &world,
        "user_id,as_of\na,2024-02-29\n",
        &["--features", "events.title", "--status"],
    );
    assert!(rows.ends_with("a,2024-02-29,,expired\n"), "{rows}");
    assert_eq!(world.run(&["features", "nobody"]).code, 5);
}

/// What people carry along comes back as it was.
#[test]
fn columns_that_are_no_key_and_no_time_are_carried_through_unchanged() {
    let spine = "\"weight, kg\",user_id,as_of,__index__,user_id.x\n\
        007,a,2024-01-31,0,\" spaced \"\n,b,2024-01-31,1,\"say \"\"hi\"\"\"\n1e3,a,2024-01-31,,é\n";
    insta::assert_snapshot!(rows(&world(), spine, "plans.plan"), @r##"
    "weight, kg",user_id,as_of,__index__,user_id.x,plans.plan
    007,a,2024-01-31,0, spaced ,basic
    ,b,2024-01-31,1,"say ""hi""",plus
    1e3,a,2024-01-31,,é,basic
    "##);
}

fn by_key(csv: &str, feature: &str) -> BTreeMap<String, String> {
    let mut lines = csv.lines();
    let head: Vec<_> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| head.iter().position(|own| *own == name).unwrap();
    let (key, date, value) = (at("user_id"), at("as_of"), at(feature));
    lines
        .map(|line| {
            let cells: Vec<_> = line.split(',').collect();
            (
                format!("{} {}", cells[key], cells[date]),
                cells[value].to_string(),
            )
        })
        .collect()
}

/// One function computes both, so a model trained elsewhere is served what it was trained on.
#[test]
fn a_spine_of_a_runs_rows_has_the_values_of_its_training_set() {
    let world = World::small();
    world.edit(
        "experiments/small.toml",
        "as_of       = 2024-01-31",
        "as_of = [2024-01-31, 2024-02-29]",
    );
    world.edit(
        "experiments/small.toml",
        "method = \"hash\"",
        "method = \"time\"",
    );
    world.run_one("small");
    let training = ["get", "small@latest", "training_set", "-o", "training.csv"];
    world.run(&training).assert_code(0);
    let training = world.read("training.csv");
    let spine: Vec<_> = by_key(&training, "label").into_keys().collect();
    let spine: String = spine
        .iter()
        .rev()
        .map(|row| row.replace(' ', ",") + "\n")
        .collect();
    let (found, document) = retrieved(
        &world,
        &format!("user_id,as_of\n{spine}"),
        &["--experiment", "small"],
    );
    assert_eq!(document["rows"], 120);
    assert_eq!(document["features"].as_array().unwrap().len(), 4);
    for feature in [
        "usage.plan",
        "usage.hours",
        "usage.devices",
        "usage.per_device",
    ] {
        assert_eq!(
            by_key(&training, feature),
            by_key(&found, feature),
            "{feature}"
        );
    }
}

/// Labels of the next date on file, for each of several dates.
#[test]
fn labels_with_a_lead_come_from_the_next_file_of_each_date() {
    let world = World::small();
    let march = "2024-03-31";
    for table in ["usage", "labels"] {
        let text = world.read(&format!("data/{FEBRUARY}/{table}.csv"));
        // Of labels that differ from February's it shows which month was taken.
        let text = text
            .replace(",true", ",T")
            .replace(",false", ",true")
            .replace(",T", ",false");
        world.write(&format!("data/{march}/{table}.csv"), &text);
    }
    world.edit(
        "experiments/small.toml",
        "as_of       = 2024-01-31",
        "as_of = [2024-01-31, 2024-02-29]",
    );
    world.edit(
        "experiments/small.toml",
        "column = \"left\"",
        "column = \"left\"\nlead = 1",
    );
    world.edit(
        "experiments/small.toml",
        "method = \"hash\"",
        "method = \"time\"",
    );
    world.run_one("small");
    let get = ["get", "small@latest", "training_set", "-o", "training.csv"];
    world.run(&get).assert_code(0);
    let training = world.read("training.csv");
    let label = by_key(&training, "label");
    let hours = by_key(&training, "usage.hours");
    for (date, next) in [(JANUARY, FEBRUARY), (FEBRUARY, march)] {
        let labels = world.read(&format!("data/{next}/labels.csv"));
        let usage = world.read(&format!("data/{date}/usage.csv"));
        for line in labels.lines().skip(1) {
            let (user, left) = line.split_once(',').unwrap();
            let row = format!("{user} {date}");
            assert_eq!(label[&row], left, "{row}");
            // Who came with the later file has no features yet.
            let known = usage
                .lines()
                .find(|line| line.starts_with(&format!("{user},")));
            let known = known.map_or("", |line| line.split(',').nth(2).unwrap());
            assert_eq!(hours[&row], known, "{row}");
        }
    }
    let lock = world.read("lockfiles/small.lock");
    assert!(
        lock.contains("label.as_of = [\"2024-02-29\", \"2024-03-31\"]"),
        "{lock}"
    );
}

#[test]
fn parquet_in_and_out_is_csv_in_and_out() {
    let world = world();
    let spine = "user_id,as_of,extra\na,2024-01-31,1\nb,2024-02-29,2\n";
    let (csv, _) = retrieved(&world, spine, &[]);
    let to_parquet = [
        "features",
        "--spine",
        "spine.csv",
        "-o",
        "one.parquet",
        "--features",
        "plans.plan",
    ];
    world.run(&to_parquet).assert_code(0);
    // The first output is the spine of the second: what it holds already is refused, other features join.
    let again = ["features", "--spine", "one.parquet", "-o", "two.parquet"];
    let refused = world.run(&again).assert_code(2);
    assert!(
        refused.stderr.contains("`plans.plan` already"),
        "{}",
        refused.stderr
    );
    let more = [
        &again[..],
        &["--features", "plans.fee,plans.fee_or_nothing,events.*"],
    ]
    .concat();
    world.run(&more).assert_code(0);
    let last = [
        "features",
        "--spine",
        "two.parquet",
        "-o",
        "-",
        "--features",
    ];
    let shown = world
        .run(&[&last[..], &["plans.fee"]].concat())
        .assert_code(2);
    assert!(shown.stderr.contains("already"), "{}", shown.stderr);
    let columns = |csv: &str| {
        let lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let lines: Vec<_> = lines.collect();
        let column = |at: usize| {
            lines
                .iter()
                .map(|line| line[at].to_string())
                .collect::<Vec<_>>()
        };
        let mut columns: Vec<_> = (0..lines[0].len()).map(column).collect();
        columns.sort();
        columns
    };
    world.edit(
        "features/plans.toml",
        "[features.derived]",
        "[features.derived]\nlast = \"fee\"",
    );
    let all = world
        .run(&[&last[..], &["plans.last"]].concat())
        .assert_code(0)
        .stdout;
    let mut found = columns(&all);
    found.retain(|column| column[0] != "plans.last");
    assert_eq!(found, columns(&csv));
}

#[test]
fn what_is_asked_wrongly_is_said_and_nothing_is_written() {
    let world = world();
    let fine = "user_id,as_of\na,2024-01-31\n";
    insta::assert_snapshot!(refused(&world, "userid,as_of\na,2024-01-31\n", &[]), @r##"
    exit 6
    --- stderr
    error: the spine has no key column `user_id`
      spine.csv  has userid, as_of
    help: rename `userid`
    "##);
    insta::assert_snapshot!(refused(&world, "user_id,on\na,2024-01-31\n", &[]), @r##"
    exit 2
    --- stderr
    error: the spine does not say at which time each row is
      spine.csv  has user_id, on
    help: `--timestamp-column NAME` names a column of instants, `--date-column NAME`
          one of dates
          without either, `event_timestamp` and `as_of` are looked for;
          `--as-of DATE` is one date for all rows
    "##);
    insta::assert_snapshot!(refused(&world, "user_id,as_of,event_timestamp\na,2024-01-31,2024-01-31\n", &[]), @r##"
    exit 2
    --- stderr
    error: the time of a row is said twice: by `as_of` and by the column
           `event_timestamp`
    help: choose with `--date-column NAME` or `--timestamp-column NAME`; other
          columns are carried through
    "##);
    insta::assert_snapshot!(refused(&world, "user_id,as_of\na,2024-01-31\nb,31.01.2024\nc,\n", &[]), @r##"
    exit 6
    --- stderr
    error: spine.csv refused: 1 value cannot be read
      spine.csv:3   as_of   "31.01.2024"   is no date YYYY-MM-DD
    "##);
    insta::assert_snapshot!(refused(&world, "user_id,as_of\na,2024-01-31\nb,\n", &[]), @r##"
    exit 6
    --- stderr
    error: spine.csv refused: 1 row without a time
      spine.csv:3   as_of   null
    help: drop these rows: nobody can say what was known at no time
    "##);
    insta::assert_snapshot!(refused(&world, "user_id,as_of\na\n", &[]), @r##"
    exit 6
    --- stderr
    error: spine.csv refused: a row has another number of fields than the header
      spine.csv:2   1 field, the header has 2
    help: a value that holds a comma or a line break must stand in quotation marks
    "##);
    insta::assert_snapshot!(refused(&world, "", &[]), @r##"
    exit 6
    --- stderr
    error: spine.csv refused: empty file
    help: a header names its columns
    "##);
    insta::assert_snapshot!(refused(&world, fine, &["--features", "plans.fees"]), @r##"
    exit 2
    --- stderr
    error: there is no feature `plans.fees`
    help: did you mean `plans.fee`?
    "##);
    insta::assert_snapshot!(refused(&world, fine, &["--features", "tariffs.fee"]), @r##"
    exit 2
    --- stderr
    error: there is no feature `tariffs.fee`
      tables  events, plans
    help: a feature is TABLE.FEATURE; `TABLE.*` is all of a table's
    "##);
    insta::assert_snapshot!(refused(&world, fine, &["--experiment", "churn"]), @r##"
    exit 2
    --- stderr
    error: there is no experiment `churn`
      experiments: 
    help: an experiment is a file: experiments/churn.toml
    "##);
    insta::assert_snapshot!(refused(&world, fine, &["--as-of", "2024-01-31"]), @r##"
    exit 2
    --- stderr
    error: the time of a row is said twice: by `--as-of` and by the column `as_of`
    help: choose with `--date-column NAME` or `--timestamp-column NAME`; other
          columns are carried through
    "##);
    insta::assert_snapshot!(refused(&world, fine, &["--date-column", "as_off"]), @r##"
    exit 2
    --- stderr
    error: the spine has no column `as_off`
    help: did you mean `as_of`?
    "##);
    insta::assert_snapshot!(refused(&world, "user_id,as_of,plans.fee\na,2024-01-31,1\n", &[]), @r##"
    exit 2
    --- stderr
    error: the spine has a column `plans.fee` already
    help: drop it from the spine, or name other features with --features
    "##);
}

#[test]
fn files_that_cannot_be_what_they_are_named_are_refused() {
    let world = world();
    world.write("spine.csv", "user_id,as_of\na,2024-01-31\n");
    world.write("spine.txt", "user_id,as_of\na,2024-01-31\n");
    let run = |spine: &str, output: &str| {
        world
            .run(&["features", "--spine", spine, "-o", output])
            .screen()
    };
    insta::assert_snapshot!(run("spine.csv", "out.xlsx"), @r##"
    exit 2
    --- stderr
    error: out.xlsx does not say which format it has
    help: end its name in .csv, .parquet or .json; `-o -` writes CSV to standard
          output
    "##);
    insta::assert_snapshot!(run("spine.csv", "./spine.csv"), @r##"
    exit 2
    --- stderr
    error: the spine would be written over
    help: name another file with `-o`
    "##);
    insta::assert_snapshot!(run("spine.txt", "out.csv"), @r##"
    exit 2
    --- stderr
    error: spine.txt is read neither as CSV nor as Parquet
    help: a spine's name ends in .csv or .parquet
    "##);
    insta::assert_snapshot!(run("absent.csv", "out.csv"), @r##"
    exit 5
    --- stderr
    error: there is no file absent.csv
    help: a spine is a table with the key of an entity and a time in each row
    "##);
    assert_eq!(world.run(&["features", "--spine", "spine.csv"]).code, 2);
    assert_eq!(world.run(&["features"]).code, 2);
    world.write(
        "features/plans.toml",
        &PLANS.replace("{as_of}/plans", "{as_of}/tariffs"),
    );
    insta::assert_snapshot!(run("spine.csv", "out.csv"), @r##"
    exit 5
    --- stderr
    error: plans has no file of any date
      expected  data/{as_of}/tariffs.csv
    help: put the files there, or read one from elsewhere:
          `streamflow ingest --as-of DATE --from DIR`
    "##);
    assert!(!world.has("out.csv"));
}

#[test]
fn integer_keys_are_read_as_integers() {
    let world = World::empty();
    world.write("streamflow.toml", PROJECT);
    world.write(
        "features/plans.toml",
        &PLANS.replace("user_id = \"string\"", "user_id = \"i64\""),
    );
    world.write(
        "data/2024-01-31/plans.csv",
        "user_id,plan,fee\n7,basic,9.5\n10,plus,1\n",
    );
    let spine = "user_id,as_of\n10,2024-01-31\n 7 ,2024-01-31\n7.0,2024-01-31\n8,2024-01-31\n";
    insta::assert_snapshot!(rows(&world, spine, "plans.plan"), @r##"
    user_id,as_of,plans.plan
    10,2024-01-31,plus
     7 ,2024-01-31,basic
    7.0,2024-01-31,basic
    8,2024-01-31,
    "##);
    std::fs::remove_file(world.project().join("out.csv")).unwrap();
    insta::assert_snapshot!(refused(&world, "user_id,as_of\nseven,2024-01-31\n", &[]), @r##"
    exit 6
    --- stderr
    error: spine.csv refused: 1 value cannot be read
      spine.csv:2   user_id   "seven"   is no i64
    "##);
}

#[test]
fn the_screen_says_what_was_found_and_what_was_lost() {
    let world = world();
    world.write(
        "spine.csv",
        "user_id,as_of\na,2024-01-31\nb,2024-02-29\nx,2024-01-30\n",
    );
    let screen = world
        .run(&["features", "--spine", "spine.csv", "-o", "out.csv"])
        .screen();
    insta::assert_snapshot!(screen, @r##"
    exit 0
    --- stdout
      feature               present  null  expired  not found
      events.minutes              0     0        2          1
      events.title                0     0        2          1
      plans.fee                   1     1        0          1
      plans.fee_or_nothing        2     0        0          1
      plans.plan                  2     0        0          1
      notice plans: 1 row before its first file, 2024-01-31: nothing was known
    Retrieved 5 features for 3 rows from 2024-01-30 to 2024-02-29 in <time> s.
      written to out.csv
    "##);
}
