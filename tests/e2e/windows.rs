//! Windows of events from definition to served value: one function, the same bits everywhere.

use serde_json::Value;

use crate::common::World;

const PROJECT: &str = "[project]\nname = \"watching\"\n\n[entities.user]\nkey = \"user_id\"\n";

const EVENTS: &str = r#"entity = "user"

[source]
path      = "data/{as_of}/views.csv"
timestamp = "watched_at"

[columns]
user_id    = "string"
watched_at = "datetime"
hours      = "f64"
device     = "string"

[features]
ttl     = "14d"
columns = ["device"]

[features.windowed]
hours_7d    = { sql = "SUM(hours)", window = "7d" }
hours_30d   = { sql = "SUM(hours)", window = "30d" }
sessions_7d = { sql = "COUNT(*)", window = "7d" }
tv_30d      = { sql = "COUNT(*) FILTER (WHERE device = 'tv')", window = "30d" }
devices_30d = { sql = "COUNT(DISTINCT device)", window = "30d" }
spread_30d  = { sql = "STDDEV(hours)", window = "30d" }

[features.derived]
per_session = "hours_7d / NULLIF(sessions_7d, 0)"
"#;

const LABELS: &str = r#"entity = "user"

[source]
path = "data/{as_of}/labels.csv"

[columns]
user_id = "string"
left    = "bool"
"#;

const EXPERIMENT: &str = r#"registers = "leaving"
as_of     = [2024-01-31, 2024-02-29]

[label]
table  = "labels"
column = "left"

[dataset]
features = ["views.*"]

[split]
method = "time"

[preprocess]
missing_numeric     = "median"
missing_categorical = "category"

[model]
kind  = "random_forest"
trees = 10
"#;

/// Sixty viewers, each with a handful of views in each of two months.
fn world() -> World {
    let world = World::empty();
    world.write("streamflow.toml", PROJECT);
    world.write("features/views.toml", EVENTS);
    world.write("features/labels.toml", LABELS);
    world.write("experiments/leaving.toml", EXPERIMENT);
    for (month, last) in [(1, 31), (2, 29)] {
        let date = format!("2024-{month:02}-{last}");
        let mut views = "user_id,watched_at,hours,device\n".to_string();
        let mut labels = "user_id,left\n".to_string();
        for user in 0..60 {
            for view in 0..(user % 9) {
                let day = 1 + (user * 5 + view * 7 + month) % last;
                let hours = f64::from(user * 31 + view * 17) / 7.0;
                let device = ["tv", "phone", "tablet"][((user + view) % 3) as usize];
                views.push_str(&format!(
                    "U{user:02},2024-{month:02}-{day:02}T20:00:00Z,{hours:?},{device}\n"
                ));
            }
            labels.push_str(&format!("U{user:02},{}\n", user % 9 < 3 || user % 11 == 0));
        }
        world.write(&format!("data/{date}/views.csv"), &views);
        world.write(&format!("data/{date}/labels.csv"), &labels);
    }
    world
}

fn training_set(world: &World) -> String {
    world.run_one("leaving");
    let get = [
        "get",
        "leaving@latest",
        "training_set",
        "-o",
        "training.csv",
    ];
    world.run(&get).assert_code(0);
    world.read("training.csv")
}

