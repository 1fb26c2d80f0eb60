//! A long history of snapshots: what it costs, that it reads, what damages it; revisions shown and
//! compared.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{FEBRUARY, JANUARY, World, assert_sound};

const CHANGES: &str = r#"entity = "user"

[source]
path = "data/{as_of}/changes.csv"
mode = "replace"

[columns]
user_id = "string"
plan    = "string"
hours   = "f64"
devices = "i64"
joined  = "date"
"#;

const EVENTS: &str = r#"entity = "user"

[source]
path      = "data/{as_of}/events.csv"
timestamp = "at"

[columns]
user_id = "string"
at      = "datetime"
minutes = "i64"
"#;

fn dates(months: usize) -> Vec<String> {
    let mut dates = vec![JANUARY.to_string(), FEBRUARY.to_string()];
    dates.extend((2..months).map(|n| format!("{}-{:02}-28", 2024 + n / 12, n % 12 + 1)));
    dates.truncate(months);
    dates
}

fn draw(state: &mut u64, below: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

fn row(state: &mut u64, key: usize) -> String {
    format!(
        "U{key:05},{},{}.{},{},20{}-{:02}-15\n",
        ["basic", "plus", "family"][draw(state, 3) as usize],
        draw(state, 700),
        draw(state, 100),
        draw(state, 9),
        10 + draw(state, 13),
        1 + draw(state, 12),
    )
}

#[derive(Clone, Copy, PartialEq)]
enum Files {
    /// Every month brings every row.
    Full,
    /// Only the rows that are new.
    Changes,
}

/// The project of two tables, with months in which 2 % of the rows are new in every cell; nothing
/// is ingested.
fn months(count: usize, rows: usize, files: Files) -> World {
    const HEADER: &str = "user_id,plan,hours,devices,joined\n";
    let world = World::small();
    let mut state = 7;
    let mut table: Vec<String> = (0..rows).map(|key| row(&mut state, key)).collect();
    let mut labels = "user_id,left\n".to_string();
    for (key, row) in table.iter().enumerate() {
        let left = row.contains("basic") != (key % 5 == 0);
        labels.push_str(&format!("U{key:05},{left}\n"));
    }
    for (month, date) in dates(count).iter().enumerate() {
        let mut changed: Vec<usize> = (0..rows / 50)
            .map(|_| draw(&mut state, rows as u64) as usize)
            .collect();
        changed.sort_unstable();
        changed.dedup();
        for key in &changed {
            table[*key] = row(&mut state, *key);
        }
        let new: String = changed.iter().map(|key| table[*key].as_str()).collect();
        let all = table.concat();
        let shown = match files == Files::Full || month == 0 {
            true => &all,
            false => &new,
        };
        world.write(
            &format!("data/{date}/usage.csv"),
            &format!("{HEADER}{shown}"),
        );
        world.write(
            &format!("data/{date}/changes.csv"),
            &format!("{HEADER}{new}"),
        );
        world.write(&format!("data/{date}/labels.csv"), &labels);
    }
    world
}

fn ingest(world: &World, date: &str) {
    world.run(&["ingest", "--as-of", date]).assert_code(0);
}

/// Months of 600 rows that are ingested; each but the first is kept as changes.
fn ingested(count: usize, files: Files) -> World {
    let world = months(count, 600, files);
    for date in dates(count) {
        ingest(&world, &date);
    }
    world
}

fn json(world: &World, code: i32, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    world.run(&all).assert_code(code).json()
}

fn table(world: &World, snapshot: &str, name: &str) -> Value {
    json(world, 0, &["snapshots", "show", snapshot, "--table", name])["tables"][0].clone()
}

/// The bytes of a table of a snapshot in a file.
fn written(world: &World, snapshot: &str, name: &str, file: &str) -> Vec<u8> {
    world
        .run(&["snapshots", "show", snapshot, "--table", name, "-o", file])
        .assert_code(0);
    fs::read(world.project().join(file)).unwrap()
}

fn object(world: &World, table: &Value) -> PathBuf {
    let hash = table["hash"].as_str().unwrap();
    let objects = world.project().join(".streamflow/objects");
    objects.join(&hash[..2]).join(&hash[2..])
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn built_on(table: &Value) -> u64 {
    table["kept"]["built_on"].as_u64().unwrap()
}

/// `a hundred months … under three times one snapshot plus the changes`, here of thirty; the figure
/// of a hundred is in benches/README.md.
#[test]
fn a_history_costs_three_snapshots_and_its_changes_at_most() {
    for files in [Files::Full, Files::Changes] {
        let world = months(30, 3_000, files);
        world.write("features/changes.toml", CHANGES);
        let (mut total, mut changes, mut longest) = (0, 0, 0);
        for (month, date) in dates(30).iter().enumerate() {
            ingest(&world, date);
            let table = table(&world, date, "usage");
            assert_eq!(table["rows"], 3_000);
            total += table["kept"]["bytes"].as_u64().unwrap();
            longest = longest.max(built_on(&table));
            if month > 0 {
                changes += written(&world, date, "changes", "c.parquet").len() as u64;
            }
        }
        let first = written(&world, JANUARY, "usage", "first.parquet").len() as u64;
        assert!(
            total < 3 * first + changes,
            "{total} ≥ 3 × {first} + {changes}"
        );
        assert!(longest > 8, "hardly anything was kept as changes");
        assert_sound(&world);
        json(&world, 0, &["fsck"]);
    }
}

/// How a table is kept reaches no hash: a store that never saw the months between has the same.
#[test]
fn a_table_that_is_kept_as_changes_is_the_same_table() {
    for files in [Files::Full, Files::Changes] {
        let world = ingested(6, files);
        let last = dates(6)[5].clone();
        let kept = table(&world, &last, "usage");
        assert!(built_on(&kept) >= 3, "{kept:#}");
        let rows = written(&world, &last, "usage", "rows.csv");
        let whole = written(&world, &last, "usage", "rows.parquet");
        world.forget();
        ingest(&world, &last);
        let again = table(&world, &last, "usage");
        assert_eq!(built_on(&again), 0);
        assert_eq!(
            (&again["hash"], &again["rows"]),
            (&kept["hash"], &kept["rows"])
        );
        assert_eq!(written(&world, &last, "usage", "rows.csv"), rows);
        assert_eq!(written(&world, &last, "usage", "rows.parquet"), whole);
        assert_eq!(&whole[..4], b"PAR1");
    }
}

#[test]
fn new_events_are_kept_without_the_old_ones() {
    let world = months(4, 50, Files::Full);
    world.write("features/events.toml", EVENTS);
    let mut state = 3;
    for (month, date) in dates(4).iter().enumerate() {
        let mut text = "user_id,at,minutes\n".to_string();
        for n in 0..if month == 0 { 4_000 } else { 400 } {
            let (key, minutes) = (draw(&mut state, 50), draw(&mut state, 300));
            let time = format!("{:02}:{:02}", draw(&mut state, 24), n % 60);
            text.push_str(&format!(
                "U{key:05},2023-{:02}-10T{time}:00Z,{minutes}\n",
                month + 1
            ));
        }
        world.write(&format!("data/{date}/events.csv"), &text);
        ingest(&world, date);
    }
    let first = table(&world, JANUARY, "events");
    let last = table(&world, &dates(4)[3], "events");
    assert_eq!(built_on(&last), 3);
    assert_eq!(last["rows"], 5_200);
    let bytes = |table: &Value| table["kept"]["bytes"].as_u64().unwrap();
    assert!(bytes(&last) * 3 < bytes(&first), "{first:#} {last:#}");
    let all = dates(4);
    let diff = ["snapshots", "diff", &all[2], &all[3], "--table", "events"];
    let change = json(&world, 0, &diff)["tables"][0]["change"].clone();
    assert_eq!(change["added"], 400);
    assert_eq!(change["removed"], 0);
}

#[test]
fn damage_in_a_whole_table_and_in_changes_is_named_and_mended() {
    let world = ingested(5, Files::Full);
    let dates = dates(5);
    let before = written(&world, &dates[4], "usage", "before.csv");
    for (at, role) in [
        (
            0,
            "4 tables kept as changes to it, from the snapshot of usage at 2024-02-29 to",
        ),
        (
            2,
            "2 tables kept as changes to it, from the snapshot of usage at 2024-04-28 to",
        ),
        (4, "the snapshot of usage at 2024-05-28"),
    ] {
        let damaged = table(&world, &dates[at], "usage");
        damage(&object(&world, &damaged));
        let found = json(&world, 1, &["fsck"]);
        let problems = found["problems"].as_array().unwrap();
        assert_eq!(problems.len(), 1, "{found:#}");
        assert_eq!(problems[0]["object"], damaged["hash"]);
        let needed_by = problems[0]["needed_by"].to_string();
        assert!(needed_by.contains(role), "{needed_by}");
        let own = format!("the snapshot of usage at {}", dates[at]);
        assert!(needed_by.contains(&own), "{needed_by}");
        let show = [
            "snapshots",
            "show",
            &dates[4],
            "--table",
            "usage",
            "-o",
            "x.csv",
        ];
        let refused = world.run(&show).assert_code(1);
        let short = &damaged["hash"].as_str().unwrap()[..12];
        assert!(refused.stderr.contains(short), "{}", refused.stderr);
        json(&world, 0, &["fsck", "--repair"]);
        json(&world, 0, &["fsck"]);
        assert_eq!(written(&world, &dates[4], "usage", "after.csv"), before);
    }
    let base = object(&world, &table(&world, &dates[1], "usage"));
    fs::remove_file(&base).unwrap();
    let found = json(&world, 1, &["fsck"]);
    assert_eq!(found["problems"][0]["kind"], "missing");
    // What a date is built on is made again with it when it is ingested.
    ingest(&world, &dates[4]);
    ingest(&world, &dates[1]);
    json(&world, 0, &["fsck"]);
}

/// The bytes are right and the changes are not: only restoring the table tells.
#[test]
fn changes_that_give_another_table_are_found() {
    let world = ingested(3, Files::Full);
    let dates = dates(3);
    let (second, third) = (
        table(&world, &dates[1], "usage"),
        table(&world, &dates[2], "usage"),
    );
    let other = fs::read(object(&world, &second)).unwrap();
    fs::write(object(&world, &third), &other).unwrap();
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(catalog).unwrap();
    let entry = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        assert_eq!(connection.execute(sql, values).unwrap(), 1);
    };
    let (name, bytes) = (
        third["hash"].as_str().unwrap(),
        blake3::hash(&other).to_hex().to_string(),
    );
    let (size, base) = (
        other.len() as i64,
        table(&world, JANUARY, "usage")["hash"].clone(),
    );
    let sums = [
        checksum("streamflow catalog object 1", &[name, &bytes], Some(size)),
        checksum(
            "streamflow catalog base 1",
            &[name, base.as_str().unwrap()],
            None,
        ),
    ];
    entry(
        "UPDATE objects SET bytes = ?2, size = ?3, checksum = ?4 WHERE name = ?1",
        &[&name, &bytes, &size, &sums[0]],
    );
    entry(
        "UPDATE bases SET base = ?2, checksum = ?3 WHERE object = ?1",
        &[&name, &base.as_str().unwrap(), &sums[1]],
    );
    let found = json(&world, 1, &["fsck"]);
    assert_eq!(found["problems"].as_array().unwrap().len(), 1, "{found:#}");
    assert_eq!(found["problems"][0]["kind"], "other_table");
    let show = [
        "snapshots",
        "show",
        &dates[2],
        "--table",
        "usage",
        "-o",
        "x.csv",
    ];
    assert!(
        world
            .run(&show)
            .assert_code(1)
            .stderr
            .contains("not what its name says")
    );
    json(&world, 0, &["fsck", "--repair"]);
    world.run(&show).assert_code(0);
}

/// As src/store/checksum.rs makes them.
fn checksum(domain: &str, texts: &[&str], number: Option<i64>) -> [u8; 32] {
    let mut bytes = Vec::new();
    for text in [domain].iter().chain(texts) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend(number.into_iter().flat_map(i64::to_le_bytes));
    *blake3::hash(&bytes).as_bytes()
}

#[test]
fn what_a_table_is_built_on_is_entered_again_from_its_file() {
    let world = ingested(3, Files::Full);
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(catalog).unwrap();
    let lost = connection.execute("DELETE FROM bases", []).unwrap();
    assert!(lost >= 2);
    drop(connection);
    let found = json(&world, 1, &["fsck"]);
    assert_eq!(
        found["problems"].as_array().unwrap().len(),
        lost,
        "{found:#}"
    );
    assert_eq!(found["problems"][0]["kind"], "unlisted");
    json(&world, 0, &["fsck", "--repair"]);
    assert_eq!(built_on(&table(&world, &dates(3)[2], "usage")), 2);
}

/// A base that cannot be made again, because its file is another one now: what is built on it can.
#[test]
fn what_is_built_on_a_lost_table_becomes_whole() {
    let world = months(2, 600, Files::Full);
    world.edit(
        "features/usage.toml",
        "path = \"data/{as_of}/usage.csv\"",
        "path = \"data/{as_of}/usage.csv\"\nmode = \"replace\"",
    );
    ingest(&world, JANUARY);
    ingest(&world, FEBRUARY);
    let (lost, kept) = (
        table(&world, JANUARY, "usage"),
        table(&world, FEBRUARY, "usage"),
    );
    assert_eq!(built_on(&kept), 1);
    let february = written(&world, FEBRUARY, "usage", "before.csv");
    damage(&object(&world, &lost));
    world.edit_cell(
        &format!("data/{JANUARY}/usage.csv"),
        "U00003",
        "plan",
        "trial",
    );
    let mended = json(&world, 1, &["fsck", "--repair"]);
    let words = mended["problems"][0].to_string();
    assert!(words.contains("is another file now"), "{words}");
    assert!(words.contains("1 of 1 table"), "{words}");
    assert_eq!(built_on(&table(&world, FEBRUARY, "usage")), 0);
    assert_eq!(written(&world, FEBRUARY, "usage", "after.csv"), february);
}

/// An old revision stays as long as something is built on it that a lock needs.
#[test]
fn gc_takes_no_base_away_and_all_of_a_chain_that_nothing_needs() {
    let world = ingested(3, Files::Changes);
    world.edit("experiments/small.toml", JANUARY, FEBRUARY);
    let run = world.run_one("small");
    let old: Vec<Value> = dates(3)
        .iter()
        .map(|date| table(&world, date, "usage"))
        .collect();
    assert_eq!(old.iter().map(built_on).collect::<Vec<_>>(), [0, 1, 2]);
    world.edit_cell(
        &format!("data/{JANUARY}/usage.csv"),
        "U00003",
        "plan",
        "trial",
    );
    for date in dates(3) {
        ingest(&world, &date);
    }
    let removed = json(&world, 0, &["gc", "--grace", "0d", "--yes"]);
    assert!(object(&world, &old[0]).exists(), "{removed:#}");
    assert!(object(&world, &old[1]).exists());
    assert!(!object(&world, &old[2]).exists());
    json(&world, 0, &["fsck"]);
    // What is locked is made again from the table that is built on the old one.
    let again = json(&world, 0, &["run", "small", "--locked", "--no-cache"]);
    assert_eq!(again["outputs"], run["outputs"]);

    let gone = format!("{}@1", dates(3)[2]);
    let shown = json(&world, 0, &["snapshots", "show", &gone]);
    let usage = &shown["tables"].as_array().unwrap()[1];
    assert_eq!(usage["table"], "usage");
    assert_eq!(usage["kept"], Value::Null);
    let write = [
        "snapshots",
        "show",
        &gone,
        "--table",
        "usage",
        "-o",
        "x.csv",
    ];
    let refused = world.run(&write).assert_code(5);
    assert!(
        refused.stderr.contains("the store no longer has usage"),
        "{}",
        refused.stderr
    );
    let diff = json(&world, 0, &["snapshots", "diff", &gone, &dates(3)[2]]);
    assert_eq!(diff["tables"][0]["change"], Value::Null);
    assert!(diff["tables"][0]["reason"].as_str().unwrap().contains("gc"));

    // Without the lock and the executions the whole old chain goes.
    world.remove("lockfiles/small.lock");
    json(&world, 0, &["gc", "--grace", "0d", "--keep", "0", "--yes"]);
    assert!(!object(&world, &old[0]).exists());
    assert!(!object(&world, &old[1]).exists());
    json(&world, 0, &["fsck"]);
    assert_sound(&world);
}

/// A young table keeps what it is built on, although nothing else needs either.
#[test]
fn gc_spares_what_a_young_table_is_built_on() {
    let world = ingested(2, Files::Changes);
    let base = table(&world, JANUARY, "usage");
    world.edit_cell(
        &format!("data/{JANUARY}/usage.csv"),
        "U00003",
        "plan",
        "trial",
    );
    for date in dates(2) {
        ingest(&world, &date);
    }
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(40 * 86_400);
    let path = object(&world, &base);
    fs::File::open(&path).unwrap().set_modified(old).unwrap();
    json(&world, 0, &["gc", "--yes"]);
    assert!(path.exists());
    written(&world, &format!("{FEBRUARY}@1"), "usage", "x.csv");
}

#[test]
fn a_bundle_holds_whole_tables_however_they_are_kept() {
    let world = ingested(3, Files::Full);
    world.edit("experiments/small.toml", JANUARY, FEBRUARY);
    world.run(&["run", "small"]).assert_code(0);
    assert_eq!(built_on(&table(&world, FEBRUARY, "usage")), 1);
    world
        .run(&["bundle", "small", "-o", "changes.tar"])
        .assert_code(0);
    // The same run where the table was read alone.
    world.forget();
    world.run(&["run", "small"]).assert_code(0);
    assert_eq!(built_on(&table(&world, FEBRUARY, "usage")), 0);
    world
        .run(&["bundle", "small", "-o", "whole.tar"])
        .assert_code(0);
    let read = |name: &str| fs::read(world.project().join(name)).unwrap();
    assert_eq!(read("changes.tar"), read("whole.tar"));

    let other = World::empty();
    other.write_bytes("run.tar", &read("changes.tar"));
    other.run(&["unbundle", "run.tar", "there"]).assert_code(0);
    let there = other.project().join("there");
    other
        .run_in(&there, &["replay", "small@locked"])
        .assert_code(0);
    other.run_in(&there, &["fsck"]).assert_code(0);
}

/// What a store of the version before has stays as it is, and what comes is built on it.
#[test]
fn a_store_of_the_version_before_goes_on() {
    let world = months(2, 600, Files::Full);
    ingest(&world, JANUARY);
    let before = table(&world, JANUARY, "usage");
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(&catalog).unwrap();
    connection
        .execute_batch("DROP TABLE bases; PRAGMA user_version = 2")
        .unwrap();
    drop(connection);
    // Judged before it is brought up to date.
    json(&world, 0, &["fsck"]);
    let connection = rusqlite::Connection::open(&catalog).unwrap();
    connection
        .execute_batch("DROP TABLE bases; PRAGMA user_version = 2")
        .unwrap();
    drop(connection);
    ingest(&world, FEBRUARY);
    assert_eq!(table(&world, JANUARY, "usage"), before);
    assert_eq!(built_on(&table(&world, FEBRUARY, "usage")), 1);
    json(&world, 0, &["fsck"]);
}

/// Four customers in January; in February one is new, one gone from the file, one changed.
fn four() -> World {
    let world = World::small();
    let header = "user_id,plan,hours,devices,joined\n";
    let row = |key: &str, plan: &str, hours: &str| format!("{key},{plan},{hours},2,2023-01-15\n");
    let january = [
        row("A", "basic", "10.5"),
        row("B", "plus", "20"),
        row("C", "plus", ""),
    ];
    let february = [
        row("A", "basic", "12.5"),
        row("B", "basic", "20"),
        row("D", "plus", "7"),
    ];
    for (date, rows) in [(JANUARY, january), (FEBRUARY, february)] {
        world.write(
            &format!("data/{date}/usage.csv"),
            &format!("{header}{}", rows.concat()),
        );
        world.write(&format!("data/{date}/labels.csv"), "user_id,left\nA,true\n");
        ingest(&world, date);
    }
    world
}

#[test]
fn the_screen_of_one_snapshot() {
    let world = four();
    insta::assert_snapshot!(world.run(&["snapshots", "show", FEBRUARY]).assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    Snapshot 2024-02-29, revision 1 of 1   <short>

      labels   1 row, 2 columns   <short>
        kept    693 bytes, as changes to 1 table before it
        checks  none
        files   data/2024-01-31/labels.csv  1 row  <short>
                data/2024-02-29/labels.csv  1 row  <short>

      usage   4 rows, 5 columns   <short>
        kept    2.1 kB, whole
        checks  1 passed
        files   data/2024-01-31/usage.csv  3 rows  <short>
                data/2024-02-29/usage.csv  3 rows  <short>
    "#);
    world.edit_cell(&format!("data/{FEBRUARY}/usage.csv"), "B", "hours", "21");
    ingest(&world, FEBRUARY);
    let shown = world.run(&["snapshots", "show", FEBRUARY, "--table", "usage"]);
    insta::assert_snapshot!(shown.assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    Snapshot 2024-02-29, revision 2 of 2   <short>

      usage   4 rows, 5 columns   <short>
        kept    2.1 kB, whole
        checks  1 passed
        files   data/2024-01-31/usage.csv  3 rows  <short>
                data/2024-02-29/usage.csv  3 rows  <short>

      revisions
        1   <short>
        2   <short>
          usage  4 rows: data/2024-02-29/usage.csv changed
    next: `streamflow snapshots diff 2024-02-29@1 2024-02-29@2`
    "#);
    // The list has the newest revision alone, as it always had.
    let listed = world.run(&["snapshots"]).assert_code(0);
    assert_eq!(listed.stdout.lines().count(), 3, "{}", listed.stdout);
}

#[test]
fn the_screen_of_two_snapshots() {
    let world = four();
    let diff = world.run(&["snapshots", "diff", JANUARY, FEBRUARY]);
    insta::assert_snapshot!(diff.assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    a  2024-01-31@1  <short>
    b  2024-02-29@1  <short>

      labels  2024-01-31 → 2024-02-29   the same rows
        data/2024-02-29/labels.csv  none → <short>

      usage  2024-01-31 → 2024-02-29   2 of 3 rows changed, 1 added
        hours  33.3 % differ  median 15.25 → 12.5, mean 15.25 → 13.17
        plan   33.3 % differ  "plus" 66.7 % → 50.0 %
        A      hours 10.5 → 12.5
        B      plan "plus" → "basic"
        added  D
        data/2024-02-29/usage.csv  none → <short>
    "#);
    let diff = world.run(&["snapshots", "diff", FEBRUARY, FEBRUARY]);
    insta::assert_snapshot!(diff.assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    a  2024-02-29@1  <short>
    b  2024-02-29@1  <short>

    The same tables.
    "#);
    // A corrected file: two revisions of one date.
    world.edit_cell(&format!("data/{FEBRUARY}/usage.csv"), "B", "hours", "21");
    ingest(&world, FEBRUARY);
    let (old, new) = (format!("{FEBRUARY}@1"), format!("{FEBRUARY}@2"));
    let diff = world.run(&["snapshots", "diff", &old, &new]);
    insta::assert_snapshot!(diff.assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    a  2024-02-29@1  <short>
    b  2024-02-29@2  <short>

      usage  at 2024-02-29   1 of 4 rows changed
        data/2024-02-29/usage.csv
        hours  25.0 % differ  median 12.5 → 12.5, mean 13.17 → 13.5
        B  hours 20.0 → 21.0

      the same  labels
    "#);
}

#[test]
fn columns_and_tables_that_came_are_told() {
    let world = four();
    world.edit(
        "features/usage.toml",
        "joined  = \"date\"",
        "joined  = \"string\"",
    );
    ingest(&world, FEBRUARY);
    let (old, new) = (format!("{FEBRUARY}@1"), format!("{FEBRUARY}@2"));
    let diff = json(&world, 0, &["snapshots", "diff", &old, &new]);
    let usage = &diff["tables"][0];
    assert_eq!(usage["columns_a"]["joined"], "date", "{diff:#}");
    assert_eq!(usage["columns_b"]["joined"], "string");
    assert_eq!(usage["read_otherwise"], true);
    assert_eq!(usage["change"]["changed"], 4);
    assert_eq!(diff["same"], serde_json::json!(["labels"]));

    world.remove("features/labels.toml");
    world.remove("experiments/small.toml");
    ingest(&world, FEBRUARY);
    let diff = json(&world, 0, &["snapshots", "diff", &new, FEBRUARY]);
    assert_eq!(diff["tables"][0]["table"], "labels");
    assert_eq!(diff["tables"][0]["reason"], "only a has it, b does not");
    let shown = json(&world, 0, &["snapshots", "show", FEBRUARY]);
    assert_eq!(shown["revisions"][2]["changes"][0]["hash_b"], Value::Null);
}

#[test]
fn the_document_of_a_snapshot() {
    let world = four();
    world.edit_cell(&format!("data/{FEBRUARY}/usage.csv"), "B", "hours", "21");
    ingest(&world, FEBRUARY);
    let shown = json(&world, 0, &["snapshots", "show", FEBRUARY]);
    let listed = json(&world, 0, &["snapshots"])["snapshots"][1].clone();
    for field in ["as_of", "revision", "hash"] {
        assert_eq!(shown[field], listed[field]);
    }
    let usage = &shown["tables"][1];
    for field in ["table", "rows", "hash", "checks"] {
        assert_eq!(usage[field], listed["tables"][1][field]);
    }
    assert_eq!(
        usage["sources"][1]["path"],
        format!("data/{FEBRUARY}/usage.csv")
    );
    assert_eq!(usage["check_results"][0]["rule"], "between 0 and 744");
    let change = &shown["revisions"][1]["changes"][0];
    assert_eq!(change["table"], "usage");
    assert_eq!(
        change["sources"][0]["path"],
        format!("data/{FEBRUARY}/usage.csv")
    );
    assert_ne!(change["sources"][0]["a"], change["sources"][0]["b"]);
    // By the digits of its hash it is the same.
    let hash = shown["hash"].as_str().unwrap();
    assert_eq!(json(&world, 0, &["snapshots", "show", &hash[..12]]), shown);
}

#[test]
fn a_table_goes_to_standard_output() {
    let world = four();
    let show = ["snapshots", "show", FEBRUARY, "--table", "usage", "-o", "-"];
    let csv = world.run(&show).assert_code(0).stdout;
    assert_eq!(
        csv,
        "user_id,__row_date,devices,hours,joined,plan\n\
         A,2024-02-29,2,12.5,2023-01-15,basic\nB,2024-02-29,2,20.0,2023-01-15,basic\n\
         C,2024-01-31,2,,2023-01-15,plus\nD,2024-02-29,2,7.0,2023-01-15,plus\n"
    );
    let rows = json(&world, 0, &show);
    assert_eq!(rows[0]["user_id"], "A");
    assert_eq!(rows[2]["hours"], Value::Null);
}

#[test]
fn wrong_names_are_answered_with_right_ones() {
    let world = four();
    for (code, arguments, words) in [
        (
            5,
            vec!["show", "2024-03-31"],
            "there is no snapshot of 2024-03-31",
        ),
        (5, vec!["show", "2024-01-31@2"], "has no revision 2"),
        (
            5,
            vec!["show", "2024-03-31@1"],
            "there is no snapshot of 2024-03-31",
        ),
        (2, vec!["show", "2024-1-31"], "did you mean `2024-01-31`?"),
        (2, vec!["show", "2024-01-31@"], "is no number of a revision"),
        (
            2,
            vec!["show", "2024-01-31@latest"],
            "is no number of a revision",
        ),
        (2, vec!["show", "january@1"], "names no snapshot"),
        (2, vec!["show", "ffff"], "no snapshot begins with `ffff`"),
        (2, vec!["show", ""], "names no snapshot"),
        (
            2,
            vec!["show", JANUARY, "--table", "usgae"],
            "did you mean `usage`?",
        ),
        (2, vec!["show", JANUARY, "-o", "x.csv"], "--table"),
        (
            2,
            vec!["show", JANUARY, "--table", "usage", "-o", "x.xlsx"],
            "not as `.xlsx`",
        ),
        (2, vec!["show"], "<SNAPSHOT>"),
        (2, vec!["diff", JANUARY], "<B>"),
        (
            5,
            vec!["diff", JANUARY, "2024-03-31"],
            "there is no snapshot of 2024-03-31",
        ),
        (
            2,
            vec!["diff", JANUARY, FEBRUARY, "--table", "x"],
            "has no table `x`",
        ),
        (2, vec!["list"], "unrecognized subcommand"),
    ] {
        let mut all = vec!["snapshots"];
        all.extend(&arguments);
        let refused = world.run(&all).assert_code(code);
        assert!(
            refused.stderr.contains(words),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    let empty = World::small();
    let refused = empty.run(&["snapshots", "show", JANUARY]).assert_code(5);
    assert!(
        refused
            .stderr
            .contains("streamflow ingest --as-of 2024-01-31")
    );
}
