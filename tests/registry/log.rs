//! The log, edited by hand in every way there is.

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use streamflow::hash::ContentHasher;

use super::world::{MODEL, PIN, World, text};

/// The catalog as somebody holds it who computes every checksum again.
struct Forger(Connection);

impl Forger {
    fn new(world: &World) -> Self {
        Self(Connection::open(world.path(".streamflow/catalog.sqlite")).unwrap())
    }

    fn rows(&self) -> Vec<(i64, String)> {
        let sql = "SELECT sequence, value FROM facts WHERE kind = 'transition' ORDER BY sequence";
        let mut statement = self.0.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn entry(&self, at: usize) -> Value {
        serde_json::from_str(&self.rows()[at].1).unwrap()
    }

    fn write(&self, sequence: i64, value: &str) {
        let mut hasher = ContentHasher::new("streamflow catalog fact 1");
        hasher.integer(sequence);
        for text in ["transition", MODEL, value] {
            hasher.text(text);
        }
        let checksum = hasher.finish();
        let sql = "INSERT OR REPLACE INTO facts (sequence, kind, key, value, checksum)
                   VALUES (?1, 'transition', ?2, ?3, ?4)";
        let row = params![sequence, MODEL, value, checksum];
        self.0.execute(sql, row).unwrap();
    }

    fn delete(&self, sequence: i64) {
        let sql = "DELETE FROM facts WHERE sequence = ?1";
        assert_eq!(self.0.execute(sql, [sequence]).unwrap(), 1);
    }

    /// Puts the log back as it was.
    fn restore(&self, rows: &[(i64, String)]) {
        let sql = "DELETE FROM facts WHERE kind = 'transition'";
        self.0.execute(sql, []).unwrap();
        for (sequence, value) in rows {
            self.write(*sequence, value);
        }
    }
}

/// Four transitions: two promotions to production, one to staging, and an alias.
fn world() -> World {
    let world = World::sample();
    let runs = ["0.2", "0.3"].map(|threshold| world.prior_run(threshold));
    world.promote(&runs[0], "production").exits(0);
    world.promote(&runs[1], "production").exits(0);
    world.promote(&runs[0], "staging").exits(0);
    let alias = [
        "promote", &runs[0], "--alias", "champion", "--reason", "tried",
    ];
    world.by("bob", &alias).exits(0);
    world
}

/// The kinds of problems that `history --verify` names, with the entries.
fn problems(world: &World) -> Vec<(String, u64)> {
    let said = world.run("history --verify --format json").exits(1);
    let document = said.json();
    assert_eq!(document["verified"], false);
    assert_eq!(document["error"]["code"], "failure");
    let problems = document["problems"].as_array().unwrap().iter();
    problems
        .map(|problem| {
            (
                text(&problem["kind"]).to_string(),
                problem["sequence"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn every_field_that_is_edited_is_found() {
    let world = world();
    let document = world.json("history --verify");
    assert_eq!(document["verified"], true);
    assert_eq!(document["problems"], json!([]));
    let forger = Forger::new(&world);
    let rows = forger.rows();
    let hash = "ab".repeat(32);
    let values = [
        ("sequence", json!(7)),
        ("run", json!(hash)),
        ("from", json!("production")),
        ("to", json!("archived")),
        ("by", json!("mallory")),
        ("at", json!("2001-01-01T00:00:00Z")),
        ("reason", json!("by decree")),
        ("hash", json!(hash)),
        ("previous_hash", json!(hash)),
        ("kind", json!("rollback")),
        ("replaced", json!(hash)),
        ("adopted", json!(true)),
        ("version", json!(1)),
        ("version", json!(9)),
        ("model", json!("another")),
        ("model", Value::Null),
        ("alias", json!("king")),
        ("archived", json!(hash)),
        (
            "gates",
            json!([{"gate": "clean", "held": true, "detail": "yes"}]),
        ),
        ("overridden", json!(true)),
        ("approved_by", json!(["bob"])),
        ("beside", json!(hash)),
        ("note", json!("a field that no entry has")),
        ("sequence", json!("one")),
        ("sequence", json!(u64::MAX)),
        ("sequence", json!(0)),
    ];
    for at in 0..rows.len() {
        for (field, value) in &values {
            let mut entry = forger.entry(at);
            assert_ne!(entry[*field], *value, "{field} of {at} is not edited");
            entry[*field] = value.clone();
            forger.write(rows[at].0, &entry.to_string());
            let found = problems(&world);
            assert!(!found.is_empty(), "{field} of {at}");
            let said = value.as_u64().filter(|_| *field == "sequence");
            let it = said.unwrap_or(at as u64 + 1);
            assert!(
                found.contains(&("edited".to_string(), it)),
                "{field} of {at}: {found:?}"
            );
            forger.restore(&rows);
        }
    }
    assert_eq!(world.json("history --verify")["verified"], true);
}

#[test]
fn entries_that_are_removed_moved_or_put_in_are_found() {
    let world = world();
    let forger = Forger::new(&world);
    let rows = forger.rows();
    for (at, row) in rows.iter().enumerate() {
        forger.delete(row.0);
        assert_eq!(problems(&world), [("missing".to_string(), at as u64 + 1)]);
        forger.restore(&rows);
    }
    rows[1..].iter().for_each(|row| forger.delete(row.0));
    assert_eq!(problems(&world), [("missing".to_string(), 2)]);
    forger.delete(rows[0].0);
    assert_eq!(problems(&world), [("missing".to_string(), 1)]);
    forger.restore(&rows);
    for at in 1..rows.len() {
        forger.write(rows[at - 1].0, &rows[at].1);
        forger.write(rows[at].0, &rows[at - 1].1);
        assert!(problems(&world).contains(&("out_of_order".to_string(), at as u64)));
        forger.restore(&rows);
    }
    forger.write(rows[3].0 + 1, &rows[3].1);
    assert_eq!(problems(&world), [("out_of_order".to_string(), 4)]);
    forger.restore(&rows);
    // An entry that follows as it should, and that the pin file does not know.
    let pin = world.read(PIN);
    let run = text(&forger.entry(0)["run"]).to_string();
    world.promote(&run, "production").exits(0);
    std::fs::write(world.path(PIN), pin).unwrap();
    assert_eq!(problems(&world), [("not_in_pin_file".to_string(), 5)]);
    forger.restore(&rows);
    // Of another model.
    forger
        .0
        .execute(
            "UPDATE facts SET key = 'another' WHERE kind = 'transition'",
            [],
        )
        .unwrap();
    assert_eq!(problems(&world), [("missing".to_string(), 1)]);
}

#[test]
fn a_row_whose_checksum_alone_is_wrong_is_found() {
    let world = world();
    let forger = Forger::new(&world);
    let sql = "UPDATE facts SET checksum = zeroblob(32) WHERE sequence = ?1";
    forger.0.execute(sql, [forger.rows()[2].0]).unwrap();
    assert_eq!(problems(&world), [("edited".to_string(), 3)]);
}

#[test]
fn a_pin_file_that_says_something_else_is_found() {
    let world = world();
    let pin = world.read(PIN);
    let forger = Forger::new(&world);
    let (first, second) = (forger.entry(0), forger.entry(1));
    let edited = pin.replacen(text(&second["run"]), text(&first["run"]), 1);
    assert_ne!(edited, pin);
    std::fs::write(world.path(PIN), edited).unwrap();
    assert_eq!(problems(&world), [("not_pinned".to_string(), 2)]);
    std::fs::remove_file(world.path(PIN)).unwrap();
    assert_eq!(problems(&world), [("not_in_pin_file".to_string(), 1)]);
}

#[test]
fn what_was_made_elsewhere_is_told_from_what_was_removed() {
    let world = world();
    world.commit("pins");
    let clone = world.cloned();
    clone
        .run("history --verify")
        .exits(1)
        .says("transitions 1 to 4 are missing")
        .says("or made in another store");
    clone
        .promote("churn_prior@locked", "staging")
        .exits(0)
        .says("transition 5");
    let said = clone.run("history --verify").exits(0);
    said.says("transitions 1 to 4 were made in another store");
    let document = clone.json("history --verify");
    assert_eq!(document["elsewhere"], json!([{ "first": 1, "last": 4 }]));
    clone.run("history --verify --at 2024-01-01").exits(2);
    clone.run("fsck").exits(0);
}

/// A log and its pin file as streamflow wrote them before entries had a version.
const OLD: [&str; 3] = [
    r#"{"sequence":1,"run":"d925fa0f2cfa1c7353006bf699a167bf51caf8e091412a3b31ef1ca4b0b50be8","from":null,"to":"staging","by":"ada","at":"2026-11-30T18:48:20.073754Z","reason":"first model","hash":"a88bc5aea39557971e77c140c8fb4181cd687584d95c420048d6daebb746d77f","previous_hash":null,"kind":"promotion","replaced":null,"adopted":false}"#,
    r#"{"sequence":2,"run":"d925fa0f2cfa1c7353006bf699a167bf51caf8e091412a3b31ef1ca4b0b50be8","from":"staging","to":"production","by":"ada","at":"2026-11-30T18:48:20.307053Z","reason":"first model","hash":"7bdd1d6cfce21b98d37325c940c6807ee46eeabcff733bbc55c7ad0147cd6fd0","previous_hash":"a88bc5aea39557971e77c140c8fb4181cd687584d95c420048d6daebb746d77f","kind":"promotion","replaced":null,"adopted":false}"#,
    r#"{"sequence":3,"run":"26acdc4c166da8cc0c480d28309af598c09650cb07c298cc13a269f882f1c47e","from":null,"to":"staging","by":"ada","at":"2026-11-30T18:48:20.340279Z","reason":"two months","hash":"fb9a6dbb25b65adaab5ddb8910c308143441a22da12a4cffefba8a1e111fa30e","previous_hash":"7bdd1d6cfce21b98d37325c940c6807ee46eeabcff733bbc55c7ad0147cd6fd0","kind":"promotion","replaced":"d925fa0f2cfa1c7353006bf699a167bf51caf8e091412a3b31ef1ca4b0b50be8","adopted":false}"#,
];

const OLD_PIN: &str = r#"# Written by `streamflow promote` and `rollback`; commit it.
version = 1
model = "streamflow_churn"

[production]
run = "d925fa0f2cfa1c7353006bf699a167bf51caf8e091412a3b31ef1ca4b0b50be8"
sequence = 2
hash = "7bdd1d6cfce21b98d37325c940c6807ee46eeabcff733bbc55c7ad0147cd6fd0"

[staging]
run = "26acdc4c166da8cc0c480d28309af598c09650cb07c298cc13a269f882f1c47e"
sequence = 3
hash = "fb9a6dbb25b65adaab5ddb8910c308143441a22da12a4cffefba8a1e111fa30e"
"#;

#[test]
fn an_old_log_and_an_old_pin_stay_valid() {
    let world = World::sample();
    let run = world.prior_run("0.2");
    let forger = Forger::new(&world);
    let first = 1 + world_facts(&forger);
    for (entry, sequence) in OLD.iter().zip(first..) {
        forger.write(sequence, entry);
    }
    std::fs::write(world.path(PIN), OLD_PIN).unwrap();
    world
        .run("history --verify")
        .exits(0)
        .says("3 transitions as they were written");
    let edited = OLD[1].replace("first model", "by decree");
    forger.write(first + 1, &edited);
    assert_eq!(problems(&world), [("edited".to_string(), 2)]);
    forger.write(first + 1, OLD[1]);
    // Fields that entries of the first version do not hash.
    let more = OLD[0].replace("\"adopted\"", "\"overridden\":true,\"adopted\"");
    forger.write(first, &more);
    assert_eq!(problems(&world), [("edited".to_string(), 1)]);
    forger.write(first, OLD[0]);
    world.promote(&run, "production").exits(0);
    let log = world.transitions();
    assert_eq!(
        (&log[2]["version"], &log[3]["version"]),
        (&Value::Null, &json!(2))
    );
    assert_eq!(log[3]["previous_hash"], log[2]["hash"]);
    world.run("history --verify").exits(0);
    let pin = world.read(PIN);
    assert!(
        pin.contains("version = 2") && pin.contains("26acdc4c166d"),
        "{pin}"
    );
}

fn world_facts(forger: &Forger) -> i64 {
    let sql = "SELECT max(sequence) FROM facts";
    forger.0.query_row(sql, [], |row| row.get(0)).unwrap()
}
