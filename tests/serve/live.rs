//! The log of predictions: every reply is in it to the bit, and nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use streamflow::definition::ColumnName;
use streamflow::hash::{Digest, ValuesHash};
use streamflow::live::{Days, Prediction};
use streamflow::table::Cell;

use super::world::{Server, World, signal, template};

const DATE: &str = "2024-01-31";

/// A project with a pin and values, whose predictions are logged.
fn logging() -> World {
    let world = World::ready(template().strict, DATE);
    let path = world.root.join("streamflow.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("[serve]\n").count(), 1);
    let logging = text.replace("[serve]\n", "[serve]\nlog_predictions = true\n");
    fs::write(&path, logging).unwrap();
    world
}

/// A logged row by the names of its columns, as text.
type Row = BTreeMap<String, String>;

/// All rows, in the order of their time.
fn rows(world: &World) -> Vec<Row> {
    let names = [
        "time",
        "entity",
        "as_of",
        "model",
        "run",
        "role",
        "prediction",
        "probability",
        "probabilities",
        "threshold",
        "values",
        "request",
    ];
    let wanted: BTreeSet<ColumnName> = names.iter().map(|name| name.parse().unwrap()).collect();
    let days = Days::of::<Prediction>(&world.root.join(".streamflow"));
    let mut rows = Vec::new();
    for day in days.list().unwrap() {
        for frame in days.read(day, &wanted).unwrap() {
            assert_eq!(frame.columns().len(), names.len());
            rows.extend((0..frame.rows()).map(|row| {
                let columns = frame.columns().iter();
                let cells = columns.map(|(name, values)| {
                    let text = match values.cell(row) {
                        Cell::String(text) => text.to_string(),
                        Cell::F64(number) => format!("{:016x}", number.to_bits()),
                        other => other.to_string(),
                    };
                    (name.to_string(), text)
                });
                cells.collect::<Row>()
            }));
        }
    }
    rows.sort_by(|a: &Row, b: &Row| a["time"].cmp(&b["time"]));
    rows
}

/// What a reply says, as the log should have it.
fn expected(reply: &Value, request: &str) -> Row {
    let used = reply["features_used"].as_object().unwrap();
    let values: BTreeMap<&str, Cell> = used
        .iter()
        .map(|(name, value)| {
            let cell = match name.as_str() {
                "subscriptions.monthly_fee" => Cell::F64(value.as_f64().unwrap()),
                _ => Cell::I64(value.as_i64().unwrap()),
            };
            (name.as_str(), cell)
        })
        .collect();
    let bits = |value: f64| format!("{:016x}", value.to_bits());
    let text = |name: &str| reply[name].as_str().unwrap().to_string();
    [
        ("entity", text("user_id")),
        ("as_of", text("as_of")),
        ("model", text("model")),
        ("run", text("run")),
        ("role", "production".to_string()),
        ("prediction", reply["prediction"].to_string()),
        ("probability", bits(reply["probability"].as_f64().unwrap())),
        ("probabilities", "null".to_string()),
        ("threshold", bits(0.5)),
        ("values", ValuesHash::of(&values).to_string()),
        ("request", request.to_string()),
    ]
    .map(|(name, text)| (name.to_string(), text))
    .into()
}

fn without_time(rows: Vec<Row>) -> Vec<Row> {
    let each = rows.into_iter().map(|mut row| {
        row.remove("time");
        row
    });
    each.collect()
}

/// Stops a server gracefully.
fn stop(mut server: Server) -> Vec<String> {
    signal(&server.child, "-TERM");
    assert_eq!(server.wait(), Some(0), "{:?}", server.log());
    server.log()
}

fn counted(server: &Server, series: &str) -> u64 {
    let text = server.get("/metrics").body;
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    let number = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    number.trim().parse().unwrap()
}

/// Asks for one customer, and gives what the client was told.
fn ask(server: &Server, id: &str) -> Value {
    let answer = server.predict(&json!({ "user_id": id }));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Customers that the strict run answers for.
fn customers(world: &World, count: usize) -> Vec<String> {
    let ids = world.ids(DATE);
    ids.into_iter().take(count).collect()
}

#[test]
fn what_is_logged_is_what_was_replied_and_a_stop_loses_nothing() {
    let world = logging();
    let server = world.serve();
    let ids = customers(&world, 40);
    let mut wanted = Vec::new();
    for id in &ids[..5] {
        let headers = format!("Content-Type: application/json\r\nX-Request-Id: ask-{id}\r\n");
        let body = json!({ "user_id": id }).to_string();
        let answer = server.request("POST", "/predict", &headers, &body);
        if answer.status == 200 {
            wanted.push(expected(&answer.json(), &format!("ask-{id}")));
        }
    }
    let mut asked = ids.clone();
    // Who is unknown is no prediction.
    asked.insert(3, "NOBODY".to_string());
    let answer = server.predict(&json!({ "user_ids": asked }));
    let request = answer.header("x-request-id").unwrap().to_string();
    let replies = answer.json();
    let replies = replies["predictions"].as_array().unwrap();
    assert!(replies[3]["error"].is_object());
    let told = replies.iter().filter(|reply| reply["error"].is_null());
    wanted.extend(told.map(|reply| expected(reply, &request)));
    // What is refused as a whole is none either.
    assert_eq!(server.predict(&json!({ "user_id": 7 })).status, 422);
    assert!(wanted.len() > 20, "{}", wanted.len());
    stop(server);
    let found = rows(&world);
    let time = &found[0]["time"];
    assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
    assert_eq!(without_time(found), wanted);
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let world = World::ready(template().strict, DATE);
    let server = world.serve();
    ask(&server, &customers(&world, 1)[0]);
    assert!(
        !server
            .get("/metrics")
            .body
            .contains("predictions_logged_total")
    );
    stop(server);
    assert!(!world.root.join(".streamflow/live").exists());
}

#[test]
fn a_killed_server_leaves_readable_files_and_the_next_one_goes_on() {
    let world = logging();
    let mut server = world.serve();
    let id = &customers(&world, 1)[0];
    for _ in 0..30 {
        ask(&server, id);
    }
    let flushed = wait_for(&server, LOGGED, 30);
    for _ in 0..10 {
        ask(&server, id);
    }
    signal(&server.child, "-KILL");
    server.child.wait().unwrap();
    let left = rows(&world).len() as u64;
    assert!((flushed..=40).contains(&left), "{left}");
    let server = world.serve();
    ask(&server, id);
    stop(server);
    assert_eq!(rows(&world).len() as u64, left + 1);
}

/// Waits until a series of `/metrics` has come to so much.
fn wait_for(server: &Server, series: &str, wanted: u64) -> u64 {
    for _ in 0..1000 {
        let found = counted(server, series);
        if found >= wanted {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{series} never comes to {wanted}: {:?}", server.log());
}

const LOGGED: &str = "predictions_logged_total";
const UNWRITTEN: &str = "predictions_dropped_total{reason=\"unwritten\"}";

#[test]
fn where_nothing_can_be_written_replies_go_on_and_every_row_is_counted() {
    let world = logging();
    let taken: PathBuf = world.root.join(".streamflow/live");
    fs::write(&taken, "in the way").unwrap();
    let server = world.serve();
    let ids = customers(&world, 20);
    let mut sent = 0;
    // Several files that fail, one after the other.
    for _ in 0..3 {
        for id in &ids {
            let answer = server.predict(&json!({ "user_id": id }));
            sent += u64::from(answer.status == 200);
        }
        wait_for(&server, UNWRITTEN, sent);
    }
    assert_eq!(server.get("/ready").status, 200);
    assert_eq!(counted(&server, UNWRITTEN), sent);
    assert_eq!(counted(&server, LOGGED), 0);
    // It is mended, and says so.
    fs::remove_file(&taken).unwrap();
    ask(&server, &ids[0]);
    assert_eq!(wait_for(&server, LOGGED, 1), 1);
    let log = stop(server);
    let told = |words: &str| log.iter().filter(|line| line.contains(words)).count();
    assert_eq!(told("error: predictions are dropped"), 1, "{log:#?}");
    assert_eq!(told("predictions are written again"), 1, "{log:#?}");
    assert_eq!(rows(&world).len(), 1);
}

#[test]
fn two_servers_log_below_one_store() {
    let world = logging();
    let servers = [world.serve(), world.serve()];
    let ids = customers(&world, 10);
    let mut wanted = BTreeSet::new();
    for (at, id) in ids.iter().enumerate() {
        let answer = servers[at % 2].predict(&json!({ "user_id": id }));
        if answer.status == 200 {
            wanted.insert(answer.header("x-request-id").unwrap().to_string());
        }
    }
    for server in servers {
        stop(server);
    }
    let found: Vec<String> = rows(&world)
        .iter()
        .map(|row| row["request"].clone())
        .collect();
    assert_eq!(found.len(), wanted.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
}