/// The lines of a file behind its header, turned around.
fn reversed(text: &str) -> String {
    let (head, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<_> = rows.lines().collect();
    rows.reverse();
    format!("{head}\n{}\n", rows.join("\n"))
}

/// Sums of floats differ by the order in which they are added; the file's order is not it.
#[test]
fn neither_the_order_of_a_file_nor_the_number_of_threads_changes_a_bit() {
    let first = world().with_threads(1);
    let expected = training_set(&first);
    assert!(expected.contains("views.hours_7d"), "{expected}");
    let other = world().with_threads(7);
    for date in ["2024-01-31", "2024-02-29"] {
        let path = format!("data/{date}/views.csv");
        let turned = reversed(&other.read(&path));
        other.write(&path, &turned);
    }
    assert_eq!(training_set(&other), expected);
    let outputs = |world: &World| world.run_one("leaving")["outputs"].clone();
    assert_eq!(outputs(&first), outputs(&other));
}

#[test]
fn a_fresh_clone_proves_a_run_over_windows() {
    let world = world();
    world.run_one("leaving");
    let lock = world.read("lockfiles/leaving.lock");
    let of_views = |line: &&str| {
        let sections = ["features.views.", "windowed.views.", "tables.views."];
        sections.iter().any(|section| line.starts_with(section))
    };
    let declared: Vec<_> = lock.lines().filter(of_views).collect();
    insta::assert_snapshot!(declared.join("\n"), @r##"
    features.views.device = "device"
    features.views.devices_30d = "COUNT(DISTINCT device) OVER 30d"
    features.views.hours_30d = "SUM(hours) OVER 30d"
    features.views.hours_7d = "SUM(hours) OVER 7d"
    features.views.per_session = "hours_7d / NULLIF(sessions_7d, 0)"
    features.views.sessions_7d = "COUNT(*) OVER 7d"
    features.views.spread_30d = "STDDEV(hours) OVER 30d"
    features.views.tv_30d = "COUNT(*) FILTER (WHERE device = 'tv') OVER 30d"
    tables.views.timestamp = "watched_at"
    tables.views.ttl = "14d"
    "##);
    assert!(lock.lines().any(|line| line == "window = 1"), "{lock}");
    world.commit("Definitions and lock");
    world.forget();
    world.run(&["run", "--locked"]).assert_code(0);
    world.run(&["replay", "leaving@locked"]).assert_code(0);
}

/// What is served, what a spine gets and what a model learnt from are one value.
#[test]
fn a_served_value_is_the_value_of_the_training_set() {
    let world = world();
    let training = training_set(&world);
    let materialize = ["materialize", "--as-of", "2024-02-29"];
    world.run(&materialize).assert_code(0);
    let head: Vec<_> = training.lines().next().unwrap().split(',').collect();
    let mut compared = 0;
    for line in training
        .lines()
        .filter(|line| line.contains("2024-02-29"))
        .take(20)
    {
        let row: Vec<_> = line.split(',').collect();
        let shown = world.run(&["features", row[0], "--format", "json"]);
        if shown.code == 5 {
            // Who never watched anything is in no row of the table.
            assert!(row[3..].iter().all(|cell| cell.is_empty()), "{line}");
            continue;
        }
        let shown = shown.assert_code(0).json();
        for (name, cell) in head
            .iter()
            .zip(&row)
            .filter(|(name, _)| name.starts_with("views."))
        {
            let text = match &shown["features"][*name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            assert_eq!(text, *cell, "{name} of {}", row[0]);
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
    let spine: String = training
        .lines()
        .skip(1)
        .map(|line| {
            let row: Vec<_> = line.split(',').collect();
            format!("{},{}\n", row[0], row[1])
        })
        .collect();
    world.write("spine.csv", &format!("user_id,as_of\n{spine}"));
    let retrieve = [
        "features",
        "--spine",
        "spine.csv",
        "--experiment",
        "leaving",
        "-o",
        "-",
    ];
    let found = world.run(&retrieve).assert_code(0).stdout;
    let without_label = |text: &str| -> Vec<Vec<String>> {
        let label = text
            .lines()
            .next()
            .unwrap()
            .split(',')
            .position(|name| name == "label");
        let keep = |(at, cell): (usize, &str)| (Some(at) != label).then(|| cell.to_string());
        text.lines()
            .map(|line| line.split(',').enumerate().filter_map(keep).collect())
            .collect()
    };
    assert_eq!(without_label(&found), without_label(&training));
}

#[test]
fn windows_are_exact_at_both_ends_and_empty_ones_are_told_from_unknown_entities() {
    let world = world();
    let views = "user_id,watched_at,hours,device\n\
        a,2024-01-10T00:00:00Z,1.0,tv\na,2024-01-12T00:00:00Z,2.0,tv\na,2024-01-17T00:00:00Z,4.0,phone\n";
    world.write("data/2024-01-31/views.csv", views);
    world.write(
        "data/2024-02-29/views.csv",
        &views.replace("2024-01", "2024-02"),
    );
    world.write(
        "spine.csv",
        "user_id,event_timestamp\n\
        a,2024-01-16T23:59:59.999999Z\na,2024-01-17T00:00:00Z\na,2024-01-19T00:00:00Z\n\
        a,2024-01-31T00:00:00Z\nb,2024-01-31T00:00:00Z\na,2024-01-01T00:00:00Z\n",
    );
    let names = "views.hours_7d,views.sessions_7d,views.tv_30d,views.devices_30d,views.per_session,views.device";
    let retrieve = [
        "features",
        "--spine",
        "spine.csv",
        "-o",
        "-",
        "--status",
        "--features",
        names,
    ];
    insta::assert_snapshot!(world.run(&retrieve).assert_code(0).stdout, @r##"
    user_id,event_timestamp,views.hours_7d,views.sessions_7d,views.tv_30d,views.devices_30d,views.per_session,views.device,views.hours_7d.status,views.sessions_7d.status,views.tv_30d.status,views.devices_30d.status,views.per_session.status,views.device.status
    a,2024-01-16T23:59:59.999999Z,3.0,2,2,1,1.5,tv,present,present,present,present,present,present
    a,2024-01-17T00:00:00Z,6.0,2,2,2,3.0,phone,present,present,present,present,present,present
    a,2024-01-19T00:00:00Z,4.0,1,2,2,4.0,phone,present,present,present,present,present,present
    a,2024-01-31T00:00:00Z,,0,2,2,,phone,null,present,present,present,null,present
    b,2024-01-31T00:00:00Z,,,,,,,not_found,not_found,not_found,not_found,not_found,not_found
    a,2024-01-01T00:00:00Z,,,,,,,not_found,not_found,not_found,not_found,not_found,not_found
    "##);
}

#[test]
fn another_window_is_another_run_and_why_says_where() {
    let world = world();
    let before = world.run_one("leaving")["run"].clone();
    world.edit(
        "features/views.toml",
        "window = \"7d\"",
        "window = \"168h\"",
    );
    assert_eq!(
        world.run_one("leaving")["run"],
        before,
        "168 hours are 7 days"
    );
    world.edit(
        "features/views.toml",
        "window = \"168h\"",
        "window = \"8d\"",
    );
    insta::assert_snapshot!(world.run(&["why", "leaving"]).screen(), @r##"
    exit 0
    --- stdout
    leaving   training_set and what follows would execute, as run <short>
      compared with run <short>:
      features.views.hours_7d  "SUM(hours) OVER 7d" → "SUM(hours) OVER 8d"
          features/views.toml:18:15
    "##);
    let after = world.run_one("leaving")["run"].clone();
    assert_ne!(before, after);
    // Windows alone never expire: for a run without the column, ttl decides nothing.
    world.edit(
        "experiments/leaving.toml",
        "\"views.*\"",
        "\"views.hours_7d\", \"views.per_session\"",
    );
    let run = world.run_one("leaving")["run"].clone();
    world.edit("features/views.toml", "\"14d\"", "\"15d\"");
    assert_eq!(world.run_one("leaving")["run"], run);
    // A derived feature brings the windows it reads.
    world.edit("experiments/leaving.toml", "\"views.hours_7d\", ", "");
    let run = world.run_one("leaving")["run"].clone();
    world.edit(
        "features/views.toml",
        "sessions_7d = { sql = \"COUNT(*)\"",
        "sessions_7d = { sql = \"COUNT(hours)\"",
    );
    assert_ne!(world.run_one("leaving")["run"], run);
    let (why, diff) = (
        world.run(&["why", "leaving"]),
        world.run(&["diff", run.as_str().unwrap(), "leaving@latest"]),
    );
    assert_eq!(why.code, 0);
    assert!(
        diff.stdout.contains("windowed.views.sessions_7d"),
        "{}",
        diff.stdout
    );
}

#[test]
fn a_window_without_events_is_refused_at_its_place() {
    let world = world();
    world.edit("features/views.toml", "timestamp = \"watched_at\"\n", "");
    insta::assert_snapshot!(world.run(&["check"]).screen(), @r##"
    exit 2
    --- stderr
    error: a window needs events
       ╭▸ features/views.toml:16:1
       │
    16 │ [features.windowed]
       ╰╴━━━━━━━━━━━━━━━━━━━ say which column has the instant of an event: `timestamp` under [source]

    1 error in 1 of 4 files
    "##);
}
